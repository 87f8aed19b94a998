"""A request that is edited: fields and body in step, and edits that come along when it is to go elsewhere."""

import json
from typing import Any

import pytest

from tests.replaying.test_resend import BODY, origin
from union_square.replaying.drafting import first_draft, outgoing_of, redirected, with_field, with_text
from union_square.replaying.resend import ResendError


def body(text: str) -> dict[str, Any]:
    return json.loads(text)


def test_unedited_it_is_the_recorded_bytes() -> None:
    found = origin()
    assert outgoing_of(found, first_draft(found)).body == json.dumps(BODY).encode()
    same = redirected(found, first_draft(found), model="gpt-5")
    assert outgoing_of(found, same).body == json.dumps(BODY).encode()


def test_edits_come_along_to_another_model_upstream_and_dialect() -> None:
    found = origin()
    draft = with_field(with_field(first_draft(found), "temperature", "0.5"), "system", "Be long.")
    other = redirected(found, draft, model="gpt-6")
    assert (other.edited, body(other.text)["model"], body(other.text)["temperature"]) == (True, "gpt-6", 0.5)
    translated = redirected(found, other, upstream="anthropic", model="claude")
    sent = body(outgoing_of(found, translated).body.decode())
    assert (sent["system"], sent["temperature"], sent["model"]) == ("Be long.", 0.5, "claude")
    assert translated.translated
    edited = redirected(found, with_field(translated, "max_tokens", "7"), model="claude-2")
    assert (body(edited.text)["max_tokens"], body(edited.text)["model"]) == (7, "claude-2")


def test_what_was_edited_in_another_dialect_and_is_lost_is_told() -> None:
    found = origin()
    draft = redirected(found, first_draft(found), upstream="anthropic", model="claude")
    back = redirected(found, with_field(draft, "max_tokens", "7"), upstream="openai", model="gpt-5")
    assert (back.edited, body(back.text), "anthropic-messages is not in it" in back.note) == (False, BODY, True)


def test_a_body_brings_its_model() -> None:
    draft = with_text(first_draft(origin()), '{"model": "x", "messages": []}')
    assert (draft.model, outgoing_of(origin(), draft).body) == ("x", b'{"model": "x", "messages": []}')
    with pytest.raises(ResendError, match="line 1, column 2"):
        with_text(draft, "{nonsense")
