# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""The routers of the lab: what each kind does with UDP (in the words of RFC 4787), and the nftables rules that make it."""

import dataclasses
import enum


class Mapping(enum.Enum):
    """Whether one inner port looks alike to all the world (RFC 4787 §4.1)."""

    NONE = "no translation"
    ENDPOINT_INDEPENDENT = "endpoint-independent mapping"
    ENDPOINT_DEPENDENT = "address and port-dependent mapping"


class Filtering(enum.Enum):
    """Who may answer through a mapping (RFC 4787 §5)."""

    NONE = "endpoint-independent filtering"
    ADDRESS = "address-dependent filtering"
    ADDRESS_AND_PORT = "address and port-dependent filtering"
    ALL = "nothing passes"


class Streams(enum.Enum):
    """Which TCP connections may be made to the outside."""

    ALL = "TCP to any port"
    HTTPS = "TCP to port 443 alone"


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """What the way between a host and the Internet does with UDP, and which streams it lets out."""

    mapping: Mapping
    filtering: Filtering
    streams: Streams = Streams.ALL

    @property
    def passes_udp(self):
        """Whether UDP comes through at all."""
        return self.filtering != Filtering.ALL

    def __str__(self):
        return f"{self.mapping.value}, {self.filtering.value}, {self.streams.value}"


OPEN = Behaviour(Mapping.NONE, Filtering.NONE)
FIREWALL = Behaviour(Mapping.NONE, Filtering.ADDRESS_AND_PORT)
FULL_CONE = Behaviour(Mapping.ENDPOINT_INDEPENDENT, Filtering.NONE)
ADDRESS_RESTRICTED = Behaviour(Mapping.ENDPOINT_INDEPENDENT, Filtering.ADDRESS)
PORT_RESTRICTED = Behaviour(Mapping.ENDPOINT_INDEPENDENT, Filtering.ADDRESS_AND_PORT)
SYMMETRIC = Behaviour(Mapping.ENDPOINT_DEPENDENT, Filtering.ADDRESS_AND_PORT)
BLOCKED = Behaviour(Mapping.NONE, Filtering.ALL)
HTTPS_ONLY = Behaviour(Mapping.NONE, Filtering.ALL, Streams.HTTPS)

# What makes a NAT more open than conntrack, which alone is address and port-restricted.
_ADMISSIONS = {
    FULL_CONE: "iifname wan meta l4proto udp dnat to udp dport map @owner",
    ADDRESS_RESTRICTED: "iifname wan udp dport . ip saddr @heard dnat to udp dport map @owner",
}

# What a router keeps inside.
_BLOCKADES = {
    BLOCKED: "meta l4proto udp drop",
    HTTPS_ONLY: "meta l4proto udp drop; iifname lan tcp dport != 443 drop",
}

# Input is dropped: were it accepted, an early check from outside would leave an entry in conntrack, and `masquerade` would
# move the inner host, which sends a moment later, to another port: a symmetric NAT that nobody wanted.
_IPV4 = """
table ip nat {{
    map owner {{ type inet_service : ipv4_addr; size 65535; flags dynamic; }}
    set heard {{ type inet_service . ipv4_addr; size 65535; flags dynamic; }}
    chain input {{
        type filter hook input priority filter; policy drop;
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
        {blockade}
        oifname wan meta l4proto udp update @owner {{ udp sport : ip saddr }} update @heard {{ udp sport . ip daddr }}
        iifname lan accept
        ct state established,related accept
        ct status dnat accept
    }}
    chain prerouting {{
        type nat hook prerouting priority dstnat;
        {admission}
        {hairpin}
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat;
        oifname wan masquerade {choice}
        iifname lan oifname lan ct status dnat snat to {outside}
    }}
}}
"""

_IPV6 = """
table ip6 firewall {
    chain forward {
        type filter hook forward priority filter; policy drop;
        iifname lan accept
        meta l4proto ipv6-icmp accept
        ct state established,related accept
    }
}
"""

def ipv4_rules(behaviour, outside, hairpins):
    """The rules of a NAT between the interfaces `lan` and `wan`, of which `outside` is the address."""
    return _IPV4.format(
        blockade=_BLOCKADES.get(behaviour, ""),
        admission=_ADMISSIONS.get(behaviour, ""),
        hairpin=f"iifname lan ip daddr {outside} meta l4proto udp dnat to udp dport map @owner" if hairpins else "",
        choice="fully-random" if behaviour == SYMMETRIC else "",
        outside=outside,
    )


def ipv6_rules():
    """The rules of a home router that lets nothing in that was not asked for (RFC 6092)."""
    return _IPV6
