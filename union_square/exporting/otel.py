"""A session as OpenTelemetry spans: one trace, a span a call, in OTLP's JSON encoding (opentelemetry-proto, "JSON
Protobuf Encoding"), as a collector's file receiver or its HTTP endpoint takes them.

Ids of traces and spans are derived from ours, so exporting twice gives the same spans. Pure.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, assert_never
from urllib.parse import urlsplit

from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from union_square.domain.views import CallView
from union_square.exporting import genai_names as names
from union_square.exporting.exported import Exported, ExportedCall
from union_square.wire.jsontext import list_of

Json = dict[str, Any]
_CLIENT, _ERROR, _OK = 3, 2, 1  # SpanKind and StatusCode of the protocol


def write_otel(exported: Exported) -> str:
    """The spans as one JSON object (an ExportTraceServiceRequest)."""
    known = {str(call.id) for call in exported.calls}
    spans = [_span(call, exported, known) for call in exported.calls]
    resource = {"attributes": list(_attributes({"service.name": "union-square"}))}
    scope = {"name": "union_square"}
    whole = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}]}
    return json.dumps(whole, ensure_ascii=False)


def _span(each: ExportedCall, exported: Exported, known: set[str]) -> Json:
    call = each.detail.call
    began = each.recorded.call.started_at * 1000
    failed = call.state in {"failed", "cut_off"}
    span: Json = {
        "traceId": _digest(call.session_id or call.id, 16),
        "spanId": _digest(call.id, 8),
        "name": " ".join(filter(None, (call.operation or call.method, call.model))),
        "kind": _CLIENT,
        "startTimeUnixNano": str(began),
        "endTimeUnixNano": str(began + round((call.duration_ms or 0) * 1e6)),
        "attributes": list(_attributes(_call_attributes(each, exported))),
        "status": {"code": _ERROR, "message": call.error_message} if failed else {"code": _OK},
    }
    if call.parent_id and call.parent_id in known:
        span["links"] = [{"traceId": span["traceId"], "spanId": _digest(call.parent_id, 8)}]
    return span


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


def _call_attributes(each: ExportedCall, exported: Exported) -> Json:
    call, detail = each.detail.call, each.detail
    usage = call.usage
    first = call.time_to_first_chunk_ms
    found: Json = {
        names.PROVIDER: names.PROVIDERS.get(call.upstream, call.upstream),
        names.OPERATION: call.operation,
        names.CONVERSATION: call.session_id,
        names.REQUEST_MODEL: call.model,
        names.RESPONSE_MODEL: call.response_model,
        names.REQUEST_STREAM: call.streamed or None,
        names.FINISH_REASONS: list(call.finish_reasons),
        names.TIME_TO_FIRST_CHUNK: None if first is None else first / 1000,
        names.SERVER_ADDRESS: urlsplit(exported.base_urls.get(call.upstream, "")).hostname,
        names.STATUS_CODE: call.status_code,
        names.ERROR_TYPE: call.error_type,
        names.COST: call.cost_usd,
        names.TAGS: list(call.tags),
        names.LINK_RULE: call.link_rule,
        names.SYSTEM_INSTRUCTIONS: _texts(part for m in each.asked if m.role == "system" for part in m.parts),
        names.INPUT_MESSAGES: _texts_of_messages(m for m in each.asked if m.role != "system"),
        names.OUTPUT_MESSAGES: _texts_of_messages(each.answered, call),
        names.TOOL_DEFINITIONS: _tools(each),
    }
    if usage is not None:
        found |= {
            names.INPUT_TOKENS: usage.input_tokens,
            names.OUTPUT_TOKENS: usage.output_tokens,
            names.CACHE_READ_TOKENS: usage.cache_read_input_tokens,
            names.CACHE_CREATION_TOKENS: usage.cache_creation_input_tokens,
            names.REASONING_TOKENS: usage.reasoning_output_tokens,
        }
    for name, value in detail.parameters.items():
        if name in names.PARAMETERS:
            found[names.PARAMETERS[name]] = value
    return found


def _attributes(values: Json) -> Iterator[Json]:
    """What is known, as the protocol's key-value pairs."""
    for key, value in values.items():
        if value is None or value in ("", []):
            continue
        yield {"key": key, "value": _any_value(value)}


def _any_value(value: Any) -> Json:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_any_value(item) for item in list_of(value)]}}
        case str():
            return {"stringValue": value}
        case _:
            return {"stringValue": json.dumps(value, ensure_ascii=False)}


def _tools(each: ExportedCall) -> str:
    tools = [
        {"type": "function", "name": tool.name, "description": tool.description, "parameters": _json_of(tool.schema)}
        for tool in each.detail.tools
    ]
    return json.dumps(tools, ensure_ascii=False) if tools else ""


def _texts(parts: Iterable[Part]) -> str:
    found = [_part(part) for part in parts]
    return json.dumps(found, ensure_ascii=False) if found else ""


def _texts_of_messages(messages: Iterable[Message], call: CallView | None = None) -> str:
    found = list[Json]()
    for number, message in enumerate(messages):
        one: Json = {"role": message.role, "parts": [_part(part) for part in message.parts]}
        if call is not None and number < len(call.finish_reasons):
            one["finish_reason"] = call.finish_reasons[number]
        found.append(one)
    return json.dumps(found, ensure_ascii=False) if found else ""


def _part(part: Part) -> Json:
    match part:
        case TextPart() | RefusalPart():
            return {"type": "text", "content": part.text}
        case ThinkingPart():
            return {"type": "reasoning", "content": part.text}
        case ToolCallPart():
            return {"type": "tool_call", "id": part.id, "name": part.name, "arguments": _json_of(part.arguments)}
        case ToolResultPart():
            return {"type": "tool_call_response", "id": part.id, "response": part.text}
        case MediaPart():
            if part.url:
                return {"type": "uri", "modality": part.modality, "mime_type": part.mime_type, "uri": part.url}
            return {"type": "blob", "modality": part.modality, "mime_type": part.mime_type, "content": part.data}
        case OtherPart():
            return {"type": part.label or "other", "content": _json_of(part.json)}
        case _:
            assert_never(part)


def _json_of(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return text
