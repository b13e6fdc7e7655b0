// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

// OpenSSL reads the wall clock and draws random bytes itself. This target, which only tests link, defines
// `gettimeofday` and `time` for the whole program and installs a RAND_METHOD: a thread between `begin` and `end` sees
// a clock that stands still until it is set, and bytes that a seed determines; every other thread sees the real ones.

/// Starts virtual time and seeded random bytes on this thread.
void icetalk_virtual_time_begin(uint64_t seed);

/// Sets this thread's clock to so many nanoseconds after the start of virtual time.
void icetalk_virtual_time_set(uint64_t nanoseconds);

/// Gives this thread the real clock and real random bytes back.
void icetalk_virtual_time_end(void);
