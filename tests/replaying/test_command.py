"""Recorded through the running product, exported, and answered again by the command."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import openai
import pytest

from tests.support.product import eventually, running_product, upstream_in_a_thread
from tests.support.upstream import chunk

KEY = "test-k3y-of-nobody"
PIECES = [
    b'data: {"choices": [{"index": 0, "delta": {"content": "%s"}}]}\n\n' % word for word in (b"Good ", b"morning.")
]
STREAM = [
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Odd-Case: kept\r\nTransfer-Encoding: chunked\r\n\r\n",
    *(step for piece in PIECES for step in (chunk(piece), 0.05)),
    chunk(b"data: [DONE]\n\n"),
    chunk(b""),
]


@contextmanager
def running_mock(folder: Path, *arguments: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """`union-square mock` on a free port: its address, and the process, which is stopped at the end."""
    output = folder / "mock.txt"
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "union_square.cli", "mock", "--port", "0", *arguments],
            stdout=file,
            stderr=file,
            text=True,
        )
        try:
            found = eventually(
                lambda: re.search(r"http://[\d.]+:\d+", output.read_text()) or process.poll(), what="the mock's address"
            )
            assert isinstance(found, re.Match), output.read_text()
            yield found[0], process
        finally:
            process.terminate()
            process.wait(20)


def ask(base_url: str, text: str) -> str:
    with openai.OpenAI(api_key=KEY, base_url=base_url, max_retries=0) as client:
        stream = client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": text}], stream=True,
            extra_headers={"x-union-square-session-id": "kept"} if "/openai" in base_url else {},
        )  # fmt: skip
        return "".join(piece.choices[0].delta.content or "" for piece in stream)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of two calls, recorded by the product and written to a file by `export`."""
    folder = tmp_path_factory.mktemp("recorded")
    file = folder / "session.jsonl"
    with (
        upstream_in_a_thread([STREAM]) as upstream,
        running_product(folder / "home", {"openai": upstream.base_url}, arguments=["--no-ui"]) as product,
    ):
        for text in ("How are you?", "And now?"):
            assert ask(f"{product.proxy}/openai/v1", text) == "Good morning."
        command = [sys.executable, "-m", "union_square.cli", "export", "kept", "-o", str(file)]

        def export() -> bool:
            done = subprocess.run(command, env=product_env(product.home), capture_output=True, text=True, check=False)
            return "2 calls written" in done.stderr

        eventually(export, within=40, what="the export of both calls")
    return file


def product_env(home: Path) -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if not name.startswith("UNION_SQUARE_")} | {
        "UNION_SQUARE_HOME": str(home)
    }


def test_the_file_holds_no_key(exported: Path) -> None:
    text = exported.read_text()
    assert KEY not in text
    assert "[redacted:" in text
    assert "How are you?" in text


def test_the_mock_answers_as_the_provider_did_and_ends_well(exported: Path, tmp_path: Path) -> None:
    with running_mock(tmp_path, str(exported)) as (url, process):
        assert ask(f"{url}/v1", "How are you?") == "Good morning."
        assert ask(f"{url}/openai/v1", "And now?") == "Good morning."
        assert httpx.get(f"{url}/-/report", trust_env=False).json()["clean"]
    assert process.returncode == 0
    assert "2 requests, 2 answered of 2 recorded" in (tmp_path / "mock.txt").read_text()


def test_the_mock_ends_badly_with_what_was_not_recorded_and_not_asked_for(exported: Path, tmp_path: Path) -> None:
    with running_mock(tmp_path, str(exported)) as (url, process), pytest.raises(openai.NotFoundError):
        ask(f"{url}/v1", "How are they?")
    assert process.returncode == 1
    words = (tmp_path / "mock.txt").read_text()
    assert "-user: How are you?\n+user: How are they?" in words
    assert "never asked for" in words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.jsonl"], "no session, call or file: nowhere.jsonl"),
        (["pyproject.toml"], "line 1"),
        (["x", "--timing", "soon"], "no timing: 'soon'"),
        (["x", "--fault", "burn"], "no fault: 'burn'"),
    ],
)
def test_what_cannot_be_served_is_told_without_a_traceback(tmp_path: Path, arguments: list[str], words: str) -> None:
    env = product_env(tmp_path)
    subprocess.run([sys.executable, "-m", "union_square.cli", "migrate"], env=env, check=True, capture_output=True)
    command = [sys.executable, "-m", "union_square.cli", "mock", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
