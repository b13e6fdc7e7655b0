# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Runs benchmarks. Usage (as root): run.py FOLDER-OF-THE-PROGRAMS LINKEM [NAME…]."""

import pathlib
import signal
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parents[1] / "Tests"
sys.path += [str(TESTS / "Lab"), str(TESTS / "Interop")]

import connect  # noqa: E402
import relay  # noqa: E402
from bench import Bench  # noqa: E402

BENCHMARKS = {"connect": connect.measure, "relay": relay.measure}


def main():
    """Runs the benchmarks that were asked for, or all."""
    programs, linkem, *names = sys.argv[1:]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"There is no benchmark {' or '.join(unknown)}; there are {', '.join(BENCHMARKS)}.")
    # A signal must leave nothing behind.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="icetalk-benchmark-") as folder, Bench(programs, linkem, folder) as bench:
        for name in names or BENCHMARKS:
            BENCHMARKS[name](bench)


if __name__ == "__main__":
    main()
