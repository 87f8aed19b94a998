"""What a model wrote does nothing in the browser of whoever reads it."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.worlds import HOSTILE
from union_square.ui import markup

_BARE = {
    *("p", "blockquote", "ul", "li", "strong", "em", "s", "hr", "br", "code", "table", "thead", "tbody", "tr", "td"),
    *("h3", "h4", "h5", "h6"),
}
ALLOWED: dict[str, set[str]] = {
    **{tag: set[str]() for tag in _BARE},
    "a": {"class", "href", "target", "rel"},
    "bdi": {"class"},
    "button": {"type", "class", "data-copy-code"},
    "div": {"class", "tabindex"},
    "ol": {"start"},
    "pre": {"class", "tabindex"},
    "span": {"class"},
    "th": {"scope"},
}
CLASSES = {
    *("md-link", "md-target", "md-image", "md-plain", "md-cut", "scroll", "copy", "code", "code-head", "code-name"),
    *("data", *(f"h-{kind}" for kind in "ksncf"), "j-key", "j-string", "j-number", "j-word"),
}
NASTY = st.sampled_from(
    [
        *("<script>", "</script>", "<img src=x onerror=1>", "](javascript:x)", "![a](http://e/x.png)", '"', "'", "`"),
        *("<", ">", "&lt;", "&#60;", "[x](http://e)", "[x]: http://e\n", "|", "|---|\n", "\n\n", "- ", "> ", "# "),
        *("```\n", "\\", "{", "\u202e", "\x00", "<!--", "<![CDATA[", "<?php", "</pre></code></div>", "java&colon;x"),
    ]
)


class _Reader(HTMLParser):
    """What a browser would make of the HTML: every start tag with its attributes, and the text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"a processing instruction: {data}")


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def check_harmless(html: str) -> None:
    for tag, attributes in read(html).tags:
        assert tag in ALLOWED, f"<{tag}>"
        assert attributes.keys() <= ALLOWED[tag], f"<{tag} {attributes}>"
        assert (attributes.get("class") or "code") in CLASSES
        if tag == "a":
            assert re.match(r"(https?://|mailto:)", attributes["href"] or "")
            assert attributes["rel"] == "noopener noreferrer nofollow"


@given(st.lists(NASTY | st.text(max_size=12), max_size=24).map("".join))
@example(HOSTILE)
def test_markdown_becomes_a_few_harmless_tags_whatever_it_holds(text: str) -> None:
    check_harmless(markup.markdown_html(text))


@given(st.lists(NASTY | st.text(max_size=12), max_size=24).map("".join), st.text(max_size=30))
def test_code_and_data_keep_every_character_and_add_no_tag(text: str, language: str) -> None:
    code = markup.code_html(text, language)
    check_harmless(code)
    check_harmless(markup.data_html(text))
    check_harmless(markup.text_html(text))
    kept = read(markup.text_html(text)).text
    assert kept.replace("\r", "\n") == text.replace("\r\n", "\n").replace("\r", "\n") or "\r" in text or "\x00" in text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda v: st.lists(v) | st.dictionaries(st.text(max_size=8), v),
        max_leaves=12,
    )
)
def test_marking_json_changes_none_of_its_characters(value: object) -> None:
    import json

    laid_out = json.dumps(value, indent=2, ensure_ascii=False)
    shown = read(markup.json_spans(laid_out)).text
    assert shown.replace("\r", "\n") == laid_out.replace("\r\n", "\n").replace("\r", "\n")


def test_an_image_is_named_and_not_loaded() -> None:
    html = markup.markdown_html("![a chart](https://evil.example/pixel.png)")
    assert "<img" not in html
    assert "image “a chart” not loaded: https://evil.example/pixel.png" in html


def test_a_link_shows_where_it_leads() -> None:
    html = markup.markdown_html("[your bank](https://evil.example/login?next=1)")
    assert '<a class="md-link" href="https://evil.example/login?next=1" target="_blank"' in html
    assert '<bdi class="md-target">(evil.example/login?…)</bdi>' in html


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "https://good@evil.example/",
        "//evil.example",
        "/calls",
    ],
)
def test_only_web_addresses_can_be_followed(url: str) -> None:
    assert not markup.is_web_link(url)
    assert "href" not in markup.markdown_html(f"[x]({url})")


def test_ordinary_markdown_is_rendered() -> None:
    html = markup.markdown_html("# One\n\n1. a\n2. **b** `c`\n\n| h |\n|---|\n| 1 |\n\n```python\nx = 1\n```\n")
    assert "<h3>One</h3>" in html
    assert "<li><strong>b</strong> <code>c</code></li>" in html
    assert '<th scope="col">h</th>' in html
    assert '<span class="code-name">python</span>' in html


def test_line_breaks_of_a_chat_are_kept() -> None:
    assert markup.markdown_html("one\ntwo") == "<p>one<br>two</p>"


def test_text_too_long_for_markdown_is_shown_as_it_stands() -> None:
    text = "**b** " * (markup.MARKDOWN_LIMIT // 6 + 1)
    assert markup.markdown_html(text).startswith('<div class="md-plain">**b** ')


def test_text_too_long_to_show_says_how_much_is_missing() -> None:
    html = markup.text_html("x" * (markup.TEXT_LIMIT + 1234))
    assert len(html) < markup.TEXT_LIMIT + 300
    assert "1,234 more characters" in html


def test_nesting_too_deep_for_the_parser_hides_nothing() -> None:
    assert "the end" in markup.markdown_html("> " * 500 + "the end")


def test_json_that_is_still_streaming_is_shown_as_text() -> None:
    assert markup.pretty_json('{"path": "src/ma') is None
    assert "src/ma" in markup.data_html('{"path": "src/ma')


def test_json_nested_without_end_is_shown_as_text() -> None:
    assert markup.pretty_json("[" * 100_000) is None


def test_a_string_that_is_cut_off_is_marked_in_one_pass_however_many_quotes_it_holds():
    cut = '{"a": "' + '\\"x' * 200_000  # tried anew at each quote, this would take an hour
    assert markup.json_spans(cut).count("<span") == 2
    assert markup.json_spans(cut + "\\").count("<span") == 2
    assert read(markup.json_spans(cut)).text == cut
