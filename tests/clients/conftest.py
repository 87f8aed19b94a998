"""Unmodified SDKs speak through the running proxy with a scripted upstream on loopback behind every provider's name."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Certificates, make_certificates
from tests.support.product import upstream_in_a_thread
from tests.support.proxy import ProxyProcess, running_proxy
from tests.support.upstream import Received, Script, ScriptedUpstream, chunk, response
from union_square.domain.call import CallRecording
from union_square.domain.lifecycle import CallState
from union_square.wire.understanding import Understanding

PROVIDERS = ("openai", "anthropic", "gemini", "vertex-ai", "bedrock", "azure-openai", "mistral", "cohere", "ollama")
KEY = "test-k3y-of-nobody"


def answer(value: Any, **headers: str) -> list[bytes]:
    """A JSON answer."""
    sent = [("Content-Type", "application/json"), *((n.replace("_", "-"), v) for n, v in headers.items())]
    return [response(json.dumps(value).encode(), headers=sent)]


def raw(data: bytes, media_type: str) -> list[bytes]:
    return [response(data, headers=[("Content-Type", media_type)])]


def streamed(pieces: list[bytes], media_type: str) -> Script:
    """A chunked answer whose pieces come one by one."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    paced = [step for piece in pieces for step in (chunk(piece), 0.002)]
    return [head, *paced, chunk(b"")]


def events(*values: Any, named: bool = False, done: bool = False) -> Script:
    """A stream of server-sent events, each named by its `type` where the provider does so."""
    pieces: list[bytes] = []
    for value in values:
        name = f"event: {value['type']}\n" if named else ""
        pieces.append(f"{name}data: {json.dumps(value)}\n\n".encode())
    return streamed([*pieces, *([b"data: [DONE]\n\n"] if done else [])], "text/event-stream")


def json_lines(*values: Any) -> Script:
    return streamed([json.dumps(value).encode() + b"\n" for value in values], "application/x-ndjson")


@dataclass(slots=True)
class Wire:
    """The running proxy and the upstream behind it, for one test."""

    proxy: ProxyProcess
    upstream: ScriptedUpstream
    before: set[str] = field(default_factory=set[str])

    @property
    def url(self) -> str:
        return self.proxy.url

    def answers(self, *scripts: Script) -> None:
        """What the next requests are answered, in this order."""
        self.upstream.scripts[:] = scripts
        self.upstream.served = 0
        self.upstream.received.clear()
        self.before = {str(call.call_id) for call in self.proxy.recordings()}

    def seen(self, *starts: str, state: CallState = "done") -> list[Received]:
        """The requests as the upstream got them, once the log holds the same; `starts` are their first lines' own,
        e.g. "POST /v1/messages", and `state` is what readers are told of each call."""
        got = list(self.upstream.received)
        lines = [request.lines[0].decode().removesuffix(" HTTP/1.1") for request in got]
        assert lines == list(starts)
        calls = self.ended(len(got))
        for call, request in zip(calls, got, strict=True):
            assert self._understood(call) == state, call.failure
            assert bytes(call.request.data) == request.body
            assert call.response.data
            assert not call.gaps
            assert KEY.encode() not in call.request_head, "the record holds the key"
        assert all(KEY.encode() in request.head for request in got), "the key did not reach the upstream"
        return got

    def _understood(self, call: CallRecording) -> CallState:
        """Clients may close at a stream's own last word, which is not cut off: the reader of bodies knows."""
        understanding = Understanding(call.call_id)
        for event in self.proxy.events():
            if event.call_id == call.call_id:
                understanding.apply(event)
        detail = understanding.detail()
        assert not detail.problems
        return detail.call.state

    def ended(self, count: int) -> list[CallRecording]:
        """The calls since `answers`, once so many have ended."""
        deadline = time.monotonic() + 15
        while True:
            calls = [call for call in self.proxy.recordings() if str(call.call_id) not in self.before]
            if len(calls) == count and all(call.ended for call in calls):
                return calls
            assert time.monotonic() < deadline, f"{count} calls did not end: {[call.state for call in calls]}"
            time.sleep(0.01)


@contextmanager
def behind_the_proxy(folder: Path, **env: str) -> Iterator[Wire]:
    """The proxy with the upstream behind every provider's name; `env` adds to its environment."""
    with (
        upstream_in_a_thread([answer({})]) as upstream,
        running_proxy(folder, dict.fromkeys(PROVIDERS, upstream.base_url), env=env) as proxy,
    ):
        yield Wire(proxy, upstream)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with behind_the_proxy(tmp_path_factory.mktemp("clients")) as wire:
        yield wire


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure_wire(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Wire]:
    """The same, served by https."""
    env = {
        "UNION_SQUARE_TLS_CERTIFICATE": str(certificates.certificate),
        "UNION_SQUARE_TLS_KEY": str(certificates.key),
    }
    with behind_the_proxy(tmp_path_factory.mktemp("secure"), **env) as wire:
        yield wire
