# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Which paths exist between two homes in theory, and which are the best: the table that icetalk must agree with."""

import dataclasses
import itertools

import nat
from nat import Filtering, Mapping, Streams
from servers import RELAYED_FAMILIES, RELAY_TRANSPORTS

RELAY = "relay"


@dataclasses.dataclass(frozen=True)
class Path:
    """A path between two peers: the family, what each side's candidate is called, and the transport between those."""

    family: str
    first: str
    second: str
    transport: str = "udp"

    @property
    def is_direct(self):
        """Whether nobody relays."""
        return RELAY not in (self.first, self.second)

    def __str__(self):
        way = "" if self.transport == "udp" else f" over {self.transport}"
        return f"{self.family} {self.first}–{self.second}{way}"


def _admits(to, sender):
    """Whether the first check of a sender, to the address that `to` has learned from its STUN server, gets in at `to`.

    That address must be the one from which `to` sends to its peer as well, hence not be the work of an endpoint-dependent
    mapping. Filters that ask for the sender's address are satisfied: `to` has sent checks to the address that the sender
    told. Those that ask for its port are so only if the sender comes from the very port that it told (RFC 4787 §5).
    """
    if to.mapping == Mapping.ENDPOINT_DEPENDENT:
        return False
    if to.filtering == Filtering.ADDRESS_AND_PORT:
        return sender.mapping != Mapping.ENDPOINT_DEPENDENT
    return True


def _connects(first, second):
    """Whether two peers reach each other directly: it is enough that one gets in, for the answers go back the same way."""
    if not first.passes_udp or not second.passes_udp:
        return False
    return _admits(first, second) or _admits(second, first)


def candidate(behaviour):
    """What the candidate is called that a host has behind a NAT (RFC 8445 §4).

    A mapping that depends on the destination is new to both sides when the first check goes through: it was learned from
    the peer.
    """
    return {
        Mapping.NONE: "host",
        Mapping.ENDPOINT_INDEPENDENT: "srflx",
        Mapping.ENDPOINT_DEPENDENT: "prflx",
    }[behaviour.mapping]


def _direct(first, second, family):
    """The direct paths of a family over UDP."""
    return {
        Path(family, candidate(one.behaviour), candidate(other.behaviour))
        for one, other in itertools.product(first.ways, second.ways)
        if one.family == other.family == family and _connects(one.behaviour, other.behaviour)
    }


def _direct_by_stream(first, second):
    """The direct paths over TCP: somebody without NAT and firewall is connected to (RFC 6544 §4.1: the passive candidate).

    The side that connects comes from a port that nobody knew before.
    """
    paths = set()
    for one, other in itertools.product(first.ways, second.ways):
        if one.family == other.family:
            if other.behaviour == nat.OPEN and one.behaviour.streams == Streams.ALL:
                paths.add(Path(one.family, "prflx", "host", "tcp"))
            if one.behaviour == nat.OPEN and other.behaviour.streams == Streams.ALL:
                paths.add(Path(one.family, "host", "prflx", "tcp"))
    return paths


def relay_leg(kind):
    """The best transport by which a home reaches a TURN server: a datagram that is lost holds up no other; TLS is of use
    only where nothing else passes, since what is relayed is encrypted already. None: it reaches none."""
    behaviours = [way.behaviour for way in kind.ways]
    reach = {
        "udp": any(behaviour.passes_udp for behaviour in behaviours),
        "tcp": any(behaviour.streams == Streams.ALL for behaviour in behaviours),
        "tls": True,
    }
    return next((transport for transport in RELAY_TRANSPORTS if reach[transport]), None)


def _by_relay_of(owner, other):
    """The (family, candidate of the other) of paths from a relay of the owner straight to the other.

    A relay maps like no NAT at all, and admits whom its owner has sent checks to, whatever port he comes from: so
    everybody reaches it who can send UDP in its family. In which family the owner reaches the server does not matter.
    """
    if relay_leg(owner) is None:
        return set()
    return {
        (way.family, candidate(way.behaviour))
        for way in other.ways
        if way.behaviour.passes_udp and way.family in RELAYED_FAMILIES
    }


def _relayed(first, second):
    """The paths over one relay, or if there is none, over two."""
    by_one = {Path(family, RELAY, name) for family, name in _by_relay_of(first, second)}
    by_one |= {Path(family, name, RELAY) for family, name in _by_relay_of(second, first)}
    if by_one or relay_leg(first) is None or relay_leg(second) is None:
        return by_one
    return {Path(family, RELAY, RELAY) for family in RELAYED_FAMILIES}


def best_paths(first, second, has_relays=True):
    """The best paths between homes of two kinds, as `first` sees them, each as good as the others; none: there is no path.

    IPv6 comes first (RFC 8421), and is better anyway: there, the hosts' own addresses are what the peer sees. TCP serves
    where UDP does not (RFC 6544 §4.2). A direct path is better than a relayed one (RFC 8445 §5.1.2.2), and one relay better
    than two.
    """
    for family in ("ipv6", "ipv4"):
        if direct := _direct(first, second, family):
            return direct
    if by_stream := _direct_by_stream(first, second):
        return by_stream
    return _relayed(first, second) if has_relays else set()


def needs_stream(first, second):
    """Whether a relay that is reached by TCP or TLS is the only way."""
    return not best_paths(first, second, has_relays=False) and {relay_leg(first), relay_leg(second)} != {"udp"}
