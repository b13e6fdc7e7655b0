# Part of icetalk.
# SPDX-License-Identifier: Apache-2.0
"""A certificate authority that only the lab trusts, and what it certifies."""

import dataclasses
import os
import subprocess


@dataclasses.dataclass(frozen=True)
class Certificates:
    """Files in PEM: of the authority, and of the servers and their key."""

    authority: str
    servers: str
    key: str


def make(folder, addresses):
    """Makes an authority, and a certificate for servers at addresses."""
    authority, authority_key, servers, key = (
        os.path.join(folder, name) for name in ("authority.pem", "authority.key", "servers.pem", "servers.key")
    )
    _request("/CN=Authority of the lab", authority, authority_key, "basicConstraints=critical,CA:TRUE")
    names = ",".join(f"IP:{address}" for address in addresses)
    signed = ["-CA", authority, "-CAkey", authority_key]
    _request("/CN=Servers of the lab", servers, key, "basicConstraints=CA:FALSE", "-addext", f"subjectAltName={names}", *signed)
    return Certificates(authority, servers, key)


def _request(subject, certificate, key, extension, *more):
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command += ["-subj", subject, "-addext", extension, "-out", certificate, "-keyout", key, *more]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"openssl: {result.stderr}")
