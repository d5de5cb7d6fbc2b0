import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from encaudit.metrics import measure_against_renoise
from encaudit.metrics.against_noise import share_above
from encaudit.results import Encodings, Skipped

from .planted import latents, normal


def encodings(n=200, renoised=None, **moved):
    """A cloud, its renoise control on some of the rows, and transforms (mu, or (rows, mu))."""
    mu = normal(n, 3)
    rows, noise = np.arange(n) if renoised is None else renoised, 0.5 * normal(n, 3, seed=1)
    entries = {"identity": latents(mu), "renoise": latents(mu + noise).take(rows)}
    return Encodings(latents(mu), {**entries, **{spec: latents(mu + delta) for spec, delta in moved.items()}})


def only(found):
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("n", [5, 200])
def test_the_share_is_that_of_mann_and_whitney_with_ties_half(n):
    rng = np.random.default_rng(0)
    above, below = rng.integers(0, 9, size=(2, n)).astype(float)
    assert share_above(above, below)[0] == pytest.approx(mannwhitneyu(above, below).statistic / n**2)


def test_the_influence_is_the_derivative_by_the_weight_of_an_image():
    rng = np.random.default_rng(0)
    above, below = rng.normal(size=(2, 40))
    _, influence = share_above(above, below)
    exceeds = above[:, None] > below
    weights = np.ones(40)
    weights[7] += 1e-6
    shares = [(w @ exceeds @ w) / w.sum() ** 2 for w in (weights, np.ones(40))]
    assert influence[7] / 40 == pytest.approx((shares[0] - shares[1]) / 1e-6, rel=1e-4)


def test_a_transform_that_is_as_far_as_the_noise_is_at_one_half():
    found = only(measure_against_renoise(encodings(2000, roll1=0.5 * normal(2000, 3, seed=2)), "renoise", seed=0))
    assert (found.metric, found.transform, found.unit) == ("beyond_renoise", "roll1", "1")
    assert found.value.ci_low < 0.5 < found.value.ci_high
    assert found.value.median == pytest.approx(0.5, abs=0.03)
    assert found.floor == 0
    assert 0.9 < found.ceiling <= 1


def test_a_transform_that_moves_every_latent_further_is_at_one_and_one_that_moves_none_at_zero():
    planted = encodings(far=np.full((200, 3), 50.0), still=np.zeros((200, 3)))
    far, still = measure_against_renoise(planted, "renoise", seed=0)
    assert (far.value.median, still.value.median) == (1, 0)


def test_only_images_that_both_cover_are_compared():
    delta = 0.1 * normal(200, 3, seed=2)
    delta[100:] += 100  # far, but beyond the rows of the control
    found = only(measure_against_renoise(encodings(renoised=np.arange(100), roll1=delta), "renoise", seed=0))
    assert found.value.n == 100
    assert found.value.median < 0.1


def test_rows_of_two_partial_entries_are_matched_by_image():
    whole = encodings(roll1=np.arange(200)[:, None] * np.ones(3))
    part = Encodings(
        whole.reference,
        {
            "renoise": whole.moved["renoise"].take(np.arange(20, 90)),
            "roll1": whole.moved["roll1"].take(np.arange(50, 200)),
        },
    )
    same = Encodings(
        whole.reference.take(np.arange(50, 90)),
        {spec: whole.moved[spec].take(np.arange(50, 90)) for spec in ("renoise", "roll1")},
    )
    found, expected = (only(measure_against_renoise(of, "renoise", seed=0)) for of in (part, same))
    assert found == expected


def test_it_is_not_asked_of_the_identity_the_control_or_the_untrained():
    planted = encodings(untrained=normal(200, 3, 5), **{"untrained+roll1": normal(200, 3, 6)})
    assert measure_against_renoise(planted, "renoise", seed=0) == []


def test_it_is_skipped_for_few_common_images_and_where_nothing_moves():
    few = only(measure_against_renoise(encodings(renoised=np.arange(19), roll1=normal(200, 3, 2)), "renoise", seed=0))
    assert few.value == Skipped("only 19 images are encoded under both roll1 and renoise")
    mu = latents(normal(50, 2))
    still = only(measure_against_renoise(Encodings(mu, {"renoise": mu, "roll1": mu}), "renoise", seed=0))
    assert isinstance(still.value, Skipped)


def test_groups_widen_the_interval():
    group = np.repeat(np.arange(20), 10)
    delta = normal(200, 3, 2) * np.float32(1 + (group % 4))[:, None] * 0.2
    widths = []
    for groups in (None, np.array([f"mic{g}" for g in group])):
        value = only(measure_against_renoise(encodings(roll1=delta), "renoise", seed=0, groups=groups)).value
        widths.append(value.ci_high - value.ci_low)
    assert widths[1] > 1.3 * widths[0]
