"""Recorded provider traffic loaded as recordings: every request finds its own answer, byte for byte."""

from collections.abc import Iterator
from itertools import groupby

import httpx
import pytest

from tests.replaying.conftest import Serve
from tests.support.cassettes import Exchange, exchanges, require_cassettes
from tests.support.recorded import recorded_exchange
from union_square.replaying.recording import recording_of
from union_square.replaying.recording_file import read_lines, write_lines

_OURS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect"}


def files() -> Iterator[tuple[str, list[Exchange]]]:
    """Cassettes with their exchanges that can be sent again."""
    for file, found in groupby(exchanges(), lambda exchange: exchange.file):
        usable = [each for each in found if _can_be_sent(each)]
        if usable:
            yield file, usable


def test_every_cassette_is_answered_in_its_own_order(serve: Serve) -> None:
    require_cassettes()
    answered = 0
    with httpx.Client(trust_env=False, timeout=20) as client:
        for file, found in files():
            calls = [recorded_exchange(n, exchange) for n, exchange in enumerate(found)]
            mock = serve(*calls)
            for exchange, call in zip(found, calls, strict=True):
                headers = [pair for pair in exchange.request_headers if pair[0].lower() not in _OURS]
                url = mock.url() + exchange.path
                request = client.build_request(
                    exchange.method, url, content=exchange.request_body, headers=_sendable(headers)
                )
                answer = client.send(request, stream=True)
                got = b"".join(answer.iter_raw())
                assert answer.status_code == exchange.status, f"{exchange.name}: {got[:2000]!r}"
                assert got == bytes(call.call.response.data), exchange.name
                answered += 1
            report = mock.report()
            assert report.is_clean, f"{file}: {report.words}"
            mock.stop()
    assert answered > 400


def test_every_cassette_survives_its_file() -> None:
    require_cassettes()
    for _, found in files():
        recording = recording_of([recorded_exchange(n, exchange) for n, exchange in enumerate(found)])
        assert read_lines(list(write_lines(recording))) == recording


def _can_be_sent(exchange: Exchange) -> bool:
    """Not bodies alone, and not what was made unreadable in recording it."""
    whole = bool(exchange.request_body) or exchange.method != "POST"
    return whole and exchange.status >= 200 and exchange.path.startswith("/")


def _sendable(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if value.isascii() and "\n" not in value and "\r" not in value]


pytestmark = pytest.mark.filterwarnings("default")
