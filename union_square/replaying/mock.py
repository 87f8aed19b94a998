"""A mock without its sockets: a recording, the matching, the faults; and what came of it.

The server (`replaying.mock_server`) asks it for an answer to every request. For one thread.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http.client import responses
from typing import Any

from union_square.replaying.answering import Answer, answer_of, plain_answer, with_fault
from union_square.replaying.asking import Asked, read_asked
from union_square.replaying.errors import HEADER, error_body, unmatched_body, unmatched_words
from union_square.replaying.faults import Fault
from union_square.replaying.matching import Answered, Matcher, Mode
from union_square.replaying.recording import RecordedCall, Recording

MOST_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a mock was asked. `unmatched` and `unused` are words for people, one of each."""

    recorded: int
    requests: int
    answered: int
    unmatched: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Everything asked was answered, and everything recorded was asked for."""
        return not (self.unmatched or self.unused)

    @property
    def words(self) -> str:
        """For a terminal or a failed test."""
        lines = [f"Union Square mock: {self.requests} requests, {self.answered} answered of {self.recorded} recorded"]
        lines += [f"\n{words}" for words in self.unmatched[:MOST_NAMED]]
        if self.unused:
            lines.append("\nrecorded, and never asked for:")
            lines += [f"  {words}" for words in self.unused[:MOST_NAMED]]
            left = len(self.unused) - MOST_NAMED
            lines += [f"  … and {left} more"] if left > 0 else []
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to send, after how many seconds more than it says itself; `recorded`: the call it is of, None = no one's."""

    answer: Answer
    delay_seconds: float = 0.0
    recorded: RecordedCall | None = None


class Mock:
    """See the module. Calls of the recording that cannot be answered with are left out, and named in `left_out`."""

    def __init__(
        self, recording: Recording, *, mode: Mode = "strict", repeat: bool = False, faults: Sequence[Fault] = ()
    ) -> None:
        self.left_out = tuple(f"call {each.id}: {each.left_out}" for each in recording.calls if each.left_out)
        self.faults: list[Fault] = list(faults)
        self._calls = [each for each in recording.calls if not each.left_out]
        self._upstreams = (*recording.upstreams, "")
        self._asked = [_asked_of(each) for each in self._calls]
        self._names = tuple(f"{n} ({_name(asked)})" for n, asked in enumerate(self._asked, 1))
        self._matcher = Matcher(self._asked, mode=mode, repeat=repeat)
        self._requests = 0

    def reply(self, head: bytes, body: bytes, fault: Fault | None = None) -> Reply:
        """What answers a request. `fault` is the request's own, which goes before those of the mock."""
        self._requests += 1
        fault = fault or self._take_fault()
        asked = [read_asked(head, body, upstream) for upstream in self._upstreams]
        if fault is not None and fault.kind == "fail":
            return self._fail(asked[0], int(fault.value or 503))
        found = self._matcher.match(asked)
        delay = (fault.value or 0.0) if fault is not None and fault.kind == "delay" else 0.0
        if isinstance(found, Answered):
            recorded = self._calls[found.index]
            return Reply(answer=with_fault(answer_of(recorded), fault), delay_seconds=delay, recorded=recorded)
        content = unmatched_body(found, self._names)
        answer = plain_answer(404, "Not Found", content, (HEADER, "unmatched"), ("x-should-retry", "false"))
        return Reply(answer=answer, delay_seconds=delay)

    def report(self) -> Report:
        return Report(
            recorded=len(self._calls),
            requests=self._requests,
            answered=self._matcher.answered,
            unmatched=tuple(unmatched_words(each, self._names) for each in self._matcher.unmatched),
            unused=tuple(f"call {self._names[index]}" for index in self._matcher.unused),
        )

    def reset(self) -> None:
        """Begin anew: nothing was asked, and the faults are gone."""
        self._matcher.reset()
        self._requests = 0
        self.faults.clear()

    def _take_fault(self) -> Fault | None:
        """The fault of this request; one that is for a certain request is spent by it."""
        for fault in self.faults:
            if fault.only is None:
                return fault
            if fault.only == self._requests:
                self.faults.remove(fault)
                return fault
        return None

    def fail_next(self, fault: Fault) -> None:
        """Let the request after the next `only` - 1 ones (the next one, where it says none) meet that fault."""
        self.faults.insert(0, replace(fault, only=self._requests + (fault.only or 1)))

    def _fail(self, asked: Asked, status: int) -> Reply:
        message = f"Union Square mock: this request was to fail with status {status}"
        content = error_body(asked.request.dialect, status, "asked_to_fail", message)
        return Reply(answer=plain_answer(status, responses.get(status, "Failed"), content, (HEADER, "fault")))


def report_json(report: Report) -> dict[str, Any]:
    """For the control endpoint."""
    return {
        "recorded": report.recorded,
        "requests": report.requests,
        "answered": report.answered,
        "unmatched": list(report.unmatched),
        "unused": list(report.unused),
        "clean": report.is_clean,
    }


def control_answer(status: int, value: Any) -> Answer:
    """A JSON answer of the control endpoints."""
    return plain_answer(status, responses[status], json.dumps(value, ensure_ascii=False).encode() + b"\n")


def _asked_of(recorded: RecordedCall) -> Asked:
    call = recorded.call
    return read_asked(call.request_head, b"" if call.status == 101 else bytes(call.request.data), call.upstream)


def _name(asked: Asked) -> str:
    said = next((facet.shown for facet in reversed(asked.facets) if facet.shown.startswith("user:")), "")
    short = said if len(said) <= 60 else said[:59] + "…"
    return f"{asked.method} {asked.path}" + (f", {short}" if short else "")
