"""docs/providers.md says what is true of the recordings it was made from."""

from pathlib import Path

import pytest

from tests.support.cassettes import exchanges, require_cassettes
from tests.support.providers_table import DOCUMENT, corpus_digest, document, rows
from tests.support.traffic_table import format_rows, leave_rows, table


def test_the_document_is_current(traffic_folder: Path) -> None:
    require_cassettes()
    formats = format_rows()
    leave_rows(traffic_folder, formats)
    written = DOCUMENT.read_text("utf-8")
    if corpus_digest() not in written:
        pytest.skip(f"{DOCUMENT.name} was made from other recordings than these")
    every = {exchange.name for exchange in exchanges()}  # the test that plays them fails if one is not byte-equal
    assert written == document(table(formats, every)), "write it anew: python -m tests.support.providers_table --write"


def test_of_every_provider_all_is_recognised_and_understood() -> None:
    require_cassettes()
    for name, row in rows(exchanges()).items():
        assert (row.recognised, row.understood, row.equal) == (row.asking, row.asking, row.counted), name
