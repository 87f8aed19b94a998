"""A request as OpenAI's responses. https://platform.openai.com/docs/api-reference/responses"""

from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import MediaPart, Part, Request, ToolCallPart, ToolResultPart
from union_square.wire.writing.written import (
    Plain,
    Written,
    data_url,
    function_tools,
    read_plain,
    system_text,
    text_of_parts,
    turns_of,
)

PATH = "/v1/responses"


def write_responses(request: Request) -> Written:
    plain = read_plain(request)
    body: dict[str, Any] = {"model": request.model, "input": list(_items(request, plain))}
    system = system_text(request.messages)
    if system:
        body["instructions"] = system
    tools = [
        {"type": "function", "name": tool.name, "description": tool.description, "parameters": schema, "strict": False}
        for tool, schema in function_tools(request.tools, plain)
    ]
    if tools:
        body["tools"] = tools
        if plain.choice:
            body["tool_choice"] = {"type": "function", "name": plain.only} if plain.only else plain.choice
    body |= plain.take("max_tokens", "temperature", "top_p")
    if "max_tokens" in body:
        body["max_output_tokens"] = body.pop("max_tokens")
    if request.stream:
        body["stream"] = True
    return Written(path=PATH, body=body, dropped=tuple(plain.dropped))


def _items(request: Request, plain: Plain) -> Iterator[dict[str, Any]]:
    for turn in turns_of(request.messages, plain):
        if turn.role == "user":
            yield {"role": "user", "content": list(_content(turn.parts, plain))}
            continue
        for part in turn.parts:
            if isinstance(part, ToolCallPart):
                arguments = part.arguments or "{}"
                yield {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": arguments}
            elif isinstance(part, ToolResultPart):
                yield {"type": "function_call_output", "call_id": part.id, "output": part.text}
            elif text := text_of_parts([part]):
                yield {"role": "assistant", "content": [{"type": "output_text", "text": text}]}


def _content(parts: tuple[Part, ...], plain: Plain) -> Iterator[dict[str, Any]]:
    for part in parts:
        if not isinstance(part, MediaPart):
            if text := text_of_parts([part]):
                yield {"type": "input_text", "text": text}
        elif part.modality == "image" and (part.url or part.data):
            yield {"type": "input_image", "image_url": data_url(part)}
        elif part.modality == "file" and part.data:
            yield {"type": "input_file", "filename": part.name or "file", "file_data": data_url(part)}
        elif part.modality == "file" and part.url:
            yield {"type": "input_file", "file_url": part.url}
        else:
            plain.drop(part.modality)
