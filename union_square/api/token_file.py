"""Where the UI's token comes from: the setting, else a file in the data folder, made once, for its owner only."""

import contextlib
import ipaddress
import os
import secrets
from pathlib import Path

FILE_NAME = "ui-token"
OFF = "off"
"""As a setting: no token is asked for, wherever this listens."""


def load_ui_token(home: Path, *, setting: str, host: str, allowed_hosts: tuple[str, ...]) -> str:
    """The token that everybody who comes to the UI and its API is asked for; "" = nobody is.

    Asked is where others than this machine can come: `host` is not loopback, or a name besides loopback is allowed (a
    server in front of this one); and wherever one is set. Raises OSError where the file cannot be made or read."""
    if setting == OFF:
        return ""
    if setting:
        return setting
    if is_loopback(host) and all(map(is_loopback, allowed_hosts)):
        return ""
    return _from_file(home / FILE_NAME)


def is_loopback(host: str) -> bool:
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _from_file(path: Path) -> str:
    """Safe when several processes come first at once: a whole file is linked to its name; who is second reads it."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, secrets.token_urlsafe(24).encode() + b"\n")
            os.fsync(fd)
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)
        finally:
            os.close(fd)
            draft.unlink()
    token = path.read_text(encoding="utf-8").strip()
    if not token:
        raise OSError(f"{path} is empty; remove it, and a new token is made at the next start")
    return token
