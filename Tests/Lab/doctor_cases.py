# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""What `icetalk doctor` says of networks whose kind is proven."""

import contextlib
import dataclasses
import json
import os

import nat
from homes import CABLE, KINDS, Host, Router, kind_named
from nat import Filtering, Mapping
from scene import Case, folder_in, prove, standing_world
from servers import PORT, SERVERS, serve_at

# A server with two addresses of each family, which answers from either (RFC 5780).
_TWO_ADDRESSES = ("192.0.2.3", "192.0.2.4", "2001:db8:ffff::3", "2001:db8:ffff::4")
# Until the doctor is done.
_EXAMINING = 15
_MAPPINGS = {
    Mapping.NONE: "none",
    Mapping.ENDPOINT_INDEPENDENT: "endpoint-independent",
    Mapping.ENDPOINT_DEPENDENT: "address and port-dependent",
}
_FILTERINGS = {
    Filtering.NONE: "endpoint-independent",
    Filtering.ADDRESS: "address-dependent",
    Filtering.ADDRESS_AND_PORT: "address and port-dependent",
}


def doctor_cases():
    """The cases."""
    for kind in KINDS:
        yield _of_kind(kind)
    for kind, mapping in (("port-restricted", "endpoint-independent"), ("symmetric", "endpoint-dependent")):
        yield _compared(kind_named(kind), mapping)
    for hairpins in (False, True):
        yield _hairpins(hairpins)
    yield Case("doctor: what fails is named", _failures)
    yield Case("doctor: without a network", _unplugged)
    yield Case("doctor: how long a mapping lives", _lifetime, is_patient=True)


@dataclasses.dataclass(frozen=True)
class _Report:
    """What the doctor said: its exit status, and its events by name."""

    status: int
    events: dict

    def of(self, name, **fields):
        """The events of a name that have these fields."""
        return [event for event in self.events.get(name, []) if fields.items() <= event.items()]


@contextlib.contextmanager
def _patient(workshop, kind, home=None):
    """A world with one home of a kind, which is proven, and a way to have its host examined."""
    home = home or kind.home("first")
    with standing_world(workshop, home) as (world, folder), contextlib.ExitStack() as resources:
        prove(world, (kind,))
        for address in _TWO_ADDRESSES:
            world.internet.run("ip", "address", "add", f"{address}/{128 if ':' in address else 32}", "dev", "lo")
        serve_at(workshop, resources, world.internet, _TWO_ADDRESSES)

        def examine(*options, seconds=_EXAMINING):
            work = folder_in(folder, f"doctor-{len(os.listdir(folder))}")
            program = workshop.start(
                next(iter(world.hosts.values())), [workshop.icetalk, "doctor", "--json", *options], work
            )
            try:
                status = program.status(seconds)
            finally:
                program.kill()
            events = {}
            for stream, _, line in program.lines:
                if stream == "out":
                    event = json.loads(line)
                    events.setdefault(event["event"], []).append(event)
            assert "verdict" in events, f"no verdict:\n{program.text}"
            return _Report(status, events)

        yield world, examine


def _stun(*addresses):
    """The options that name STUN servers."""
    return [word for address in addresses for word in ("--stun", f"[{address}]" if ":" in address else address)]


def _of_kind(kind):
    """The doctor agrees with the lab's probe."""

    def body(workshop):
        with _patient(workshop, kind) as (world, examine):
            report = examine(*_stun(_TWO_ADDRESSES[0], _TWO_ADDRESSES[2]))
            for way in kind.ways:
                address = world.place("first").addresses[way.port, way.family]
                (path,) = report.of("udp", address=address)
                if way.behaviour.passes_udp:
                    found = path["mapping"], path["filtering"]
                    expected = _MAPPINGS[way.behaviour.mapping], _FILTERINGS[way.behaviour.filtering]
                    assert found == expected, f"{found} at {address}, not {expected}"
                else:
                    assert "mapped" not in path and path["direct"] == "none", f"UDP is said to pass: {path}"
        passes = any(way.behaviour.passes_udp for way in kind.ways)
        assert report.status == (0 if passes else 3), f"exit status {report.status}"
        return ", ".join(sorted({path["name"] for path in report.of("udp")}))

    return Case(f"doctor: {kind.name}", body)


def _compared(kind, mapping):
    """Two servers with one address each tell the mapping, too."""

    def body(workshop):
        with _patient(workshop, kind) as (_, examine):
            (path,) = examine("-4", *_stun(*(server[0] for server in SERVERS))).of("udp")
            assert (path["mapping"], path["filtering"]) == (mapping, "unknown"), path
            return path["name"]

    return Case(f"doctor: {kind.name}, by two servers", body)


def _hairpins(hairpins):
    kind = kind_named("port-restricted")
    home = Router((Host("first"),), ipv4=nat.PORT_RESTRICTED, hairpins=hairpins)

    def body(workshop):
        with _patient(workshop, kind, home) as (_, examine):
            (path,) = examine("-4", *_stun(_TWO_ADDRESSES[0])).of("udp")
            assert path["hairpins"] == hairpins and path["preserves-ports"], path
            return "so it says"

    return Case(f"doctor: a NAT {'with' if hairpins else 'without'} hairpinning", body)


def _failures(workshop):
    """A wrong password, a closed port, a silent server and a name that does not resolve are told apart."""
    with (
        _patient(workshop, kind_named("dual-stack")) as (world, examine),
        world.internet.udp_socket(SERVERS[0][0]) as silent,
    ):
        closed, quiet = f"{SERVERS[1][0]}:1", f"{SERVERS[0][0]}:{silent.getsockname()[1]}"
        relay = ["--turn", f"turn:{SERVERS[0][0]}:{PORT}", "--turn-user", "lab", "--turn-password"]
        wrong = examine("--stun", closed, "--stun", quiet, "--stun", "nosuch.invalid", *relay, "wrong")
        for server, transport, failures in (
            (closed, "udp", {"refused"}),
            (quiet, "udp", {"no answer"}),
            # The lab has no name server either.
            ("nosuch.invalid", "udp", {"no such host", "name server silent"}),
            (SERVERS[0][0], "udp", {"wrong credentials"}),
        ):
            events = [
                event
                for event in wrong.of("server", transport=transport, family="ipv4")
                if event["server"].removesuffix(f":{PORT}") == server
            ]
            assert [event["failure"] in failures for event in events] == [True], events
        right = examine("--stun", "none", *relay, "lab")
        (relayed,) = right.of("server", kind="turn", family="ipv4", transport="udp")
        assert right.status == 0 and right.of("verdict", relay=True) and relayed["relayed"], right
        return f"exit status {wrong.status}, and {right.status} with the right password"


def _unplugged(workshop):
    """No address, no path, no waiting."""
    with _patient(workshop, kind_named("port-restricted")) as (world, examine):
        world.place("first").take_down(CABLE)
        report = examine(*_stun(_TWO_ADDRESSES[0]))
        assert report.status == 3 and report.of("advice"), report
        return report.of("advice")[0]["text"]


def _lifetime(workshop):
    """A NAT that keeps mappings for 21 s is found to."""
    with _patient(workshop, kind_named("port-restricted")) as (world, examine):
        for parameter in ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"):
            world.router(0).namespace.set(f"net/netfilter/{parameter}", 21)
        report = examine("-4", "--lifetime", *_stun(_TWO_ADDRESSES[0]), seconds=60)
        (lifetime,) = report.of("lifetime")
        assert (lifetime["at-least"], lifetime["below"]) == (18, 25), lifetime
        return f"between {lifetime['at-least']} and {lifetime['below']} s"
