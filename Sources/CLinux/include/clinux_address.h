// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stdint.h>

/// An IP address and a port in host order, free of the shapes of sockaddr.
typedef struct {
    /// The upper half of an IPv6 address; 0 for IPv4.
    uint64_t high;
    /// The lower half of an IPv6 address, or the 32 bits of an IPv4 address.
    uint64_t low;
    /// The interface index of a link-local IPv6 address; otherwise 0.
    uint32_t scope;
    uint16_t port;
    /// 4 or 6; 0 when there is no address.
    uint8_t version;
} clinux_address;
