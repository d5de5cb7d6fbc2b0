"""What a reduced precision costs is measured on images of the stack, in units of the latents' spread."""

import numpy as np
import pytest
import torch

from encaudit.precision import computing
from encaudit.probe import encode_stack
from encaudit.probe.rounding import COMPARED, rounding_of
from encaudit.results import Latents
from encaudit.types import ImageBatch, Posterior


class Stack:
    """Noise of 6 x 6 pixels, that needs its moments."""

    image_shape = (6, 6)
    apix = None
    files = ()

    def __init__(self, n: int) -> None:
        self.images = torch.from_numpy(np.random.default_rng(0).normal(size=(n, 6, 6)).astype(np.float32))
        self.index = np.arange(n) * 2

    def read(self, positions: np.ndarray) -> ImageBatch:
        return ImageBatch(self.images[positions], torch.from_numpy(self.index[positions]))


class Linear:
    """A linear encoder of images in units of the stack's moments."""

    latent_dim = 4

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(36, 4)

    @torch.inference_mode()
    def encode(self, batch: ImageBatch) -> Posterior:
        assert batch.moments is not None
        return Posterior(self.layer(((batch.images - batch.moments.mean) / batch.moments.std).flatten(1)))


def exact(stack: Stack) -> Latents:
    return encode_stack(Linear(), stack, [], seed=0).reference


def test_a_planted_difference_is_found_in_units_of_the_spread() -> None:
    stack = Stack(40)
    found = exact(stack)
    spread = np.sqrt(found.mu.astype(np.float64).var(axis=0).mean())
    off = found.mu.copy()
    off[3, 1] += 0.5 * spread
    rounding = rounding_of(Linear(), stack, Latents(off, None, found.index), batch_size=64, seed=0)
    assert rounding.images == 40
    assert rounding.largest == pytest.approx(0.5, rel=1e-4)
    assert rounding.rms == pytest.approx(0.5 / np.sqrt(40 * 4), rel=1e-4)


def test_full_precision_costs_nothing_and_bf16_what_its_eight_bits_say() -> None:
    stack = Stack(60)
    same = rounding_of(Linear(), stack, exact(stack), batch_size=60, seed=0)
    assert (same.largest, same.rms) == (0, 0)
    with computing("bf16"):
        rough = rounding_of(Linear(), stack, exact(stack), batch_size=60, seed=0)
    assert 2**-10 < rough.rms < 2**-6
    assert rough.rms < rough.largest < 2**-4


@pytest.mark.parametrize(("n", "batch_size", "images"), [(300, 1024, COMPARED), (300, 7, 7), (5, 64, 5)])
def test_no_more_images_than_a_batch_holds(n: int, batch_size: int, images: int) -> None:
    stack = Stack(n)
    assert rounding_of(Linear(), stack, exact(stack), batch_size=batch_size, seed=0).images == images


def test_images_without_latents_are_passed_over() -> None:
    stack = Stack(12)
    kept = exact(stack).take(np.array([2, 3, 7]))
    assert rounding_of(Linear(), stack, kept, batch_size=64, seed=0).largest < 1e-6
