"""How true a percentile is that was made of times cut to three digits."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from union_square.domain.figures import percentile, three_digits

times = st.integers(0, 10**12)


@given(st.lists(times, min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_never_above_the_true_one_and_less_than_a_hundredth_below(
    exact: list[int], share: float
) -> None:
    true = percentile(Counter(exact), share)
    told = percentile(Counter(map(three_digits, exact)), share)
    assert true is not None
    assert told is not None
    assert told <= true
    assert true == told or true - told < true / 100


@given(st.lists(times, min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_the_smallest_time_that_enough_stayed_within(exact: list[int], share: float) -> None:
    found = percentile(Counter(exact), share)
    assert found in exact
    assert sum(one <= found for one in exact) >= share * len(exact) - 1e-6
    assert sum(one < found for one in exact) < share * len(exact)


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentile(Counter(), 0.5) is None
    assert [three_digits(us) for us in (0, 999, 1234, 12_345, 1_000_000)] == [0, 999, 1230, 12_300, 1_000_000]
