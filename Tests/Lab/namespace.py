# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""Network namespaces that have no name, so that none can be left behind: they last as long as this process and those in them."""

import contextlib
import ctypes
import os
import socket
import subprocess

CLONE_NEWNET = 0x40000000
OWN = "/proc/thread-self/ns/net"

_libc = ctypes.CDLL(None, use_errno=True)


def _call(function, *arguments):
    """Calls a function of the C library, which must succeed."""
    if function(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Namespace:
    """One network namespace."""

    def __init__(self):
        with self._return():
            _call(_libc.unshare, CLONE_NEWNET)
            self._descriptor = os.open(OWN, os.O_RDONLY)

    @staticmethod
    @contextlib.contextmanager
    def _return():
        """Brings the calling thread back to the namespace that it is in now."""
        home = os.open(OWN, os.O_RDONLY)
        try:
            yield
        finally:
            _call(_libc.setns, home, CLONE_NEWNET)
            os.close(home)

    @contextlib.contextmanager
    def inside(self):
        """Has the calling thread in the namespace; sockets that it makes and processes that it starts stay there."""
        with self._return():
            _call(_libc.setns, self._descriptor, CLONE_NEWNET)
            yield

    @property
    def path(self):
        """A path by which other programs find the namespace while this process lives."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def close(self):
        """Gives the namespace up; it ends with its last process."""
        os.close(self._descriptor)

    def run(self, *command, text=""):
        """Runs a program in the namespace, which must succeed, and gives what it says."""
        with self.inside():
            result = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {result.stderr.strip()}\n{text}")
        return result.stdout

    def set(self, name, value):
        """Sets a parameter of the kernel, such as `net/ipv4/ip_forward`."""
        with self.inside(), open(f"/proc/sys/{name}", "w", encoding="ascii") as parameter:
            parameter.write(str(value))

    def udp_socket(self, address, port=0):
        """A UDP socket in the namespace."""
        with self.inside():
            udp = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((address, port))
        return udp

    def tcp_socket(self, address):
        """A TCP socket in the namespace, of the family of an address."""
        with self.inside():
            return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
