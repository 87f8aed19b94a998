"""JSON as a tree: nothing lost, nothing done by it, and never more at once than a page can bear."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from union_square.ui.jsontree import STEP, WHOLE_LIMIT, branch_html, json_at, string_html, tree_html

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda v: st.dictionaries(st.text(max_size=8), v, max_size=4) | st.lists(v, max_size=4),
    max_leaves=12,
).filter(lambda value: isinstance(value, dict | list) and bool(value))
TAGS = {"div", "button", "details", "summary", "span"}
ATTRIBUTES = {"class", "type", "open"} | {
    f"data-{name}" for name in ("tree", "source", "copy-json", "node", "key", "branch", "more")
}


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags, self.attributes = set[str](), set[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def tree(text: str, source: str = "") -> str:
    html = tree_html(text, source)
    assert html is not None
    return html


def shown(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


@given(JSON, st.sampled_from(["", "/pieces/a/0/0"]))
@example({'"><script>alert(1)</script>': ["<img src=x onerror=alert(1)>", "\ud800", "\u202e"]}, "")
def test_a_tree_holds_its_own_tags_only_whatever_the_names_and_values_are(value: Any, source: str) -> None:
    html = tree(json.dumps(value), source)
    reader = Reader()
    reader.feed(html)
    assert reader.tags <= TAGS
    assert reader.attributes <= ATTRIBUTES
    html.encode()  # half of a pair of surrogates, which no page can be sent, is told by its number


@given(JSON)
def test_what_is_copied_from_a_tree_is_the_same_value(value: Any) -> None:
    assert json.loads(json_at(json.dumps(value), ())) == value
    first = next(iter(value.values())) if isinstance(value, dict) else value[0]
    assert json.loads(json_at(json.dumps(value), (0,))) == first


def test_numbers_stand_as_they_were_written_and_a_name_twice_is_there_twice() -> None:
    html = tree('{"n": 12345678901234567890123, "f": 1.10, "e": 1e400, "n": 2}')
    assert re.findall(r'j-number">([^<]+)<', html) == ["12345678901234567890123", "1.10", "1e400", "2"]
    assert html.count('data-key="n"') == 2


def test_a_line_end_within_a_string_is_told_and_ends_the_line() -> None:
    assert '"one\\n\ntwo \\\\n"' in shown(tree(json.dumps({"code": "one\ntwo \\n"})))


def test_a_long_list_comes_a_step_at_a_time() -> None:
    text, source = json.dumps({"rows": list(range(STEP * 2 + 7))}), "/pieces/a/0/0"
    first = tree(text, source)
    assert first.count("data-node") == 2 + STEP - 1 or first.count("data-branch") == 1
    opened = branch_html(text, source, (0,), 0)
    assert opened.count("data-node") == STEP
    assert f'data-more="{source}/tree?at=0&amp;first={STEP}"' in opened
    last = branch_html(text, source, (0,), 2 * STEP)
    assert last.count("data-node") == 7
    assert "data-more" not in last


def test_a_long_string_comes_a_step_at_a_time_and_whole() -> None:
    text, source = json.dumps(["x" * 50_000]), "/pieces/a/0/0"
    html = tree(text, source)
    pieces = [shown(html)]
    while more := re.search(r'data-more="([^"]+first=(\d+))"', html):
        html = string_html(text, source, (0,), int(more[2]))
        pieces.append(shown(html))
    assert "".join(re.findall("x+", "".join(pieces))) == "x" * 50_000


@pytest.mark.parametrize("rows", [10_000])
def test_what_is_sent_at_first_is_bounded_however_much_there_is(rows: int) -> None:
    deep: Any = 7
    for _ in range(300):
        deep = [deep]
    text = json.dumps({"rows": [{"id": n, "of": {"a": [1, 2, 3]}} for n in range(rows)], "deep": deep})
    assert len(tree(text, "/pieces/a/0/0")) < 60_000


def test_what_is_no_tree_is_left_to_be_shown_as_text() -> None:
    for text in ("not json", "7", '"x"', "{}", "[]", "[" * 9000 + "]" * 9000, '{"cut": "of', json.dumps("x" * 9)):
        assert tree_html(text) is None
    assert tree_html('["' + "x" * WHOLE_LIMIT + '"]') is None  # and there is nowhere to fetch it from
    assert ">7<" in tree("[" * 40 + "7" + "]" * 40) or "7" in shown(tree("[" * 40 + "7" + "]" * 40))
