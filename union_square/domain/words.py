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
"""Of one call's different words: PostgreSQL refuses a tsvector above 1 MiB, positions and padding included."""

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
    """The different words of all `texts`, parted by spaces: what is stored for one call."""
    found: dict[str, None] = {}
    left, room = MOST_CHARACTERS, MOST_BYTES
    for text in texts:
        for word in words(text[:left]):
            if word in found:
                continue
            room -= len(word.encode()) + 1
            if room < 0:
                return " ".join(found)
            found[word] = None
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


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))
