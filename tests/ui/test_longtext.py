"""A long text is read in pieces that together are the text, and searched without being sent."""

import re
from html import unescape

from hypothesis import given, settings
from hypothesis import strategies as st

from union_square.ui import longtext
from union_square.ui.longtext import find_html, long_html, piece_html, start_html, value_html

SOURCE = "/pieces/a/0/0"
LINES = st.lists(st.sampled_from(["word ", "a longer line\n", "漢字", "<b>&amp;", "x" * 2_000]), min_size=1, max_size=9)


def pieces(html: str) -> list[str]:
    return [
        unescape(re.sub("</?mark>", "", one)) for one in re.findall(r'<div class="piece">(.*?)</div>', html, re.DOTALL)
    ]


def gap(html: str) -> tuple[int, int] | None:
    found = re.search(r"text\?begin=(\d+)&amp;end=(\d+)", html)
    return (int(found[1]), int(found[2])) if found else None


@settings(max_examples=20, deadline=None)
@given(LINES, st.lists(st.booleans(), min_size=8, max_size=8))
def test_pieces_from_the_begin_and_from_the_end_are_together_the_text(lines: list[str], from_end: list[bool]) -> None:
    text = "".join(lines) * (200_000 // len("".join(lines)))
    html = start_html(text, SOURCE)
    [before], after, open_gap = pieces(html), "", gap(html)
    for take_end in from_end:
        if open_gap is None:
            break
        html = piece_html(text, SOURCE, *open_gap, "end" if take_end else "begin")
        [piece] = pieces(html)
        assert 0 < len(piece) <= longtext.STEP
        before, after = (before, piece + after) if take_end else (before + piece, after)
        open_gap = gap(html)
    assert open_gap is None
    assert before + after == text


def test_a_place_is_found_with_what_stands_around_it_and_the_gaps_beside() -> None:
    text = "hay " * 30_000 + "a NEEDLE <here> " + "hay " * 30_000 + "needle"
    html = find_html(text, SOURCE, "needle", 0)
    assert "<mark>NEEDLE</mark> &lt;here&gt;" in html
    assert "1 of 2" in html
    assert len(html) < 12_000
    [piece] = pieces(html)
    assert piece in text
    [after] = set(re.findall(r'data-find-at="(\d+)"', html))  # before the first comes the last, as after it
    assert "2 of 2" in find_html(text, SOURCE, "needle", int(after))
    assert "1 of 2" in find_html(text, SOURCE, "needle", len(text))


def test_what_is_not_there_is_said_and_the_begin_is_shown() -> None:
    html = find_html("hay " * 30_000, SOURCE, "<b>", 0)
    assert "“&lt;b&gt;” is not in this text" in html
    assert len(pieces(html)) == 1


def test_only_a_long_text_whose_pieces_can_be_had_has_a_bar() -> None:
    assert "long-bar" in longtext.prose_html("x" * 50_000, SOURCE)
    assert "long-bar" not in longtext.prose_html("x" * 50_000)
    assert "long-bar" not in value_html("x" * 100, SOURCE)
    assert "json-tree" in long_html('{"a": "' + "x" * 50_000 + '"}', SOURCE)
