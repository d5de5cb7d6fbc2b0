"""What the decoder loses by a moved latent, where that is known in closed form."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from encaudit.encoders import open_encoder
from encaudit.images import open_stack
from encaudit.likelihood import elbo, elbo_change
from encaudit.probe import encode_stack
from encaudit.results import Encodings, Latents, Skipped, Summary
from encaudit.transforms import parse_transform
from tests.linear_gaussian import BOX, STD, ZDIM, LinearGaussian, MadeByTheModel

FIXTURE = Path(__file__).parent.parent / "fixtures" / "particles"
COUNT = 60
POSITIONS = np.arange(COUNT)


def latents(offset: float = 0.0, wider: float = 0.0, rows: np.ndarray | None = None) -> Latents:
    """The exact posteriors of the stack, off by so much in every dimension, and wider by so much in logvar."""
    stack = MadeByTheModel(COUNT, first_row=5)
    rows = np.arange(COUNT) if rows is None else rows
    q = LinearGaussian().encode(stack.read(rows))
    return Latents(q.mu.numpy() + np.float32(offset), q.logvar.numpy() + np.float32(wider), stack.index[rows])


def changes(
    encodings: Encodings, positions: np.ndarray | None = None, encoder: object = None, **options: object
) -> list:
    asked = encoder or LinearGaussian()
    stack = MadeByTheModel(COUNT, first_row=5)
    positions = np.arange(COUNT) if positions is None else positions
    explained = elbo(asked, stack, encodings, positions, seed=0)
    return elbo_change(asked, stack, encodings, list(encodings.moved), positions, explained, seed=0, **options)


def kl(offset: float, wider: float) -> float:
    """KL(q' || q) of such posteriors: what the ELBO loses by q' when q is exact."""
    variance = LinearGaussian().variance().numpy()
    return float((np.exp(wider) + offset**2 / variance - 1 - wider).sum() / 2)


def test_the_elbo_of_the_exact_posterior_is_the_evidence() -> None:
    explained = elbo(LinearGaussian(), MadeByTheModel(COUNT, first_row=5), Encodings(latents(), {}), POSITIONS, seed=0)
    pixels = MadeByTheModel(COUNT, first_row=5).read(POSITIONS).images.flatten(1).numpy()
    columns = LinearGaussian().columns().numpy()
    evidence = multivariate_normal(cov=columns @ columns.T + STD**2 * np.eye(BOX**2)).logpdf(pixels)
    constant = BOX**2 / 2 * np.log(2 * np.pi * STD**2)
    np.testing.assert_allclose(explained.of_images, evidence + constant, rtol=1e-4, atol=1e-3)
    found = explained.measurement
    assert (found.metric, found.transform, found.unit, found.floor) == ("elbo", None, "nats", None)
    assert found.value.median == pytest.approx(np.median(evidence) + constant, rel=1e-3)
    assert found.ceiling < found.value.ci_low


def test_a_worse_encoder_has_a_lower_elbo_on_every_image() -> None:
    stack = MadeByTheModel(COUNT, first_row=5)
    exact, off = (
        elbo(LinearGaussian(), stack, Encodings(latents(by), {}), POSITIONS, seed=0).of_images for by in (0.0, 0.3)
    )
    np.testing.assert_allclose(exact - off, kl(0.3, 0.0), rtol=1e-2)


def test_the_loss_is_the_divergence_from_the_exact_posterior() -> None:
    moved = {"roll1": latents(0.3), "rot90": latents(0.0, wider=0.5), "mirror": latents(-0.2, -1.0)}
    found = changes(Encodings(latents(), moved))
    for one, expected in zip(found, (kl(0.3, 0.0), kl(0.0, 0.5), kl(-0.2, -1.0)), strict=True):
        assert (one.metric, one.unit, one.floor) == ("elbo_change", "nats", 0.0)
        assert one.value.median == pytest.approx(expected, rel=1e-3)
        assert one.value.q95 == pytest.approx(expected, rel=1e-3)
    assert [one.transform for one in found] == list(moved)


def test_it_lies_between_the_identity_and_another_images_posterior() -> None:
    found, same = changes(Encodings(latents(), {"roll1": latents(0.1), "identity": latents()}))
    assert found.floor < found.value.median < found.ceiling
    assert found.ceiling > 1
    assert same.value.median == same.value.mean == 0.0


def test_it_is_measured_on_the_sample_and_on_what_a_transform_covers_of_it() -> None:
    covered = np.arange(20, 45)
    encodings = Encodings(latents(), {"roll1": latents(0.3), "renoise": latents(0.5, rows=covered)})
    whole, part = changes(encodings, positions=np.arange(0, COUNT, 2))
    assert (whole.value.n, part.value.n) == (30, 13)
    assert part.value.median == pytest.approx(kl(0.5, 0.0), rel=1e-3)
    (nothing,) = changes(Encodings(latents(), {"renoise": latents(0.5, rows=covered)}), positions=np.arange(10))
    assert nothing.value == Skipped("none of the sampled images is covered by this transform")


def test_micrographs_widen_the_interval_of_the_median() -> None:
    rng = np.random.default_rng(0)
    base = latents()
    moved = Latents(base.mu + rng.normal(size=(COUNT, ZDIM)).astype(np.float32), base.logvar, base.index)
    groups = np.argsort(np.argsort(np.abs(moved.mu - base.mu).sum(axis=1))) // 6  # alike within a group
    alone, grouped = (changes(Encodings(base, {"roll1": moved}), groups=codes)[0].value for codes in (None, groups))
    assert alone.median == grouped.median
    assert grouped.ci_high - grouped.ci_low > alone.ci_high - alone.ci_low


def test_what_the_decoder_cannot_judge_is_skipped_with_a_reason() -> None:
    class OnlyEncodes:
        latent_dim = ZDIM

    encodings = Encodings(latents(), {"roll1": latents(0.3), "untrained": latents(), "untrained+roll1": latents()})
    found = changes(encodings)
    assert isinstance(found[0].value, Summary)
    assert all("untrained encoder" in one.value.skipped for one in found[1:])
    assert all("no decoder" in one.value.skipped for one in changes(encodings, encoder=OnlyEncodes()))
    bare = Encodings(
        Latents(latents().mu, None, latents().index), {"roll1": Latents(latents().mu, None, latents().index)}
    )
    assert "no error bars" in changes(bare)[0].value.skipped


def test_a_real_run_explains_its_images_best_by_their_own_latents() -> None:
    stack = open_stack(FIXTURE / "particles.mrcs", poses=FIXTURE / "poses.pkl", ctf=FIXTURE / "ctf.pkl", n=120)
    encoder = open_encoder(str(FIXTURE / "run" / "weights.pkl")).encoder
    specs = ["roll1:frame=covariant", "rot90"]
    encodings = encode_stack(encoder, stack, [parse_transform(spec) for spec in specs], seed=0)
    positions = np.arange(0, 120, 2)
    explained = elbo(encoder, stack, encodings, positions, seed=0)
    covariant, turned = elbo_change(encoder, stack, encodings, specs, positions, explained, seed=0)
    assert abs(covariant.value.median) < 0.2 * turned.value.median
    assert 0 < turned.value.median < turned.ceiling
    without = open_stack(FIXTURE / "particles.mrcs", n=120)
    unknown = elbo(encoder, without, encodings, np.arange(10), seed=0)
    (refused,) = elbo_change(encoder, without, encodings, specs[:1], np.arange(10), unknown, seed=0)
    assert unknown.measurement.value == refused.value and unknown.of_images is None
    assert "--poses" in refused.value.skipped
