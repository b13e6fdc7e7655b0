# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces joined by a cable: browsers gather no candidate on `lo`, nor without a default route."""

import json
import os
import signal
import subprocess
import time


def ip(*words):
    """Runs `ip`, which must succeed."""
    subprocess.run(["ip", *words], check=True)


class Cable:
    """The namespaces and their addresses; taken down at the end of a `with`, with all processes in them."""

    def __init__(self):
        self.near = f"icetalk-{os.getpid()}-a"
        self.far = f"icetalk-{os.getpid()}-b"

    def __enter__(self):
        try:
            self._lay()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _lay(self):
        for namespace in (self.near, self.far):
            ip("netns", "add", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
        ip("link", "add", "cable", "netns", self.near, "type", "veth", "peer", "name", "cable", "netns", self.far)
        for namespace, number, other in ((self.near, 1, 2), (self.far, 2, 1)):
            ip("-n", namespace, "addr", "add", f"10.77.0.{number}/24", "dev", "cable")
            ip("-n", namespace, "addr", "add", f"fd77::{number}/64", "dev", "cable", "nodad")
            ip("-n", namespace, "link", "set", "cable", "up")
            ip("-n", namespace, "route", "add", "default", "via", f"10.77.0.{other}")
            ip("-n", namespace, "route", "add", "default", "via", f"fd77::{other}")
        for namespace in (self.near, self.far):
            self._await_carrier(namespace)

    def _await_carrier(self, namespace):
        """Waits until the kernel has found the cable alive: nobody uses an address of a dead link."""
        deadline = time.monotonic() + 10
        command = ["ip", "-n", namespace, "-json", "link", "show", "cable"]
        while json.loads(subprocess.check_output(command))[0]["operstate"] != "UP":
            if time.monotonic() > deadline:
                raise TimeoutError(f"the cable stays dead in {namespace}")

    def __exit__(self, *_):
        for namespace in (self.near, self.far):
            inside = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=False)
            for process in inside.stdout.split():
                try:
                    os.kill(int(process), signal.SIGKILL)
                except ProcessLookupError:
                    continue
            subprocess.run(["ip", "netns", "delete", namespace], stderr=subprocess.DEVNULL, check=False)
