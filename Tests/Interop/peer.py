# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""The program `interop-peer` at the end of two pipes: commands and events are lines of JSON."""

import json
import queue
import subprocess
import threading
import time


class PeerError(Exception):
    """The peer refused a command, died, or did not do in time what was awaited."""


class Peer:
    """One icetalk peer in a network namespace of its own; ended at the end of a `with`."""

    def __init__(self, program, namespace, *options):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, program, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.events = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.kill()
        else:
            self.close()

    def _read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))
        self.events.put(None)

    def tell(self, do, **arguments):
        """Sends a command."""
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()

    def expect(self, event, timeout=20, **fields):
        """Waits for an event with these fields and takes it; others are kept for later."""

        def matches(found):
            return found["event"] == event and all(found.get(key) == value for key, value in fields.items())

        for index, found in enumerate(self.seen):
            if matches(found):
                return self.seen.pop(index)
        deadline = time.monotonic() + timeout
        while True:
            try:
                found = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise PeerError(f"no {event} {fields} within {timeout} s; seen: {self.seen}") from None
            if found is None:
                raise PeerError(f"the peer ended before {event} {fields}; seen: {self.seen}")
            if found["event"] == "error":
                raise PeerError(found["reason"])
            if matches(found):
                return found
            self.seen.append(found)

    def close(self):
        """Ends the program by the end of its input, which must be the end with success."""
        self.process.stdin.close()
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise PeerError("the peer did not end") from None
        if status != 0:
            raise PeerError(f"the peer ended with status {status}")

    def kill(self):
        """Ends the program without a word to the other side."""
        self.process.kill()
        self.process.wait()
