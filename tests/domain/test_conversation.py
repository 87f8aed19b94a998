"""A session as turns, each with what is new in it."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.projections import call_id, projection, said
from union_square.domain.conversation import build_turns
from union_square.domain.messages import Message, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from union_square.domain.views import CallDetail

USER, ANSWER = said("user", "Hello"), said("assistant", "Hi, how can I help?")
MORE = said("user", "Tell me more")
SYSTEM = said("system", "Be brief.")


def call(number: int, sent: list[Message], answer: list[Message], **changes: Any) -> CallDetail:
    return projection(number, messages=[*sent, *answer], request_message_count=len(sent), **changes).detail


def test_each_turn_shows_what_is_new() -> None:
    last = said("assistant", "There is more")
    first, second = build_turns([call(1, [SYSTEM, USER], [ANSWER]), call(2, [SYSTEM, USER, ANSWER, MORE], [last])])
    assert (first.added, first.answer, first.branch) == ((SYSTEM, USER), (ANSWER,), False)
    assert (second.added, second.answer, second.branch) == ((MORE,), (last,), False)


def test_what_a_client_rewrote_is_not_new() -> None:
    answer = Message(role="assistant", parts=(ThinkingPart(text="hm"), TextPart(text="Hi,  how can I help?\n")))
    turns = build_turns([call(1, [USER], [answer]), call(2, [USER, ANSWER, MORE], [])])
    assert turns[1].added == (MORE,)
    assert not turns[1].branch


def test_an_answer_that_comes_back_as_several_messages_is_not_new() -> None:
    text, tool = TextPart(text="Let me look"), ToolCallPart(id="c1", name="look", arguments='{"a": 1, "b": 2}')
    answer = Message(role="assistant", parts=(text, tool))
    rewritten = [
        Message(role="assistant", parts=(text,)),
        Message(role="assistant", parts=(replace(tool, arguments='{"b":2,"a":1}'),)),
    ]
    result = Message(role="tool", parts=(ToolResultPart(id="c1", text="42"),))
    turns = build_turns([call(1, [USER], [answer]), call(2, [USER, *rewritten, result], [])])
    assert turns[1].added == (result,)
    assert not turns[1].branch


def test_of_several_choices_the_one_that_was_taken_is_not_new() -> None:
    other = said("assistant", "Good day")
    turns = build_turns([call(1, [USER], [ANSWER, other]), call(2, [USER, other, MORE], [])])
    assert turns[1].added == (MORE,)
    assert not turns[1].branch


def test_another_system_prompt_is_shown_but_is_no_branch() -> None:
    new = said("system", "Be brief. It is Tuesday.")
    turns = build_turns([call(1, [SYSTEM, USER], [ANSWER]), call(2, [new, USER, ANSWER, MORE], [])])
    assert turns[1].added == (new, MORE)
    assert not turns[1].branch


def test_an_edit_is_a_branch_of_its_parent() -> None:
    edited = said("user", "Tell me less")
    turns = build_turns(
        [
            call(1, [USER], [ANSWER]),
            call(2, [USER, ANSWER, MORE], [said("assistant", "So:")], parent=1),
            call(3, [USER, ANSWER, edited], [], parent=1),
        ]
    )
    assert [turn.branch for turn in turns] == [False, False, True]
    assert turns[2].added == (edited,)


def test_a_retry_is_a_branch_without_anything_new() -> None:
    turns = build_turns([call(1, [USER], [], state="failed"), call(2, [USER], [ANSWER], parent=1)])
    assert turns[1].branch
    assert turns[1].added == ()


def test_a_call_that_has_nothing_to_do_with_the_one_before_is_a_branch() -> None:
    turns = build_turns([call(1, [USER], [ANSWER]), call(2, [MORE], [])])
    assert turns[1].branch
    assert turns[1].added == (MORE,)


def test_where_the_provider_keeps_the_history_a_request_is_all_new() -> None:
    turns = build_turns([call(1, [USER], [ANSWER]), call(2, [MORE], [], parent=1, link_rule="provider")])
    assert turns[1].added == (MORE,)
    assert not turns[1].branch


def test_a_parent_that_is_not_shown_is_no_parent() -> None:
    (turn,) = build_turns([call(2, [USER, ANSWER, MORE], [], parent=1)])
    assert turn.added == (USER, ANSWER, MORE)
    assert not turn.branch


@given(st.lists(st.tuples(st.text(max_size=5), st.text(min_size=1, max_size=5)), max_size=8))
def test_the_turns_of_a_plain_chat_add_up_to_its_last_history(pairs: list[tuple[str, str]]) -> None:
    history: list[Message] = []
    calls: list[CallDetail] = []
    for number, (asked, answered) in enumerate(pairs):
        sent = [*history, said("user", f"{number} {asked}")]
        answer = said("assistant", f"{number} {answered}")
        calls.append(call(number, sent, [answer]))
        history = [*sent, answer]
    turns = build_turns(calls)
    assert [message for turn in turns for message in (*turn.added, *turn.answer)] == history
    assert not any(turn.branch for turn in turns)
    assert [turn.call.id for turn in turns] == [call_id(number) for number in range(len(pairs))]
