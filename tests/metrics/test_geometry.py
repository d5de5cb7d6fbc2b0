import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from encaudit.results import Skipped

from .planted import evaluate, interval, normal, pair, value


def test_a_translation_is_wholly_aligned_and_recoverable():
    mu = normal(200, 3)
    of = pair(mu, mu + np.float32([1, -2, 0.5]))
    assert value("alignment", of) == pytest.approx(1)
    assert value("recoverability", of) == pytest.approx(1)
    assert value("cka", of) == pytest.approx(1)


def test_scatter_has_an_alignment_of_one_over_n():
    found = [value("alignment", pair(np.zeros((50, 4)), normal(50, 4, seed))) for seed in range(200)]
    assert np.mean(found) == pytest.approx(1 / 50, rel=0.15)


def test_alignment_of_a_mixture_is_the_share_of_the_common_shift():
    mu = normal(20_000, 2)
    moved = mu + np.float32([1, 0]) + 0.5 * normal(20_000, 2, seed=1)
    assert value("alignment", pair(mu, moved)) == pytest.approx(1 / (1 + 0.25 * 2), rel=0.02)


def test_alignment_is_skipped_where_nothing_moved():
    mu = normal(30, 2)
    assert evaluate("alignment", pair(mu, mu)) == Skipped("nothing moved")


def test_an_affine_map_is_recoverable_and_a_hash_is_not():
    mu = normal(300, 3)
    mapped = mu @ normal(3, 3, seed=1) + 4
    assert value("recoverability", pair(mu, mapped)) == pytest.approx(1, abs=1e-9)
    assert value("recoverability", pair(mu, normal(300, 3, seed=2))) < 0.02


def test_recoverability_of_a_noisy_map_is_its_share_of_signal():
    mu = normal(5000, 2)
    moved = mu * np.float32([2, 1]) + normal(5000, 2, seed=1)
    assert value("recoverability", pair(mu, moved)) == pytest.approx((4 + 1) / (4 + 1 + 2), abs=0.01)


def test_recoverability_goes_from_reference_to_moved():
    mu = normal(2000, 1)
    assert value("recoverability", pair(mu, mu**2)) < 0.05  # the square follows from mu, but not affinely
    both = np.hstack([mu, normal(2000, 1, seed=1)])
    assert value("recoverability", pair(both, np.hstack([mu, mu]))) == pytest.approx(1)
    assert value("recoverability", pair(np.hstack([mu, mu]), both)) == pytest.approx(0.5, abs=0.03)


def test_recoverability_is_measured_on_images_that_the_map_was_not_fitted_on():
    mu, moved = normal(25, 8), normal(25, 8, seed=1)
    fitted_on_all = LinearRegression().fit(mu, moved).score(mu, moved)
    assert value("recoverability", pair(mu, moved)) < 0 < fitted_on_all


def test_recoverability_keeps_groups_out_of_their_own_fit():
    # every group has its own offset, written on the moved side only through a code that other groups do not share
    group = np.repeat(np.arange(12), 25)
    mu, offset = np.eye(12)[group], normal(12, 1)[group] * 5
    moved = np.hstack([offset, np.zeros((300, 11))])
    assert value("recoverability", pair(mu, moved)) == pytest.approx(1)
    assert value("recoverability", pair(mu, moved, groups=group)) < 0.1


@pytest.mark.parametrize(("n", "d", "measured"), [(4, 1, False), (5, 1, True), (7, 8, False), (24, 8, True)])
def test_recoverability_needs_enough_images_for_its_dimensions(n, d, measured):
    result = evaluate("recoverability", pair(normal(n, d), normal(n, d, seed=1)))
    assert isinstance(result, Skipped) is not measured


@pytest.mark.parametrize("metric", ["recoverability", "cka"])
def test_a_cloud_that_is_one_point_has_no_geometry(metric):
    point = np.full((50, 2), 0.1)  # its mean in float is not exactly 0.1
    assert isinstance(evaluate(metric, pair(normal(50, 2), point)), Skipped)
    assert isinstance(evaluate(metric, pair(point, normal(50, 2))), Skipped)


def test_cka_is_that_of_the_centred_gram_matrices():
    mu, moved = normal(80, 3) + 2, normal(80, 3, seed=1) @ np.diag([3, 1, 0.2]) - 1
    centring = np.eye(80) - 1 / 80
    gram, moved_gram = (
        centring @ x @ x.T @ centring for x in (mu.astype(float), moved.astype(np.float32).astype(float))
    )
    expected = (gram * moved_gram).sum() / np.linalg.norm(gram) / np.linalg.norm(moved_gram)
    assert value("cka", pair(mu, moved)) == pytest.approx(expected, rel=1e-9)


def test_cka_sees_neither_rotation_nor_scale_nor_shift():
    mu = normal(100, 3)
    turn = np.linalg.qr(normal(3, 3, seed=1))[0]
    assert value("cka", pair(mu, 1e-12 * (mu @ turn))) == pytest.approx(1)
    assert value("cka", pair(mu, mu * np.float32([1, 3, 9]))) < 0.95


@pytest.mark.parametrize("metric", ["recoverability", "cka"])
def test_identity_is_exactly_one(metric):
    for d in (1, 3, 8):
        mu = normal(100, d) * np.float32(10.0) ** -np.arange(d) + 3
        assert value(metric, pair(mu, mu.copy())) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(("metric", "truth"), [("alignment", 2 / 3), ("recoverability", 5 / 7), ("cka", None)])
def test_intervals_cover_the_truth_about_as_often_as_they_say(metric, truth):
    def drawn(n, seed):
        mu, noise = normal(n, 2, 2 * seed), normal(n, 2, 2 * seed + 1)
        if metric == "alignment":
            return pair(mu, mu + np.float32([1, 0]) + 0.5 * noise)
        return pair(mu, mu * np.float32([2, 1]) + noise)

    truth = truth or value(metric, drawn(100_000, 999))
    covered = 0
    for seed in range(80):
        low, high = interval(metric, drawn(150, seed))
        covered += low <= truth <= high
    assert covered >= 68
