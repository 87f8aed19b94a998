"""A text that grows by small pieces and is read many times while it does."""

from union_square.wire.jsontext import clean


class TextBuffer:
    """Joins its pieces when asked, and only the new ones; a surrogate pair split between two is one character."""

    __slots__ = ("_joined", "_pieces")

    def __init__(self, text: str = "") -> None:
        self._joined = text
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        if piece:
            self._pieces.append(piece)

    def __bool__(self) -> bool:
        return bool(self._joined or self._pieces)

    def raw(self) -> str:
        """The text as it came."""
        if self._pieces:
            self._joined += "".join(self._pieces)
            self._pieces.clear()
        return self._joined

    def text(self) -> str:
        """The text, fit to be stored and sent."""
        return clean(self.raw())

    def tail(self, characters: int) -> str:
        """The last so many characters."""
        return clean(self.raw()[-characters:])
