"""The filter language: how people say which calls they mean. PURE.

    model:gpt-4o status:error -tag:seen cost>0.10 ttft>2s after:2026-11-01 "exact phrase" word (tool:a OR tool:b)

A text is parsed into a frozen tree (`terms`), which is spelled out again (`spelling`), asked of a call in memory
(`fulfilling`), or turned into SQL (`store.conditions`). All of these agree; a law in the tests holds them to it.
"""

from union_square.domain.finding.fulfilling import Candidate, fulfils
from union_square.domain.finding.parsing import FilterError, parse_filter
from union_square.domain.finding.spelling import spell_filter
from union_square.domain.finding.terms import EVERYTHING, All, Filter, settle

__all__ = [
    "EVERYTHING",
    "All",
    "Candidate",
    "Filter",
    "FilterError",
    "fulfils",
    "parse_filter",
    "settle",
    "spell_filter",
]
