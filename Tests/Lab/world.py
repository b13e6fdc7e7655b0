# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Builds a described world: an Internet with two servers, and what hangs on it, each in a network namespace of its own."""

import contextlib

import census
import nat
import trouble
from homes import CABLE, WIRELESS, Host
from place import Place
from program import Deadline
from servers import ADDRESSES, LONG_TERM, SERVERS, serve


class World:
    """A world that stands; taken down at the end of a `with`.

    A home is a host or a router, or several of them with one host below, which has an interface towards each.
    """

    # The public networks, without the last number: the first of each home, and then the second.
    PUBLIC = ("198.51.100", "203.0.113", "198.18.0", "198.18.1")

    def __init__(self, workshop, *homes, ipv6_works=True, servers=(LONG_TERM, LONG_TERM)):
        self._workshop = workshop
        self._homes = [home if isinstance(home, tuple) else (home,) for home in homes]
        self._ipv6_works = ipv6_works
        self._places = []
        self._by_name = {}
        self._resources = contextlib.ExitStack()
        self._outside = None
        self._outermost = []
        self._cables = []
        self._options = servers
        self.servers = []
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

    # What happens to a world

    def lose(self, percent):
        """Has the Internet lose some of all UDP datagrams from now on, on each way between homes and servers, once."""
        self._rule(trouble.loss(percent))
        for place in self._outermost:
            place.namespace.run("nft", "-f", "-", text=trouble.loss_from_servers(percent, ADDRESSES))

    def separate(self, is_separated):
        """Has the Internet carry nothing from home to home, or carry it again."""
        self._rule(trouble.separation(is_separated))

    def swallow(self, is_out):
        """Has the Internet carry nothing at all, or everything again."""
        self._rule(trouble.outage(is_out))

    def throttle(self, rate):
        """Lets no home have more bytes a second."""
        for name in self._cables:
            limit = ["rate", f"{rate * 8}bit", "burst", "64kb", "latency", "100ms"]
            self.internet.run("tc", "qdisc", "add", "dev", name, "root", "tbf", *limit)

    def _rule(self, rules):
        self.internet.run("nft", "-f", "-", text=rules)

    def count(self):
        """Begins to count what homes exchange with the Internet."""
        return census.Census(self.internet)

    def place(self, name):
        """A host, by its name."""
        return self._by_name[name]

    def router(self, home, uplink=0):
        """The outermost router of a home."""
        return self._outermost[sum(len(uplinks) for uplinks in self._homes[:home]) + uplink]

    def kill_server(self, number):
        """Kills a server."""
        self.servers[number].kill()

    def start_server(self, number):
        """Starts a server, or starts it again."""
        self.servers[number:number + 1] = [
            serve(self._workshop, self._resources, self.internet, number, self._options[number])
        ]

    # How it is built

    def _place(self, description=None):
        self._workshop.check()
        place = Place(description, self._resources)
        self._places.append(place)
        return place

    def _host(self, description):
        """The place of a host, which stands already if it hangs below another router, too."""
        if description.name not in self._by_name:
            place = self._place(description)
            self._by_name[description.name] = place
            self.hosts[description.name] = place.namespace
        return self._by_name[description.name]

    def _build(self):
        self._outside = self._place()
        self.internet = self._outside.namespace
        self._outside.forward()
        for address in ADDRESSES:
            self._outside.address("lo", f"{address}/{128 if ':' in address else 32}")
        self._outside.swallow()
        self._outside.rules = census.rules(len(self._homes), ADDRESSES)
        if not self._ipv6_works:
            self._outside.rules += trouble.ipv6_hole()
        for number, uplinks in enumerate(self._homes):
            for index, uplink in enumerate(uplinks):
                self._hang(uplink, number, index)
        for place in self._places:
            place.lay_cables()
        for place in self._places:
            place.settle()
        deadline = Deadline(10)
        while not all(place.is_connected() for place in self._places):
            deadline.check("a cable stays dead")
        for number in range(len(SERVERS)):
            self.start_server(number)

    def _hang(self, home, number, index):
        """Puts a home on the Internet."""
        public = self.PUBLIC[number + 2 * index]
        place, port = self._below(home, index, "wan")
        self._outermost.append(place)
        name = f"home{number}-{index}"
        self._cables.append(name)
        self._outside.plug(name, place, port)
        if isinstance(home, Host) or home.ipv4 is not None:
            self._outside.address(name, f"{public}.1/24")
            place.join(port, f"{public}.2/24", f"{public}.1")
        if isinstance(home, Host):
            return
        link = f"2001:db8:{number + 2 * index}"
        if home.has_ipv6:
            self._outside.address(name, f"{link}::1/64")
            place.join(port, f"{link}::2/64", f"{link}::1")
            self._outside.route(f"{link}:1::/64", f"{link}::2")
        self._furnish(place, f"{public}.2", f"{link}:1", index)

    def _below(self, description, index, port):
        """The place of a description, and its interface towards what is above it."""
        if isinstance(description, Host):
            return self._host(description), (CABLE, WIRELESS)[index]
        return self._place(description), port

    def _furnish(self, router, outside, ipv6_network, index):
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
        for number, description in enumerate(home.below):
            self._hang_below(router, description, number, ipv6_network, index)

    def _hang_below(self, router, description, number, ipv6_network, index):
        home = router.description
        place, port = self._below(description, index, "wan")
        mode = "private" if home.isolates else "bridge"
        router.cables.append(
            f"link add link switch name {port} netns {place.namespace.path} type macvlan mode {mode}"
        )
        place.raise_link(port)
        address = f"{home.network}.{10 + number}"
        if home.ipv4 is not None:
            place.join(port, f"{address}/24", f"{home.network}.1")
        if home.has_ipv6:
            place.join(port, f"{ipv6_network}::{10 + number}/64", f"{ipv6_network}::1")
        if not isinstance(description, Host):
            self._furnish(place, address, ipv6_network, index)
