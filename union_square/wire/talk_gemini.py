"""Gemini's Live API, of the Gemini API and of Vertex AI: turns of content and sound.

https://ai.google.dev/api/live. Clients write names in camel case or in snake case.
"""

from typing import Any

from union_square.domain.messages import MediaPart, Message, TextPart, ThinkingPart, Usage
from union_square.wire.cost import Priced
from union_square.wire.dialects.gemini_generate import usage_of
from union_square.wire.dialects.gemini_parts import field_of, offers_of, part_of, parts_of
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, list_of, obj_of, text_of
from union_square.wire.talk import Talk, Turn, added
from union_square.wire.talk_realtime import summed
from union_square.wire.websocket import Direction

_SENT = ("setup", "clientContent", "realtimeInput", "toolResponse")
_RECEIVED = ("setupComplete", "serverContent", "toolCall", "toolCallCancellation", "usageMetadata", "goAway",
             "sessionResumptionUpdate", "voiceActivityDetectionSignal", "error")  # fmt: skip
_NOT_PARAMETERS = {"model", "systemInstruction", "system_instruction", "tools"}


class GeminiTalk(Talk):
    name = "gemini-live"

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._speaking: Turn | None = None  # the model, since its turn began
        self._hearing: Turn | None = None  # the user's voice, as it is transcribed
        self._past: Usage | None = None  # of the turns that are over
        self._counted: Usage | None = None  # of this turn
        self._past_priced: Priced = ()
        self._counted_priced: Priced = ()

    def take_json(self, direction: Direction, value: Any) -> bool:
        names = _SENT if direction == "sent" else _RECEIVED
        present = [name for name in names if field_of(value, name) is not None]
        for name in present:
            fields = obj_of(field_of(value, name))
            if direction == "sent":
                self._take_sent(name, fields)
            else:
                self._take_received(name, fields)
        content = field_of(value, "serverContent")
        if direction == "received" and field_of(content, "turnComplete"):
            self._end_turn()
        return bool(present)

    def _take_sent(self, name: str, fields: dict[str, Any]) -> None:
        if name == "setup":
            self.asked_model = text_of(fields.get("model")).rpartition("/")[2] or self.asked_model
            system = parts_of(field_of(fields, "systemInstruction") or [])
            self.system = (Message(role="system", parts=tuple(system)),) if system else ()
            self.tools = offers_of(fields.get("tools"))
            self.parameters |= {k: clean_value(v) for k, v in fields.items() if k not in _NOT_PARAMETERS}
        elif name == "clientContent":
            for content in list_of(fields.get("turns")):
                said = self.turn("", "assistant" if field_of(content, "role") == "model" else "user")
                said.settle(parts_of(content))
            self._hearing = None
        elif name == "toolResponse":
            results = list_of(field_of(fields, "functionResponses"))
            self.turn("", "tool").settle([part for item in results for part in part_of({"functionResponse": item})])
        else:
            self._take_realtime(fields)

    def _take_realtime(self, fields: dict[str, Any]) -> None:
        if isinstance(fields.get("text"), str):
            self.turn("", "user").settle([TextPart(text=text_of(fields["text"]))])
            return
        sounds = list_of(field_of(fields, "mediaChunks")) or [fields.get("audio"), fields.get("video")]
        for sound in sounds:
            kind = text_of(field_of(sound, "mimeType"))
            if obj_of(sound):
                heard = self._hear()
                modality = "audio" if kind.startswith("audio") or not kind else "video"
                heard.sound = heard.sound or MediaPart(modality=modality, mime_type=kind)
                if modality == "audio":
                    self.keep_sound(heard, field_of(sound, "data"))

    def _take_received(self, name: str, fields: dict[str, Any]) -> None:
        match name:
            case "serverContent":
                self._take_content(fields)
            case "toolCall":
                calls = list_of(field_of(fields, "functionCalls"))
                self._speak().parts += [part for item in calls for part in part_of({"functionCall": item})]
                self.output_pieces += len(calls)
                self._speaking = None  # what it says next is said after the tools' results
            case "usageMetadata":
                self._count(fields)
            case "error":
                self.take_failure({"error": fields})
            case "setupComplete":
                self.response_id = text_of(field_of(fields, "sessionId")) or self.response_id
            case _:
                return

    def _take_content(self, content: dict[str, Any]) -> None:
        heard = field_of(content, "inputTranscription")
        if text_of(obj_of(heard).get("text")):
            self.grow_turn(self._hear(), obj_of(heard)["text"], "text")
        said = field_of(content, "outputTranscription")
        if text_of(obj_of(said).get("text")):
            self.grow_turn(self._speak(), obj_of(said)["text"], "text")
        for item in list_of(field_of(field_of(content, "modelTurn"), "parts")):
            for part in part_of(item):
                speaking = self._speak()
                if isinstance(part, TextPart):
                    self.grow_turn(speaking, part.text, "text")
                elif isinstance(part, ThinkingPart):
                    self.grow_turn(speaking, part.text, "thinking")
                elif isinstance(part, MediaPart):
                    speaking.sound = MediaPart(modality=part.modality, mime_type=part.mime_type)
                    if part.modality == "audio":
                        self.keep_sound(speaking, part.data)
                    self.output_pieces += 1
                else:
                    speaking.parts.append(part)
        if field_of(content, "interrupted"):
            self.finish_reasons = (*self.finish_reasons, "interrupted")[-64:]

    def _end_turn(self) -> None:
        self.finish_reasons = (*self.finish_reasons, "turn_complete")[-64:]
        self._speaking = self._hearing = None
        self._past, self._counted = self.usage, None
        self._past_priced, self._counted_priced = self.priced, ()

    def _speak(self) -> Turn:
        self._speaking = self._speaking or self.turn("", "assistant")
        return self._speaking

    def _hear(self) -> Turn:
        if self._hearing is None or self._speaking is not None:
            self._hearing = self.turn("", "user")
            self._speaking = None
        return self._hearing

    def _count(self, fields: dict[str, Any]) -> None:
        """Counts of this turn, each time anew."""
        said = field_of(fields, "candidatesTokenCount") or field_of(fields, "responseTokenCount")
        self._counted = usage_of(fields | ({} if said is None else {"candidatesTokenCount": said}))
        self.usage = added(self._past, self._counted)
        self.priced = summed(self._past_priced, _sound_tokens(fields))


def _sound_tokens(fields: dict[str, Any]) -> Priced:
    found: Priced = ()
    for name, side in (
        ("promptTokensDetails", "input"),
        ("responseTokensDetails", "output"),
        ("candidatesTokensDetails", "output"),
    ):
        for item in list_of(fields.get(name)):
            modality, tokens = text_of(obj_of(item).get("modality")).lower(), count_of(obj_of(item).get("tokenCount"))
            if modality in {"audio", "image"} and tokens:
                found = summed(found, ((f"{side}_{modality}_tokens", tokens),))
    return found
