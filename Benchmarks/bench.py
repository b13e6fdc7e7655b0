# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""What benchmarks share: programs, links between namespaces, and tables."""

import contextlib
import os
import statistics

import certificates
from namespace import Namespace
from program import Workshop
from servers import ADDRESSES

# How long a program may take to start, in seconds.
STARTING = 10


class Bench:
    """Where programs run; all of them end with it."""

    def __init__(self, programs, linkem, folder):
        self.programs = os.path.abspath(programs)
        self._linkem = os.path.abspath(linkem)
        self.folder = folder
        icetalk = os.path.join(self.programs, "icetalk")
        self.workshop = Workshop(icetalk, folder, certificates.make(folder, ADDRESSES))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.workshop.close()

    def start(self, namespace, *command):
        """Starts a program in a namespace."""
        return self.workshop.start(namespace, list(command), self.folder)

    @contextlib.contextmanager
    def link(self, *options):
        """Two namespaces with a link between them, at 10.78.0.1 and 10.78.0.2."""
        with contextlib.ExitStack() as resources:
            ends = Namespace(), Namespace()
            for end in ends:
                resources.callback(end.close)
            linkem = self.start(ends[0], self._linkem, *options, *(end.path for end in ends))
            resources.callback(linkem.kill)
            linkem.expect("out", "ready", STARTING)
            for number, end in enumerate(ends, 1):
                end.set("net/ipv6/conf/cable/disable_ipv6", 1)
                end.run("ip", "-batch", "-", text=_SETUP.format(number=number))
            yield ends


# Browsers gather no candidate without a default route.
_SETUP = """
link set lo up
addr add 10.78.0.{number}/24 dev cable
link set cable mtu 1500 txqueuelen 20000 up
route add default dev cable
"""


class Table:
    """Rows that are printed as they come."""

    def __init__(self, title, *columns):
        self._widths = [max(len(column), 9) for column in columns]
        self._widths[0] = max(self._widths[0], 44)
        print(f"\n{title}\n")
        self.row(*columns)

    def row(self, *cells):
        """Prints a row; numbers with two digits after the point."""
        texts = [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells]
        first, *others = zip(texts, self._widths, strict=True)
        print(first[0].ljust(first[1]), *(text.rjust(width) for text, width in others), sep="  ", flush=True)


def spread(values):
    """The least and the greatest of some numbers."""
    return f"{min(values):.2f}–{max(values):.2f}"


def median(values):
    """The median of some numbers."""
    return float(statistics.median(values))
