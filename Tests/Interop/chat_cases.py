# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""A page chats with the program itself: descriptions are carried as a person would paste them."""

import json

from cases import require

FROM_PAGE = ["hello from the page", "two\nlines", "ünïcödé 🧊"]
FROM_TERMINAL = ["hello from the terminal", "ünïcödé 🗨"]


def icetalk_offers(browser, icetalk, name):
    """`icetalk chat --manual --sdp` prints an offer and takes the page's answer."""
    offer = icetalk.read()
    answer = browser.run(f"""
        const pc = makePeer({json.dumps(name)});
        await pc.setRemoteDescription({offer});
        await pc.setLocalDescription();
        await pc.gathered;
        return pc.localDescription.toJSON();""")
    icetalk.write(json.dumps(answer))
    browser.run(f"peers.{name}.chat = await peers.{name}.channel('icetalk');")
    talk(browser, icetalk, name)


def page_offers(browser, icetalk, name):
    """`icetalk chat --manual` answers an offer that is pasted."""
    require(icetalk.read().upper().startswith("ICETALK"), "icetalk did not print its own line")
    offer = browser.run(f"""
        const pc = makePeer({json.dumps(name)});
        pc.chat = collect(pc.createDataChannel("chat"));
        await pc.setLocalDescription();
        await pc.gathered;
        return pc.localDescription.toJSON();""")
    icetalk.write(json.dumps(offer))
    answer = icetalk.read()
    browser.run(f"""
        await peers.{name}.setRemoteDescription({answer});
        await peers.{name}.chat.opened;""")
    talk(browser, icetalk, name)


def talk(browser, icetalk, name):
    """Chat lines both ways, of which further ones of a message are indented; then the end of the terminal's input ends the chat."""
    for text in FROM_PAGE:
        browser.run(f"peers.{name}.chat.send({json.dumps(text)});")
        for line in text.replace("\n", "\n\t").split("\n"):
            shown = icetalk.read()
            require(shown == line, f"{line!r} is shown as {shown!r}")
    for line in FROM_TERMINAL:
        icetalk.write(line)
        received = browser.run(f"return await peers.{name}.chat.next();")
        require(received == line, f"{line!r} came as {received!r}")
    ended = browser.start(f"await peers.{name}.chat.ended; peers.{name}.close();")
    icetalk.close()
    browser.finish(ended)
