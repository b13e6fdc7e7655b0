# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Stories of connections that lose their path, in worlds in which theory says that they can find another.

Two that have lost each other are found again where one of them can send to the other at an address that the other is known to
have, or tells by a way that is left: a NAT with endpoint-independent filtering lets anybody in, one with address-dependent
filtering whoever comes from an address that was sent to, and so does a relay (RFC 8656 §9).
"""

import functools

import nat
from homes import CABLE, WIRELESS, Kind, Way, kind_named
from meeting import SOON
from program import Deadline
from scene import FILE_SIZE, Case, Transfer, chat, options, proven_world
from servers import relay_options, stun_options
from theory import RELAY, Path, best_paths

# Data in flight leaves a dead path within 2 s; a busy machine may take one more.
LEAVING = 3
# What is lost at the end of an outage of any length: a path is found, and the rate of the transfer is what it was.
RECOVERY = 12
# What a home gets, in bytes a second, so that there is time for something to happen; and the file at this rate.
RATE = 2_000_000
UNDISTURBED = FILE_SIZE / RATE + 3

_TWO_CABLES = Kind("two-cables", (Way("ipv4", nat.PORT_RESTRICTED), Way("ipv4", nat.PORT_RESTRICTED, WIRELESS)))
_BY_STUN = [stun_options(), stun_options()]
_PATIENTLY = [["--reconnect", "2m", *stun_options()]] * 2


def stories():
    """The cases."""
    yield Case("a cable is pulled during a transfer, beside Wi-Fi", _pulled_cable)
    yield Case("the only cable is pulled during a transfer, for 5 s", _pulled_only_cable)
    yield Case("the NAT reboots, and keeps the port", _same_ports)
    yield Case("the NAT reboots, and takes other ports", _other_ports)
    yield Case("the NAT before a relay's owner reboots", _relay_owner)
    yield Case("from Wi-Fi to cable, where the other side lets anybody in", _roaming_to_open)
    yield Case("from Wi-Fi to cable, with both for a while", _roaming_with_overlap)
    yield Case("from Wi-Fi to cable, by way of relays", _roaming_by_relays)
    yield Case("the TURN server is killed and restarted", _restarted_relay)
    yield Case("both relays die, and a direct path is there", functools.partial(_better_path, dies=True))
    yield Case("a direct path comes up beside a relayed one", functools.partial(_better_path, dies=False))
    yield Case("60 s without any network, in a transfer", _long_outage, is_patient=True)
    yield Case("60 s without an address, in a chat", _long_silence, is_patient=True)


class _Story(Transfer):
    """A transfer that is in full swing when something happens to it."""

    def __init__(self, workshop, world, folder, chosen):
        world.throttle(RATE)
        self.counted = world.count()
        super().__init__(workshop, world, folder, chosen)

    def begin(self, expected):
        """Waits until a part of the file has gone; gives the first path."""
        self.connect(expected)
        self.counted.expect_bytes(1, FILE_SIZE / 5, Deadline(SOON))
        return self.check_path(expected)

    def expect_path(self, expected, limit):
        """Waits until both use a path again; gives the seconds from now until the sender's does."""
        sender = self.programs[0]
        now = sender.age
        seconds = sender.expect("err", ("path: ", "connected again: "), limit, after=now)[1] - now
        self.take_path(expected)
        return seconds


def _transfer(workshop, kinds, chosen, expected, happen):
    """A transfer between two kinds of home to which something happens; `happen` gives a word about it."""
    with (
        proven_world(workshop, *kinds) as (world, folder),
        _Story(workshop, world, folder, chosen) as story,
    ):
        story.begin(expected)
        start = story.programs[0].age
        result = happen(world, story)
        story.finish(UNDISTURBED + RECOVERY)
        return f"{result}, the end {story.programs[0].age - start:.1f} s later"


def _pulled_cable(workshop):
    """Both NATs keep the ports that were learned from STUN: the pair over Wi-Fi was checked before and is warm."""
    port = kind_named("port-restricted")
    reflexive = {Path("ipv4", "srflx", "srflx")}

    def happen(world, story):
        used, spare = _interfaces(world, story)
        world.place("first").take_down(used)
        seconds = story.expect_path(reflexive, SOON)
        assert seconds <= LEAVING, f"the dead path was left after {seconds:.1f} s"
        assert _interfaces(world, story)[0] == spare
        world.place("first").bring_up(used)
        return f"left after {seconds:.1f} s"

    return _transfer(workshop, (_TWO_CABLES, port), _BY_STUN, reflexive, happen)


def _interfaces(world, story):
    """The interface of the first host that its path uses, and the other."""
    outside = story.paths()[0][2]
    uses_cable = outside.startswith(f"{world.PUBLIC[0]}.2:")
    return (CABLE, WIRELESS) if uses_cable else (WIRELESS, CABLE)


def _pulled_only_cable(workshop):
    """Nobody can send; then all is as before, the mapping of the NAT too."""
    port = kind_named("port-restricted")

    def happen(world, story):
        first = world.place("first")
        first.take_down(CABLE)
        _let_pass(story, 5)
        first.bring_up(CABLE)
        return "back after 5 s"

    return _transfer(workshop, (port, port), _BY_STUN, best_paths(port, port), happen)


def _let_pass(meeting, seconds):
    """Lets time pass, and takes what the two say meanwhile."""
    deadline = Deadline(seconds)
    while deadline.left:
        for program in meeting.programs:
            program.pump(0.02)


def _same_ports(workshop):
    """The next datagram of the sender makes the mapping that was there before, since the port is free."""
    port = kind_named("port-restricted")

    def happen(world, story):
        world.router(0).restart_nat()
        return "rebooted"

    return _transfer(workshop, (port, port), _BY_STUN, best_paths(port, port), happen)


def _other_ports(workshop):
    """The sender comes from a port that nobody knows. The other side lets him in: his checks make him known."""
    symmetric, cone = kind_named("symmetric"), kind_named("full-cone")
    expected = best_paths(symmetric, cone)

    def happen(world, story):
        world.router(0).restart_nat()
        return f"found again after {story.expect_path(expected, RECOVERY):.1f} s"

    return _transfer(workshop, (symmetric, cone), _BY_STUN, expected, happen)


def _relay_owner(workshop):
    """The server does not know the sender at his new port: his relay is lost, whatever he sends to it.

    The other side's relay lets him in, from any port of his address (RFC 8656 §9).
    """
    symmetric = kind_named("symmetric")

    def happen(world, story):
        world.router(0).restart_nat()
        return "rebooted"

    return _transfer(
        workshop, (symmetric, symmetric), [options(0), options(1)], best_paths(symmetric, symmetric), happen
    )


def _roam(workshop, second, chosen, overlap, after):
    """The first host goes from Wi-Fi to cable during a transfer, `overlap` seconds with both or without any."""
    expected = {Path("ipv4", "srflx", "srflx")}
    with proven_world(workshop, _TWO_CABLES, second) as (world, folder):
        first = world.place("first")
        first.take_down(CABLE)
        with _Story(workshop, world, folder, chosen) as story:
            story.begin(expected)
            if overlap:
                first.bring_up(CABLE)
                _let_pass(story, overlap)
                first.take_down(WIRELESS)
            else:
                first.take_down(WIRELESS)
                first.bring_up(CABLE)
            seconds = story.expect_path(after, RECOVERY)
            assert _interfaces(world, story)[0] == CABLE or not expected & after
            story.finish(UNDISTURBED + RECOVERY)
            return f"found again after {seconds:.1f} s"


def _roaming_to_open(workshop):
    """The other side lets in whoever comes: the checks from the new address make it known.

    That address may be new to the other side, which was not told: it is a peer-reflexive one then (RFC 8445 §7.3.1.3).
    """
    after = {Path("ipv4", "srflx", "srflx"), Path("ipv4", "prflx", "srflx")}
    return _roam(workshop, kind_named("full-cone"), _BY_STUN, 0, after)


def _roaming_with_overlap(workshop):
    """The other side lets in only whom it has sent to: the new address is told while the old one is there."""
    return _roam(workshop, kind_named("port-restricted"), _BY_STUN, 3, {Path("ipv4", "srflx", "srflx")})


def _roaming_by_relays(workshop):
    """The other side does not hear of the new address, nor lets it in; neither does its relay, which was never told to.

    But the new relay is at the address of the old one, to which the other side has sent by way of its own: that one lets it
    in. Over this way the new address is told, and the two have a direct path again.
    """
    return _roam(
        workshop, kind_named("port-restricted"), [options(0), options(1)], 0, {Path("ipv4", "srflx", "srflx")}
    )


def _restarted_relay(workshop):
    """The only path leads over the first peer's relay, which is at another port afterwards: a NAT that asks for addresses
    alone lets it in, and there is nothing that the other side must be told before."""
    restricted = kind_named("address-restricted")
    chosen = [["--policy", "relay", *relay_options(0)], stun_options()]
    expected = {Path("ipv4", RELAY, "srflx")}

    def happen(world, story):
        world.kill_server(0)
        _let_pass(story, 2)
        world.start_server(0)
        return f"a new relay after {story.expect_path(expected, 2 * RECOVERY):.1f} s"

    return _transfer(workshop, (restricted, restricted), chosen, expected, happen)


def _better_path(workshop, dies):
    """At first the Internet carries nothing from home to home, and both keep a relay; then it does.

    The NATs let in whoever comes, at ports that are known: a check from either side is enough.
    """
    cone = kind_named("full-cone")
    direct = best_paths(cone, cone)
    relayed = {Path("ipv4", RELAY, "srflx"), Path("ipv4", "srflx", RELAY)}
    with proven_world(workshop, cone, cone) as (world, folder):
        world.separate(True)
        with _Story(workshop, world, folder, [options(0), options(1)]) as story:
            story.begin(relayed)
            world.separate(False)
            if dies:
                for number in (0, 1):
                    world.kill_server(number)
            seconds = story.expect_path(direct, RECOVERY)
            story.finish(UNDISTURBED + RECOVERY)
            return f"direct after {seconds:.1f} s"


def _long_outage(workshop):
    """Consent ends after 30 s (RFC 7675 §5.1): both begin anew with credentials that nobody has to send, towards the addresses
    that they know. Both NATs keep the ports, and each lets in whom its side sends to."""
    port = kind_named("port-restricted")
    expected = best_paths(port, port)

    def happen(world, story):
        world.swallow(True)
        _let_pass(story, 60)
        world.swallow(False)
        return f"found again after {story.expect_path(expected, RECOVERY):.1f} s"

    return _transfer(workshop, (port, port), _PATIENTLY, expected, happen)


def _long_silence(workshop):
    """One host has no address for a minute, while both write: each line arrives once, in its place."""
    port = kind_named("port-restricted")
    expected = best_paths(port, port)
    with proven_world(workshop, port, port) as (world, folder):
        with chat(workshop, world, folder, _PATIENTLY) as meeting:
            meeting.connect(expected)
            meeting.say_a_line_each_way()
            first = world.place("first")
            first.take_down(CABLE)
            for part in range(4):
                for number, program in enumerate(meeting.programs):
                    program.write(f"line {part} of number {number}\n")
                _let_pass(meeting, 15)
            first.bring_up(CABLE)
            for number in (0, 1):
                meeting.programs[1 - number].expect("out", f"line 3 of number {number}", SOON + RECOVERY)
            meeting.end()
            for number in (0, 1):
                said = [f"this is number {number}", *(f"line {part} of number {number}" for part in range(4))]
                heard = [line for stream, _, line in meeting.programs[1 - number].lines if stream == "out"]
                assert heard == said, f"heard {heard}, not {said}"
    return "each line arrived once"
