"""HTTP/1 request heads as bytes: what a head says of routing and framing, and the head that is passed on.

A head is passed on as it came: order, case, spacing and duplicates of its lines stay. Touched are only the request
target and Host (they name the upstream), hop-by-hop headers (RFC 9110 section 7.6.1) and our own. What two
servers might read in two ways is refused (RFC 9112 section 11.2). Responses are `wire.http1_response`.

Must not: do I/O, hold a socket, look into a body. Bodies' framing is `wire.http1_body`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

HEAD_END = b"\r\n\r\n"
OWN_PREFIX = b"x-union-square-"
CONTROL_SEGMENT = b"-"

CHUNKED = -1
"""In place of a length: the body is in chunks."""
UNTIL_CLOSE = -2
"""In place of a length: the body ends where the connection does."""

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NAME = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_."
_NOT_IN_TARGET = bytes(range(0x21)) + b"\x7f#"
_HOST_NAME = _NAME + b"~!$&'()*+,;=:[]%"  # RFC 3986 section 3.2.2, with a port
_ENCODED_AGAIN = re.compile(rb"%(?:25)+")
CACHED_HEAD = 4096  # lines of longer heads are not kept, so that the caches stay below some 10 MB
MAX_LENGTH_DIGITS = 18  # below 2**63, and far beyond any body

_HOST, _CONNECTION, _LENGTH, _ENCODING, _TE, _UPGRADE, _EXPECT, _DROP, _DO_NOT_RECORD, _SETTINGS = range(1, 11)
_SPECIAL = {
    b"host": _HOST,
    b"connection": _CONNECTION,
    b"content-length": _LENGTH,
    b"transfer-encoding": _ENCODING,
    b"te": _TE,
    b"upgrade": _UPGRADE,
    b"expect": _EXPECT,
    b"keep-alive": _DROP,
    b"proxy-connection": _DROP,
    b"proxy-authorization": _DROP,
    b"x-union-square-do-not-record": _DO_NOT_RECORD,
    b"http2-settings": _SETTINGS,
}
_NOT_TO_BE_NAMED = frozenset({b"host", b"content-length", b"transfer-encoding"})


class HeadError(ValueError):
    """A head that is not passed on. `status` is what a client is told for it; the message says what is wrong."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


# Made for every call, so not frozen: a frozen dataclass takes three times as long. The same goes for ResponseHead.
@dataclass(slots=True)
class RequestHead:
    """What a request's head says. `segment` is the target's first path segment as sent ("" for `/`), `rest` what
    follows it (begins with `/` or `?`, or is empty); `length` is the body's in bytes, or CHUNKED."""

    method: bytes
    segment: bytes
    rest: bytes
    version: bytes
    length: int
    keep_alive: bool
    upgrade: bool
    expects_continue: bool
    do_not_record: bool
    lines: list[bytes]  # to pass on; the first and `host` are filled in by `request_head_for`
    host: int
    authority: bytes  # the Host that the client named


def parse_request_head(head: bytes) -> RequestHead:
    """Read a request head (its bytes up to and with the empty line). Raises HeadError for what is not forwarded."""
    lines = head[:-4].split(b"\r\n")
    ends = len(lines) + 1
    if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
        raise HeadError("the head holds a bare CR or LF, or a NUL byte")
    first = lines[0]
    method, segment, rest, version = _request_line(first)
    found = _Fields(version)
    kept = [b""]
    kind_of = _known_kind if len(head) <= CACHED_HEAD else _kind_of
    del lines[0]
    for line, special in zip(lines, map(kind_of, lines), strict=True):
        if not special:
            kept.append(line)
        elif special != _DROP:
            name, _, value = line.partition(b":")
            found.take(special, name, value, line, kept)
    return found.finish(method, segment, rest, kept)


def check_begun_head(data: bytes) -> None:
    """Look at a head of which more is still to come. Raises HeadError where nothing could make it one."""
    if data.count(b"\n") != data.count(b"\r\n"):
        raise HeadError("the lines of the head do not end in CRLF")
    line, ended, _ = data.partition(b"\r\n")
    if ended:
        _request_line(line)


def _kind_of(line: bytes) -> int:
    """Which of the special headers a request's header line is; 0 = none, and it is passed on as it is."""
    name, colon, value = line.partition(b":")
    if not colon or not name or name.translate(None, TOKEN):
        raise HeadError("a header line is not `name: value`")  # not which: a credential could stand in it
    low = name.lower()
    special = _SPECIAL.get(low, 0)
    if special == _CONNECTION and value.strip(b" \t").lower() == b"keep-alive":
        return _DROP  # says nothing in HTTP/1.1, and most clients say it
    return _DROP if not special and low.startswith(OWN_PREFIX) else special


# Most lines of a head are those of the head before it; looking them up takes a third of the time of reading them.
_known_kind = lru_cache(maxsize=4096)(_kind_of)


def _request_line(line: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Method, upstream's segment, the provider's own path, version."""
    parts = line.split(b" ")
    if len(parts) != 3 or not parts[0] or parts[0].translate(None, TOKEN):
        raise HeadError("the request line is not `METHOD /target HTTP/1.1`")
    method, target, version = parts
    if version not in {b"HTTP/1.1", b"HTTP/1.0"}:
        known = version.startswith(b"HTTP/") and version[5:6].isdigit()
        raise HeadError("only HTTP/1.1 and HTTP/1.0 are spoken here", 505 if known else 400)
    if method == b"CONNECT" or target[:1] != b"/":
        raise HeadError("the request target must be a path: /{upstream}/{the provider's own path}")
    if len(target.translate(None, _NOT_IN_TARGET)) != len(target):
        raise HeadError("the request target holds a character that must be percent-encoded")
    return method, *_split_target(target), version


def _split_target(target: bytes) -> tuple[bytes, bytes]:
    end = len(target)
    for mark in (b"/", b"?"):
        at = target.find(mark, 1, end)
        end = at if at >= 0 else end
    segment = target[1:end]
    if segment.translate(None, _NAME) or segment in {b".", b".."} or target[1:2] == b"/":
        raise HeadError("the first part of the path must be the name of an upstream, spelled plainly")
    return segment, target[end:]


class _Fields:
    """The special headers of one request while its lines are read."""

    __slots__ = (
        "authority",
        "connection",
        "do_not_record",
        "encoding",
        "expects",
        "host",
        "length",
        "settings",
        "te",
        "upgrade",
        "version",
    )

    def __init__(self, version: bytes) -> None:
        self.version = version
        self.host = 0
        self.authority = b""
        self.length: int | None = None
        self.encoding = False
        self.connection: list[tuple[int, bytes, bytes]] = []
        self.te: list[int] = []
        self.upgrade: list[int] = []
        self.settings: list[int] = []
        self.expects = False
        self.do_not_record = False

    def take(self, special: int, name: bytes, value: bytes, line: bytes, kept: list[bytes]) -> None:
        if special == _HOST:
            if self.host:
                raise HeadError("there is more than one Host header")
            self.host = len(kept)
            self.authority = value.strip(b" \t")
            if self.authority.translate(None, _HOST_NAME):
                raise HeadError("the Host header is not the name of a host")
            kept.append(name)
        elif special == _LENGTH:
            if self.length is not None:
                raise HeadError("there is more than one Content-Length header")
            self.length = _length(value)
            kept.append(line)
        elif special == _ENCODING:
            if self.encoding or value.strip(b" ").lower() != b"chunked" or self.version != b"HTTP/1.1":
                raise HeadError("the only Transfer-Encoding taken is one `chunked`, in HTTP/1.1")
            self.encoding = True
            kept.append(line)
        elif special == _CONNECTION:
            self.connection.append((len(kept), name, value))
            kept.append(b"")
        elif special == _TE:
            self.te.append(len(kept))
            kept.append(line if value.strip(b" \t").lower() == b"trailers" else b"")
        elif special == _UPGRADE:
            self.upgrade.append(len(kept))
            kept.append(line)
        elif special == _SETTINGS:
            self.settings.append(len(kept))
            kept.append(line)
        elif special == _EXPECT:
            self.expects = value.strip(b" \t").lower() == b"100-continue"
            kept.append(line)
        elif special == _DO_NOT_RECORD:
            self.do_not_record = value.strip(b" \t").lower() not in {b"", b"0", b"false", b"no", b"off"}

    def finish(self, method: bytes, segment: bytes, rest: bytes, kept: list[bytes]) -> RequestHead:
        if self.encoding and self.length is not None:
            raise HeadError("a body cannot have both Content-Length and Transfer-Encoding")
        if not self.host and self.version == b"HTTP/1.1":
            raise HeadError("the Host header is missing")
        options = self._connection_options() if self.connection else _NO_OPTIONS
        upgrade = self._keep_upgrade(options, kept)
        if self.connection or self.te or self.upgrade or self.settings:
            kept = self._drop_hop_by_hop(options, kept, upgrade=upgrade)
        if not self.host:
            self.host = 1
            kept.insert(1, b"Host")
        return RequestHead(
            method=method,
            segment=segment,
            rest=rest,
            version=self.version,
            length=CHUNKED if self.encoding else self.length or 0,
            keep_alive=self.version == b"HTTP/1.1" and b"close" not in options,
            upgrade=upgrade,
            expects_continue=self.expects,
            do_not_record=self.do_not_record,
            lines=kept,
            host=self.host,
            authority=self.authority,
        )

    def _connection_options(self) -> frozenset[bytes]:
        options = frozenset(o.strip(b" \t").lower() for _, _, value in self.connection for o in value.split(b","))
        if options & _NOT_TO_BE_NAMED:
            raise HeadError("the Connection header names a header that says where the request goes or ends")
        return options

    def _keep_upgrade(self, options: frozenset[bytes], kept: list[bytes]) -> bool:
        """Whether the request asks for another protocol and may have it. HTTP/2 in clear text may not be had: a
        server may ignore any Upgrade, RFC 9113 gave this one up, and it would pass by the upstream's path prefix."""
        wanted = [kept[i].partition(b":")[2].strip(b" \t").lower() for i in self.upgrade]
        upgrade = b"upgrade" in options and bool(wanted) and not any(b"h2c" in w for w in wanted)
        if not upgrade:
            for i in (*self.upgrade, *self.settings):
                kept[i] = b""
        return upgrade

    def _drop_hop_by_hop(self, options: frozenset[bytes], kept: list[bytes], *, upgrade: bool) -> list[bytes]:
        stays = [b"Upgrade"] if upgrade else []
        if any(kept[i] for i in self.te):
            stays.append(b"TE")
        if stays:
            where, name, _ = self.connection[0] if self.connection else (len(kept), b"Connection", b"")
            kept[where : where + 1] = [name + b": " + b", ".join(stays)]
        named = options - {b"upgrade", b"te", b"close", b"keep-alive", b""}
        host = kept[self.host]
        kept = [kept[0], *(line for line in kept[1:] if line and line.partition(b":")[0].lower() not in named)]
        self.host = kept.index(host) if self.host else 0
        return kept


_NO_OPTIONS: frozenset[bytes] = frozenset()


def _length(value: bytes) -> int:
    digits = value.strip(b" ")  # a tab may stand there too, but not all servers agree that it is no part of the value
    if not digits.isdigit() or len(digits) > MAX_LENGTH_DIGITS:
        raise HeadError("Content-Length is not a plain number")
    return int(digits)


def request_head_for(head: RequestHead, *, authority: bytes, prefix: bytes, extra: bytes = b"") -> bytes:
    """The bytes to send upstream: `prefix` comes before the provider's own path, `authority` is the Host.

    `extra` is a header line to put in (a forward proxy's credential). Raises HeadError where the path would climb out
    of a prefix.
    """
    rest = head.rest
    if prefix and _climbs(rest):
        raise HeadError("the path holds `..`, and this upstream has a path of its own")
    path = prefix + rest if rest[:1] == b"/" else (prefix or b"/") + rest
    lines = head.lines
    lines[0] = head.method + b" " + path + b" " + head.version
    name = lines[head.host]
    lines[head.host] = name + b": " + authority
    out = b"\r\n".join(lines) + (b"\r\n" + extra if extra else b"") + HEAD_END
    lines[head.host] = name
    return out


def _climbs(rest: bytes) -> bool:
    """Whether a server could read a `..` in the path: encoded, also twice, behind a backslash, with parameters."""
    path = _ENCODED_AGAIN.sub(b"%", rest.partition(b"?")[0].lower())
    path = path.replace(b"%2e", b".").replace(b"%2f", b"/").replace(b"%5c", b"/").replace(b"%3b", b";")
    return any(part.partition(b";")[0] == b".." for part in path.replace(b"\\", b"/").split(b"/"))
