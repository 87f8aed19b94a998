"""Finding in the running product: narrowing, facets, completion, saved views, hits, and addresses that reproduce it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.product import Product, eventually, running_product, upstream_in_a_thread
from tests.support.upstream import response

PICTURES = Path(__file__).resolve().parents[1] / "output" / "find"
TALK = (
    ("gpt-4o", "Where does the ferry to Piran leave?", "From the <b>eastern</b> pier, at noon.", 200),
    ("gpt-4o-mini", "Translate “pier” into Slovene.", "Pomol.", 200),
    ("gpt-4o", "And the ferry back?", "The last one leaves at nine.", 200),
    ("claude-sonnet-4-5", "Is the pier open?", "rate limited", 429),
)


def answered(model: str, text: str, status: int) -> list[Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28}
    whole = {"object": "chat.completion", "model": model, "choices": [choice], "usage": usage}
    body = whole if status == 200 else {"error": {"type": "rate_limit_error", "message": text}}
    reason = "OK" if status == 200 else "Too Many Requests"
    kind = ("Content-Type", "application/json")
    return [response(json.dumps(body).encode(), status=f"{status} {reason}", headers=[kind])]


@pytest.fixture(scope="module")
def product(built_ui: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    home = tmp_path_factory.mktemp("finding") / "home"
    scripts = [answered(model, text, status) for model, _, text, status in TALK]
    with (
        upstream_in_a_thread(scripts) as upstream,
        running_product(home, {"openai": upstream.base_url}) as running,
    ):
        for number, (model, asked, _, _) in enumerate(TALK):
            answer = httpx.post(
                f"{running.proxy}/openai/v1/chat/completions",
                json={"model": model, "messages": [{"role": "user", "content": asked}]},
                headers={
                    "x-union-square-session-id": f"session-{number % 2}",
                    "x-union-square-metadata": json.dumps({"user": f"user{number}"}),
                },
                trust_env=False,
            )
            running.ended(answer.headers["x-union-square-call-id"])
        PICTURES.mkdir(parents=True, exist_ok=True)
        yield running


def facet(page: Page, field: str, value: str) -> Any:
    return page.locator(f"[data-testid=facet][data-field={field}]").get_by_role("link", name=value)


@pytest.mark.parametrize(
    ("path", "row", "all_of_them", "left"), [("search", "call", 4, 1), ("sessions", "session", 2, 1)]
)
def test_a_facet_narrows_by_the_keyboard_and_the_address_reproduces_it(
    product: Product, page: Page, path: str, row: str, all_of_them: int, left: int
) -> None:
    page.goto(f"{product.ui}/{path}")
    rows = page.get_by_test_id(f"{row}-row")
    expect(rows).to_have_count(all_of_them)
    failed = facet(page, "state", "failed")
    failed.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/{path}\?q=state%3Afailed$"))
    expect(page.get_by_test_id("search-input")).to_have_value("state:failed")
    expect(rows).to_have_count(left)
    expect(facet(page, "model", "claude-sonnet-4-5")).to_be_visible()
    expect(facet(page, "model", "gpt-4o")).to_have_count(0)
    page.screenshot(path=PICTURES / f"{path}.png")
    page.reload()
    expect(rows).to_have_count(left)
    page.go_back()
    expect(rows).to_have_count(all_of_them)


@pytest.mark.parametrize("path", ["search", "sessions"])
def test_names_and_known_values_are_completed_by_the_keyboard(product: Product, page: Page, path: str) -> None:
    page.goto(f"{product.ui}/{path}")
    box = page.get_by_role("combobox", name="filter")
    options = page.get_by_role("listbox", name="completions").get_by_role("option")
    box.press_sequentially("status:ok mod")
    expect(options.first).to_contain_text("model")
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("Tab")
    expect(box).to_have_value("status:ok model:")
    expect(options).to_have_count(3)
    box.press("ArrowDown")
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "completion-1")
    page.screenshot(path=PICTURES / f"completion-{path}.png")
    box.press("Enter")
    expect(box).to_have_value("status:ok model:gpt-4o ")
    expect(options).to_have_count(0)
    box.press_sequentially("meta.us")
    expect(options).to_have_text([re.compile("meta.user")])
    box.press("Escape")
    expect(box).to_be_focused()
    expect(page.get_by_role("listbox")).to_have_count(0)
    box.fill("-model:gpt status:ok")
    for _ in range(len("t status:ok")):
        box.press("ArrowLeft")
    box.press("Control+Space")
    expect(options.first).to_contain_text("gpt-4o")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("-model:gpt-4o status:ok")
    box.press("Enter")
    expect(page).to_have_url(re.compile(rf"/{path}\?q=-model"))


@pytest.mark.parametrize(("path", "row", "count"), [("search", "call", 2), ("sessions", "session", 1)])
def test_a_view_is_saved_opened_renamed_and_removed(
    product: Product, page: Page, path: str, row: str, count: int
) -> None:
    page.goto(f"{product.ui}/{path}?q=model:gpt-4o")
    expect(page.get_by_test_id(f"{row}-row")).to_have_count(count)
    page.get_by_test_id("view-name").fill("The big one")
    page.keyboard.press("Enter")
    views = page.get_by_test_id("saved-view")
    expect(views).to_have_count(1)
    expect(views.get_by_role("link")).to_have_attribute("data-current", "true")
    page.goto(f"{product.ui}/{path}")
    views.get_by_role("link", name="The big one").click()
    expect(page).to_have_url(re.compile(rf"/{path}\?q=model%3Agpt-4o$"))
    expect(page.get_by_test_id(f"{row}-row")).to_have_count(count)
    views.locator("summary").click()
    views.get_by_label("new name").fill("Big")
    page.screenshot(path=PICTURES / f"views-{path}.png")
    views.get_by_role("button", name="Rename").click()
    expect(views.locator(".view-link")).to_have_text("Big")
    page.reload()
    expect(views.locator(".view-link")).to_have_text("Big")
    views.locator("summary").click()
    views.get_by_role("button", name="Remove").click()
    expect(views).to_have_count(0)


def test_the_words_that_were_found_are_marked_and_lead_to_their_message(product: Product, page: Page) -> None:
    page.goto(f"{product.ui}/search?q=eastern+pier")
    hit = page.get_by_test_id("hit")
    expect(hit).to_have_text("From the <b>eastern</b> pier, at noon.")
    expect(hit.locator("mark")).to_have_text("eastern")
    page.screenshot(path=PICTURES / "hit.png")
    hit.click()
    expect(page).to_have_url(re.compile(r"/calls/[0-9a-f]+#message-1$"))
    message = page.locator('[data-message="1"]')
    expect(message).to_have_class(re.compile("aimed"))
    expect(message).to_contain_text("eastern")


@pytest.mark.parametrize("path", ["search", "sessions"])
def test_a_filter_that_cannot_be_read_is_underlined_where_it_is_wrong(product: Product, page: Page, path: str) -> None:
    page.goto(f"{product.ui}/{path}?q=status:error+modl:gpt")
    problem = page.get_by_test_id("filter-problem")
    expect(problem.locator("mark")).to_have_text("modl")
    expect(problem).to_contain_text("There is no field modl: perhaps model")
    page.screenshot(path=PICTURES / f"error-{path}.png")


def test_both_pages_fit_a_narrow_screen(product: Product, page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 860})
    for path in ("search?q=pier", "sessions"):
        page.goto(f"{product.ui}/{path}")
        expect(page.get_by_test_id("facet").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.screenshot(path=PICTURES / f"narrow-{path.split('?')[0]}.png")


@pytest.mark.parametrize(("path", "row", "count"), [("search", "call", 4), ("sessions", "session", 2)])
def test_a_listing_is_ordered_by_its_heads_and_by_the_menu_and_the_address_holds_it(
    product: Product, page: Page, path: str, row: str, count: int
) -> None:
    def stored() -> list[dict[str, Any]]:
        return product.api(f"/{'calls' if path == 'search' else path}", sort="-tokens")["items"]

    eventually(lambda: [one["state"] == "running" for one in stored()] == [False] * count, what="all of it stored")
    ids = [one["id"] for one in stored()]

    def shown() -> list[str]:
        expect(page.get_by_test_id(f"{row}-row")).to_have_count(count)
        links = page.get_by_test_id(f"{row}-row").locator("a.row-link")
        return [str(link.get_attribute("href")).rsplit("/", 1)[-1] for link in links.all()]

    page.goto(f"{product.ui}/{path}")
    began = page.locator("th.c-when")
    expect(began).to_have_attribute("aria-sort", "descending")
    head = page.locator("th.c-tokens")
    expect(head).to_have_attribute("aria-sort", "none")
    head.get_by_role("link", name="Tokens").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/{path}/?\?sort=-tokens$"))
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(began).to_have_attribute("aria-sort", "none")
    eventually(lambda: shown() == ids, what="the rows in that order")
    page.screenshot(path=PICTURES / f"order-{path}.png")
    head.get_by_role("link", name="Tokens").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    page.reload()
    expect(head).to_have_attribute("aria-sort", "ascending")
    facet(page, "state", "done").click()
    expect(page).to_have_url(re.compile("sort=tokens"))
    page.set_viewport_size({"width": 420, "height": 860})
    menu = page.get_by_test_id("order")
    menu.locator("summary").click()
    menu.get_by_role("link", name="First token").click()
    expect(page).to_have_url(re.compile("sort=-ttft"))
    expect(menu.locator("summary")).to_have_text("slowest first token first")
    page.screenshot(path=PICTURES / f"order-narrow-{path}.png")
