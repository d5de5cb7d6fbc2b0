"""Every metric gives its known value on encoders with known answers, through the real pass and the real transforms.

Each registered metric is held to a slow, literal reading of its definition, on every planted encoder; a new metric
without one fails here. Where the answer is known in closed form, it is stated as well.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.stats import f as fisher
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import KFold

from encaudit.encoders.planted import (
    Constant,
    Hash,
    Jittered,
    LinearEquivariant,
    Mixture,
    Planted,
    PowerSpectrum,
    QuarterTurn,
    Table,
)
from encaudit.metrics import ENCODER_METRICS, METRICS, measure
from encaudit.metrics.cloud import CLUSTERS, NEIGHBOURS
from encaudit.probe import encode_stack
from encaudit.results import Encodings, Latents, Skipped, Summary
from encaudit.stats import derangement, generator
from encaudit.transforms import parse_transform
from encaudit.types import ImageBatch

SEED = 3
SPECS = ("roll1", "rot90", "mirror", "permutation")
ENCODERS = {
    "constant": Constant(logvar=-1.0),
    "power": PowerSpectrum(logvar=-1.0),
    "turn": QuarterTurn(logvar=-1.0),
    "linear": LinearEquivariant(logvar=-1.0),
    "jittered": Jittered(logvar=-1.0),
    "hash": Hash(logvar=-1.0),
    "table": Table(logvar=-1.0),
    "mixture": Mixture(logvar=-1.0, invariant=0.4, lawful=0.3, scattering=0.2, hashing=0.1),
}


class Images:
    """A stack in memory: white noise with the same faint gradient, so that no law is exact by symmetry."""

    apix = None
    files = ()
    image_shape = (16, 16)

    def __init__(self, n: int = 120, seed: int = 0) -> None:
        self.index = np.arange(n)
        noise = torch.randn(n, 16, 16, generator=torch.Generator().manual_seed(seed))
        self.images = noise + 0.05 * torch.arange(16)

    def read(self, positions: np.ndarray) -> ImageBatch:
        rows = torch.from_numpy(positions)
        return ImageBatch(self.images[rows], rows)


def encoded(encoder: Planted, n: int = 120, specs: tuple[str, ...] = SPECS) -> Encodings:
    return encode_stack(encoder, Images(n), [parse_transform(spec) for spec in specs], seed=SEED)


def values_of(encodings: Encodings) -> dict[tuple[str, str | None], Summary | Skipped]:
    return {(one.metric, one.transform): one.value for one in measure(encodings, seed=SEED).measurements}


@pytest.fixture(scope="module", params=list(ENCODERS))
def audited(request: pytest.FixtureRequest):
    encodings = encoded(ENCODERS[request.param])
    return encodings, values_of(encodings)


# Literal readings of the definitions; None where there is nothing to measure.

Oracle = Callable[[Latents, Latents], float | None]


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """All distances between two clouds."""
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))


def random_distances(x: np.ndarray) -> np.ndarray:
    return np.linalg.norm(x - x[derangement(len(x), SEED)], axis=1)


def clouds(a: Latents, b: Latents) -> tuple[np.ndarray, np.ndarray]:
    return a.mu.astype(np.float64), b.mu.astype(np.float64)


def moved_by(a: Latents, b: Latents) -> np.ndarray:
    x, y = clouds(a, b)
    return np.linalg.norm(y - x, axis=1)


def ratio(a: Latents, b: Latents) -> float | None:
    unit = np.median(random_distances(clouds(a, b)[0]))
    return None if unit == 0 else float(np.median(moved_by(a, b)) / unit)


def sigma(a: Latents, b: Latents) -> float | None:
    return float(np.median(moved_by(a, b) / np.exp(-0.5) / np.sqrt(a.mu.shape[1])))


def kl(a: Latents, b: Latents) -> float | None:
    return float(np.median(moved_by(a, b) ** 2 / (2 * np.exp(-1.0))))


def auc(a: Latents, b: Latents) -> float | None:
    x, y = clouds(a, b)
    own, other = moved_by(a, b), np.linalg.norm(y - x[derangement(len(x), SEED)], axis=1)
    return float(np.mean([(o < r) + 0.5 * (o == r) for o in own for r in other]))


def places(a: Latents, b: Latents) -> tuple[np.ndarray, np.ndarray]:
    x, y = clouds(a, b)
    distances = apart(y, x)
    own = np.diag(distances)[:, None]
    tied = np.isclose(distances, own, rtol=1e-12, atol=0)
    return ((distances < own) & ~tied).sum(1), tied.sum(1) - 1


def rank(a: Latents, b: Latents) -> float | None:
    nearer, tied = places(a, b)
    return float(np.median((nearer + tied / 2) / (len(nearer) - 1)))


def recall(k: int) -> Oracle:
    def at_k(a: Latents, b: Latents) -> float | None:
        nearer, tied = places(a, b)
        shares = [
            sum(near + place < k for place in range(same + 1)) / (same + 1)
            for near, same in zip(nearer, tied, strict=True)
        ]
        return float(np.mean(shares))

    return at_k


def imbalance(a: Latents, b: Latents) -> float | None:
    """2/n times the mean place in b, ties half, of the image that is the nearest in a."""
    x, y = clouds(a, b)
    if not (np.ptp(x) and np.ptp(y)):
        return None
    before, after = apart(x, x), apart(y, y)
    np.fill_diagonal(before, np.inf)
    np.fill_diagonal(after, np.inf)
    own = after[np.arange(len(x)), before.argmin(axis=1)][:, None]
    tied = np.isclose(after, own, rtol=1e-12, atol=0)
    return float(2 / len(x) * (1 + ((after < own) & ~tied).sum(1) + 0.5 * (tied.sum(1) - 1)).mean())


def overlap(a: Latents, b: Latents) -> float | None:
    x, y = clouds(a, b)
    if not (np.ptp(x) and np.ptp(y)):
        return None

    def nearest(points: np.ndarray) -> np.ndarray:
        distances = apart(points, points)
        np.fill_diagonal(distances, np.inf)
        return np.argsort(distances, axis=1)[:, :NEIGHBOURS]

    pairs = zip(nearest(x), nearest(y), strict=True)
    return float(np.mean([len(set(one) & set(other)) / NEIGHBOURS for one, other in pairs]))


def aligned(a: Latents, b: Latents) -> float | None:
    x, y = clouds(a, b)
    spread = ((y - x) ** 2).sum(1).mean()
    return None if spread == 0 else float((((y - x).mean(0)) ** 2).sum() / spread)


def recovered(a: Latents, b: Latents) -> float | None:
    x, y = clouds(a, b)
    if not (np.ptp(x) and np.ptp(y)):
        return None
    left = 0.0
    for fit, test in KFold(5, shuffle=True, random_state=SEED).split(x):
        design = np.c_[x, np.ones(len(x))]
        weights = np.linalg.lstsq(design[fit], y[fit], rcond=None)[0]
        left += float(((y[test] - design[test] @ weights) ** 2).sum())
    return 1 - left / float(((y - y.mean(0)) ** 2).sum())


def kernel_alignment(a: Latents, b: Latents) -> float | None:
    x, y = clouds(a, b)
    if not (np.ptp(x) and np.ptp(y)):
        return None
    one, other = (centred @ centred.T for centred in (x - x.mean(0), y - y.mean(0)))
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


def energy(a: Latents, b: Latents) -> float | None:
    x, y = clouds(a, b)
    within = apart(x, x)
    if not within.any():
        return None
    unit = within.sum() / (len(x) * (len(x) - 1))
    return float((2 * apart(y, x).mean() - within.mean() - apart(y, y).mean()) / unit)


def rand_index(a: Latents, b: Latents) -> float | None:
    x, y = clouds(a, b)
    if not np.ptp(x):
        return None
    means = KMeans(CLUSTERS, n_init=3, random_state=SEED).fit(x)
    return float(adjusted_rand_score(means.predict(x), means.predict(y)))


ORACLES: dict[str, Oracle] = {
    "displacement": lambda a, b: float(np.median(moved_by(a, b))),
    "displacement_ratio": ratio,
    "displacement_sigma": sigma,
    "pair_auc": auc,
    "retrieval_rank": rank,
    "recall_at_1": recall(1),
    "recall_at_10": recall(10),
    "neighbour_overlap": overlap,
    "information_imbalance": imbalance,
    "information_imbalance_back": lambda a, b: imbalance(b, a),
    "posterior_kl": kl,
    "posterior_kl_symmetric": kl,  # the two doubts are the same
    "alignment": aligned,
    "recoverability": recovered,
    "cka": kernel_alignment,
    "marginal_distance": energy,
    "cluster_agreement": rand_index,
}


@pytest.mark.parametrize("metric", list(METRICS))
def test_every_metric_agrees_with_a_literal_reading_of_its_definition(metric: str, audited) -> None:
    assert metric in ORACLES, f"state what {metric} has to give, as a plain function of two clouds"
    encodings, values = audited
    for spec in ("identity", *SPECS):
        expected, found = ORACLES[metric](*encodings.pair(spec)), values[metric, spec]
        if expected is None:
            assert isinstance(found, Skipped), (spec, found)
        else:
            assert isinstance(found, Summary), (spec, found)
            assert found.median == pytest.approx(expected, rel=1e-6, abs=1e-6), spec


def information(reference: Latents) -> float:
    mu, sigma = reference.mu.astype(np.float64), np.exp(-0.5)
    z = mu + sigma * generator(SEED, "draws of the posterior").normal(size=mu.shape)
    told = []
    for one, own in zip(z, mu, strict=True):
        densities = norm.pdf(one, mu, sigma).prod(axis=1)
        told.append(np.log(norm.pdf(one, own, sigma).prod()) - np.log(densities.mean()))
    return float(np.mean(told))


def from_prior(mu: np.ndarray) -> np.ndarray:
    return (mu.astype(np.float64) ** 2 + np.exp(-1.0)) / 2


ENCODER_ORACLES: dict[str, tuple[str, Callable[[Latents], float]]] = {
    "active_units": ("active_units", lambda of: float((of.mu.astype(np.float64).var(axis=0) > 0.01).sum())),
    "prior_kl": ("prior_kl", lambda of: float(np.median(from_prior(of.mu).sum(axis=1)))),
    "dimension_kl": ("dimension_kl_2", lambda of: float(np.median(from_prior(of.mu[:, 1])))),
    "mutual_information": ("mutual_information", information),
}


@pytest.mark.parametrize("metric", list(ENCODER_METRICS))
def test_every_metric_of_the_encoder_agrees_with_a_literal_reading_of_its_definition(metric: str, audited) -> None:
    assert metric in ENCODER_ORACLES, f"state what {metric} has to give, as a plain function of the latents"
    encodings, values = audited
    name, oracle = ENCODER_ORACLES[metric]
    found = values[name, None]
    assert isinstance(found, Summary)
    assert found.median == pytest.approx(oracle(encodings.reference), rel=1e-6, abs=1e-6)


# Closed forms.


def medians(encoder: Planted, n: int, *specs: str) -> dict[tuple[str, str | None], float]:
    found = values_of(encoded(encoder, n, specs))
    return {key: value.median for key, value in found.items() if isinstance(value, Summary)}


@pytest.mark.parametrize(
    ("encoder", "spec"),
    [(PowerSpectrum(), "roll1"), (PowerSpectrum(), "roll:dx=3,dy=-2"), (QuarterTurn(), "rot90"), (Table(), "mirror")],
    ids=["power-roll1", "power-roll", "turn-rot90", "table-mirror"],
)
def test_what_is_invariant_is_found_to_be(encoder: Planted, spec: str) -> None:
    found = medians(encoder, 60, spec)
    assert found["displacement_ratio", spec] < 1e-5
    assert found["retrieval_rank", spec] == 0
    for agreement in ("pair_auc", "recall_at_1", "neighbour_overlap", "recoverability", "cka", "cluster_agreement"):
        assert found[agreement, spec] == pytest.approx(1, abs=1e-6)


def test_a_linear_law_is_recovered_and_moves_as_far_as_its_angles_say() -> None:
    encoder = LinearEquivariant()
    encodings = encoded(encoder, 100, ("roll1",))
    mu, turn = encodings.reference.mu.astype(np.float64), encoder.roll_matrix((16, 16), dx=1)
    delta = mu @ (turn - np.eye(4)).T
    found = medians(encoder, 100, "roll1")
    assert found["recoverability", "roll1"] == pytest.approx(1, abs=1e-9)
    assert found["displacement", "roll1"] == pytest.approx(np.median(np.linalg.norm(delta, axis=1)), rel=1e-5)
    expected = (delta.mean(0) ** 2).sum() / (delta**2).sum(1).mean()
    assert found["alignment", "roll1"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("scale", [0.2, 0.5, 1.0])
def test_a_jitter_of_a_known_size_is_measured_at_its_size(scale: float) -> None:
    found = medians(Jittered(scale=scale), 2000, "mirror")
    assert found["displacement_ratio", "mirror"] == pytest.approx(scale / np.sqrt(1 + scale**2), rel=0.05)
    assert found["recoverability", "mirror"] == pytest.approx(1 / (1 + scale**2) ** 2, abs=0.03)
    assert found["pair_auc", "mirror"] == pytest.approx(fisher.cdf((1 + scale**2) / scale**2, 4, 4), abs=0.02)


def test_a_hash_is_at_the_ceiling_of_everything() -> None:
    found = medians(Hash(), 2000, "roll1")
    assert found["displacement_ratio", "roll1"] == pytest.approx(1, abs=0.05)
    assert found["retrieval_rank", "roll1"] == pytest.approx(0.5, abs=0.04)
    assert found["pair_auc", "roll1"] == pytest.approx(0.5, abs=0.02)
    assert found["recoverability", "roll1"] == pytest.approx(0, abs=0.02)
    assert found["alignment", "roll1"] < 0.01


def test_the_shares_of_a_mixture_are_measured() -> None:
    found = medians(Mixture(8, invariant=0.4, lawful=0.3, scattering=0.2, hashing=0.1), 2000, "roll1")
    assert found["recoverability", "roll1"] == pytest.approx(0.4**2 + 0.3**2, abs=0.03)
    assert found["displacement_ratio", "roll1"] == pytest.approx(np.sqrt(0.6), rel=0.05)
