"""Controls on a part of the images: what they cover, and what the decoder gives them to see."""

import numpy as np
import pytest
import torch
from torch import Tensor

from encaudit.errors import InputError
from encaudit.images.noise_power import assumed_white
from encaudit.probe import Sample, encode_stack, sample_rows
from encaudit.transforms import parse_transform
from encaudit.types import ImageBatch, Posterior
from tests.probe.test_one_pass import ArrayStack, FirstPixels, images


class Drawing(FirstPixels):
    """Draws an image of one grey, the sum of the latent, and remembers for how many images it was asked."""

    noise_model = "none"

    def __init__(self) -> None:
        self.rendered = 0

    def render(self, batch: ImageBatch, z: Tensor) -> Tensor:
        self.rendered += len(batch)
        return z.sum(dim=1)[:, None, None].expand(-1, *batch.images.shape[1:])

    def simulate(self, batch: ImageBatch, z: Tensor, *, seed: int) -> Tensor:
        raise AssertionError(f"the pass simulates nothing, but asked for {len(batch)} images at {len(z)}, seed {seed}")

    def elbo(self, batch: ImageBatch, q: Posterior, *, seed: int) -> Tensor:
        raise AssertionError(f"the pass asks for no likelihood, but did for {len(batch)} images, {q}, seed {seed}")


def sample(rows, *specs: str, noise=None) -> Sample:
    return Sample(np.array(rows), tuple(parse_transform(spec) for spec in specs), noise)


def test_a_sampled_transform_covers_the_sample_alone_in_the_order_of_the_images() -> None:
    stack = ArrayStack(images(), index=np.arange(100, 112))
    found = encode_stack(FirstPixels(), stack, [], seed=0, sample=sample([107, 101, 110], "mirror"), batch_size=5)
    assert found.moved["mirror"].index.tolist() == [101, 107, 110]
    assert found.rows("mirror").tolist() == [1, 7, 10]
    np.testing.assert_array_equal(found.moved["mirror"].mu, stack.images[[1, 7, 10], :, ::-1][:, 0, :3])
    reference, moved = found.pair("mirror")
    np.testing.assert_array_equal(reference.index, moved.index)


def test_what_is_asked_of_all_images_is_done_to_all_though_the_sample_asks_too() -> None:
    mirror = parse_transform("mirror")
    found = encode_stack(FirstPixels(), ArrayStack(images()), [mirror], seed=0, sample=sample([3], "mirror"))
    assert len(found.moved["mirror"]) == 12


def test_renoise_shows_what_the_decoder_expects_at_mu_under_noise_that_is_the_images_own() -> None:
    stack, encoder = ArrayStack(images()), Drawing()
    asked = sample([2, 5, 9], "renoise", "renoise:draw=1", noise=assumed_white(stack))
    found = [encode_stack(encoder, stack, [], seed=0, sample=asked, batch_size=size) for size in (2, 12)]
    for spec in ("renoise", "renoise:draw=1"):
        np.testing.assert_allclose(*(one.moved[spec].mu for one in found), rtol=1e-6)
    expected = stack.images[[2, 5, 9], 0, :3].sum(axis=1)
    noise = found[0].moved["renoise"].mu - expected[:, None]
    assert 0.2 < noise.std() < 2
    assert not np.allclose(noise, found[0].moved["renoise:draw=1"].mu - expected[:, None])
    assert encoder.rendered == 2 * 3  # once for each image of the sample, whatever is made of it


def test_the_second_draw_is_compared_with_the_first() -> None:
    stack = ArrayStack(images())
    asked = sample([2, 5, 9], "renoise", "renoise:draw=1", noise=assumed_white(stack))
    found = encode_stack(Drawing(), stack, [], seed=0, sample=asked)
    reference, moved = found.pair("renoise:draw=1")
    assert reference is found.moved["renoise"]
    assert moved is found.moved["renoise:draw=1"]
    assert found.pair("renoise")[0].index.tolist() == [2, 5, 9]
    np.testing.assert_array_equal(found.pair("renoise")[0].mu, found.reference.mu[[2, 5, 9]])


def test_renoise_without_a_decoder_or_without_noise_is_refused_before_the_pass() -> None:
    stack = ArrayStack(images())
    with pytest.raises(InputError, match="renoise needs"):
        encode_stack(FirstPixels(), stack, [], seed=0, sample=sample([2], "renoise", noise=assumed_white(stack)))
    with pytest.raises(InputError, match="renoise needs"):
        encode_stack(Drawing(), stack, [], seed=0, sample=sample([2], "renoise"))


def test_an_image_without_a_finite_latent_under_a_control_is_left_out_of_everything() -> None:
    class Faint(Drawing):
        def render(self, batch: ImageBatch, z: Tensor) -> Tensor:
            drawn = super().render(batch, z).clone()
            drawn[batch.index == 5] = torch.nan
            return drawn

    stack = ArrayStack(images())
    asked = sample([2, 5, 9], "renoise", noise=assumed_white(stack))
    found = encode_stack(Faint(), stack, [], seed=0, sample=asked)
    assert "not finite under renoise" in found.left_out[5]
    assert 5 not in found.reference.index
    assert found.moved["renoise"].index.tolist() == [2, 9]


def test_contrast_is_the_spread_of_the_pixels_of_the_images_that_were_kept() -> None:
    stack = ArrayStack(images())
    stack.images[4] = 0
    found = encode_stack(FirstPixels(), stack, [], seed=0)
    kept = np.delete(stack.images, 4, axis=0)
    np.testing.assert_allclose(found.contrast, kept.reshape(11, -1).std(axis=1), rtol=1e-5)


def test_the_sample_begins_with_the_labelled_images_and_grows_by_adding() -> None:
    index = np.arange(1000, 1300)
    small, large = (sample_rows(index, size, seed=1) for size in (40, 200))
    assert small[:10].tolist() == list(range(1000, 1010))
    assert set(small) < set(large)
    assert len(set(large)) == 200
    assert not np.array_equal(small, sample_rows(index, 40, seed=2))
    assert sorted(sample_rows(index, 5000, seed=0)) == index.tolist()
    assert len(sample_rows(index, 0, seed=0)) == 0
