# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Lets icetalk talk to real browsers and to aiortc. Usage (as root): run.py FOLDER-OF-THE-PROGRAMS [WORDS-OF-TITLES]."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import aiortc_cases
import cases
import chat_cases
import mdns_cases
from browser import Browser
from network import Cable
from peer import Peer
from program import Program

BROWSERS = ("chromium", "firefox")


class Suite:
    """Runs cases one after the other and counts them.

    This process and the browsers stand in one namespace, the peers in another.
    """

    def __init__(self, programs, near, far, words):
        self.programs = pathlib.Path(programs)
        self.near = near
        self.far = far
        self.words = words
        self.passed = 0
        self.failed = 0
        self.browsers = {}
        self.resources = contextlib.ExitStack()

    def browser(self, name, hides_addresses=False):
        """A running browser, kept for the cases that follow."""
        key = (name, hides_addresses)
        if key not in self.browsers:
            self.browsers[key] = Browser(name, hides_addresses)
            self.resources.callback(self.browsers[key].close)
        return self.browsers[key]

    def peer(self, *options):
        """A new peer."""
        return Peer(self.far, str(self.programs / "interop-peer"), *options)

    def name(self):
        """A name for a peer connection in a page."""
        return f"p{self.passed + self.failed}"

    def attempt(self, title, body):
        """Runs one case, unless other titles were asked for."""
        if not all(word in title for word in self.words):
            return
        start = time.monotonic()
        try:
            body()
        except Exception:  # one failed case must not hide the others
            self.failed += 1
            print(f"✘ {title}\n{traceback.format_exc()}", flush=True)
        else:
            self.passed += 1
            print(f"✔ {title} ({time.monotonic() - start:.1f} s)", flush=True)

    def with_peer(self, case, browser_name, *arguments, options=(), hides_addresses=False):
        """A case of a browser and a peer."""

        def body():
            browser = self.browser(browser_name, hides_addresses)
            with self.peer(*options) as peer:
                case(browser, peer, self.name(), *arguments)

        return body

    def chat(self, case, browser_name, *options):
        """A case of a browser and the program that people use."""
        command = [str(self.programs / "icetalk"), "chat", "--manual", "--stun", "none", *options]
        with Program(self.far, *command) as icetalk:
            case(self.browser(browser_name), icetalk, self.name())

    def restart(self, browser_name):
        """The case with two peers."""
        with self.peer() as second:
            first = self.peer()
            try:
                cases.restart(self.browser(browser_name), first, second, self.name())
            finally:
                first.kill()

    def aiortc(self, aiortc_offers, trickles):
        """A case of aiortc and a peer."""
        with self.peer() as peer:
            aiortc_cases.run(peer, aiortc_offers, trickles)

    def strangers(self):
        """Two icetalk that hide their addresses, one at each end of the cable."""
        command = [str(self.programs / "icetalk"), "chat", "--manual", "--json", "--stun", "none", "--mdns"]
        with Program(self.near, *command) as first, Program(self.far, *command) as second:
            mdns_cases.strangers(first, second)

    def liar(self):
        """Somebody on the network answers for names as he must not."""
        with self.peer("-4") as peer:
            mdns_cases.answers_from_the_link(peer)

    def run(self):
        """Runs every case; the status to exit with."""
        with self.resources:
            self.attempt("icetalk: hidden addresses on both sides", self.strangers)
            self.attempt("icetalk: only answers from the link count for hidden addresses", self.liar)
            for name in BROWSERS:
                self.cases_of(name)
            for aiortc_offers in (True, False):
                for trickles in (True, False):
                    title = self.title("aiortc", aiortc_offers, trickles)
                    self.attempt(title, lambda: self.aiortc(aiortc_offers, trickles))
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0

    def title(self, name, other_offers, trickles):
        """What a case is called that is run with each side offering, and with both ways of candidates."""
        how = "trickled" if trickles else "in the description"
        return f"{name}: {name if other_offers else 'icetalk'} offers, candidates {how}"

    def cases_of(self, name):
        """The cases of a browser."""
        for browser_offers in (True, False):
            for trickles in (True, False):
                title = self.title(name, browser_offers, trickles)
                self.attempt(title, self.with_peer(cases.whole, name, browser_offers, trickles))
        self.attempt(f"{name}: only IPv6", self.with_peer(cases.short, name, options=["-6"]))
        self.attempt(f"{name}: only IPv4", self.with_peer(cases.short, name, options=["-4"]))
        self.attempt(f"{name}: 20 MB out and back", self.with_peer(cases.two_way_stream, name))
        self.attempt(f"{name}: a peer dies and another comes", lambda: self.restart(name))
        self.attempt(
            f"{name}: a page chats with icetalk chat --manual --sdp",
            lambda: self.chat(chat_cases.icetalk_offers, name, "--sdp"),
        )
        self.attempt(
            f"{name}: a page's offer is pasted into icetalk chat --manual",
            lambda: self.chat(chat_cases.page_offers, name),
        )
        self.attempt(f"{name}: hidden addresses", self.with_peer(cases.hidden_addresses, name, hides_addresses=True))
        self.attempt(
            f"{name}: hidden addresses on both sides",
            self.with_peer(cases.both_hidden, name, options=["--mdns"], hides_addresses=True),
        )


def outside(programs, words):
    """Lays the cable and runs this program again at its near end; the status to exit with."""
    # A signal must not leave namespaces and browsers behind.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="icetalk-interop-") as folder, Cable() as cable:
        inside = ["ip", "netns", "exec", cable.near, sys.executable, __file__, programs, *words]
        environment = dict(os.environ, TMPDIR=folder, ICETALK_NAMESPACES=f"{cable.near} {cable.far}")
        return subprocess.run(inside, env=environment, check=False).returncode


def main():
    """Runs the suite at the near end of a cable, which is laid first."""
    programs, words = os.path.abspath(sys.argv[1]), sys.argv[2:]
    namespaces = os.environ.get("ICETALK_NAMESPACES", "").split()
    sys.exit(Suite(programs, *namespaces, words).run() if namespaces else outside(programs, words))


if __name__ == "__main__":
    main()
