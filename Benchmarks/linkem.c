// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0
//
// A link between two network namespaces: what one sends into its TUN interface comes out of the other's, later or never.
//
//   linkem [OPTIONS] NAMESPACE-A NAMESPACE-B     paths, such as /run/netns/NAME; the interfaces are called `cable`
//
//   -d MS       one-way delay                    -l PERCENT  random loss
//   -j MS       up to so much more, in order     -o PERCENT  held back by further -e MS (5), out of order
//   -r MBIT     rate                             -q BYTES    what waits for the rate; the rest is dropped
//   -s SEED     of all chance
//
// Each but the last takes one value for both directions, or two: A-to-B,B-to-A. A packet may be lost, then waits for the rate,
// then travels. The interfaces have no offloads, so that the kernel cuts large sends into packets before they come here.
// It says `ready` once both are there, and at its end what it has done; SIGTERM ends it.

#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    QUEUE_LENGTH = 1 << 17,
    PACKET_SIZE = 2048,
    BATCH = 64,
};

static const int64_t second = 1000000000;

/// Packets on their way, in the order of their arrival.
struct queue {
    int64_t *arrival;
    uint32_t *size;
    uint8_t *bytes;
    uint32_t head, tail;
};

/// One direction.
struct direction {
    int from, to;
    // What it does; times in nanoseconds, the rate in bytes a nanosecond.
    double loss, rate, reordering;
    int64_t delay, jitter, hold, capacity;
    // When the rate has room again, and when the last packet arrives that keeps its order.
    int64_t busy_until, last_arrival;
    struct queue in_order, held;
    uint64_t received, sent, lost, dropped;
};

static volatile sig_atomic_t is_over;

static void end(int number) {
    (void)number;
    is_over = 1;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * second + time.tv_nsec;
}

/// xoroshiro128+, as a number from 0 to 1.
static double chance(void) {
    static uint64_t a = 0x9E3779B97F4A7C15, b = 0xD1B54A32D192ED03;
    uint64_t result = a + b;
    b ^= a;
    a = (a << 24 | a >> 40) ^ b ^ (b << 16);
    b = b << 37 | b >> 27;
    return (double)(result >> 11) / 9007199254740992.0;
}

static void *reserve(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) fail("mmap");
    return memory;
}

static struct queue make_queue(void) {
    return (struct queue){
        .arrival = reserve(sizeof(int64_t) * QUEUE_LENGTH),
        .size = reserve(sizeof(uint32_t) * QUEUE_LENGTH),
        .bytes = reserve((size_t)PACKET_SIZE * QUEUE_LENGTH),
    };
}

static bool push(struct queue *queue, const uint8_t *bytes, size_t size, int64_t arrival) {
    if (queue->tail - queue->head >= QUEUE_LENGTH) return false;
    uint32_t slot = queue->tail++ % QUEUE_LENGTH;
    queue->arrival[slot] = arrival;
    queue->size[slot] = (uint32_t)size;
    memcpy(queue->bytes + (size_t)slot * PACKET_SIZE, bytes, size);
    return true;
}

/// When the first packet of a queue arrives.
static int64_t next_arrival(const struct queue *queue) {
    return queue->head == queue->tail ? INT64_MAX : queue->arrival[queue->head % QUEUE_LENGTH];
}

/// Creates the interface `cable` in a namespace, up to its addresses.
static int open_interface(const char *path) {
    int home = open("/proc/self/ns/net", O_RDONLY);
    int namespace = open(path, O_RDONLY);
    if (namespace < 0 || setns(namespace, CLONE_NEWNET) != 0) fail(path);
    int interface = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI, .ifr_name = "cable"};
    if (interface < 0 || ioctl(interface, TUNSETIFF, &request) != 0) fail("/dev/net/tun");
    ioctl(interface, TUNSETOFFLOAD, 0);
    if (setns(home, CLONE_NEWNET) != 0) fail("setns");
    close(home);
    close(namespace);
    return interface;
}

/// Takes in a packet at an instant: loses, drops or queues it.
static void take(struct direction *way, const uint8_t *bytes, size_t size, int64_t time) {
    way->received++;
    if (way->loss > 0 && chance() < way->loss) {
        way->lost++;
        return;
    }
    int64_t departure = time;
    if (way->rate > 0) {
        int64_t start = way->busy_until > time ? way->busy_until : time;
        double waiting = (double)(start - time) * way->rate;
        if (waiting + (double)size > (double)way->capacity) {
            way->dropped++;
            return;
        }
        departure = way->busy_until = start + (int64_t)((double)size / way->rate);
    }
    int64_t arrival = departure + way->delay + (int64_t)(chance() * (double)way->jitter);
    struct queue *queue = &way->in_order;
    if (way->reordering > 0 && chance() < way->reordering) {
        queue = &way->held;
        arrival += way->hold;
    } else {
        if (arrival < way->last_arrival) arrival = way->last_arrival;
        way->last_arrival = arrival;
    }
    if (!push(queue, bytes, size, arrival)) way->dropped++;
}

/// Hands over what has arrived; whether there was anything.
static bool hand_over(struct direction *way, struct queue *queue, int64_t time) {
    int count = 0;
    for (; count < BATCH && next_arrival(queue) <= time; count++) {
        uint32_t slot = queue->head++ % QUEUE_LENGTH;
        if (write(way->to, queue->bytes + (size_t)slot * PACKET_SIZE, queue->size[slot]) < 0)
            way->dropped++;
        else
            way->sent++;
    }
    return count > 0;
}

static bool work(struct direction *way) {
    static uint8_t packet[1 << 16];
    bool has_worked = false;
    int64_t time = now();
    for (int count = 0; count < BATCH; count++) {
        ssize_t size = read(way->from, packet, sizeof packet);
        if (size <= 0) break;
        has_worked = true;
        if (size > PACKET_SIZE)
            way->dropped++;
        else
            take(way, packet, (size_t)size, time);
    }
    bool has_ordered = hand_over(way, &way->in_order, time);
    bool has_held = hand_over(way, &way->held, time);
    return has_worked || has_ordered || has_held;
}

/// Waits for packets to come, or for one to arrive.
static void rest(const struct direction ways[2]) {
    int64_t next = now() + second / 5;
    for (int index = 0; index < 2; index++) {
        int64_t ordered = next_arrival(&ways[index].in_order), held = next_arrival(&ways[index].held);
        if (ordered < next) next = ordered;
        if (held < next) next = held;
    }
    int64_t wait = next - now();
    if (wait <= 0) return;
    struct timespec timeout = {.tv_sec = wait / second, .tv_nsec = wait % second};
    struct pollfd both[2] = {{.fd = ways[0].from, .events = POLLIN}, {.fd = ways[1].from, .events = POLLIN}};
    ppoll(both, 2, &timeout, NULL);
}

/// One number for both directions, or two.
static void read_pair(const char *text, double pair[2]) {
    char *rest;
    pair[0] = pair[1] = strtod(text, &rest);
    if (*rest == ',') pair[1] = strtod(rest + 1, &rest);
    if (*rest != 0) {
        fprintf(stderr, "linkem: what is %s?\n", text);
        exit(2);
    }
}

static void read_options(int count, char **words, struct direction ways[2]) {
    double delay[2] = {0}, jitter[2] = {0}, loss[2] = {0}, rate[2] = {0}, capacity[2] = {1e9, 1e9};
    double reordering[2] = {0}, hold[2] = {5, 5}, seed[2] = {0};
    for (int option; (option = getopt(count, words, "d:j:l:o:e:r:q:s:")) != -1;) {
        switch (option) {
        case 'd': read_pair(optarg, delay); break;
        case 'j': read_pair(optarg, jitter); break;
        case 'l': read_pair(optarg, loss); break;
        case 'o': read_pair(optarg, reordering); break;
        case 'e': read_pair(optarg, hold); break;
        case 'r': read_pair(optarg, rate); break;
        case 'q': read_pair(optarg, capacity); break;
        case 's': read_pair(optarg, seed); break;
        default: exit(2);
        }
    }
    if (count - optind != 2) {
        fprintf(stderr, "usage: linkem [OPTIONS] NAMESPACE-A NAMESPACE-B\n");
        exit(2);
    }
    for (int index = 0; index < 16 + (int)seed[0]; index++) chance();
    for (int index = 0; index < 2; index++) {
        ways[index] = (struct direction){
            .loss = loss[index] / 100,
            .rate = rate[index] * 1e6 / 8 / 1e9,
            .reordering = reordering[index] / 100,
            .delay = (int64_t)(delay[index] * 1e6),
            .jitter = (int64_t)(jitter[index] * 1e6),
            .hold = (int64_t)(hold[index] * 1e6),
            .capacity = (int64_t)capacity[index],
            .in_order = make_queue(),
            .held = make_queue(),
        };
    }
}

int main(int count, char **words) {
    struct direction ways[2];
    read_options(count, words, ways);
    ways[0].from = ways[1].to = open_interface(words[optind]);
    ways[1].from = ways[0].to = open_interface(words[optind + 1]);
    prctl(PR_SET_TIMERSLACK, 1);
    setpriority(PRIO_PROCESS, 0, -15);
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    puts("ready");
    fflush(stdout);
    while (!is_over) {
        bool forth = work(&ways[0]), back = work(&ways[1]);
        if (!forth && !back) rest(ways);
    }
    for (int index = 0; index < 2; index++) {
        const struct direction *way = &ways[index];
        printf(
            "%s: %" PRIu64 " received, %" PRIu64 " sent, %" PRIu64 " lost, %" PRIu64 " dropped\n",
            index == 0 ? "A to B" : "B to A", way->received, way->sent, way->lost, way->dropped
        );
    }
    return 0;
}
