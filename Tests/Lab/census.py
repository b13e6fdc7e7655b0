# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Counts in the Internet what each home exchanges with it, by the way that it takes: the truth about a path, whatever icetalk says
of it."""

import json
import time

# To a server's port for STUN and TURN, and to anything else: peers, and the relayed addresses of peers.
_BUCKETS = {
    "relay udp": "udp {port} 3478",
    "relay tcp": "tcp {port} 3478",
    "relay tls": "tcp {port} 443",
    "peer udp": "udp {port} != 3478",
    "peer tcp": "tcp {port} != {{ 443, 3478 }}",
}


def rules(homes, servers):
    """The rules that count for a number of homes, and what goes to each server."""
    counters, up, down = [], [], []
    for home in range(homes):
        for bucket, match in _BUCKETS.items():
            name = _name(home, bucket)
            counters.append(name)
            up.append(f'iifname "home{home}-*" {match.format(port="dport")} counter name {name}')
            down.append(f'oifname "home{home}-*" {match.format(port="sport")} counter name {name}')
        for address in servers:
            name = _name(home, address)
            counters.append(name)
            family = "ip6" if ":" in address else "ip"
            up.append(f'iifname "home{home}-*" {family} daddr {address} meta l4proto {{ tcp, udp }} counter name {name}')
    declarations = "\n".join(f"counter {name} {{ }}" for name in counters)
    return f"""
table inet census {{
{declarations}
chain up {{
type filter hook prerouting priority raw - 1; policy accept;
{chr(10).join(up)}
}}
chain down {{
type filter hook postrouting priority srcnat + 1; policy accept;
{chr(10).join(down)}
}}
}}
"""


def _name(home, what):
    return f"home{home}-" + what.replace(" ", "-").replace(".", "-").replace(":", "-")


class Census:
    """What the homes have exchanged since a moment."""

    def __init__(self, internet):
        self._internet = internet
        self._before = {}
        self._before = self._read()

    def _read(self):
        listed = json.loads(self._internet.run("nft", "-j", "list", "counters", "table", "inet", "census"))
        found = {}
        for entry in listed["nftables"]:
            if "counter" in entry:
                counter = entry["counter"]
                before = self._before.get(counter["name"], (0, 0))
                found[counter["name"]] = counter["packets"] - before[0], counter["bytes"] - before[1]
        return found

    def expect_bytes(self, home, count, deadline):
        """Waits until so many bytes of a home have taken one way."""
        while self.main_way(home)[1] < count:
            deadline.check(f"home {home} has not exchanged {count} bytes")
            time.sleep(0.05)

    def packets(self, home, what):
        """The packets of a home that took one of the ways, or went to the address of a server."""
        return self._read()[_name(home, what)][0]

    def main_way(self, home):
        """The way that most bytes of a home took, and how many."""
        found = self._read()
        return max(((bucket, found[_name(home, bucket)][1]) for bucket in _BUCKETS), key=lambda way: way[1])
