// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "clinux_address.h"

/// What `clinux_resolve` returns instead of a count.
enum {
    /// The name does not exist, or has no address.
    CLINUX_RESOLVE_NOT_FOUND = -1,
    /// No server answered; later it may.
    CLINUX_RESOLVE_TEMPORARY = -2,
    /// Anything else.
    CLINUX_RESOLVE_FAILED = -3,
};

/// Looks up the addresses of a host, in the order of RFC 6724; blocks. Returns how many were written, at least 1, or
/// one of the values above.
int clinux_resolve(const char *host, clinux_address *out, int capacity);
