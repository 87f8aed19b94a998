"""The items of a JSON array are given one by one, however the bytes are cut."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.calls import pieces
from union_square.wire.jsonitems import JsonItems
from union_square.wire.sse import ServerSentEvent


def parse(*chunks: bytes, limit: int = 1 << 20) -> tuple[list[ServerSentEvent], str]:
    parser = JsonItems(limit)
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.end(), parser.problem


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('a"\\[]{},é')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=10,
)
CUTS = st.lists(st.integers(0, 500), max_size=20)


@given(st.lists(VALUES, max_size=5), CUTS, st.sampled_from([None, 1]))
def test_every_item_is_given_whole(values: list[Any], cuts: list[int], indent: int | None) -> None:
    events, problem = parse(*pieces(json.dumps(values, indent=indent).encode(), cuts))
    assert [json.loads(event.data) for event in events] == values
    assert [event.number for event in events] == list(range(1, len(values) + 1))
    assert (problem, all(event.whole for event in events)) == ("", True)


@given(st.lists(st.sampled_from([b"[", b"]", b"{", b"}", b",", b'"', b"\\", b"1", b" ", b"\xff"])), CUTS)
def test_any_bytes_cut_anywhere_give_the_same(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    assert parse(*pieces(data, cuts), limit=6) == parse(data, limit=6)


def test_an_array_that_is_cut_off_gives_its_last_item_as_far_as_it_came() -> None:
    (first, second), _ = parse(b'[{"a": 1},\r\n{"b": "x')
    assert (first.data, first.whole, second.data, second.whole) == ('{"a": 1}', True, '{"b": "x', False)


def test_an_item_that_is_too_long_is_left_out_and_said() -> None:
    events, problem = parse(b'[1,"' + b"x" * 50 + b'",3]', limit=10)
    assert [event.data for event in events] == ["1", "3"]
    assert problem == "item 2 is longer than 10 bytes and was left out"
