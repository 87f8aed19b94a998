"""What full-text search sees of a text: its words, folded, so that every database finds the same.

The databases cut texts into words each in its own way (PostgreSQL takes a path for one word, SQLite for three), so they
are handed words that are cut already: runs of letters and digits in lower case without accents, and pairs of
neighbouring characters where a script sets no spaces between words.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST_WORD = 64
"""Longer runs are base64, hashes and the like; their beginning is enough to find them."""

MOST_CHARACTERS = 1 << 20
"""Of one call's text that are looked at; cutting up this many takes about 0.3 s."""

MOST_BYTES = 400_000
"""Of one call's words: PostgreSQL refuses a tsvector above 1 MiB, positions and padding included."""

MOST_IN_ORDER = 256_000
"""Bytes of one call's words that are kept in their order, so that phrases are found in them; of what follows, only
words that are new."""

BOUNDARY = "\ue000"
"""Stands between two texts, so that no phrase is found across them. A private character: no text's word."""

_RUN = re.compile(r"[^\W_]+")
# Thai, Lao, Burmese, Khmer, kana, Han
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)"
)


def words(text: str) -> Iterator[str]:
    """The words of `text` in their order, repeats included."""
    for run in _RUN.finditer(_folded(text)):
        for piece in _UNSPACED.split(run.group()):
            if not piece:
                continue
            if _UNSPACED.fullmatch(piece) and len(piece) > 1:
                yield from (piece[i : i + 2] for i in range(len(piece) - 1))
            else:
                yield piece[:LONGEST_WORD]


def search_words(texts: Iterable[str]) -> str:
    """The words of all `texts` in their order, parted by spaces: what is stored for one call."""
    found: list[str] = []
    known: set[str] = set()
    left, room = MOST_CHARACTERS, MOST_BYTES
    for text in texts:
        if found and found[-1] != BOUNDARY:
            found.append(BOUNDARY)
            room -= len(BOUNDARY.encode()) + 1
        for word in words(text[:left]):
            in_order = MOST_BYTES - room < MOST_IN_ORDER
            if word in known and not in_order:
                continue
            room -= len(word.encode()) + 1
            if room < 0:
                return " ".join(found)
            if not in_order and found[-1] != BOUNDARY:
                found.append(BOUNDARY)
            known.add(word)
            found.append(word)
        left -= len(text)
        if left <= 0:
            break
    return " ".join(found)


def query_words(text: str) -> tuple[str, ...]:
    """The words that must all be found for a query; the last one as the beginning of a word, as it is being typed."""
    return tuple(dict.fromkeys(words(text[:1000])))


def matches(stored: str, query: tuple[str, ...]) -> bool:
    """Whether the stored words hold all of the query's."""
    if not query:
        return False
    have = stored.split(" ")
    return set(query[:-1]) <= set(have) and any(word.startswith(query[-1]) for word in have)


def holds(stored: str, phrase: str, *, open_end: bool) -> bool:
    """Whether the stored words hold those of the phrase, one after the other; the last may go on with `open_end`."""
    sought = " ".join(words(phrase[:1000]))
    return sought != "" and f" {sought}{'' if open_end else ' '}" in f" {stored} "


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))
