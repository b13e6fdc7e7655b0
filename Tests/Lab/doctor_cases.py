# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""What `icetalk doctor` says of networks whose kind is proven."""

import contextlib
import dataclasses
import json
import os
import signal

import nat
from homes import CABLE, KINDS, Host, Router, kind_named
from nat import Filtering, Mapping, Streams
from program import Deadline
from scene import Case, folder_in, prove, standing_world
from servers import PORT, SERVERS, TLS_PORT, relay_options, serve_at

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
    yield Case("doctor: a certificate for another name", _certificate)
    yield Case("doctor: without a network", _unplugged)
    yield Case("doctor: how long a mapping lives", _lifetime, is_patient=True)
    yield Case("doctor: a measurement is interrupted", _interrupted, is_patient=True)


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

        def examine(*options, seconds=_EXAMINING, measuring=None):
            """Runs the doctor; it is interrupted when it has been measuring for some seconds."""
            work = folder_in(folder, f"doctor-{len(os.listdir(folder))}")
            program = workshop.start(
                next(iter(world.hosts.values())), [workshop.icetalk, "doctor", "--json", *options], work
            )
            try:
                if measuring is not None:
                    program.expect("err", "measuring", seconds)
                    _pass(program, measuring)
                    program.signal(signal.SIGINT)
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


def _pass(program, seconds):
    """Lets time pass."""
    deadline = Deadline(seconds)
    while deadline.left and not program.has_ended:
        program.pump(deadline.left)


def _stun(*addresses):
    """The options that name STUN servers."""
    return [word for address in addresses for word in ("--stun", f"[{address}]" if ":" in address else address)]


def _of_kind(kind):
    """The doctor agrees with the lab's probe, and reaches the relay as streams and datagrams do."""

    def body(workshop):
        with _patient(workshop, kind) as (world, examine):
            relay = relay_options(0, ("udp", "tcp", "tls"))
            report = examine(*_stun(_TWO_ADDRESSES[0], _TWO_ADDRESSES[2]), *relay)
            for way in kind.ways:
                address = world.place("first").addresses[way.port, way.family]
                _check_path(report, address, way.behaviour)
                _check_relay(report, way.family, [other for other in kind.ways if other.family == way.family])
            assert report.status == 0 and report.of("verdict", relay=True), "a relay is reached from everywhere"
            # Without a relay, only port 443 is of use where nothing else passes, and there no STUN server is.
            alone = examine(*_stun(_TWO_ADDRESSES[0], _TWO_ADDRESSES[2]))
            passes = any(way.behaviour.streams == Streams.ALL for way in kind.ways)
            assert alone.status == (0 if passes else 3), f"exit status {alone.status}"
        return ", ".join(sorted({path["name"] for path in report.of("udp")}))

    return Case(f"doctor: {kind.name}", body)


def _check_path(report, address, behaviour):
    """Fails if UDP from an address is not said to behave as it does."""
    (path,) = report.of("udp", address=address)
    if not behaviour.passes_udp:
        assert "mapped" not in path and path["direct"] == "none", f"UDP is said to pass: {path}"
        return
    found = path["mapping"], path["filtering"]
    expected = _MAPPINGS[behaviour.mapping], _FILTERINGS[behaviour.filtering]
    assert found == expected, f"{found} at {address}, not {expected}"


def _check_relay(report, family, ways):
    """Fails if the relay is not reached over what passes, or over what does not."""
    passes = {
        "udp": any(way.behaviour.passes_udp for way in ways),
        "tcp": any(way.behaviour.streams == Streams.ALL for way in ways),
        "tls": True,
    }
    for transport, expected in passes.items():
        reached = [event["reached"] for event in report.of("server", kind="turn", transport=transport, family=family)]
        assert any(reached) == expected, f"the relay is {'not ' if expected else ''}reached over {transport}"


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
        relay = f"turn:{SERVERS[0][0]}:{PORT}"
        login = ["--turn", relay, "--turn-user", "lab", "--turn-password"]
        wrong = examine("--stun", closed, "--stun", quiet, "--stun", "nosuch.invalid", *login, "wrong")
        for server, transport, failures in (
            (f"stun:{closed}", "udp", {"refused"}),
            (f"stun:{closed}", "tcp", {"refused"}),
            (f"stun:{quiet}", "udp", {"no answer"}),
            # The lab has no name server either.
            ("stun:nosuch.invalid", "udp", {"no such host", "name server silent"}),
            (relay, "udp", {"wrong credentials"}),
            (relay, "tcp", {"wrong credentials"}),
            (relay, "tls", {"refused"}),
        ):
            (event,) = wrong.of("server", server=server, transport=transport, family="ipv4")
            assert event.get("failure") in failures, event
        assert wrong.status == 3, f"exit status {wrong.status}"
        right = examine("--stun", "none", *login, "lab")
        (relayed,) = right.of("server", kind="turn", family="ipv4", transport="udp")
        assert right.status == 0 and right.of("verdict", relay=True) and relayed["relayed"], right
        return f"exit status {wrong.status}, and {right.status} with the right password"


def _certificate(workshop):
    """A server that its certificate does not name is no relay, unless the certificate is not asked for."""
    with _patient(workshop, kind_named("port-restricted")) as (_, examine):
        relay = ["--turn", f"turns:{_TWO_ADDRESSES[0]}:{TLS_PORT}", "--turn-user", "lab", "--turn-password", "lab"]
        wrong = examine("-4", "--stun", "none", *relay)
        (event,) = wrong.of("server", transport="tls")
        assert wrong.status == 3 and event["failure"] == "bad certificate", event
        assert examine("-4", "--stun", "none", "--turn-insecure", *relay).status == 0, "it is asked for all the same"
        return event["reason"]


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


def _interrupted(workshop):
    """What is known by then is told."""
    with _patient(workshop, kind_named("port-restricted")) as (_, examine):
        report = examine("-4", "--lifetime", *_stun(_TWO_ADDRESSES[0]), measuring=14)
        (lifetime,) = report.of("lifetime")
        assert report.status == 0 and lifetime["at-least"] == 10 and "below" not in lifetime, lifetime
        return f"{lifetime['at-least']} s at least"
