"""What every store does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.store.conftest import Store
from tests.support.projections import at, call_id, projection, said
from union_square.domain import events as ev
from union_square.domain import records
from union_square.domain.ids import CallId, WriterId
from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
    Usage,
)
from union_square.domain.sorting import CALL_KEYS, NEWEST, SESSION_KEYS, Sort
from union_square.domain.tasks import CALLED
from union_square.domain.views import CallView, GapView, Page, SessionView
from union_square.store.ports import CallFilter, CursorError, LinkQuery, NoSuchSubject, Projection

WRITER = WriterId("a" * 32)

EVERY_PART = (
    said("system", "Be brief."),
    Message(
        role="user",
        name="Ann",
        parts=(
            TextPart(text="look \x00 at \ud800 this ä 東京"),
            MediaPart(modality="image", mime_type="image/png", data="aGVsbG8=", name="cat.png"),
        ),
    ),
    Message(
        role="assistant",
        parts=(
            ThinkingPart(text="hm", redacted=True),
            ToolCallPart(id="t1", name="search", arguments='{"q": "x"'),
            RefusalPart(text="no"),
            OtherPart(label="odd", json='{"a":1}'),
        ),
    ),
    Message(role="tool", parts=(ToolResultPart(id="t1", name="search", text="found", is_error=True),)),
)


def test_what_is_written_is_what_is_read(store: Store):
    written = projection(
        1,
        messages=EVERY_PART,
        request_message_count=2,
        usage=Usage(input_tokens=10, output_tokens=0, cache_read_input_tokens=5),
        cost_usd=0.0123456789,
        tools=(ToolOffer(name="search", description="looks", schema='{"type":"object"}'),),
        gaps=(GapView(at=at(1.5), observations=3, bytes=4000, reason="stream_full"),),
        metadata={"user": {"name": "Ann\x00"}, "n": 1},
        tags=("blue", "amber"),
    )
    store.writer.write([written], {})
    call = replace(written.detail.call, tags=("amber", "blue"))
    assert store.reader.call(call_id(1)) == replace(written.detail, call=call)
    assert store.reader.calls().items == (call,)
    assert store.reader.session_calls("s") == [replace(written.detail, call=call)]


def test_unreported_is_none_and_never_zero(store: Store):
    store.writer.write([projection(1), projection(2, usage=Usage(output_tokens=3), session="t")], {})
    assert store.reader.call(call_id(1)).call.usage is None
    assert store.reader.call(call_id(2)).call.usage == Usage(output_tokens=3)
    session = store.reader.session("t").session
    assert (session.input_tokens, session.output_tokens, session.cost_usd) == (None, 3, None)


def test_writing_again_replaces(store: Store):
    store.writer.write([projection(1, state="running", messages=[said("user", "hi")])], {})
    assert store.reader.session("s").session.state == "running"
    whole = [said("user", "hi"), said("assistant", "yes?")]
    ended = projection(1, messages=whole, request_message_count=1, cost_usd=0.5)
    for _ in range(2):
        store.writer.write([ended], {})
    assert store.reader.call(call_id(1)).messages == tuple(whole)
    session = store.reader.session("s").session
    assert (session.state, session.call_count, session.running_count, session.cost_usd) == ("ended", 1, 0, 0.5)


def test_the_last_of_several_versions_in_one_write_counts(store: Store):
    store.writer.write([projection(1, state="running"), projection(1)], {})
    assert store.reader.call(call_id(1)).call.state == "done"


def test_a_session_is_the_sum_of_its_calls(store: Store):
    usage = Usage(input_tokens=10, output_tokens=2)
    store.writer.write(
        [
            projection(1, model="", preview="models"),
            projection(2, messages=[said("user", "Why  is\nthe sky blue?")], usage=usage, cost_usd=0.1),
            projection(3, messages=[said("user", "Later")], usage=usage, cost_usd=0.2, upstream="other"),
            projection(
                4, state="failed", model="gpt-b", gaps=(GapView(at=at(4), observations=2, bytes=9, reason="x"),)
            ),
            projection(5, state="cut_off"),
            projection(6, state="running"),
        ],
        {},
    )
    session = store.reader.session("s").session
    assert session.title == "Why is the sky blue?"
    assert (session.started_at, session.last_at) == (at(1), at(5) + timedelta(milliseconds=1500.25))
    assert (session.call_count, session.running_count, session.error_count) == (6, 1, 2)
    assert (session.models, session.upstreams) == (("gpt-test", "gpt-b"), ("openai", "other"))
    assert (session.input_tokens, session.output_tokens, session.cost_usd) == (20, 4, 0.3)
    assert (session.unpriced_calls, session.gap_observations, session.state) == (1, 2, "running")
    assert session.duration_ms == 5500.25
    assert store.reader.sessions().items == (session,)


def test_a_call_that_moves_leaves_its_session(store: Store):
    store.writer.write([projection(1, "a"), projection(2, "a")], {})
    store.writer.write([projection(2, "b")], {})
    assert [s.id for s in store.reader.sessions().items] == ["b", "a"]
    assert store.reader.session("a").session.call_count == 1
    store.writer.write([projection(1, "b")], {})
    with pytest.raises(NoSuchSubject):
        store.reader.session("a")


def test_a_call_without_a_session_is_listed_among_calls_only(store: Store):
    store.writer.write([projection(1, None, state="running")], {})
    assert store.reader.calls().items[0].session_id is None
    assert store.reader.sessions().items == ()
    assert store.reader.session_of_calls([call_id(1), call_id(2)]) == {}


def test_sessions_of_calls_are_found(store: Store):
    store.writer.write([projection(1, "a"), projection(2, "b")], {})
    assert store.reader.session_of_calls([call_id(2), call_id(3)]) == {call_id(2): "b"}


@pytest.mark.parametrize("listing", ["calls", "sessions"])
def test_pages_meet_without_overlap_while_new_calls_come_in(store: Store, listing: str):
    store.writer.write([projection(n, f"s{n}", seconds=n // 3) for n in range(10)], {})
    fetch = getattr(store.reader, listing)
    seen, cursor, number = list[str](), None, 100
    while True:
        page = fetch(limit=3, cursor=cursor)
        seen += [item.id for item in page.items]
        store.writer.write([projection(number, f"s{number}")], {})
        number += 1
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    wanted = [call_id(n) if listing == "calls" else f"s{n}" for n in range(9, -1, -1)]
    assert seen == wanted


def paged(fetch: Callable[..., Page[Any]], sort: Sort, **more: Any) -> list[str]:
    """The ids of a listing, page by page of two."""
    page = fetch(limit=2, sort=sort, **more)
    found = [item.id for item in page.items]
    while page.next_cursor is not None:
        page = fetch(limit=2, sort=sort, cursor=page.next_cursor, **more)
        assert len(page.items) <= 2
        found += [item.id for item in page.items]
    return found


def total(one: CallView | SessionView) -> int | None:
    usage = one.usage or Usage() if isinstance(one, CallView) else one
    known = [count for count in (usage.input_tokens, usage.output_tokens) if count is not None]
    return sum(known) if known else None


VALUES: dict[str, Callable[[Any], Any]] = {
    "cost": lambda one: one.cost_usd,
    "duration": lambda one: None if one.state == "running" else one.duration_ms,
    "tokens": total,
    "input_tokens": lambda one: (one.usage or Usage()).input_tokens if isinstance(one, CallView) else one.input_tokens,
    "output_tokens": lambda one: (
        (one.usage or Usage()).output_tokens if isinstance(one, CallView) else one.output_tokens
    ),
    "ttft": lambda one: one.time_to_first_token_ms,
    "calls": lambda one: one.call_count,
    "errors": lambda one: one.error_count,
}


def test_listings_are_in_the_order_asked_for_and_what_is_not_known_comes_last(store: Store):
    counts = (None, 30, 7, None, 7)
    calls = [
        projection(
            n,
            f"s{n // 2}",
            seconds=20 - n,
            duration_ms=1000.0 * (n % 4 + 1),
            state="running" if n == 5 else "failed" if n % 3 == 0 else "done",
            cost_usd=None if n % 4 == 0 else n % 3 / 8,
            time_to_first_token_ms=None if n in {6, 7} else 100.0 * (n % 5),
            usage=Usage(input_tokens=counts[n % 5], output_tokens=counts[n % 3]),
        )
        for n in range(9)
    ]
    store.writer.write(calls, {})
    for fetch, keys in ((store.reader.calls, CALL_KEYS), (store.reader.sessions, SESSION_KEYS)):
        for key in (one for one in keys if one != "time"):
            value = VALUES[key]
            for descending in (True, False):
                known = [one for one in fetch().items if value(one) is not None]
                wanted = sorted(known, key=lambda one: (value(one), one.id), reverse=descending)
                unknown = [one for one in fetch().items if value(one) is None]
                wanted += sorted(unknown, key=lambda one: one.id, reverse=descending)
                found = paged(fetch, Sort(key=key, descending=descending))
                assert found == [one.id for one in wanted], (key, descending)
        newest = [one.id for one in fetch().items]
        assert paged(fetch, Sort(key="time", descending=False)) == newest[::-1]


def test_pages_in_another_order_meet_while_calls_come_in(store: Store):
    dearest = Sort(key="cost")
    store.writer.write([projection(n, f"s{n}", cost_usd=n / 10) for n in range(1, 7)], {})
    for_calls = store.reader.calls(limit=3, sort=dearest)
    for_sessions = store.reader.sessions(limit=3, sort=dearest)
    store.writer.write([projection(50, "s50", cost_usd=0.9), projection(51, "s51", cost_usd=0.25)], {})
    calls = store.reader.calls(limit=3, sort=dearest, cursor=for_calls.next_cursor)
    sessions = store.reader.sessions(limit=3, sort=dearest, cursor=for_sessions.next_cursor)
    assert [one.id for one in (*for_calls.items, *calls.items)] == list(map(call_id, (6, 5, 4, 3, 51, 2)))
    assert [one.id for one in (*for_sessions.items, *sessions.items)] == ["s6", "s5", "s4", "s3", "s51", "s2"]


def test_a_cursor_of_another_order_is_refused(store: Store):
    store.writer.write([projection(n, f"s{n}", cost_usd=n) for n in range(3)], {})
    for fetch in (store.reader.calls, store.reader.sessions):
        cursor = fetch(limit=1, sort=Sort(key="cost")).next_cursor
        for other in (NEWEST, Sort(key="cost", descending=False), Sort(key="tokens")):
            with pytest.raises(CursorError, match=f"in the order {other.spelled}"):
                fetch(cursor=cursor, sort=other)


def test_the_last_page_has_no_cursor_even_when_it_is_full(store: Store):
    store.writer.write([projection(n, f"s{n}") for n in range(4)], {})
    assert store.reader.calls(limit=4).next_cursor is None
    assert store.reader.sessions(limit=4).next_cursor is None


@pytest.mark.parametrize(
    "cursor", ["", "x", "ä", "AAAA", "W10", "bnVsbA", "WyJjYWxscyIsICJ4IiwgInkiXQ", "=" * 5, "[" * 9000]
)
def test_a_cursor_that_no_listing_gave_is_refused(store: Store, cursor: str):
    with pytest.raises(CursorError):
        store.reader.calls(cursor=cursor)
    with pytest.raises(CursorError):
        store.reader.sessions(cursor=cursor)


def test_a_cursor_of_another_listing_is_refused(store: Store):
    store.writer.write([projection(n, f"s{n}") for n in range(3)], {})
    cursor = store.reader.calls(limit=1).next_cursor
    with pytest.raises(CursorError):
        store.reader.sessions(cursor=cursor)


FILTERS = [
    (CallFilter(session_id="s1"), {1}),
    (CallFilter(model="gpt-bravo"), {2}),
    (CallFilter(model="gpt-test-2026"), {1, 2, 3, 4}),
    (CallFilter(upstream="anthropic"), {3}),
    (CallFilter(state="failed"), {3}),
    (CallFilter(status_code=429), {3}),
    (CallFilter(tag="red"), {2}),
    (CallFilter(since=at(2), until=at(4)), {2, 3}),
    (CallFilter(text="weather"), {1, 4}),
    (CallFilter(text="WEATHER berl"), {1}),
    (CallFilter(text="berlin  wéather"), {1}),
    (CallFilter(text="eather"), set[int]()),
    (CallFilter(text="!?"), set[int]()),
    (CallFilter(text="  "), {1, 2, 3, 4}),
    (CallFilter(text="gpt-bravo"), {2}),
    (CallFilter(text="chat/completions"), {1, 2, 3, 4}),
    (CallFilter(text=call_id(2)), {2}),
    (CallFilter(text="東京"), {2}),
    (CallFilter(text="\"quote' OR 1=1 --"), set[int]()),
    (CallFilter(text="o'neil:*"), {3}),
    (CallFilter(text="weather", state="failed"), set[int]()),
]


def _filtered(store: Store) -> None:
    store.writer.write(
        [
            projection(1, "s1", messages=[said("user", "The weather in Berlin?")]),
            projection(2, "s2", model="gpt-bravo", tags=("red",), messages=[said("user", "ここは東京都です")]),
            projection(3, "s3", upstream="anthropic", state="failed", status_code=429, error_message="O'Neil said no"),
            projection(4, "s4", messages=[said("user", "hi"), said("assistant", "weathering")]),
        ],
        {},
    )


@pytest.mark.parametrize(("where", "expected"), FILTERS, ids=str)
def test_calls_are_narrowed(store: Store, where: CallFilter, expected: set[int]):
    _filtered(store)
    assert {call.id for call in store.reader.calls(where=where).items} == {call_id(n) for n in expected}


@pytest.mark.parametrize(("where", "expected"), FILTERS, ids=str)
def test_sessions_are_narrowed_to_those_with_a_call_that_fits(store: Store, where: CallFilter, expected: set[int]):
    _filtered(store)
    assert {session.id for session in store.reader.sessions(where=where).items} == {f"s{n}" for n in expected}


def test_sessions_are_narrowed_by_their_own_tag_and_state(store: Store):
    store.writer.write([projection(1, "s1"), projection(2, "s2", state="running")], {})
    store.annotator.add_tag("session", "s1", "mine")
    sessions = store.reader.sessions
    assert [s.id for s in sessions(where=CallFilter(tag="mine")).items] == ["s1"]
    assert [s.id for s in sessions(where=CallFilter(state="ended")).items] == ["s1"]
    assert [s.id for s in sessions(where=CallFilter(state="running")).items] == ["s2"]
    assert store.reader.calls(where=CallFilter(tag="mine")).items == ()


def test_text_is_found_in_the_call_that_added_it_only(store: Store):
    first = [said("user", "zebra"), said("assistant", "A giraffe.")]
    store.writer.write(
        [
            projection(1, messages=first, request_message_count=1),
            projection(2, messages=[*first, said("user", "okapi")], parent=1),
        ],
        {},
    )
    for text, expected in (("zebra", [1]), ("giraffe", [1]), ("okapi", [2])):
        found = store.reader.calls(where=CallFilter(text=text)).items
        assert [call.id for call in found] == [call_id(n) for n in expected], text


def test_text_of_a_replaced_version_is_no_longer_found(store: Store):
    store.writer.write([projection(1, messages=[said("user", "zebra")])], {})
    store.writer.write([projection(1, messages=[said("user", "okapi")])], {})
    assert store.reader.calls(where=CallFilter(text="zebra")).items == ()
    assert len(store.reader.calls(where=CallFilter(text="okapi")).items) == 1


def test_tags_are_put_on_and_taken_off(store: Store):
    store.writer.write([projection(1)], {})
    for subject, subject_id in (("call", call_id(1)), ("session", "s")):
        assert store.annotator.add_tag(subject, subject_id, " b ") == ("b",)
        assert store.annotator.add_tag(subject, subject_id, "a") == ("a", "b")
        assert store.annotator.add_tag(subject, subject_id, "a") == ("a", "b")
        assert store.annotator.remove_tag(subject, subject_id, "b") == ("a",)
        assert store.annotator.remove_tag(subject, subject_id, "never there") == ("a",)
    assert store.reader.tag_names() == ["a"]
    assert store.reader.session("s").session.tags == ("a",)
    assert store.reader.calls().items[0].tags == ("a",)


@pytest.mark.parametrize("tag", ["", "  ", "x" * 257])
def test_a_tag_must_have_a_sensible_length(store: Store, tag: str):
    store.writer.write([projection(1)], {})
    with pytest.raises(ValueError, match="characters"):
        store.annotator.add_tag("call", call_id(1), tag)


def test_a_tag_of_the_request_that_was_taken_off_does_not_come_back(store: Store):
    store.writer.write([projection(1, tags=("red", "blue"))], {})
    assert store.annotator.remove_tag("call", call_id(1), "red") == ("blue",)
    store.writer.write([projection(1, tags=("red", "blue"))], {})
    assert store.reader.call(call_id(1)).call.tags == ("blue",)
    store.writer.forget_projections()
    store.writer.write([projection(1, tags=("red", "blue"))], {})
    assert store.reader.call(call_id(1)).call.tags == ("blue",)
    assert store.annotator.add_tag("call", call_id(1), "red") == ("blue", "red")


def test_annotations_are_put_on_and_taken_off(store: Store):
    store.writer.write([projection(1)], {})
    first = store.annotator.add_annotation("call", call_id(1), "wrong answer\x00", author="Ann")
    second = store.annotator.add_annotation("call", call_id(1), "see above")
    third = store.annotator.add_annotation("session", "s", "odd")
    assert (first.text, first.author, first.created_at.tzinfo) == ("wrong answer\ufffd", "Ann", at(0).tzinfo)
    assert store.reader.call(call_id(1)).annotations == (first, second)
    assert store.reader.session("s").annotations == (third,)
    store.annotator.remove_annotation("call", call_id(1), first.id)
    assert store.reader.session_calls("s")[0].annotations == (second,)
    with pytest.raises(NoSuchSubject):
        store.annotator.remove_annotation("call", call_id(1), first.id)
    with pytest.raises(NoSuchSubject):
        store.annotator.remove_annotation("call", call_id(1), third.id)


def test_what_is_not_there_is_said_so(store: Store):
    nobody = call_id(9)
    for ask in (
        lambda: store.reader.call(nobody),
        lambda: store.reader.call_events(nobody),
        lambda: store.reader.session("no\x00body"),
        lambda: store.reader.session_calls("nobody"),
        lambda: store.annotator.add_tag("call", nobody, "x"),
        lambda: store.annotator.remove_tag("session", "nobody", "x"),
        lambda: store.annotator.add_annotation("session", "nobody", "x"),
        lambda: store.annotator.remove_annotation("call", nobody, 1),
    ):
        with pytest.raises(NoSuchSubject):
            ask()


def test_positions_are_kept_for_each_writer(store: Store):
    assert store.writer.position(WRITER) == 0
    store.writer.write([], {WRITER: 7})
    store.writer.write([], {WRITER: 5 << 40, WriterId("b" * 32): 3})
    assert (store.writer.position(WRITER), store.writer.position(WriterId("b" * 32))) == (5 << 40, 3)


def test_only_calls_that_have_ended_are_ended(store: Store):
    store.writer.write([projection(1), projection(2, state="running"), projection(3, state="failed")], {})
    assert store.writer.ended([call_id(n) for n in range(5)]) == {call_id(1), call_id(3)}


def _events(id_: CallId, size: int = 3) -> list[ev.Event]:
    data = bytes(i * 7919 % 251 for i in range(size))
    return [
        ev.RequestHead(
            call_id=id_, at=5, upstream="openai", fingerprint="k", recorded=True, head=b"GET / HTTP/1.1\r\n\r\n"
        ),
        ev.ResponseChunk(call_id=id_, at=6, data=data),
        ev.ResponseEnd(call_id=id_, at=7, total=size),
    ]


def test_archived_events_come_back_whole_and_in_order_of_their_calls(store: Store):
    archives = {}
    for number, size in ((3, 5), (1, 3_000_000), (2, 0)):
        archives[call_id(number)] = b"".join(map(records.encode, _events(call_id(number), size)))
        store.writer.write([projection(number, archive=archives[call_id(number)])], {})
    store.writer.write([projection(4, state="running")], {})
    assert store.reader.call_events(call_id(1)) == _events(call_id(1), 3_000_000)
    assert store.reader.call_events(call_id(4)) == []
    assert store.writer.archived() == sorted(archives.items())
    assert [id_ for id_, _ in store.writer.archived(limit=2)] == [call_id(1), call_id(2)]
    assert [id_ for id_, _ in store.writer.archived(after=call_id(2), limit=2)] == [call_id(3)]


def test_an_archive_once_written_stays(store: Store):
    archive = b"".join(map(records.encode, _events(call_id(1))))
    store.writer.write([projection(1, archive=archive)], {})
    store.writer.write([projection(1, archive=b"".join(map(records.encode, _events(call_id(1), 9))))], {})
    assert store.writer.archived() == [(call_id(1), archive)]


def test_forgetting_leaves_archives_positions_and_what_people_said(store: Store):
    archive = b"".join(map(records.encode, _events(call_id(1))))
    store.writer.write([projection(1, archive=archive, tags=("asked",))], {WRITER: 9})
    store.annotator.add_tag("session", "s", "kept")
    note = store.annotator.add_annotation("call", call_id(1), "kept too")
    store.writer.forget_projections()
    assert (store.reader.calls().items, store.reader.sessions().items) == ((), ())
    assert store.writer.archived() == [(call_id(1), archive)]
    assert store.writer.position(WRITER) == 9
    assert store.reader.tag_names() == ["kept"]
    store.writer.write([projection(1)], {})
    assert store.reader.session("s").session.tags == ("kept",)
    assert store.reader.call(call_id(1)).annotations == (note,)


def test_a_session_gives_its_newest_calls_oldest_first(store: Store):
    store.writer.write([projection(n, messages=[said("user", f"m{n}")]) for n in (2, 1, 3)], {})
    assert [d.call.id for d in store.reader.session_calls("s", limit=2)] == [call_id(2), call_id(3)]
    assert [c.id for c in store.reader.session("s").calls] == [call_id(1), call_id(2), call_id(3)]


def _link(store: Store, **query: object) -> list[CallId]:
    values: dict[str, object] = {
        "call_id": call_id(99),
        "started_at": at(99),
        "fingerprint": "key",
        "upstream": "openai",
    }
    return [candidate.call_id for candidate in store.writer.find_links(LinkQuery(**(values | query)))]  # type: ignore[arg-type]


def _linkable() -> list[Projection]:
    return [
        projection(1, "a", thread_digests=("d1", "d1b"), response_id="r1", system_digest="sys"),
        projection(2, "b", thread_digests=("d1",), parent=1),
        projection(3, "a", thread_digests=("d2",), fingerprint="other", response_id="r1"),
        projection(4, "a", thread_digests=("d1",), state="running"),
        projection(5, None, thread_digests=("d1",)),
    ]


def test_links_are_found_by_the_longest_history(store: Store):
    store.writer.write(_linkable(), {})
    assert _link(store, history=("d1",)) == [call_id(2), call_id(1)]
    assert _link(store, history=("d3", "d2", "d1")) == [call_id(2), call_id(1)]
    assert _link(store, history=("d1b", "d1")) == [call_id(1)]
    assert _link(store, history=(*tuple(f"x{n}" for n in range(40)), "d1b")) == [call_id(1)]
    assert _link(store, history=("d2",), fingerprint="other") == [call_id(3)]
    assert _link(store, history=("d1",), session_id="a") == [call_id(1)]
    assert _link(store, history=("d9",)) == []


def test_links_are_found_by_response_id(store: Store):
    store.writer.write(_linkable(), {})
    assert _link(store, response_id="r1") == [call_id(1)]
    assert _link(store, response_id="r1", upstream="other") == []
    assert _link(store, response_id="r1", session_id="b") == []
    assert _link(store, response_id="r2") == []


def test_only_what_was_answered_before_the_call_began_is_a_candidate(store: Store):
    store.writer.write(_linkable(), {})
    answered = at(2) + timedelta(milliseconds=900.5)
    assert _link(store, history=("d1",), started_at=answered) == [call_id(2), call_id(1)]
    assert _link(store, history=("d1",), started_at=answered - timedelta(microseconds=1)) == [call_id(1)]
    assert _link(store, history=("d1",), started_at=at(1), call_id=call_id(1)) == []


def test_children_are_counted_as_of_the_begin_of_the_call(store: Store):
    store.writer.write(_linkable(), {})
    query = LinkQuery(call_id=call_id(99), started_at=at(99), fingerprint="key", upstream="openai", history=("d1b",))
    (found,) = store.writer.find_links(query)
    assert (found.children, found.system_digest, found.session_id, found.matched) == (1, "sys", "a", "d1b")
    assert found.started_at == at(1)
    (before,) = store.writer.find_links(replace(query, started_at=at(2)))
    assert before.children == 0


def test_a_sub_agents_call_does_not_continue_the_call_that_asked_for_it(store: Store):
    calls = [projection(1, thread_digests=("d1",)), projection(2, thread_digests=("d2", CALLED), parent=1)]
    store.writer.write(calls, {})
    query = LinkQuery(call_id=call_id(99), started_at=at(99), fingerprint="key", upstream="openai", history=("d1",))
    assert [found.children for found in store.writer.find_links(query)] == [0]
    store.writer.write([projection(3, thread_digests=("d3",), parent=1)], {})
    assert [found.children for found in store.writer.find_links(query)] == [1]
