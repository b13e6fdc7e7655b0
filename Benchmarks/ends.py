# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""The ends of a connection: an icetalk peer, or a page in a browser. Instants are seconds since 1970."""

import contextlib
import itertools
import json
import time

from browser import Browser
from program import Deadline

# How long anything may take, in seconds.
PATIENCE = 20


def _await(instant):
    """Returns at an instant; sleeping alone would overshoot it."""
    time.sleep(max(0, instant - time.time() - 0.002))
    while time.time() < instant:
        pass


def without_candidates(sdp):
    """A description that leaves the candidates out."""
    return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith("a=candidate"))


class PeerEnd:
    """The program `interop-peer`, whose reports bear the time."""

    def __init__(self, bench, place):
        self._program = bench.start(place, f"{bench.programs}/interop-peer", "-4")
        self._planned = lambda: None
        self._read = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._program.kill()

    def _tell(self, do, **arguments):
        self._program.write(json.dumps({"do": do, **arguments}) + "\n")

    def _expect(self, event):
        deadline = Deadline(PATIENCE)
        while True:
            for stream, _, line in self._program.lines[self._read :]:
                self._read += 1
                report = json.loads(line) if stream == "out" else {"event": None}
                if report["event"] == event:
                    return report
            deadline.check(f"no {event} within {PATIENCE} s:\n{self._program.text}")
            if self._program.has_ended:
                raise EOFError(f"no {event} before the end:\n{self._program.text}")
            self._program.pump(deadline.left)

    def offer(self):
        """Opens a channel and makes an offer."""
        self._tell("open", label="talk", text="words")
        self._tell("offer")
        return self._expect("description")["description"]["sdp"]

    def take_offer(self, sdp):
        """Takes an offer, which `answer` answers."""
        self._tell("answer", sdp=sdp)

    def answer(self):
        """The answer."""
        return self._expect("description")["description"]["sdp"]

    def take_answer(self, sdp):
        """Takes the answer."""
        self._tell("accept", sdp=sdp)

    def candidates(self):
        """The candidates of this end."""
        self._tell("candidates")
        return self._expect("candidates")["candidates"]

    def plan_candidates(self, candidates, _):
        """Prepares for the other end's candidates at an instant."""

        def give():
            for candidate in candidates:
                self._tell("candidate", candidate=candidate)

        self._planned = give

    def plan_answer(self, sdp, _):
        """Prepares for the answer at an instant."""
        self._planned = lambda: self.take_answer(sdp)

    def carry_out(self, instant):
        """Does what is planned for an instant."""
        _await(instant)
        self._planned()

    def opened(self):
        """When the channel was open."""
        return self._expect("open")["time"]

    def heard(self):
        """When the first message came."""
        return self._expect("heard")["time"]


class PageEnd:
    """A peer connection in a browser's page."""

    _numbers = itertools.count()

    def __init__(self, browser):
        self._browser = browser
        self._name = f"b{next(self._numbers)}"

    @staticmethod
    @contextlib.contextmanager
    def browser(place):
        """A Chromium in a namespace."""
        with place.inside():
            browser = Browser("chromium")
        try:
            browser.run("return 1;", PATIENCE * 2)
            yield browser
        finally:
            browser.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._run("pc.close();")

    def _run(self, code, timeout=PATIENCE):
        return self._browser.run(f"const pc = peers.{self._name}; {code}", timeout)

    def _make(self):
        self._browser.run(f"""
            const pc = makePeer({json.dumps(self._name)});
            pc.clock = () => performance.timeOrigin + performance.now();
            pc.times = {{}};
            pc.note = event => pc.times[event] ??= pc.clock();
            pc.ondatachannel = ({{ channel }}) => {{
                channel.onmessage = () => pc.note("heard");
                channel.onopen = () => pc.note("opened");
            }};""")

    def offer(self):
        """Opens a channel and makes an offer."""
        self._make()
        return self._describe("""
            const channel = pc.createDataChannel("talk");
            channel.onopen = () => { pc.note("opened"); channel.send("words"); };""")

    def take_offer(self, sdp):
        """Takes an offer, which `answer` answers."""
        self._make()
        self._run(f"await pc.setRemoteDescription({{ type: 'offer', sdp: {json.dumps(sdp)} }});")

    def answer(self):
        """The answer."""
        return self._describe("")

    def _describe(self, preparation):
        return self._run(f"""{preparation}
            await pc.setLocalDescription();
            await pc.gathered;
            return pc.localDescription.sdp;""")

    def take_answer(self, sdp):
        """Takes the answer."""
        self._run(f"await pc.setRemoteDescription({{ type: 'answer', sdp: {json.dumps(sdp)} }});")

    def candidates(self):
        """The candidates of this end."""
        return self._run("return pc.found;")

    def plan_candidates(self, candidates, instant):
        """Has the page take the other end's candidates at an instant."""
        lines = [{"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0} for candidate in candidates]
        self._plan(instant, f"for (const line of {json.dumps(lines)}) pc.addIceCandidate(line);")

    def plan_answer(self, sdp, instant):
        """Has the page take the answer at an instant."""
        self._plan(instant, f"pc.setRemoteDescription({{ type: 'answer', sdp: {json.dumps(sdp)} }});")

    def _plan(self, instant, code):
        self._browser.start(f"""
            const pc = peers.{self._name};
            await new Promise(resolve => setTimeout(resolve, {instant * 1000} - pc.clock() - 5));
            while (pc.clock() < {instant * 1000});
            {code}""")

    def carry_out(self, instant):
        """The page does what is planned for an instant."""
        _await(instant)

    def _time(self, event):
        return self._run(f"""
            while (!pc.times.{event}) await new Promise(resolve => setTimeout(resolve, 20));
            return pc.times.{event};""") / 1000

    def opened(self):
        """When the channel was open."""
        return self._time("opened")

    def heard(self):
        """When the first message came."""
        return self._time("heard")
