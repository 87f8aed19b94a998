"""What was not recorded is said where people look."""

import threading
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.product import running_product, upstream_in_a_thread
from tests.support.upstream import response

pytestmark = pytest.mark.usefixtures("built_ui")


def test_a_recorder_that_cannot_keep_up_is_said_on_the_live_page(tmp_path: Path, page: Page) -> None:
    slow = {"UNION_SQUARE_STREAM_BYTES": str(64 << 10), "UNION_SQUARE_FLUSH_MILLISECONDS": "500"}
    with (
        upstream_in_a_thread([[response(b"x" * 50_000)]]) as upstream,
        running_product(tmp_path / "home", {"t": upstream.base_url}, environment=slow) as product,
    ):
        page.goto(product.ui)

        def ask() -> None:
            for _ in range(5):
                assert httpx.get(f"{product.proxy}/t/x", timeout=30, trust_env=False).content == b"x" * 50_000

        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(60)
        expect(page.get_by_text("recording could not keep up")).to_be_visible()
        expect(page.get_by_text("The calls themselves were not affected")).to_be_visible()
        page.goto("about:blank")  # else the page complains that the product has gone
