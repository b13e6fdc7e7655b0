// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "clinux_netlink.h"

#include <endian.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(CLINUX_LINK_UP == IFF_UP && CLINUX_LINK_LOOPBACK == IFF_LOOPBACK, "interface flags");
_Static_assert(CLINUX_LINK_POINT_TO_POINT == IFF_POINTOPOINT && CLINUX_LINK_RUNNING == IFF_RUNNING, "interface flags");
_Static_assert(CLINUX_HARDWARE_PPP == ARPHRD_PPP && CLINUX_HARDWARE_NONE == ARPHRD_NONE, "hardware types");
_Static_assert(CLINUX_ADDRESS_TEMPORARY == IFA_F_TEMPORARY && CLINUX_ADDRESS_OPTIMISTIC == IFA_F_OPTIMISTIC, "flags");
_Static_assert(CLINUX_ADDRESS_DUPLICATE == IFA_F_DADFAILED && CLINUX_ADDRESS_DEPRECATED == IFA_F_DEPRECATED, "flags");
_Static_assert(CLINUX_ADDRESS_TENTATIVE == IFA_F_TENTATIVE, "flags");
_Static_assert(CLINUX_ADDRESS_HAS_TEMPORARY == IFA_F_MANAGETEMPADDR, "flags");

struct list {
    void *out;
    int capacity;
    int count;
};

typedef void (*visitor)(const struct nlmsghdr *, struct list *);

static void copy_text(char out[16], const struct rtattr *attribute) {
    size_t length = RTA_PAYLOAD(attribute);
    if (length > 15) length = 15;
    memcpy(out, RTA_DATA(attribute), length);
    out[length] = 0;
}

static void visit_link(const struct nlmsghdr *header, struct list *list) {
    if (header->nlmsg_type != RTM_NEWLINK || header->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg))) return;
    const struct ifinfomsg *info = NLMSG_DATA(header);
    clinux_link link = {.index = (uint32_t)info->ifi_index, .flags = info->ifi_flags, .hardware = info->ifi_type};
    int length = (int)IFLA_PAYLOAD(header);
    for (struct rtattr *outer = IFLA_RTA(info); RTA_OK(outer, length); outer = RTA_NEXT(outer, length)) {
        if (outer->rta_type == IFLA_IFNAME) copy_text(link.name, outer);
        if ((outer->rta_type & NLA_TYPE_MASK) != IFLA_LINKINFO) continue;
        int rest = (int)RTA_PAYLOAD(outer);
        for (struct rtattr *inner = RTA_DATA(outer); RTA_OK(inner, rest); inner = RTA_NEXT(inner, rest))
            if (inner->rta_type == IFLA_INFO_KIND) copy_text(link.kind, inner);
    }
    ((clinux_link *)list->out)[list->count++] = link;
}

static clinux_address read_address(int family, const struct rtattr *attribute) {
    clinux_address address = {0};
    if (family == AF_INET && RTA_PAYLOAD(attribute) == 4) {
        uint32_t bits;
        memcpy(&bits, RTA_DATA(attribute), sizeof bits);
        address.version = 4;
        address.low = be32toh(bits);
    } else if (family == AF_INET6 && RTA_PAYLOAD(attribute) == 16) {
        uint64_t halves[2];
        memcpy(halves, RTA_DATA(attribute), sizeof halves);
        address.version = 6;
        address.high = be64toh(halves[0]);
        address.low = be64toh(halves[1]);
    }
    return address;
}

static void visit_address(const struct nlmsghdr *header, struct list *list) {
    if (header->nlmsg_type != RTM_NEWADDR || header->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg))) return;
    const struct ifaddrmsg *info = NLMSG_DATA(header);
    clinux_link_address entry = {.index = info->ifa_index, .flags = info->ifa_flags};
    clinux_address own = {0};
    int length = (int)IFA_PAYLOAD(header);
    for (struct rtattr *attribute = IFA_RTA(info); RTA_OK(attribute, length); attribute = RTA_NEXT(attribute, length)) {
        // On a point-to-point link IFA_ADDRESS is the other end, and IFA_LOCAL this one.
        if (attribute->rta_type == IFA_ADDRESS) entry.address = read_address(info->ifa_family, attribute);
        if (attribute->rta_type == IFA_LOCAL) own = read_address(info->ifa_family, attribute);
        if (attribute->rta_type == IFA_FLAGS && RTA_PAYLOAD(attribute) == sizeof entry.flags)
            memcpy(&entry.flags, RTA_DATA(attribute), sizeof entry.flags);
    }
    if (own.version) entry.address = own;
    if (entry.address.version == 6 && entry.address.high >> 54 == 0x3FA) entry.address.scope = info->ifa_index;
    if (entry.address.version) ((clinux_link_address *)list->out)[list->count++] = entry;
}

/// Returns 1 when the dump is complete, 0 when more follows, or -errno.
static int read_messages(const char *bytes, size_t size, visitor visit, struct list *list) {
    unsigned int length = (unsigned int)size;
    for (const struct nlmsghdr *header = (const void *)bytes; NLMSG_OK(header, length);
         header = NLMSG_NEXT(header, length)) {
        if (header->nlmsg_type == NLMSG_DONE) return 1;
        if (header->nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *failure = NLMSG_DATA(header);
            if (header->nlmsg_len < NLMSG_LENGTH(sizeof *failure) || !failure->error) return -EPROTO;
            return failure->error;
        }
        if (list->count < list->capacity) visit(header, list);
    }
    return 0;
}

static int dump(uint16_t type, visitor visit, struct list *list) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) return -errno;
    struct {
        struct nlmsghdr header;
        struct ifinfomsg body;
    } request = {
        .header = {
            .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
            .nlmsg_type = type,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
            .nlmsg_seq = 1,
        },
    };
    int result = 0;
    if (send(fd, &request, request.header.nlmsg_len, MSG_NOSIGNAL) < 0) result = -errno;
    _Alignas(struct nlmsghdr) char bytes[32768];
    while (result == 0) {
        struct sockaddr_nl sender = {0};
        socklen_t length = sizeof sender;
        ssize_t count = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&sender, &length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            result = count < 0 ? -errno : -EPROTO;
        } else if (sender.nl_pid == 0) {
            result = read_messages(bytes, (size_t)count, visit, list);
        }
    }
    close(fd);
    return result < 0 ? result : list->count;
}

int clinux_links(clinux_link *out, int capacity) {
    struct list list = {out, capacity, 0};
    return dump(RTM_GETLINK, visit_link, &list);
}

int clinux_link_addresses(clinux_link_address *out, int capacity) {
    struct list list = {out, capacity, 0};
    return dump(RTM_GETADDR, visit_address, &list);
}

int clinux_link_is_wireless(const char *name) {
    char path[64];
    int length = snprintf(path, sizeof path, "/sys/class/net/%s/phy80211", name);
    return length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0;
}

int clinux_netlink_watch(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0) return -errno;
    struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
    };
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0) return fd;
    int error = errno;
    close(fd);
    return -error;
}

int clinux_netlink_drain(int fd) {
    char bytes[8192];
    int has_any = 0;
    while (1) {
        ssize_t count = recv(fd, bytes, sizeof bytes, MSG_TRUNC);
        // ENOBUFS: there were more messages than fit, which is a change all the same.
        if (count >= 0 || errno == ENOBUFS) has_any = 1;
        else if (errno != EINTR) return has_any;
    }
}
