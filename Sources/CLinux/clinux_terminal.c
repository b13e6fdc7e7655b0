// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "include/clinux_terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

// What handlers of signals touch: written before they are installed, or one word at a time.
static struct termios saved;
static struct termios raw;
static volatile sig_atomic_t terminal = -1;
static volatile sig_atomic_t interrupts = 0;
static int notify_descriptor = -1;

int clinux_terminal_begin(int fd) {
    if (terminal >= 0)
        return 0;
    if (tcgetattr(fd, &saved) != 0)
        return -errno;
    raw = saved;
    // Signals from the keyboard stay; all editing of the line is the program's own.
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON | INLCR | IGNCR);
    raw.c_iflag |= ICRNL;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSANOW, &raw) != 0)
        return -errno;
    terminal = fd;
    static int is_registered;
    if (!is_registered) {
        is_registered = 1;
        atexit(clinux_terminal_end);
    }
    return 0;
}

void clinux_terminal_end(void) {
    int fd = terminal;
    if (fd < 0)
        return;
    terminal = -1;
    tcsetattr(fd, TCSANOW, &saved);
}

int clinux_terminal_columns(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static void on_interrupt(int signal_number) {
    int saved_errno = errno;
    interrupts = interrupts + 1;
    if (interrupts > 1) {
        clinux_terminal_end();
        _exit(130);
    }
    unsigned char byte = (unsigned char)signal_number;
    if (write(notify_descriptor, &byte, 1) < 0) {
        clinux_terminal_end();
        _exit(130);
    }
    errno = saved_errno;
}

static void on_stop(int signal_number) {
    (void)signal_number;
    int saved_errno = errno;
    int fd = terminal;
    if (fd >= 0)
        tcsetattr(fd, TCSANOW, &saved);
    raise(SIGSTOP);
    if (fd >= 0)
        tcsetattr(fd, TCSANOW, &raw);
    errno = saved_errno;
}

static void on_crash(int signal_number) {
    // SA_RESETHAND has put the default back, which the signal meets when this returns.
    clinux_terminal_end();
    raise(signal_number);
}

static void install(int signal_number, void (*handler)(int), int flags, int respects_ignored) {
    struct sigaction action = {0};
    struct sigaction previous;
    if (respects_ignored && sigaction(signal_number, NULL, &previous) == 0 && previous.sa_handler == SIG_IGN)
        return;
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

void clinux_signals_begin(int notify) {
    notify_descriptor = notify;
    install(SIGPIPE, SIG_IGN, 0, 0);
    install(SIGINT, on_interrupt, SA_RESTART, 1);
    install(SIGHUP, on_interrupt, SA_RESTART, 1);
    install(SIGTERM, on_interrupt, SA_RESTART, 0);
    install(SIGTSTP, on_stop, SA_RESTART, 1);
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
    for (unsigned index = 0; index < sizeof crashes / sizeof *crashes; index++)
        install(crashes[index], on_crash, (int)(SA_RESETHAND | SA_NODEFER), 0);
}
