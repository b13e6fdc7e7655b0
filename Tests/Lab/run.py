# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Runs the lab. Usage (as root): run.py FOLDER-OF-THE-PROGRAMS [WORDS-OF-TITLES]; LAB_ALL=1 for both orders of each pair."""

import concurrent.futures
import os
import signal
import sys
import tempfile
import time
import traceback

import certificates
from cases import all_cases
from program import Workshop
from servers import ADDRESSES

# How many cases run at a time: those that work, and beside them those that wait for a path that does not exist.
BUSY, PATIENT = 6, 24


def attempt(case, workshop):
    """Runs one case; whether it passed, and a line about it."""
    start = time.monotonic()
    try:
        result = case.body(workshop)
    except Exception:  # one failed case must not hide the others
        return False, f"✘ {case.title}\n{traceback.format_exc()}"
    return True, f"✔ {case.title}: {result} ({time.monotonic() - start:.1f} s)"


def run(cases, workshop):
    """Runs cases several at a time; the status to exit with."""
    passed = failed = 0
    with (
        concurrent.futures.ThreadPoolExecutor(PATIENT) as patient,
        concurrent.futures.ThreadPoolExecutor(BUSY) as busy,
    ):
        attempts = [(patient if case.is_patient else busy).submit(attempt, case, workshop) for case in cases]
        try:
            for done in concurrent.futures.as_completed(attempts):
                has_passed, line = done.result()
                passed += has_passed
                failed += not has_passed
                print(line, flush=True)
        except BaseException:
            workshop.close()
            for waiting in attempts:
                waiting.cancel()
            raise
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def main():
    """Runs the cases that were asked for."""
    # Programs inherit what is ignored, and a shell's background jobs ignore interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A signal must leave nothing behind.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    program, words = os.path.join(os.path.abspath(sys.argv[1]), "icetalk"), sys.argv[2:]
    cases = [case for case in all_cases("LAB_ALL" in os.environ) if all(word in case.title for word in words)]
    with tempfile.TemporaryDirectory(prefix="icetalk-lab-") as folder:
        sys.exit(run(cases, Workshop(program, folder, certificates.make(folder, ADDRESSES))))


if __name__ == "__main__":
    main()
