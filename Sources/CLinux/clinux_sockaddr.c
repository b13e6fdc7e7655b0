// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "clinux_sockaddr.h"

#include <endian.h>
#include <netinet/in.h>
#include <string.h>

socklen_t clinux_to_sockaddr(const clinux_address *address, struct sockaddr_storage *out) {
    if (address->version == 4) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htobe16(address->port)};
        v4.sin_addr.s_addr = htobe32((uint32_t)address->low);
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    }
    if (address->version == 6) {
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htobe16(address->port)};
        uint64_t halves[2] = {htobe64(address->high), htobe64(address->low)};
        memcpy(&v6.sin6_addr, halves, sizeof halves);
        v6.sin6_scope_id = address->scope;
        memcpy(out, &v6, sizeof v6);
        return sizeof v6;
    }
    return 0;
}

clinux_address clinux_from_sockaddr(const struct sockaddr_storage *in) {
    clinux_address address = {0};
    if (in->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, in, sizeof v4);
        address.version = 4;
        address.low = be32toh(v4.sin_addr.s_addr);
        address.port = be16toh(v4.sin_port);
    } else if (in->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        uint64_t halves[2];
        memcpy(&v6, in, sizeof v6);
        memcpy(halves, &v6.sin6_addr, sizeof halves);
        address.version = 6;
        address.high = be64toh(halves[0]);
        address.low = be64toh(halves[1]);
        address.scope = v6.sin6_scope_id;
        address.port = be16toh(v6.sin6_port);
    }
    return address;
}
