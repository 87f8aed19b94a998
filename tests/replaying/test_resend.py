"""A recorded call becomes a request to send again: as it was, or with what was asked to be different."""

import json
from typing import Any

import pytest

from tests.support.calls import JSON
from tests.support.recorded import recorded
from union_square.replaying.comparing import word_diff
from union_square.replaying.keys import WELL_KNOWN, KeyNames, key_header
from union_square.replaying.resend import AS_RECORDED, Edit, Origin, ResendError, body_text, origin_of, plan

BODY: dict[str, Any] = {
    "model": "gpt-5",
    "temperature": 1,
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Grüß Gott"}],
}


def origin(path: str = "/v1/chat/completions?key=[redacted:1]&v=1", body: Any = None, **more: Any) -> Origin:
    sent = [JSON, ("Authorization", "Bearer [redacted:0123456789abcdef]"), ("OpenAI-Beta", "x=1"), ("Host", "h"),
            ("x-union-square-tags", "s"), ("X-Stainless-Lang", "python"), ("Accept-Encoding", "gzip")]  # fmt: skip
    call = recorded(1, path, body or BODY, {"id": "1"}, request_headers=sent, **more)
    return origin_of(call.id, "s", list(call.events))


def test_unedited_it_is_the_very_bytes_to_the_same_place_without_credentials() -> None:
    found = plan(origin())
    assert (found.method, found.path) == ("POST", "/openai/v1/chat/completions?v=1")
    assert found.body == json.dumps(BODY).encode()
    assert found.headers == (JSON, ("OpenAI-Beta", "x=1"))
    assert found.dropped == ()
    assert json.loads(body_text(found)) == BODY


def test_model_and_values_are_set_where_they_stand() -> None:
    edit = Edit(model="gpt-6", values={"temperature": 0, "messages.1.content": "Servus", "metadata.a.b": 1})
    body = json.loads(plan(origin(), edit).body)
    assert (body["model"], body["temperature"], body["messages"][1]["content"]) == ("gpt-6", 0, "Servus")
    assert body["metadata"] == {"a": {"b": 1}}


def test_another_upstream_is_spoken_to_in_its_dialect() -> None:
    found = plan(origin(), Edit(upstream="anthropic", model="claude-opus-5"))
    body = json.loads(found.body)
    assert (found.path, found.dialect) == ("/anthropic/v1/messages", "anthropic-messages")
    assert ("anthropic-version", "2023-06-01") in found.headers
    assert (body["model"], body["system"]) == ("claude-opus-5", "Be brief.")
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Grüß Gott"}]}]
    assert plan(origin(), Edit(upstream="groq")).path == "/groq/openai/v1/chat/completions"
    gemini = plan(origin(), Edit(upstream="gemini", model="gemini-3-flash"))
    assert gemini.path == "/gemini/v1beta/models/gemini-3-flash:generateContent"
    assert plan(origin(), Edit(dialect="openai-responses")).path == "/openai/v1/responses"


def test_geminis_model_is_changed_in_its_path() -> None:
    asked = {"contents": [{"role": "user", "parts": [{"text": "a"}]}]}
    path = "/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse&key=[redacted:1]"
    found = plan(origin(path, asked, upstream="gemini"), Edit(model="gemini-3-pro"))
    assert found.path == "/gemini/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse"


def test_a_body_of_ones_own_is_sent_instead() -> None:
    assert json.loads(plan(origin(), Edit(body='{"model": "x"}')).body) == {"model": "x"}


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Edit(body='{\n "a": }'), "the body is not JSON: line 2, column 7"),
        (Edit(body="[]"), "not a JSON object"),
        (Edit(dialect="bedrock-converse"), "cannot be written as bedrock-converse"),
        (Edit(values={"messages.9.content": 1}), "nothing can be set at messages.9.content"),
        (Edit(values={"model.x": 1}), "nothing can be set at model.x"),
        (Edit(fields={"temperature": "warm"}), "Temperature must be a number, not 'warm'"),
        (Edit(fields={"top_k": "3"}), "openai-chat has no top k"),
    ],
)
def test_what_cannot_be_sent_is_told(edit: Edit, words: str) -> None:
    with pytest.raises(ResendError, match=words):
        plan(origin(), edit)


def test_what_was_not_recorded_cannot_be_sent() -> None:
    call = recorded(1, "/v1/chat/completions", BODY, {}, recorded=False)
    with pytest.raises(ResendError, match="not recorded"):
        origin_of(call.id, "s", list(call.events))


def test_a_key_is_taken_from_the_environment_and_shown_as_the_upstream_wants_it() -> None:
    environ = {"OPENAI_API_KEY": "a", "GOOGLE_API_KEY": "b", "MY_LAB_API_KEY": "c"}
    names = ("openai", "gemini", "my-lab", "groq")
    assert [WELL_KNOWN.key(environ, name) for name in names] == ["a", "b", "c", ""]
    configured = KeyNames(configured={"groq": "MY_LAB_API_KEY", "openai": "NOT_SET"})
    assert [configured.key(environ, name) for name in names] == ["", "b", "c", "c"]
    assert key_header(plan(origin(), AS_RECORDED), "k") == ("authorization", "Bearer k")
    assert key_header(plan(origin(), Edit(upstream="anthropic")), "k") == ("x-api-key", "k")
    assert key_header(plan(origin(), Edit(upstream="gemini")), "k") == ("x-goog-api-key", "k")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("one two", "one two"),
        ("one two three", "one 2 three four"),
        ("", "new"),
        ("gone", ""),
        ("a\n b", "a b"),
    ],
)
def test_a_word_diff_holds_both_texts(before: str, after: str) -> None:
    spans = word_diff(before, after)
    assert "".join(span.text for span in spans if span.kind != "new") == before
    assert "".join(span.text for span in spans if span.kind != "gone") == after


def test_a_word_diff_of_very_long_answers_takes_no_time_to_speak_of() -> None:
    before, after = "word and " * 100_000, "word or " * 100_000
    spans = word_diff(before, after)
    assert "".join(span.text for span in spans if span.kind != "new") == before
