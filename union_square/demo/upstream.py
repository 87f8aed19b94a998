"""The scripted upstream of the demo: speaks the providers' formats on loopback, at a model's pace.

It recognises a request by its path and body. One that is in no script gets an answer that says so, streamed like the
others, so that a newcomer's own curl works too.
"""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from union_square.announcing import announce
from union_square.demo.conversations import rounds
from union_square.demo.script import Answer, Ask, Conversation, Dialect, Step
from union_square.demo.speak import PATHS, Spoken, request_body, spoken

STRANGER = (
    "This is the demo's upstream. It knows its own conversations and nothing else, but your request came through the "
    "proxy and was recorded: look at it in the browser. Point the proxy at a real provider for a real answer."
)


class StreamCut(Exception):
    """The script says that the connection breaks here."""


def key_of(path: str, body: Any) -> str:
    return hashlib.sha256(f"{path}\n{json.dumps(body, sort_keys=True)}".encode()).hexdigest()


def scripted() -> dict[str, list[Spoken]]:
    """Every answer of the demo by the request it belongs to; several where the same request is sent again."""
    table: dict[str, list[Spoken]] = {}
    for conversations in rounds():
        for conversation in conversations:
            path = PATHS[conversation.dialect]
            for index in range(conversation.begins_at, len(conversation.steps)):
                key = key_of(path, request_body(conversation, index))
                table.setdefault(key, []).append(spoken(conversation, index))
    return table


def answer_to_stranger(dialect: Dialect, asked: dict[str, Any]) -> Spoken:
    """What a request that is in no script gets."""
    answer = Answer(text=STRANGER, streamed=asked.get("stream") is True, first_token_seconds=0.4)
    step = Step(said=Ask(text=""), answer=answer)
    model = str(asked.get("model") or "demo")
    return spoken(Conversation(name="stranger", dialect=dialect, model=model, system="", steps=(step,)), 0)


def create_upstream() -> Starlette:
    """The upstream as an ASGI application."""
    table = scripted()
    served: Counter[str] = Counter()
    dialects: dict[str, Dialect] = {path: dialect for dialect, path in PATHS.items()}

    async def answer(request: Request) -> Response:
        try:
            body: Any = json.loads(await request.body())
        except ValueError as error:
            message = f"the body is not JSON: {error}"
            return Response(json.dumps({"error": {"message": message}}), 400, media_type="application/json")
        key = key_of(request.url.path, body)
        if found := table.get(key):
            said = found[served[key] % len(found)]
            served[key] += 1
        else:
            asked = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
            said = answer_to_stranger(dialects[request.url.path], asked)
        return StreamingResponse(_play(said), said.status, said.headers)

    async def healthy(_request: Request) -> Response:
        return PlainTextResponse("ok")

    routes = [Route(path, answer, methods=["POST"]) for path in PATHS.values()]
    return Starlette(routes=[Route("/healthy", healthy), *routes])


async def _play(said: Spoken) -> AsyncIterator[bytes]:
    for piece in said.pieces:
        await asyncio.sleep(piece.after_seconds)
        if piece.breaks:
            raise StreamCut
        yield piece.data


def run(home: Path) -> None:
    """Serve on a free loopback port until asked to stop, and announce the port in the data folder."""

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            announce(home, "demo-upstream", host="127.0.0.1", port=self.servers[0].sockets[0].getsockname()[1])

    # Silent: the scripted break is an exception on purpose, and uvicorn would show its traceback.
    config = uvicorn.Config(create_upstream(), host="127.0.0.1", port=0, log_level=60, timeout_graceful_shutdown=1)
    Announcing(config).run()
