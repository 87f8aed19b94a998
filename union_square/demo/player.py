"""Plays the demo's conversations through the real proxy, as several clients at once.

Every request is an ordinary one; only the first path segment names the upstream, as in any application.
"""

import json
import os
import sys
from pathlib import Path

import anyio
import httpx

from union_square.announcing import announce
from union_square.demo.conversations import rounds
from union_square.demo.script import Conversation
from union_square.demo.speak import PATHS, request_body

PROXY_VARIABLE = "UNION_SQUARE_DEMO_PROXY"
PAUSE_BETWEEN_ROUNDS_SECONDS = 30
KEYS = {
    "openai-chat": {"authorization": "Bearer demo-key-of-the-web-shop"},
    "openai-responses": {"authorization": "Bearer demo-key-of-the-lab"},
    "anthropic": {"x-api-key": "demo-key-of-the-engineers", "anthropic-version": "2023-06-01"},
}


async def play(conversation: Conversation, client: httpx.AsyncClient) -> None:
    """Hold one conversation, step by step, reading each answer to its end (or to where it breaks)."""
    await anyio.sleep(conversation.starts_after_seconds)
    for index in range(conversation.begins_at, len(conversation.steps)):
        if index > conversation.begins_at:
            await anyio.sleep(conversation.steps[index].pause_seconds)
        await _send(conversation, index, client)


async def _send(conversation: Conversation, index: int, client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json", **KEYS[conversation.dialect], **conversation.headers}
    body = json.dumps(request_body(conversation, index)).encode()
    try:
        async with client.stream(
            "POST", f"/demo{PATHS[conversation.dialect]}", content=body, headers=headers
        ) as response:
            async for _ in response.aiter_raw():
                pass
    except httpx.RemoteProtocolError:
        return  # the stream that breaks: the client sees just this, and the record shows it
    except httpx.HTTPError as error:
        print(f"the demo could not reach the proxy: {error!r}", file=sys.stderr, flush=True)


async def play_all(proxy: str) -> None:
    """Every round once, then nothing more: a demo left running does not fill a disk."""
    async with httpx.AsyncClient(base_url=proxy, timeout=120, trust_env=False) as client:
        for conversations in rounds():
            async with anyio.create_task_group() as group:
                for conversation in conversations:
                    group.start_soon(play, conversation, client)
            await anyio.sleep(PAUSE_BETWEEN_ROUNDS_SECONDS)
    await anyio.sleep_forever()


def run(home: Path) -> None:
    """Play against the proxy that the environment names until asked to stop."""
    announce(home, "demo-player")
    anyio.run(play_all, os.environ[PROXY_VARIABLE])
