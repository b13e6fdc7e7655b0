# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""What cases are made of: a world, its proof, and what two peers do in it."""

import contextlib
import dataclasses
import os
import pathlib
import random
import tempfile
import threading
from collections.abc import Callable

import probe
import theory
from meeting import CONNECTING, CONNECTING_BY_STREAM, SOON, Meeting
from servers import relay_options, stun_options
from world import World

FILE_SIZE = 10_000_000
CHATS = (["chat", "--plain"], ["chat", "--plain"])

# Worlds are built a few at a time, so that those who talk in others are not slowed down.
_builders = threading.BoundedSemaphore(os.cpu_count() or 1)


@dataclasses.dataclass(frozen=True)
class Case:
    """Something to try; `body` gives a word about the result, or fails."""

    title: str
    body: Callable
    # Whether it takes long and does little, because it waits.
    is_patient: bool = False


@contextlib.contextmanager
def standing_world(workshop, *homes, **circumstances):
    """A world and a folder for what happens in it."""
    with contextlib.ExitStack() as resources:
        folder = resources.enter_context(tempfile.TemporaryDirectory(dir=workshop.folder))
        with _builders:
            world = resources.enter_context(World(workshop, *homes, **circumstances))
        yield world, folder


@contextlib.contextmanager
def proven_world(workshop, first, second, **circumstances):
    """A world of two homes, of which the kinds are proven, and a folder."""
    with standing_world(workshop, first.home("first"), second.home("second"), **circumstances) as (world, folder):
        prove(world, (first, second))
        yield world, folder


def prove(world, kinds):
    """Fails if a way to a host is not what its kind says."""
    for name, kind in zip(world.hosts, kinds, strict=True):
        place = world.place(name)
        for way in kind.ways:
            source = place.addresses[way.port, way.family]
            found = probe.behaviour(world.internet, place.namespace, source)
            assert found == way.behaviour, f"the lab is wrong: {kind.name} shows {found}, not {way.behaviour}"


def options(number):
    """What icetalk is told of servers: all to ask for addresses, and as relays those of one side alone."""
    return [*stun_options(), *relay_options(number)]


def limit(first, second):
    """How long two kinds of home may take to connect."""
    return CONNECTING_BY_STREAM if theory.needs_stream(first, second) else CONNECTING


def folder_in(folder, name):
    """A new folder in another."""
    path = os.path.join(folder, name)
    os.mkdir(path)
    return path


def chat(workshop, world, folder, chosen, form=Meeting, wrapper=()):
    """A meeting of two who chat."""
    return form(workshop, world, folder_in(folder, "chat"), CHATS, chosen, wrapper)


class Transfer(Meeting):
    """A meeting in which the first host sends a file to the second."""

    def __init__(self, workshop, world, folder, chosen, size=FILE_SIZE):
        self._content = random.Random(folder).randbytes(size)
        source, self._target = pathlib.Path(folder, "moved"), pathlib.Path(folder_in(folder, "target"))
        source.write_bytes(self._content)
        commands = (["send", str(source)], ["receive", "--yes", "--out", str(self._target)])
        super().__init__(workshop, world, folder_in(folder, "transfer"), commands, chosen)

    def finish(self, seconds=SOON):
        """Waits for a good end of both, and fails if the file is not what it was."""
        self.expect_status(0, seconds)
        assert (self._target / "moved").read_bytes() == self._content, "the file has changed on its way"
