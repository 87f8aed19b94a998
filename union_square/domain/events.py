"""What the shell saw of a call, as plain values.

An observation becomes an event when the log gives it a position. Every value here is frozen and knows nothing of how
it is written (`domain.records` does) or where (`recording.log` does). Credentials are replaced before any of these is
made (`domain.redaction`).

The events of one call, in order:

    RequestHead  RequestChunk*  RequestEnd
                 ResponseHead* (1xx first, the final one last)  ResponseChunk*  ResponseEnd | Failure
    Gap anywhere, for what was not recorded.

The two sides interleave: an upstream may answer before the request has ended, and after a 101 both chunk kinds go on
as the bytes of the upgraded connection, until ResponseEnd or Failure.
"""

from dataclasses import dataclass
from typing import Literal

from union_square.domain.ids import CallId

FailureCode = Literal[
    "connect_failed",  # no connection to the upstream: refused, no such host, certificate not accepted
    "timeout",  # the upstream did not connect or answer in the time set
    "upstream_closed",  # the upstream broke off before its answer was complete
    "upstream_protocol",  # the upstream sent what is not HTTP
    "client_left",  # the client went away before its answer was complete
    "client_protocol",  # the client broke HTTP in the middle of its request
    "signing",  # what the client had signed could not be signed again for the upstream
    "proxy_stopped",  # the proxy was stopped, or died, with the call open
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHead:
    """The client's request line and headers."""

    kind: Literal["request_head"] = "request_head"
    call_id: CallId
    at: int  # microseconds since 1970-01-01T00:00:00Z, as every `at` here
    upstream: str  # the configured name
    fingerprint: str  # of the credential, keyed; "" = the request carried none
    recorded: bool  # False: the client asked not to be recorded; bodies are left out, sizes kept
    head: bytes  # as the client sent it, CRLF lines incl. the empty one, credentials replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChunk:
    """Payload bytes of the request, transfer framing taken off, content encoding kept."""

    kind: Literal["request_chunk"] = "request_chunk"
    call_id: CallId
    at: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEnd:
    """The request was read to its end. `total` counts every payload byte forwarded, recorded or not."""

    kind: Literal["request_end"] = "request_end"
    call_id: CallId
    at: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHead:
    """The upstream's status line and headers, as it sent them (cookies it sets are replaced)."""

    kind: Literal["response_head"] = "response_head"
    call_id: CallId
    at: int
    head: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseChunk:
    """Payload bytes of the response as they arrived together."""

    kind: Literal["response_chunk"] = "response_chunk"
    call_id: CallId
    at: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseEnd:
    """The response was forwarded to its end. `total` counts every payload byte, recorded or not."""

    kind: Literal["response_end"] = "response_end"
    call_id: CallId
    at: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The call ended without a complete response."""

    kind: Literal["failure"] = "failure"
    call_id: CallId
    at: int
    code: str  # a FailureCode; a later version may know more
    message: str  # for a person; never holds a credential
    status: int  # what the proxy itself answered (502, 504, …); 0 = it answered nothing
    request_total: int  # payload bytes forwarded until then
    response_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Observations of one call that did not fit and were not recorded."""

    kind: Literal["gap"] = "gap"
    call_id: CallId
    at: int
    observations: int
    bytes: int  # payload bytes in them
    reason: str  # "stream_full", "disk_full", …


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A record of a kind that this version does not know; kept so that nothing is lost."""

    kind: Literal["unknown"] = "unknown"
    call_id: CallId
    at: int
    number: int
    payload: bytes


Event = RequestHead | RequestChunk | RequestEnd | ResponseHead | ResponseChunk | ResponseEnd | Failure | Gap | Unknown
