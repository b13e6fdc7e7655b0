// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "clinux_epoll.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

static atomic_bool lacks_pwait2;

static int wait_milliseconds(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
    int64_t milliseconds = nanoseconds < 0 ? -1 : nanoseconds / 1000000 + (nanoseconds % 1000000 != 0);
    return epoll_wait(epoll, events, capacity, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

int clinux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
    int count;
    if (nanoseconds <= 0 || atomic_load_explicit(&lacks_pwait2, memory_order_relaxed)) {
        count = wait_milliseconds(epoll, events, capacity, nanoseconds);
    } else {
        // The kernel's timespec has 64-bit fields on every architecture that has this call.
        int64_t timeout[2] = {nanoseconds / 1000000000, nanoseconds % 1000000000};
        count = (int)syscall(SYS_epoll_pwait2, epoll, events, capacity, timeout, NULL, (size_t)(_NSIG / 8));
        if (count < 0 && (errno == ENOSYS || errno == EPERM)) {
            atomic_store_explicit(&lacks_pwait2, 1, memory_order_relaxed);
            count = wait_milliseconds(epoll, events, capacity, nanoseconds);
        }
    }
    if (count >= 0) return count;
    return errno == EINTR ? 0 : -errno;
}

uint64_t clinux_monotonic(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}
