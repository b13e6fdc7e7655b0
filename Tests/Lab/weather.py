# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""An Internet that does not do what it should."""

import dataclasses

import theory
from homes import kind_named
from meeting import SOON
from scene import Case, chat, options, prove, proven_world, standing_world
from theory import Path


def weather():
    """The cases."""
    yield Case("IPv6 is there but broken", _broken_ipv6)
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
