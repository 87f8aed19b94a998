"""The codec of events: what was packed is read back, and harm is seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.events import events_of
from union_square.domain import events as ev
from union_square.domain.records import TornRecord, decode, encode, pack

CALL = "0192f0c1a2b37c4d8e5f60718293a4b5"


@given(st.lists(events_of(), max_size=8))
def test_events_come_back_as_they_were(events: list[ev.Event]) -> None:
    log = b"".join(map(encode, events))
    decoded = list(decode(log))
    assert [event for event, _ in decoded] == events
    assert not decoded or decoded[-1][1] == len(log)


@given(st.lists(events_of(), min_size=1, max_size=4), st.data())
def test_a_log_cut_anywhere_gives_every_whole_record_before_the_cut(
    events: list[ev.Event], data: st.DataObject
) -> None:
    records = list(map(encode, events))
    log = b"".join(records)
    cut = data.draw(st.integers(0, len(log)))
    decoded = list(decode(log[:cut]))
    whole, size = 0, 0
    while whole < len(records) and size + len(records[whole]) <= cut:
        size += len(records[whole])
        whole += 1
    assert [event for event, _ in decoded] == events[:whole]


@given(events_of(), st.data())
def test_a_changed_byte_is_never_taken_for_the_event(event: ev.Event, data: st.DataObject) -> None:
    record = bytearray(encode(event))
    place = data.draw(st.integers(0, len(record) - 1))
    record[place] ^= data.draw(st.integers(1, 255))
    try:
        decoded = [e for e, _ in decode(bytes(record))]
    except TornRecord:
        return
    assert event not in decoded


def test_a_record_of_a_later_version_is_kept_as_unknown() -> None:
    (event, _), *_ = decode(pack(200, bytes.fromhex(CALL), 7, b"later"))
    assert event == ev.Unknown(call_id=event.call_id, at=7, number=200, payload=b"later")
    assert encode(event) == pack(200, bytes.fromhex(CALL), 7, b"later")


def test_a_payload_that_is_too_short_for_its_kind_is_torn_not_an_error() -> None:
    with pytest.raises(TornRecord, match="record at byte 0: its payload is cut short"):
        list(decode(pack(7, bytes.fromhex(CALL), 7, b"x")))


def test_an_impossible_length_says_where() -> None:
    good = pack(2, bytes.fromhex(CALL), 7, b"x")
    with pytest.raises(TornRecord, match=f"record at byte {len(good)}"):
        list(decode(good + b"\xff" * 40))
