"""OpenAI's Realtime API, and those who speak it (Azure, xAI): a conversation of items.

https://platform.openai.com/docs/api-reference/realtime-client-events and …/realtime-server-events, in the names of the
beta and of the general release.
"""

from typing import Any

from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    Part,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from union_square.wire.cost import Priced
from union_square.wire.dialects.draft import TailKind
from union_square.wire.dialects.openai_parts import offers_of, part_of
from union_square.wire.dialects.openai_usage import priced_of, usage_of
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, json_text, list_of, obj_of, text_of
from union_square.wire.talk import Talk, Turn, added
from union_square.wire.websocket import Direction

_GROWS: dict[str, TailKind] = {
    "response.output_text.delta": "text",
    "response.text.delta": "text",
    "response.output_audio_transcript.delta": "text",
    "response.audio_transcript.delta": "text",
    "response.function_call_arguments.delta": "tool_call",
    "conversation.item.input_audio_transcription.delta": "text",
}
_SOUNDS = {"response.output_audio.delta", "response.audio.delta"}
_ITEMS = {"conversation.item.added", "conversation.item.created", "conversation.item.done",
          "response.output_item.added", "response.output_item.done"}  # fmt: skip
_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "assistant": "assistant", "tool": "tool"}
_FAMILIES = ("session.", "conversation.", "response.", "input_audio_buffer.", "output_audio_buffer.", "rate_limits.",
             "transcription_session.", "mcp_list_tools.", "ping", "pong", "error")  # fmt: skip
_SOUND = MediaPart(modality="audio", mime_type="audio/pcm")


class RealtimeTalk(Talk):
    name = "openai-realtime"

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._unnamed: list[Turn] = []  # items of the client that the provider has not given their ids yet
        self._heard_now = Turn("user")  # what was said into the buffer since it was taken as a turn
        self._heard: set[str] = set()  # turns whose transcription has come whole

    def take_json(self, direction: Direction, value: Any) -> bool:
        event = obj_of(value)
        kind = text_of(event.get("type"))
        if not kind.startswith(_FAMILIES):
            return False
        if direction == "sent":
            self._take_sent(kind, event)
        else:
            self._take_received(kind, event)
        return True

    def _take_sent(self, kind: str, event: dict[str, Any]) -> None:
        if kind in {"session.update", "transcription_session.update"}:
            self._take_session(obj_of(event.get("session")))
        elif kind == "input_audio_buffer.append":
            self.keep_sound(self._heard_now, event.get("audio"))
        elif kind == "input_audio_buffer.clear":
            self._heard_now = Turn("user")
        elif kind == "conversation.item.create":
            item = obj_of(event.get("item"))
            turn = self.turn(text_of(item.get("id")), _role(item))
            turn.settle(_parts(item))
            if not item.get("id"):
                self._unnamed.append(turn)

    def _take_received(self, kind: str, event: dict[str, Any]) -> None:
        item_id = text_of(event.get("item_id"))
        if kind in {"session.created", "session.updated"}:
            session = obj_of(event.get("session"))
            self.model = text_of(session.get("model")) or self.model
            if kind == "session.updated":
                self._take_session(session)
        elif kind in _ITEMS:
            self._take_item(obj_of(event.get("item")), done=kind.endswith(".done"))
        elif kind in _GROWS:
            role: Role = "user" if kind.startswith("conversation.") else "assistant"
            self.grow_turn(self.turn(item_id or f"unnamed {role}", role), event.get("delta"), _GROWS[kind])
        elif kind in _SOUNDS:
            turn = self.turn(item_id or "unnamed assistant", "assistant")
            turn.sound = self._form("output")
            self.keep_sound(turn, event.get("delta"))
            self.output_pieces += 1
        elif kind == "input_audio_buffer.committed":
            turn = self.turn(item_id, "user")
            turn.sound, turn.samples, self._heard_now = self._form("input"), self._heard_now.samples, Turn("user")
        elif kind == "conversation.item.input_audio_transcription.completed":
            turn = self.turn(item_id, "user")
            turn.sound = turn.sound or _SOUND
            turn.settle([TextPart(text=text_of(event.get("transcript")))])
            self._heard.add(item_id)
        elif kind == "response.created":
            self.response_id = text_of(obj_of(event.get("response")).get("id")) or self.response_id
        elif kind == "response.done":
            self._take_response(obj_of(event.get("response")))
        elif kind == "error":
            self.take_failure(event)
            self.turn("", "assistant").settle([OtherPart(label="error", json=json_text(event.get("error")))])

    def _take_session(self, session: dict[str, Any]) -> None:
        self.asked_model = text_of(session.get("model")) or self.asked_model
        instructions = text_of(session.get("instructions"))
        if instructions:
            self.system = (Message(role="system", parts=(TextPart(text=instructions),)),)
        if isinstance(session.get("tools"), list):
            self.tools = offers_of(session["tools"])
        left_out = {"instructions", "tools", "model", "id", "object", "expires_at"}
        self.parameters |= {key: clean_value(item) for key, item in session.items() if key not in left_out}

    def _form(self, side: str) -> MediaPart:
        """How the session has that side's sound: samples of 16 bits unless it says otherwise."""
        form = obj_of(obj_of(obj_of(self.parameters.get("audio")).get(side)).get("format"))
        name = text_of(form.get("type")) or text_of(self.parameters.get(f"{side}_audio_format"))
        rate = count_of(form.get("rate"))
        mime_type = name if "/" in name else f"audio/{name or 'pcm'}"
        return MediaPart(modality="audio", mime_type=f"{mime_type};rate={rate}" if rate else mime_type)

    def _take_item(self, item: dict[str, Any], *, done: bool) -> None:
        """The provider tells of an item: its own, or the client's with its id."""
        item_id, role = text_of(item.get("id")), _role(item)
        if not self.known(item_id):
            mine = next((turn for turn in self._unnamed if turn.role == role), None)
            if mine is not None and role != "assistant":
                self._unnamed.remove(mine)
                self.name_turn(item_id, mine)
        turn = self.turn(item_id, role)
        turn.call = (text_of(item.get("call_id")), text_of(item.get("name")))
        if any("audio" in text_of(obj_of(part).get("type")) for part in list_of(item.get("content"))):
            turn.sound = turn.sound or _SOUND
        parts = _parts(item)
        if done and parts and item_id not in self._heard:
            if not turn.texts and role == "assistant" and not turn.parts:
                self.output_pieces += 1
            turn.settle(parts)

    def _take_response(self, response: dict[str, Any]) -> None:
        status = text_of(response.get("status"))
        if status:
            self.finish_reasons = (*self.finish_reasons, status)[-64:]
        self.usage = added(self.usage, usage_of(response.get("usage")))
        self.priced = summed(self.priced, priced_of(response.get("usage")))
        if status == "completed":  # most errors are about one event of the client, and the conversation goes on
            self.error_type = self.error_message = ""
        error = obj_of(obj_of(response.get("status_details")).get("error"))
        if status == "failed":
            self.error_type = text_of(error.get("code")) or text_of(error.get("type")) or "response_failed"
            self.error_message = text_of(error.get("message"))


def summed(first: Priced, second: Priced) -> Priced:
    """Token counts by kind, added up."""
    sums = dict(first)
    for kind, tokens in second:
        sums[kind] = sums.get(kind, 0) + tokens
    return tuple(sums.items())


def _role(item: dict[str, Any]) -> Role:
    kind = text_of(item.get("type"))
    if kind.endswith("_output"):
        return "tool"
    return _ROLES.get(text_of(item.get("role")), "user" if kind == "message" else "assistant")


def _parts(item: dict[str, Any]) -> list[Part]:
    """An item's parts but for its sound."""
    kind, call_id = text_of(item.get("type")), text_of(item.get("call_id"))
    if kind == "function_call":
        return [ToolCallPart(id=call_id, name=text_of(item.get("name")), arguments=text_of(item.get("arguments")))]
    if kind == "function_call_output":
        return [ToolResultPart(id=call_id, text=json_text(item.get("output")))]
    found: list[Part] = []
    for part in list_of(item.get("content")):
        fields = obj_of(part)
        if "audio" in text_of(fields.get("type")):
            transcript = text_of(fields.get("transcript"))
            found += [TextPart(text=transcript)] if transcript else []
        else:
            found.append(part_of(part))
    return found
