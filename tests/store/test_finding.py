"""A filter finds the same calls in memory, in SQLite and in PostgreSQL."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.conftest import Store
from tests.support.filters import TAGS, filters, views
from tests.support.projections import call_id, projection, said
from union_square.domain.edits import Annotate, Note, RemoveAnnotation, Target
from union_square.domain.figures import Dimension
from union_square.domain.finding import Filter, parse_filter
from union_square.domain.finding.terms import Not
from union_square.domain.messages import Message, ToolCallPart, Usage
from union_square.domain.sorting import CALL_KEYS, SESSION_KEYS, SessionKey, Sort
from union_square.domain.views import Page
from union_square.store import conditions
from union_square.store.memory import MemoryStore
from union_square.store.migrate import migrate
from union_square.store.ports import CallFilter, NoSuchSubject, Projection
from union_square.store.sql import SqlStore


def call_like(number: int, view: dict[str, Any]) -> Projection:
    values = dict(view)
    status, tokens, text, tool = (values.pop(name) for name in ("status", "tokens", "text", "tool"))
    session = values.pop("session")
    answer = [Message(role="assistant", parts=(ToolCallPart(id="t", name=tool, arguments="{}"),))] if tool else []
    usage = None if tokens is None else Usage(input_tokens=tokens[0], output_tokens=tokens[1])
    return projection(
        number,
        session,
        messages=[said("user", text), *answer],
        request_message_count=1,
        usage=usage,
        status_code=status,
        **values,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The same calls in every store, with tags and notes of people."""

    stores: dict[str, Store]

    def found(self, term: Filter) -> dict[str, set[str]]:
        return {
            name: {call.id for call in store.reader.calls(where=CallFilter(query=term), limit=200).items}
            for name, store in self.stores.items()
        }

    def sessions(self, term: Filter) -> dict[str, set[str]]:
        return {
            name: {one.id for one in store.reader.sessions(where=CallFilter(query=term), limit=200).items}
            for name, store in self.stores.items()
        }


def fill(store: Store, calls: list[dict[str, Any]]) -> None:
    projections = [call_like(number, view) for number, view in enumerate(calls, 1)]
    store.writer.write(projections, {})
    for number, one in enumerate(projections):
        session = one.detail.call.session_id
        if number % 3 == 0:
            note = ODD[number % len(ODD)]
            on = Target(subject="call", id=one.detail.call.id)
            on = Target(subject="session", id=session) if session and number % 2 else on
            change = store.annotator.change(Annotate(targets=(on,), note=note))
            if number == 21 and change.created is not None:
                store.annotator.change(RemoveAnnotation(id=change.created))
        if number % 4 == 0 and session:
            store.annotator.add_tag("session", session, TAGS[number % len(TAGS)])


ODD = (
    Note(text="look here"),
    Note(kind="label", label="good"),
    Note(kind="label", label="Good"),
    Note(kind="number", name="quality", score=0.000002),
    Note(kind="number", score=1.0),
)
SAMPLE = st.lists(views, min_size=40, max_size=40)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Filled]:
    calls = sample()
    memory = MemoryStore()
    stores = {"memory": Store(reader=memory, writer=memory, annotator=memory)}
    opened = list[SqlStore]()
    path = tmp_path_factory.mktemp("finding") / "store.db"
    migrate(f"sqlite:///{path}")
    for name, url in (
        ("sqlite", f"sqlite:///{path}"),
        ("postgresql", request.getfixturevalue("postgres").migrated()),
    ):
        sql = SqlStore(url)
        opened.append(sql)
        stores[name] = Store(reader=sql.reader, writer=sql.writer, annotator=sql.annotator)
    for store in stores.values():
        fill(store, calls)
    yield Filled(stores=stores)
    for sql in opened:
        sql.close()


def sample() -> list[dict[str, Any]]:
    """Forty calls, the same in every run."""
    drawn = list[list[dict[str, Any]]]()

    @settings(max_examples=1, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False), SAMPLE)
    def draw(_: object, calls: list[dict[str, Any]]) -> None:
        drawn.append(calls)

    draw()
    return drawn[-1]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters)
def test_every_store_finds_the_same(filled: Filled, term: Filter) -> None:
    found = filled.found(term)
    assert found["sqlite"] == found["memory"]
    assert found["postgresql"] == found["memory"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters)
def test_every_store_finds_the_same_sessions(filled: Filled, term: Filter) -> None:
    found = filled.sessions(term)
    assert found["sqlite"] == found["memory"] == found["postgresql"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters, st.booleans())
def test_what_is_common_is_looked_for_in_another_way_and_found_alike(
    filled: Filled, term: Filter, negated: bool
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(conditions, "COMMON", 0)
        asked = Not(term) if negated else term
        found = filled.found(asked)
        assert found["sqlite"] == found["memory"] == found["postgresql"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters, st.sampled_from(SESSION_KEYS), st.booleans(), st.integers(1, 5))
def test_every_store_has_the_same_pages_in_every_order(
    filled: Filled, term: Filter, key: SessionKey, descending: bool, limit: int
) -> None:
    where, sort = CallFilter(query=term), Sort(key=key, descending=descending)
    memory, *others = (store.reader for store in filled.stores.values())
    for reader in others:
        assert pages(reader.sessions, where, sort, limit) == pages(memory.sessions, where, sort, limit)
        if key in CALL_KEYS:
            assert pages(reader.calls, where, sort, limit) == pages(memory.calls, where, sort, limit)


def pages(fetch: Callable[..., Page[Any]], where: CallFilter, sort: Sort, limit: int) -> list[list[str]]:
    """The ids of a listing, at most four pages of it."""
    found, cursor = list[list[str]](), None
    while len(found) < 4:
        page = fetch(where=where, sort=sort, limit=limit, cursor=cursor)
        found.append([item.id for item in page.items])
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


FOUND = [
    ('"weather in berlin"', {1}),
    ('"berlin in weather"', set[int]()),
    ("weath berl", {1}),
    ('"weath"', set[int]()),
    ('"berlin rain"', set[int]()),  # not across two messages
    ("tool:look* finish:tool_calls", {2}),
    ("meta.user:Alice", {2}),
    ("meta.user.name:alice", set[int]()),
    ("tag:Red", {3}),
    ("-tag:red", {1, 2}),
    ("model:gpt-4o", {3}),
    ("cost>0.5", {2}),
    ("-cost>0.5", {1, 3}),
    ("status:error OR has:tool", {2, 3}),
    ("tokens:10..20", {1}),
    ("application:billing", {1}),
]


@pytest.mark.parametrize(("query", "expected"), FOUND, ids=[query for query, _ in FOUND])
def test_calls_are_found(store: Store, query: str, expected: set[int]) -> None:
    called = Message(role="assistant", parts=(ToolCallPart(id="t", name="lookup", arguments="{}"),))
    store.writer.write(
        [
            projection(
                1,
                messages=[said("user", "The weather in Berlin"), said("user", "rain")],
                usage=Usage(input_tokens=10),
                application="billing",
            ),
            projection(
                2,
                messages=[called],
                request_message_count=0,
                metadata={"user": "alice"},
                cost_usd=0.75,
                finish_reasons=("tool_calls",),
            ),
            projection(3, "t", model="gpt-4o-2024-08-06", state="failed", status_code=429),
        ],
        {},
    )
    store.annotator.add_tag("session", "t", "red")
    where = CallFilter(query=parse_filter(query))
    assert {call.id for call in store.reader.calls(where=where).items} == {call_id(n) for n in expected}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters, st.sampled_from(["model", "upstream", "application", "tag"]))
def test_every_store_counts_the_same(filled: Filled, term: Filter, by: Dimension) -> None:
    where = CallFilter(query=term)
    memory, *others = (store.reader for store in filled.stores.values())
    for reader in others:
        assert reader.facets(where) == memory.facets(where)
        assert reader.figures(where, by=by, step_us=60_000_000) == memory.figures(where, by=by, step_us=60_000_000)
        assert reader.span(where) == memory.span(where)


def test_a_saved_view_is_kept_by_its_page_and_name_through_a_rebuild(store: Store) -> None:
    slow = store.annotator.save_view("search", " Slow  calls ", "ttft>2s")
    store.annotator.save_view("sessions", "Slow calls", "ttft>3s")
    again = store.annotator.save_view("search", "Slow calls", "ttft>4s")
    assert again.id == slow.id
    store.writer.forget_projections()
    kept = store.annotator.saved_views()
    assert [(one.page, one.name, one.query) for one in kept] == [
        ("search", "Slow calls", "ttft>4s"),
        ("sessions", "Slow calls", "ttft>3s"),
    ]
    store.annotator.remove_view(slow.id)
    assert len(store.annotator.saved_views()) == 1
    with pytest.raises(NoSuchSubject):
        store.annotator.remove_view(slow.id)
    with pytest.raises(ValueError, match="1 to 256"):
        store.annotator.save_view("search", "  ", "")


def test_a_view_is_renamed_unless_its_page_has_one_of_that_name(store: Store):
    first = store.annotator.save_view("search", "Slow", "ttft>2s")
    store.annotator.save_view("search", "Dear", "cost>1")
    assert store.annotator.rename_view(first.id, " Very  slow ").name == "Very slow"
    with pytest.raises(ValueError, match="Dear already"):
        store.annotator.rename_view(first.id, "Dear")
    with pytest.raises(NoSuchSubject):
        store.annotator.rename_view(99, "x")


def test_known_values_and_hits_are_the_same_in_every_store(store: Store):
    call = projection(1, "s", messages=[said("user", "the Needle is here")], metadata={"user": "ann"}, model="gpt-4o")
    store.writer.write([call], {})
    store.annotator.add_tag("call", call_id(1), "odd")
    known = {field: store.reader.values(field) for field in ("model", "tag", "meta.", "meta.user", "tool")}
    assert known == {"model": ["gpt-4o"], "tag": ["odd"], "meta.": ["meta.user"], "meta.user": ["ann"], "tool": []} | {
        "model": sorted({"gpt-4o", call.detail.call.response_model} - {""})
    }
    hit = store.reader.hits([call.detail.call.id], parse_filter("needle -x"))[call.detail.call.id]
    assert (hit.message, hit.before, hit.hit, hit.after) == (0, "the ", "Needle", " is here")
    assert store.reader.hits([call.detail.call.id], parse_filter("status:ok")) == {}
