// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "clinux_tcp.h"

#include "clinux_sockaddr.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/// Bytes that the kernel takes beyond what it has sent: more would only wait there, where nobody can overtake them.
static const int unsent_limit = 64 << 10;
/// Milliseconds after which bytes that nobody acknowledges end the connection.
static const int patience = 15000;

static int set_int(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

static void prepare(int fd) {
    set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_limit);
    set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, patience);
}

static int open_socket(const clinux_address *local, struct sockaddr_storage *storage, socklen_t *length) {
    *length = clinux_to_sockaddr(local, storage);
    if (!*length) return -EAFNOSUPPORT;
    int fd = socket(storage->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (local->version == 6) set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    return fd;
}

static int close_with(int fd, int error) {
    close(fd);
    return -error;
}

int clinux_tcp_connect(const clinux_address *local, const clinux_address *remote) {
    struct sockaddr_storage storage;
    socklen_t length;
    int fd = open_socket(local, &storage, &length);
    if (fd < 0) return fd;
    prepare(fd);
    if (!local->port) set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (bind(fd, (struct sockaddr *)&storage, length) != 0) return close_with(fd, errno);
    length = clinux_to_sockaddr(remote, &storage);
    if (!length) return close_with(fd, EAFNOSUPPORT);
    if (connect(fd, (struct sockaddr *)&storage, length) != 0 && errno != EINPROGRESS) return close_with(fd, errno);
    return fd;
}

int clinux_tcp_listen(clinux_address *local, int backlog) {
    struct sockaddr_storage storage;
    socklen_t length;
    int fd = open_socket(local, &storage, &length);
    if (fd < 0) return fd;
    if (bind(fd, (struct sockaddr *)&storage, length) != 0 || listen(fd, backlog) != 0) return close_with(fd, errno);
    length = sizeof storage;
    if (getsockname(fd, (struct sockaddr *)&storage, &length) != 0) return close_with(fd, errno);
    local->port = clinux_from_sockaddr(&storage).port;
    return fd;
}

int clinux_tcp_accept(int fd, clinux_address *remote) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    int accepted = accept4(fd, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return -errno;
    prepare(accepted);
    *remote = clinux_from_sockaddr(&storage);
    return accepted;
}

int clinux_tcp_take_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

long clinux_tcp_send(int fd, const void *bytes, size_t length) {
    ssize_t count = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    return count < 0 ? -errno : count;
}

long clinux_tcp_receive(int fd, void *bytes, size_t capacity) {
    ssize_t count = recv(fd, bytes, capacity, MSG_DONTWAIT);
    return count < 0 ? -errno : count;
}

void clinux_tcp_finish(int fd) { shutdown(fd, SHUT_WR); }
