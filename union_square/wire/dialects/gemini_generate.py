"""Gemini's generateContent, of the Gemini API and of Vertex AI, whole and streamed.

https://ai.google.dev/api/generate-content. Streams are server-sent events with `?alt=sse`, else one JSON array.
"""

import re
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import (
    Message,
    OtherPart,
    Part,
    RefusalPart,
    Request,
    Role,
    TextPart,
    ThinkingPart,
    Usage,
)
from union_square.wire.bodies import read_each
from union_square.wire.cost import Priced
from union_square.wire.dialects.citations import cited
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.gemini_parts import field_of, offers_of, part_of, parts_of
from union_square.wire.dialects.plain import PlainDraft, model_in_path
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, json_text, list_of, obj_of, text_of
from union_square.wire.textbuffer import TextBuffer

_PATH = re.compile(r":((stream)?generateContent|countTokens)\Z|/cachedContents/?\Z", re.IGNORECASE)
_NOT_PARAMETERS = {"contents", "systemInstruction", "system_instruction", "tools", "model"}
_GROUNDS = ("groundingMetadata", "citationMetadata", "urlContextMetadata")
MAX_PARTS = 4096
"""Of one candidate that are kept. Known answers hold a few dozen; text that grows is one part."""
MAX_CANDIDATES = 256


class GeminiGenerate:
    name = "gemini-generate"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:
        contents = list_of(body.get("contents"))
        caching = {"ttl", "expireTime", "displayName"} & body.keys()
        return bool(contents) and not caching and all("parts" in obj_of(content) for content in contents)

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        body = _opened(body)
        system = parts_of(field_of(body, "systemInstruction") or [])
        first = (Message(role="system", parts=tuple(system)),) if system else ()
        contents = body.get("contents")
        items = list_of(contents) or ([contents] if contents else [])
        path = target.path.lower().rstrip("/")
        operation = "count_tokens" if path.endswith(":counttokens") else "generate_content"
        return Request(
            dialect=self.name,
            operation="cache_contents" if path.endswith("/cachedcontents") else operation,
            model=text_of(body.get("model")).rpartition("/")[2] or model_in_path(target.path),
            messages=first + read_each(items, _message),
            tools=offers_of(body.get("tools")),
            parameters=_parameters(body),
            stream=":stream" in target.path.lower(),
        )

    def open_response(self, request: Request) -> Draft:
        return PlainDraft() if request.operation == "cache_contents" else GeminiDraft()


def _opened(body: dict[str, Any]) -> dict[str, Any]:
    """A request without its envelope: Code Assist's, which Gemini's command line speaks, or that of a count."""
    for name in ("request", "generateContentRequest"):
        inner = obj_of(body.get(name))
        if "contents" in inner:
            return inner | {"model": inner.get("model", body.get("model"))}
    return body


def _message(item: Any) -> Message:
    if not isinstance(item, dict | str):
        return Message(role="user", parts=(OtherPart(label="content", json=json_text(item)),))
    parts = parts_of(item)
    role: Role = "assistant" if field_of(item, "role") == "model" else "user"
    if role == "user" and parts and all(part.type == "tool_result" for part in parts):
        role = "tool"
    return Message(role=role, parts=tuple(parts))


def _parameters(body: dict[str, Any]) -> dict[str, Any]:
    """The settings, those of `generationConfig` beside the others."""
    found: dict[str, Any] = {}
    for key, value in body.items():
        if key in {"generationConfig", "generation_config"}:
            found |= clean_value(obj_of(value))
        elif key not in _NOT_PARAMETERS:
            found[key] = clean_value(value)
    return found


class _Candidate:
    """Neighbouring pieces of text, and of thought, are one part."""

    def __init__(self) -> None:
        self.finish_reason = ""
        self._parts: list[tuple[TextBuffer, bool] | Part] = []  # a text with whether it is a thought
        self._grounds: dict[str, Any] = {}  # a stream tells them anew, each time whole

    def take(self, item: Any, draft: Draft) -> None:
        for part in part_of(item):
            if isinstance(part, TextPart | ThinkingPart):
                self._grow(_raw_text(item), isinstance(part, ThinkingPart), draft)
            elif len(self._parts) < MAX_PARTS:
                self._parts.append(part)
                draft.output_pieces += 1
            else:
                draft.note(f"more than {MAX_PARTS:,} parts in one answer; the rest are not shown")

    def ground(self, fields: dict[str, Any]) -> None:
        """What the candidate says of where it has its knowledge from."""
        self._grounds |= {name: fields[name] for name in _GROUNDS if fields.get(name)}

    def _grow(self, text: str, thought: bool, draft: Draft) -> None:
        last = self._parts[-1] if self._parts else None
        if not (isinstance(last, tuple) and last[1] is thought):
            if not text or len(self._parts) >= MAX_PARTS:
                return
            last = (TextBuffer(), thought)
            self._parts.append(last)
        draft.grow(last[0], text, "thinking" if thought else "text")

    def parts(self) -> tuple[Part, ...]:
        return (*map(_finished, self._parts), *cited({name: value} for name, value in self._grounds.items()))


def _raw_text(item: Any) -> str:
    """A part's text as it came: half a surrogate pair may end it."""
    text = obj_of(item).get("text")
    return text if isinstance(text, str) else ""


def _finished(item: tuple[TextBuffer, bool] | Part) -> Part:
    if not isinstance(item, tuple):
        return item
    return ThinkingPart(text=item[0].text()) if item[1] else TextPart(text=item[0].text())


class GeminiDraft(Draft):
    """A streamed response is several bodies: each adds parts, and counts the usage anew."""

    streams_array = True

    def __init__(self) -> None:
        super().__init__()
        self._candidates: dict[int, _Candidate] = {}

    def read_body(self, value: Any) -> bool:
        if isinstance(value, list):
            read = [self.read_body(item) for item in list_of(value)]
            return all(read)
        body = obj_of(value)
        body = obj_of(body.get("response")) or body  # Code Assist's envelope
        self.response_id = text_of(body.get("responseId")) or self.response_id
        self.model = text_of(body.get("modelVersion")) or self.model
        self.usage = usage_of(body.get("usageMetadata")) or self.usage
        self.priced = _priced_of(obj_of(body.get("usageMetadata"))) or self.priced
        self.service_tier = text_of(obj_of(body.get("usageMetadata")).get("serviceTier")).lower() or self.service_tier
        for position, item in enumerate(list_of(body.get("candidates"))):
            index = count_of(obj_of(item).get("index"))
            self._take_candidate(position if index is None else index, obj_of(item))
        self._take_feedback(obj_of(body.get("promptFeedback")))
        return bool({"candidates", "usageMetadata", "promptFeedback"} & body.keys())

    def read_event(self, name: str, value: Any) -> bool:  # noqa: ARG002
        return self.read_body(value)

    def read_messages(self) -> Iterator[Message]:
        for _, candidate in sorted(self._candidates.items()):
            parts = candidate.parts()
            if parts or candidate.finish_reason:
                yield Message(role="assistant", parts=parts)

    def _take_feedback(self, feedback: dict[str, Any]) -> None:
        blocked, why = text_of(feedback.get("blockReason")), text_of(feedback.get("blockReasonMessage"))
        if blocked and not self._candidates:
            self.finish_reasons = (blocked,)
            self.keep(RefusalPart(text=why or blocked))

    def _take_candidate(self, index: int, fields: dict[str, Any]) -> None:
        if index not in self._candidates and len(self._candidates) >= MAX_CANDIDATES:
            self.note(f"more than {MAX_CANDIDATES} candidates; the rest are not shown")
            return
        candidate = self._candidates.setdefault(index, _Candidate())
        for item in list_of(obj_of(fields.get("content")).get("parts")):
            candidate.take(item, self)
        candidate.ground(fields)
        reason = text_of(fields.get("finishReason"))
        if reason:
            candidate.finish_reason = reason
            reasons = (found.finish_reason for _, found in sorted(self._candidates.items()))
            self.finish_reasons = tuple(found for found in reasons if found)


def _priced_of(counts: dict[str, Any]) -> Priced:
    """The tokens that were sound or image: they have prices of their own."""
    found: list[tuple[str, int]] = []
    for side, name in (("input", "promptTokensDetails"), ("output", "candidatesTokensDetails")):
        for item in list_of(counts.get(name)):
            kind, tokens = text_of(obj_of(item).get("modality")).lower(), count_of(obj_of(item).get("tokenCount"))
            if tokens and kind in {"audio", "image", "video"}:
                found.append((f"{side}_{kind}_tokens", tokens))
    return tuple(found)


def usage_of(value: Any) -> Usage | None:
    """A usageMetadata. Gemini counts thoughts beside the candidates, or among them where the total tells so; the input
    of its own tools beside the prompt; and leaves out what is 0, so that a missing count of candidates is what the
    total leaves."""
    counts = obj_of(value)
    prompt, total = count_of(counts.get("promptTokenCount")), count_of(counts.get("totalTokenCount"))
    thoughts = count_of(counts.get("thoughtsTokenCount"))
    said = count_of(counts.get("candidatesTokenCount"))
    inputs = None if prompt is None else prompt + (count_of(counts.get("toolUsePromptTokenCount")) or 0)
    among = said is not None and inputs is not None and total == inputs + said  # as models of early 2025 counted
    outputs = None if said is None else said if among else said + (thoughts or 0)
    if outputs is None and inputs is not None and total is not None and total >= inputs:
        outputs = total - inputs
    found = Usage(
        input_tokens=inputs,
        output_tokens=outputs,
        cache_read_input_tokens=count_of(counts.get("cachedContentTokenCount")),
        reasoning_output_tokens=thoughts,
    )
    return None if found == Usage() else found
