"""A request as OpenAI's chat completions. https://platform.openai.com/docs/api-reference/chat"""

from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import MediaPart, Part, Request, ToolCallPart, ToolResultPart
from union_square.wire.writing.written import (
    Plain,
    Turn,
    Written,
    data_url,
    function_tools,
    read_plain,
    system_text,
    text_of_parts,
    turns_of,
)

PATH = "/v1/chat/completions"


def write_chat(request: Request) -> Written:
    plain = read_plain(request)
    body: dict[str, Any] = {"model": request.model, "messages": list(_messages(request, plain))}
    tools = [
        {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": schema}}
        for tool, schema in function_tools(request.tools, plain)
    ]
    if tools:
        body["tools"] = tools
        if plain.choice:
            only = {"type": "function", "function": {"name": plain.only}}
            body["tool_choice"] = only if plain.only else plain.choice
    body |= plain.take("max_tokens", "temperature", "top_p", "stop", "seed", "frequency_penalty", "presence_penalty")
    if "max_tokens" in body:
        body["max_completion_tokens"] = body.pop("max_tokens")
    if request.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return Written(path=PATH, body=body, dropped=tuple(plain.dropped))


def _messages(request: Request, plain: Plain) -> Iterator[dict[str, Any]]:
    system = system_text(request.messages)
    if system:
        yield {"role": "system", "content": system}
    for turn in turns_of(request.messages, plain):
        match turn.role:
            case "tool":
                for part in turn.parts:
                    if isinstance(part, ToolResultPart):
                        yield {"role": "tool", "tool_call_id": part.id, "content": part.text}
            case "assistant":
                yield _assistant(turn)
            case _:
                yield {"role": "user", "content": _content(turn.parts, plain)}


def _assistant(turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text_of_parts(turn.parts) or None}
    calls = [
        {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.arguments or "{}"}}
        for part in turn.parts
        if isinstance(part, ToolCallPart)
    ]
    return message | ({"tool_calls": calls} if calls else {})


def _content(parts: tuple[Part, ...], plain: Plain) -> Any:
    if not any(isinstance(part, MediaPart) for part in parts):
        return text_of_parts(parts)
    found: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, MediaPart):
            found += _media(part, plain)
        elif text := text_of_parts([part]):
            found.append({"type": "text", "text": text})
    return found


def _media(part: MediaPart, plain: Plain) -> list[dict[str, Any]]:
    if part.modality == "image" and (part.url or part.data):
        return [{"type": "image_url", "image_url": {"url": data_url(part)}}]
    if part.modality == "audio" and part.data:
        form = "mp3" if "mp" in part.mime_type else "wav"
        return [{"type": "input_audio", "input_audio": {"data": part.data, "format": form}}]
    if part.modality == "file" and part.data:
        return [{"type": "file", "file": {"filename": part.name or "file", "file_data": data_url(part)}}]
    plain.drop(f"{part.modality} that is not in the request itself" if not part.data else part.modality)
    return []
