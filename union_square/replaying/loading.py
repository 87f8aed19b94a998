"""Recordings read: from a file, or of a session or call in the store."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from union_square.domain.ids import CallId
from union_square.replaying.failures import ReplayFailure
from union_square.replaying.recording import RecordedCall, Recording, recorded_call, recording_of
from union_square.replaying.recording_file import RecordingFileError, read_lines, write_lines
from union_square.store.ports import CallFilter, NoSuchSubject, StoreReader

_PAGE = 200


class NoRecording(ReplayFailure):
    """Nothing is recorded under that name. The message says what was looked for."""


def load_file(path: Path) -> Recording:
    """Raises OSError, RecordingFileError."""
    return read_lines(read_text(path).split("\n"), str(path))


def read_text(path: Path) -> str:
    """Raises OSError, RecordingFileError when it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecordingFileError(f"{path} is not a text in UTF-8 (byte {error.start})") from error


def write_file(path: Path, recording: Recording) -> None:
    """Raises OSError."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in write_lines(recording))


def load_subject(reader: StoreReader, subject: str) -> Recording:
    """The ended calls of a session, or one call, by its id. A session that nothing named has its first call's id: then
    the session is meant. Raises NoRecording, StoreUnavailable."""
    wanted = _calls_of_session(reader, subject)
    try:
        calls = [_load_call(reader, call_id) for call_id in wanted or [CallId(subject)]]
    except NoSuchSubject:
        calls = []
    found = recording_of(call for call in calls if call.events)
    if not found.calls:
        raise NoRecording(f"no session, call or file: {subject} (`union-square sessions` lists what is recorded)")
    return found


def load_sources(sources: Sequence[str], open_store: Callable[[], StoreReader]) -> Recording:
    """Each a file, a session or a call, together. The store is opened only where one is not a file. Raises OSError,
    RecordingFileError, NoRecording, StoreUnavailable."""
    files = [Path(source) for source in sources if Path(source).is_file()]
    subjects = [source for source in sources if not Path(source).is_file()]
    reader = open_store() if subjects else None
    found = [load_file(file) for file in files]
    found += [load_subject(reader, subject) for subject in subjects if reader is not None]
    return merged(found)


def merged(recordings: Iterable[Recording]) -> Recording:
    """Several as one."""
    return recording_of(call for recording in recordings for call in recording.calls)


def _load_call(reader: StoreReader, call_id: CallId) -> RecordedCall:
    return recorded_call(call_id, reader.call_events(call_id))


def _calls_of_session(reader: StoreReader, session_id: str) -> list[CallId]:
    found: list[CallId] = []
    cursor: str | None = None
    while True:
        page = reader.calls(limit=_PAGE, cursor=cursor, where=CallFilter(session_id=session_id))
        found += [call.id for call in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found
