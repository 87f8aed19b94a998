"""The key of the credential fingerprints: 32 random bytes in the data folder, made once, readable by its owner only."""

import contextlib
import os
import secrets
from pathlib import Path

FILE_NAME = "fingerprint.key"
KEY_BYTES = 32


def load_fingerprint_key(home: Path) -> bytes:
    """The key of this data folder; made when there is none. Safe when several processes come first at once: a whole
    file is linked to its name, and who comes second reads it. Raises OSError; ValueError when the file is damaged."""
    path = home / FILE_NAME
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = home / f".{FILE_NAME}.{os.getpid()}.{secrets.token_hex(4)}"
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, secrets.token_bytes(KEY_BYTES))
            os.fsync(fd)
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)
        finally:
            os.close(fd)
            draft.unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"{path} is damaged ({len(key)} bytes instead of {KEY_BYTES}); put the right one back, or remove it: then "
            "a new one is made, and calls of before and after are no longer grouped by credential"
        )
    return key
