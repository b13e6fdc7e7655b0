// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "clinux_resolve.h"

#include "clinux_sockaddr.h"
#include <netdb.h>
#include <string.h>

int clinux_resolve(const char *host, clinux_address *out, int capacity) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *list = NULL;
    switch (getaddrinfo(host, NULL, &hints, &list)) {
    case 0:
        break;
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return CLINUX_RESOLVE_NOT_FOUND;
    case EAI_AGAIN:
        return CLINUX_RESOLVE_TEMPORARY;
    default:
        return CLINUX_RESOLVE_FAILED;
    }
    int count = 0;
    for (struct addrinfo *entry = list; entry && count < capacity; entry = entry->ai_next) {
        struct sockaddr_storage storage = {0};
        if (entry->ai_addrlen > sizeof storage) continue;
        memcpy(&storage, entry->ai_addr, entry->ai_addrlen);
        clinux_address address = clinux_from_sockaddr(&storage);
        if (address.version) out[count++] = address;
    }
    freeaddrinfo(list);
    return count ? count : CLINUX_RESOLVE_NOT_FOUND;
}
