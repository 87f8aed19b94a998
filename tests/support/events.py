"""Hypothesis strategies for events."""

from typing import Any

from hypothesis import strategies as st

from union_square.domain import events as ev
from union_square.domain.ids import CallId

CALL = CallId("0192f0c1a2b37c4d8e5f60718293a4b5")

call_ids = st.binary(min_size=16, max_size=16).map(lambda raw: CallId(raw.hex()))
times = st.integers(min_value=0, max_value=2**63 - 1)
texts = st.text(max_size=40)
counts = st.integers(min_value=0, max_value=2**63 - 1)


def _common(call: st.SearchStrategy[CallId]) -> dict[str, Any]:
    return {"call_id": call, "at": times}


def events_of(call: st.SearchStrategy[CallId] = call_ids) -> st.SearchStrategy[ev.Event]:
    """Any event of any kind."""
    common = _common(call)
    return st.one_of(
        st.builds(
            ev.RequestHead,
            **common,
            upstream=texts,
            fingerprint=texts,
            recorded=st.booleans(),
            head=st.binary(max_size=80),
        ),
        st.builds(ev.RequestChunk, **common, data=st.binary(max_size=80)),
        st.builds(ev.RequestEnd, **common, total=counts),
        st.builds(ev.ResponseHead, **common, head=st.binary(max_size=80)),
        st.builds(ev.ResponseChunk, **common, data=st.binary(max_size=80)),
        st.builds(ev.ResponseEnd, **common, total=counts),
        st.builds(
            ev.Failure,
            **common,
            code=texts,
            message=texts,
            status=st.integers(0, 999),
            request_total=counts,
            response_total=counts,
        ),
        st.builds(ev.Gap, **common, observations=counts, bytes=counts, reason=texts),
        st.builds(ev.Unknown, **common, number=st.integers(11, 255), payload=st.binary(max_size=80)),
    )
