// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/// Waits for events, at most `nanoseconds` (negative: for ever), to the nanosecond where the kernel can (5.11),
/// otherwise to the next millisecond. Returns how many events there are, or -errno; an interruption is 0 events.
int clinux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds);

/// Nanoseconds of CLOCK_MONOTONIC.
uint64_t clinux_monotonic(void);
