// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "clinux_udp.h"

#include "clinux_sockaddr.h"
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static int set_int(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

int clinux_udp_open(clinux_address *local) {
    struct sockaddr_storage storage;
    socklen_t length = clinux_to_sockaddr(local, &storage);
    if (!length) return -EAFNOSUPPORT;
    int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int error = local->version == 6 ? -set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) : 0;
    if (!error && bind(fd, (struct sockaddr *)&storage, length) != 0) error = errno;
    length = sizeof storage;
    if (!error && getsockname(fd, (struct sockaddr *)&storage, &length) != 0) error = errno;
    if (error) {
        close(fd);
        return -error;
    }
    local->port = clinux_from_sockaddr(&storage).port;
    return fd;
}

/// Joins a group on an interface and sends to it there, with as many hops as proves that no router was passed.
static int join4(int fd, const struct sockaddr_in *group, uint32_t interface) {
    struct ip_mreqn request = {.imr_multiaddr = group->sin_addr, .imr_ifindex = (int)interface};
    if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) != 0) return -errno;
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) != 0) return -errno;
    // Otherwise it would get what arrives on interfaces that other sockets have joined.
    int error = set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    if (!error) error = set_int(fd, IPPROTO_IP, IP_TTL, 255);
    return error ? error : set_int(fd, IPPROTO_IP, IP_MULTICAST_TTL, 255);
}

static int join6(int fd, const struct sockaddr_in6 *group, uint32_t interface) {
    struct ipv6_mreq request = {.ipv6mr_multiaddr = group->sin6_addr, .ipv6mr_interface = interface};
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request) != 0) return -errno;
    int error = set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)interface);
    if (!error) error = set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 255);
    if (!error) error = set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255);
    // Kernels before 4.20 lack it; the scope of the address that it is bound to does the same.
    set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    return error;
}

int clinux_udp_join(const clinux_address *group, uint32_t interface) {
    struct sockaddr_storage storage;
    clinux_address local = *group;
    if (local.version == 6) local.scope = interface;
    socklen_t length = clinux_to_sockaddr(&local, &storage);
    if (!length) return -EAFNOSUPPORT;
    int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int error = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (!error) error = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (!error && bind(fd, (struct sockaddr *)&storage, length) != 0) error = -errno;
    if (!error && local.version == 4) error = join4(fd, (struct sockaddr_in *)&storage, interface);
    if (!error && local.version == 6) error = join6(fd, (struct sockaddr_in6 *)&storage, interface);
    if (!error) return fd;
    close(fd);
    return error;
}

int clinux_udp_forbid_fragments(int fd, int version) {
    if (version == 4) return set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    int error = set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    return error ? error : set_int(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
}

int clinux_udp_report_errors(int fd, int version) {
    return version == 4 ? set_int(fd, IPPROTO_IP, IP_RECVERR, 1) : set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
}

int clinux_udp_coalesce(int fd) { return set_int(fd, IPPROTO_UDP, UDP_GRO, 1); }

int clinux_udp_can_segment(int fd) {
    int value;
    socklen_t length = sizeof value;
    return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &value, &length) == 0;
}

void clinux_udp_set_buffers(int fd, int bytes) {
    if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) != 0) set_int(fd, SOL_SOCKET, SO_RCVBUF, bytes);
    if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes) != 0) set_int(fd, SOL_SOCKET, SO_SNDBUF, bytes);
}

long clinux_udp_send(int fd, const void *bytes, size_t length, const clinux_address *to, uint16_t segment) {
    struct sockaddr_storage storage;
    struct iovec vector = {(void *)bytes, length};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof segment)] = {0};
    struct msghdr message = {.msg_name = &storage, .msg_iov = &vector, .msg_iovlen = 1};
    message.msg_namelen = clinux_to_sockaddr(to, &storage);
    if (!message.msg_namelen) return -EAFNOSUPPORT;
    if (segment && length > segment) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = IPPROTO_UDP;
        header->cmsg_type = UDP_SEGMENT;
        header->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(header), &segment, sizeof segment);
    }
    ssize_t count = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return count < 0 ? -errno : count;
}

long clinux_udp_receive(int fd, void *bytes, size_t capacity, clinux_address *from, uint16_t *segment) {
    struct sockaddr_storage storage;
    storage.ss_family = AF_UNSPEC;
    struct iovec vector = {bytes, capacity};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int)) * 2];
    struct msghdr message = {
        .msg_name = &storage,
        .msg_namelen = sizeof storage,
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control,
    };
    *segment = 0;
    ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT);
    if (count < 0) return -errno;
    if (message.msg_flags & MSG_TRUNC) return -EMSGSIZE;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != IPPROTO_UDP || header->cmsg_type != UDP_GRO) continue;
        int size;
        memcpy(&size, CMSG_DATA(header), sizeof size);
        *segment = size > 0 && size <= UINT16_MAX ? (uint16_t)size : 0;
    }
    *from = clinux_from_sockaddr(&storage);
    return count;
}

int clinux_udp_take_error(int fd, clinux_udp_error *out) {
    struct sockaddr_storage storage;
    storage.ss_family = AF_UNSPEC;
    _Alignas(struct cmsghdr) char control[512];
    struct msghdr message = {
        .msg_name = &storage,
        .msg_namelen = sizeof storage,
        .msg_control = control,
        .msg_controllen = sizeof control,
    };
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return 0;
    out->destination = clinux_from_sockaddr(&storage);
    out->error = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        int is_v4 = header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR;
        int is_v6 = header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR;
        if (!is_v4 && !is_v6) continue;
        struct sock_extended_err extended;
        memcpy(&extended, CMSG_DATA(header), sizeof extended);
        if (extended.ee_origin == SO_EE_ORIGIN_ICMP || extended.ee_origin == SO_EE_ORIGIN_ICMP6)
            out->error = (int)extended.ee_errno;
    }
    return 1;
}

int clinux_udp_clear_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error;
}
