"""Gemini's interactions, whole, streamed and polled: what Google offers beside `generateContent` since 2026.

https://ai.google.dev/api/interactions-api. Before they had steps, answers were `outputs` and streamed as contents.
"""

import re
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import Message, Part, Request, TextPart, ThinkingPart, Usage
from union_square.wire.cost import Priced
from union_square.wire.dialects.citations import MOST_CITATIONS, cited
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.interactions_steps import call_of, contents_of, input_messages, media_of, step_parts
from union_square.wire.dialects.openai_parts import offers_of
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, list_of, obj_of, text_of
from union_square.wire.textbuffer import TextBuffer

_PATH = re.compile(r"/v\d\w*/(projects/.+/)?interactions(/(?P<id>[^/:]+))?([/:]cancel)?/?\Z")
_NOT_PARAMETERS = {"model", "agent", "input", "system_instruction", "tools", "stream", "previous_interaction_id"}
_ENDED = {"completed", "incomplete", "failed", "cancelled", "requires_action", "budget_exceeded"}
_KINDS_OF_MEDIA = {"image", "audio", "video", "document"}
MAX_STEPS = 4096
"""Of one answer that are kept. Known answers hold a few dozen."""


class GeminiInteractions:
    name = "gemini-interactions"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:
        return "previous_interaction_id" in body

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        system = contents_of(body.get("system_instruction"))
        first = [Message(role="system", parts=tuple(system))] if system else []
        asked = _PATH.search(target.path)
        polled = asked["id"] if asked else None
        return Request(
            dialect=self.name,
            operation="generate_content",
            model=text_of(body.get("model")) or text_of(body.get("agent")),
            messages=(*first, *(input_messages(body["input"]) if body.get("input") else [])),
            tools=offers_of(body.get("tools")),
            parameters={key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS},
            stream=body.get("stream") is True or "stream=true" in target.query,
            previous_response_id=text_of(body.get("previous_interaction_id")) or polled or "",
        )

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return InteractionDraft()


class _Step:
    """A step, or a content, while it streams. Neighbouring pieces of text are one part."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields
        self._pieces: list[TextBuffer | Part] = []
        self._thought = TextBuffer()
        self._arguments = TextBuffer()
        self._citations: list[Any] = []

    def take(self, delta: dict[str, Any], draft: Draft) -> None:
        kind = text_of(delta.get("type"))
        match kind:
            case "text":
                if not self._pieces or not isinstance(self._pieces[-1], TextBuffer):
                    self._pieces.append(TextBuffer())
                text = self._pieces[-1]
                if isinstance(text, TextBuffer):
                    draft.grow(text, _raw(delta.get("text")), "text")
                self._cite(delta)
            case "text_annotation_delta" | "text_annotation":
                self._cite(delta)
            case "thought_summary":
                draft.grow(self._thought, _raw(obj_of(delta.get("content")).get("text")), "thinking")
            case "thought":  # before there were steps
                draft.grow(self._thought, _raw(delta.get("thought")), "thinking")
            case "arguments_delta":
                draft.grow(self._arguments, _raw(delta.get("arguments")), "tool_call")
            case _ if kind in _KINDS_OF_MEDIA:
                if len(self._pieces) < MAX_STEPS:
                    self._pieces.append(media_of(delta))
                draft.output_pieces += 1
            case _ if kind.endswith(("_call", "_result")):
                self._fields |= delta
                draft.output_pieces += kind.endswith("_call")
            case _:
                return  # a signature: about the output, not output

    def parts(self) -> list[Part]:
        kind = text_of(self._fields.get("type"))
        if self._arguments:
            return [call_of(self._fields, self._arguments.text())]
        if self._thought:
            return [ThinkingPart(text=self._thought.text())]
        begun = [] if kind == "text" and self._pieces else step_parts(self._fields)
        grown = (TextPart(text=piece.text()) if isinstance(piece, TextBuffer) else piece for piece in self._pieces)
        return [*begun, *grown, *cited(self._citations)]

    def _cite(self, delta: dict[str, Any]) -> None:
        self._citations += list_of(delta.get("annotations"))[: MOST_CITATIONS - len(self._citations)]


def _raw(value: Any) -> str:
    """A piece as it came: half a surrogate pair may end it."""
    return value if isinstance(value, str) else ""


class InteractionDraft(Draft):
    """Fed by whole bodies and by events."""

    def __init__(self) -> None:
        super().__init__()
        self._whole: list[Part] = []
        self._steps: dict[int, _Step] = {}

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        if body.get("object") != "interaction" and not {"steps", "outputs"} & body.keys():
            return False
        self._take(body)
        return True

    def read_event(self, name: str, value: Any) -> bool:
        event = obj_of(value)
        kind = text_of(event.get("event_type")) or name
        if isinstance(event.get("interaction"), dict):
            self._take(event["interaction"])
            self.said_all = kind in {"interaction.completed", "interaction.complete"}
            return True
        match kind:
            case "step.start" | "content.start":
                self._open(event, obj_of(event.get("step")) or obj_of(event.get("content")))
            case "step.delta" | "content.delta":
                delta = obj_of(event.get("delta"))
                step = self._steps.get(count_of(event.get("index")) or 0) or self._open(event, {"type": "model_output"})
                if step is not None:
                    step.take(delta, self)
            case "interaction.status_update":
                self._take_status(event)
            case _:
                return kind in {"step.stop", "content.stop", "error"} or kind.startswith("interaction.")
        return True

    def read_messages(self) -> Iterator[Message]:
        grown = [part for _, step in sorted(self._steps.items()) for part in step.parts()]
        if grown or self._whole or self.response_id:
            yield Message(role="assistant", parts=tuple(grown or self._whole))

    def _open(self, event: dict[str, Any], fields: dict[str, Any]) -> _Step | None:
        if len(self._steps) >= MAX_STEPS:
            self.note(f"more than {MAX_STEPS:,} steps; the rest are not shown")
            return None
        step = self._steps[count_of(event.get("index")) or 0] = _Step(dict(fields))
        self.output_pieces += text_of(fields.get("type")).endswith("_call")
        return step

    def _take(self, body: dict[str, Any]) -> None:
        self.response_id = text_of(body.get("id")) or self.response_id
        self.model = text_of(body.get("model")) or text_of(body.get("agent")) or self.model
        self.service_tier = text_of(body.get("service_tier")) or self.service_tier
        self.usage = usage_of(body.get("usage")) or self.usage
        self.priced = _priced_of(obj_of(body.get("usage"))) or self.priced
        self.take_failure(body)
        self._take_status(body)
        steps = list_of(body.get("steps")) or list_of(body.get("outputs"))
        if len(steps) > MAX_STEPS:
            self.note(f"more than {MAX_STEPS:,} steps; the rest are not shown")
        answered = [step for step in steps[:MAX_STEPS] if obj_of(step).get("type") != "user_input"]
        self._whole = [part for step in answered for part in step_parts(step)] or self._whole

    def _take_status(self, fields: dict[str, Any]) -> None:
        status = text_of(fields.get("status"))
        if status in _ENDED:
            self.finish_reasons = (status,)


def usage_of(value: Any) -> Usage | None:
    """A usage object. Thoughts are counted beside the output, the input of Google's own tools beside the input."""
    counts = obj_of(value)
    inputs, outputs = count_of(counts.get("total_input_tokens")), count_of(counts.get("total_output_tokens"))
    thoughts = count_of(counts.get("total_thought_tokens"))
    found = Usage(
        input_tokens=None if inputs is None else inputs + (count_of(counts.get("total_tool_use_tokens")) or 0),
        output_tokens=None if outputs is None else outputs + (thoughts or 0),
        cache_read_input_tokens=count_of(counts.get("total_cached_tokens")),
        reasoning_output_tokens=thoughts,
    )
    return None if found == Usage() else found


def _priced_of(counts: dict[str, Any]) -> Priced:
    """The tokens that were sound or image: they have prices of their own."""
    found: list[tuple[str, int]] = []
    for side in ("input", "output"):
        for item in list_of(counts.get(f"{side}_tokens_by_modality")):
            kind, tokens = text_of(obj_of(item).get("modality")).lower(), count_of(obj_of(item).get("tokens"))
            if tokens and kind in {"audio", "image", "video"}:
                found.append((f"{side}_{kind}_tokens", tokens))
    return tuple(found)
