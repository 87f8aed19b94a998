"""Sessions as HAR 1.2 (w3c.github.io/web-performance/specs/HAR), which browsers, mitmproxy and many tools read.

What HAR has no place for (the call's id and upstream, when each piece came) stands in each entry's `_unionSquare`, so
that what was written here is read back with its timing. Bodies stand decoded, as HAR wants them. Pure.
"""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from union_square.domain.call import Body
from union_square.domain.views import HeadView
from union_square.exporting.exported import Exported, ExportedCall
from union_square.wire.content import ContentDecoder

Json = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_har(exported: Exported) -> str:
    """All calls as one HAR log; those whose client asked not to record it have no bodies."""
    entries = [_entry(call, exported) for call in exported.calls]
    log = {"version": "1.2", "creator": {"name": "Union Square", "version": "1"}, "entries": entries}
    return json.dumps({"log": log}, ensure_ascii=False, indent=1)


def _entry(each: ExportedCall, exported: Exported) -> Json:
    call, view = each.recorded.call, each.detail.call
    sent = (call.request.ended_at or call.started_at) - call.started_at
    first = call.time_to_first_chunk_us
    whole = call.duration_us or 0
    waited = max(0, (whole if first is None else first) - sent)
    began = _EPOCH + timedelta(microseconds=call.started_at)
    return {
        "startedDateTime": began.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "time": whole / 1000,
        "request": _request(each, exported.base_urls.get(view.upstream, "")),
        "response": _response(each),
        "cache": {},
        "timings": {"send": sent / 1000, "wait": waited / 1000, "receive": max(0, whole - sent - waited) / 1000},
        "comment": view.error_message,
        "_unionSquare": {
            "call_id": each.id,
            "session_id": view.session_id,
            "upstream": view.upstream,
            "fingerprint": call.fingerprint,
            "state": view.state,
            "chunks": [[chunk.offset_us, chunk.size] for chunk in call.response.chunks],
            "duration_us": whole,
        },
    }


def _request(each: ExportedCall, base_url: str) -> Json:
    head, body = each.detail.request, each.recorded.call.request
    words = [*head.start_line.split(" "), "", "", ""][:3]
    path = words[1].removeprefix(f"/{each.detail.call.upstream}") or "/"
    url = (base_url or f"http://{each.detail.call.upstream}") + path
    found: Json = {
        "method": words[0],
        "url": url,
        "httpVersion": words[2],
        "cookies": [],
        "headers": _headers(head),
        "queryString": [
            {"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
        ],
        "headersSize": len(each.recorded.call.request_head),
        "bodySize": body.total,
    }
    if body.data:
        found["postData"] = {"mimeType": _first(head, "content-type"), "params": []} | _text(head, body)
    return found


def _response(each: ExportedCall) -> Json:
    head, call = each.detail.response, each.recorded.call
    body = call.response
    status = call.status or 0
    content: Json = {"size": len(body.data), "mimeType": _first(head, "content-type")}
    if head is not None and body.data:
        content |= _text(head, body)
        content["size"] = _decoded_size(content)
    return {
        "status": status,
        "statusText": _reason(head, status),
        "httpVersion": head.start_line.split(" ")[0] if head else "",
        "cookies": [],
        "headers": _headers(head) if head else [],
        "content": content,
        "redirectURL": _first(head, "location"),
        "headersSize": len(call.response_head) or -1,
        "bodySize": body.total,
    }


def _headers(head: HeadView) -> list[Json]:
    return [{"name": name, "value": value} for name, value in head.headers]


def _first(head: HeadView | None, name: str) -> str:
    return next((value for key, value in head.headers if key.lower() == name), "") if head else ""


def _reason(head: HeadView | None, status: int) -> str:
    if head is not None:
        return head.start_line.partition(" ")[2].partition(" ")[2]
    return HTTPStatus(status).phrase if status in HTTPStatus else ""


def _text(head: HeadView, body: Body) -> Json:
    """The body's content as HAR keeps it; base64 where it is not text."""
    decoder = ContentDecoder(",".join(value for key, value in head.headers if key.lower() == "content-encoding"))
    data = decoder.feed(bytes(body.data)) + decoder.end()
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"text": b64encode(data).decode(), "encoding": "base64"}


def _decoded_size(content: Json) -> int:
    text: str = content["text"]
    return len(text) * 3 // 4 - text.count("=") if content.get("encoding") else len(text.encode())
