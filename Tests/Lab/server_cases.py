# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Servers of every sort, and servers that do not do what they should."""

import functools

from homes import kind_named
from meeting import CONNECTING, CONNECTING_BY_STREAM, GATHERING
from scene import Case, Transfer, chat, proven_world
from servers import (
    LONG_TERM,
    PORT,
    RELAY_TRANSPORTS,
    REST,
    SERVERS,
    TLS_PORT,
    relay_options,
    stun_options,
    temporary_login,
)
from theory import RELAY, Path

# Of what goes to a relay and on from there two out of five come back, and nothing that is asked too late of the relay.
LOSSY = 60


def server_cases():
    """The cases."""
    for transport in RELAY_TRANSPORTS:
        yield Case(f"temporary passwords, over {transport}", functools.partial(_rest, transport=transport))
        yield Case(f"another server is named, over {transport}", functools.partial(_elsewhere, transport=transport))
    yield Case("nonces of one second", _stale_nonces)
    yield Case("nonces of one second, and 20 % are lost", functools.partial(_stale_nonces, loss=20))
    yield Case("a wrong password", _wrong_password)
    yield Case("a certificate that nobody trusts", _untrusted_certificate)
    yield Case("a certificate that nobody has to trust", _unverified_certificate)
    yield from _useless_stun()


def _by_relay(workshop, chosen, servers, loss=0):
    """Has two move a file over a relay of the first peer alone; gives the transfer and a word about it."""
    kind = kind_named("symmetric")
    chosen = [[*stun_options(), *chosen], stun_options()]
    with proven_world(workshop, kind, kind, servers=servers) as (world, folder):
        world.lose(loss)
        with Transfer(workshop, world, folder, chosen) as transfer:
            transfer.find_path(LOSSY if loss else CONNECTING)
            world.lose(0)
            seconds = transfer.connect({Path("ipv4", RELAY, "prflx")}, LOSSY if loss else CONNECTING)
            transfer.finish()
        return transfer, f"connected in {seconds:.2f} s"


def _rest(workshop, transport):
    """The password is one that a service gives out for a time."""
    chosen = relay_options(0, (transport,), login=temporary_login("ann"))
    return _by_relay(workshop, chosen, (REST, LONG_TERM))[-1]


def _elsewhere(workshop, transport):
    """The first server sends everybody on to the second (ALTERNATE-SERVER, RFC 8489 §10)."""
    option, port = ("--tls-alternate-server", TLS_PORT) if transport == "tls" else ("--alternate-server", PORT)
    elsewhere = (*LONG_TERM, option, f"{SERVERS[1][0]}:{port}")
    transfer, result = _by_relay(workshop, relay_options(0, (transport,)), (elsewhere, LONG_TERM))
    path = transfer.paths()[0]
    assert path[2].startswith(f"{SERVERS[1][0]}:"), f"the relay is {path[2]}"
    return result


def _stale_nonces(workshop, loss=0):
    """The server takes each nonce for a second only (438, RFC 8489 §9.2.4)."""
    return _by_relay(workshop, relay_options(0), ((*LONG_TERM, "--stale-nonce=1"), LONG_TERM), loss)[-1]


def _wrong_password(workshop):
    """Whoever has given it is told; the direct path is not held up."""
    kind = kind_named("full-cone")
    chosen = [[*stun_options(), *relay_options(0, login=("lab", "guess"))], stun_options()]
    with proven_world(workshop, kind, kind) as (world, folder):
        with chat(workshop, world, folder, chosen) as meeting:
            seconds = meeting.connect({Path("ipv4", "srflx", "srflx")})
            complaint = f"the TURN server {SERVERS[0][0]}:{PORT} is of no use: the user name or the password is wrong"
            meeting.programs[0].expect("err", complaint, GATHERING)
            meeting.end()
    return f"is told, and the two connect in {seconds:.2f} s"


_TRUSTS_NOBODY = ("env", "SSL_CERT_FILE=/dev/null")


def _untrusted_certificate(workshop):
    """Whoever asks for a relay over TLS is told; the direct path is not held up."""
    kind = kind_named("full-cone")
    chosen = [[*stun_options(), *relay_options(0, ("tls",))], stun_options()]
    with proven_world(workshop, kind, kind) as (world, folder):
        with chat(workshop, world, folder, chosen, wrapper=_TRUSTS_NOBODY) as meeting:
            seconds = meeting.connect({Path("ipv4", "srflx", "srflx")})
            problem = "over TLS, its certificate is from no authority that this host trusts"
            complaint = f"the TURN server {SERVERS[0][0]}:{TLS_PORT} is of no use: {problem}"
            meeting.programs[0].expect("err", complaint, GATHERING)
            meeting.end()
    return f"is told, and the two connect in {seconds:.2f} s"


def _unverified_certificate(workshop):
    """With --turn-insecure, any will do."""
    first, second = kind_named("https-only"), kind_named("none")
    chosen = [["--turn-insecure", *stun_options(), *relay_options(0, ("tls",))], stun_options()]
    with proven_world(workshop, first, second) as (world, folder):
        with chat(workshop, world, folder, chosen, wrapper=_TRUSTS_NOBODY) as meeting:
            seconds = meeting.connect({Path("ipv4", RELAY, "host")}, CONNECTING_BY_STREAM)
            meeting.say_a_line_each_way()
            meeting.end()
    return f"connected in {seconds:.2f} s"


def _useless_stun():
    none, cone, port = kind_named("none"), kind_named("full-cone"), kind_named("port-restricted")
    # Nobody listens at this port.
    closed = f"{SERVERS[1][0]}:1"
    reflexive, learned = {Path("ipv4", "srflx", "srflx")}, {Path("ipv4", "host", "prflx")}
    yield _with_silent(
        "a STUN server never answers", (port, port), lambda silent: ["--stun", silent, *stun_options()], reflexive
    )
    yield _with_silent("a STUN server is down", (port, cone), lambda _: ["--stun", closed, *stun_options()], reflexive)
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
