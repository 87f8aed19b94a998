"""The codec of events: what was packed is read back, and harm is seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.events import events_of
from union_square.domain import events as ev
from union_square.domain.records import (
    REQUEST_HEAD,
    RESPONSE_HEAD,
    WHOLE_REQUEST,
    WHOLE_RESPONSE,
    TornRecord,
    decode,
    encode,
    pack,
    request_head_payload,
    whole_payload,
)

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


@given(st.sampled_from([WHOLE_REQUEST, WHOLE_RESPONSE]), st.binary(max_size=60), st.binary(max_size=60))
def test_a_whole_message_is_its_head_its_body_and_its_end(kind: int, head: bytes, body: bytes) -> None:
    request = kind == WHOLE_REQUEST
    payload = request_head_payload("t", "f", recorded=True, head=head) if request else head
    record = pack(kind, bytes.fromhex(CALL), 7, whole_payload(payload, body))
    common = {"call_id": CALL, "at": 7}
    (first, _), *chunks, (last, end) = decode(record)
    assert [first] == [event for event, _ in decode(pack(REQUEST_HEAD if request else RESPONSE_HEAD,
                                                         bytes.fromhex(CALL), 7, payload))]  # fmt: skip
    chunk, ended = (ev.RequestChunk, ev.RequestEnd) if request else (ev.ResponseChunk, ev.ResponseEnd)
    assert [event for event, _ in chunks] == ([chunk(**common, data=body)] if body else [])
    assert (last, end) == (ended(**common, total=len(body)), len(record))


def test_a_reader_who_stops_inside_a_whole_message_goes_on_at_its_beginning() -> None:
    first = pack(2, bytes.fromhex(CALL), 7, b"x")
    log = first + pack(WHOLE_RESPONSE, bytes.fromhex(CALL), 7, whole_payload(b"head", b"body"))
    assert [at for _, at in decode(log)] == [len(first), len(first), len(first), len(log)]


@given(st.binary(max_size=30), st.integers(5, 2**32 - 1))
def test_a_whole_message_whose_head_is_longer_than_itself_is_torn(rest: bytes, beyond: int) -> None:
    size = min(len(rest) + beyond, 2**32 - 1)
    with pytest.raises(TornRecord, match="cut short"):
        list(decode(pack(WHOLE_REQUEST, bytes.fromhex(CALL), 7, size.to_bytes(4, "little") + rest)))
