# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""The program `interop-peer`: commands and events are lines of JSON."""

import json
import time

from program import PATIENCE, Program, ProgramError


class Peer(Program):
    """One icetalk peer that echoes every message."""

    def __init__(self, namespace, *command):
        super().__init__(namespace, *command)
        self.seen = []

    def tell(self, do, **arguments):
        """Sends a command."""
        self.write(json.dumps({"do": do, **arguments}))

    def expect(self, event, timeout=PATIENCE, **fields):
        """Waits for an event with these fields and takes it; others are kept for later."""

        def matches(found):
            return found["event"] == event and all(found.get(key) == value for key, value in fields.items())

        for index, found in enumerate(self.seen):
            if matches(found):
                return self.seen.pop(index)
        deadline = time.monotonic() + timeout
        while True:
            try:
                found = json.loads(self.read(max(0.01, deadline - time.monotonic())))
            except ProgramError as error:
                raise ProgramError(f"no {event} {fields}: {error}; seen: {self.seen}") from None
            if found["event"] == "error":
                raise ProgramError(found["reason"])
            if matches(found):
                return found
            self.seen.append(found)
