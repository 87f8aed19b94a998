"""A recorded call as it stood at any moment."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.support.calls import CALL, SSE, events_of, understand
from tests.support.events import events_of as any_events
from tests.wire.streams import sse
from union_square.domain.messages import TextPart
from union_square.domain.views import CallDetail
from union_square.wire.moments import Moments

STREAM = sse(*({"choices": [{"index": 0, "delta": {"content": text}}]} for text in ("One", " two", " three")))
CUTS = [at for at in range(1, len(STREAM)) if STREAM.startswith(b"data: ", at)]
ASKED = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "Count"}]}).encode()
EVENTS = list(events_of("/v1/chat/completions", ASKED, STREAM, response_headers=(SSE,), cuts=CUTS))


def said(detail: CallDetail) -> str:
    return "".join(
        part.text
        for message in detail.messages[detail.request_message_count :]
        for part in message.parts
        if isinstance(part, TextPart)
    )


def test_text_grows_as_it_came_and_shrinks_again() -> None:
    moments = Moments(CALL, EVENTS)
    assert [said(moments.at(ms * 1000)) for ms in (0, 55, 60, 70, 80, 60, 500)] == [
        "", "", "One", "One two", "One two three", "One", "One two three",
    ]  # fmt: skip
    assert moments.at(0).call.state == "running"
    assert moments.at(10**9).call.state == "done"


@given(st.lists(st.integers(0, 200_000), max_size=12))
def test_it_never_matters_where_one_was_before(offsets: list[int]) -> None:
    moments = Moments(CALL, EVENTS)
    for offset in offsets:
        came = [event for event in EVENTS if event.at - EVENTS[0].at <= offset]
        assert moments.at(offset) == understand(came).detail()


@given(st.lists(any_events(st.just(CALL)), max_size=12), st.lists(st.integers(-5, 2**63), max_size=4))
def test_it_never_raises(events: list[object], offsets: list[int]) -> None:
    moments = Moments(CALL, events)  # type: ignore[arg-type]
    for offset in offsets:
        moments.at(offset)
