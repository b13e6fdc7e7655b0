# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""aiortc at the other end: a third implementation of everything, in this process."""

import asyncio

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from cases import NEGOTIATED, RELIABILITIES, require
from program import PATIENCE

# aiortc announces 65,536 bytes.
SIZES = [0, 1, 1200, 65536]


def pattern(size, seed):
    """Bytes that nobody sends by accident."""
    return bytes((31 * index + seed) % 251 for index in range(size))


async def within(awaitable):
    """Waits, but not for ever."""
    return await asyncio.wait_for(awaitable, PATIENCE)


async def ask(peer, event, **fields):
    """Waits for what the peer reports, without holding aiortc up."""
    return await asyncio.to_thread(peer.expect, event, **fields)


async def describe(connection, make):
    """Makes and sets a description; aiortc gathers meanwhile."""
    await connection.setLocalDescription(await make())
    return connection.localDescription.sdp


async def echo(channel):
    """Sends each message and expects it back."""
    inbox = asyncio.Queue()
    channel.on("message", inbox.put_nowait)
    for size in SIZES:
        for message in (pattern(size, size), "é" * (size // 2)):
            channel.send(message)
            require(await within(inbox.get()) == message, f"a message of {size} bytes came back altered")
    channel.remove_all_listeners("message")


async def opened(channel):
    """Waits until a channel can be used."""
    await reached(channel, "open", "open")


async def closed(channel):
    """Waits until a channel is no more."""
    await reached(channel, "closed", "close")


async def reached(channel, state, event):
    """Waits for the state of a channel that an event announces."""
    done = asyncio.Event()
    channel.on(event, done.set)
    if channel.readyState != state:
        await within(done.wait())


async def connect(connection, peer, aiortc_offers, trickles):
    """Exchanges descriptions; those of aiortc always hold its candidates."""
    if aiortc_offers:
        offer = await describe(connection, connection.createOffer)
        peer.tell("answer", sdp=offer, trickle=trickles)
        answer = await ask(peer, "description")
        await connection.setRemoteDescription(RTCSessionDescription(**answer["description"]))
    else:
        peer.tell("offer", trickle=trickles)
        offer = await ask(peer, "description")
        await connection.setRemoteDescription(RTCSessionDescription(**offer["description"]))
        peer.tell("accept", sdp=await describe(connection, connection.createAnswer))
    if trickles:
        peer.tell("candidates")
        for line in (await ask(peer, "candidates"))["candidates"]:
            candidate = candidate_from_sdp(line.removeprefix("candidate:"))
            candidate.sdpMid = "0"
            await connection.addIceCandidate(candidate)
        await connection.addIceCandidate(None)
    await ask(peer, "established")


async def channels_of_aiortc(connection, peer):
    """aiortc opens a channel of each type."""
    for label, options in RELIABILITIES.items():
        channel = connection.createDataChannel(label, **options)
        await opened(channel)
        await echo(channel)
        seen = await ask(peer, "open", label=label)
        require(seen["reliability"] == label, f"{label} came as {seen['reliability']}")


async def channels_of_the_peer(incoming, peer):
    """icetalk opens a channel of each type."""
    for label, options in RELIABILITIES.items():
        label = "mine-" + label
        peer.tell("open", label=label, **options)
        channel = await within(incoming.get())
        require(channel.label == label, f"the label came as {channel.label}")
        require(channel.ordered == options.get("ordered", True), f"{label}: ordered is {channel.ordered}")
        await echo(channel)


async def negotiated_channels(connection, peer):
    """Both sides make a channel with the same id by agreement."""
    for identifier, (label, options) in enumerate(RELIABILITIES.items(), NEGOTIATED):
        peer.tell("open", label=label, negotiated=True, id=identifier, **options)
        await ask(peer, "open", id=identifier)
        channel = connection.createDataChannel(label, negotiated=True, id=identifier, **options)
        await opened(channel)
        await echo(channel)


async def closing(connection, incoming, peer):
    """Either side closes a channel, the other hears of it, and icetalk uses its stream again."""
    channel = connection.createDataChannel("closed-by-aiortc")
    await opened(channel)
    channel.close()
    await closed(channel)
    await ask(peer, "closed", label="closed-by-aiortc")
    peer.tell("open", label="closed-by-icetalk")
    first = await ask(peer, "open", label="closed-by-icetalk")
    channel = await within(incoming.get())
    peer.tell("close", channel=first["channel"])
    await closed(channel)
    await ask(peer, "closed", label="closed-by-icetalk")
    peer.tell("open", label="icetalk-again")
    second = await ask(peer, "open", label="icetalk-again")
    require(first["id"] == second["id"], f"stream {first['id']} was not used again: {second['id']}")
    await echo(await within(incoming.get()))


async def whole(peer, aiortc_offers, trickles):
    """Everything above on one connection, which aiortc ends."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    incoming = asyncio.Queue()
    connection.on("datachannel", incoming.put_nowait)
    try:
        first = connection.createDataChannel("first") if aiortc_offers else None
        await connect(connection, peer, aiortc_offers, trickles)
        if first:
            await opened(first)
        await channels_of_aiortc(connection, peer)
        await channels_of_the_peer(incoming, peer)
        await negotiated_channels(connection, peer)
        await closing(connection, incoming, peer)
    finally:
        await connection.close()
    await ask(peer, "ended")


def run(peer, aiortc_offers, trickles):
    """One case."""
    asyncio.run(whole(peer, aiortc_offers, trickles))
