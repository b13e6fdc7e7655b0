# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Two icetalk processes that meet over a pair of FIFOs."""

import os
import re
import signal

from theory import Path

# From the exchange of the lines until both sides are connected.
CONNECTING = 5
# Until the lines are exchanged, servers that never answer included; and until whatever else comes soon has come.
SOON = 15
# Until icetalk says that it has found nothing: the other side has 39.5 s (RFC 8863 §4) after the exchange.
PATHLESS = 39.5 + SOON

_PATH = re.compile(r"(?:connected|path): direct udp (\S+) \((\w+)\) → (\S+) \((\w+)\)")
_SCOPE = re.compile(r"%\w+")


class Meeting:
    """Two processes on two hosts, each with a FIFO for its line."""

    def __init__(self, workshop, world, folder, commands, options):
        hosts = list(world.hosts.items())
        fifos = [os.path.join(folder, f"from-{name}") for name, _ in hosts]
        for fifo in fifos:
            os.mkfifo(fifo)
        self.programs = []
        for index, (name, namespace) in enumerate(hosts):
            words = [workshop.icetalk, *commands[index], "--manual", "-vv", "--name", name, *options[index]]
            words += ["--paste-out", fifos[index], "--paste-in", fifos[1 - index]]
            home = os.path.join(folder, name)
            os.mkdir(home)
            self.programs.append(workshop.start(namespace, words, home))

    def __enter__(self):
        return self

    def __exit__(self, _, error, __):
        for program in self.programs:
            program.kill()
            program.pump(0)
        if error is not None:
            for program, name in zip(self.programs, ("first", "second"), strict=True):
                error.add_note(f"  The {name}:\n{program.text}")

    def exchange(self):
        """Waits until both have taken the other's line; gives the seconds from the start of both."""
        instants = [program.started + program.expect("err", "looking for a path", SOON)[1] for program in self.programs]
        return max(instants) - max(program.started for program in self.programs)

    def connect(self, expected, limit=CONNECTING):
        """Waits until both are connected and have heard the other; gives the seconds from the exchange."""
        exchanged, _, connected = (
            max(program.started + program.expect("err", start, SOON)[1] for program in self.programs)
            for start in ("looking for a path", "connected: ", "talking with")
        )
        seconds = connected - exchanged
        assert seconds <= limit, f"connected after {seconds:.1f} s"
        self.check_path(expected)
        return seconds

    def paths(self):
        """The latest path of both: each as a tuple of local address and kind, remote address and kind."""
        found = []
        for program in self.programs:
            lines = [_PATH.match(_SCOPE.sub("", line)) for stream, _, line in program.lines if stream == "err"]
            found.append([match.groups() for match in lines if match][-1])
        return found

    def check_path(self, expected):
        """Fails if the two do not see the same path, or another than the best."""
        first, second = self.paths()
        assert (first[0], first[2]) == (second[2], second[0]), f"two paths: {first} and {second}"
        assert (first[1], first[3]) == (second[3], second[1]), f"two views of one path: {first} and {second}"
        path = Path("ipv6" if first[0].startswith("[") else "ipv4", first[1], first[3])
        assert path == expected, f"the path is {path}, not {expected}"

    def say_a_line_each_way(self):
        """Has each side say something to the other."""
        for speaker, listener in (self.programs, self.programs[::-1]):
            words = f"this is number {self.programs.index(speaker)}"
            speaker.write(f"{words}\n")
            listener.expect("out", words, SOON)

    def end(self):
        """Ends both inputs, and waits for a good end of both."""
        for program in self.programs:
            program.end_input()
        self.expect_status(0)

    def expect_status(self, status):
        """Waits for the end of both, with a status."""
        for program in self.programs:
            found = program.status(SOON)
            assert found == status, f"exit status {found}, not {status}"

    def find_no_path(self):
        """Waits until both say that there is no path, and interrupts them."""
        for program in self.programs:
            program.expect("err", "no path to the other side yet", PATHLESS)
            assert program.find("err", "connected: ") is None, "connected, against all theory"
        for program in self.programs:
            program.signal(signal.SIGINT)
        self.expect_status(130)
