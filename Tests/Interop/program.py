# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""A program of icetalk's at the end of two pipes, line by line."""

import queue
import subprocess
import threading

# How long anything that is awaited may take, in seconds.
PATIENCE = 20


class ProgramError(Exception):
    """The program died, or did not do in time what was awaited."""


class Program:
    """One process in a network namespace; ended at the end of a `with`."""

    def __init__(self, namespace, *command):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.lines = queue.Queue()
        self.complaints = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_complaints, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.kill()
        else:
            self.close()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def _read_complaints(self):
        for line in self.process.stderr:
            self.complaints.append(line.rstrip("\n"))

    def write(self, line):
        """Sends a line to the program's standard input."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def read(self, timeout=PATIENCE):
        """The next line of the program's standard output."""
        try:
            line = self.lines.get(timeout=timeout)
        except queue.Empty:
            raise ProgramError(f"no line within {timeout} s; it complained: {self.complaints}") from None
        if line is None:
            raise ProgramError(f"the program ended; it complained: {self.complaints}")
        return line

    def close(self):
        """Ends the program by the end of its input, which must be the end with success."""
        self.process.stdin.close()
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProgramError(f"the program did not end; it complained: {self.complaints}") from None
        if status != 0:
            raise ProgramError(f"the program ended with status {status}; it complained: {self.complaints}")

    def kill(self):
        """Ends the program without a word to the other side."""
        self.process.kill()
        self.process.wait()
