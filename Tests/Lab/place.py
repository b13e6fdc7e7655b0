# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""A host or a router that stands, with its namespace, its interfaces, and what can happen to them."""

import ipaddress
import json

import trouble
from homes import CABLE, WIRELESS, Host
from namespace import Namespace

_PORTS = (CABLE, WIRELESS, "wan", "lan")


class Place:
    """A host or a router that stands, with its namespace."""

    def __init__(self, description, resources):
        self.description = description
        self.namespace = Namespace()
        resources.callback(self.namespace.close)
        # Parameters first: the addresses of interfaces that come later need no detection of duplicates.
        self.namespace.set("net/ipv6/conf/all/accept_dad", 0)
        self.namespace.set("net/ipv6/conf/default/accept_dad", 0)
        # Commands of `ip`: those that lay cables come before all others, also in other places.
        self.cables = []
        self.commands = ["link set lo up"]
        self.rules = ""
        # The commands that bring an interface up, and its addresses.
        self._joining = {}
        self._rules = {False: [], True: []}
        # By interface and family.
        self.addresses = {}

    # How it is built

    def forward(self):
        """Makes a router of it."""
        self.namespace.set("net/ipv4/ip_forward", 1)
        self.namespace.set("net/ipv6/conf/all/forwarding", 1)

    def plug(self, name, other, other_name):
        """Lays a cable to another place."""
        self.cables.append(f"link add {name} type veth peer name {other_name} netns {other.namespace.path}")
        self.raise_link(name)
        other.raise_link(other_name)

    def raise_link(self, name):
        """Has an interface up once it is there."""
        self._joining.setdefault(name, []).append(f"link set {name} up")

    def address(self, name, address):
        """Gives an interface an address."""
        self._joining.setdefault(name, []).append(f"addr replace {address} dev {name}")

    def join(self, name, address, gateway):
        """Gives an interface an address, and a way to the outside; that of the first interface is used by default.

        What is sent from the address of another interface takes its own way (RFC 1122 §3.3.4.2: the strong model).
        """
        self.address(name, address)
        own = address.split("/", maxsplit=1)[0]
        self.addresses[name, "ipv6" if ":" in own else "ipv4"] = own
        if isinstance(self.description, Host) and name in (CABLE, WIRELESS):
            rank = (CABLE, WIRELESS).index(name) + 1
            self._rules[":" in own].append(f"rule add from {own} lookup {rank}")
            network = ipaddress.ip_interface(address).network
            self._joining[name].append(f"route replace {network} dev {name} table {rank}")
            self._joining[name].append(f"route replace default via {gateway} dev {name} table {rank}")
            self._joining[name].append(f"route replace default via {gateway} dev {name} metric {rank}")
        else:
            self._joining[name].append(f"route replace default via {gateway} dev {name}")

    def route(self, destination, gateway):
        """Adds a route."""
        self.commands.append(f"route add {destination} via {gateway}")

    def swallow(self):
        """Has everything vanish that no other route leads anywhere: an error would tell the sender more than the Internet does."""
        self.cables.append("link add void type veth peer name nowhere")
        self.commands += ["link set void arp off", "link set nowhere up", "link set void up"]
        self.commands += ["route add 0.0.0.0/0 dev void", "route add ::/0 dev void"]

    def lay_cables(self):
        """Makes the interfaces."""
        self._batch(self.cables)

    def settle(self):
        """Sets up everything else."""
        joining = [command for commands in self._joining.values() for command in commands]
        self._batch(self.commands[:1] + joining + self.commands[1:])
        self._batch(self._rules[False])
        self._batch(self._rules[True], "-6")
        if self.rules:
            self.namespace.run("nft", "-f", "-", text=self.rules)

    def _batch(self, commands, *options):
        if commands:
            self.namespace.run("ip", *options, "-batch", "-", text="\n".join(commands) + "\n")

    def is_connected(self):
        """Whether the kernel has noticed that every cable is plugged in: addresses of a dead link are used by nobody."""
        links = json.loads(self.namespace.run("ip", "-json", "link", "show"))
        return all(link["operstate"] == "UP" for link in links if link["ifname"] in _PORTS)

    # What happens to it

    def restart_nat(self):
        """Has a router forget what goes where, as when it is restarted."""
        for kind, name in (("map", "owner"), ("set", "heard")):
            self.namespace.run("nft", "flush", kind, "ip", "nat", name)
        trouble.forget_connections(self.namespace)

    def take_down(self, name):
        """Takes an interface down, as when a cable is pulled."""
        self._batch([f"addr flush dev {name}", f"link set {name} down"])

    def bring_up(self, name):
        """Brings an interface up again, as it was."""
        self._batch(self._joining[name])
