"""An annotation's place is found again, whatever has become of the text around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.domain.anchors import Anchor, AnchorError, find_again, find_quote, settle
from union_square.domain.messages import MediaPart, Message, TextPart, ThinkingPart, ToolCallPart

TEXTS = st.text(alphabet="ab c*_\n.東é", max_size=60)


def said(*texts: str) -> Message:
    return Message(role="assistant", parts=tuple(TextPart(text=text) for text in texts))


def span(text: str, quote: str, nth: int = 0) -> Anchor:
    start = -1
    for _ in range(nth + 1):
        start = text.index(quote, start + 1)
    return settle(Anchor(message=0, part=0, start=start, end=start + len(quote)), [said(text)])


@given(before=TEXTS, quote=TEXTS.filter(bool), after=TEXTS, more=TEXTS)
def test_it_stands_while_the_stream_goes_on(before: str, quote: str, after: str, more: str):
    text = before + quote + after
    anchor = settle(Anchor(message=0, part=0, start=len(before), end=len(before) + len(quote)), [said(text)])
    assert anchor.quote == quote
    assert find_again(anchor, [said(text + more)]) == settle(anchor, [said(text + more)])
    assert find_again(anchor, [said(text + more)]).start == len(before)  # pyright: ignore[reportOptionalMemberAccess]


@given(before=TEXTS, quote=st.text(alphabet="xyz", min_size=1, max_size=20), after=TEXTS, shift=TEXTS)
def test_it_is_found_by_its_words_where_offsets_moved(before: str, quote: str, after: str, shift: str):
    anchor = span(before + quote + after, quote)
    now = find_again(anchor, [said(shift, "and " + shift + before + quote + after)])
    assert now is not None
    assert now.quote == quote


def test_of_several_places_the_one_with_the_same_surroundings_is_meant():
    text = "first no, then no, at last no."
    anchor = span(text, "no", 1)
    now = find_again(anchor, [said("Well: no. " + text)])
    assert now is not None
    assert ("Well: no. " + text)[: now.start].endswith("then ")


def test_it_follows_its_words_into_another_part_or_message_and_else_is_lost():
    anchor = span("quite so", "quite")
    thought = Message(role="assistant", parts=(ThinkingPart(text="hm"), TextPart(text="quite so")))
    moved = find_again(anchor, [thought])
    assert moved is not None
    assert moved.part == 1
    later = find_again(anchor, [said("hello"), said("quite so")])
    assert later is not None
    assert later.message == 1
    assert find_again(anchor, [said("hello")]) is None
    assert find_again(Anchor(message=1), [said("hello")]) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It was a **large** park.", "large"),
        ("It was a **large** park.", "a large park."),
        ("- one\n- *two*\n- three", "one\ntwo"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a\tb\n1\t2"),
        ('{"city":"Paris","n":1}', '"city": "Paris"'),
        ("see `x_y()` there", "x_y()"),
        ("a [link to somewhere that is long enough](https://example.com/a/b/c/d) and more words after it",
         "a link to somewhere that is long enough (example.com/…) and more words after it"),
    ],
)  # fmt: skip
def test_what_is_shown_is_found_in_what_was_written(text: str, shown: str):
    found = find_quote(text, shown)
    assert found is not None
    start, end = found
    first, last = shown.split()[0].strip('"'), shown.split()[-1].strip('".')
    assert text[start:end].strip('"*').startswith(first)
    assert text[start:end].strip('"*').endswith(last)


def test_signs_without_letters_are_found_as_they_are():
    assert find_quote("wow!! … really?!", "?!") == (14, 16)
    assert find_quote("wow", "?!") is None
    assert find_quote("wow", "") is None


@pytest.mark.parametrize(
    ("anchor", "words"),
    [
        (Anchor(message=3), "no message 3"),
        (Anchor(message=0, part=4), "no part 4"),
        (Anchor(message=0, part=0), "start to end"),
        (Anchor(message=0, part=0, start=2, end=99), "start to end"),
        (Anchor(message=0, part=0, quote="nowhere"), "does not say"),
        (Anchor(message=0, part=1, quote="x"), "does not say"),
    ],
)
def test_a_place_that_is_not_there_is_refused(anchor: Anchor, words: str):
    message = Message(role="user", parts=(TextPart(text="hello"), MediaPart(modality="image")))
    with pytest.raises(AnchorError, match=words):
        settle(anchor, [message])


def test_a_tools_arguments_can_be_annotated_too():
    call = Message(role="assistant", parts=(ToolCallPart(id="1", name="f", arguments='{"q":"odd"}'),))
    assert settle(Anchor(message=0, part=0, quote="odd"), [call]).start == 6
