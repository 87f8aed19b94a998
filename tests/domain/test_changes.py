"""What a request changed against the one it continues."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.projections import projection, said
from union_square.domain.changes import cache_markers, compare_requests, find_cache_break
from union_square.domain.messages import Message, ToolOffer
from union_square.domain.views import CallDetail
from union_square.domain.worddiff import word_diff

SYSTEM, ASK, ANSWER, MORE = (
    said("system", "Be brief."),
    said("user", "Hello"),
    said("assistant", "Hi, how can I help?"),
    said("user", "Tell me more"),
)
LOOK, WRITE = ToolOffer(name="look", schema="{}"), ToolOffer(name="write", schema="{}")


def call(sent: list[Message], answer: list[Message] | None = None, **changes: Any) -> CallDetail:
    return projection(1, messages=[*sent, *(answer or [])], request_message_count=len(sent), **changes).detail


FIRST = call([SYSTEM, ASK], [ANSWER])


def test_a_continuation_adds_what_is_new_and_nothing_else() -> None:
    after = call([SYSTEM, ASK, ANSWER, MORE])
    changes = compare_requests(FIRST, after)
    assert [(one.kind, one.place, one.after) for one in changes.messages] == [("added", 3, MORE)]
    assert changes.kept == 3
    broken = find_cache_break(FIRST, after)
    assert (broken.appended, broken.place) == (True, 2)


def test_an_edited_system_prompt_is_an_edit_and_breaks_the_cache_at_once() -> None:
    after = call([said("system", "Be very brief."), ASK, ANSWER, MORE])
    changes = compare_requests(FIRST, after)
    assert [(one.kind, one.place) for one in changes.messages] == [("edited", 0), ("added", 3)]
    broken = find_cache_break(FIRST, after)
    assert (broken.at, broken.place, broken.appended) == ("system", 0, False)


def test_a_removed_message_is_found_in_the_middle() -> None:
    before = call([SYSTEM, ASK, ANSWER, MORE], [said("assistant", "There is more")])
    changes = compare_requests(before, call([SYSTEM, ASK, MORE, said("assistant", "There is more")]))
    assert [(one.kind, one.place, one.before) for one in changes.messages] == [("removed", 2, ANSWER)]


def test_tools_are_added_removed_edited_and_reordered() -> None:
    edited = ToolOffer(name="look", schema='{"a": 1}')
    changes = compare_requests(call([ASK], tools=(LOOK, WRITE)), call([ASK], tools=(edited, ToolOffer(name="new"))))
    assert [(one.kind, one.name) for one in changes.tools] == [
        ("edited", "look"),
        ("removed", "write"),
        ("added", "new"),
    ]
    swapped = call([ASK], tools=(WRITE, LOOK))
    assert compare_requests(call([ASK], tools=(LOOK, WRITE)), swapped).tools_reordered
    broken = find_cache_break(call([ASK], tools=(LOOK, WRITE)), swapped)
    assert (broken.at, broken.reordered) == ("tools", True)


def test_another_model_is_said_first() -> None:
    after = call([SYSTEM, ASK], model="other")
    assert [(one.name, one.before, one.after) for one in compare_requests(FIRST, after).values] == [
        ("model", '"gpt-test"', '"other"')
    ]
    assert find_cache_break(FIRST, after).at == "model"


def test_cache_markers_are_found_in_their_order() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    body = {
        "system": [{"type": "text", "text": "x"} | mark],
        "messages": [{"content": [{"type": "text"} if n != 10 else {"type": "text"} | mark]} for n in range(12)],
    }
    assert cache_markers(body) == ("messages[10].content[0]", "system[0]")


WORDS = st.text(alphabet="ab c.\n", max_size=40)


@given(WORDS, WORDS)
def test_a_word_diff_spells_both_texts(before: str, after: str) -> None:
    spans = word_diff(before, after)
    assert "".join(span.text for span in spans if span.kind != "in") == before
    assert "".join(span.text for span in spans if span.kind != "out") == after


@given(
    st.lists(st.sampled_from([SYSTEM, ASK, ANSWER, MORE]), max_size=6),
    st.lists(st.sampled_from([SYSTEM, ASK, ANSWER, MORE]), max_size=6),
)
def test_comparing_never_loses_a_message(before: list[Message], after: list[Message]) -> None:
    changes = compare_requests(call(before), call(after)).messages
    gone = sum(one.kind == "removed" for one in changes)
    new = sum(one.kind == "added" for one in changes)
    assert len(before) - gone + new == len(after)


def test_a_very_long_text_is_compared_quickly() -> None:
    line = "all work and no play makes a long line. "
    spans = word_diff(line * 50_000, line * 50_000 + "the end")
    assert [span.kind for span in spans] == ["same", "in"]
