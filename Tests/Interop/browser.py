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

FIREFOX_PREFERENCES = {
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "browser.aboutwelcome.enabled": False,
}


class ScriptError(Exception):
    """A snippet threw."""


class Browser:
    """One browser process and the page in it."""

    def __init__(self, name):
        self.name = name
        self.commands = queue.Queue()
        self.results = {}
        self.candidates = {}
        self.arrived = threading.Condition()
        self.count = 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.profile = tempfile.mkdtemp(prefix="icetalk-browser-")
        environment = dict(os.environ, HOME=self.profile, MOZ_HEADLESS="1")
        self.process = subprocess.Popen(
            self._command(f"http://127.0.0.1:{self.server.server_address[1]}/"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def _command(self, url):
        if self.name == "chromium":
            return [
                "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-features=WebRtcHideLocalIpsWithMdns", f"--user-data-dir={self.profile}", url,
            ]
        preferences = "".join(
            f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in FIREFOX_PREFERENCES.items()
        )
        pathlib.Path(self.profile, "user.js").write_text(preferences)
        return ["firefox-esr", "--headless", "--no-remote", "--profile", self.profile, url]

    def _handler(browser):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, body, kind):
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
                query = urllib.parse.parse_qs(url.query)
                if url.path == "/next":
                    try:
                        identifier, code = browser.commands.get(timeout=20)
                    except queue.Empty:
                        identifier, code = 0, ""
                    self.answer(json.dumps({"id": identifier, "code": code}).encode(), "application/json")
                    return
                with browser.arrived:
                    if url.path == "/result":
                        browser.results[int(query["id"][0])] = json.loads(body)
                    elif url.path == "/candidate":
                        browser.candidates.setdefault(query["peer"][0], []).append(json.loads(body))
                    browser.arrived.notify_all()
                self.answer(b"{}", "application/json")

            def log_message(self, *_):
                pass

        return Handler

    def start(self, code):
        """Queues a snippet and returns its number."""
        self.count += 1
        self.commands.put((self.count, code))
        return self.count

    def finish(self, number, timeout=30):
        """Waits for what a snippet returned."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: number in self.results, timeout):
                raise ScriptError(f"{self.name}: no answer within {timeout} s")
            result = self.results.pop(number)
        if "error" in result:
            raise ScriptError(f"{self.name}: {result['error']}")
        return result.get("value")

    def run(self, code, timeout=30):
        """Runs a snippet and returns what it returned."""
        return self.finish(self.start(code), timeout)

    def take_candidates(self, peer):
        """The candidates that a peer connection trickled since the last call."""
        with self.arrived:
            return self.candidates.pop(peer, [])

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.server.shutdown()
        shutil.rmtree(self.profile, ignore_errors=True)
