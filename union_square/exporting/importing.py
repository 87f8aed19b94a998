"""Recordings from elsewhere into this one: cleaned, and written as an event log of their own, which the projector
follows like any other. So there is one way into the store, and what is there already is not doubled.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from union_square.domain.ids import WriterId
from union_square.domain.records import encode
from union_square.domain.redaction import Redactor
from union_square.domain.redaction_rules import Rule
from union_square.exporting.cleaning import clean_events
from union_square.exporting.har_reading import read_har
from union_square.recording.fingerprint_key import load_fingerprint_key
from union_square.recording.log_writer import LogWriter
from union_square.replaying.recording import Recording
from union_square.replaying.recording_file import FORMAT, read_lines

SEGMENT_BYTES = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How many calls were written, and entries of the file that are no calls."""

    calls: int
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """Writes into the log of one data folder."""

    home: Path
    log_folder: Path
    base_urls: Mapping[str, str]
    rules: tuple[Rule, ...] = ()

    def take(self, text: str, name: str) -> Imported:
        """Import a recording (JSONL) or a HAR log. Blocks. Raises ReplayFailure when it is neither, OSError."""
        recording, left_out = self._read(text, name)
        redactor = Redactor(load_fingerprint_key(self.home))
        log = LogWriter(self.log_folder, WriterId(secrets.token_hex(16)), segment_bytes=SEGMENT_BYTES)
        try:
            for call in recording.calls:
                log.append(b"".join(map(encode, clean_events(call.events, redactor, self.rules))))
        finally:
            log.close()
        return Imported(calls=len(recording.calls), left_out=left_out)

    def _read(self, text: str, name: str) -> tuple[Recording, int]:
        if FORMAT in text.partition("\n")[0]:
            return read_lines(text.split("\n"), name), 0
        found = read_har(text, self.base_urls, name)
        return found.recording, found.left_out
