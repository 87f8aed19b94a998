"""A request as Gemini's generateContent. https://ai.google.dev/api/generate-content"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from union_square.domain.messages import MediaPart, Part, Request, ToolCallPart, ToolResultPart
from union_square.wire.jsontext import obj_of, parse_json
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

_CONFIG = {"max_tokens": "maxOutputTokens", "top_p": "topP", "top_k": "topK", "stop": "stopSequences",
           "frequency_penalty": "frequencyPenalty", "presence_penalty": "presencePenalty"}  # fmt: skip
_NOT_IN_SCHEMAS = {"$schema", "additionalProperties", "$id", "strict"}


def path_of(model: str, *, stream: bool) -> str:
    """The model and whether it streams stand in the path."""
    return f"/v1beta/models/{quote(model, safe='')}:" + (
        "streamGenerateContent?alt=sse" if stream else "generateContent"
    )


def write_gemini(request: Request) -> Written:
    plain = read_plain(request)
    said = alternating(request.messages, plain, model="model", content="parts", write=_part)
    body: dict[str, Any] = {"contents": said}
    system = system_text(request.messages)
    if system:
        body["systemInstruction"] = {"parts": [{"text": system}]}
    tools = [
        {"name": tool.name, "description": tool.description, "parameters": _schema(schema)}
        for tool, schema in function_tools(request.tools, plain)
    ]
    if tools:
        body["tools"] = [{"functionDeclarations": tools}]
        if plain.choice:
            body["toolConfig"] = {"functionCallingConfig": _calling(plain)}
    config = plain.take("max_tokens", "temperature", "top_p", "top_k", "stop", "seed", *_CONFIG)
    if config:
        body["generationConfig"] = {_CONFIG.get(name, name): value for name, value in config.items()}
    return Written(path=path_of(request.model, stream=request.stream), body=body, dropped=tuple(plain.dropped))


def _calling(plain: Plain) -> dict[str, Any]:
    if plain.only:
        return {"mode": "ANY", "allowedFunctionNames": [plain.only]}
    return {"mode": {"required": "ANY", "none": "NONE"}.get(plain.choice, "AUTO")}


def _part(part: Part, plain: Plain) -> Iterator[dict[str, Any]]:
    if isinstance(part, ToolCallPart):
        yield {"functionCall": {"id": part.id, "name": part.name, "args": arguments_of(part)}}
    elif isinstance(part, ToolResultPart):
        value = obj_of(parse_json(part.text).value) if part.text[:1] == "{" else {}
        response = value or {"error" if part.is_error else "output": part.text}
        yield {"functionResponse": {"id": part.id, "name": part.name, "response": response}}
    elif isinstance(part, MediaPart):
        if part.data:
            yield {"inlineData": {"mimeType": part.mime_type, "data": part.data}}
        elif part.url:
            yield {"fileData": {"mimeType": part.mime_type, "fileUri": part.url}}
        else:
            plain.drop(part.modality)
    elif text := text_of_parts([part]):
        yield {"text": text}


def _schema(value: Any) -> Any:
    """A tool's schema without the words that this provider refuses."""
    match value:
        case dict():
            return {key: _schema(item) for key, item in value.items() if key not in _NOT_IN_SCHEMAS}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case list():
            return [_schema(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value
