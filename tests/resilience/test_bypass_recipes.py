"""The recipes of docs/bypass.md, run as they stand there but for names and ports."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.parts import Parts
from tests.support.upstream import response, scripted

ROOT = Path(__file__).resolve().parents[2]
RECIPES = (ROOT / "docs" / "bypass.md").read_text()
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def recipe(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", RECIPES, re.DOTALL)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_clients_of_the_python_recipe_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    made: dict[str, object] = {}
    exec(compile(recipe("python"), "docs/bypass.md", "exec"), made)
    assert str(getattr(made["client"], "base_url")) == "http://127.0.0.1:8787/openai/v1/"  # noqa: B009


async def test_the_shell_recipe_looks_whether_the_proxy_is_there(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "home", "http://127.0.0.1:1")
    script = recipe("sh").replace("8787", str(parts.port)) + '\necho "${OPENAI_BASE_URL:-direct}"'

    async def says() -> str:
        run = await asyncio.create_subprocess_exec("sh", "-c", script, stdout=subprocess.PIPE)
        return (await run.communicate())[0].decode().strip()

    assert await says() == "direct"
    try:
        await parts.start("proxy")
        assert await says() == f"http://127.0.0.1:{parts.port}/openai/v1"
    finally:
        parts.close()


@asynccontextmanager
async def running_nginx(folder: Path, server: str, port: int) -> AsyncIterator[str]:
    user = "user root;" if os.geteuid() == 0 else ""  # else its workers could not use this folder
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    general = f"{user} daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(f"{general}http {{\naccess_log off;\n{folders}{server}\n}}\n")
    assert NGINX is not None
    process = await asyncio.create_subprocess_exec(NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"))
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.skipif(NGINX is None, reason="there is no nginx here")
async def test_nginx_in_front_goes_to_the_provider_while_the_proxy_is_away(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")], [response(b"again")]]) as upstream:
        parts = Parts(
            tmp_path / "home", upstream.base_url, {"UNION_SQUARE_UPSTREAMS__OPENAI__BASE_URL": upstream.base_url}
        )
        port = free_port()
        server = recipe("nginx").replace("8787", str(parts.port)).replace("8786", str(port))
        server = server.replace("https://api.openai.com", upstream.base_url).replace(
            "fail_timeout=5s", "fail_timeout=1s"
        )
        async with running_nginx(tmp_path, server, port) as front, httpx.AsyncClient(timeout=20) as client:
            body = b"x" * 100_000
            direct = await client.post(f"{front}/openai/v1/chat/completions?a=b", content=body)
            assert (direct.content, "x-union-square-call-id" in direct.headers) == (b"ok", False)
            try:
                await parts.start("proxy")
                await asyncio.sleep(1.2)
                by_proxy = await client.post(f"{front}/openai/v1/chat/completions?a=b", content=body)
                assert (by_proxy.content, "x-union-square-call-id" in by_proxy.headers) == (b"again", True)
                refused = await client.post(f"{front}/openai/v1/x", content=b"")
                assert refused.status_code == 200
            finally:
                parts.close()
            assert (await client.post(f"{front}/openai/v1/x", content=b"y")).status_code == 200
        assert {r.lines[0] for r in upstream.received[:2]} == {b"POST /v1/chat/completions?a=b HTTP/1.1"}
        assert {r.body for r in upstream.received[:2]} == {body}
        assert len(upstream.received) == 4
