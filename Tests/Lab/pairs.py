# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Every pair of kinds of home."""

import itertools

import theory
from homes import KINDS, kind_named
from scene import FILE_SIZE, Case, Transfer, chat, limit, options, proven_world
from servers import stun_options

# What a home gets, in bytes a second, so that most of the file is still to go when the best path is found: of paths of one kind
# the better one is taken after 2 s.
RATE = 2_000_000


def pairs(both_orders):
    """The cases of all pairs, in one order or in both."""
    choose = itertools.product(KINDS, repeat=2) if both_orders else itertools.combinations_with_replacement(KINDS, 2)
    for first, second in choose:
        yield _pair(first, second)
    for names in (("port-restricted", "symmetric"), ("full-cone", "blocked"), ("blocked", "https-only")):
        yield _pathless(*map(kind_named, names))


def _pair(first, second):
    expected = theory.best_paths(first, second)

    def body(workshop):
        with proven_world(workshop, first, second) as (world, folder):
            world.throttle(RATE)
            with Transfer(workshop, world, folder, [options(0), options(1)]) as transfer:
                seconds = transfer.connect(expected, limit(first, second))
                counted = world.count()
                transfer.finish()
                path = transfer.check_path(expected)
            ways = [_check_way(counted, number, kind, expected) for number, kind in enumerate((first, second))]
            relays = "".join(f", {way}" for way in ways if theory.RELAY in way)
            return f"{path}{relays} in {seconds:.2f} s"

    return Case(f"{first.name} × {second.name}", body)


def _check_way(counted, number, kind, expected):
    """Fails if most of the file has taken another way at one side than those of the best paths; tells the way.

    Of paths of one kind, such as over the relay of this or of that side, one may be left for the other on the way.
    """
    way, count = counted.main_way(number)
    ways = {_way(kind, path, (path.first, path.second)[number]) for path in expected}
    assert way in ways and count >= FILE_SIZE / 3, f"{count} bytes of {kind.name} went by {way}, not by {ways}"
    return way


def _way(kind, path, candidate):
    return f"relay {theory.relay_leg(kind)}" if candidate == theory.RELAY else f"peer {path.transport}"


def _pathless(first, second):
    """Two homes between which there is nothing without a relay."""
    assert not theory.best_paths(first, second, has_relays=False)

    def body(workshop):
        with proven_world(workshop, first, second) as (world, folder):
            with chat(workshop, world, folder, [stun_options()] * 2) as meeting:
                meeting.find_no_path()
            return "no path, and says so"

    return Case(f"{first.name} × {second.name} without a relay", body, is_patient=True)
