# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""A headless browser that runs snippets of JavaScript: a served page fetches them and posts what they return."""

import http.server
import json
import os
import pathlib
import queue
import shutil
import subprocess
import tempfile
import threading
import urllib.parse

PAGE = pathlib.Path(__file__).with_name("page.html").read_bytes()

# How long the page waits for a snippet before it asks again, in seconds.
POLL_SECONDS = 20

CHROMIUM_COMMAND = [
    "chromium",
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

FIREFOX_PREFERENCES = {
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
}


class ScriptError(Exception):
    """A snippet threw, or returned nothing in time."""


class PageServer(http.server.ThreadingHTTPServer):
    """Serves one browser."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        """A browser that ends breaks its connections off; a lack of answers is noticed elsewhere."""


class Browser:
    """One browser process and the page in it.

    `hides_addresses` leaves its host candidates behind `.local` names, as browsers do for pages that nobody trusts.
    """

    def __init__(self, name, hides_addresses=False):
        self.name = name
        self.hides_addresses = hides_addresses
        self.commands = queue.Queue()
        self.results = {}
        self.arrived = threading.Condition()
        self.count = 0
        self.server = PageServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.profile = tempfile.mkdtemp(prefix="browser-")
        self.process = subprocess.Popen(
            self._command(f"http://127.0.0.1:{self.server.server_address[1]}/"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ, HOME=self.profile, MOZ_HEADLESS="1"),
        )

    def _command(self, url):
        if self.name == "chromium":
            revealing = [] if self.hides_addresses else ["--disable-features=WebRtcHideLocalIpsWithMdns"]
            return [*CHROMIUM_COMMAND, *revealing, f"--user-data-dir={self.profile}", url]
        preferences = FIREFOX_PREFERENCES | {
            "media.peerconnection.ice.obfuscate_host_addresses": self.hides_addresses
        }
        lines = (f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in preferences.items())
        pathlib.Path(self.profile, "user.js").write_text("".join(lines))
        return ["firefox-esr", "--headless", "--no-remote", "--profile", self.profile, url]

    def _handler(browser):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, body, kind="application/json"):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.answer(PAGE if self.path == "/" else b"", "text/html")

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                url = urllib.parse.urlsplit(self.path)
                if url.path == "/next":
                    self.answer(json.dumps(browser._next()).encode())
                    return
                with browser.arrived:
                    browser.results[int(urllib.parse.parse_qs(url.query)["id"][0])] = json.loads(body)
                    browser.arrived.notify_all()
                self.answer(b"{}")

            def log_message(self, *_):
                pass

        return Handler

    def _next(self):
        """The next snippet, or none when nothing is asked for a while."""
        try:
            identifier, code = self.commands.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return {"id": 0, "code": ""}
        return {"id": identifier, "code": code}

    def start(self, code):
        """Queues a snippet and returns its number."""
        self.count += 1
        self.commands.put((self.count, code))
        return self.count

    def finish(self, number, timeout=20):
        """Waits for what a snippet returned."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: number in self.results, timeout):
                raise ScriptError(f"{self.name}: no answer within {timeout} s")
            result = self.results.pop(number)
        if "error" in result:
            raise ScriptError(f"{self.name}: {result['error']}")
        return result.get("value")

    def run(self, code, timeout=20):
        """Runs a snippet and returns what it returned."""
        return self.finish(self.start(code), timeout)

    def close(self):
        """Ends the process."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.server.shutdown()
        shutil.rmtree(self.profile, ignore_errors=True)
