# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Lets icetalk talk to real browsers and to aiortc. Usage: run.py PATH-OF-interop-peer (as root)."""

import os
import subprocess
import sys
import time
import traceback

import aiortc_cases
import cases
from browser import Browser
from network import Cable
from peer import Peer


def browser_cases():
    for name in ("chromium", "firefox"):
        for browser_offers in (True, False):
            for trickles in (True, False):
                offerer = name if browser_offers else "icetalk"
                how = "trickled" if trickles else "in the description"
                yield name, f"{name}: {offerer} offers, candidates {how}", browser_offers, trickles


def attempt(title, body, failures):
    start = time.monotonic()
    try:
        body()
    except Exception:  # one failed case must not hide the others
        failures.append(title)
        print(f"✘ {title}\n{traceback.format_exc()}", flush=True)
    else:
        print(f"✔ {title} ({time.monotonic() - start:.1f} s)", flush=True)


def run_inside(program, far):
    """Runs every case; this process and the browsers stand in one namespace, the peers in the other."""
    failures, count, browsers = [], 0, {}
    try:
        for name, title, browser_offers, trickles in browser_cases():
            browsers[name] = browsers.get(name) or Browser(name)
            count += 1

            def body():
                peer = Peer(program, far)
                try:
                    cases.whole(browsers[name], peer, f"p{count}", browser_offers, trickles)
                finally:
                    peer.process.kill()

            attempt(title, body, failures)
        for title, case in aiortc_cases.all(lambda: Peer(program, far)):
            count += 1
            attempt(title, case, failures)
    finally:
        for browser in browsers.values():
            browser.close()
    print(f"{count - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


def main():
    program = os.path.abspath(sys.argv[1])
    if len(sys.argv) == 3:
        sys.exit(run_inside(program, sys.argv[2]))
    with Cable() as cable:
        inside = ["ip", "netns", "exec", cable.near, sys.executable, __file__, program, cable.far]
        status = subprocess.run(inside).returncode
    sys.exit(status)


if __name__ == "__main__":
    main()
