# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Which paths may be used: what a peer tells and where it sends, whatever would be better."""

import base64
import functools
import ipaddress

from homes import CABLE, kind_named
from meeting import WatchedMeeting
from scene import Case, Transfer, chat, folder_in, limit, proven_world
from servers import RELAY_TRANSPORTS, SERVERS, relay_options, stun_options
from theory import RELAY, Path


def policies():
    """The cases."""
    for transport in RELAY_TRANSPORTS:
        yield Case(f"relays alone, over {transport}", functools.partial(_relays_alone, transport=transport))
    yield Case("relays alone on one side", _relays_alone_on_one_side)
    yield Case("no relay, although only that would help", _no_relay, is_patient=True)


def _relays_alone(workshop, transport):
    """A direct path would be easy to have; both keep to their relays, each to its own."""
    kind = kind_named("full-cone")
    chosen = [["--policy", "relay", *stun_options(), *relay_options(number, (transport,))] for number in (0, 1)]
    expected = {Path("ipv4", RELAY, RELAY)}
    with proven_world(workshop, kind, kind) as (world, folder):
        counted = world.count()
        with chat(workshop, world, folder, chosen, WatchedMeeting) as meeting:
            seconds = meeting.connect(expected)
            meeting.say_a_line_each_way()
            meeting.end()
        for number, name in enumerate(world.hosts):
            _check_line(meeting.lines[number], SERVERS[number][0], _addresses_to_hide(world, name, number))
        with Transfer(workshop, world, folder_in(folder, "file"), chosen) as transfer:
            transfer.connect(expected)
            transfer.finish()
        for number in (0, 1):
            assert counted.main_way(number)[0] == f"relay {transport}", "the file went another way"
            _check_silence(counted, number)
    return f"in {seconds:.2f} s, and nobody else has heard of the two"


def _relays_alone_on_one_side(workshop):
    """The first keeps to its relay, and to the second that is a peer like any other."""
    kind = kind_named("full-cone")
    chosen = [["--policy", "relay", *stun_options(), *relay_options(0)], [*stun_options(), *relay_options(1)]]
    with proven_world(workshop, kind, kind) as (world, folder):
        counted = world.count()
        with chat(workshop, world, folder, chosen, WatchedMeeting) as meeting:
            seconds = meeting.connect({Path("ipv4", RELAY, "srflx")}, limit(kind, kind))
            meeting.say_a_line_each_way()
            meeting.end()
        _check_line(meeting.lines[0], SERVERS[0][0], _addresses_to_hide(world, "first", 0))
        _check_silence(counted, 0)
    return f"in {seconds:.2f} s, and nobody else has heard of the first"


def _addresses_to_hide(world, name, number):
    """The address of a host, and that of its home."""
    return [world.place(name).addresses[CABLE, "ipv4"], f"{world.PUBLIC[number]}.2"]


def _check_line(line, shown, hidden):
    """Fails if an address is in a line that should not be, or the other way round."""
    digits = line.strip().upper().removeprefix("ICETALK1:")
    body = base64.b32decode(digits + "=" * (-len(digits) % 8))
    assert ipaddress.ip_address(shown).packed in body, "the line is written in another way than the lab reads it"
    for address in hidden:
        assert ipaddress.ip_address(address).packed not in body, f"the line tells {address}"


def _check_silence(counted, number):
    """Fails if a home has sent to, or was sent to by, anybody but servers at their port."""
    for way in ("peer udp", "peer tcp"):
        packets = counted.packets(number, way)
        assert packets == 0, f"{packets} packets of home {number} to or from a peer ({way})"


def _no_relay(workshop):
    """The first has a relay, as has the second, and uses neither: it prefers to find no path at all."""
    kind = kind_named("symmetric")
    chosen = [["--policy", "direct", *stun_options(0), *relay_options(1)], [*stun_options(0), *relay_options(1)]]
    with proven_world(workshop, kind, kind) as (world, folder):
        counted = world.count()
        with chat(workshop, world, folder, chosen) as meeting:
            meeting.find_no_path()
        for address in SERVERS[1]:
            packets = counted.packets(0, address)
            assert packets == 0, f"{packets} packets to the relay at {address}"
        assert counted.packets(1, SERVERS[1][0]), "the second has not asked for a relay: this case shows nothing"
    return "no path, and no packet to a relay"
