# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""How fast a file goes through a relay at both ends, next to the load generator that comes with the relay.

One coturn serves two hosts on veth cables, so that processors are the limit. `turnutils_uclient -y` sends ChannelData of the size
that icetalk sends from one allocation to another, without encryption, acknowledgement or disk; of several numbers of clients the
fastest counts. icetalk's time runs from the other side's hello until it has verified the file.
"""

import os
import re
import tempfile

from bench import Table, median, spread
from homes import Host
from meeting import Meeting
from program import Deadline
from servers import SERVERS, relay_options
from world import World

# The payload of ChannelData that icetalk sends, in bytes.
PAYLOAD = 1200
FILE_SIZE = 200_000_000
RUNS = 3
# Clients of the load generator, which send a message each millisecond if they can, and for how long, in seconds.
CLIENTS = 20, 40, 80
DURATION = 6
# What the load generator is told of each way to the relay. It loses count of its messages over TLS, where TCP alone stands for it.
GENERATOR_OPTIONS = {"udp": [], "tcp": ["-t"], "tls": ["-t"]}
# How long anything may take, in seconds.
PATIENCE = 120
MEGA = 1_000_000

_COUNTS = re.compile(r"tot_recv_bytes ~ (\d+)")


def measure(bench):
    """Prints a table of medians; each ratio is to the load generator in the same minute."""
    table = Table(f"relay: megabytes a second through coturn, medians of {RUNS} runs", "", "MB/s", "of all", "ratio")
    server = SERVERS[0][0]
    with World(bench.workshop, Host("first"), Host("second")) as world:
        for transport, options in GENERATOR_OPTIONS.items():
            rates = {clients: [] for clients in CLIENTS}
            ours = []
            for _ in range(RUNS):
                for clients in CLIENTS:
                    rates[clients].append(_generate(bench, world, [*options, server], clients))
                ours.append(_move(bench, world, relay_options(0, [transport], ["ipv4"])))
            clients = max(rates, key=lambda count: median(rates[count]))
            rival = median(rates[clients])
            generator = " ".join(["turnutils_uclient", *options])
            table.row(f"{transport}: {generator}, {clients} clients", rival, spread(rates[clients]), 1.0)
            table.row(f"{transport}: icetalk send", median(ours), spread(ours), median(ours) / rival)


def _generate(bench, world, destination, clients):
    """The rate at which the load generator gets its messages back from the relay, while it sends."""
    options = ["-y", "-c", "-z", "1", "-m", str(clients), "-n", "1000000", "-l", str(PAYLOAD)]
    command = ["turnutils_uclient", *options, "-u", "lab", "-w", "lab", *destination]
    generator = bench.start(next(iter(world.hosts.values())), *command)
    try:
        # It tells nothing before all clients have their allocations.
        starting = Deadline(PATIENCE)
        while not _samples(generator):
            starting.check(f"turnutils_uclient tells no rate:\n{generator.text}")
            generator.pump(starting.left)
        sending = Deadline(DURATION)
        while sending.left and not generator.has_ended:
            generator.pump(sending.left)
    finally:
        generator.kill()
    samples = _samples(generator)
    (start, first), (end, last) = samples[0], samples[-1]
    if end == start:
        raise RuntimeError(f"turnutils_uclient ended early:\n{generator.text}")
    return (last - first) / (end - start) / MEGA


def _samples(generator):
    """The seconds and the received bytes of which the load generator has told, each second."""
    found = ((seconds, _COUNTS.search(line)) for _, seconds, line in generator.lines)
    return [(seconds, int(count[1])) for seconds, count in found if count]


def _move(bench, world, relay):
    """The rate at which icetalk sends a file."""
    options = ["--policy", "relay", "--stun", "none", *relay]
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        source = os.path.join(folder, "source")
        with open(source, "wb") as file:
            file.write(os.urandom(FILE_SIZE))
        commands = ["send", source], ["receive", "--yes", "--out", folder + "/first"]
        with Meeting(bench.workshop, world, folder, commands, [options] * 2) as meeting:
            sender = meeting.programs[0]
            _, start = sender.expect("err", "talking with", PATIENCE)
            _, end = sender.expect("err", "delivered", PATIENCE)
            meeting.expect_status(0)
    return FILE_SIZE / (end - start) / MEGA
