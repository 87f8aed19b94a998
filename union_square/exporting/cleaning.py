"""An imported call without credentials: what the proxy does while it records, done to a recording from elsewhere. Pure.

Values that were replaced when they were recorded (`[redacted:…]`) stay as they are: their fingerprints still group the
calls of one key.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import assert_never

from union_square.domain import events as ev
from union_square.domain.redaction import Redactor
from union_square.domain.redaction_fields import FieldMask, mask_whole
from union_square.domain.redaction_rules import Rule, redact_text

_REPLACED = b"[redacted:"


def clean_events(events: Sequence[ev.Event], redactor: Redactor, rules: tuple[Rule, ...] = ()) -> list[ev.Event]:
    """One call's events with every known credential replaced; bodies keep their length."""
    sent = b"".join(event.data for event in events if isinstance(event, ev.RequestChunk))
    received = b"".join(event.data for event in events if isinstance(event, ev.ResponseChunk))
    request = redact_text(rules, mask_whole(sent))
    response = redact_text(rules, FieldMask(answer=True).feed(received))
    cleaned = list[ev.Event]()
    asked = answered = 0
    for event in events:
        match event:
            case ev.RequestHead():
                head, fingerprint = _request_head(event.head, redactor)
                cleaned.append(replace(event, head=head, fingerprint=event.fingerprint or fingerprint))
            case ev.ResponseHead():
                cleaned.append(replace(event, head=_lines(event.head, redactor.redact_response_head)))
            case ev.RequestChunk():
                cleaned.append(replace(event, data=request[asked : asked + len(event.data)]))
                asked += len(event.data)
            case ev.ResponseChunk():
                cleaned.append(replace(event, data=response[answered : answered + len(event.data)]))
                answered += len(event.data)
            case ev.RequestEnd() | ev.ResponseEnd() | ev.Failure() | ev.Gap() | ev.Unknown():
                cleaned.append(event)
            case _:
                assert_never(event)
    return cleaned


def _request_head(head: bytes, redactor: Redactor) -> tuple[bytes, str]:
    fresh = redactor.redact_request_head(_without_replaced(head))
    return _lines(head, lambda whole: redactor.redact_request_head(whole).head), fresh.fingerprint


def _without_replaced(head: bytes) -> bytes:
    first, *rest = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    return b"\r\n".join([first, *(line for line in rest if _REPLACED not in line)]) + b"\r\n\r\n"


def _lines(head: bytes, redact: Callable[[bytes], bytes]) -> bytes:
    """Line by line, so that what was replaced before stays."""
    before = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    after = redact(head if head.endswith(b"\r\n\r\n") else head + b"\r\n\r\n").removesuffix(b"\r\n\r\n").split(b"\r\n")
    kept = [old if _REPLACED in old else new for old, new in zip(before, after, strict=True)]
    return b"\r\n".join(kept) + b"\r\n\r\n"
