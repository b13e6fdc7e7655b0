# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Addresses behind `.local` names, without a browser."""

import contextlib
import json
import socket
import struct

from cases import require
from program import ProgramError

GROUP = ("224.0.0.251", 5353)
HERE = "10.77.0.1"
THERE = "10.77.0.2"

OFFER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:1 1 udp 2113937151 %s.local %d typ host
a=candidate:2 1 udp 2113937151 %s.local %d typ host
a=ice-ufrag:x+3n
a=ice-pwd:/DMTugrWT5xFetKzD4h08zqb
a=fingerprint:sha-256 %s
a=setup:actpass
a=mid:0
a=sctp-port:5000
"""


def strangers(first, second):
    """Two `icetalk chat --manual --mdns` on one network: the lines hold no address, and the path is the direct one."""
    sides = (first, second)
    lines = [event(side, "line")["line"] for side in sides]
    for side, line in zip(sides, reversed(lines)):
        side.write(line)
    for side in sides:
        path = event(side, "connected")
        while path["remote"]["kind"] != "host":
            path = event(side, "path")
        require(path["direct"] and path["local"]["kind"] == "host", f"not the direct path: {path}")


def event(icetalk, name):
    """The next event of a name that the program prints with `--json`."""
    while True:
        found = json.loads(icetalk.read())
        if found["event"] == name:
            return found


def answers_from_the_link(peer):
    """The peer checks the address that the group's port tells it, and none that comes otherwise (RFC 6762 §6, §11)."""
    with contextlib.ExitStack() as stack:
        false, true = (stack.enter_context(udp(0)) for _ in range(2))
        official, other = stack.enter_context(udp(5353)), stack.enter_context(udp(0))
        ports = (false.getsockname()[1], true.getsockname()[1])
        offer = OFFER % ("false", ports[0], "true", ports[1], ":".join(["AB"] * 32))
        peer.tell("answer", sdp=offer.replace("\n", "\r\n"))

        def answer():
            official.sendto(response(b"false"), (THERE, 5353))
            other.sendto(response(b"false"), GROUP)
            official.sendto(response(b"true"), GROUP)

        await_note(peer, 'nameNotFound("false.local")', answer)
        require(true.recv(1500)[4:8] == b"\x21\x12\xa4\x42", "what came is no connectivity check")
        with contextlib.suppress(BlockingIOError):
            false.recv(1500)
            require(False, "an address that did not come from the group was checked")


def await_note(peer, text, body):
    """Does something again and again until the peer notes something."""
    for _ in range(200):
        body()
        with contextlib.suppress(ProgramError):
            return peer.expect("note", timeout=0.05, reason=text)
    raise ProgramError(f"no note {text}; seen: {peer.seen}")


def udp(port):
    """A socket at this end of the cable."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(HERE))
    made.setblocking(False)
    made.bind((HERE, port))
    return made


def response(label):
    """A response that a name under `local` has this address."""
    name = bytes([len(label)]) + label + b"\x05local\x00"
    record = struct.pack("!HHIH", 1, 0x8001, 120, 4) + socket.inet_aton(HERE)
    return struct.pack("!6H", 0, 0x8400, 0, 1, 0, 0) + name + record
