"""Planted encoders are what they say they are."""

import pickle

import pytest
import torch

from encaudit.encoders.module import load_module
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
from encaudit.errors import InputError
from encaudit.types import ImageBatch

ALL = (
    Constant(value=0.3),
    PowerSpectrum(),
    QuarterTurn(),
    LinearEquivariant(),
    Jittered(),
    Hash(),
    Table(),
    Mixture(invariant=0.4, lawful=0.3, scattering=0.2, hashing=0.1),
)
each = pytest.mark.parametrize("encoder", ALL, ids=lambda encoder: type(encoder).__name__)


def images(n: int = 12, box: int = 16, seed: int = 0) -> ImageBatch:
    drawn = torch.randn(n, box, box, generator=torch.Generator().manual_seed(seed))
    return ImageBatch(drawn, torch.arange(n) + 100)


def rolled(batch: ImageBatch, dx: int = 1, dy: int = 0) -> ImageBatch:
    return batch.with_(images=batch.images.roll((dy, dx), (-2, -1)))


def moves(encoder: Planted, batch: ImageBatch, moved: ImageBatch) -> float:
    return float((encoder.encode(moved).mu - encoder.encode(batch).mu).abs().max())


@each
def test_the_latent_of_an_image_does_not_depend_on_its_batch(encoder: Planted) -> None:
    batch = images()
    whole = encoder.encode(batch).mu
    alone = [encoder.encode(batch.select(torch.tensor([row]))).mu for row in range(len(batch))]
    torch.testing.assert_close(torch.cat(alone), whole, rtol=0, atol=1e-6)
    assert whole.shape == (12, encoder.latent_dim)
    assert whole.dtype == torch.float32


@each
def test_a_copy_through_a_pickle_answers_the_same(encoder: Planted) -> None:
    copy = pickle.loads(pickle.dumps(encoder))
    assert copy == encoder
    assert torch.equal(copy.encode(images()).mu, encoder.encode(images()).mu)


@each
def test_the_images_are_left_as_they_are(encoder: Planted) -> None:
    batch = images()
    encoder.encode(batch)
    assert torch.equal(batch.images, images().images)


@each
def test_the_logvar_is_the_one_that_was_set(encoder: Planted) -> None:
    assert encoder.encode(images()).logvar is None
    doubtful = type(encoder)(logvar=-2.0)
    logvar = doubtful.encode(images()).logvar
    assert logvar is not None
    assert torch.equal(logvar, torch.full((12, doubtful.latent_dim), -2.0))


@pytest.mark.parametrize("name", [type(encoder).__name__ for encoder in ALL if not isinstance(encoder, Table)])
def test_each_is_a_module_for_the_command_line(name: str) -> None:
    wrapped = load_module(f"encaudit.encoders.planted:{name}")
    encoder = next(type(one)() for one in ALL if type(one).__name__ == name)
    assert torch.equal(wrapped.encode(images()).mu, encoder.encode(images()).mu)


def test_a_table_has_no_rows_to_look_up_for_bare_pixels() -> None:
    with pytest.raises(InputError, match="use Hash instead"):
        Table().encode(images().images)


def test_a_power_spectrum_is_blind_to_shifts_and_not_to_turns() -> None:
    batch = images()
    assert moves(PowerSpectrum(), batch, rolled(batch, 3, -5)) < 1e-5
    assert moves(PowerSpectrum(), batch, batch.with_(images=batch.images.rot90(1, (-2, -1)))) > 0.1


@pytest.mark.parametrize("box", [15, 16])
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_quarter_turn_encoder_is_blind_to_turns_to_the_bit_and_not_to_shifts(turns: int, box: int) -> None:
    batch = images(box=box)
    assert moves(QuarterTurn(), batch, batch.with_(images=batch.images.rot90(turns, (-2, -1)))) == 0
    assert moves(QuarterTurn(), batch, rolled(batch)) > 0.1


@pytest.mark.parametrize(("dx", "dy"), [(1, 0), (0, 1), (3, -2)])
def test_a_roll_turns_the_latents_of_the_linear_encoder_by_the_known_matrix(dx: int, dy: int) -> None:
    encoder, batch = LinearEquivariant(latent_dim=6), images()
    turn = torch.from_numpy(encoder.roll_matrix((16, 16), dx, dy)).float()
    expected = encoder.encode(batch).mu @ turn.T
    torch.testing.assert_close(encoder.encode(rolled(batch, dx, dy)).mu, expected, rtol=0, atol=1e-5)


def test_one_changed_pixel_gives_a_hash_another_latent_everywhere() -> None:
    batch = images()
    changed = batch.images.clone()
    changed[:, 3, 4] += 1e-3
    difference = Hash().encode(batch.with_(images=changed)).mu - Hash().encode(batch).mu
    assert float(difference.norm(dim=1).min()) > 0.1


def test_a_jittered_encoder_keeps_its_place_under_any_exchange_of_pixels() -> None:
    batch = images()
    still = Jittered(scale=0.0)
    assert moves(still, batch, batch.with_(images=batch.images.flip(-1))) == 0
    assert moves(Jittered(), batch, batch.with_(images=batch.images.flip(-1))) > 0.1


def test_a_table_never_looks_at_the_pixels() -> None:
    assert moves(Table(), images(), images(seed=1)) == 0
    assert not torch.equal(Table(seed=1).encode(images()).mu, Table().encode(images()).mu)


@pytest.mark.parametrize("d", [2, 8])
def test_the_shares_of_a_mixture_are_what_a_roll_leaves_of_it(d: int) -> None:
    batch = images(n=20_000)
    pure = {name: Mixture(d, **{"invariant": 0.0, name: 1.0}) for name in ("lawful", "scattering", "hashing")}
    pure["invariant"] = Mixture(d)
    for name, encoder in pure.items():
        mu, moved = encoder.encode(batch).mu, encoder.encode(rolled(batch)).mu
        torch.testing.assert_close(mu.T.cov(), torch.eye(d), rtol=0, atol=0.05)
        torch.testing.assert_close(float((mu * moved).mean()), float(name == "invariant"), rtol=0, atol=0.03)
        if name == "lawful":
            across = mu.T @ moved / len(mu)
            torch.testing.assert_close(float(across.square().sum()), float(d), rtol=0.02, atol=0)
    mixed = Mixture(d, invariant=0.3, lawful=0.3, scattering=0.2, hashing=0.2)
    mu, moved = mixed.encode(batch).mu, mixed.encode(rolled(batch)).mu
    torch.testing.assert_close(float((mu * moved).mean()), 0.3, rtol=0, atol=0.02)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Mixture(invariant=0.5), "add up to 1"),
        (lambda: Mixture(latent_dim=3), "even"),
        (lambda: LinearEquivariant(latent_dim=3), "even"),
        (lambda: Hash(latent_dim=0), "1 or more"),
        (lambda: Mixture().encode(images(box=15)), "columns"),
        (lambda: PowerSpectrum(latent_dim=200).encode(images()), "Fourier modes"),
        (lambda: PowerSpectrum().encode(torch.zeros(2, 3, 8, 8)), "shape"),
        (lambda: QuarterTurn().encode(torch.zeros(2, 8, 6)), "square"),
    ],
)
def test_what_cannot_be_planted_is_refused_in_a_sentence(wrong, said: str) -> None:
    with pytest.raises(InputError, match=said):
        wrong()
