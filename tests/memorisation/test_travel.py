"""Table travel, on tables that were moved by a known amount."""

import numpy as np
import pytest

from encaudit.memorisation import table_travel

TABLE = np.random.default_rng(0).standard_normal((4_000, 3)).astype(np.float32)


def test_a_frozen_table_has_travelled_exactly_nowhere_even_where_all_entries_are_equal() -> None:
    for start in (TABLE, np.zeros((100, 2), np.float32)):
        found = table_travel(start, start, None, 0)
        assert (found.median, found.ci_low, found.ci_high) == (0, 0, 0)


def test_from_a_point_it_is_one() -> None:
    start = np.tile(TABLE.mean(axis=0), (len(TABLE), 1))
    assert table_travel(TABLE, start, None, 0).median == pytest.approx(1, abs=1e-5)


def test_of_a_table_that_forgot_its_start_it_is_the_root_of_two() -> None:
    start = np.random.default_rng(1).standard_normal(TABLE.shape)
    found = table_travel(TABLE, start, None, 0)
    assert found.median == pytest.approx(np.sqrt(2), abs=0.03)
    assert found.ci_low is not None and found.ci_high is not None
    assert found.ci_low < np.sqrt(2) < found.ci_high


def test_a_shift_counts_by_its_length_over_the_spread() -> None:
    spread = float(np.sqrt(((TABLE - TABLE.mean(axis=0)) ** 2).mean()))
    assert table_travel(TABLE, TABLE - 0.3, None, 0).median == pytest.approx(0.3 / spread, rel=1e-5)


def test_units_and_origin_of_the_latents_do_not_matter() -> None:
    start = TABLE + np.random.default_rng(2).standard_normal(TABLE.shape)
    plain = table_travel(TABLE, start, None, 0).median
    far = table_travel(1e3 + 7 * TABLE.astype(np.float64), 1e3 + 7 * start, None, 0).median
    assert far == pytest.approx(plain, rel=1e-9)
