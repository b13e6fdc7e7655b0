# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""What can go wrong on the way: the rules of an Internet, and of homes, that lose and refuse.

Packets are lost where they arrive: a sender that saw them dropped would take it for an error.
"""

import socket
import struct

from namespace import Namespace

# What was there before is replaced.
_TABLE = """
table inet {name} {{ }}
delete table inet {name}
table inet {name} {{
    chain prerouting {{
        type filter hook prerouting priority raw; policy accept;
        {rules}
    }}
    chain forward {{
        type filter hook forward priority filter; policy accept;
        {forward_rules}
    }}
}}
"""


def _table(name, rules="", forward_rules=""):
    return _TABLE.format(name=name, rules=rules, forward_rules=forward_rules)


def ipv6_hole():
    """The rules of an Internet that swallows the IPv6 of all homes."""
    neighbours = "nd-neighbor-solicit, nd-neighbor-advert"
    return _table("hole", f"""
        iifname "home*" icmpv6 type {{ {neighbours} }} accept
        iifname "home*" meta nfproto ipv6 drop""")


def loss(percent):
    """The rules of an Internet that loses some of the UDP datagrams that homes send."""
    return _table("loss", f'iifname "home*" meta l4proto udp numgen random mod 100 < {percent} drop')


def loss_from_servers(percent, servers):
    """The rules of a home that loses some of the UDP datagrams that servers send."""
    sources = (f"{'ip6' if ':' in server else 'ip'} saddr {server}" for server in servers)
    return _table("loss", "\n".join(f"{source} meta l4proto udp numgen random mod 100 < {percent} drop" for source in sources))


def separation(is_separated):
    """The rules of an Internet in which homes reach servers, but perhaps not each other."""
    return _table("separation", forward_rules='iifname "home*" oifname "home*" drop' if is_separated else "")


def outage(is_out):
    """The rules of an Internet that perhaps swallows everything."""
    return _table("outage", 'iifname "home*" drop' if is_out else "")


# Of <linux/netlink.h> and <linux/netfilter/nfnetlink_conntrack.h>.
_DELETE_CONNECTIONS = 1 << 8 | 2
_REQUEST, _ACKNOWLEDGE, _ERROR = 1, 4, 2
_NETFILTER = 12


def forget_connections(namespace: Namespace):
    """Has a router forget all connections that it knows, as when it is restarted."""
    with namespace.inside():
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER)
    with netlink:
        netlink.settimeout(10)
        netlink.send(struct.pack("=IHHIIBBH", 20, _DELETE_CONNECTIONS, _REQUEST | _ACKNOWLEDGE, 1, 0, 0, 0, 0))
        answer = netlink.recv(4096)
    kind, number = struct.unpack_from("=H", answer, 4)[0], struct.unpack_from("=i", answer, 16)[0]
    if kind != _ERROR or number != 0:
        raise OSError(-number, "connections are not forgotten")
