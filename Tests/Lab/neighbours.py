# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Two peers behind one NAT."""

import dataclasses

import nat
import probe
from homes import Host, Router, carrier, kind_named
from scene import Case, Transfer, chat, folder_in, options, prove, standing_world
from theory import RELAY, Path


def neighbourhoods():
    """The cases, with and without hairpinning (RFC 4787 §6)."""
    port_restricted = kind_named("port-restricted")
    symmetric = kind_named("symmetric")
    hosts = (Host("first"), Host("second"))
    homes = [Router((host,), ipv4=nat.PORT_RESTRICTED) for host in hosts]
    # In one network, link-local addresses serve where there are no others of IPv6.
    by_host, by_outside = {Path("ipv6", "host", "host")}, {Path("ipv4", "srflx", "srflx")}
    by_relay = {Path("ipv4", RELAY, "srflx"), Path("ipv4", "srflx", RELAY)}
    for hairpins in (False, True):
        how = "with hairpinning" if hairpins else "without hairpinning"
        lan = Router(hosts, ipv4=nat.PORT_RESTRICTED, hairpins=hairpins)
        guests = dataclasses.replace(lan, isolates=True)
        expected = by_outside if hairpins else by_relay
        yield _neighbours(f"one network, NAT {how}", lan, port_restricted, hairpins, by_host)
        yield _neighbours(f"guests of one NAT {how}", guests, port_restricted, hairpins, expected)
        yield _neighbours(f"one carrier {how}", carrier(*homes, hairpins=hairpins), port_restricted, hairpins, expected)
    yield _neighbours("one network, symmetric NAT", Router(hosts, ipv4=nat.SYMMETRIC), symmetric, False, by_host)


def _neighbours(title, home, kind, hairpins, expected):
    """The case of two hosts in one home, of which the kind is proven and whether they reach each other by way of outside."""

    def body(workshop):
        with standing_world(workshop, home) as (world, folder):
            prove(world, (kind, kind))
            found = probe.hairpins(world.internet, *world.hosts.values())
            assert found == hairpins, f"the lab is wrong: the NAT {'hairpins' if found else 'does not hairpin'}"
            chosen = [options(0), options(1)]
            with chat(workshop, world, folder, chosen) as meeting:
                seconds = meeting.connect(expected)
                meeting.say_a_line_each_way()
                meeting.end()
            with Transfer(workshop, world, folder_in(folder, "file"), chosen) as transfer:
                path = transfer.connect(expected) and transfer.check_path(expected)
                transfer.finish()
            return f"{path} in {seconds:.2f} s"

    return Case(title, body)
