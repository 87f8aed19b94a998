"""A request as Anthropic's messages. https://docs.claude.com/en/api/messages"""

from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import MediaPart, Part, Request, ToolCallPart, ToolResultPart
from union_square.wire.writing.written import (
    Plain,
    Written,
    alternating,
    arguments_of,
    function_tools,
    read_plain,
    system_text,
    text_of_parts,
)

PATH = "/v1/messages"
MAX_TOKENS = 4096
"""Where the request names none: this dialect asks for one."""


def write_messages(request: Request) -> Written:
    plain = read_plain(request)
    said = alternating(request.messages, plain, model="assistant", content="content", write=_block)
    body: dict[str, Any] = {"model": request.model, "max_tokens": MAX_TOKENS, "messages": said}
    system = system_text(request.messages)
    if system:
        body["system"] = system
    tools = [
        {"name": tool.name, "description": tool.description, "input_schema": schema}
        for tool, schema in function_tools(request.tools, plain)
    ]
    if tools:
        body["tools"] = tools
        if plain.choice:
            kind = "tool" if plain.only else {"required": "any"}.get(plain.choice, plain.choice)
            body["tool_choice"] = {"type": kind} | ({"name": plain.only} if plain.only else {})
    body |= plain.take("max_tokens", "temperature", "top_p", "top_k", "stop")
    if "stop" in body:
        body["stop_sequences"] = body.pop("stop")
    if isinstance(body.get("temperature"), int | float) and body["temperature"] > 1:
        body["temperature"] = 1
        plain.drop("a temperature above 1 (sent as 1)")
    if request.stream:
        body["stream"] = True
    return Written(path=PATH, body=body, dropped=tuple(plain.dropped))


def _block(part: Part, plain: Plain) -> Iterator[dict[str, Any]]:
    if isinstance(part, ToolCallPart):
        yield {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments_of(part)}
    elif isinstance(part, ToolResultPart):
        block = {"type": "tool_result", "tool_use_id": part.id, "content": part.text}
        yield block | ({"is_error": True} if part.is_error else {})
    elif isinstance(part, MediaPart):
        kind = {"image": "image", "file": "document"}.get(part.modality)
        if kind is None or not (part.data or part.url):
            plain.drop(part.modality)
        elif part.data:
            yield {"type": kind, "source": {"type": "base64", "media_type": part.mime_type, "data": part.data}}
        else:
            yield {"type": kind, "source": {"type": "url", "url": part.url}}
    elif text := text_of_parts([part]):
        yield {"type": "text", "text": text}
