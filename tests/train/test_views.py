"""What the encoder sees, against what cryoDRGN's own functions make of the same images."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from encaudit.errors import InputError
from encaudit.train.objective import Step
from encaudit.train.views import augmentations, drawn_move
from encaudit.transforms import derangement, parse_transform
from encaudit.types import Posterior
from tests.fresh_run import FreshRun
from tests.train.small_runs import fixture_settings, objective_for, settings_for

ROWS = torch.tensor([4, 0, 7])


def theirs(run: FreshRun, rows: Tensor, norm: tuple[float, float], pixels: np.ndarray | None = None) -> Tensor:
    """Images centred by cryoDRGN's own data set and functions."""
    from cryodrgn.commands.train_vae import preprocess_input
    from cryodrgn.dataset import ImageDataset
    from cryodrgn.lattice import Lattice

    data = ImageDataset(str(run.particles), lazy=False, norm=norm, invert_data=True, max_threads=1)
    taken = data[rows.tolist()]["y"] if pixels is None else data._process(torch.from_numpy(pixels[rows]))[1]
    shifts = torch.from_numpy(run.fractions[rows] * data.D)
    return preprocess_input(taken, Lattice(data.D), shifts)


def sign(run: FreshRun, rows: Tensor) -> Tensor:
    from cryodrgn.ctf import compute_ctf
    from cryodrgn.lattice import Lattice

    lattice = Lattice(17)
    table = torch.from_numpy(run.ctf[rows, 1:])
    freqs = lattice.freqs2d / table[:, :1, None]
    return compute_ctf(freqs, *torch.split(table[:, 1:], 1, 1)).sign().view(-1, 17, 17)


def masked(objective, images: Tensor) -> Tensor:
    return images.flatten(1)[:, objective._frame.lattice.get_circular_mask(8)]


def test_images_are_prepared_as_cryodrgn_prepares_them(run: FreshRun) -> None:
    objective = objective_for(settings_for(run, norm=(0.0, 25.0)))
    ours = objective.particles.on_lattice(ROWS)
    torch.testing.assert_close(masked(objective, ours), masked(objective, theirs(run, ROWS, (0.0, 25.0))))
    assert objective.view.seen(ROWS, ROWS, None) is None


@pytest.mark.parametrize("ctf", ["own", "target", "none"])
def test_a_permuted_twin_is_another_image_centred_by_its_own_translation(ctf: str, run: FreshRun) -> None:
    objective = objective_for(settings_for(run, "twin", norm=(0.0, 25.0), seed=3, twin_ctf=ctf))
    twins = torch.from_numpy(derangement(30, 3))[ROWS]
    assert (twins != ROWS).all()
    expected = theirs(run, twins, (0.0, 25.0))
    if ctf != "none":
        expected = expected * sign(run, twins if ctf == "own" else ROWS)
    seen = objective.view.seen(ROWS, ROWS, Step(1, 0, torch.empty(0)))
    torch.testing.assert_close(masked(objective, seen), masked(objective, expected))
    assert objective.view.seen(ROWS, ROWS, Step(9, 4, torch.empty(0))).equal(seen)  # in every epoch the same


def test_a_noise_twin_is_the_noise_that_the_probe_draws(run: FreshRun) -> None:
    from encaudit.images import open_stack

    objective = objective_for(settings_for(run, "twin", twin="noise", norm=(0.0, 25.0), seed=3))
    stack = open_stack(run.particles, poses=run.folder / "poses.pkl", ctf=run.folder / "ctf.pkl", seed=3)
    batch = stack.read(np.arange(30)).with_(moments=stack.moments)
    noise = parse_transform("noise")(batch, seed=3).images.numpy()
    expected = theirs(run, ROWS, (0.0, 25.0), noise) * sign(run, ROWS)
    torch.testing.assert_close(masked(objective, objective.view.seen(ROWS, ROWS, None)), masked(objective, expected))


def test_reshuffled_twins_are_those_of_others(run: FreshRun) -> None:
    objective = objective_for(settings_for(run, "twin", seed=3))
    others = torch.tensor([9, 8, 1])
    assert objective.view.seen(ROWS, others, None).equal(objective.view.seen(others, others, None))
    noise = torch.zeros(3, 3)
    own, exchanged = objective.per_image(ROWS, noise), objective.per_image(ROWS, noise, others)
    assert exchanged.kl.equal(objective.per_image(others, noise).kl)
    assert not exchanged.reconstruction.equal(own.reconstruction)


def test_an_augmented_image_is_what_the_probe_shows(run: FreshRun) -> None:
    from encaudit.encoders.cryodrgn import CryodrgnEncoder
    from encaudit.images import open_stack
    from encaudit.train.particle_config import config_of
    from encaudit.train.particle_run import opened

    settings = settings_for(run, augment=("roll", "rotate"), norm=(0.0, 25.0))
    objective = objective_for(settings)
    step = Step(2, 5, torch.empty(0))
    seen = objective.view.seen(ROWS, ROWS, step)
    encoder = CryodrgnEncoder(config_of(settings, opened(settings)), objective.model.state_dict())
    stack = open_stack(run.particles, poses=run.folder / "poses.pkl", ctf=run.folder / "ctf.pkl")
    move = parse_transform(drawn_move(settings.augment, settings.seed, 2, 5))
    moved = move(stack.read(ROWS.numpy()), seed=0)
    torch.testing.assert_close(masked(objective, seen), encoder.network_input(moved))
    assert objective.view.seen(ROWS, ROWS, None) is None  # evaluated as it is


def test_moves_differ_by_batch_and_belong_to_the_seed() -> None:
    both = ("roll", "rotate")
    moves = {drawn_move(both, seed, epoch, batch) for seed in (0, 1) for epoch in (1, 2) for batch in range(20)}
    assert len(moves) == 80
    rolls = [parse_transform(drawn_move(("roll",), 0, 1, batch)) for batch in range(200)]
    assert {(roll.dx, roll.dy) for roll in rolls} == {(dx, dy) for dx in range(-2, 3) for dy in range(-2, 3)}
    angles = [parse_transform(drawn_move(("rotate",), 0, 1, batch)).deg for batch in range(200)]
    assert min(angles) < 10 and max(angles) > 350
    with pytest.raises(InputError, match="roll or rotate"):
        augmentations("roll,flip")


def test_consistency_adds_what_the_two_posteriors_are_apart(run: FreshRun) -> None:
    from torch.distributions import Normal, kl_divergence

    plain = objective_for(settings_for(run, augment=("roll",)))
    held = objective_for(settings_for(run, augment=("roll",), consistency=2.5))
    step = Step(1, 0, torch.zeros(3, 3))

    def gaussian(q: Posterior) -> Normal:
        assert q.logvar is not None
        return Normal(q.mu, (q.logvar / 2).exp())

    moved = Posterior(*plain.model.encode(plain.view.seen(ROWS, ROWS, step)))
    apart = kl_divergence(gaussian(moved), gaussian(plain.posterior(ROWS))).sum(dim=1).mean()
    difference = held.loss(ROWS, step).total - plain.loss(ROWS, step).total
    assert difference.item() == pytest.approx(2.5 * (1 / 3) * apart.item() / held.compared, rel=1e-3)
    held.loss(ROWS, step).total.backward()
    assert held.model.encoder.main[0].weight.grad.abs().sum() > 0


def test_the_losses_of_images_average_to_cryodrgns_loss() -> None:
    objective = objective_for(fixture_settings())
    rows, noise = torch.arange(20), torch.randn(20, 3)
    batch, each = objective.loss(rows, Step(1, 0, noise)), objective.per_image(rows, noise)
    for whole, parts in zip(batch.stacked(), each.stacked(), strict=True):
        assert float(parts.mean()) == pytest.approx(float(whole), rel=1e-5)


def test_an_encoder_that_sees_the_corners_gets_them(run: FreshRun, tmp_path: Path) -> None:
    whole = objective_for(settings_for(run, enc_mask=-1, norm=(0.0, 25.0)))
    assert whole.particles.on_lattice(ROWS)[:, 0, 0].abs().min() > 0
    torch.testing.assert_close(whole.particles.on_lattice(ROWS), theirs(run, ROWS, (0.0, 25.0)))
