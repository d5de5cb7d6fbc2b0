"""The decoder's likelihood, held to cryoDRGN's own training loss."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from encaudit.encoders import open_encoder
from encaudit.encoders.cryodrgn import CryodrgnEncoder
from encaudit.errors import InputError
from encaudit.images import open_stack
from encaudit.types import ImageBatch, Posterior, Renderer
from tests.fresh_run import FreshRun, fresh_model, write_run


def opened(run: FreshRun) -> tuple[CryodrgnEncoder, ImageBatch]:
    encoder = open_encoder(str(run.checkpoint)).encoder
    assert isinstance(encoder, CryodrgnEncoder) and isinstance(encoder, Renderer)
    stack = open_stack(run.particles, poses=run.folder / "poses.pkl", ctf=run.folder / "ctf.pkl")
    return encoder, stack.read(np.arange(len(stack)))


def cryodrgn_loss(run: FreshRun, beta: float) -> tuple[float, float]:
    """Loss and KL of the whole stack as `cryodrgn train_vae` computes them, at z = mu."""
    from cryodrgn.commands.train_vae import loss_function, run_batch
    from cryodrgn.ctf import load_ctf_for_training
    from cryodrgn.dataset import ImageDataset
    from cryodrgn.pose import PoseTracker

    args = run.config["dataset_args"]
    data = ImageDataset(str(run.particles), norm=args["norm"], invert_data=args["invert_data"], max_threads=1)
    model = fresh_model(run.config).eval()
    posetracker = PoseTracker.load(str(run.folder / "poses.pkl"), data.N, data.D)
    rot, trans = posetracker.rots, posetracker.trans
    ctf = torch.tensor(load_ctf_for_training(data.D - 1, str(run.folder / "ctf.pkl")))
    y = data[list(range(data.N))]["y"].view(data.N, -1)
    y = model.lattice.translate_ht(y, trans.unsqueeze(1)).view(data.N, data.D, data.D)
    with torch.no_grad():
        mu, logvar, _, y_recon, mask = run_batch(model, model.lattice, y, rot, None, ctf)
        loss, _, kld = loss_function(mu, logvar, y, None, y_recon, mask, beta)
    return float(loss) * int(mask.sum()) / beta, float(kld)


@pytest.mark.parametrize("enc_mask", [None, 5, -1])
def test_the_elbo_is_minus_the_training_loss_in_nats(tmp_path: Path, enc_mask: int | None) -> None:
    run = write_run(tmp_path, enc_mask=enc_mask)
    encoder, batch = opened(run)
    q = encoder.encode(batch)
    narrow = Posterior(q.mu, torch.full_like(q.mu, -60.0))  # z = mu, as cryoDRGN evaluates
    kl_of_narrow = 0.5 * (q.mu.square() + 59.0).sum(dim=1)
    loss, kl = cryodrgn_loss(run, beta=1 / 3)
    found = encoder.elbo(batch, narrow, seed=0) + kl_of_narrow
    assert float(found.mean()) == pytest.approx(-loss + kl, rel=1e-5)


def test_the_kl_of_the_posterior_is_counted_in_full(run: FreshRun) -> None:
    encoder, batch = opened(run)
    encoder.model.decoder = Silent()
    q = Posterior(torch.randn(len(batch), 3), torch.randn(len(batch), 3))
    broad = torch.distributions.Normal(q.mu, (q.logvar / 2).exp())
    kl = torch.distributions.kl_divergence(broad, torch.distributions.Normal(0.0, 1.0)).sum(dim=1)
    nothing = encoder.elbo(batch, Posterior(torch.zeros_like(q.mu), torch.zeros_like(q.mu)), seed=0)
    torch.testing.assert_close(nothing - encoder.elbo(batch, q, seed=0), kl, atol=1e-3, rtol=1e-5)


class Silent(torch.nn.Module):
    """A decoder that expects nothing."""

    def forward(self, coordinates: torch.Tensor) -> torch.Tensor:
        return torch.zeros(coordinates.shape[:-1])


def test_a_deterministic_encoder_is_judged_by_likelihood_and_prior_at_mu(run: FreshRun) -> None:
    encoder, batch = opened(run)
    mu = encoder.encode(batch).mu * 30
    point = encoder.elbo(batch, Posterior(mu), seed=0)
    narrow = encoder.elbo(batch, Posterior(mu, torch.full_like(mu, -60.0)), seed=0)
    torch.testing.assert_close(point - narrow, torch.full((len(batch),), 1.5 * 59), atol=1e-2, rtol=0)


def test_draws_of_the_elbo_belong_to_seed_and_image(run: FreshRun) -> None:
    encoder, batch = opened(run)
    q = Posterior(torch.zeros(len(batch), 3), torch.full((len(batch), 3), 2.0))
    whole = encoder.elbo(batch, q, seed=1)
    order = torch.tensor([4, 0, 7])
    some = encoder.elbo(batch.select(order), Posterior(q.mu[order], q.logvar[order]), seed=1)
    torch.testing.assert_close(some, whole[order], rtol=1e-5, atol=1e-3)
    assert not torch.equal(encoder.elbo(batch, q, seed=2), whole)


def test_simulated_noise_has_half_of_beta_in_each_coefficient_that_the_loss_sees(run: FreshRun) -> None:
    run.config["cmd"] = ["cryodrgn", "train_vae", "--beta", "0.5"]
    run.save_config()
    encoder, batch = opened(run)
    encoder.model.decoder = Silent()
    z = torch.zeros(len(batch), 3)
    drawn = [batch.with_(images=encoder.simulate(batch, z, seed=seed)) for seed in range(40)]
    mask = encoder.lattice.get_circular_mask(8)
    coefficients = torch.stack([encoder._frame.coefficients(some, mask) for some in drawn])
    assert float(coefficients.square().mean()) == pytest.approx(0.25, rel=0.02)
    per_coefficient = coefficients.square().mean(dim=(0, 1))
    assert per_coefficient.min() > 0.15 and per_coefficient.max() < 0.35
    expected_elbo = -int(mask.sum()) * 0.25 / 0.5
    found = torch.stack([encoder.elbo(some, Posterior(z), seed=0) for some in drawn])
    assert float(found.mean()) == pytest.approx(expected_elbo, rel=0.02)


def test_simulated_noise_belongs_to_seed_and_image(run: FreshRun) -> None:
    encoder, batch = opened(run)
    z = encoder.encode(batch).mu
    whole = encoder.simulate(batch, z, seed=3)
    order = torch.tensor([5, 2])
    torch.testing.assert_close(encoder.simulate(batch.select(order), z[order], seed=3), whole[order])
    assert not torch.allclose(encoder.simulate(batch, z, seed=4), whole, atol=1e-3)


def test_encoding_a_rendered_image_sees_what_the_decoder_expected(run: FreshRun) -> None:
    run.config["dataset_args"]["window"] = False
    run.save_config()
    encoder, batch = opened(run)
    mask = encoder.lattice.get_circular_mask(7)  # all but the Nyquist frequency, which has no two sides
    z = torch.randn(len(batch), 3)
    again = batch.with_(images=encoder.render(batch, z))
    with torch.no_grad():
        points = encoder.lattice.coords[encoder.lattice.get_circular_mask(8)]
        expected = encoder.model.decode(points @ batch.pose, z) * encoder._frame.ctf(
            batch.ctf, encoder.lattice.get_circular_mask(8)
        )
    inside = mask[encoder.lattice.get_circular_mask(8)]
    torch.testing.assert_close(encoder._frame.coefficients(again, mask), expected[:, inside], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (None, r"beta/2 = 0\.1667.*beta = 1/zdim.*the config names no command"),
        (["train_vae", "--zdim", "3"], r"beta/2 = 0\.1667.*its command names none"),
        (["--beta", "0.5"], r"beta/2 = 0\.25 .*beta = 0\.5, from the run's command"),
        (["--beta=0.5"], r"beta/2 = 0\.25 "),
        (["--beta", "1", "--beta=0.5"], r"beta/2 = 0\.25 "),
        (["--beta", "a", "--beta-control", "0.01"], "--beta-control.*sets no noise level"),
        (["--beta", "0.5", "--beta-control=0.01"], "--beta-control.*sets no noise level"),
        (["--beta", "0"], "--beta 0 sets no noise level"),
        (["--beta", "a"], "--beta a is no number"),
    ],
)
def test_the_noise_level_is_that_of_the_runs_command(run: FreshRun, command: list[str] | None, said: str) -> None:
    if command is not None:
        run.config["cmd"] = command
        run.save_config()
    encoder, batch = opened(run)
    assert re.search(said, encoder.noise_model)
    if "no " in said and "beta/2" not in said:
        z = torch.zeros(len(batch), 3)
        assert encoder.render(batch, z).shape == batch.images.shape
        for ask in (lambda: encoder.simulate(batch, z, seed=0), lambda: encoder.elbo(batch, Posterior(z), seed=0)):
            with pytest.raises(InputError, match=r"likelihood is not known.*Leave out"):
                ask()


def test_particles_without_poses_are_not_rendered_and_told_so(run: FreshRun) -> None:
    encoder, batch = opened(run)
    with pytest.raises(InputError, match="Give its poses with --poses"):
        encoder.render(batch.with_(pose=None), torch.zeros(len(batch), 3))


def test_tilt_series_are_not_rendered_and_told_so(tmp_path: Path) -> None:
    run = write_run(tmp_path, mode="tilt")
    encoder = open_encoder(str(run.checkpoint)).encoder
    batch = ImageBatch(torch.zeros(2, 3, 16, 16), torch.arange(2), pose=torch.eye(3).expand(2, 3, 3, 3))
    with pytest.raises(InputError, match="tilt series, which encaudit does not render"):
        encoder.render(batch, torch.zeros(2, 3))


def test_a_decoder_that_takes_no_slices_of_ours_is_refused_by_name(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    run.config["model_args"]["pe_type"] = "none"
    run.save_config()
    torch.save({"model_state_dict": fresh_model(run.config).state_dict()}, run.checkpoint)
    encoder, batch = opened(run)
    with pytest.raises(InputError, match="pe_type none"):
        encoder.render(batch, torch.zeros(len(batch), 3))


def test_the_convolutional_encoders_decoder_renders_too(tmp_path: Path) -> None:
    encoder, batch = opened(write_run(tmp_path, mode="conv", box=64, n=4))
    assert encoder.render(batch, torch.zeros(4, 3)).isfinite().all()
    assert encoder.elbo(batch, Posterior(torch.zeros(4, 3)), seed=0).isfinite().all()


def test_rendered_images_of_a_real_run_look_like_the_noise_free_ones(shared_data: Path) -> None:
    folder = shared_data / "ribosome"
    stack = open_stack(folder / "particles.mrcs", poses=folder / "poses.pkl", ctf=folder / "ctf.pkl", n=512)
    encoder = open_encoder(str(folder / "run" / "weights.16.pkl")).encoder
    assert isinstance(encoder, Renderer)
    batch, clean = stack.read(np.arange(512)), torch.from_numpy(np.load(folder / "clean_first512.npy")).float()
    rendered = encoder.render(batch, encoder.encode(batch).mu)
    assert np.median(correlations(rendered, clean)) > 0.88
    assert np.median(correlations(rendered, clean.roll(1, 0))) < 0.3
    slope = float((rendered * clean).sum() / rendered.square().sum())
    assert slope == pytest.approx(1, abs=0.05)  # in the pixels of the stack


def correlations(one: torch.Tensor, other: torch.Tensor) -> list[float]:
    return [float(np.corrcoef(a.flatten(), b.flatten())[0, 1]) for a, b in zip(one, other, strict=True)]
