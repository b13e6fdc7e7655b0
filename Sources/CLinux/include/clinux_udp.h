// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "clinux_address.h"
#include <stddef.h>
#include <stdint.h>

/// A non-blocking, close-on-exec UDP socket bound to one address (IPv6 sockets to IPv6 alone); `local` gets the port
/// that the kernel chose. Returns the descriptor or -errno.
int clinux_udp_open(clinux_address *local);

/// A non-blocking, close-on-exec UDP socket that gets what arrives on one interface for a multicast group (address and
/// port), and nothing else; other sockets of this host may get it, too. What it sends to the group leaves on that
/// interface with 255 hops, and is looped back. Returns the descriptor or -errno.
int clinux_udp_join(const clinux_address *group, uint32_t interface);

/// Sets DF and ignores what ICMP claims about the path MTU (`IP_PMTUDISC_PROBE`). Returns 0 or -errno.
int clinux_udp_forbid_fragments(int fd, int version);

/// Asks for errors that ICMP reports, through `clinux_udp_take_error`. Returns 0 or -errno.
int clinux_udp_report_errors(int fd, int version);

/// Lets one receive return several datagrams of a size (`UDP_GRO`). Returns 0 or -errno.
int clinux_udp_coalesce(int fd);

/// Whether the kernel knows `UDP_SEGMENT`.
int clinux_udp_can_segment(int fd);

/// Asks for buffers of `bytes` in both directions: beyond the system's limit where that is allowed, otherwise up to it.
void clinux_udp_set_buffers(int fd, int bytes);

/// Sends `length` bytes as datagrams of `segment` bytes each, the last may be shorter; a `segment` of 0 means a single
/// one. Returns the bytes sent or -errno.
long clinux_udp_send(int fd, const void *bytes, size_t length, const clinux_address *to, uint16_t segment);

/// Receives a datagram, or several that were coalesced: `*segment` is then their size, otherwise 0. Returns the bytes
/// received or -errno; -EMSGSIZE when the buffer was too small.
long clinux_udp_receive(int fd, void *bytes, size_t capacity, clinux_address *from, uint16_t *segment);

/// An error that ICMP reported for a datagram sent earlier.
typedef struct {
    /// Where the datagram went.
    clinux_address destination;
    /// What it means, as an errno; 0 for an entry that reports nothing new (one that the send itself returned).
    int error;
} clinux_udp_error;

/// Takes one entry from the queue of errors. Returns 1, or 0 when it is empty.
int clinux_udp_take_error(int fd, clinux_udp_error *out);

/// Takes and clears the pending error of the socket itself.
int clinux_udp_clear_error(int fd);
