"""Certificates for tests: an authority of one's own and a server certificate, made with the `openssl` command."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """`ca_file` signs the certificate that `server` shows, which stands in `certificate` and `key`."""

    ca_file: Path
    server: ssl.SSLContext
    certificate: Path
    key: Path


NAMES = "IP:127.0.0.1,DNS:localhost,DNS:upstream.test"


def make_certificates(folder: Path, names: str = NAMES) -> Certificates:
    """Make both in `folder`, the server's for `names`. Skips the test where there is no `openssl` command."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the `openssl` command to make certificates (Debian: apt-get install openssl)")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    _openssl(folder, "req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test authority",
             "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    _openssl(folder, "req", *new_key[:-2], "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=upstream.test")
    (folder / "names").write_text(f"subjectAltName={names}\n")
    _openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
             "-days", "2", "-out", "server.pem", "-extfile", "names")  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return Certificates(
        ca_file=folder / "ca.pem", server=context, certificate=folder / "server.pem", key=folder / "server.key"
    )


def _openssl(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"openssl {arguments[0]} failed: {done.stderr}"
