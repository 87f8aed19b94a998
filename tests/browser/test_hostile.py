"""What a model wrote makes the browser do nothing: no script runs, no request leaves."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch, World
from tests.support.fake_watching import call_id

OpenWorld = Callable[[str], World]


@pytest.mark.parametrize("path", ["/", "/sessions", "/sessions/hostile", f"/calls/{call_id(31)}", "/search?text=go"])
def test_hostile_output_runs_nothing_and_fetches_nothing(world: OpenWorld, page: Page, watch: Watch, path: str) -> None:
    page.goto(world("hostile").url + path)
    expect(page.locator("main")).to_contain_text("window.pwned")
    for details in page.locator("details").all():
        details.evaluate("e => { e.open = true }")
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_timeout(150)
    page.wait_for_timeout(400)
    assert page.evaluate("window.pwned") is None
    assert page.locator("main").locator("script, iframe, object, embed, form[action], style, link, meta").count() == 0
    assert page.locator("main img").count() == 0
    assert watch.elsewhere == []


def test_a_link_is_followed_only_on_a_click_and_then_in_a_page_of_its_own(world: OpenWorld, page: Page) -> None:
    page.goto(world("hostile").url + "/sessions/hostile")
    link = page.locator("a.md-link").first
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(link).to_have_attribute("target", "_blank")
    for href in page.locator("main a").evaluate_all("links => links.map(a => a.protocol)"):
        assert href in {"http:", "https:", "mailto:"}


def test_a_script_that_came_through_would_still_not_run(world: OpenWorld, page: Page, watch: Watch) -> None:
    """The policy behind the rendering: what an injected tag tries is refused by the browser."""
    watch.expected = ("Content Security Policy",)
    page.goto(world("hostile").url + "/sessions/hostile")
    expect(page.locator("h1")).to_be_visible()
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"http://evil.example/p.png\">'"
        ' + \'<iframe src="http://evil.example/"></iframe><img src=x onerror="window.pwned=1">\');'
        "const s = document.createElement('script'); s.textContent = 'window.pwned = 2'; document.body.append(s);"
    )
    page.wait_for_timeout(400)
    assert page.evaluate("window.pwned") is None
    # The browser reports a request that its policy refused; none reached the network.
    watch.elsewhere[:] = [url for url in watch.elsewhere if not url.startswith("http://evil.example/")]
