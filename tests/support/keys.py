"""The keys of a page as it stands: those that are registered, and those that its sheet lists."""

from collections import Counter

from playwright.sync_api import Page

_REGISTERED = """() => {
  const shown = (one) => one.getClientRects().length > 0 && !one.disabled;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  return [
    ...all('[data-hotkey]').flatMap((one) => one.dataset.hotkey.split(' ').filter(Boolean)),
    ...unionSquare.keysInForce(),
    ...all('nav [data-key]').map((one) => one.dataset.key).filter((key) => key !== '/').map((key) => `g ${key}`),
    ...all('[accesskey]').map((one) => `accesskey ${one.accessKey}`),
  ];
}"""
_SHEET = """() => [...document.querySelectorAll('#help dl > div dt')].map((one) => [...one.childNodes].map(
  (node) => (node.tagName === 'KBD' ? node.textContent : node.textContent === ' or ' ? '|' : '')).join(' '))"""
_SPELLED = {"←": "ArrowLeft", "→": "ArrowRight", "↑": "ArrowUp", "↓": "ArrowDown", "Esc": "Escape"}


def registered_keys(page: Page) -> Counter[str]:
    """How many things each key does."""
    return Counter(page.evaluate(_REGISTERED))


def listed_keys(page: Page) -> Counter[str]:
    """Those on the sheet, spelled as they are registered. Opens it and puts it away."""
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")
    lines: list[str] = page.evaluate(_SHEET)
    page.keyboard.press("Escape")
    page.wait_for_selector("#help", state="hidden")
    return Counter(_spelled(keys) for line in lines for keys in line.split("|"))


def _spelled(keys: str) -> str:
    caps = [_SPELLED.get(cap, cap) for cap in keys.split()]
    return (" " if caps[0] == "g" else "+").join(caps)
