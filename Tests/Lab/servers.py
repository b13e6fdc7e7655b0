# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""The STUN and TURN servers of the Internet."""

import base64
import hashlib
import hmac
import os
import shutil
import tempfile
import time

from program import Deadline

PORT, TLS_PORT = 3478, 443
SERVERS = (("192.0.2.1", "2001:db8:ffff::1"), ("192.0.2.2", "2001:db8:ffff::2"))
ADDRESSES = tuple(address for server in SERVERS for address in server)

# How a server is reached that relays, the best first, and the families of the addresses that it gives.
RELAY_TRANSPORTS = ("udp", "tcp", "tls")
RELAYED_FAMILIES = ("ipv4", "ipv6")

# A server with one user, and one whose users get their passwords from a service that shares a secret with it.
LONG_TERM = ("--lt-cred-mech", "--user", "lab:lab")
_SECRET = "the lab's secret"
REST = ("--use-auth-secret", "--static-auth-secret", _SECRET)

# A binding request (RFC 8489 §5) without attributes.
_BINDING_REQUEST = bytes.fromhex("000100002112a442") + b"lab is built"


def _in_url(address):
    return f"[{address}]" if ":" in address else address


def stun_options(*numbers):
    """The options of icetalk that name servers, or all of them, to be asked for addresses."""
    chosen = [SERVERS[number] for number in numbers] or SERVERS
    return [word for addresses in chosen for address in addresses for word in ("--stun", _in_url(address))]


def relay_options(number, transports=RELAY_TRANSPORTS, families=("ipv4", "ipv6"), login=("lab", "lab")):
    """The options of icetalk that name a server as a relay, for each transport and at each of its addresses."""
    forms = {"udp": "turn:{}", "tcp": "turn:{}?transport=tcp", "tls": f"turns:{{}}:{TLS_PORT}"}
    addresses = [address for address in SERVERS[number] if ("ipv6" if ":" in address else "ipv4") in families]
    urls = [forms[transport].format(_in_url(address)) for transport in transports for address in addresses]
    words = [word for url in urls for word in ("--turn", url)]
    return [*words, "--turn-user", login[0], "--turn-password", login[1]]


def temporary_login(name):
    """A user and a password as a service gives them out, for a quarter of an hour."""
    user = f"{int(time.time()) + 900}:{name}"
    digest = hmac.digest(_SECRET.encode(), user.encode(), hashlib.sha1)
    return user, base64.b64encode(digest).decode()


def serve(workshop, resources, namespace, number, options=LONG_TERM):
    """Starts a server, and waits until it answers at each of its addresses."""
    return serve_at(workshop, resources, namespace, SERVERS[number], options)


def serve_at(workshop, resources, namespace, addresses, options=LONG_TERM):
    """Starts a server at addresses; one with two addresses of a family speaks RFC 5780."""
    folder = tempfile.mkdtemp(dir=workshop.folder)
    resources.callback(shutil.rmtree, folder, ignore_errors=True)
    command = ["turnserver", "-n", "--no-cli", "--simple-log", "--log-file", "stdout", "--relay-threads", "1"]
    command += ["--pidfile", f"{folder}/pid", "--userdb", f"{folder}/users", "--realm", "lab", *options]
    command += ["--listening-port", str(PORT), "--tls-listening-port", str(TLS_PORT), "--no-dtls"]
    command += ["--cert", workshop.certificates.servers, "--pkey", workshop.certificates.key]
    for address in addresses:
        command += ["--listening-ip", address, "--relay-ip", address]
    server = workshop.start(namespace, command, os.path.abspath(folder))
    resources.callback(server.kill)
    for address in addresses:
        _await_answer(server, namespace, address)
    return server


def _await_answer(server, namespace, address):
    deadline = Deadline(20)
    with namespace.udp_socket("::" if ":" in address else "0.0.0.0") as client:
        client.connect((address, PORT))
        client.settimeout(0.05)
        while True:
            try:
                client.send(_BINDING_REQUEST)
                client.recv(1500)
                return
            except (TimeoutError, ConnectionRefusedError):
                server.pump(0.02)
                if server.has_ended:
                    raise ChildProcessError(f"the server at {address} has ended:\n{server.text}") from None
                deadline.check(f"the server at {address} does not answer:\n{server.text}")
