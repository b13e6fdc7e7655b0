# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""An Internet that does not do what it should."""

import dataclasses
import pathlib
import time

import theory
from homes import kind_named
from meeting import ENDING, GATHERING, SOON
from scene import Case, chat, options, prove, proven_world, standing_world
from servers import stun_options
from theory import Path


def weather():
    """The cases."""
    yield Case("IPv6 is there but broken", _broken_ipv6)
    yield Case("DNS hangs", _silent_name_server)
    yield Case("20 % are lost during checks", _loss)
    yield Case("20 % are lost during checks by way of a relay", _relayed_loss)


def _broken_ipv6(workshop):
    """Both have IPv6 addresses, with which nothing works."""
    dual = kind_named("dual-stack")
    ipv4_only = dataclasses.replace(dual, ways=tuple(way for way in dual.ways if way.family == "ipv4"))
    with standing_world(workshop, dual.home("first"), dual.home("second"), ipv6_works=False) as (world, folder):
        prove(world, (ipv4_only, ipv4_only))
        with chat(workshop, world, folder, [options(0), options(1)]) as meeting:
            seconds = meeting.connect(theory.best_paths(ipv4_only, ipv4_only))
            meeting.say_a_line_each_way()
            meeting.end()
    return f"connected in {seconds:.2f} s"


def _silent_name_server(workshop):
    """Some servers are known by names, which nobody resolves; neither the lines nor the end have to wait for that."""
    kind = kind_named("port-restricted")
    names = ["--stun", "stun.example.net", "--turn", "turn:turn.example.net", "--turn-user", "lab", "--turn-password", "lab"]
    with proven_world(workshop, kind, kind) as (world, folder):
        settings = pathlib.Path(folder, "resolv.conf")
        settings.write_text("nameserver 192.0.2.99\n", encoding="ascii")
        with_settings = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', settings)
        chosen = [[*names, *stun_options()]] * 2
        with chat(workshop, world, folder, chosen, wrapper=with_settings) as meeting:
            gathering = meeting.exchange()
            assert gathering < GATHERING, f"the line came after {gathering:.1f} s"
            seconds = meeting.connect(theory.best_paths(kind, kind, has_relays=False))
            meeting.say_a_line_each_way()
            start = time.monotonic()
            meeting.end()
            assert time.monotonic() - start < ENDING, "the end took longer"
    return f"connected in {seconds:.2f} s, the lines after {gathering:.2f} s"


def _loss(workshop):
    """A fifth of all datagrams is lost in either direction, also on the way to the servers."""
    kind = kind_named("port-restricted")
    with proven_world(workshop, kind, kind) as (world, folder):
        world.lose(20)
        with chat(workshop, world, folder, [options(0), options(1)]) as meeting:
            seconds = meeting.connect(theory.best_paths(kind, kind), limit=SOON)
            meeting.say_a_line_each_way()
            meeting.end()
    return f"connected in {seconds:.2f} s"


def _relayed_loss(workshop):
    """The same until a path is found, which leads over a relay: there, a check or its answer is lost by three out of five.

    So it is chance which relay is found, and whether one or both.
    """
    kind = kind_named("symmetric")
    expected = theory.best_paths(kind, kind) | {Path("ipv4", theory.RELAY, theory.RELAY)}
    with proven_world(workshop, kind, kind) as (world, folder):
        world.lose(20)
        with chat(workshop, world, folder, [options(0), options(1)]) as meeting:
            meeting.find_path()
            world.lose(0)
            seconds = meeting.connect(expected, limit=SOON)
            meeting.say_a_line_each_way()
            meeting.end()
    return f"connected in {seconds:.2f} s"
