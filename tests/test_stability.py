import numpy as np
import pytest

from encaudit.stability import overall, stability


def test_stability_is_one_for_the_own_nearest_and_zero_from_chance_on() -> None:
    ranks = np.array([0, 0.1, 0.25, 0.5, 0.8, 1])
    assert stability(ranks).tolist() == [1, 0.8, 0.5, 0, 0, 0]


def test_an_image_that_was_not_moved_has_no_stability() -> None:
    assert np.array_equal(stability(np.array([0, np.nan])), [1, np.nan], equal_nan=True)


def test_the_worst_transform_of_an_image_counts() -> None:
    columns = {"roll1": np.array([1, 0.2, 0.5]), "rot90": np.array([0.3, 0.9, 0.5])}
    assert overall(columns).tolist() == [0.3, 0.2, 0.5]
    assert overall({"roll1": columns["roll1"]}).tolist() == [1, 0.2, 0.5]


def test_an_image_that_lacks_a_transform_has_no_overall_stability() -> None:
    found = overall({"roll1": np.array([1, 1]), "rot90": np.array([np.nan, 0.5])})
    assert np.array_equal(found, [np.nan, 0.5], equal_nan=True)


def test_nothing_has_no_stability() -> None:
    with pytest.raises(AssertionError, match="no transform"):
        overall({})
