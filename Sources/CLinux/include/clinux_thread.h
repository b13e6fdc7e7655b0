// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stdint.h>

/// Starts a detached thread in which asynchronous signals are blocked, so that the main thread gets them.
/// The name is cut to 15 bytes. Returns 0 or -errno.
int clinux_thread_start(const char *name, void (*entry)(void *), void *context);

/// Lets timed waits of this thread end when they are due, not up to 50 µs later.
void clinux_thread_use_precise_timers(void);

/// A number that no other living thread has; never 0.
uint64_t clinux_thread_identity(void);
