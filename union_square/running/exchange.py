"""Sessions out of, and recordings into, one data folder: what the commands `export` and `import` do."""

import anyio

from union_square.domain.redaction_rules import parse_rules
from union_square.exporting.gathering import StoreSource, gather
from union_square.exporting.importing import Importer
from union_square.replaying.failures import ReplayFailure
from union_square.replaying.loading import NoRecording
from union_square.settings import Settings
from union_square.store.engine import open_existing
from union_square.store.ports import NoSuchSubject
from union_square.store.reader import SqlReader
from union_square.ui.built import style_folder
from union_square.ui.sharing import all_formats


class NoSuchFormat(ReplayFailure):
    """The message names those that there are."""


def export_text(settings: Settings, subject: str, name: str) -> tuple[str, int]:
    """The session or call in that format, and how many calls it holds. Raises NoSuchFormat, NoRecording,
    StoreUnavailable."""
    formats = {one.name: one for one in all_formats(style_folder())}
    if name not in formats:
        raise NoSuchFormat(f"there is no format {name!r}; there are {', '.join(formats)}")
    source = StoreSource(SqlReader(open_existing(settings.database)))
    try:
        exported = anyio.run(gather, source, subject, base_urls_of(settings))
    except NoSuchSubject as error:
        raise NoRecording(f"{error} (`union-square sessions` lists what is recorded)") from error
    return formats[name].write(exported), len(exported.calls)


def importer_of(settings: Settings) -> Importer:
    """What writes into this data folder's log."""
    return Importer(
        home=settings.home,
        log_folder=settings.log_folder,
        base_urls=base_urls_of(settings),
        rules=parse_rules(settings.redact, settings.redact_patterns),
    )


def base_urls_of(settings: Settings) -> dict[str, str]:
    return {name: upstream.base_url for name, upstream in settings.all_upstreams.items()}
