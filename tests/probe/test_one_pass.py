"""The streaming pass: one read, all transforms, latents by stack row."""

import numpy as np
import pytest
import torch

from encaudit.encoders import open_encoder
from encaudit.errors import InputError, UnstableEncoderError
from encaudit.images import open_stack
from encaudit.probe import encode_stack
from encaudit.results import Encodings
from encaudit.transforms import derangement, parse_transform
from encaudit.types import ImageBatch, Posterior
from tests.fresh_run import FreshRun


class ArrayStack:
    """Images in memory, that counts how often each is read."""

    def __init__(self, images: np.ndarray, index: np.ndarray | None = None) -> None:
        self.images = images.astype(np.float32)
        self.index = np.arange(len(images)) if index is None else index
        self.image_shape = images.shape[1:]
        self.apix = None
        self.files = ()
        self.reads = np.zeros(len(images), dtype=int)

    def read(self, positions: np.ndarray) -> ImageBatch:
        self.reads[positions] += 1
        return ImageBatch(torch.from_numpy(self.images[positions]), torch.from_numpy(self.index[positions]))


class FirstPixels:
    """A linear encoder: the first three pixels."""

    latent_dim = 3

    def encode(self, batch: ImageBatch) -> Posterior:
        return Posterior(batch.images[:, 0, :3].clone(), torch.zeros(len(batch), 3))


def images(n: int = 12, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 6, 6))


def probe(encoder: object, stack: ArrayStack, *specs: str, **options: object) -> Encodings:
    return encode_stack(encoder, stack, [parse_transform(spec) for spec in specs], seed=3, **options)


def test_each_transform_is_encoded_as_if_its_images_were_a_stack_of_their_own() -> None:
    stack = ArrayStack(images())
    found = probe(FirstPixels(), stack, "roll1", "mirror", batch_size=5)
    np.testing.assert_array_equal(found.reference.mu, stack.images[:, 0, :3])
    np.testing.assert_array_equal(found.moved["roll1"].mu, np.roll(stack.images, 1, axis=2)[:, 0, :3])
    np.testing.assert_array_equal(found.moved["mirror"].mu, stack.images[:, :, ::-1][:, 0, :3])
    assert list(found.moved) == ["identity", "roll1", "mirror"]


def test_the_identity_always_runs_and_is_exact() -> None:
    found = probe(FirstPixels(), ArrayStack(images()))
    np.testing.assert_array_equal(found.moved["identity"].mu, found.reference.mu)


def test_the_batch_size_changes_no_draw() -> None:
    one, all_ = (probe(FirstPixels(), ArrayStack(images()), "noise", "addnoise:snr=1", batch_size=b) for b in (1, 12))
    for spec in ("noise", "addnoise:snr=1"):
        np.testing.assert_array_equal(one.moved[spec].mu, all_.moved[spec].mu)


def test_images_are_read_once_beside_the_sample_for_the_moments() -> None:
    stack = ArrayStack(images(), index=np.arange(12))
    probe(FirstPixels(), stack, "roll1", "rot90", "mirror", batch_size=4)
    assert stack.reads[1:].max() == 2  # the sample, and the pass


def test_latents_are_kept_by_stack_row() -> None:
    rows = np.array([7, 3, 100])
    found = probe(FirstPixels(), ArrayStack(images(3), index=rows), "roll1")
    np.testing.assert_array_equal(found.reference.index, rows)
    np.testing.assert_array_equal(found.moved["roll1"].index, rows)


def test_a_permutation_gives_every_image_the_latent_of_its_twin() -> None:
    found = probe(FirstPixels(), ArrayStack(images()), "permutation", "roll1+permutation", "roll1")
    twin = derangement(12, 3)
    np.testing.assert_array_equal(found.moved["permutation"].mu, found.reference.mu[twin])
    np.testing.assert_array_equal(found.moved["roll1+permutation"].mu, found.moved["roll1"].mu[twin])
    np.testing.assert_array_equal(found.moved["permutation"].index, found.reference.index)


def test_the_untrained_encoder_is_its_own_reference_in_a_chain(run: FreshRun) -> None:
    encoder = open_encoder(str(run.checkpoint)).encoder
    stack = open_stack(str(run.particles), poses=str(run.folder / "poses.pkl"), ctf=str(run.folder / "ctf.pkl"))
    found = encode_stack(encoder, stack, [parse_transform("untrained+roll1")], seed=5)
    fresh = encoder.untrained(5)
    batch = stack.read(np.arange(30))
    reference, moved = found.pair("untrained+roll1")
    np.testing.assert_array_equal(reference.mu, fresh.encode(batch).mu)
    np.testing.assert_array_equal(moved.mu, fresh.encode(parse_transform("roll1")(batch, seed=5)).mu)
    np.testing.assert_array_equal(found.pair("identity")[0].mu, encoder.encode(batch).mu)


def test_an_encoder_that_cannot_be_made_anew_says_so() -> None:
    with pytest.raises(InputError, match="untrained needs an encoder"):
        probe(FirstPixels(), ArrayStack(images()), "untrained")


def test_nan_and_constant_images_are_left_out_by_name_and_the_run_goes_on() -> None:
    pixels = images()
    pixels[2, 1, 1] = np.nan
    pixels[9] = 4.0
    found = probe(FirstPixels(), ArrayStack(pixels, index=np.arange(12) * 10), "roll1", "permutation", batch_size=5)
    assert set(found.left_out) == {20, 90}
    assert "not finite" in found.left_out[20]
    assert "all pixels are 4" in found.left_out[90]
    kept = np.delete(np.arange(12), [2, 9])
    np.testing.assert_array_equal(found.reference.index, kept * 10)
    np.testing.assert_array_equal(found.moved["permutation"].mu, found.reference.mu[derangement(10, 3)])


def test_a_whole_batch_of_unusable_images_is_passed_over() -> None:
    pixels = images()
    pixels[:4] = np.inf
    found = probe(FirstPixels(), ArrayStack(pixels), "roll1", batch_size=4)
    assert len(found.reference) == 8


def test_without_a_usable_image_there_is_no_audit() -> None:
    with pytest.raises(InputError, match=r"all 12 were left out.*number 0"):
        probe(FirstPixels(), ArrayStack(np.ones((12, 6, 6))))


def test_a_latent_that_is_not_finite_takes_its_image_out_of_every_transform() -> None:
    class NanForBright(FirstPixels):
        def encode(self, batch: ImageBatch) -> Posterior:
            mu = batch.images[:, 0, :3].clone()
            mu[batch.images[:, 0, 0] > 50] = torch.nan
            return Posterior(mu)

    pixels = images()
    pixels[4, 0, 5] = 99.0  # rolled by one it stands first
    found = probe(NanForBright(), ArrayStack(pixels), "roll1")
    assert found.left_out == {4: "the encoder's latent is not finite under roll1"}
    assert len(found.reference) == len(found.moved["identity"]) == 11


def test_an_untrained_network_without_numbers_is_named() -> None:
    class NanWhenNew(FirstPixels):
        def untrained(self, seed: int) -> FirstPixels:  # noqa: ARG002 (the pass gives it)
            class New(FirstPixels):
                def encode(self, batch: ImageBatch) -> Posterior:
                    mu = batch.images[:, 0, :3].clone()
                    mu[batch.images[:, 0, 0] > 50] = torch.nan
                    return Posterior(mu)

            return New()

    pixels = images()
    pixels[4, 0, 0] = 99.0
    found = probe(NanWhenNew(), ArrayStack(pixels), "untrained")
    assert found.left_out == {4: "the encoder's latent is not finite with untrained weights"}


@pytest.mark.parametrize("layer", [torch.nn.Dropout(0.5), torch.nn.BatchNorm1d(36)])
def test_dropout_and_batch_norm_in_training_mode_are_named(layer: torch.nn.Module) -> None:
    class Training:
        latent_dim = 36

        def encode(self, batch: ImageBatch) -> Posterior:
            with torch.no_grad():
                return Posterior(layer.train()(batch.images.flatten(1)))

    with pytest.raises(UnstableEncoderError, match=r"dropout|batch norm"):
        probe(Training(), ArrayStack(images(40) + np.arange(40)[:, None, None]))
    layer.eval()


def test_an_unseeded_draw_is_refused() -> None:
    class Sampling:
        latent_dim = 2

        def encode(self, batch: ImageBatch) -> Posterior:
            return Posterior(batch.images[:, 0, :2] + 1e-3 * torch.randn(len(batch), 2))

    with pytest.raises(UnstableEncoderError, match=r"two different latents|other images of its batch"):
        probe(Sampling(), ArrayStack(images()))


@pytest.mark.parametrize("part", ["mu", "logvar"])
def test_both_parts_of_the_posterior_are_checked(part: str) -> None:
    class Drawing(FirstPixels):
        def encode(self, batch: ImageBatch) -> Posterior:
            steady, drawn = batch.images[:, 0, :3].clone(), torch.randn(len(batch), 3)
            return Posterior(drawn, steady) if part == "mu" else Posterior(steady, drawn)

    with pytest.raises(UnstableEncoderError):
        probe(Drawing(), ArrayStack(images()))


@pytest.mark.parametrize(
    "leak",
    [
        lambda x: x - x.nanmean(0),
        lambda x: x + torch.arange(len(x))[:, None],
        lambda x: torch.cat([torch.full((1, x.shape[1]), torch.nan), (x - x.mean(0))[1:]]),
    ],
    ids=["mean", "place", "mean with a nan"],
)
def test_a_latent_that_depends_on_the_batch_is_refused(leak) -> None:
    class Leaking(FirstPixels):
        def encode(self, batch: ImageBatch) -> Posterior:
            return Posterior(leak(batch.images[:, 0, :3].clone()))

    with pytest.raises(UnstableEncoderError, match="other images of its batch"):
        probe(Leaking(), ArrayStack(images()))


@pytest.mark.parametrize(("spec", "said"), [("roll1:frame=covariant", "--poses"), ("ctf:defocus=100", "--ctf")])
def test_a_transform_that_needs_metadata_is_refused_up_front(spec: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        probe(FirstPixels(), ArrayStack(images()), spec)


def test_progress_ends_at_the_number_of_images() -> None:
    seen: list[tuple[int, int]] = []
    probe(FirstPixels(), ArrayStack(images()), on_progress=lambda done, total: seen.append((done, total)), batch_size=5)
    assert seen == [(5, 12), (10, 12), (12, 12)]


@pytest.mark.parametrize("part", ["mu", "logvar"])
def test_no_number_at_a_place_of_the_batch_is_told_as_such(part: str) -> None:
    class NanAtAPlace(FirstPixels):
        def encode(self, batch: ImageBatch) -> Posterior:
            found = super().encode(batch)
            getattr(found, part)[3:4] = torch.nan
            return found

    with pytest.raises(UnstableEncoderError, match=r"not finite.* place in its batch") as refused:
        probe(NanAtAPlace(), ArrayStack(images()))
    assert "gave 1 of 6 images" in str(refused.value)
    assert "inf," not in str(refused.value) and "batch norm" not in str(refused.value)


def test_no_number_now_and_then_is_told_as_such() -> None:
    class NanNowAndThen(FirstPixels):
        calls = 0

        def encode(self, batch: ImageBatch) -> Posterior:
            self.calls += 1
            found = super().encode(batch)
            found.mu[: self.calls] = torch.inf
            return found

    with pytest.raises(UnstableEncoderError, match="1 of 12 images, encoded twice, got numbers that are not finite"):
        probe(NanNowAndThen(), ArrayStack(images()))
