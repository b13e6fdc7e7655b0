# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""The STUN and TURN servers of the Internet."""

import os
import shutil
import tempfile

from program import Deadline

PORT = 3478
SERVERS = (("192.0.2.1", "2001:db8:ffff::1"), ("192.0.2.2", "2001:db8:ffff::2"))
ADDRESSES = tuple(address for server in SERVERS for address in server)

# A binding request (RFC 8489 §5) without attributes.
_BINDING_REQUEST = bytes.fromhex("000100002112a442") + b"lab is built"


def stun_options():
    """The options of icetalk that name all servers."""
    return [word for address in ADDRESSES for word in ("--stun", f"[{address}]" if ":" in address else address)]


def serve(workshop, resources, namespace, number, transports=("--no-tls", "--no-dtls")):
    """Starts a server, and waits until it answers at each of its addresses."""
    folder = tempfile.mkdtemp(dir=workshop.folder)
    resources.callback(shutil.rmtree, folder, ignore_errors=True)
    command = ["turnserver", "-n", "--no-cli", "--simple-log", "--log-file", "stdout", "--relay-threads", "1"]
    command += ["--pidfile", f"{folder}/pid", "--userdb", f"{folder}/users", "--lt-cred-mech", "--realm", "lab"]
    command += ["--user", "lab:lab", "--listening-port", str(PORT), *transports]
    for address in SERVERS[number]:
        command += ["--listening-ip", address, "--relay-ip", address]
    server = workshop.start(namespace, command, os.path.abspath(folder))
    resources.callback(server.kill)
    for address in SERVERS[number]:
        _await_answer(server, namespace, address)


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
