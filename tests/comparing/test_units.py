"""Losses of runs with other norms, betas, CTFs and poses are brought into one unit, and what differs is told."""

from pathlib import Path

import numpy as np
import pytest

from encaudit.results import Skipped
from encaudit.train.evaluation import losses_of
from tests.comparing.planted_runs import BETA, GAIN, MU, POINTS, RNG, D, N, losses, write_run
from tests.comparing.test_side_by_side import codes, compare, of_run, value
from tests.fresh_run import FreshRun
from tests.train.small_runs import objective_for, settings_for, train

FROZEN = {"init": "zero", "freeze": True}


def in_unit(told: dict[str, np.ndarray], factor: float, beta: float = BETA) -> dict[str, np.ndarray]:
    """The same run as it would have been measured with another std, and weighed by another beta."""
    scaled = {name: factor * values for name, values in told.items() if name.startswith("reconstruction")}
    return told | scaled | {"loss": scaled["reconstruction"] + beta / POINTS * told["kl"]}


def write_three(place: Path, **changes: object) -> list[str]:
    """A null run and a VAE of norm 10, and another VAE of norm 5, whose errors are then four times as large."""
    return [
        str(write_run(place / "null", "vlt", np.zeros((N, D)), losses(0), options=FROZEN, norm=(0, 10), travel=0.0)),
        str(write_run(place / "vae", "vae", MU, losses(GAIN, kl=2), norm=(0, 10))),
        str(write_run(place / "other", "vae", MU, in_unit(losses(0.5 * GAIN, kl=2), 4), norm=(1, 5), **changes)),
    ]


def test_reconstruction_errors_are_compared_in_the_unit_of_the_base_run(tmp_path: Path) -> None:
    found = compare(*write_three(tmp_path))
    other = of_run(found, "other")
    assert value(other.measures, "explained_heterogeneity") == pytest.approx(0.5)
    net = (0.5 * GAIN - 2 * BETA / POINTS) / (GAIN - 2 * BETA / POINTS)
    assert value(other.measures, "explained_heterogeneity_loss") == pytest.approx(net)
    assert value(other.measures, "kl") == 2
    assert other.loss_scale == 0.25
    assert other.curve[0] == (1, 0.25)
    np.testing.assert_allclose(found.particles["other/reconstruction"], losses(0.5 * GAIN)["reconstruction"])
    told = next(one.text for one in found.findings if one.code == "other-norm")
    assert "other measured images by another norm (1 +/- 5) than vae (0 +/- 10)" in told
    assert "multiplied by 0.25" in told
    assert of_run(found, "vae").loss_scale == 1


def test_the_kl_of_every_run_is_weighed_by_the_beta_of_the_base_run(tmp_path: Path) -> None:
    free = in_unit(losses(0.5 * GAIN, kl=2), 4, beta=0)
    paths = write_three(tmp_path)[:2]
    paths.append(str(write_run(tmp_path / "free", "vae", MU, free, norm=(0, 5), beta=0)))
    found = compare(*paths)
    net = (0.5 * GAIN - 2 * BETA / POINTS) / (GAIN - 2 * BETA / POINTS)
    assert value(of_run(found, "free").measures, "explained_heterogeneity_loss") == pytest.approx(net)
    told = next(one.text for one in found.findings if one.code == "other-beta")
    assert "free was trained with beta 0, vae with 0.25: E net weighs the KL of every run by 0.25" in told


def test_the_nats_of_a_twin_are_those_of_its_own_decoder(tmp_path: Path) -> None:
    twin = losses(0.4 * GAIN)
    twin["reconstruction_reshuffled"] = twin["reconstruction"] + 0.3 * GAIN
    paths = write_three(tmp_path)[:2]
    shown = RNG.standard_normal((N, D))
    for name, beta in (("twin", 0.5), ("free", 0.0)):
        told = in_unit(twin, 4, beta)
        paths.append(str(write_run(tmp_path / name, "twin", MU, told, norm=(0, 5), beta=beta, twin_mu=shown)))
    found = compare(*paths)
    assert value(of_run(found, "twin").measures, "twin_dependence") == pytest.approx(0.3)
    nats = value(of_run(found, "twin").measures, "twin_dependence_nats")
    assert nats == pytest.approx(4 * 0.3 * GAIN * POINTS / 0.5)
    nothing = of_run(found, "free").measures["twin_dependence_nats"]
    assert isinstance(nothing, Skipped) and "beta 0" in nothing.skipped


def test_a_norm_that_is_not_known_is_told(tmp_path: Path) -> None:
    paths = write_three(tmp_path)[:2]
    paths.append(str(write_run(tmp_path / "bare", "vae", MU, losses(0.5 * GAIN))))
    found = compare(*paths)
    assert "unknown-norm" in codes(found)
    assert value(of_run(found, "bare").measures, "explained_heterogeneity") == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("ctf", "words"), [(None, "other had no CTF and vae the CTF of ctf.pkl"), ("two", "other had")]
)
def test_another_ctf_is_told(ctf: str | None, words: str, tmp_path: Path) -> None:
    found = compare(*write_three(tmp_path, ctf=ctf))
    assert words in next(one.text for one in found.findings if one.code == "other-ctf")
    assert "other-poses" not in codes(found)


def test_a_decoder_that_says_the_same_in_another_unit_has_the_same_loss(run: FreshRun) -> None:
    """The rescaling is exact: the mask leaves out the coefficient at the origin, and the means cancel anyway."""
    one, other = (objective_for(settings_for(run, norm=(0.0, std))) for std in (25.0, 40.0))
    encode, decode = one.model.encode, one.model.forward
    other.model.encode = lambda images: encode(images * 40 / 25)
    other.model.forward = lambda *given: decode(*given) * 25 / 40
    everything = np.arange(30)
    mine, theirs = losses_of(one, everything, 0)[1], losses_of(other, everything, 0)[1]
    np.testing.assert_allclose(theirs * (40 / 25) ** 2, mine, rtol=1e-5)


def test_runs_that_were_trained_with_other_norms_come_out_alike(run: FreshRun, tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("one", "other")]
    for path, norm in zip(paths, [(0.0, 7.0), (0.5, 14.0)], strict=True):
        train(settings_for(run, norm=norm, epochs=1), Path(path))
    found = compare(*paths)
    one, other = (value(of_run(found, name).measures, "reconstruction") for name in ("one", "other"))
    raw = [np.load(Path(path) / "evaluation.npz")["reconstruction"].mean() for path in paths]
    assert raw[0] / raw[1] > 3
    assert one / other == pytest.approx(1, abs=0.1)
    assert "other-norm" in codes(found)
