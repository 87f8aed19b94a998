"""What is kept of earlier requests saves work and changes nothing."""

import random

from hypothesis import given
from hypothesis import strategies as st

from union_square.domain import threads_kept
from union_square.domain.messages import Message, OtherPart, Part, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from union_square.domain.threads import History
from union_square.domain.threads_kept import Memory

TEXTS = st.sampled_from(["Hello", " Hello", "How far is it?", "x" * 200, ""])
PARTS: st.SearchStrategy[Part] = st.one_of(
    TEXTS.map(lambda text: TextPart(text=text)),
    TEXTS.map(lambda text: ThinkingPart(text=text)),
    st.sampled_from("abc").map(lambda id_: ToolCallPart(id=id_, name="look", arguments="{}")),
    st.sampled_from("abc").map(lambda id_: ToolResultPart(id=id_, text="found")),
    TEXTS.map(lambda text: OtherPart(label="compaction", json=f'{{"content": "{text}"}}')),
)
MESSAGES = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    parts=st.lists(PARTS, max_size=3).map(tuple),
)


@st.composite
def requests(draw: st.DrawFn) -> list[list[Message]]:
    """Requests of a few conversations, each with all that was said before, and some that go back or elsewhere."""
    sent = list[list[Message]]([[]])
    for _ in range(draw(st.integers(1, 8))):
        before = draw(st.sampled_from(sent))
        kept = before[: draw(st.integers(0, len(before)))] if draw(st.booleans()) else before
        sent.append([*kept, *draw(st.lists(MESSAGES, min_size=1, max_size=4))])
    return draw(st.permutations(sent))


@given(requests(), MESSAGES)
def test_a_history_is_told_alike_whatever_was_seen_before(sent: list[list[Message]], answer: Message) -> None:
    memory = Memory()
    for messages in sent:
        kept, alone = memory.history(messages), History(messages)
        assert kept.places == alone.places
        assert kept.newest_places(2) == alone.places[:2]
        assert kept.as_kept(messages) == tuple(messages)
        assert kept.thread_digests([answer]) == alone.thread_digests([answer])


def test_a_continued_history_is_digested_from_where_it_was_left(monkeypatch) -> None:
    digested = list[Message]()
    real = History._digest
    monkeypatch.setattr(History, "_digest", lambda self, items: (digested.append(items), real(self, items))[1])
    memory, said = Memory(), list[Message]()
    for turn in range(200):
        said += [
            Message(role="user", parts=(TextPart(text=f"question {turn}"),)),
            Message(role="assistant", parts=(TextPart(text=f"answer {turn}"),)),
        ]
        memory.history([Message(role="system", parts=(TextPart(text=f"It is {turn} o'clock"),)), *said])
    assert len(digested) == len(said)


def test_messages_that_are_known_already_are_the_same_objects_again() -> None:
    memory, said = Memory(), [Message(role="user", parts=(TextPart(text="Hello there"),))]
    first = memory.history(said).as_kept(said)
    again = [Message(role="system", parts=()), Message(role="user", parts=(TextPart(text="Hello there"),)), *said]
    kept = memory.history(again).as_kept(again)
    assert list(kept) == again
    assert kept[1] is first[0]


def test_it_keeps_within_its_bounds(monkeypatch) -> None:
    monkeypatch.setattr(Memory, "MOST_CHARACTERS", 50_000)
    monkeypatch.setattr(threads_kept, "MOST_OPENINGS", 20)
    memory, chosen = Memory(), random.Random(1)
    for _ in range(500):
        opening = Message(role="user", parts=(TextPart(text=f"{chosen.randrange(40)}"),))
        memory.history([opening, Message(role="user", parts=(TextPart(text=str(chosen.random()) * 50),))])
        kept = [one for alike in memory._kept.values() for one in alike]
        assert memory._characters == sum(size for _, size in kept) <= 50_000
        assert len(memory._kept) <= 20
        assert all(len(alike) <= threads_kept.MOST_OF_AN_OPENING for alike in memory._kept.values())


def test_messages_that_came_after_a_history_was_taken_stay_as_they_are() -> None:
    said = [Message(role=role, parts=(TextPart(text=role),)) for role in ("system", "user", "assistant", "user")]
    history = History(said[:2])
    assert history.as_kept(said) == tuple(said)
    assert history.as_kept(said)[1] is said[1]
    changed = [said[0], said[3], Message(role="user", parts=(TextPart(text="another"),))]
    assert History(said).as_kept(changed) == tuple(changed)
