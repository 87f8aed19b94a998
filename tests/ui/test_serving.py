"""What stands around the pages: where they find their server, what they may load, where they listen."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from union_square.ui.built import BuildKey, current_key, read_key, reflex_mismatch
from union_square.ui.same_origin import BUILT_FOR, AddressesNotFound, SameOrigin, point_at_own_origin
from union_square.ui.security import API_POLICY, Message, SecurityHeaders, inline_script_hashes, page_policy
from union_square.ui.serve import UiServeError, bind
from union_square.ui.values import UiValues, address_of, anchored, real_proxy_url, without_password

ROOT = Path(__file__).resolve().parents[2]


def test_addresses_in_the_bundle_become_the_pages_own_origin() -> None:
    script = f'e={{EVENT:"ws://localhost:1/_event",PING:`{BUILT_FOR}/ping`,OTHER:"http://localhost:12/x"}}'
    rewritten, count = point_at_own_origin(script)
    assert count == 2
    assert "localhost:1/" not in rewritten
    assert '(globalThis.location.origin.replace(/^http/,"ws")+"/_event")' in rewritten
    assert '"http://localhost:12/x"' in rewritten


def test_a_bundle_without_addresses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("let x = 1")
    with pytest.raises(AddressesNotFound):
        SameOrigin().post_build(static_dir=tmp_path)


def test_every_inline_script_is_allowed_by_its_hash_and_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<script>one()</script><script src="/x.js"></script><script id="_R_">two()</script>'
    )
    hashes = inline_script_hashes(tmp_path)
    assert len(hashes) == 2
    policy = page_policy(hashes).decode()
    assert "script-src 'self' 'sha256-" in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


async def _headers_of(path: str, own: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    async def app(_scope: object, _receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": own})  # type: ignore[operator]

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    await SecurityHeaders(app, policy=b"page")({"type": "http", "path": path}, receive, send)  # type: ignore[arg-type]
    return dict(sent[0]["headers"])


async def test_a_recorded_body_opened_by_itself_is_sandboxed() -> None:
    headers = await _headers_of("/api/v1/calls/x/response", [(b"content-type", b"text/html")])
    assert headers[b"content-security-policy"] == API_POLICY
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"cache-control"] == b"no-store"


async def test_an_answer_with_its_own_policy_keeps_it() -> None:
    headers = await _headers_of("/api/v1/docs", [(b"content-security-policy", b"own")])
    assert headers[b"content-security-policy"] == b"own"


async def test_only_files_named_by_their_hash_are_kept_by_the_browser() -> None:
    assert b"immutable" in (await _headers_of("/assets/a-1.js", []))[b"cache-control"]
    assert (await _headers_of("/", []))[b"cache-control"] == b"no-cache"


def test_a_taken_port_names_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UiServeError, match="UNION_SQUARE_UI_PORT"):
            bind("127.0.0.1", taken.getsockname()[1])


def test_a_free_port_is_bound_where_it_was_asked_for() -> None:
    with bind("127.0.0.1", 0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_the_key_changes_with_what_ends_up_in_the_bundle(tmp_path: Path) -> None:
    ui = tmp_path / "union_square" / "ui"
    ui.mkdir(parents=True)
    (ui / "frame.py").write_text("a")
    (ui / "present_call.py").write_text("a")
    before = current_key(tmp_path)
    (ui / "present_call.py").write_text("b")
    assert current_key(tmp_path) == before  # runs in the server only
    (ui / "frame.py").write_text("b")
    assert current_key(tmp_path) != before


def test_a_key_that_cannot_be_read_is_no_key(tmp_path: Path) -> None:
    assert read_key(tmp_path) is None
    (tmp_path / "built_from.json").write_text("[1]")
    assert read_key(tmp_path) is None
    key = current_key(ROOT)
    (tmp_path / "built_from.json").write_text(key.to_json())
    assert read_key(tmp_path) == key


def test_a_ui_built_with_another_reflex_is_named() -> None:
    assert "0.0.1" in reflex_mismatch(BuildKey(sources="", packages={"reflex": "0.0.1"}))
    assert reflex_mismatch(current_key(ROOT)) == ""


def test_the_lock_of_the_javascript_packages_pins_all_and_names_no_host() -> None:
    lock = json.loads((ROOT / "union_square/ui/js_lock/package-lock.json").read_text())
    packages = {name: p for name, p in lock["packages"].items() if name}
    assert len(packages) > 50
    assert all(p["version"] and (p.get("integrity") or p.get("link") or p.get("inBundle")) for p in packages.values())
    assert not any("resolved" in p for p in packages.values())


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("::1", "http://[::1]:1"),
        ("::", "http://[::1]:1"),
    ],
)
def test_an_address_is_one_that_a_client_can_use(host: str, url: str) -> None:
    assert address_of(host, 1) == url


def test_a_databases_password_is_not_shown() -> None:
    assert without_password("postgresql+psycopg://app:s3cret@db:5432/u") == "postgresql+psycopg://app:***@db:5432/u"
    assert without_password("sqlite:////home/me/x.db") == "sqlite:////home/me/x.db"


def test_the_proxys_real_address_is_the_one_it_announced(tmp_path: Path) -> None:
    values = UiValues(
        home=tmp_path, log_folder=tmp_path, database="", host="127.0.0.1", port=0, proxy_url="http://127.0.0.1:0"
    )
    assert real_proxy_url(values) == "http://127.0.0.1:0"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "proxy.json").write_text('{"pid": 1, "host": "127.0.0.1", "port": 4321}')
    assert real_proxy_url(values) == "http://127.0.0.1:4321"
    (tmp_path / "run" / "proxy.json").write_text('{"pid": 1, "host": "127.0.0.1", "port": 4321, "scheme": "https"}')
    assert real_proxy_url(values) == "https://127.0.0.1:4321"


def test_relative_paths_are_taken_from_where_the_process_was_started() -> None:
    values = UiValues(
        home=Path("h"), log_folder=Path("h/log"), database="sqlite:///h/x.db", host="", port=0, proxy_url=""
    )
    here = Path.cwd()
    fixed = anchored(values)
    assert (fixed.home, fixed.log_folder, fixed.database) == (here / "h", here / "h/log", f"sqlite:///{here}/h/x.db")
    for url in ("sqlite://", "sqlite:///:memory:", "postgresql+psycopg://db/x", "sqlite:////abs/x.db"):
        assert anchored(replace(values, database=url)).database == url


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_every_text_colour_can_be_read_on_every_surface(scheme: int) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    import re

    sheet = (ROOT / "assets" / "tokens.css").read_text().split(":root.dark")[scheme]
    tokens = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", sheet))
    texts = ("text", "muted", "accent", "good", "bad", "warn", "code-key", "code-string", "code-number")
    surfaces = ("bg", "surface", "raised", "user")
    pairs = [(t, s) for t in texts for s in surfaces]
    pairs += [
        ("accent", "accent-soft"),
        ("bad", "bad-soft"),
        ("text", "bad-soft"),
        ("warn", "warn-soft"),
        ("on-accent", "accent"),
    ]
    weak = {
        f"{t} on {s}": round(_contrast(tokens[t], tokens[s]), 2)
        for t, s in pairs
        if _contrast(tokens[t], tokens[s]) < 4.5
    }
    assert weak == {}
