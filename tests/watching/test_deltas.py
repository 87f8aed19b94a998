"""What a follower is told adds up to what was said, however it was cut."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.support.projections import projection
from union_square.domain.messages import Message, Part, TextPart, ThinkingPart, ToolCallPart
from union_square.watching.deltas import Follower
from union_square.watching.ports import CallChanged, TextDelta

VIEW = projection(1, state="running").detail.call


def answer(*parts: Part) -> tuple[Message, ...]:
    return (Message(role="assistant", parts=parts),)


@given(st.lists(st.text(max_size=8), max_size=8))
def test_the_deltas_of_any_texts_add_up_to_the_last(texts: list[str]) -> None:
    follower, said = Follower(), ""
    for version, text in enumerate(texts):
        for event in follower.news(version, VIEW, answer(TextPart(text=text))):
            if isinstance(event, TextDelta):
                assert event.offset <= len(said)
                said = said[: event.offset] + event.text
        assert said == text


def test_only_what_grew_is_told() -> None:
    follower = Follower()
    follower.news(1, VIEW, answer(ThinkingPart(text="hm"), TextPart(text="I")))
    tool = ToolCallPart(id="1", name="look", arguments='{"a"')
    news = follower.news(2, VIEW, answer(ThinkingPart(text="hm"), TextPart(text="I look"), tool))
    told = [(e.part, e.part_type, e.name, e.offset, e.text) for e in news if isinstance(e, TextDelta)]
    assert told == [(1, "text", "", 1, " look"), (2, "tool_call", "look", 0, '{"a"')]
    assert follower.news(3, VIEW, answer(ThinkingPart(text="hm"), TextPart(text="I look"), tool)) == []


def test_other_news_of_a_call_is_told_once() -> None:
    follower = Follower()
    kinds = [
        [event.kind for event in follower.news(version, view, ())]
        for version, view in enumerate(
            [
                VIEW,
                VIEW,
                replace(VIEW, response_bytes=99),  # grows with every chunk: the text tells it
                replace(VIEW, status_code=200),
                replace(VIEW, status_code=200, state="done"),
            ]
        )
    ]
    assert kinds == [["call_started"], [], [], ["call_updated"], ["call_ended"]]
    assert follower.has_told_end(VIEW.id)
    assert not follower.knows(VIEW.id)
    follower.keep_only(set())
    assert not follower.has_told_end(VIEW.id)


def test_the_end_of_a_call_that_was_never_seen_running_is_told_with_all_it_said() -> None:
    news = Follower().news(1, replace(VIEW, state="done"), answer(TextPart(text="quick")))
    assert [event.kind for event in news] == ["call_started", "text", "call_ended"]
    assert all(event.call.state == "done" for event in news if isinstance(event, CallChanged))
