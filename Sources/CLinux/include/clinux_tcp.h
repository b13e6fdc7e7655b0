// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "clinux_address.h"
#include <stddef.h>
#include <stdint.h>

/// Begins to connect a non-blocking, close-on-exec TCP socket from `local` (port 0: the kernel chooses) to `remote`; it is
/// writable when that is decided. Nothing is delayed to fill segments, and little is taken that cannot be sent yet.
/// Returns the descriptor or -errno.
int clinux_tcp_connect(const clinux_address *local, const clinux_address *remote);

/// Listens on an address; `local` gets the port that the kernel chose. Returns the descriptor or -errno.
int clinux_tcp_listen(clinux_address *local, int backlog);

/// Takes a connection that came in, set up as one that went out. Returns the descriptor or -errno.
int clinux_tcp_accept(int fd, clinux_address *remote);

/// Takes and clears the pending error of a socket, an errno; 0 where there is none.
int clinux_tcp_take_error(int fd);

/// Sends what there is room for. Returns the bytes taken or -errno.
long clinux_tcp_send(int fd, const void *bytes, size_t length);

/// Receives what there is. Returns the bytes, 0 at the end of the stream, or -errno.
long clinux_tcp_receive(int fd, void *bytes, size_t capacity);

/// Tells the other side that nothing more is sent.
void clinux_tcp_finish(int fd);
