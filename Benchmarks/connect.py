# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""How many round trips it takes from the exchange of descriptions until a data channel can be used.

Either both ends have each other's description without candidates, so that nothing can begin, and get the candidates at one instant.
Or, as with real signaling, the answerer has a whole offer for a round trip before the offerer gets a whole answer. The clock runs
from that instant until the channel is open at both ends, and until the first message has arrived, which the end that opens the
channel sends as soon as it may. Everything is told by the ends' own clocks.
"""

import contextlib
import time

from bench import Table, median, spread
from ends import PageEnd, PeerEnd, without_candidates

ROUND_TRIP = 0.05
RUNS = 11
# From the plan of a run until it begins, in seconds.
LEAD = 0.3


def measure(bench):
    """Prints a table of medians; each ratio is to Chromium with itself."""
    table = Table(
        f"connect: round trips of {ROUND_TRIP * 1000:.0f} ms until a channel is open, medians of {RUNS} runs",
        *("the offerer, which opens the channel; the answerer", "open", "of all", "ratio", "message", "ratio"),
    )
    with contextlib.ExitStack() as resources:
        delay = ROUND_TRIP * 1000 / 2
        places = resources.enter_context(bench.link("-d", f"{delay:g}"))
        browsers = [resources.enter_context(PageEnd.browser(place)) for place in places]
        kinds = {
            "icetalk": lambda index: PeerEnd(bench, places[index]),
            "Chromium": lambda index: PageEnd(browsers[index]),
        }
        pairs = [("Chromium", "Chromium"), ("icetalk", "icetalk"), ("icetalk", "Chromium"), ("Chromium", "icetalk")]
        for timing, meet in (("both sides learn at once", _at_once), ("the answer takes a round trip", _by_answer)):
            table.row(f"{timing}:", *[""] * 5)
            found = {pair: [] for pair in pairs}
            for _ in range(RUNS):
                # In turns, so that what else the machine does is shared by all.
                for pair in pairs:
                    found[pair].append(_connect(meet, *(kinds[kind](index) for index, kind in enumerate(pair))))
            for pair in pairs:
                opened, heard = zip(*found[pair], strict=True)
                rivals = [median(column) for column in zip(*found[pairs[0]], strict=True)]
                ratios = median(opened) / rivals[0], median(heard) / rivals[1]
                table.row(
                    f"  {pair[0]}; {pair[1]}", median(opened), spread(opened), ratios[0], median(heard), ratios[1]
                )


def _connect(meet, offerer, answerer):
    """Lets two ends connect; the round trips until the channel was open, and until the first message was there."""
    with offerer, answerer:
        start = meet(offerer, answerer)
        opened = max(offerer.opened(), answerer.opened())
        return (opened - start) / ROUND_TRIP, (answerer.heard() - start) / ROUND_TRIP


def _at_once(offerer, answerer):
    """Gives both ends what they lack at one instant, which is returned."""
    answerer.take_offer(without_candidates(offerer.offer()))
    offerer.take_answer(without_candidates(answerer.answer()))
    start = time.time() + LEAD
    theirs = answerer.candidates(), offerer.candidates()
    for end, candidates in zip((offerer, answerer), theirs, strict=True):
        end.plan_candidates(candidates, start)
    for end in offerer, answerer:
        end.carry_out(start)
    return start


def _by_answer(offerer, answerer):
    """Gives the offerer the answer at an instant, which is returned; the answerer begins a round trip earlier."""
    answerer.take_offer(without_candidates(offerer.offer()))
    answer = answerer.answer()
    start = time.time() + LEAD
    answerer.plan_candidates(offerer.candidates(), start - ROUND_TRIP)
    offerer.plan_answer(answer, start)
    answerer.carry_out(start - ROUND_TRIP)
    offerer.carry_out(start)
    return start
