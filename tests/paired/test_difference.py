"""How far apart are two audits, and does the interval hold what it says?"""

from dataclasses import replace

import numpy as np
import pytest

from encaudit.paired import PAIRED_METRICS, Particles, paired_difference, unpaired_difference
from encaudit.results import Summary


def audit_of(
    displacement: np.ndarray, *, index: np.ndarray | None = None, groups: np.ndarray | None = None
) -> Particles:
    n = len(displacement)
    return Particles(
        np.arange(n) if index is None else index,
        groups,
        {
            "roll1/displacement": displacement,
            "roll1/random_distance": np.full(n, 2.0),
            "roll1/rank": np.arange(n) / n,
            "elbo": -displacement,
        },
        of=n,
    )


def summary(value: float, low: float | None, high: float | None) -> Summary:
    return Summary(value, value, value, value, value, value, low, high, 100)


def test_what_all_images_share_has_an_exact_difference() -> None:
    # each image moves 0.5 further, so that the interval of the paired difference has no width at all
    drawn = np.random.default_rng(0).normal(5, 2, 500)
    found = paired_difference("displacement", "roll1", audit_of(drawn), audit_of(drawn + 0.5))
    assert found is not None and found.paired and found.n == 500
    assert (found.change, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))


def test_the_ratio_is_in_random_distances_and_the_elbo_of_no_transform() -> None:
    drawn = np.random.default_rng(0).normal(5, 2, 500)
    ratio = paired_difference("displacement_ratio", "roll1", audit_of(drawn), audit_of(drawn + 0.5))
    elbo = paired_difference("elbo", None, audit_of(drawn), audit_of(drawn + 0.5))
    assert ratio is not None and ratio.change == pytest.approx(0.25)
    assert elbo is not None and elbo.change == pytest.approx(-0.5)


@pytest.mark.parametrize("apart", [0, 255])
def test_a_ratio_to_nothing_in_all_or_in_some_resamples_is_no_difference(apart: int) -> None:
    drawn = np.random.default_rng(0).normal(5, 2, 500)
    audit = audit_of(drawn)
    audit.columns["roll1/random_distance"][apart:] = 0.0
    assert paired_difference("displacement_ratio", "roll1", audit_of(drawn), audit) is None
    assert paired_difference("displacement_ratio", "roll1", audit, audit) is None


def test_images_are_matched_by_their_stack_row() -> None:
    drawn = np.random.default_rng(0).normal(5, 2, 100)
    shuffled = np.random.default_rng(1).permutation(100)
    found = paired_difference("displacement", "roll1", audit_of(drawn), audit_of(drawn[shuffled], index=shuffled))
    assert found is not None and (found.change, found.low, found.high) == (0, 0, 0)


def test_only_images_that_both_have_count() -> None:
    drawn = np.random.default_rng(0).normal(5, 2, 100)
    other = drawn.copy()
    other[:30] = np.nan
    found = paired_difference("displacement", "roll1", audit_of(drawn), audit_of(other))
    assert found is not None and found.n == 70 and found.change == 0


def test_the_interval_holds_the_true_change_in_19_of_20_data_sets() -> None:
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        base = rng.normal(5, 3, 200)
        found = paired_difference(
            "displacement", "roll1", audit_of(base), audit_of(base + 1 + rng.normal(0, 0.5, 200)), seed=seed
        )
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= 1 <= found.high
    assert 0.9 <= held / 200 <= 1


def test_groups_make_it_wider_where_images_of_one_go_together() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 25)
    base, step = rng.normal(5, 0.1, 500), rng.normal(0, 1, 20)[groups]
    widths = []
    for known in (None, groups):
        found = paired_difference(
            "displacement", "roll1", audit_of(base, groups=known), audit_of(base + step, groups=known)
        )
        assert found is not None and found.low is not None and found.high is not None
        widths.append(found.high - found.low)
    assert widths[1] > 2 * widths[0]


def test_few_images_or_few_groups_have_a_difference_and_no_interval() -> None:
    few, grouped = np.arange(10.0), np.arange(100.0)
    assert (found := paired_difference("displacement", "roll1", audit_of(few), audit_of(few + 1))) is not None
    assert (found.change, found.low, found.high) == (1, None, None)
    groups = np.arange(100) % 3
    found = paired_difference(
        "displacement", "roll1", audit_of(grouped, groups=groups), audit_of(grouped, groups=groups)
    )
    assert found is not None and found.low is None


def test_what_was_not_measured_image_by_image_has_no_paired_difference() -> None:
    one = audit_of(np.arange(50.0))
    assert paired_difference("cka", "roll1", one, one) is None
    assert paired_difference("posterior_kl", "roll1", one, one) is None
    assert paired_difference("displacement", "rot90", one, one) is None


def test_recall_counts_the_images_among_the_nearest() -> None:
    # ranks 0, 1/50, ... : places 1, 1.98, ... of 49 others
    one = audit_of(np.arange(50.0))
    first, ten = (paired_difference(name, "roll1", one, one) for name in ("recall_at_1", "recall_at_10"))
    assert first is not None and first.one == pytest.approx(1 / 50)
    assert ten is not None and ten.one == pytest.approx(10 / 50)


def test_ranks_are_places_among_the_images_that_were_ranked() -> None:
    # of 1,000 images, 50 were asked, and ranked among these
    one = replace(audit_of(np.arange(50.0)), of=1_000)
    found = paired_difference("recall_at_10", "roll1", one, one, measured_on=(50, 50))
    assert found is not None and found.one == pytest.approx(10 / 50)


def test_a_large_audit_is_compared_on_a_sample() -> None:
    drawn = np.random.default_rng(0).normal(5, 2, 50_000)
    found = paired_difference("displacement", "roll1", audit_of(drawn), audit_of(drawn + 1))
    assert found is not None and found.n == 20_000 and found.change == pytest.approx(1)


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(0)
    one, other = audit_of(rng.normal(5, 2, 100)), audit_of(rng.normal(5, 2, 100))
    first, again, elsewhere = (paired_difference("displacement", "roll1", one, other, seed=s) for s in (0, 0, 1))
    assert first == again != elsewhere


def test_unpaired_intervals_add_like_those_of_independent_values() -> None:
    found = unpaired_difference("cka", "roll1", summary(0.5, 0.2, 0.9), summary(1.0, 0.6, 1.3))
    assert not found.paired and found.change == 0.5
    assert found.low == pytest.approx(0.5 - np.hypot(0.4, 0.4)) and found.high == pytest.approx(
        0.5 + np.hypot(0.3, 0.3)
    )
    assert unpaired_difference("cka", "roll1", summary(0.5, None, None), summary(1.0, 0.6, 1.3)).low is None


def test_every_paired_metric_is_one_that_audits_report() -> None:
    from encaudit.likelihood import ELBO
    from encaudit.metrics import ENCODER_METRICS, METRICS

    assert set(PAIRED_METRICS) <= {*METRICS, *ENCODER_METRICS, ELBO}
