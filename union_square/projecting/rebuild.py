"""Computing the store anew from what was recorded: after an update that understands more, or when in doubt.

Every archived call is folded again in the order of the calls' ids. Tags and annotations stay. Calls that are still open
are in the log, and the projector writes them again when it goes on. Stopped half way, it is simply run again.
"""

from collections.abc import Callable

from union_square.domain import records
from union_square.domain.ids import CallId
from union_square.domain.threads_kept import Memory
from union_square.projecting.batch import Batch
from union_square.projecting.open_call import OpenCall
from union_square.store.migrate import migrate
from union_square.store.ports import StoreWriter
from union_square.store.sql import SqlStore
from union_square.wire.prices import Prices

_AT_ONCE = 20


def rebuild(
    store: StoreWriter, progress: Callable[[int, int], None] = lambda _done, _total: None, prices: Prices = ()
) -> int:
    """Forget all projections and make them again; how many calls that were. `progress` is told how many of how many
    are done. No projector may run on the same store meanwhile. Raises StoreUnavailable; what is done then stays."""
    total, done = store.archived_count(), 0
    store.forget_projections()
    progress(done, total)
    batch, memory = Batch(store), Memory()
    after: CallId | None = None
    while some := store.archived(after, _AT_ONCE):
        for call_id, archive in some:
            call = OpenCall(call_id, memory, prices)
            for event, _ in records.decode(archive):
                call.apply(event)
            call.link = batch.link(call)
            batch.add(call.project())
            if batch.full:
                batch.flush()
            done += 1
        after = some[-1][0]
        batch.flush()
        progress(done, total)
    return done


def rebuild_store(
    database_url: str, progress: Callable[[int, int], None] = lambda _done, _total: None, prices: Prices = ()
) -> int:
    """`rebuild` of the database at that URL, brought to this version's tables first. Raises StoreUnavailable."""
    migrate(database_url)
    store = SqlStore(database_url)
    try:
        return rebuild(store.writer, progress, prices)
    finally:
        store.close()
