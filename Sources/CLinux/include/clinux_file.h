// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#pragma once

/// Renames a file and never replaces one: -EEXIST when the new name is taken. Where the file system cannot do it in one
/// step (`RENAME_NOREPLACE`), a regular file is linked to its new name first. Returns 0 or -errno.
int clinux_rename_exclusive(int from_directory, const char *from, int to_directory, const char *to);
