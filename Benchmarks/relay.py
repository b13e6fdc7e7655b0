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
from servers import SERVERS
from world import World

# The payload of ChannelData that icetalk sends, in bytes.
PAYLOAD = 1200
FILE_SIZE = 200_000_000
RUNS = 3
# Clients of the load generator, which send a message each millisecond if they can, and messages of each.
CLIENTS = {40: 4_000, 60: 3_000, 80: 2_000}
# How long anything may take, in seconds.
PATIENCE = 120
MEGA = 1_000_000

_COUNTS = re.compile(r"tot_send_bytes ~ (\d+), tot_recv_bytes ~ (\d+)")


def measure(bench):
    """Prints a table of medians; the ratio is to the load generator."""
    table = Table(
        f"relay: megabytes a second through coturn, medians of {RUNS} runs", "over UDP", "MB/s", "of all", "ratio"
    )
    server = SERVERS[0][0]
    with World(bench.workshop, Host("first"), Host("second")) as world:
        rates = {clients: [] for clients in CLIENTS}
        ours = []
        for _ in range(RUNS):
            for clients in CLIENTS:
                rates[clients].append(_generate(bench, world, server, clients))
            ours.append(_move(bench, world, server))
        clients = max(rates, key=lambda count: median(rates[count]))
        rival = median(rates[clients])
        table.row(f"turnutils_uclient, {clients} clients", rival, spread(rates[clients]), 1.0)
        table.row("icetalk send", median(ours), spread(ours), median(ours) / rival)


def _generate(bench, world, server, clients):
    """The rate at which the load generator gets its messages back from the relay, while it sends."""
    options = ["-y", "-c", "-z", "1", "-m", str(clients), "-n", str(CLIENTS[clients]), "-l", str(PAYLOAD)]
    command = ["turnutils_uclient", *options, "-u", "lab", "-w", "lab", server]
    generator = bench.start(next(iter(world.hosts.values())), *command)
    try:
        generator.status(PATIENCE)
    finally:
        generator.kill()
    samples = []
    for _, seconds, line in generator.lines:
        counts = _COUNTS.search(line)
        if counts and (not samples or int(counts[1]) > samples[-1][1]):
            samples.append((seconds, int(counts[1]), int(counts[2])))
    if len(samples) < 2:
        raise RuntimeError(f"turnutils_uclient told no rate:\n{generator.text}")
    (start, _, first), (end, _, last) = samples[0], samples[-1]
    return (last - first) / (end - start) / MEGA


def _move(bench, world, server):
    """The rate at which icetalk sends a file."""
    options = ["--policy", "relay", "--stun", "none", "--turn", f"turn:{server}"]
    options += ["--turn-user", "lab", "--turn-password", "lab"]
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
