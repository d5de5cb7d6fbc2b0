import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict

from encaudit.metrics import Covariate, astigmatism_covariate, defocus_covariate, measure_leakage, pose_covariate
from encaudit.results import Skipped

from .planted import latents, normal


def leakage(mu, covariate, groups=None, seed=0):
    (found,) = measure_leakage(latents(mu), {"it": covariate}, seed=seed, groups=groups)
    assert (found.metric, found.transform, found.unit) == ("leakage_it", None, "1")
    return found


def skipped(mu, covariate):
    value = leakage(mu, covariate).value
    assert isinstance(value, Skipped), value
    return value.skipped


def test_numbers_near_the_ends_of_float64_are_regressed_like_any_other():
    cloud = latents(normal(200, 3))
    covariate = np.linspace(-1, 1, 200)
    plain, huge = (measure_leakage(cloud, {"x": Covariate(covariate * size)}, seed=0)[0].value for size in (1.0, 1e308))
    assert huge.median == pytest.approx(plain.median, rel=1e-9)


def test_a_planted_leak_is_its_share_of_the_variance():
    known, noise = normal(5000, 1), normal(5000, 2, seed=1)
    mu = known * np.float32([2, 1]) + noise  # 4 + 1 of 4 + 1 + 2
    found = leakage(mu, Covariate(known[:, 0]))
    assert found.value.median == pytest.approx(5 / 7, abs=0.015)
    assert found.value.ci_low < 5 / 7 < found.value.ci_high
    assert found.floor == pytest.approx(0, abs=0.003)


def test_a_permuted_covariate_explains_nothing_and_is_not_clipped():
    found = [leakage(normal(60, 2, 2 * k), Covariate(normal(60, 3, 2 * k + 1))).value.median for k in range(20)]
    assert -0.2 < np.mean(found) < 0
    assert min(found) < 0


@pytest.mark.parametrize("p", [1, 4])
def test_it_is_principal_component_regression(p):
    # the definition of scib-metrics, sum_k Var(PC_k) R^2_k / sum_k Var(PC_k), with R^2 cross-validated
    known = normal(300, p)
    mu = (known[:, :1] * np.float32([1, 0.5, 0]) + normal(300, 3, seed=1) @ np.diag(np.float32([3, 1, 0.2]))).astype(
        np.float32
    )
    parts = PCA().fit_transform(mu.astype(np.float64))
    folds = KFold(5, shuffle=True, random_state=7)
    predicted = cross_val_predict(LinearRegression(), known.astype(np.float64), parts, cv=folds).reshape(300, 3)
    variance = parts.var(axis=0)
    explained = 1 - ((parts - predicted) ** 2).mean(axis=0) / variance
    assert leakage(mu, Covariate(known), seed=7).value.median == pytest.approx(
        (variance * explained).sum() / variance.sum(), rel=1e-9
    )


def test_categories_are_regressed_on_as_indicators():
    level = np.random.default_rng(0).integers(0, 6, 200)
    mu = normal(6, 2)[level] + normal(200, 2, seed=1)
    folds = KFold(5, shuffle=True, random_state=3)
    predicted = cross_val_predict(LinearRegression(), np.eye(6)[level], mu.astype(np.float64), cv=folds)
    expected = 1 - ((mu - predicted) ** 2).sum() / ((mu - mu.mean(axis=0)) ** 2).sum()
    named = np.array([f"mic{k}" for k in level])
    assert leakage(mu, Covariate(named, categorical=True), seed=3).value.median == pytest.approx(expected, rel=1e-5)


def test_a_level_that_a_fold_has_not_seen_is_given_the_general_mean():
    level = np.array([*range(15), *([99] * 85)])
    found = leakage(normal(100, 2), Covariate(level, categorical=True)).value.median
    assert found == pytest.approx(0, abs=0.1)


def test_more_levels_do_not_explain_more_by_being_many():
    level = np.random.default_rng(0).integers(0, 150, 300)
    assert leakage(normal(300, 2), Covariate(level, categorical=True)).value.median < 0


def test_what_only_its_own_group_could_tell_is_not_told_by_numbers():
    # each micrograph has its own latent, and its own defocus; a line cannot know one from the other
    group = np.repeat(np.arange(12), 25)
    mu, defocus = normal(12, 2, 1)[group] + 0.1 * normal(300, 2), normal(12, 1, 2)[group]
    columns = np.hstack([defocus**k for k in range(1, 9)])  # flexible enough to learn twelve values by heart
    assert leakage(mu, Covariate(columns)).value.median > 0.4
    assert leakage(mu, Covariate(columns), groups=group).value.median < 0.2


def test_a_micrograph_is_known_from_its_other_images_though_it_is_the_group():
    group = np.repeat(np.arange(12), 25)
    mu = normal(12, 2)[group] + normal(300, 2, seed=1)
    found = leakage(mu, Covariate(group, categorical=True), groups=group)
    assert found.value.median == pytest.approx(0.5, abs=0.2)
    assert found.value.ci_high - found.value.ci_low > 0.1


def test_optics_groups_of_several_micrographs_keep_these_whole():
    micrograph = np.repeat(np.arange(40), 10)
    optics = micrograph % 2
    mu = 2 * normal(40, 2)[micrograph] + 0.1 * normal(400, 2, seed=1)
    assert leakage(mu, Covariate(optics, categorical=True), groups=micrograph).value.median < 0.05


def test_a_pose_leaks_by_its_matrix_without_a_seam():
    turns = Rotation.random(2000, rng=np.random.default_rng(0)).as_matrix()
    mu = turns[:, 2, :] + 0.1 * normal(2000, 3)
    assert leakage(mu, pose_covariate(turns)).value.median == pytest.approx(1 / (1 + 0.03), abs=0.01)


def test_astigmatism_has_a_period_of_half_a_turn():
    ctf = np.zeros((4, 8))
    ctf[:, 1:4] = [[12000, 10000, 0], [12000, 10000, 180], [12000, 10000, 90], [10000, 12000, 0]]
    found = astigmatism_covariate(ctf).values
    assert found[0] == pytest.approx(found[1])
    assert found[2] == pytest.approx(found[3])
    assert found[0] == pytest.approx([2000, 0])
    assert defocus_covariate(ctf).values == pytest.approx([11000] * 4)


def test_what_cannot_be_asked_is_skipped_with_its_reason():
    mu = normal(60, 2)
    number, label = normal(60, 1)[:, 0].copy(), np.array(["a", "b"] * 30, dtype=object)
    assert skipped(mu, Covariate(np.ones(60))) == "all images have the same value"
    assert skipped(mu, Covariate(np.array(["x"] * 60), categorical=True)) == "all images have the same value, x"
    assert "a value of its own" in skipped(mu, Covariate(np.arange(60), categorical=True))
    assert "too few" in skipped(mu[:19], Covariate(number[:19]))
    assert "10 unknowns" in skipped(mu[:24], Covariate(normal(24, 9)))
    assert "nothing to explain" in skipped(np.ones((60, 2)), Covariate(number))
    number[:7], label[:2] = np.nan, None
    assert skipped(mu, Covariate(number)) == "7 of 60 images have no value"
    assert skipped(mu, Covariate(label, categorical=True)) == "2 of 60 images have no value"


def test_every_covariate_has_its_own_measurement_in_the_order_given():
    covariates = {"contrast": Covariate(normal(60, 1)), "bad": Covariate(np.ones(60)), "pose": Covariate(normal(60, 9))}
    names = [one.metric for one in measure_leakage(latents(normal(60, 2)), covariates, seed=0)]
    assert names == ["leakage_contrast", "leakage_bad", "leakage_pose"]
