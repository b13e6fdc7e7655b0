// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "clinux_address.h"
#include <stdint.h>

/// What the kernel tells of an interface.
typedef struct {
    uint32_t index;
    /// `IFF_…`.
    uint32_t flags;
    /// `ARPHRD_…`.
    uint16_t hardware;
    /// Nul-terminated, like the next.
    char name[16];
    /// The kind of a virtual interface (`wireguard`, `veth`, `bridge`, …); empty for hardware.
    char kind[16];
} clinux_link;

/// What the kernel tells of an address of an interface.
typedef struct {
    clinux_address address;
    uint32_t index;
    /// `IFA_F_…`.
    uint32_t flags;
} clinux_link_address;

/// `IFF_…`, `ARPHRD_…` and `IFA_F_…` that matter here, as constants that Swift sees.
enum {
    CLINUX_LINK_UP = 0x1,
    CLINUX_LINK_LOOPBACK = 0x8,
    CLINUX_LINK_POINT_TO_POINT = 0x10,
    CLINUX_LINK_RUNNING = 0x40,
    CLINUX_HARDWARE_PPP = 512,
    CLINUX_HARDWARE_NONE = 0xFFFE,
    CLINUX_ADDRESS_TEMPORARY = 0x01,
    CLINUX_ADDRESS_OPTIMISTIC = 0x04,
    CLINUX_ADDRESS_DUPLICATE = 0x08,
    CLINUX_ADDRESS_DEPRECATED = 0x20,
    CLINUX_ADDRESS_TENTATIVE = 0x40,
    CLINUX_ADDRESS_HAS_TEMPORARY = 0x100,
};

/// Lists interfaces; what exceeds `capacity` is left out. Returns how many were written, or -errno.
int clinux_links(clinux_link *out, int capacity);

/// Lists addresses; what exceeds `capacity` is left out. Returns how many were written, or -errno.
int clinux_link_addresses(clinux_link_address *out, int capacity);

/// Opens a descriptor that becomes readable whenever a link or an address of this host changes. Returns -errno on failure.
int clinux_netlink_watch(void);

/// Takes all that such a descriptor has to say. Returns whether there was anything.
int clinux_netlink_drain(int fd);

/// Whether an interface is Wi-Fi, as far as sysfs tells.
int clinux_link_is_wireless(const char *name);
