# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""What is tried in the lab: every pair of kinds of home, and stories."""

import contextlib
import dataclasses
import itertools
import os
import pathlib
import random
import tempfile
import threading
from collections.abc import Callable

import nat
import probe
import theory
from homes import KINDS, Host, Router, carrier, kind_named
from meeting import SOON, Meeting
from servers import SERVERS, stun_options
from theory import Path
from world import World

FILE_SIZE = 10_000_000
CHATS = (["chat", "--plain"], ["chat", "--plain"])

# Worlds are built a few at a time, so that those who talk in others are not slowed down.
_builders = threading.BoundedSemaphore(os.cpu_count() or 1)


@dataclasses.dataclass(frozen=True)
class Case:
    """Something to try; `body` gives a word about the result, or fails."""

    title: str
    body: Callable
    # Whether it takes long and does little, because it waits for a path that does not exist.
    is_patient: bool = False


@contextlib.contextmanager
def _world(workshop, *homes, **circumstances):
    """A world and a folder for what happens in it."""
    with contextlib.ExitStack() as resources:
        folder = resources.enter_context(tempfile.TemporaryDirectory(dir=workshop.folder))
        with _builders:
            world = resources.enter_context(World(workshop, *homes, **circumstances))
        yield world, folder


def _prove(world, kinds):
    """Fails if the way to a host is not what its kind says."""
    for namespace, kind in zip(world.hosts.values(), kinds, strict=True):
        for family, expected in enumerate((kind.ipv4, kind.ipv6)):
            if expected is not None:
                found = probe.behaviour(world.internet, namespace, family)
                assert found == expected, f"the lab is wrong: {kind.name} shows {found}, not {expected}"


def _talk(workshop, world, folder, expected, options=None):
    """Has two peers chat, and then move a file; gives the seconds that connecting took."""
    options = options or [stun_options()] * 2
    if expected is None:
        with Meeting(workshop, world, _sub(folder, "chat"), CHATS, options) as chat:
            chat.find_no_path()
        return "no path, and says so"
    with Meeting(workshop, world, _sub(folder, "chat"), CHATS, options) as chat:
        seconds = chat.connect(expected)
        chat.say_a_line_each_way()
        chat.end()
        chat.check_path(expected)
    _move_a_file(workshop, world, folder, expected, options)
    return f"{expected} in {seconds:.2f} s"


def _sub(folder, name):
    path = os.path.join(folder, name)
    os.mkdir(path)
    return path


def _move_a_file(workshop, world, folder, expected, options):
    content = random.Random(folder).randbytes(FILE_SIZE)
    source, target = pathlib.Path(folder, "moved"), pathlib.Path(_sub(folder, "target"))
    source.write_bytes(content)
    commands = (["send", str(source)], ["receive", "--yes", "--out", str(target)])
    with Meeting(workshop, world, _sub(folder, "transfer"), commands, options) as transfer:
        transfer.expect_status(0)
        transfer.check_path(expected)
    assert (target / "moved").read_bytes() == content, "the file has changed on its way"


def _pair(first, second):
    """The case of two homes."""
    expected = theory.best_path(first, second)

    def body(workshop):
        with _world(workshop, first.home("first"), second.home("second")) as (world, folder):
            _prove(world, (first, second))
            return _talk(workshop, world, folder, expected)

    return Case(f"{first.name} × {second.name}", body, expected is None)


def _neighbours(title, home, kind, hairpins, expected):
    """The case of two hosts in one home, of which the kind is proven and whether they reach each other by way of outside."""

    def body(workshop):
        with _world(workshop, home) as (world, folder):
            _prove(world, (kind, kind))
            found = probe.hairpins(world.internet, *world.hosts.values())
            assert found == hairpins, f"the lab is wrong: the NAT {'hairpins' if found else 'does not hairpin'}"
            return _talk(workshop, world, folder, expected)

    return Case(title, body, expected is None)


def _neighbourhoods():
    """Two peers behind one NAT."""
    port_restricted = kind_named("port-restricted")
    symmetric = kind_named("symmetric")
    hosts = (Host("first"), Host("second"))
    homes = [Router((host,), ipv4=nat.PORT_RESTRICTED) for host in hosts]
    # In one network, link-local addresses serve where there are no others of IPv6.
    by_host, by_outside = Path("ipv6", "host", "host"), Path("ipv4", "srflx", "srflx")
    for hairpins in (False, True):
        how = "with hairpinning" if hairpins else "without hairpinning"
        lan = Router(hosts, ipv4=nat.PORT_RESTRICTED, hairpins=hairpins)
        guests = dataclasses.replace(lan, isolates=True)
        expected = by_outside if hairpins else None
        yield _neighbours(f"one network, NAT {how}", lan, port_restricted, hairpins, by_host)
        yield _neighbours(f"guests of one NAT {how}", guests, port_restricted, hairpins, expected)
        yield _neighbours(f"one carrier {how}", carrier(*homes, hairpins=hairpins), port_restricted, hairpins, expected)
    yield _neighbours("one network, symmetric NAT", Router(hosts, ipv4=nat.SYMMETRIC), symmetric, False, by_host)


def _broken_ipv6(workshop):
    """Both have IPv6 addresses, with which nothing works."""
    dual = kind_named("dual-stack")
    ipv4_only = dataclasses.replace(dual, ipv6=None)
    with _world(workshop, dual.home("first"), dual.home("second"), ipv6_works=False) as (world, folder):
        _prove(world, (ipv4_only, ipv4_only))
        return _talk(workshop, world, folder, theory.best_path(ipv4_only, ipv4_only))


def _loss(workshop):
    """A fifth of all datagrams is lost in either direction, also on the way to the servers."""
    port_restricted = kind_named("port-restricted")
    with _world(workshop, port_restricted.home("first"), port_restricted.home("second")) as (world, folder):
        _prove(world, (port_restricted, port_restricted))
        world.lose(20)
        with Meeting(workshop, world, _sub(folder, "chat"), CHATS, [stun_options()] * 2) as chat:
            seconds = chat.connect(theory.best_path(port_restricted, port_restricted), limit=SOON)
            chat.say_a_line_each_way()
            chat.end()
    return f"connected in {seconds:.2f} s"


def _with_servers(title, kinds, options, expected):
    """A case in which the servers are not those that they should be: `options` gets the port of a silent one."""

    def body(workshop):
        with _world(workshop, kinds[0].home("first"), kinds[1].home("second")) as (world, folder):
            _prove(world, kinds)
            with world.internet.udp_socket(SERVERS[0][0]) as silent:
                chosen = [list(options(f"{SERVERS[0][0]}:{silent.getsockname()[1]}"))] * 2
                with Meeting(workshop, world, _sub(folder, "gathering"), CHATS, chosen) as chat:
                    seconds = chat.exchange()
                    assert seconds < GATHERING, f"the line came after {seconds:.1f} s"
                return f"{_talk(workshop, world, folder, expected, chosen)}, the lines after {seconds:.2f} s"

    return Case(title, body)


# A server that does not answer is given up after 2 s; an answer could come for 39.5 s.
GATHERING = 3.5


def _servers():
    """Servers that do not do what they should."""
    none, cone, port = kind_named("none"), kind_named("full-cone"), kind_named("port-restricted")
    # Nobody listens at this port.
    closed = f"{SERVERS[1][0]}:1"
    reflexive, learned = Path("ipv4", "srflx", "srflx"), Path("ipv4", "host", "prflx")
    yield _with_servers(
        "a STUN server never answers", (port, port), lambda silent: ["--stun", silent, *stun_options()], reflexive
    )
    yield _with_servers(
        "a STUN server is down", (port, cone), lambda _: ["--stun", closed, *stun_options()], reflexive
    )
    yield _with_servers("all STUN servers are silent", (none, port), lambda silent: ["--stun", silent], learned)
    yield _with_servers("all STUN servers are down", (none, port), lambda _: ["--stun", closed], learned)
    yield _with_servers("no STUN server", (none, cone), lambda _: ["--stun", "none"], learned)


def all_cases(both_orders):
    """Every case, those that take longest first."""
    choose = itertools.product(KINDS, repeat=2) if both_orders else itertools.combinations_with_replacement(KINDS, 2)
    cases = [_pair(first, second) for first, second in choose]
    cases += [*_neighbourhoods(), Case("IPv6 is there but broken", _broken_ipv6), Case("loss of 20 %", _loss)]
    cases += _servers()
    return sorted(cases, key=lambda case: not case.is_patient)
