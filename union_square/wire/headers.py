"""A recorded head as text: start line, headers in order, look-ups, and what a target and a content type say.

Must not: raise because of what was sent, or change the order, case or number of the headers.
"""

from dataclasses import dataclass, field
from urllib.parse import unquote


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request's or response's head, decoded as latin-1, which maps every byte to a character and back."""

    start_line: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """The first value of that header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every value of that header in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request line asks for. `path` is the provider's own, decoded; `raw` is it with its query, as sent."""

    method: str = ""
    raw: str = ""
    path: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentType:
    media_type: str = ""  # lower case; "" = none given
    parameters: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def is_json(self) -> bool:
        return self.media_type in {"application/json", "text/json"} or self.media_type.endswith("+json")

    @property
    def is_json_lines(self) -> bool:
        return self.media_type in {
            "application/x-ndjson",
            "application/ndjson",
            "application/jsonl",
            "application/x-jsonl",
            "application/x-jsonlines",
            "application/json-lines",
            "application/stream+json",  # Cohere, version 1
        }

    @property
    def is_aws_events(self) -> bool:
        return self.media_type == "application/vnd.amazon.eventstream"

    @property
    def is_text(self) -> bool:
        textual = {"application/xml", "application/javascript", "application/x-www-form-urlencoded"}
        return self.media_type.startswith("text/") or self.media_type in textual or self.media_type.endswith("+xml")


def parse_head(head: bytes) -> Head:
    """The head that those bytes are; lines that are no header are left out, folded lines joined."""
    text = head.decode("latin-1")
    lines = text.split("\r\n") if "\r\n" in text else text.split("\n")
    headers: list[tuple[str, str]] = []
    for line in lines[1:]:
        if line[:1] in {" ", "\t"} and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon and name:
            headers.append((name, value.strip(" \t")))
    return Head(start_line=lines[0], headers=tuple(headers))


def parse_target(start_line: str, upstream: str) -> Target:
    """What a request line asks of the provider: the target without the `/{upstream}` it was sent under."""
    method, _, rest = start_line.partition(" ")
    target = rest.rsplit(" ", 1)[0] if " " in rest else rest
    if "://" in target.split("?", 1)[0]:  # absolute form: http://host/openai/v1/…
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    raw = _without_upstream(target, upstream)
    path, _, query = raw.partition("?")
    return Target(method=method, raw=raw, path=unquote(path), query=query)


def _without_upstream(target: str, upstream: str) -> str:
    path, mark, query = target.partition("?")
    first, slash, rest = path.lstrip("/").partition("/")
    if not upstream or unquote(first) != upstream:
        return target
    return (slash + rest if slash else "/") + mark + query


def parse_content_type(value: str) -> ContentType:
    """The media type and parameters of a Content-Type header; of an unreadable one, what could be read."""
    media_type, *rest = value.split(";")
    parameters: dict[str, str] = {}
    for item in rest:
        name, equals, setting = item.partition("=")
        if equals:
            parameters[name.strip().lower()] = setting.strip().strip('"')
    return ContentType(media_type=media_type.strip().lower(), parameters=parameters)
