# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Which paths exist between two homes in theory, and which is the best: the table that icetalk must agree with."""

import dataclasses

import nat
from nat import Filtering, Mapping


@dataclasses.dataclass(frozen=True)
class Path:
    """A path between two peers: the family, and what each side's candidate is called."""

    family: str
    first: str
    second: str

    def __str__(self):
        return f"{self.family} {self.first}–{self.second}"


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


def connects(first, second):
    """Whether two peers reach each other directly: it is enough that one gets in, for the answers go back the same way."""
    if nat.BLOCKED in (first, second):
        return False
    return _admits(first, second) or _admits(second, first)


def kind(behaviour):
    """What the candidate is called that a host has behind a NAT (RFC 8445 §4).

    A mapping that depends on the destination is new to both sides when the first check goes through: it was learned from
    the peer.
    """
    return {
        Mapping.NONE: "host",
        Mapping.ENDPOINT_INDEPENDENT: "srflx",
        Mapping.ENDPOINT_DEPENDENT: "prflx",
    }[behaviour.mapping]


def best_path(first, second):
    """The best path between homes of two kinds, as `first` sees it; None: there is none without a relay.

    IPv6 comes first (RFC 8421), and is better anyway: there, the hosts' own addresses are what the peer sees.
    """
    for family in ("ipv6", "ipv4"):
        ways = getattr(first, family), getattr(second, family)
        if None not in ways and connects(*ways):
            return Path(family, kind(ways[0]), kind(ways[1]))
    return None
