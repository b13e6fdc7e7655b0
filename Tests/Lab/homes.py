# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Descriptions of worlds: hosts, routers in front of them, and the kinds of home that are paired with each other."""

import dataclasses

import nat


@dataclasses.dataclass(frozen=True)
class Host:
    """A machine; without a router above it, it has a public IPv4 address and no firewall."""

    name: str


@dataclasses.dataclass(frozen=True)
class Router:
    """A router and what hangs below it, in one network."""

    below: tuple
    # What it does with IPv4 towards the outside; None: it has no IPv4.
    ipv4: nat.Behaviour | None = None
    # Whether it hands out IPv6, behind a firewall.
    has_ipv6: bool = False
    # Whether what hangs below reaches what hangs beside it by its address outside (RFC 4787 §6).
    hairpins: bool = False
    # Whether what hangs below cannot reach what hangs beside it within the network, as guests of a wireless network.
    isolates: bool = False
    # The network inside, without its last number.
    network: str = "192.168.1"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of home, and what the way between a host in it and the Internet does with UDP; None: there is no such way."""

    name: str
    ipv4: nat.Behaviour | None = None
    ipv6: nat.Behaviour | None = None
    has_carrier: bool = False

    def home(self, host):
        """What stands in a home of this kind with one host."""
        if self.ipv4 == nat.OPEN:
            return Host(host)
        router = Router((Host(host),), ipv4=self.ipv4, has_ipv6=self.ipv6 is not None)
        return carrier(router) if self.has_carrier else router


def carrier(*routers, hairpins=False):
    """A carrier-grade NAT (RFC 6888) with several homes behind it, which do not see each other within its network."""
    return Router(routers, ipv4=nat.PORT_RESTRICTED, hairpins=hairpins, isolates=True, network="100.64.0")


KINDS = (
    Kind("none", nat.OPEN),
    Kind("full-cone", nat.FULL_CONE),
    Kind("address-restricted", nat.ADDRESS_RESTRICTED),
    Kind("port-restricted", nat.PORT_RESTRICTED),
    Kind("symmetric", nat.SYMMETRIC),
    # Two in a row map like the worse of both, and filter like the stricter.
    Kind("carrier-grade", nat.PORT_RESTRICTED, has_carrier=True),
    Kind("blocked", nat.BLOCKED),
    Kind("ipv6-only", None, nat.FIREWALL),
    Kind("dual-stack", nat.PORT_RESTRICTED, nat.FIREWALL),
)


def kind_named(name):
    """The kind with a name."""
    return next(kind for kind in KINDS if kind.name == name)
