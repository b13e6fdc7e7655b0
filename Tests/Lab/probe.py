# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Finds out what the way between a host and the Internet does with UDP, without waiting: behind each datagram that may be
dropped goes another that is not, on the same way, and cables keep the order."""

import contextlib
import socket

from nat import BLOCKED, Behaviour, Filtering, Mapping
from servers import SERVERS

PATIENCE = 10


class _Sockets(contextlib.ExitStack):
    """Sockets of one probe, each with a name that it sends to prove who it is."""

    def open(self, namespace, address):
        """A UDP socket."""
        opened = self.enter_context(namespace.udp_socket(address))
        opened.settimeout(PATIENCE)
        return opened


def behaviour(internet, host, family):
    """What the way from a host to the Internet does with UDP of a family: 0 for IPv4, 1 for IPv6."""
    first, second = (server[family] for server in SERVERS)
    with _Sockets() as sockets:
        inside = sockets.open(host, "::" if family else "0.0.0.0")
        main, other_port, other_address = (sockets.open(internet, address) for address in (first, first, second))
        inside.sendto(b"out", main.getsockname()[:2])
        if not _has_arrived(main, internet, host, first):
            return BLOCKED
        mapped = main.recvfrom(99)[1][:2]
        for outside, word in ((other_address, b"address"), (other_port, b"port"), (main, b"same")):
            outside.sendto(word, mapped)
        admitted = set()
        while b"same" not in admitted:
            admitted.add(inside.recv(99))
        seen = {mapped}
        # What came unasked just now must not have moved the mapping either.
        for outside in (other_port, other_address):
            inside.sendto(b"out", outside.getsockname()[:2])
            seen.add(outside.recvfrom(99)[1][:2])
        is_translated = mapped[0] not in _addresses(host, first)
    return Behaviour(_mapping(is_translated, seen), _filtering(admitted))


def _mapping(is_translated, seen):
    if len(seen) > 1:
        return Mapping.ENDPOINT_DEPENDENT
    return Mapping.ENDPOINT_INDEPENDENT if is_translated else Mapping.NONE


def _filtering(admitted):
    if b"address" in admitted:
        return Filtering.NONE
    return Filtering.ADDRESS if b"port" in admitted else Filtering.ADDRESS_AND_PORT


def _has_arrived(outside, internet, host, address):
    """Whether a datagram came that was sent before a TCP connection, which every network here allows."""
    with internet.tcp_socket(address) as listener, host.tcp_socket(address) as client:
        listener.bind((address, 0))
        listener.listen()
        client.settimeout(PATIENCE)
        client.connect(listener.getsockname()[:2])
    outside.setblocking(False)
    try:
        outside.recv(99, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    outside.settimeout(PATIENCE)
    return True


def _addresses(host, destination):
    """The address with which a host sends to another."""
    with host.udp_socket("::" if ":" in destination else "0.0.0.0") as asking:
        asking.connect((destination, 9))
        return {asking.getsockname()[0]}


def hairpins(internet, sender, receiver):
    """Whether a host reaches another, behind the same NAT, by the address that the other has outside."""
    with _Sockets() as sockets:
        inside, target = sockets.open(sender, "0.0.0.0"), sockets.open(receiver, "0.0.0.0")
        outside = sockets.open(internet, SERVERS[0][0])
        inside.sendto(b"out", outside.getsockname())
        sender_outside = outside.recvfrom(99)[1]
        target.sendto(b"out", outside.getsockname())
        mapped = outside.recvfrom(99)[1]
        # This opens the filter of a NAT before the receiver.
        target.sendto(b"open", sender_outside)
        inside.sendto(b"hairpin", mapped)
        inside.sendto(b"out", outside.getsockname())
        outside.recv(99)
        outside.sendto(b"same", mapped)
        return target.recv(99) == b"hairpin"
