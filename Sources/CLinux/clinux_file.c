// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "clinux_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

int clinux_rename_exclusive(int from_directory, const char *from, int to_directory, const char *to) {
    if (syscall(SYS_renameat2, from_directory, from, to_directory, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != ENOSYS && errno != EINVAL && errno != ENOTSUP) return -errno;
    if (linkat(from_directory, from, to_directory, to, 0) != 0) return -errno;
    if (unlinkat(from_directory, from, 0) != 0) return -errno;
    return 0;
}
