"""A session as a tree, and what its turns are in it."""

from collections.abc import Sequence
from typing import Any

from tests.support.projections import call_id, projection, said
from union_square.domain.branches import Tree
from union_square.domain.context import MEDIA_CHARACTERS
from union_square.domain.conversation import Turn, build_turns
from union_square.domain.messages import MediaPart, Message, TextPart, ToolOffer, ToolResultPart
from union_square.domain.views import CallDetail

ASK, ANSWER, MORE, OTHER = (said("user", "Hello"), said("assistant", "Hi"), said("user", "More"), said("user", "Else"))


def call(number: int, sent: list[Message], answer: list[Message], **changes: Any) -> CallDetail:
    return projection(number, messages=[*sent, *answer], request_message_count=len(sent), **changes).detail


def session() -> tuple[Turn, ...]:
    """#1 is continued by #2, tried again in #3, which goes on in #5; #4 is another's work."""
    return build_turns(
        [
            call(1, [ASK], [ANSWER]),
            call(2, [ASK, ANSWER, MORE], [said("assistant", "A")], parent=1),
            call(3, [ASK, ANSWER, OTHER], [said("assistant", "B")], parent=1),
            call(4, [said("system", "You are a helper."), said("user", "Do this")], [], link_rule="header"),
            call(5, [ASK, ANSWER, OTHER, said("assistant", "B"), MORE], [], parent=3),
            call(6, [ASK, ANSWER, OTHER, said("assistant", "B"), MORE], [], parent=3),
        ]
    )


def numbers(ids: Sequence[str]) -> list[int]:
    return [int(one, 16) for one in ids]


def test_turns_say_what_they_are_to_the_tree() -> None:
    relations = [turn.relation for turn in session()]
    assert relations == ["begins", "continues", "branch", "sub_agent", "continues", "retry"]


def test_the_tree_shows_branches_before_the_line_goes_on() -> None:
    places = list(Tree(session()).places())
    assert [(place.number, place.depth) for place in places] == [(1, 0), (2, 1), (3, 0), (5, 1), (6, 0), (4, 0)]


def test_a_line_goes_from_the_beginning_through_the_chosen_call_to_its_end() -> None:
    tree = Tree(session())
    assert numbers(tree.line(call_id(2))) == [1, 2]
    assert numbers(tree.line(call_id(3))) == [1, 3, 6]
    assert numbers(tree.line(call_id(1))) == [1, 3, 6]
    assert tree.line(call_id(99)) == ()
    assert sorted(numbers(tree.below(call_id(3)))) == [3, 5, 6]


def test_a_request_is_weighed_by_what_fills_it() -> None:
    sent = [
        said("system", "12345"),
        Message(role="user", parts=(TextPart(text="123"), MediaPart(modality="image", data="A" * 9999))),
        ANSWER,
        Message(role="tool", parts=(ToolResultPart(id="1", text="1234"),)),
    ]
    first, second = build_turns(
        [
            call(1, sent, [ANSWER], tools=(ToolOffer(name="a", description="bc", schema="{}"),)),
            call(2, [*sent, ANSWER, ASK], [], parent=1),
        ]
    )
    one = first.context
    assert (one.system, one.tools, one.user, one.assistant, one.tool_results) == (5, 5, 3, 2, 4)
    assert one.media == MEDIA_CHARACTERS
    assert (second.context.user, second.context.assistant, second.context.tools) == (8, 4, 0)
