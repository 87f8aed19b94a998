"""An upstream on loopback that says what a test tells it to, when the test tells it to.

with talker() as upstream:
    …                       # a client asks, through the proxy
    upstream.say("Hello")   # reaches the client as one piece of a streamed chat completion
    upstream.end()
"""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_WAIT_SECONDS = 60.0


class Talker:
    """One conversation at a time: what is said goes to the call that is open."""

    def __init__(self) -> None:
        self.base_url = ""
        self.asked: list[dict[str, Any]] = []
        self._words: queue.Queue[bytes | None] = queue.Queue()

    def say(self, words: str) -> None:
        """Let the running call's answer go on."""
        self._put({"choices": [{"index": 0, "delta": {"content": words}}]})

    def call_tool(self, call_id: str, name: str, arguments: str) -> None:
        """Let the running call ask for a tool."""
        function = {"name": name, "arguments": arguments}
        call = {"index": 0, "id": call_id, "type": "function", "function": function}
        self._put({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})

    def end(self, *, input_tokens: int = 21, output_tokens: int = 34) -> None:
        """End the running call's answer, with its usage."""
        usage = {"prompt_tokens": input_tokens, "completion_tokens": output_tokens}
        self._put({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self._put({"choices": [], "usage": usage | {"total_tokens": input_tokens + output_tokens}})
        self._words.put(b"data: [DONE]\n\n")
        self._words.put(None)

    def hang_up(self) -> None:
        """End whatever is open, now."""
        self._words.put(None)

    def _put(self, piece: dict[str, Any]) -> None:
        whole = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o-mini-2024-07-18"} | piece
        self._words.put(b"data: " + json.dumps(whole).encode() + b"\n\n")

    def next_piece(self) -> bytes | None:
        return self._words.get(timeout=_WAIT_SECONDS)


def _handler(talker: Talker) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            talker.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while (piece := talker.next_piece()) is not None:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Keep quiet."""

    return Handler


@contextmanager
def talker() -> Iterator[Talker]:
    """A talker on a free port of loopback."""
    said = Talker()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(said))
    server.daemon_threads = True
    said.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield said
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
