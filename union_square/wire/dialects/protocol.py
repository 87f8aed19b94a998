"""What a dialect is: one provider format, recognised by path or by shape, in one file.

To add one: write a class that fulfils `Dialect`, and a line in `registry.DIALECTS`.
"""

from typing import Any, Protocol

from union_square.domain.messages import Request
from union_square.wire.dialects.draft import Draft
from union_square.wire.headers import Target


class Dialect(Protocol):
    @property
    def name(self) -> str:
        """As it stands in a call's `dialect`: "openai-chat"."""
        ...

    def claims_path(self, path: str) -> bool:
        """Whether requests to that path are of this dialect. `path` is the provider's own, without its query."""
        ...

    def claims_body(self, body: dict[str, Any]) -> bool:
        """Whether a request body on a path nobody claims has this dialect's shape. Be strict: others are asked next."""
        ...

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        """What the request says. Never raises; what it does not know becomes an `OtherPart`."""
        ...

    def open_response(self, request: Request) -> Draft:
        """An empty draft for the answer to that request."""
        ...
