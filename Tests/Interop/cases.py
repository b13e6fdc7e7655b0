# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""What every browser must be able to do with an icetalk peer. The peer echoes each message on its channel."""

import json

SIZES = [0, 1, 1200, 65536, 262144]

# Every reliability type of RFC 8832 §5.1, as a browser names it.
RELIABILITIES = {
    "reliable": {},
    "reliable-unordered": {"ordered": False},
    "rexmit": {"maxRetransmits": 10},
    "rexmit-unordered": {"ordered": False, "maxRetransmits": 10},
    "timed": {"maxPacketLifeTime": 5000},
    "timed-unordered": {"ordered": False, "maxPacketLifeTime": 5000},
}

# The stream of the first negotiated channel.
NEGOTIATED = 500


class Failure(Exception):
    """A case did not go as it must."""


def require(condition, text):
    """Fails the case unless the condition holds."""
    if not condition:
        raise Failure(text)


def connect(browser, peer, name, browser_offers=True, trickles=False):
    """Exchanges descriptions and candidates, and waits until channels can be used."""
    gathered = "" if trickles else f"await peers.{name}.gathered;"
    if browser_offers:
        offer = browser.run(f"""
            const pc = makePeer({json.dumps(name)});
            pc.first = collect(pc.createDataChannel("first"));
            await pc.setLocalDescription(); {gathered}
            return pc.localDescription.toJSON();""")
        peer.tell("answer", sdp=offer["sdp"], trickle=trickles)
        answer = peer.expect("description")
        browser.run(f"await peers.{name}.setRemoteDescription({json.dumps(answer['description'])});")
    else:
        peer.tell("offer", trickle=trickles)
        offer = peer.expect("description")
        answer = browser.run(f"""
            const pc = makePeer({json.dumps(name)});
            await pc.setRemoteDescription({json.dumps(offer['description'])});
            await pc.setLocalDescription(); {gathered}
            return pc.localDescription.toJSON();""")
        peer.tell("accept", sdp=answer["sdp"])
    if trickles:
        trickle(browser, peer, name)
    peer.expect("established")


def trickle(browser, peer, name):
    """Carries candidates both ways, apart from the descriptions."""
    for candidate in browser.run(f"await peers.{name}.gathered; return peers.{name}.found;"):
        peer.tell("candidate", candidate=candidate)
    peer.tell("end-of-candidates")
    peer.tell("candidates")
    for candidate in peer.expect("candidates")["candidates"]:
        line = json.dumps({"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0})
        browser.run(f"await peers.{name}.addIceCandidate({line});")


def channels_of_the_browser(browser, peer, name):
    """The browser opens a channel of each type and gets each message back."""
    for label, options in RELIABILITIES.items():
        result = browser.run(f"""
            const channel = collect(peers.{name}.createDataChannel({json.dumps(label)}, {json.dumps(options)}));
            await channel.opened;
            return await echo(channel, {json.dumps(SIZES)});""")
        require(result == "ok", result)
        opened = peer.expect("open", label=label)
        require(opened["reliability"] == label, f"{label} came as {opened['reliability']}")


def channels_of_the_peer(browser, peer, name):
    """icetalk opens a channel of each type, in-band; the browser sees its parameters and gets each message back."""
    for label, options in RELIABILITIES.items():
        label = "mine-" + label
        peer.tell("open", label=label, **options)
        seen = browser.run(f"""
            const channel = await peers.{name}.channel({json.dumps(label)});
            return {{ result: await echo(channel, {json.dumps(SIZES)}), ordered: channel.ordered,
                maxRetransmits: channel.maxRetransmits, maxPacketLifeTime: channel.maxPacketLifeTime }};""")
        require(seen["result"] == "ok", seen["result"])
        for key in ("maxRetransmits", "maxPacketLifeTime"):
            require(seen[key] == options.get(key), f"{label}: {key} is {seen[key]}")
        require(seen["ordered"] == options.get("ordered", True), f"{label}: ordered is {seen['ordered']}")


def negotiated_channels(browser, peer, name):
    """Both sides make a channel with the same id by agreement, without a word to each other."""
    for identifier, (label, options) in enumerate(RELIABILITIES.items(), NEGOTIATED):
        peer.tell("open", label=label, negotiated=True, id=identifier, **options)
        peer.expect("open", id=identifier)
        result = browser.run(f"""
            const options = {{ negotiated: true, id: {identifier}, ...{json.dumps(options)} }};
            const channel = collect(peers.{name}.createDataChannel({json.dumps(label)}, options));
            await channel.opened;
            return await echo(channel, {json.dumps(SIZES)});""")
        require(result == "ok", result)


def never_retransmitted(browser, peer, name):
    """Messages that are sent once only; small ones, since a burst may overflow a buffer even on a cable."""
    result = browser.run(f"""
        const options = {{ ordered: false, maxRetransmits: 0 }};
        const channel = collect(peers.{name}.createDataChannel("once", options));
        await channel.opened;
        return await echo(channel, [0, 1, 1200]);""")
    require(result == "ok", result)


def closed_by_the_browser(browser, peer, name):
    """The browser closes a channel, icetalk hears of it, and the stream id serves again."""
    seen = browser.run(f"""
        const pc = peers.{name};
        const first = collect(pc.createDataChannel("closed-by-browser"));
        await first.opened;
        await echo(first, [1]);
        const id = first.id;
        first.close();
        await first.ended;
        const second = collect(pc.createDataChannel("again"));
        await second.opened;
        return {{ result: await echo(second, [1, 1200]), first: id, second: second.id }};""")
    require(seen["result"] == "ok", seen["result"])
    require(seen["first"] == seen["second"], f"stream {seen['first']} was not used again: {seen['second']}")
    peer.expect("closed", label="closed-by-browser")


def closed_by_the_peer(browser, peer, name):
    """icetalk closes a channel, the browser hears of it, and the stream id serves again."""
    peer.tell("open", label="closed-by-icetalk")
    first = peer.expect("open", label="closed-by-icetalk")
    browser.run(f"await (await peers.{name}.channel('closed-by-icetalk')).opened;")
    peer.tell("close", channel=first["channel"])
    browser.run(f"await (await peers.{name}.channel('closed-by-icetalk')).ended;")
    peer.expect("closed", label="closed-by-icetalk")
    peer.tell("open", label="icetalk-again")
    second = peer.expect("open", label="icetalk-again")
    require(first["id"] == second["id"], f"stream {first['id']} was not used again: {second['id']}")
    result = browser.run(f"return await echo(await peers.{name}.channel('icetalk-again'), [1, 1200]);")
    require(result == "ok", result)


def connection_closed(browser, peer, name, by_browser):
    """Either side ends the connection, and the other hears of it."""
    browser.run(f"""
        const pc = peers.{name};
        pc.last = collect(pc.createDataChannel("last"));
        await pc.last.opened;""")
    if by_browser:
        browser.run(f"peers.{name}.close();")
        require("remote" in peer.expect("ended")["reason"], "the peer does not say that the browser ended it")
    else:
        peer.tell("end")
        browser.run(f"await peers.{name}.last.ended; peers.{name}.close();")
        require("local" in peer.expect("ended")["reason"], "the peer does not say that it ended it itself")


def whole(browser, peer, name, browser_offers, trickles):
    """Everything above on one connection."""
    connect(browser, peer, name, browser_offers, trickles)
    channels_of_the_browser(browser, peer, name)
    channels_of_the_peer(browser, peer, name)
    negotiated_channels(browser, peer, name)
    never_retransmitted(browser, peer, name)
    closed_by_the_browser(browser, peer, name)
    closed_by_the_peer(browser, peer, name)
    connection_closed(browser, peer, name, by_browser=browser_offers == trickles)


def short(browser, peer, name):
    """A connection that is only made, used once and closed."""
    connect(browser, peer, name)
    used_once(browser, peer, name)


def used_once(browser, peer, name):
    """A connection that was made is used and closed."""
    result = browser.run(f"return await echo(peers.{name}.first, {json.dumps(SIZES)});")
    require(result == "ok", result)
    connection_closed(browser, peer, name, by_browser=True)


def hidden_addresses(browser, peer, name):
    """The browser's host candidates are `.local` names, which the peer resolves by asking for them."""
    connect(browser, peer, name)
    peer.expect("path", kind="host")
    found = browser.run(f"return peers.{name}.found;")
    require(found and all(".local " in candidate for candidate in found), f"addresses are not hidden: {found}")
    used_once(browser, peer, name)


def both_hidden(browser, peer, name):
    """Each side's host candidates are `.local` names, which the other resolves by asking for them.

    A browser asks only if it hides its own addresses.
    """
    connect(browser, peer, name)
    peer.expect("path", kind="host")
    peer.tell("candidates")
    found = peer.expect("candidates")["candidates"]
    require(found and all(".local " in candidate for candidate in found), f"addresses are not hidden: {found}")
    kind = browser.run(f"""
        for (let tries = 0; tries < 100; tries += 1) {{
            const stats = [...(await peers.{name}.getStats()).values()];
            const pairs = stats.filter(one => one.type === "candidate-pair" && one.state === "succeeded");
            const remotes = pairs.map(pair => stats.find(one => one.id === pair.remoteCandidateId));
            if (remotes.some(remote => remote?.candidateType === "host")) return "host";
            await new Promise(resolve => setTimeout(resolve, 100));
        }}
        return "no pair of a host candidate";""")
    require(kind == "host", f"the browser did not resolve the peer's names: {kind}")
    used_once(browser, peer, name)


def two_way_stream(browser, peer, name):
    """20 MB leave the browser as fast as it can send, while what came comes back."""
    connect(browser, peer, name)
    seen = browser.run(f"return await stream(peers.{name}.first, 320, 65536);", timeout=40)
    require(seen["sent"] == seen["received"], "the bytes came back altered")
    connection_closed(browser, peer, name, by_browser=False)


def restart(browser, first, second, name):
    """A peer that dies without a word does not stand in the way of its successor."""
    connect(browser, first, name + "a")
    first.kill()
    short(browser, second, name + "b")
    browser.run(f"peers.{name}a.close();")
