# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Descriptions of worlds: hosts, routers in front of them, and the kinds of home that are paired with each other."""

import dataclasses

import nat

# The interfaces of a host; the first one that it has gets what asks for no other.
CABLE, WIRELESS = "eth0", "wlan0"


@dataclasses.dataclass(frozen=True)
class Host:
    """A machine; without a router above it, it has a public IPv4 address and no firewall.

    One that hangs below two routers has an interface towards each.
    """

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
class Way:
    """A way between a host and the Internet: the family, what happens on it, and the host's interface."""

    family: str
    behaviour: nat.Behaviour
    port: str = CABLE


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of home, and all ways between a host in it and the Internet."""

    name: str
    ways: tuple
    has_carrier: bool = False

    def home(self, host):
        """What stands in a home of this kind with one host: one thing for each interface of the host."""
        ports = dict.fromkeys(way.port for way in self.ways)
        return tuple(self._uplink(Host(host), port, f"192.168.{1 + index}") for index, port in enumerate(ports))

    def _uplink(self, host, port, network):
        behaviours = {way.family: way.behaviour for way in self.ways if way.port == port}
        if behaviours.get("ipv4") == nat.OPEN:
            return host
        router = Router((host,), behaviours.get("ipv4"), has_ipv6="ipv6" in behaviours, network=network)
        return carrier(router) if self.has_carrier else router


def carrier(*routers, hairpins=False):
    """A carrier-grade NAT (RFC 6888) with several homes behind it, which do not see each other within its network."""
    return Router(routers, ipv4=nat.PORT_RESTRICTED, hairpins=hairpins, isolates=True, network="100.64.0")


def _only_ipv4(name, behaviour, **more):
    return Kind(name, (Way("ipv4", behaviour),), **more)


KINDS = (
    _only_ipv4("none", nat.OPEN),
    _only_ipv4("full-cone", nat.FULL_CONE),
    _only_ipv4("address-restricted", nat.ADDRESS_RESTRICTED),
    _only_ipv4("port-restricted", nat.PORT_RESTRICTED),
    _only_ipv4("symmetric", nat.SYMMETRIC),
    # Two in a row map like the worse of both, and filter like the stricter.
    _only_ipv4("carrier-grade", nat.PORT_RESTRICTED, has_carrier=True),
    _only_ipv4("blocked", nat.BLOCKED),
    _only_ipv4("https-only", nat.HTTPS_ONLY),
    Kind("ipv6-only", (Way("ipv6", nat.FIREWALL),)),
    Kind("dual-stack", (Way("ipv4", nat.PORT_RESTRICTED), Way("ipv6", nat.FIREWALL))),
    # What is preferred is the worse one: it must be noticed that the other does more.
    Kind("two-interfaces", (Way("ipv4", nat.SYMMETRIC), Way("ipv4", nat.PORT_RESTRICTED, WIRELESS))),
)


def kind_named(name):
    """The kind with a name."""
    return next(kind for kind in KINDS if kind.name == name)
