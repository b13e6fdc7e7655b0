// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0
// The deprecated RAND_METHOD is the only way to replace the generator that certificates, keys and nonces draw from.
#define OPENSSL_SUPPRESS_DEPRECATED
#define _GNU_SOURCE
#include "CVirtualTime.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>

/// 2026-01-01T00:00:00Z: the wall clock at the start of virtual time.
#define EPOCH_SECONDS 1767225600

static _Thread_local int is_virtual;
static _Thread_local uint64_t now_nanoseconds;
static _Thread_local uint64_t random_state;

int gettimeofday(struct timeval *restrict value, void *restrict zone) {
    (void)zone;
    if (is_virtual) {
        value->tv_sec = (time_t)(EPOCH_SECONDS + now_nanoseconds / 1000000000);
        value->tv_usec = (suseconds_t)(now_nanoseconds % 1000000000 / 1000);
        return 0;
    }
    struct timespec real;
    int status = clock_gettime(CLOCK_REALTIME, &real);
    value->tv_sec = real.tv_sec;
    value->tv_usec = real.tv_nsec / 1000;
    return status;
}

time_t time(time_t *result) {
    struct timeval value = {0, 0};
    gettimeofday(&value, NULL);
    if (result != NULL) *result = value.tv_sec;
    return value.tv_sec;
}

/// SplitMix64.
static uint64_t next_word(void) {
    random_state += 0x9E3779B97F4A7C15u;
    uint64_t mixed = random_state;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

static int random_bytes(unsigned char *bytes, int count) {
    int done = 0;
    while (!is_virtual && done < count) {
        ssize_t got = getrandom(bytes + done, (size_t)(count - done), 0);
        if (got <= 0) return 0;
        done += (int)got;
    }
    uint64_t word = 0;
    for (int index = 0; done < count; index++, done++) {
        word = index % 8 == 0 ? next_word() : word >> 8;
        bytes[done] = (unsigned char)word;
    }
    return 1;
}

static int random_status(void) { return 1; }

static const RAND_METHOD method = {
    .bytes = random_bytes,
    .pseudorand = random_bytes,
    .status = random_status,
};

static void install(void) { RAND_set_rand_method(&method); }

void icetalk_virtual_time_begin(uint64_t seed) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    is_virtual = 1;
    now_nanoseconds = 0;
    random_state = seed;
}

void icetalk_virtual_time_set(uint64_t nanoseconds) { now_nanoseconds = nanoseconds; }

void icetalk_virtual_time_end(void) { is_virtual = 0; }
