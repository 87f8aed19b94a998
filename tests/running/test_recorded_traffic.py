"""Recorded OpenAI and Anthropic traffic through the running product: the client gets the bytes the provider sent, in
whatever pieces they come, and the record holds the same."""

import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.cassettes import Exchange, exchanges, require_cassettes
from tests.support.product import Product, running_product, upstream_in_a_thread
from tests.support.upstream import CLOSE, ScriptedUpstream, chunk, response

PROVIDERS = ("openai", "anthropic")
FRAMINGS = ("chunked", "length", "close")
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "upgrade", "trailer"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    require_cassettes()
    with upstream_in_a_thread([[response(b"{}")]]) as running:
        yield running


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, upstream: ScriptedUpstream) -> Iterator[Product]:
    home = tmp_path_factory.mktemp("recorded") / "home"
    with running_product(home, dict.fromkeys(PROVIDERS, upstream.base_url)) as running:
        yield running


def odd_pieces(body: bytes, seed: int) -> list[bytes]:
    """The body cut at up to twelve places that heed nothing: not lines, not events, not characters."""
    cuts = sorted(random.Random(seed).sample(range(1, len(body)), min(12, len(body) - 1))) if len(body) > 1 else []
    return [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True) if a < b]


def headers_of(exchange: Exchange) -> list[tuple[str, str]]:
    return [(name, value) for name, value in exchange.response_headers if name.lower() not in HOP_BY_HOP]


def script_of(exchange: Exchange, number: int) -> list[Any]:
    body, framing = exchange.response_body, FRAMINGS[number % len(FRAMINGS)]
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers_of(exchange))
    head = f"HTTP/1.1 {exchange.status} Recorded\r\n{fields}".encode("latin-1", "replace")
    pieces = odd_pieces(body, number)
    paced = [step for piece in pieces for step in (chunk(piece) if framing == "chunked" else piece, 0.001)]
    match framing:
        case "chunked":
            return [head + b"Transfer-Encoding: chunked\r\n\r\n", *paced, chunk(b"")]
        case "length":
            return [head + b"Content-Length: %d\r\n\r\n" % len(body), *paced]
        case _:
            return [head + b"Connection: close\r\n\r\n", *paced, CLOSE]


def test_every_exchange_arrives_and_is_recorded_byte_for_byte(product: Product, upstream: ScriptedUpstream) -> None:
    found = [e for e in exchanges() if e.provider in PROVIDERS and e.method == "POST" and e.status >= 200]
    assert found, "the folder of cassettes holds no OpenAI or Anthropic exchange"
    ids: list[str] = []
    with httpx.Client(timeout=30, trust_env=False) as client:
        for number, exchange in enumerate(found):
            upstream.scripts[:] = [script_of(exchange, number)]
            with client.stream(
                "POST",
                f"{product.proxy}/{exchange.provider}{exchange.path}",
                content=exchange.request_body,
                headers={"content-type": "application/json", "authorization": "Bearer recorded"},
            ) as answer:
                received = b"".join(answer.iter_raw())
            assert answer.status_code == exchange.status, exchange.name
            assert received == exchange.response_body, exchange.name
            assert upstream.received[-1].body == exchange.request_body, exchange.name
            assert f"{exchange.path} HTTP/1.1".encode() in upstream.received[-1].lines[0], exchange.name
            ids.append(answer.headers["x-union-square-call-id"])
    for call_id, exchange in zip(ids, found, strict=True):
        call = product.ended(call_id)
        assert call["state"] == ("done" if exchange.status < 400 else "failed"), exchange.name
        assert product.body(call_id, "request") == exchange.request_body, exchange.name
        assert product.body(call_id, "response") == exchange.response_body, exchange.name
        assert call["gaps"] == [], exchange.name
