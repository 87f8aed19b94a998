"""Sends recorded calls again: through the proxy, like any client, so that what comes is recorded as everything is.

A key is handed to `start`, goes into one header of one request, and is kept nowhere.
"""

import asyncio
import json
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

import httpx

from union_square.domain.ids import CallId
from union_square.replaying.keys import WELL_KNOWN, KeyNames, key_header
from union_square.replaying.resend import Outgoing

MOST_KEPT = 200
_CALL_ID = "x-union-square-call-id"
_SESSION = 128  # characters of a session's id


@dataclass(slots=True, kw_only=True)
class Resend:
    """One re-send. `call_id`: of the new call, once the proxy has said it (with the head of the answer)."""

    id: str
    origin: CallId
    upstream: str
    model: str
    dialect: str
    dropped: tuple[str, ...]
    state: Literal["running", "ended", "failed", "cancelled"] = "running"
    call_id: CallId | None = None
    problem: str = ""  # why there is no answer: the proxy could not be reached, …


def session_of_resends(origin: CallId) -> str:
    """The session that holds every re-send of a call."""
    return f"resent~{origin}"


@dataclass(slots=True)
class Resends:
    """Those that run, and the last ones that ran. For one event loop. `proxy_url`: where the proxy is now."""

    proxy_url: Callable[[], str]
    key_names: KeyNames = WELL_KNOWN
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _known: OrderedDict[str, Resend] = field(default_factory=OrderedDict[str, Resend])
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, "asyncio.Task[None]"])

    def start(self, outgoing: Outgoing, key: str = "", *, session: str = "") -> Resend:
        """Send it, with that key or the environment's. `session`: the new call's; "" = that of the call's re-sends."""
        resend = Resend(
            id=secrets.token_hex(8),
            origin=outgoing.origin.call_id,
            upstream=outgoing.upstream,
            model=outgoing.model,
            dialect=outgoing.dialect,
            dropped=outgoing.dropped,
        )
        self._known[resend.id] = resend
        while len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        key = key.strip() or self.key_names.key(self.environ, outgoing.upstream)
        if not (key.isascii() and key.isprintable()):
            resend.state, resend.problem = (
                "failed",
                "the key holds a character that no header may hold; nothing was sent",
            )
            return resend
        task = asyncio.create_task(self._send(resend, outgoing, key, session))
        self._tasks[resend.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(resend.id, None))
        return resend

    def get(self, resend_id: str) -> Resend | None:
        return self._known.get(resend_id)

    def cancel(self, resend_id: str) -> Resend | None:
        """Break it off: the proxy sees a client that left. None = not known."""
        task, found = self._tasks.get(resend_id), self._known.get(resend_id)
        if task is not None and found is not None and found.state == "running":
            found.state = "cancelled"
            task.cancel()
        return found

    async def wait(self, resend: Resend) -> None:
        """Until it has ended."""
        task = self._tasks.get(resend.id)
        if task is not None:
            await asyncio.wait([task])

    async def close(self) -> None:
        """Break off all that run."""
        tasks = list(self._tasks.values())
        for resend_id in list(self._tasks):
            self.cancel(resend_id)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, resend: Resend, outgoing: Outgoing, key: str, session: str) -> None:
        base = self.proxy_url()
        try:
            async with (
                httpx.AsyncClient(
                    trust_env=False, timeout=httpx.Timeout(10, read=None), verify=_verified(base)
                ) as client,
                client.stream(
                    outgoing.method,
                    base + outgoing.path,
                    content=outgoing.body,
                    headers=_headers(outgoing, key, session),
                ) as answer,
            ):
                resend.call_id = CallId(answer.headers[_CALL_ID]) if _CALL_ID in answer.headers else None
                async for _ in answer.aiter_raw():
                    continue
            resend.state = "ended"
            if resend.call_id is None:
                resend.state, resend.problem = "failed", f"the proxy answered with status {answer.status_code}"
        except httpx.ConnectError:
            resend.state, resend.problem = "failed", f"the proxy at {base} cannot be reached; is it running?"
        except httpx.HTTPError as error:
            # After the head the recording tells what happened; before it nothing else does.
            resend.state = "ended" if resend.call_id else "failed"
            resend.problem = "" if resend.call_id else f"no answer came: {type(error).__name__}"


def _headers(outgoing: Outgoing, key: str, session: str) -> list[tuple[str, str]]:
    origin = outgoing.origin
    metadata = json.dumps({"resent_from": origin.call_id, "resent_session": origin.session_id})
    headers = [*outgoing.headers, ("accept-encoding", "identity")]
    headers.append(("x-union-square-session-id", (session or session_of_resends(origin.call_id))[:_SESSION]))
    headers.append(("x-union-square-metadata", metadata))
    return [*headers, key_header(outgoing, key)] if key else headers


def _verified(url: str) -> bool:
    """Our own proxy's certificate need not name the address of this machine by which it is reached."""
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"
