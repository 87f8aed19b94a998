"""The whole store behind one database URL: the reader, the writer and the annotator over one engine."""

from union_square.store.annotator import SqlAnnotator
from union_square.store.engine import open_engine
from union_square.store.reader import SqlReader
from union_square.store.writer import SqlWriter


class SqlStore:
    """Open with a URL, `close` when done. The database must have been migrated (`store.migrate`)."""

    def __init__(self, database_url: str) -> None:
        self.engine = open_engine(database_url)
        self.reader = SqlReader(self.engine)
        self.writer = SqlWriter(self.engine)
        self.annotator = SqlAnnotator(self.engine)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()
