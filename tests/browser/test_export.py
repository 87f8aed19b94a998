"""A session is taken along from its page, and a HAR file is taken in."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.support.product import eventually, running_product, upstream_in_a_thread
from tests.support.streams import ask, spoken

pytestmark = pytest.mark.usefixtures("built_ui")


def test_a_session_is_exported_as_a_page_and_a_har_and_taken_in_elsewhere(
    tmp_path: Path, page: Page, watch: Watch
) -> None:
    watch.expected = ("422",)  # the browser logs that the last file is refused
    with (
        upstream_in_a_thread([spoken("Hello ", "there.")]) as upstream,
        running_product(tmp_path / "one", {"openai": upstream.base_url}) as product,
    ):
        ask(product, "Greet me", session="greeting")
        eventually(lambda: [one for one in product.api("/sessions")["items"] if one["state"] == "ended"])
        page.goto(f"{product.ui}/sessions/greeting")
        files = dict[str, Path]()
        for name in ("html", "har"):
            page.get_by_test_id("export").click()
            with page.expect_download() as download:
                page.get_by_test_id(f"export-{name}").click()
            files[name] = tmp_path / download.value.suggested_filename
            download.value.save_as(files[name])
            page.keyboard.press("Escape")
            page.locator("h1").click()  # closes the menu
        page.goto("about:blank")
    assert files["har"].name == "greeting.har"
    page.goto(files["html"].as_uri())
    expect(page.locator(".turn")).to_contain_text("Hello there.")

    with running_product(tmp_path / "two", {"openai": upstream.base_url}) as product:
        page.goto(f"{product.ui}/settings")
        page.get_by_test_id("import-file").set_input_files(files["har"])
        page.get_by_test_id("import").click()
        expect(page.get_by_test_id("import-said")).to_have_text("1 call taken")
        session = eventually(lambda: product.api("/sessions")["items"])[0]
        page.goto(f"{product.ui}/sessions/{session['id']}")
        expect(page.locator("[data-role=assistant]")).to_contain_text("Hello there.")

        nonsense = tmp_path / "no.har"
        nonsense.write_text(json.dumps({"log": {}}))
        page.goto(f"{product.ui}/settings")
        page.get_by_test_id("import-file").set_input_files(nonsense)
        page.get_by_test_id("import").click()
        expect(page.get_by_test_id("import-said")).to_contain_text("holds no entries")
        page.goto("about:blank")
