"""What a rule finds is masked, byte for byte, however the body came in pieces; what only resembles it stays."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.domain.redaction_rules import DETECTORS, RuleError, RuleMask, parse_rules, redact_text

FOUND = {
    "email": ["jane.doe+llm@mail.example.co.uk", "a@b.io"],
    "card": ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"],
    "phone": ["+43 660 123 4567", "+1 (212) 555-0123", "(212) 555-0123", "212-555-0123", "+441632960961"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "AT611904300234573201"],
    "openai": ["sk-proj-abcDEF1234567890_xyz", "sk-abcdefghijklmnopqrstuvwx"],
    "anthropic": ["sk-ant-api03-abcdefghijklmnop-xyz"],
    "aws": ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"],
    "github": ["ghp_" + "a1" * 18, "github_pat_11ABCDEFG0abcdefghijkl_xyz"],
    "gitlab": ["glpat-abcdefghij1234567890"],
    "slack": ["xoxb-1234567890-abcdefghij", "hooks.slack.com/services/T00000000/B00000000/XXXXXXXX"],
    "google": ["AIza" + "Sy" * 17 + "a", "ya29.a0AfH6SMBxabcdefghijkl"],
    "stripe": ["sk_live_abcdefghij1234567890", "whsec_abcdefghij1234567890"],
    "huggingface": ["hf_" + "aB" * 17],
    "jwt": ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4f"],
    "private_key": ["-----BEGIN RSA PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA7\\n+/ab==\\n-----END RSA PRIVATE KEY-----"],
}
STAY = {
    "email": ["@decorator", "user@host", "a @ b.c"],
    "card": ["4111 1111 1111 1112", "0000000000000000", "1718000000000", "3.14159265358979323846", "x4111111111111111"],
    "phone": ["2026-11-24", "192.168.100.200", "1718000000000", "v1.2.3", "12:30:45"],
    "iban": ["DE89 3704 0044 0532 0130 01", "AB12CDEF"],
    "openai": ["task-force-of-the-desk-team", "sk-ant-api03-abcdefghijklmnop"],
    "aws": ["AKIASHORT"],
    "jwt": ["eyJust a word", "eyJhbGciOiJIUzI1NiJ9"],
}


def test_every_detector_has_its_cases() -> None:
    assert set(FOUND) == set(DETECTORS)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in FOUND.items() for text in texts])
def test_what_a_detector_is_for_is_masked(name: str, text: str) -> None:
    rules = parse_rules([name])
    for body in (text, f"to {text}, please", f'{{"a":"{text}","b":1}}', f"({text})"):
        assert redact_text(rules, body.encode()) == body.replace(text, "*" * len(text)).encode()


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in STAY.items() for text in texts])
def test_what_only_resembles_it_stays(name: str, text: str) -> None:
    assert redact_text(parse_rules([name]), f'"{text}" {text}'.encode()) == f'"{text}" {text}'.encode()


def test_tokens_are_all_those_of_known_services_and_own_patterns_come_with_them() -> None:
    rules = parse_rules(["tokens"], [r"ACME-\d{4}"])
    text = f"{FOUND['stripe'][0]} ACME-1234 {FOUND['aws'][0]} jane@x.io".encode()
    assert redact_text(rules, text).split() == [b"*" * 28, b"*" * 9, b"*" * 20, b"jane@x.io"]


@pytest.mark.parametrize(
    ("names", "patterns", "why"), [(["mail"], [], "email"), ([], ["("], "regular"), ([], ["x*"], "empty")]
)
def test_a_rule_that_cannot_be_used_is_named(names: list[str], patterns: list[str], why: str) -> None:
    with pytest.raises(RuleError, match=why):
        parse_rules(names, patterns)


LINES = (
    b'data: {"text":"write to jane.doe@mail.example, card 4111 1111 1111 1111"}\n\n'
    b"data: AKIAIOSFODNN7EXAMPLE\n\nrest a@b.io"
)


@given(st.lists(st.integers(0, len(LINES)), max_size=10))
def test_any_cut_masks_alike_and_every_piece_keeps_its_size_and_time(cuts: list[int]) -> None:
    rules = parse_rules(["email", "card", "tokens"])
    edges = sorted({0, *cuts, len(LINES)})
    pieces = [LINES[a:b] for a, b in pairwise(edges)]
    mask = RuleMask(rules)
    out = [ready for at, piece in enumerate(pieces) for ready in mask.feed(at, piece)] + mask.end()
    assert b"".join(piece for _, piece in out) == redact_text(rules, LINES)
    assert [(at, len(piece)) for at, piece in out] == [(at, len(piece)) for at, piece in enumerate(pieces)]


@given(st.binary(max_size=300))
def test_any_bytes_keep_their_length(data: bytes) -> None:
    assert len(redact_text(parse_rules(DETECTORS), data)) == len(data)
