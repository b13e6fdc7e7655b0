# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""aiortc at the other end: a third implementation of everything, in this process."""

import asyncio

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from cases import Failure, require

# aiortc takes messages of up to 64 KiB.
SIZES = [0, 1, 1200, 65535]


def pattern(size, seed):
    return bytes((31 * index + seed) % 251 for index in range(size))


async def gather(connection):
    """aiortc gathers within setLocalDescription."""
    await connection.setLocalDescription(
        await (connection.createAnswer() if connection.signalingState == "have-remote-offer" else connection.createOffer())
    )
    return connection.localDescription.sdp


async def echo(channel):
    inbox = asyncio.Queue()
    channel.on("message", inbox.put_nowait)
    for size in SIZES:
        for message in (pattern(size, size), "é" * (size // 2)):
            channel.send(message)
            answer = await asyncio.wait_for(inbox.get(), 20)
            require(answer == message, f"a message of {size} bytes came back altered")


async def opened(channel):
    event = asyncio.Event()
    channel.on("open", event.set)
    if channel.readyState != "open":
        await asyncio.wait_for(event.wait(), 20)


async def aiortc_offers(peer):
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        channel = connection.createDataChannel("first")
        peer.tell("answer", sdp=await gather(connection), trickle=False)
        answer = await asyncio.to_thread(peer.expect, "description")
        await connection.setRemoteDescription(RTCSessionDescription(**answer["description"]))
        await opened(channel)
        await echo(channel)
        await channels(connection, peer)
    finally:
        await connection.close()


async def aiortc_answers(peer):
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        peer.tell("offer", trickle=False)
        offer = await asyncio.to_thread(peer.expect, "description")
        await connection.setRemoteDescription(RTCSessionDescription(**offer["description"]))
        peer.tell("accept", sdp=await gather(connection))
        await asyncio.to_thread(peer.expect, "established")
        await channels(connection, peer)
    finally:
        await connection.close()


async def channels(connection, peer):
    """A channel from each side."""
    mine = connection.createDataChannel("theirs", ordered=False, maxRetransmits=10)
    await opened(mine)
    await echo(mine)
    incoming = asyncio.Queue()
    connection.on("datachannel", incoming.put_nowait)
    await asyncio.to_thread(peer.tell, "open", label="ours")
    channel = await asyncio.wait_for(incoming.get(), 20)
    require(channel.label == "ours", f"the label came as {channel.label}")
    await echo(channel)


def all(make_peer):
    def case(body):
        def run():
            peer = make_peer()
            try:
                asyncio.run(asyncio.wait_for(body(peer), 60))
            except asyncio.TimeoutError:
                raise Failure("not done within 60 s") from None
            finally:
                peer.process.kill()

        return run

    yield "aiortc offers", case(aiortc_offers)
    yield "aiortc answers", case(aiortc_answers)
