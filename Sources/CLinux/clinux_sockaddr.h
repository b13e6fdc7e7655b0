// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "clinux_address.h"
#include <sys/socket.h>

/// Writes `address` as a sockaddr; returns its length, or 0 for an unknown version.
socklen_t clinux_to_sockaddr(const clinux_address *address, struct sockaddr_storage *out);

/// Reads a sockaddr; the version is 0 when its family is neither IPv4 nor IPv6.
clinux_address clinux_from_sockaddr(const struct sockaddr_storage *in);
