"""Signing again for AWS what a client signed for the proxy: a signature covers host and path, so it does not pass one.

Only for an upstream whose setting asks for it (`resign = "aws"`), and only requests that carry a signature (Version
4); all others pass as they came. Such a request is held until it is whole, its client's signature is taken off, and
one with this machine's own AWS credentials is put on: those that botocore finds (environment, profile, SSO, role, …).

Must not: be reached for any other upstream, check the client's signature, or let a secret into a message.
"""

import importlib
import re
import threading
from typing import Any
from urllib.parse import urlsplit

MAX_SIGNED_BODY = 32 << 20
"""The largest body held to be signed; Bedrock takes 25 MB."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""What a client is told that waits to be asked for its body: AWS cannot ask for it before it gets the signature."""

_SIGNED = re.compile(
    rb"\r\nauthorization:[ \t]*AWS4-HMAC-SHA256[ \t].*?credential=[^/,\r\n]+/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/"
    rb"aws4_request",
    re.IGNORECASE,
)
_REGION_OF_HOST = re.compile(r"\.([a-z]{2}(?:-[a-z]+)+-\d+)\.(?:amazonaws\.com|api\.aws)")
_TAKEN_OFF = frozenset({b"authorization", b"x-amz-date", b"x-amz-security-token", b"x-amz-content-sha256", b"expect"})


class SigningError(Exception):
    """The request could not be signed. `code` and `status` are what the client is told, as is the message."""

    code = "signing"

    def __init__(self, message: str, status: int = 502) -> None:
        super().__init__(message)
        self.status = status


def is_signed(head: bytes) -> bool:
    """Whether a request's head carries a signature, Version 4."""
    return _SIGNED.search(head) is not None


class Gathered:
    """A request that is held until it is whole: its head as it would be sent, its body with and without framing."""

    __slots__ = ("head", "payload", "raw")

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.raw = bytearray()
        self.payload = bytearray()

    def add(self, raw: bytes, payload: bytes) -> None:
        """Take more of the body. Raises SigningError (413) beyond MAX_SIGNED_BODY."""
        self.raw += raw
        self.payload += payload
        if len(self.raw) > MAX_SIGNED_BODY:
            raise SigningError(f"a body of more than {MAX_SIGNED_BODY >> 20} MB is not held to be signed", 413)


class Signer:
    """Signs for one upstream. Any thread; the credentials are looked up when first needed, and kept fresh."""

    def __init__(self, name: str, base_url: str) -> None:
        """Raises ImportError where botocore is not installed."""
        importlib.import_module("botocore.session")  # missing, that shows at the start, not at the first request
        self._name = name
        parts = urlsplit(base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        region = _REGION_OF_HOST.search(parts.hostname or "")
        self._region = region.group(1) if region else ""
        self._session: Any = None
        self._lock = threading.Lock()

    def sign(self, request: Gathered) -> bytes:
        """The bytes to send in its place. Blocks: finding credentials may ask AWS. Raises SigningError."""
        from botocore.auth import SigV4Auth  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
        from botocore.awsrequest import AWSRequest  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

        scope = _SIGNED.search(request.head)
        assert scope is not None, "only what is_signed is gathered"
        region, service = (text.decode() for text in scope.groups())
        first, *lines = request.head[:-4].split(b"\r\n")
        kept = [line for line in lines if _name_of(line) not in _TAKEN_OFF]
        method, target, _ = first.decode("latin-1").split(" ")
        path = target if target.startswith("/") else target[target.index("/", 8) :]
        signed: Any = AWSRequest(method=method, url=self._origin + path, data=bytes(request.payload))
        for line in kept:
            if _name_of(line) in {b"host", b"content-type"} or _name_of(line).startswith(b"x-amz-"):
                name, _, value = line.decode("latin-1").partition(":")
                signed.headers.add_header(name, value.strip())
        signer: Any = SigV4Auth(self._credentials(), service, self._region or region)
        signer.add_auth(signed)
        ours = [
            f"{name}: {signed.headers[name]}".encode("latin-1")
            for name in ("X-Amz-Date", "X-Amz-Security-Token", "Authorization")
            if name in signed.headers
        ]
        return b"\r\n".join([first, *kept, *ours]) + b"\r\n\r\n" + request.raw

    def _credentials(self) -> Any:
        import botocore.session  # pyright: ignore[reportMissingTypeStubs]

        try:
            with self._lock:
                self._session = self._session or botocore.session.Session()
                found: Any = self._session.get_credentials()
                if found is not None:
                    return found.get_frozen_credentials()
        except Exception as error:  # a chain of providers, each with errors of its own; the client waits for an answer
            raise SigningError(
                f"upstream {self._name}: this machine's AWS credentials cannot be had: {error}"
            ) from error
        raise SigningError(
            f"upstream {self._name} is set to sign requests again (resign), and the proxy finds no AWS credentials: "
            "give its process AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role"
        )


def _name_of(line: bytes) -> bytes:
    return line.partition(b":")[0].strip().lower()
