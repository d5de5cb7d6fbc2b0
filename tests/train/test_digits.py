"""Training on digits: the paper's networks and loss, on the loop that particles are trained by."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from encaudit.draws import generator
from encaudit.encoders import open_encoder
from encaudit.encoders.vae import VaeEncoder
from encaudit.encoders.vae_table import ImageTable
from encaudit.errors import DivergedError, InputError, StoppedError, UnknownNameError
from encaudit.images import open_stack
from encaudit.images.idx import write_idx
from encaudit.pickles import load_plain
from encaudit.train.digits_run import train_digits
from encaudit.train.digits_settings import DigitsSettings, checked_digits, resolve_digits
from encaudit.train.resuming import going_on
from encaudit.train.run_record import RunRecord
from encaudit.transforms import derangement, parse_transform
from encaudit.types import ImageBatch, Posterior
from tests.train.small_runs import Unwatched

FIXTURE = Path(__file__).parents[2] / "fixtures" / "digits" / "images-idx3-ubyte.gz"
SMALL: dict[str, Any] = {
    "n": 96,
    "epochs": 2,
    "batch_size": 32,
    "encoder_layers": (16,),
    "decoder_layers": (16,),
    "checkpoint_every": 1,
}


def settings(kind: Any = "vae", images: Path = FIXTURE, **changes: Any) -> DigitsSettings:
    return resolve_digits(kind, str(images), SMALL | changes)


def train(out: Path, kind: Any = "vae", images: Path = FIXTURE, **changes: Any) -> RunRecord:
    return train_digits(settings(kind, images, **changes), out, command=["train"], device="cpu", watcher=Unwatched())


def z_of(folder: Path, name: str = "z.pkl") -> tuple[np.ndarray, np.ndarray]:
    mu, logvar = load_plain(folder / name)
    return mu, logvar


def losses_of(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "evaluation.npz") as file:
        return dict(file)


def test_the_architectures_are_those_of_the_papers_code_and_text() -> None:
    code, text = (resolve_digits("vae", "x", {}, arch) for arch in ("paper-code", "paper-text"))
    assert (code.encoder_layers, code.decoder_layers) == ((256, 256), (256, 256))
    assert (text.encoder_layers, text.decoder_layers) == ((256, 256, 256), (256, 256))
    for one in (code, text):
        assert (one.zdim, one.lr, one.batch_size, one.epochs, one.beta) == (2, 0.01, 128, 100, 1)
        assert (one.init, one.table_lr) == ("zero", 0.01)
    assert resolve_digits("vae", "x", {"qlayers": 5, "qdim": 1024}).encoder_layers == (1024,) * 5


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("vae", {"zdim": 0}, "--zdim: found 0"),
        ("vae", {"poses": "p.pkl"}, "--poses belongs to particles"),
        ("vae", {"images": "p.mrcs"}, "--images belongs to particles"),
        ("vae", {"freeze": True}, "for `encaudit train vlt`"),
        ("twin", {"twin": "mirror"}, "--twin: found 'mirror'"),
    ],
)
def test_settings_that_cannot_be_name_the_option(kind: Any, given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        resolve_digits(kind, "x", given)


def test_an_unknown_architecture_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'paper-code'"):
        resolve_digits("vae", "x", {}, "paper_code")


def test_a_vae_leaves_the_checkpoint_that_probe_reads_and_its_latents(tmp_path: Path) -> None:
    record = train(tmp_path / "run")
    opened = open_encoder(str(tmp_path / "run"))
    assert isinstance(opened.encoder, VaeEncoder)
    stack = open_stack(FIXTURE, n=96)
    q = opened.encoder.encode(stack.read(np.arange(96)))
    mu, logvar = z_of(tmp_path / "run")
    np.testing.assert_allclose(q.mu, mu, atol=1e-6)
    np.testing.assert_allclose(q.logvar, logvar, atol=1e-6)
    assert [one.epoch for one in record.epochs] == [1, 2]
    assert record.finished and record.data == "digits" and record.n == 96 and record.n_mask == 64
    written = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"run.json", "weights.1.pkl", "weights.2.pkl", "weights.pkl", "z.2.pkl", "z.pkl", "state.pkl"} <= written


def test_the_evaluated_loss_is_minus_the_evidence_bound_of_the_checkpoint(tmp_path: Path) -> None:
    train(tmp_path / "run")
    encoder = open_encoder(str(tmp_path / "run")).encoder
    assert isinstance(encoder, VaeEncoder)
    batch = open_stack(FIXTURE, n=96).read(np.arange(96))
    q = encoder.encode(batch)
    assert q.logvar is not None
    noise = torch.from_numpy(generator(0, "evaluation").standard_normal((96, 2), np.float32))
    images = encoder.decode(q.mu + noise * (q.logvar / 2).exp())
    wrong = torch.nn.functional.binary_cross_entropy(images, batch.images, reduction="none").flatten(1).sum(dim=1)
    kl = (q.mu**2 + q.logvar.exp() - 1 - q.logvar).sum(dim=1) / 2
    found = losses_of(tmp_path / "run")
    np.testing.assert_allclose(found["reconstruction"], wrong, rtol=1e-5)
    np.testing.assert_allclose(found["kl"], kl, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["loss"], wrong + kl, rtol=1e-5)


def test_training_lowers_the_loss_and_beta_weighs_the_kl(tmp_path: Path) -> None:
    plain, free = (train(tmp_path / f"beta{beta}", beta=beta, epochs=30) for beta in (1.0, 0.0))
    assert plain.epochs[-1].train.total < 0.9 * plain.epochs[0].train.total
    assert free.epochs[-1].train.kl > 2 * plain.epochs[-1].train.kl
    assert free.epochs[-1].train.total == pytest.approx(free.epochs[-1].train.reconstruction)


def test_a_table_starts_at_zero_learns_and_is_audited_as_what_it_is(tmp_path: Path) -> None:
    record = train(tmp_path / "run", "vlt")
    assert record.travel is not None and record.travel.mu > 0 and record.travel.logvar > 0
    encoder = open_encoder(str(tmp_path / "run")).encoder
    assert isinstance(encoder, ImageTable)
    batch = open_stack(FIXTURE, n=96).read(np.arange(96))
    blank = batch.with_(images=torch.zeros_like(batch.images))
    mu, _ = z_of(tmp_path / "run")
    np.testing.assert_array_equal(encoder.encode(blank).mu, mu)  # whatever the pixels
    assert encoder.decode(torch.from_numpy(mu[:3])).shape == (3, 8, 8)


def test_a_frozen_table_stays_where_it_was_and_its_decoder_learns(tmp_path: Path) -> None:
    record = train(tmp_path / "run", "vlt", freeze=True)
    mu, logvar = z_of(tmp_path / "run")
    assert not mu.any() and (logvar == -8).all()
    assert record.travel is not None and record.travel.mu == 0
    assert record.epochs[1].train.reconstruction < record.epochs[0].train.reconstruction


def test_a_table_can_start_where_a_vae_put_the_images(tmp_path: Path) -> None:
    train(tmp_path / "vae")
    train(tmp_path / "vlt", "vlt", init=f"pretrained:{tmp_path / 'vae'}", freeze=True)
    np.testing.assert_allclose(z_of(tmp_path / "vlt")[0], z_of(tmp_path / "vae")[0], atol=1e-6)


def test_a_twin_is_shown_another_image_and_both_latents_are_saved(tmp_path: Path) -> None:
    train(tmp_path / "run", "twin")
    real, shown = z_of(tmp_path / "run"), z_of(tmp_path / "run", "z_twin.pkl")
    np.testing.assert_allclose(shown[0], real[0][derangement(96, 0)], atol=1e-6)
    found = losses_of(tmp_path / "run")
    assert {"reconstruction_reshuffled", "kl_reshuffled"} <= set(found)
    assert not np.allclose(found["reconstruction"], found["reconstruction_reshuffled"])
    np.testing.assert_allclose(np.sort(found["kl"]), np.sort(found["kl_reshuffled"]), rtol=1e-4)  # the same twins


def test_a_noise_twin_is_shown_what_the_noise_transform_draws(tmp_path: Path) -> None:
    train(tmp_path / "run", "twin", twin="noise")
    encoder = open_encoder(str(tmp_path / "run")).encoder
    stack = open_stack(FIXTURE, n=96)
    noise = parse_transform("noise")(stack.read(np.arange(96)).with_(moments=stack.moments), seed=0)
    np.testing.assert_allclose(encoder.encode(noise).mu, z_of(tmp_path / "run", "z_twin.pkl")[0], atol=1e-5)


def test_shift_rolls_the_training_images_to_the_right(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(256, size=(40, 6, 6))
    write_idx(images, tmp_path / "plain")
    write_idx(np.roll(images, 2, axis=2), tmp_path / "rolled")
    for name, shift in (("plain", 2), ("rolled", 0)):
        train(tmp_path / f"run-{name}", images=tmp_path / name, n=None, shift=shift)
    assert z_of(tmp_path / "run-plain")[0].tobytes() == z_of(tmp_path / "run-rolled")[0].tobytes()


def test_the_same_seed_gives_the_same_bits_and_another_seed_another_network(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(tmp_path / name, seed=seed)
    latents = [z_of(tmp_path / name)[0].tobytes() for name in "abc"]
    assert latents[0] == latents[1] != latents[2]


@pytest.mark.parametrize("kind", ["vae", "vlt", "twin"])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(kind: Any, tmp_path: Path) -> None:
    train(tmp_path / "whole", kind)
    asked = iter([False, False, False, False, True])

    def stop() -> bool:
        return next(asked)

    given = settings(kind)
    with pytest.raises(StoppedError, match="--resume"):
        train_digits(given, tmp_path / "cut", command=[], device="cpu", watcher=Unwatched(), stop=stop)
    again, before = going_on(tmp_path / "cut", kind, {"images": str(FIXTURE)}, "digits", checked_digits)
    assert again == given
    train_digits(again, tmp_path / "cut", command=[], device="cpu", watcher=Unwatched(), before=before)
    for one, other in zip(z_of(tmp_path / "whole"), z_of(tmp_path / "cut"), strict=True):
        assert one.tobytes() == other.tobytes()


def test_images_held_out_are_not_trained_on_and_their_loss_is_told(tmp_path: Path) -> None:
    record = train(tmp_path / "run", held_out=0.25)
    assert record.held_out is not None and len(record.held_out) == 24
    assert record.epochs[0].held_out is not None
    found = losses_of(tmp_path / "run")
    assert found["index"][found["held_out"]].tolist() == record.held_out


def test_images_beyond_black_and_white_and_too_few_images_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "bright.npy", np.full((40, 4, 4), 2.0, np.float32))
    with pytest.raises(InputError, match=r"pixels in \[0, 1\]"):
        train(tmp_path / "run", images=tmp_path / "bright.npy", n=None)
    with pytest.raises(InputError, match="There are 20 images to train on, fewer than the 32"):
        train(tmp_path / "run", n=20)
    assert not (tmp_path / "run").exists()


def test_a_damaged_table_of_digits_is_refused(tmp_path: Path) -> None:
    train(tmp_path / "run", "vlt")
    content = torch.load(tmp_path / "run" / "weights.pkl", weights_only=True)
    content["table"]["mu"] = content["table"]["mu"][:-1]
    torch.save(content, tmp_path / "bad.pkl")
    with pytest.raises(InputError, match="damaged table"):
        open_encoder(str(tmp_path / "bad.pkl"))


def test_a_table_renders_and_scores_with_its_own_decoder(tmp_path: Path) -> None:
    train(tmp_path / "run", "vlt")
    encoder = open_encoder(str(tmp_path / "run")).encoder
    assert isinstance(encoder, ImageTable)
    batch: ImageBatch = open_stack(FIXTURE, n=96).read(np.arange(4))
    q: Posterior = encoder.encode(batch)
    assert encoder.render(batch, q.mu).shape == (4, 8, 8)
    assert torch.isfinite(encoder.elbo(batch, q, seed=0)).all()


def test_networks_that_diverge_end_the_run_and_name_the_images(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match=r"no longer a number .* rows"):
        train(tmp_path / "run", lr=1e6)
    assert not list((tmp_path / "run").glob("weights*"))


def test_twins_of_digits_held_out_are_held_out_too(tmp_path: Path) -> None:
    train(tmp_path / "run", "twin", held_out=0.25)
    real, shown = z_of(tmp_path / "run")[0], z_of(tmp_path / "run", "z_twin.pkl")[0]
    whose = np.linalg.norm(shown[:, None] - real[None], axis=2).argmin(axis=1)
    with np.load(tmp_path / "run" / "evaluation.npz") as arrays:
        held_out = arrays["held_out"]
    assert held_out.sum() == 24
    np.testing.assert_array_equal(held_out[whose], held_out)
