"""What is offered while a filter is written, and where its words stand in what was said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.domain.finding import parse_filter
from union_square.domain.finding.completing import complete, place_at
from union_square.domain.finding.hits import find_hit, sought_words
from union_square.domain.messages import Message, TextPart
from union_square.domain.words import holds, search_words

MODELS = ["claude-sonnet-4-5", "gpt-4o", "gpt-4o-mini", "my model"]


def taken(written: str, known: list[str], shows: str) -> str:
    """The filter after that option was taken at the place marked with |."""
    caret = written.index("|")
    text = written.replace("|", "", 1)
    place = place_at(text, caret)
    assert place is not None
    completion = complete(place, known)
    option = next(one for one in completion.options if one.shows == shows)
    return text[: completion.start] + option.insert + text[completion.end :]


@pytest.mark.parametrize(
    ("written", "shows", "after"),
    [
        ("mod|", "model", "model:"),
        ("status:error tt|", "ttft", "status:error ttft>"),
        ("-ta|", "tag", "-tag:"),
        ("(to| OR tag:x)", "tool", "(tool: OR tag:x)"),
        ("model:gpt|", "gpt-4o", "model:gpt-4o"),
        ("model:gpt|-old tag:x", "gpt-4o", "model:gpt-4o tag:x"),
        ("model:claude-sonnet-4-5,g|", "gpt-4o", "model:claude-sonnet-4-5,gpt-4o"),
        ('model:"my| mo" x', "my model", 'model:"my model" x'),
        ("model:mini|", "gpt-4o-mini", "model:gpt-4o-mini"),
        ("cost>|", "0.10", "cost>0.10"),
        ("cost:>=|", "0.10", "cost:>=0.10"),
        ("status:er|", "error", "status:error"),
        ("app|", "application", "application:"),
    ],
)
def test_an_option_takes_the_place_of_what_was_written(written: str, shows: str, after: str) -> None:
    assert taken(written, MODELS, shows) == after


@pytest.mark.parametrize("written", ['"mod|', 'x "a mod|el"', "nofield:x|"])
def test_nothing_is_offered_within_a_phrase_or_an_unknown_field(written: str) -> None:
    assert place_at(written.replace("|", ""), written.index("|")) is None


@given(st.text(alphabet='model:gpt"*, ()-<>=\\ tag', max_size=40), st.integers(-3, 50))
def test_a_place_is_within_the_text_whatever_is_written(text: str, caret: int) -> None:
    place = place_at(text, caret)
    if place is not None:
        assert 0 <= place.start <= place.end <= len(text)
        assert place.start <= max(caret, 0)


@given(st.sampled_from(MODELS), st.integers(0, 12))
def test_every_value_that_is_offered_is_read_as_itself(value: str, cut: int) -> None:
    written = f"model:{value[:cut].split(' ')[0]}"
    place = place_at(written, len(written))
    assert place is not None
    for option in complete(place, MODELS).options:
        parse_filter(written[: place.start] + option.insert)


def said(*texts: str) -> list[Message]:
    return [Message(role="user", parts=(TextPart(text=text),)) for text in texts]


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("deploy", "Deploy"),
        ('"deploy it now"', "Deploy it,\nnow"),
        ("cafe", "Café"),
        ("天気", "天気"),
        ("-other deploy", "Deploy"),
    ],
)
def test_a_hit_is_the_words_as_they_were_said(query: str, hit: str) -> None:
    text = "We should Deploy it,\nnow that the Café knows 今日の天気 well"
    found = find_hit(said("nothing", text, "more"), sought_words(parse_filter(query)))
    assert found is not None
    assert (found.message, found.hit) == (1, hit.replace("\n", " "))
    assert found.before.endswith(text[: text.index(hit)][-5:].replace("\n", " "))


def test_what_must_not_be_there_is_no_hit() -> None:
    assert sought_words(parse_filter("-deploy status:error")) == ()
    assert find_hit(said("deployed"), sought_words(parse_filter('"deploy"'))) is None


TEXTS = st.text(alphabet="abC é今日 .-_", max_size=30)


@given(TEXTS, st.sampled_from(("ab", "c", "é", "今日", "a b")), st.booleans())
def test_a_hit_is_shown_wherever_the_index_finds_one(text: str, sought: str, open_end: bool) -> None:
    words = sought_words(parse_filter(f'"{sought}"' + "*" * open_end))
    if holds(search_words([text]), sought, open_end=open_end):
        assert find_hit(said(text), words) is not None
