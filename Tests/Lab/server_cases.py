# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Servers of every sort, and servers that do not do what they should."""

from homes import kind_named
from scene import Case, chat, proven_world
from servers import SERVERS, stun_options
from theory import Path

# A server that does not answer is given up after 2 s; an answer could come for 39.5 s.
GATHERING = 3.5


def server_cases():
    """The cases."""
    yield from _useless_stun()


def _useless_stun():
    none, cone, port = kind_named("none"), kind_named("full-cone"), kind_named("port-restricted")
    # Nobody listens at this port.
    closed = f"{SERVERS[1][0]}:1"
    reflexive, learned = {Path("ipv4", "srflx", "srflx")}, {Path("ipv4", "host", "prflx")}
    yield _with_silent(
        "a STUN server never answers", (port, port), lambda silent: ["--stun", silent, *stun_options()], reflexive
    )
    yield _with_silent(
        "a STUN server is down", (port, cone), lambda _: ["--stun", closed, *stun_options()], reflexive
    )
    yield _with_silent("all STUN servers are silent", (none, port), lambda silent: ["--stun", silent], learned)
    yield _with_silent("all STUN servers are down", (none, port), lambda _: ["--stun", closed], learned)
    yield _with_silent("no STUN server", (none, cone), lambda _: ["--stun", "none"], learned)


def _with_silent(title, kinds, options, expected):
    """A case in which the servers are not those that they should be: `options` gets the port of a silent one."""

    def body(workshop):
        with (
            proven_world(workshop, *kinds) as (world, folder),
            world.internet.udp_socket(SERVERS[0][0]) as silent,
        ):
            chosen = [list(options(f"{SERVERS[0][0]}:{silent.getsockname()[1]}"))] * 2
            with chat(workshop, world, folder, chosen) as meeting:
                gathering = meeting.exchange()
                assert gathering < GATHERING, f"the line came after {gathering:.1f} s"
                seconds = meeting.connect(expected)
                meeting.say_a_line_each_way()
                meeting.end()
            return f"connected in {seconds:.2f} s, the lines after {gathering:.2f} s"

    return Case(title, body)
