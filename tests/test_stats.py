import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encaudit import stats
from encaudit.results import Summary


@given(st.integers(2, 200), st.integers(-5, 2**40))
def test_a_derangement_leaves_nobody_at_home_and_is_one_cycle(n, seed):
    partner = stats.derangement(n, seed)
    visited, at = {0}, int(partner[0])
    while at != 0:
        visited.add(at)
        at = int(partner[at])
    assert len(visited) == n
    assert np.array_equal(partner, stats.derangement(n, seed))


@given(st.integers(3, 200))
def test_the_square_of_a_derangement_is_one_too(n):
    partner = stats.derangement(n, seed=0)
    assert (partner[partner] != np.arange(n)).all()


def test_draws_depend_on_the_seed_and_on_their_purpose():
    draws = {stats.generator(seed, purpose).random() for seed in (-1, 0, 1) for purpose in ("a", "b")}
    assert len(draws) == 6
    assert stats.generator(1, "a").random() == stats.generator(1, "a").random()


def test_images_are_summarized_by_their_quantiles():
    values = np.arange(101.0)
    found = stats.summarize_images(values, None)
    assert (found.q05, found.q25, found.median, found.q75, found.q95) == (5, 25, 50, 75, 95)
    assert found.mean == 50
    assert found.n == 101
    assert found.ci_low < 50 < found.ci_high


def test_a_data_set_has_its_one_value_everywhere():
    assert stats.summarize_dataset(0.3, (0.2, 0.4), 7) == Summary(0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.2, 0.4, 7)


@pytest.mark.parametrize(
    ("n", "n_groups", "known"), [(19, None, False), (20, None, True), (100, 4, False), (100, 5, True), (19, 19, False)]
)
def test_small_samples_have_a_value_but_no_interval(n, n_groups, known):
    groups = None if n_groups is None else np.arange(n) % n_groups
    values = np.random.default_rng(0).random(n)
    found = stats.summarize_images(values, groups)
    assert np.isfinite(found.median)
    for low, high in [
        (found.ci_low, found.ci_high),
        stats.influence_interval(0.5, values - values.mean(), groups),
        stats.share_interval(values, groups),
    ]:
        assert ((low is not None), (high is not None)) == (known, known)


def test_median_interval_covers_the_median_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(100):
        low, high = stats.median_interval(rng.exponential(size=60), None)
        covered += low <= np.log(2) <= high
    assert 86 <= covered <= 99


def test_median_interval_is_that_of_the_order_statistics():
    values = np.random.default_rng(0).permutation(np.arange(1.0, 101.0))
    # the exact binomial interval of 95 % for n = 100 is that of the 40th and the 61st value
    assert stats.median_interval(values, None) == pytest.approx((40, 61), abs=1)


def test_a_median_at_which_most_values_stand_is_certain():
    assert stats.median_interval(np.repeat([0.0, 1.0], [80, 20]), None) == (0, 0)


def test_what_images_do_to_the_median_value_widens_its_interval():
    rng = np.random.default_rng(3)
    covered = np.zeros(2)
    for _ in range(200):
        own, shared = rng.normal(size=(2, 300))
        values = own + 3 * shared.mean()  # every value depends on all images
        for row, influence in enumerate([None, 3 * (shared - shared.mean())]):
            low, high = stats.median_interval(values, None, influence)
            covered[row] += low <= 0 <= high
    assert covered[0] < 130 < 181 < covered[1]


def test_influence_on_the_median_is_minus_half_or_half_by_the_density():
    values = np.random.default_rng(0).normal(size=20_001)
    influence = stats.median_influence(values, None)
    assert np.unique(np.sign(influence)).tolist() == [-1, 0, 1]
    assert influence.max() == pytest.approx(0.5 * np.sqrt(2 * np.pi), rel=0.1)


def test_the_interval_of_an_explained_share_is_that_of_the_jackknife_over_groups():
    rng = np.random.default_rng(0)
    groups, total = np.arange(70) % 7, rng.exponential(size=70)
    residual = total * rng.random(70)
    value, (low, high) = stats.explained_share(residual, total, groups)
    assert value == pytest.approx(1 - residual.sum() / total.sum())
    without = np.array([1 - residual[groups != g].sum() / total[groups != g].sum() for g in range(7)])
    error = np.sqrt(7 / 6 * ((6 * (value - without)) ** 2).sum()) / 7
    assert (high - low) / 2 / stats.student(70, groups) == pytest.approx(error * 7 / 6, rel=1e-9)


def test_the_error_of_pairs_is_that_of_their_spread_over_data_sets():
    def drawn(rng, n=60):
        x, partner = rng.normal(size=n), stats.derangement(n, 0)
        pairs = (x + 1) * (x[partner] + 1)
        return x, pairs, partner

    rng = np.random.default_rng(0)
    found, errors = [], []
    for _ in range(2000):
        x, pairs, partner = drawn(rng)
        found.append(x.mean() + pairs.mean())
        errors.append(stats.paired_error(x - x.mean(), pairs - pairs.mean(), partner, None))
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(found), rel=0.05)


def test_pairs_within_a_group_and_between_two_are_counted_once():
    groups = np.array([0, 0, 0, 1, 1, 2, 2, 3, 4, 4])
    partner = np.array([1, 3, 4, 0, 5, 6, 9, 8, 7, 2])
    own, of_pairs = np.random.default_rng(0).normal(size=(2, 10))
    terms = [*((value, {g}) for value, g in zip(own, groups, strict=True))]
    terms += [(value, {groups[i], groups[partner[i]]}) for i, value in enumerate(of_pairs)]
    expected = sum(a * b for a, of_a in terms for b, of_b in terms if of_a & of_b)
    assert expected > 0
    found = stats.paired_error(own, of_pairs, partner, groups)
    assert found == pytest.approx(np.sqrt(5 / 4 * expected) / 10)


def test_an_image_its_own_group_has_the_error_of_pairs_without_groups():
    partner = stats.derangement(30, 1)
    own, of_pairs = np.random.default_rng(0).normal(size=(2, 30))
    grouped = stats.paired_error(own, of_pairs, partner, np.arange(30))
    assert grouped == pytest.approx(stats.paired_error(own, of_pairs, partner, None))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_probability_of_all_or_nothing_is_not_certain(value):
    low, high = stats.probability_interval(value, 0.0, np.zeros(100), None)
    assert low <= value <= high
    assert high - low == pytest.approx(0.038, abs=0.001)


def test_a_probability_in_the_middle_has_its_error_to_either_side():
    low, high = stats.probability_interval(0.5, 0.01, np.zeros(1000), None)
    assert (0.5 - low, high - 0.5) == pytest.approx((0.0196, 0.0196), rel=0.01)


def test_intervals_by_group_cover_where_intervals_by_image_do_not():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(25), 10)
    covered = np.zeros(4)
    for _ in range(60):
        values = rng.normal(size=25)[groups] + rng.normal(size=250)
        influence = values - values.mean()
        for row, (low, high) in enumerate(
            [
                stats.median_interval(values, groups),
                stats.median_interval(values, None),
                stats.influence_interval(values.mean(), influence, groups),
                stats.influence_interval(values.mean(), influence, None),
            ]
        ):
            covered[row] += low <= 0 <= high
    assert (covered[[0, 2]] >= 51).all()
    assert (covered[[1, 3]] <= 48).all()


def test_the_error_of_a_mean_is_the_standard_error():
    values = np.random.default_rng(0).normal(size=50)
    assert stats.influence_error(values - values.mean(), None) == pytest.approx(values.std(ddof=1) / np.sqrt(50))


def test_every_image_its_own_group_is_no_group_at_all():
    values = np.random.default_rng(0).normal(size=50)
    groups = np.random.default_rng(1).permutation(50)
    assert stats.influence_error(values, groups) == pytest.approx(stats.influence_error(values, None))


def test_intervals_stay_within_what_the_statistic_can_be():
    wild = np.where(np.arange(40) % 2, 5.0, -5.0)
    assert stats.influence_interval(0.5, wild, None, least=0, most=1) == (0, 1)


def test_share_interval_is_wilsons():
    hits = np.repeat([1.0, 0.0], [30, 70])
    low, high = stats.share_interval(hits, None)
    # by hand: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), p = 0.3, n = 100
    assert low == pytest.approx(0.2189, abs=0.001)
    assert high == pytest.approx(0.3958, abs=0.001)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_all_or_nothing_is_not_certain(share):
    low, high = stats.share_interval(np.full(100, share), np.arange(100) % 10)
    assert high - low == pytest.approx(0.037, abs=0.001)
    assert low <= share <= high


def test_clustered_hits_widen_the_interval_of_a_share():
    groups = np.repeat(np.arange(20), 10)
    hits = (groups < 8).astype(float)
    assert np.diff(stats.share_interval(hits, groups)) > 2 * np.diff(stats.share_interval(hits, None))


def test_a_replicate_that_is_not_a_number_leaves_no_interval():
    assert stats.percentile_interval(np.array([1.0, np.inf])) == stats.NO_INTERVAL
