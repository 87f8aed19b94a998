"""The proxy's own answers: JSON that says it came from the proxy, so that a client can tell and go around it."""

import json
from http import HTTPStatus

ERROR_TYPE = "union_square_proxy_error"
ERROR_HEADER = b"x-union-square-error"


def failure_response(
    status: int, code: str, message: str, *, call_id: str = "", closing: bool, body: bool = True, **more: object
) -> bytes:
    """A whole response. `more` goes into the error object; `body=False` answers a HEAD request."""
    error = {"type": ERROR_TYPE, "code": code, "message": message, "proxy": "union-square", **more}
    if call_id:
        error["call_id"] = call_id
    # boto3 shows the `message` that stands outside, all others the one in `error`.
    content = json.dumps({"message": message, "error": error}, ensure_ascii=False).encode() + b"\n"
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode(),
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(content),
        ERROR_HEADER + b": " + code.encode(),
    ]
    if call_id:
        lines.append(b"x-union-square-call-id: " + call_id.encode())
    if closing:
        lines.append(b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n" + (content if body else b"")
