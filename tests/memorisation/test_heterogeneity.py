"""Volume heterogeneity, on volumes whose distances are known."""

import numpy as np
import pytest

from encaudit.memorisation import relative_heterogeneity, volume_heterogeneity
from encaudit.results import Skipped, Summary

BOX = 6


def value(measured: Summary | Skipped) -> Summary:
    assert isinstance(measured, Summary)
    return measured


def unrelated(count: int, strength: float, seed: int = 0) -> np.ndarray:
    """Give one volume for all plus a part of each volume's own, of this norm beside the common one, orthogonal."""
    own = np.zeros((count, BOX**3))
    own[np.arange(count), 1 + np.arange(count)] = strength
    own[:, 0] = 1
    return own.reshape(count, BOX, BOX, BOX)


def test_one_volume_for_all_is_zero() -> None:
    assert value(volume_heterogeneity(unrelated(30, 0), 0)).ci_high == 0


@pytest.mark.parametrize("strength", [0.1, 1.0])
def test_orthogonal_parts_give_their_closed_form(strength: float) -> None:
    found = value(volume_heterogeneity(unrelated(30, strength), 0))
    expected = np.sqrt(2) * strength / np.sqrt(1 + strength**2)
    assert found.median == pytest.approx(expected)
    # all pairs are equally far apart, so no resample can differ: a volume drawn twice is no pair of distance zero
    assert found.ci_low == pytest.approx(expected)
    assert found.ci_high == pytest.approx(expected)


def test_volumes_without_anything_in_common_reach_the_root_of_two() -> None:
    volumes = np.random.default_rng(0).standard_normal((40, 16, 16, 16))
    assert value(volume_heterogeneity(volumes, 0)).median == pytest.approx(np.sqrt(2), abs=0.01)


def test_the_scale_of_the_density_does_not_matter() -> None:
    volumes = unrelated(10, 0.5)
    assert value(volume_heterogeneity(8 * volumes, 0)).median == pytest.approx(
        value(volume_heterogeneity(volumes, 0)).median
    )


def test_two_states_give_an_interval_that_holds_the_share_of_mixed_pairs() -> None:
    states = unrelated(2, 1.0)
    many = np.random.default_rng(0).integers(2, size=400)
    found = value(volume_heterogeneity(states[many], 0))
    assert found.ci_low is not None and found.ci_high is not None
    assert found.ci_low < 0.5 * value(volume_heterogeneity(states, 0)).median < found.ci_high + 0.01


def test_relative_to_a_reference_it_is_the_quotient() -> None:
    weak, strong = unrelated(25, 0.1), unrelated(30, 0.4)
    one, other = value(volume_heterogeneity(weak, 0)).median, value(volume_heterogeneity(strong, 0)).median
    assert value(relative_heterogeneity(weak, strong, 0)).median == pytest.approx(one / other)
    assert value(relative_heterogeneity(weak, weak, 0)).median == 1
    assert value(relative_heterogeneity(unrelated(30, 0), strong, 0)).median == 0


def test_what_cannot_be_compared_is_skipped() -> None:
    assert isinstance(volume_heterogeneity(unrelated(1, 1), 0), Skipped)
    assert isinstance(volume_heterogeneity(np.zeros((3, 4, 4, 4)), 0), Skipped)
    assert isinstance(relative_heterogeneity(unrelated(5, 1), unrelated(5, 0), 0), Skipped)
    assert isinstance(relative_heterogeneity(unrelated(5, 1), unrelated(1, 0), 0), Skipped)
