"""Requests as somebody sends them who wants two servers to read them in two ways: raw bytes, by what is odd of them.

Behind each stands `SMUGGLED` where it pays: if a length is misread by anybody, that becomes a request of its own.
"""

END = b"\r\n\r\n"
SMUGGLED = b"GET /t/smuggled HTTP/1.1\r\nHost: pp\r\n\r\n"
MAX_HEAD = 4096
"""The proxy's limit on heads that these tables were written for."""


def head(*lines: bytes, first: bytes = b"POST /t/v1 HTTP/1.1") -> bytes:
    return b"\r\n".join([first, b"Host: p", *lines]) + END


def to(target: bytes) -> bytes:
    return head(b"Content-Length: 0", first=b"POST " + target + b" HTTP/1.1")


def hosted(host: bytes) -> bytes:
    return b"POST /t/v1 HTTP/1.1\r\n" + host + b"\r\nContent-Length: 0" + END


def encoded(line: bytes) -> bytes:
    """A request whose body ends at once for who reads chunks, and does not begin for who does not."""
    return head(line) + b"0\r\n\r\n"


def chunked(body: bytes) -> bytes:
    return head(b"Transfer-Encoding: chunked") + body


REFUSED = {
    # where the body ends
    "a length and an encoding": head(b"Content-Length: 4", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "an encoding and a length": head(b"Transfer-Encoding: chunked", b"Content-Length: 4") + b"0\r\n\r\n",
    "an encoding, hidden by a space": encoded(b"Transfer-Encoding : chunked"),
    "an encoding, hidden by a tab": encoded(b"Transfer-Encoding\t: chunked"),
    "an encoding, hidden by a control character": encoded(b"Transfer-Encoding: \x0cchunked"),
    "an encoding behind a vertical tab": encoded(b"Transfer-Encoding:\x0bchunked"),
    "an encoding behind a tab": encoded(b"Transfer-Encoding:\tchunked"),
    "an encoding before a tab": encoded(b"Transfer-Encoding: chunked\t"),
    "an encoding with a high byte": encoded(b"Transfer-Encoding: \xa0chunked"),
    "an encoding with a NUL": encoded(b"Transfer-Encoding: chunked\0"),
    "an encoding with a parameter": encoded(b"Transfer-Encoding: chunked;q=1"),
    "an encoding after a comma": encoded(b"Transfer-Encoding: ,chunked"),
    "an encoding before a comma": encoded(b"Transfer-Encoding: chunked,"),
    "an encoding in quotes": encoded(b'Transfer-Encoding: "chunked"'),
    "an encoding in two lines": encoded(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    "an encoding and another": encoded(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
    "another and an encoding": encoded(b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked"),
    "encodings in one line": encoded(b"Transfer-Encoding: chunked, chunked"),
    "an encoding and identity": encoded(b"Transfer-Encoding: chunked, identity"),
    "an encoding of an encoding": encoded(b"Transfer-Encoding: gzip, chunked"),
    "an unknown encoding": encoded(b"Transfer-Encoding: xchunked"),
    "identity": encoded(b"Transfer-Encoding: identity"),
    "an empty encoding": encoded(b"Transfer-Encoding:"),
    "an encoding, folded": encoded(b"Transfer-Encoding:\r\n chunked"),
    "an encoding in HTTP/1.0": head(b"Transfer-Encoding: chunked", first=b"POST /t/v1 HTTP/1.0") + b"0\r\n\r\n",
    "an encoding that Connection takes off": encoded(b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked"),
    "two lengths": head(b"Content-Length: 0", b"Content-Length: 38"),
    "two lengths that are equal": head(b"Content-Length: 38", b"Content-Length: 38"),
    "two lengths in one line": head(b"Content-Length: 0, 38"),
    "two lengths in one line that are equal": head(b"Content-Length: 38, 38"),
    "a length with a sign": head(b"Content-Length: +0"),
    "a length below nothing": head(b"Content-Length: -38"),
    "a length in hexadecimal": head(b"Content-Length: 0x26"),
    "a length with an exponent": head(b"Content-Length: 38e0"),
    "a length with a point": head(b"Content-Length: 38.0"),
    "a length with an underscore": head(b"Content-Length: 3_8"),
    "a length in quotes": head(b'Content-Length: "38"'),
    "a length with a space inside": head(b"Content-Length: 3 8"),
    "a length behind a tab": head(b"Content-Length:\t38"),
    "a length in other digits": head("Content-Length: ٣".encode()),
    "a length beyond all bounds": head(b"Content-Length: 18446744073709551654"),
    "an empty length": head(b"Content-Length:"),
    "a length, hidden by a space": head(b"Content-Length : 38"),
    "a length that Connection takes off": head(b"Connection: close, Content-Length", b"Content-Length: 38"),
    # where a line ends
    "a head with bare line feeds": b"POST /t/v1 HTTP/1.1\nHost: p\nContent-Length: 0\n\n",
    "a head with bare line feeds that does not end": b"POST /t/v1 HTTP/1.1\nHost: p\n",
    "a head that ends in a bare line feed": b"POST /t/v1 HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\n",
    "a head with bare carriage returns": b"POST /t/v1 HTTP/1.1\rHost: p\rContent-Length: 0\r\r\r\n\r\n",
    "a bare line feed between headers": head(b"A: 1\nContent-Length: 38"),
    "a bare carriage return between headers": head(b"A: 1\rContent-Length: 38"),
    "two carriage returns": head(b"A: 1\r\r\nContent-Length: 38"),
    "a NUL in a value": head(b"A: 1\0"),
    "a NUL in a name": head(b"Content-\0Length: 38"),
    "a folded header": head(b"A: 1", b"\tContent-Length: 38"),
    "a first header that is folded": b"POST /t/v1 HTTP/1.1\r\n Host: p" + END,
    "a line without a colon": head(b"Content-Length"),
    "a line without a name": head(b": 38"),
    "a space in a name": head(b"Content Length: 38"),
    "a name with a high byte": head(b"Content\xadLength: 38"),
    # who is meant
    "two hosts": head(b"Host: evil.test"),
    "two hosts, one in capitals": head(b"HOST: p"),
    "no host": b"POST /t/v1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "a host that Connection takes off": head(b"Connection: Host"),
    "a host, hidden by a space": hosted(b"Host : p"),
    "a host with a user": hosted(b"Host: p@evil.test"),
    "a host with a path": hosted(b"Host: p/x"),
    "a host with a space": hosted(b"Host: p evil.test"),
    "a host with a backslash": hosted(b"Host: p\\evil.test"),
    "a host that is an address": hosted(b"Host: http://evil.test"),
    "a host with a high byte": hosted(b"Host: p\xff"),
    "an absolute target": to(b"http://evil.test/t/v1"),
    "an absolute target of our own": to(b"http://p/t/v1"),
    "an absolute target of another scheme": to(b"file:///t/v1"),
    "an absolute target without slashes": to(b"http:/t/v1"),
    "a target that begins with two slashes": to(b"//evil.test/v1"),
    "a target that begins with a backslash": to(b"\\t\\v1"),
    "CONNECT": head(first=b"CONNECT evil.test:443 HTTP/1.1"),
    "CONNECT to an upstream": head(first=b"CONNECT t:443 HTTP/1.1"),
    "CONNECT to a path": head(first=b"CONNECT /t/v1 HTTP/1.1"),
    "an asterisk": head(first=b"OPTIONS * HTTP/1.1"),
    "a target with a user": to(b"/t@evil.test/v1"),
    "a target with a port": to(b"/t:80/v1"),
    "an upstream of dots": to(b"/../t/v1"),
    "an upstream of one dot": to(b"/./t/v1"),
    "an upstream of encoded dots": to(b"/%2e%2e/t/v1"),
    "an upstream of dots encoded twice": to(b"/%252e%252e/t/v1"),
    "an upstream with an encoded slash": to(b"/t%2fv1"),
    "an upstream with an encoded letter": to(b"/%74/v1"),
    "an upstream with a backslash": to(b"/t\\v1"),
    "an upstream with a parameter": to(b"/t;x/v1"),
    "a relative target": to(b"t/v1"),
    "a line feed in the target": to(b"/t/v1\nX:"),
    "a tab in the target": to(b"/t/v1\tx"),
    "a space in the target": to(b"/t/v1 x"),
    "a NUL in the target": to(b"/t/v1\0x"),
    "a fragment in the target": to(b"/t/v1#x"),
    # what is spoken
    "HTTP/0.9": b"GET /t/v1\r\n",
    "HTTP/0.9 with an empty line": b"GET /t/v1\r\n\r\n",
    "HTTP/1.2": head(first=b"POST /t/v1 HTTP/1.2"),
    "HTTP/2 in a line": head(first=b"POST /t/v1 HTTP/2.0"),
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a version with a zero": head(first=b"POST /t/v1 HTTP/01.1"),
    "a version with a space behind": head(first=b"POST /t/v1 HTTP/1.1 "),
    "a version in small letters": head(first=b"POST /t/v1 http/1.1"),
    "another protocol": head(first=b"POST /t/v1 ICAP/1.0"),
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n",
    "no method": head(first=b" /t/v1 HTTP/1.1"),
    "a method with a bracket": head(first=b"PO(ST /t/v1 HTTP/1.1"),
    "two spaces": head(first=b"POST  /t/v1 HTTP/1.1"),
    "tabs for spaces": head(first=b"POST\t/t/v1\tHTTP/1.1"),
    # how much
    "a head that is too large": head(*(b"X-%d: y" % i for i in range(MAX_HEAD))),
    "a header that does not end": b"POST /t/v1 HTTP/1.1\r\nHost: p\r\nX: " + b"y" * MAX_HEAD,
    "a target that does not end": b"POST /t/" + b"y" * MAX_HEAD,
    "an encoding behind a head that is too large": head(b"X: " + b"y" * MAX_HEAD, b"Transfer-Encoding: chunked"),
}  # fmt: skip
"""Answered with 4xx or 505 on a connection that is then closed; the upstream sees nothing of it."""

CLIMBING = [
    b"/..", b"/../x", b"/a/../../x", b"/%2e%2e/x", b"/%2E./x", b"/.%2e/x", b"/..%2fx", b"/a%2f..%2fx", b"/..\\x",
    b"/a\\..\\x", b"/..%5cx", b"/a%5C%2e%2e%5cx", b"/%252e%252e/x", b"/%25252e%25252e/x", b"/..%252fx", b"/..%255cx",
    b"/..;/x", b"/..;a=b/x", b"/%2e%2e%3b/x", b"/..?x",
]  # fmt: skip
"""Paths that lead out of an upstream's own path for some server or other."""

BROKEN = {
    "a chunk size with a sign": chunked(b"+1\r\nx\r\n0\r\n\r\n"),
    "a chunk size below nothing": chunked(b"-1\r\nx\r\n0\r\n\r\n"),
    "a chunk size with 0x": chunked(b"0x1\r\nx\r\n0\r\n\r\n"),
    "a chunk size with an underscore": chunked(b"1_0\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n"),
    "a chunk size behind a space": chunked(b" 1\r\nx\r\n0\r\n\r\n"),
    "a chunk size with another behind it": chunked(b"1 1\r\nx\r\n0\r\n\r\n"),
    "a chunk size with a NUL": chunked(b"1\0\r\nx\r\n0\r\n\r\n"),
    "a chunk size with letters behind": chunked(b"1g\r\nx\r\n0\r\n\r\n"),
    "an empty chunk size": chunked(b"\r\nx\r\n0\r\n\r\n"),
    "a chunk extension without a size": chunked(b";a\r\nx\r\n0\r\n\r\n"),
    "a chunk size beyond all bounds": chunked(b"f" * 20 + b"\r\nx"),
    "a chunk size that is 1 in 64 bits": chunked(b"10000000000000001\r\nx\r\n0\r\n\r\n"),
    "a chunk size that is 1 in 32 bits, far behind": chunked(b"1\r\nx\r\n" + b"0" * 32 + b"1\r\nx\r\n0\r\n\r\n"),
    "a chunk size that ends in a bare line feed": chunked(b"1\nx\r\n0\r\n\r\n"),
    "a chunk size that ends in a bare carriage return": chunked(b"1\rx\r\n0\r\n\r\n"),
    "a chunk extension with a bare line feed": chunked(b"1;a\nb\r\nx\r\n0\r\n\r\n"),
    "a chunk extension with a bare carriage return": chunked(b"1;a\rb\r\nx\r\n0\r\n\r\n"),
    "a chunk extension without end": chunked(b"1;" + b"a" * (20 << 10)),
    "a chunk that is longer than it said": chunked(b"1\r\nxyz\r\n0\r\n\r\n"),
    "a chunk that is shorter than it said": chunked(b"5\r\nx\r\n0\r\n\r\n"),
    "a chunk whose end is a bare line feed": chunked(b"1\r\nx\n0\r\n\r\n"),
    "a chunk whose end is missing": chunked(b"1\r\nx0\r\n\r\n"),
    "a last chunk that ends in a bare line feed": chunked(b"1\r\nx\r\n0\n\r\n"),
    "an end that is a bare line feed": chunked(b"1\r\nx\r\n0\r\n\n"),
    "a request in place of trailers": chunked(b"1\r\nx\r\n0\r\n"),
    "a trailer with a bare line feed": chunked(b"1\r\nx\r\n0\r\nA: 1\nB: 2\r\n\r\n"),
    "a trailer that is folded": chunked(b"1\r\nx\r\n0\r\nA: 1\r\n B: 2\r\n\r\n"),
    "a trailer with a space before its colon": chunked(b"1\r\nx\r\n0\r\nContent-Length : 1\r\n\r\n"),
    "trailers without end": chunked(b"1\r\nx\r\n0\r\n" + b"A: 1\r\n" * (20 << 10)),
}
"""Bodies that break their framing: the one request may have reached the upstream; what stands behind never does."""

_BODY = b"Content-Length: 38"
assert len(SMUGGLED) == 38

ONE = {
    "a length": head(_BODY) + SMUGGLED,
    "a length with spaces around": head(b"Content-Length:   38 ") + SMUGGLED,
    "a length with zeros before": head(b"Content-Length: 0000038") + SMUGGLED,
    "a GET with a body": head(_BODY, first=b"GET /t/v1 HTTP/1.1") + SMUGGLED,
    "a DELETE with a body in chunks": head(b"Transfer-Encoding: chunked", first=b"DELETE /t/v1 HTTP/1.1")
    + b"26\r\n" + SMUGGLED + b"\r\n0\r\n\r\n",
    "a method of nobody's": head(_BODY, first=b"FROBNICATE /t/v1 HTTP/1.1") + SMUGGLED,
    "empty lines before it": b"\r\n\r\n" + head(_BODY) + SMUGGLED,
    "HTTP/1.0": b"POST /t/v1 HTTP/1.0\r\nContent-Length: 38\r\n\r\n" + SMUGGLED,
    "chunks with a request inside": chunked(b"26\r\n" + SMUGGLED + b"\r\n0\r\n\r\n"),
    "an encoding with spaces around": head(b"Transfer-Encoding:  chunked ") + b"26\r\n" + SMUGGLED + b"\r\n0\r\n\r\n",
    "an encoding in capitals": head(b"TRANSFER-ENCODING: CHUNKED") + b"26\r\n" + SMUGGLED + b"\r\n0\r\n\r\n",
    "sizes with zeros before": chunked(b"0000026\r\n" + SMUGGLED + b"\r\n000\r\n\r\n"),
    "chunk extensions": chunked(b'26;a="b;c"\r\n' + SMUGGLED + b"\r\n0;x\r\n\r\n"),
    "trailers": chunked(b"26\r\n" + SMUGGLED + b"\r\n0\r\nContent-Length: 5\r\nX: GET /t/smuggled\r\n\r\n"),
    "trailers that would have no business there": chunked(
        b"26\r\n" + SMUGGLED + b"\r\n0\r\nTransfer-Encoding: chunked\r\nHost: evil.test\r\nConnection: close\r\n\r\n"),
    "a name with an underscore": head(_BODY, b"Transfer_Encoding: chunked") + SMUGGLED,
    "names that begin and end alike": head(
        _BODY, b"X-Content-Length: 0", b"Content-Length-X: 0", b"X-Transfer-Encoding: chunked") + SMUGGLED,
    "TE": head(_BODY, b"TE: chunked, trailers;q=0.5") + SMUGGLED,
    "Expect with the body at once": head(_BODY, b"Expect: 100-continue") + SMUGGLED,
    "Expect of something else": head(_BODY, b"Expect: 200-ok") + SMUGGLED,
    "an upgrade to h2c with a body": head(
        b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk", _BODY) + SMUGGLED,
    "an upgrade to h2c among others": head(
        b"Connection: Upgrade", b"Upgrade: websocket, h2c", b"HTTP2-Settings: AAMAAABk", _BODY) + SMUGGLED,
    "an upgrade to h2c that Connection does not name": head(b"Upgrade: H2C", _BODY) + SMUGGLED,
    "an upgrade to a WebSocket with a body": head(
        b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", _BODY,
    ) + SMUGGLED,
    "an upgrade to a WebSocket of no version": head(
        b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 1337", _BODY) + SMUGGLED,
    "dots behind the upstream": head(_BODY, first=b"POST /t/../../%2e%2e/x HTTP/1.1") + SMUGGLED,
    "encoded slashes behind the upstream": head(_BODY, first=b"POST /t/a%2fb%252fc%5cd HTTP/1.1") + SMUGGLED,
    "two slashes behind the upstream": head(_BODY, first=b"POST /t//evil.test/v1 HTTP/1.1") + SMUGGLED,
    "an address behind the upstream": head(_BODY, first=b"POST /t/http://evil.test/v1 HTTP/1.1") + SMUGGLED,
    "another host": b"POST /t/v1 HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 38\r\n\r\n" + SMUGGLED,
    "an empty host": b"POST /t/v1 HTTP/1.1\r\nHost:\r\nContent-Length: 38\r\n\r\n" + SMUGGLED,
    "X-Forwarded-Host and the like": head(
        b"X-Forwarded-Host: evil.test", b"Forwarded: host=evil.test", b"X-Original-URL: /t/other",
        b"X-Rewrite-URL: /t/other", b"X-HTTP-Method-Override: CONNECT", _BODY) + SMUGGLED,
    "an encoded line feed in the path": head(_BODY, first=b"POST /t/v1%0d%0aX-Evil:%201 HTTP/1.1") + SMUGGLED,
}  # fmt: skip
"""Forwarded as the one request that it is, whatever its body looks like."""

LOCAL = {
    "the control plane with a body": head(_BODY, first=b"POST /-/healthy HTTP/1.1") + SMUGGLED,
    "the control plane with chunks": head(b"Transfer-Encoding: chunked", first=b"POST /-/healthy HTTP/1.1")
    + b"26\r\n" + SMUGGLED + b"\r\n0\r\n\r\n",
    "the control plane with a way out": head(first=b"GET /-/../t/v1 HTTP/1.1"),
    "the control plane with an encoded way out": head(first=b"GET /-/%2e%2e/t/v1 HTTP/1.1"),
    "an upstream that is not there": head(_BODY, first=b"POST /nobody/v1 HTTP/1.1") + SMUGGLED,
    "an upstream that is not there, with chunks": head(
        b"Transfer-Encoding: chunked", first=b"POST /nobody/v1 HTTP/1.1") + b"26\r\n" + SMUGGLED + b"\r\n0\r\n\r\n",
    "no upstream at all": head(_BODY, first=b"POST / HTTP/1.1") + SMUGGLED,
}  # fmt: skip
"""Answered here, each once; the upstream sees nothing of it."""
