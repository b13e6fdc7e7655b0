# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Builds a described world: an Internet with two servers, and what hangs on it, each in a network namespace of its own."""

import contextlib
import json

import nat
from homes import Host
from namespace import Namespace
from program import Deadline
from servers import ADDRESSES, SERVERS, serve


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

    def forward(self):
        """Makes a router of it."""
        self.namespace.set("net/ipv4/ip_forward", 1)
        self.namespace.set("net/ipv6/conf/all/forwarding", 1)

    def plug(self, name, other, other_name):
        """Lays a cable to another place."""
        self.cables.append(f"link add {name} type veth peer name {other_name} netns {other.namespace.path}")
        self.commands.append(f"link set {name} up")
        other.commands.append(f"link set {other_name} up")

    def address(self, name, address):
        """Gives an interface an address."""
        self.commands.append(f"addr add {address} dev {name}")

    def route(self, destination, gateway):
        """Adds a route."""
        self.commands.append(f"route add {destination} via {gateway}")

    def batch(self, commands):
        """Runs several commands of `ip`."""
        self.namespace.run("ip", "-batch", "-", text="\n".join(commands) + "\n")

    def is_connected(self):
        """Whether the kernel has noticed that every cable is plugged in: addresses of a dead link are used by nobody."""
        links = json.loads(self.namespace.run("ip", "-json", "link", "show"))
        return all(link["operstate"] == "UP" for link in links if link["ifname"] in ("eth0", "wan", "lan"))


class World:
    """A world that stands; taken down at the end of a `with`."""

    # The public network of each home, without its last number.
    PUBLIC = ("198.51.100", "203.0.113")

    def __init__(self, workshop, *homes, ipv6_works=True):
        self._workshop = workshop
        self._homes = homes
        self._ipv6_works = ipv6_works
        self._places = []
        self._resources = contextlib.ExitStack()
        self._outside = None
        self.hosts = {}
        self.internet = None

    def __enter__(self):
        with contextlib.ExitStack() as resources:
            self._resources = resources
            self._build()
            resources.pop_all()
        return self

    def __exit__(self, *_):
        self._resources.close()

    def lose(self, percent):
        """Has the Internet lose some of all UDP datagrams from now on."""
        self.internet.run("nft", "-f", "-", text=nat.loss_rules(percent))

    def _place(self, description=None):
        self._workshop.check()
        place = Place(description, self._resources)
        self._places.append(place)
        return place

    def _build(self):
        self._outside = self._place()
        self.internet = self._outside.namespace
        self._outside.forward()
        for address in ADDRESSES:
            self._outside.address("lo", f"{address}/{128 if ':' in address else 32}")
        if not self._ipv6_works:
            self._outside.rules = nat.ipv6_hole()
        for number, home in enumerate(self._homes):
            self._hang(home, number)
        for place in self._places:
            place.batch(place.cables)
        for place in self._places:
            place.batch(place.commands)
            if place.rules:
                place.namespace.run("nft", "-f", "-", text=place.rules)
        deadline = Deadline(10)
        while not all(place.is_connected() for place in self._places):
            deadline.check("a cable stays dead")
        for number in range(len(SERVERS)):
            serve(self._workshop, self._resources, self.internet, number)

    def _hang(self, home, number):
        """Puts a home on the Internet."""
        public = self.PUBLIC[number]
        place = self._place(home)
        name = f"home{number}"
        port = "eth0" if isinstance(home, Host) else "wan"
        self._outside.plug(name, place, port)
        if isinstance(home, Host):
            self._settle_host(place)
        has_ipv4 = isinstance(home, Host) or home.ipv4 is not None
        if has_ipv4:
            self._outside.address(name, f"{public}.1/24")
            place.address(port, f"{public}.2/24")
            place.route("default", f"{public}.1")
        if isinstance(home, Host):
            return
        link = f"2001:db8:{number}"
        if home.has_ipv6:
            self._outside.address(name, f"{link}::1/64")
            place.address(port, f"{link}::2/64")
            place.route("default", f"{link}::1")
            self._outside.route(f"{link}:1::/64", f"{link}::2")
        self._furnish(place, f"{public}.2", f"{link}:1")

    def _settle_host(self, place):
        self.hosts[place.description.name] = place.namespace

    def _furnish(self, router, outside, ipv6_network):
        """Sets a router up whose address outside is known, with all that hangs below it."""
        home = router.description
        router.forward()
        # Hosts and routers below are macvlans of `switch`: it joins them to `lan`, and to each other where that is allowed.
        router.cables.append("link add lan type veth peer name switch")
        router.commands += ["link set lan up", "link set switch up"]
        if home.ipv4 is not None:
            router.address("lan", f"{home.network}.1/24")
            router.rules += nat.ipv4_rules(home.ipv4, outside, home.hairpins)
        if home.has_ipv6:
            router.address("lan", f"{ipv6_network}::1/64")
            router.rules += nat.ipv6_rules()
        for index, description in enumerate(home.below):
            self._hang_below(router, description, index, ipv6_network)

    def _hang_below(self, router, description, index, ipv6_network):
        home = router.description
        place = self._place(description)
        port = "eth0" if isinstance(description, Host) else "wan"
        mode = "private" if home.isolates else "bridge"
        router.cables.append(
            f"link add link switch name {port} netns {place.namespace.path} type macvlan mode {mode}"
        )
        place.commands.append(f"link set {port} up")
        address = f"{home.network}.{10 + index}"
        if home.ipv4 is not None:
            place.address(port, f"{address}/24")
            place.route("default", f"{home.network}.1")
        if home.has_ipv6:
            place.address(port, f"{ipv6_network}::{10 + index}/64")
            place.route("default", f"{ipv6_network}::1")
        if isinstance(description, Host):
            self._settle_host(place)
        else:
            self._furnish(place, address, ipv6_network)
