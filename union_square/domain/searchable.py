"""What a person may look for in messages. PURE."""

from collections.abc import Iterable

from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)


def message_texts(messages: Iterable[Message]) -> Iterable[str]:
    """The texts of messages, in their order: what full-text search looks through, and hits are shown from."""
    for message in messages:
        for part in message.parts:
            match part:
                case TextPart() | ThinkingPart() | RefusalPart():
                    yield part.text
                case ToolCallPart():
                    yield f"{part.name} {part.arguments}"
                case ToolResultPart():
                    yield part.text
                case MediaPart():
                    yield f"{part.name} {part.url}"
                case OtherPart():
                    yield part.json
