"""A session sent again, call by call: each with what was recorded before it, or with the answers given now.

With the answers given now, a later request's history holds the new answer wherever it held the recorded one. Results of
tools stay the recorded ones; where the model now asks for other tools, there are none to go on with.

Must not: do I/O.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from union_square.domain.messages import Message, Part, ToolCallPart, ToolResultPart
from union_square.domain.threads import canonical_items
from union_square.replaying.resend import Outgoing, ResendError
from union_square.wire.jsontext import obj_of, parse_json
from union_square.wire.writing.registry import WRITERS

_MESSAGES = {"openai-chat": "messages", "openai-responses": "input", "anthropic-messages": "messages",
             "gemini-generate": "contents"}  # fmt: skip
"""Where a body holds what was said."""


class NewAnswers:
    """The recorded answers of a session and what was answered now in their place."""

    def __init__(self) -> None:
        self._answers = dict[tuple[str, ...], Message]()
        self._ids = dict[str, str]()  # of tool calls: recorded to new

    def add(self, recorded: Sequence[Message], now: Sequence[Message]) -> None:
        """The answer that was recorded, and the one of now. Raises ResendError where they ask for different tools."""
        if not recorded or not now:
            return
        before, after = _calls(recorded[0]), _calls(now[0])
        if [call.name for call in before] != [call.name for call in after]:
            asked = ", ".join(call.name for call in after) or "no tool"
            wanted = ", ".join(call.name for call in before) or "none"
            raise ResendError(
                f"the model asks for {asked} now, where it asked for {wanted}: there are no results to go on with. "
                "Send the session again with --answers recorded"
            )
        self._answers[canonical_items(recorded[0])] = now[0]
        self._ids |= {old.id: new.id for old, new in zip(before, after, strict=True) if old.id}

    def put_into(self, outgoing: Outgoing) -> Outgoing:
        """The request with the new answers in its history. Raises ResendError for a dialect that cannot be written."""
        request = outgoing.origin.request
        messages = tuple(self._renewed(message) for message in request.messages)
        if messages == request.messages:
            return outgoing
        name = _MESSAGES.get(outgoing.dialect)
        if name is None:
            raise ResendError(f"{outgoing.dialect} cannot be written; send the session again with --answers recorded")
        written = WRITERS[outgoing.dialect](replace(request, messages=messages)).body
        body: dict[str, Any] = obj_of(parse_json(outgoing.body).value)
        if outgoing.dialect == "openai-responses" and "instructions" not in body and "instructions" in written:
            body["instructions"] = written["instructions"]  # it stood in the input
        body[name] = written[name]
        return replace(outgoing, body=json.dumps(body, ensure_ascii=False).encode())

    def _renewed(self, message: Message) -> Message:
        if message.role == "assistant":
            return self._answers.get(canonical_items(message), message)
        return replace(message, parts=tuple(self._with_new_id(part) for part in message.parts))

    def _with_new_id(self, part: Part) -> Part:
        return replace(part, id=self._ids.get(part.id, part.id)) if isinstance(part, ToolResultPart) else part


def _calls(message: Message) -> list[ToolCallPart]:
    return [part for part in message.parts if isinstance(part, ToolCallPart)]
