# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Processes with ends: each is killed with what started it, and every wait has a bound."""

import os
import selectors
import subprocess
import threading
import time


class Deadline:
    """An instant after which waiting is over."""

    def __init__(self, seconds):
        self._end = time.monotonic() + seconds

    @property
    def left(self):
        """The seconds until then."""
        return max(0.0, self._end - time.monotonic())

    def check(self, complaint):
        """Fails once it is over."""
        if not self.left:
            raise TimeoutError(complaint)


class Workshop:
    """Where programs are started, so that all of them can be ended; it knows where things are."""

    def __init__(self, icetalk, folder, certificates):
        self.icetalk = icetalk
        self.folder = folder
        self.certificates = certificates
        self._lock = threading.Lock()
        self._programs = set()
        self._is_open = True

    def check(self):
        """Fails once it is closed."""
        if not self._is_open:
            raise InterruptedError("the lab is being closed")

    def start(self, namespace, command, folder):
        """Starts a program in a namespace and a folder."""
        with self._lock:
            self.check()
            program = Program(namespace, command, folder, {"SSL_CERT_FILE": self.certificates.authority})
            self._programs.add(program)
        return program

    def close(self):
        """Kills everything, and has nothing started any more."""
        with self._lock:
            self._is_open = False
            for program in self._programs:
                program.kill()


class Program:
    """A running program; it is killed by the kernel if this process dies without a farewell."""

    def __init__(self, namespace, command, folder, variables):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "USER": "nobody", "HOME": folder, **variables}
        with namespace.inside():
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        self.started = time.monotonic()
        # Everything that it wrote, in whole lines: (the stream, the seconds since the start, the line).
        self.lines = []
        self._parts = {"out": b"", "err": b""}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ, "out")
        self._selector.register(self._process.stderr, selectors.EVENT_READ, "err")

    @property
    def age(self):
        """The seconds since the start."""
        return time.monotonic() - self.started

    @property
    def text(self):
        """Everything that it wrote, for people."""
        return "\n".join(f"    {seconds:6.2f} {stream}: {line}" for stream, seconds, line in self.lines)

    @property
    def has_ended(self):
        """Whether it will write no more."""
        return not self._selector.get_map()

    def pump(self, seconds):
        """Takes what it has written; waits for something if there is nothing, but not for longer than told."""
        for key, _ in self._selector.select(seconds):
            data = os.read(key.fd, 65536)
            *whole, rest = (self._parts[key.data] + data).split(b"\n")
            self._parts[key.data] = rest
            if not data:
                self._selector.unregister(key.fileobj)
            for line in whole:
                self.lines.append((key.data, self.age, line.decode(errors="replace")))

    def find(self, stream, start):
        """The latest line so far that starts so, and when it came; None if there is none."""
        for name, seconds, line in reversed(self.lines):
            if name == stream and line.startswith(start):
                return line, seconds
        return None

    def expect(self, stream, start, seconds, after=0.0):
        """Waits for a line that starts so and comes after an instant, in seconds since the start; gives it and when it came."""
        deadline = Deadline(seconds)
        while (found := self.find(stream, start)) is None or found[1] <= after:
            deadline.check(f"no line “{start}…” within {seconds} s")
            if self.has_ended:
                raise EOFError(f"no line “{start}…” before the end")
            self.pump(deadline.left)
        return found

    def write(self, text):
        """Writes to its standard input."""
        os.write(self._process.stdin.fileno(), text.encode())

    def end_input(self):
        """Ends its standard input."""
        self._process.stdin.close()

    def signal(self, number):
        """Sends it a signal."""
        self._process.send_signal(number)

    def status(self, seconds):
        """Waits for its end and gives its exit status."""
        deadline = Deadline(seconds)
        while not self.has_ended:
            deadline.check(f"it has not ended within {seconds} s")
            self.pump(deadline.left)
        return self._process.wait(max(deadline.left, 1))

    def kill(self):
        """Ends it."""
        self._process.kill()
        self._process.wait()
