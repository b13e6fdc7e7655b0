# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Finds out what a way between a host and the Internet does, without waiting: behind each packet that may be dropped goes another
that is not, on the same way, and cables keep the order."""

import contextlib
import socket

from nat import BLOCKED, HTTPS_ONLY, Behaviour, Filtering, Mapping
from servers import SERVERS, TLS_PORT

PATIENCE = 10


class _Sockets(contextlib.ExitStack):
    """Sockets of one probe, each with a name that it sends to prove who it is."""

    def open(self, namespace, address):
        """A UDP socket."""
        opened = self.enter_context(namespace.udp_socket(address))
        opened.settimeout(PATIENCE)
        return opened


def behaviour(internet, host, source):
    """What the way from an address of a host to the Internet does."""
    family = int(":" in source)
    first, second = (server[family] for server in SERVERS)
    with _Sockets() as sockets:
        inside = sockets.open(host, source)
        main, other_port, other_address = (sockets.open(internet, address) for address in (first, first, second))
        inside.sendto(b"out", main.getsockname()[:2])
        passes_streams = _passes_streams(internet, host, source, first)
        if not _has_arrived(main):
            return BLOCKED if passes_streams else HTTPS_ONLY
        assert passes_streams, "UDP passes and TCP does not"
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
    return Behaviour(_mapping(mapped[0] != source, seen), _filtering(admitted))


def _mapping(is_translated, seen):
    if len(seen) > 1:
        return Mapping.ENDPOINT_DEPENDENT
    return Mapping.ENDPOINT_INDEPENDENT if is_translated else Mapping.NONE


def _filtering(admitted):
    if b"address" in admitted:
        return Filtering.NONE
    return Filtering.ADDRESS if b"port" in admitted else Filtering.ADDRESS_AND_PORT


def _passes_streams(internet, host, source, address):
    """Whether a TCP connection to any port gets through; one to a server's port for TLS does in every network here."""
    with internet.tcp_socket(address) as listener, host.tcp_socket(source) as client, host.tcp_socket(source) as web:
        listener.bind((address, 0))
        listener.listen()
        listener.setblocking(False)
        for connecting in (client, web):
            connecting.bind((source, 0))
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            client.connect(listener.getsockname()[:2])
        web.settimeout(PATIENCE)
        web.connect((address, TLS_PORT))
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return False
    return True


def _has_arrived(outside):
    """Whether a datagram came that was sent before a TCP connection was made."""
    outside.setblocking(False)
    try:
        outside.recv(99, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    outside.settimeout(PATIENCE)
    return True


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
