"""nginx: the upstream of all, in clear text and over TLS, and the proxy that is the limit."""

import os
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine import free_port, pinned, wait_for_port

_MAIN = """worker_processes 1; worker_rlimit_nofile 16384; daemon off; pid {folder}/{name}.pid;
error_log {folder}/{name}.err;
events {{ worker_connections 8192; }}
http {{ access_log off; default_type application/json; keepalive_requests 100000000;
  client_body_temp_path {folder}/{name}1; proxy_temp_path {folder}/{name}2; fastcgi_temp_path {folder}/{name}3;
  uwsgi_temp_path {folder}/{name}4; scgi_temp_path {folder}/{name}5;
  {body} }}
"""
_ANSWER = (
    '{"id":"c-1","object":"chat.completion","created":1790000000,"model":"gpt-4o","choices":[{"index":0,"message":'
    '{"role":"assistant","content":"Hello there, how can I help you today?"},"finish_reason":"stop"}],"usage":'
    '{"prompt_tokens":31,"completion_tokens":9,"total_tokens":40}}'
)
_UPSTREAM = """server {{ listen 127.0.0.1:{port} backlog=2048; {tls} location / {{ return 200 '{answer}'; }} }}"""
_PROXY = """upstream u {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} backlog=2048; location / {{ proxy_http_version 1.1; proxy_buffering off;
  proxy_set_header Connection ""; {tls} proxy_pass {scheme}://u; }} }}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A server certificate for 127.0.0.1 that signs itself."""

    certificate: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """Raises OSError or CalledProcessError where there is no `openssl` that can."""
    made = Certificate(certificate=folder / "tls.pem", key=folder / "tls.key")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return made


@contextmanager
def upstream(folder: Path, core: int, certificate: Certificate | None = None) -> Generator[int]:
    """Answers every request with a short completion; its port."""
    port = free_port()
    tls = ""
    if certificate:
        tls = f"ssl_certificate {certificate.certificate}; ssl_certificate_key {certificate.key};"
    body = _UPSTREAM.format(port=port, tls=tls, answer=_ANSWER)
    if certificate:
        body = body.replace("backlog=2048", "backlog=2048 ssl")
    with _running(folder, f"upstream{port}", body, core, port):
        yield port


@contextmanager
def front(folder: Path, core: int, to: int, certificate: Certificate | None = None) -> Generator[tuple[int, int]]:
    """A proxy to the port `to`: its port, and the process that works."""
    port = free_port()
    tls = ""
    if certificate:
        tls = f"proxy_ssl_trusted_certificate {certificate.certificate}; proxy_ssl_verify on; proxy_ssl_name 127.0.0.1;"
    body = _PROXY.format(port=port, upstream=to, tls=tls, scheme="https" if certificate else "http")
    with _running(folder, f"front{port}", body, core, port) as pid:
        yield port, pid


@contextmanager
def _running(folder: Path, name: str, body: str, core: int, port: int) -> Generator[int]:
    config = folder / f"{name}.conf"
    config.write_text(_MAIN.format(folder=folder, name=name, body=body))
    command = ["nginx", "-e", str(folder / f"{name}.err"), "-c", str(config)]
    process = subprocess.Popen(pinned(core, command), stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield _worker_of(process.pid)
    finally:
        process.terminate()
        process.wait()


def _worker_of(pid: int) -> int:
    for _ in range(100):
        children = Path(f"/proc/{pid}/task/{pid}/children")
        found = children.read_text().split() if children.exists() else []
        if found:
            return int(found[0])
        time.sleep(0.05)
    return pid


def last_core() -> int:
    """Where load and upstream run; what is measured has core 0."""
    return (os.cpu_count() or 1) - 1
