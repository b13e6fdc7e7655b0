// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "clinux_thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

struct start {
    void (*entry)(void *);
    void *context;
    char name[16];
};

static void *trampoline(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    pthread_setname_np(pthread_self(), start.name);
    start.entry(start.context);
    return NULL;
}

int clinux_thread_start(const char *name, void (*entry)(void *), void *context) {
    struct start *start = calloc(1, sizeof *start);
    if (!start) return -ENOMEM;
    start->entry = entry;
    start->context = context;
    strncpy(start->name, name, sizeof start->name - 1);

    sigset_t blocked, previous;
    sigfillset(&blocked);
    const int faults[] = {SIGSEGV, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSYS};
    for (size_t index = 0; index < sizeof faults / sizeof *faults; index++) sigdelset(&blocked, faults[index]);
    pthread_sigmask(SIG_SETMASK, &blocked, &previous);

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, trampoline, start);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    if (error) free(start);
    return -error;
}

void clinux_thread_use_precise_timers(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

uint64_t clinux_thread_identity(void) {
    static _Thread_local char anchor;
    return (uint64_t)(uintptr_t)&anchor;
}
