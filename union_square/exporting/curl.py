"""Calls as commands for a terminal. Pure. Keys are shell variables: the recording does not hold them."""

import shlex

from union_square.domain.views import HeadView
from union_square.exporting.exported import Exported, ExportedCall
from union_square.wire.content import ContentDecoder

_LEFT_OUT_OF_CURL = frozenset(
    {"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "expect", "te", "upgrade"}
)
_CREDENTIALS = {
    "authorization": "Bearer $API_KEY",
    "x-api-key": "$API_KEY",
    "api-key": "$API_KEY",
    "x-goog-api-key": "$API_KEY",
    "proxy-authorization": "",
    "cookie": "",
}


def curl_command(head: HeadView, base_url: str, body: str | None, call_id: str) -> str:
    """A command line that sends the request again below `base_url`. `body`: None = it is to be downloaded first."""
    words = head.start_line.split(" ")
    method, target = (words[0], words[1]) if len(words) > 1 else ("GET", "/")
    lines = [f"curl {shlex.quote(base_url + target)}"]
    if method not in {"GET", "POST"} or (method == "POST" and body == ""):
        lines.append(f"-X {shlex.quote(method)}")
    for name, value in head.headers:
        lower = name.lower()
        if lower in _LEFT_OUT_OF_CURL:
            continue
        if lower in _CREDENTIALS:
            if _CREDENTIALS[lower]:
                lines.append(f'-H "{name}: {_CREDENTIALS[lower]}"')  # double quotes: the shell fills in the key
            continue
        lines.append(f"-H {shlex.quote(f'{name}: {value}')}")
    if body is None:
        lines.append(f"--data-binary @{call_id}.request  # download the request body first")
    elif body:
        lines.append(f"--data-binary {shlex.quote(body)}")
    return " \\\n  ".join(lines)


def write_curl(exported: Exported) -> str:
    """A shell script: a command for each call. Bodies stand in it decoded, whatever their length."""
    parts = [f"#!/bin/sh\n# {len(exported.calls)} recorded calls; set API_KEY first."]
    parts += [_command(call, exported) for call in exported.calls]
    return "\n\n".join(parts) + "\n"


def _command(call: ExportedCall, exported: Exported) -> str:
    upstream = call.detail.call.upstream
    head = call.detail.request
    decoder = ContentDecoder(_header(head, "content-encoding"))
    data = decoder.feed(bytes(call.recorded.call.request.data)) + decoder.end()
    try:
        body = data.decode("utf-8")
    except UnicodeDecodeError:
        body = None
    base = exported.base_urls.get(upstream, "")
    words = head.start_line.split(" ")
    if base and len(words) > 1:  # the provider's own address, without the proxy
        words[1] = words[1].removeprefix(f"/{upstream}") or "/"
    plain = HeadView(start_line=" ".join(words), headers=_plain(head))
    return curl_command(plain, base, None if body is None or "\0" in body else body, call.id)


def _header(head: HeadView, name: str) -> str:
    return ",".join(value for key, value in head.headers if key.lower() == name)


def _plain(head: HeadView) -> tuple[tuple[str, str], ...]:
    """The headers of a body that stands decoded, without those meant for the proxy."""
    return tuple(
        (name, value)
        for name, value in head.headers
        if name.lower() != "content-encoding" and not name.lower().startswith("x-union-square-")
    )
