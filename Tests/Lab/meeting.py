# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Two icetalk processes that meet over a pair of FIFOs."""

import os
import re
import select
import signal

from program import Deadline
from theory import Path

# From the exchange of the lines until both sides are connected.
CONNECTING = 5
# The same where a relay that is reached over TCP or TLS is the only way.
CONNECTING_BY_STREAM = 10
# Until both have their lines, whatever servers do: one that does not answer is given up after 2 s.
GATHERING = 3.5
# Until both have ended who have nothing more to say.
ENDING = 3
# Until the lines are exchanged, servers that never answer included; and until whatever else comes soon has come.
SOON = 15
# Until icetalk says that it has found nothing: the other side has 39.5 s (RFC 8863 §4) after the exchange.
PATHLESS = 39.5 + SOON

_PATH = re.compile(r"(?:connected|connected again|path): (direct|relayed) (\w+) (\S+) \((\w+)\) → (\S+) \((\w+)\)")
_SCOPE = re.compile(r"%\w+")


class Meeting:
    """Two processes on two hosts, each with a FIFO for its line; `wrapper` are the words of a program that starts them."""

    def __init__(self, workshop, world, folder, commands, options, wrapper=()):
        hosts = list(world.hosts.items())
        sending, receiving = self._lay_fifos(folder)
        self.programs = []
        for index, (name, namespace) in enumerate(hosts):
            words = [*wrapper, workshop.icetalk, *commands[index], "--manual", "-vv", "--name", name, *options[index]]
            words += ["--paste-out", sending[index], "--paste-in", receiving[index]]
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

    def _lay_fifos(self, folder):
        """The FIFOs into which the two write their lines, and those from which they read the other's."""
        fifos = [_fifo(folder, name) for name in ("first", "second")]
        return fifos, fifos[::-1]

    def exchange(self):
        """Waits until both have taken the other's line; gives the seconds from the start of both."""
        instants = [program.started + program.expect("err", "looking for a path", SOON)[1] for program in self.programs]
        return max(instants) - max(program.started for program in self.programs)

    def find_path(self, limit=SOON):
        """Waits until both have a path, on which nothing was said yet."""
        for program in self.programs:
            program.expect("err", "connected: ", limit)

    def connect(self, expected, limit=CONNECTING):
        """Waits until both are connected, have heard the other, and use one of the best paths; gives the seconds from the
        exchange until they were connected."""
        self.exchange()
        exchanged, _, connected = (
            max(program.started + program.expect("err", start, SOON)[1] for program in self.programs)
            for start in ("looking for a path", "connected: ", "talking with")
        )
        seconds = connected - exchanged
        assert seconds <= limit, f"connected after {seconds:.1f} s"
        self.take_path(expected, limit)
        return seconds

    def take_path(self, expected, limit=SOON):
        """Waits until both see one path, and one of the best; gives it."""
        deadline = Deadline(limit)
        while True:
            try:
                return self.check_path(expected)
            except AssertionError:
                if not deadline.left or any(program.has_ended for program in self.programs):
                    raise
                for program in self.programs:
                    program.pump(0.02)

    def paths(self):
        """The latest path of both: each as its word and transport, local address and kind, remote address and kind."""
        found = []
        for program in self.programs:
            lines = [_PATH.match(_SCOPE.sub("", line)) for stream, _, line in program.lines if stream == "err"]
            found.append([match.groups() for match in lines if match][-1])
        return found

    def check_path(self, expected):
        """Fails if the two do not see the same path, or one that is not among the best; gives it.

        Each side knows what its own candidate is; to the other it may be one that was learned from a check.
        """
        (way, transport, *first), (other_way, _, *second) = self.paths()
        assert (first[0], first[2]) == (second[2], second[0]), f"two paths: {first} and {second}"
        views = (first[1], second[3]), (second[1], first[3])
        assert all(other in (own, "prflx") for own, other in views), f"two views of one path: {first} and {second}"
        path = Path("ipv6" if first[0].startswith("[") else "ipv4", first[1], second[1])
        if path.is_direct:
            path = Path(path.family, path.first, path.second, transport)
        assert way == other_way == ("direct" if path.is_direct else "relayed"), f"“{way}” and “{other_way}” for {path}"
        assert path in expected, f"the path is {path}, not {' or '.join(map(str, expected))}"
        return path

    def say(self, number, words):
        """Has one side say something to the other, which must hear it."""
        self.programs[number].write(f"{words}\n")
        self.programs[1 - number].expect("out", words, SOON)

    def say_a_line_each_way(self):
        """Has each side say something to the other."""
        for number in (0, 1):
            self.say(number, f"this is number {number}")

    def end(self):
        """Ends both inputs, and waits for a good end of both."""
        for program in self.programs:
            program.end_input()
        self.expect_status(0)

    def expect_status(self, status, seconds=SOON):
        """Waits for the end of both, with a status."""
        for program in self.programs:
            found = program.status(seconds)
            assert found == status, f"exit status {found}, not {status}"

    def find_no_path(self):
        """Waits until both say that there is no path, and interrupts them."""
        for program in self.programs:
            program.expect("err", "no path to the other side yet", PATHLESS)
            assert program.find("err", "connected: ") is None, "connected, against all theory"
        for program in self.programs:
            program.signal(signal.SIGINT)
        self.expect_status(130)


def _fifo(folder, name):
    path = os.path.join(folder, f"line-of-{name}")
    os.mkfifo(path)
    return path


class WatchedMeeting(Meeting):
    """A meeting that knows the lines, since it carries them itself."""

    def _lay_fifos(self, folder):
        self._sending, self._receiving = ([_fifo(folder, f"{name}-{end}") for name in "01"] for end in ("out", "in"))
        return self._sending, self._receiving

    def exchange(self):
        """Carries the lines, keeps them, and waits until both have taken the other's."""
        self.lines = [_read_line(path) for path in self._sending]
        for line, path in zip(self.lines, self._receiving[::-1], strict=True):
            with open(path, "w", encoding="ascii") as fifo:
                fifo.write(line)
        return super().exchange()


def _read_line(path):
    deadline, text = Deadline(SOON), b""
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    try:
        while not text.endswith(b"\n"):
            if not waiting.poll(deadline.left * 1000):
                raise TimeoutError(f"no line in {path}")
            text += os.read(descriptor, 4096)
    finally:
        os.close(descriptor)
    return text.decode()
