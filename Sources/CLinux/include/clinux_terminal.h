// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#pragma once

/// Takes a terminal out of canonical mode and echo, so that a line may be longer than 4,095 bytes, until
/// `clinux_terminal_end`, the end of the process, or a signal that ends it. Stopping (SIGTSTP) restores it for a while.
/// Returns 0 or -errno.
int clinux_terminal_begin(int fd);

/// Puts the terminal back as it was; does nothing when it is.
void clinux_terminal_end(void);

/// Columns of a terminal, or 0 where they are not known.
int clinux_terminal_columns(int fd);

/// Catches signals: the first of SIGINT, SIGTERM and SIGHUP is written as one byte to `notify`; the second restores the
/// terminal and ends the process with status 130 at once. SIGPIPE is ignored. Signals of a crash restore the terminal first.
/// Signals that the parent had ignored (SIGINT and SIGHUP of a job in the background) stay ignored.
void clinux_signals_begin(int notify);
