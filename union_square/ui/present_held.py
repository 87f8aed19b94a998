"""What has come while a session's page is held still, in words. PURE."""

from collections.abc import Iterable
from dataclasses import dataclass

from union_square.domain.conversation import Turn
from union_square.domain.messages import RefusalPart, TextPart, ThinkingPart, ToolCallPart
from union_square.ui import wording


@dataclass(frozen=True, slots=True)
class Amount:
    """How much was said: calls, and characters that models wrote."""

    calls: int = 0
    characters: int = 0


def amount_of(turns: Iterable[Turn]) -> Amount:
    calls = characters = 0
    for turn in turns:
        calls += 1
        for message in turn.answer:
            for part in message.parts:
                match part:
                    case TextPart() | ThinkingPart() | RefusalPart():
                        characters += len(part.text)
                    case ToolCallPart():
                        characters += len(part.arguments)
                    case _:
                        pass
    return Amount(calls, characters)


def held_words(then: Amount, now: Amount) -> str:
    """What the page says while it is held."""
    calls, characters = max(0, now.calls - then.calls), max(0, now.characters - then.characters)
    came = [wording.plural(calls, "call")] if calls else []
    came += [f"{wording.grouped(characters)} characters"] if characters else []
    return f"Held still; recording goes on. Since then: {' and '.join(came) or 'nothing new'}."
