"""The pixel moments of a stack, and the images that cannot be encoded."""

from pathlib import Path

import numpy as np
import pytest
import torch

from encaudit.errors import InputError
from encaudit.images import open_stack, stack_moments, unusable


def saved(tmp_path: Path, images: np.ndarray) -> Path:
    np.save(tmp_path / "a.npy", images)
    return tmp_path / "a.npy"


def test_moments_are_those_of_all_pixels_of_a_small_stack(tmp_path: Path) -> None:
    images = np.random.default_rng(1).normal(1000, 0.5, (150, 8, 8))
    moments = open_stack(saved(tmp_path, images)).moments
    exact = images.astype(np.float32).astype(np.float64)
    assert moments.mean == pytest.approx(exact.mean(), rel=1e-12)
    assert moments.std == pytest.approx(exact.std(), rel=1e-9)


def test_moments_pass_over_images_that_are_not_finite(tmp_path: Path) -> None:
    images = np.random.default_rng(1).normal(2, 3, (10, 4, 4))
    images[3, 0, 0], images[7, 1, 1] = np.nan, np.inf
    moments = open_stack(saved(tmp_path, images)).moments
    good = np.delete(images, [3, 7], axis=0)
    assert (moments.mean, moments.std) == pytest.approx((good.mean(), good.std()), rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_moments_do_not_depend_on_the_number_of_threads(tmp_path: Path, seed: int) -> None:
    stack = open_stack(saved(tmp_path, np.random.default_rng(seed).normal(0, 3, (100, 64, 64))))
    before, found = torch.get_num_threads(), set()
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            found.add(stack_moments(stack, 0))
    finally:
        torch.set_num_threads(before)
    assert len(found) == 1


def test_moments_of_a_large_stack_are_sampled_evenly_by_the_seed(tmp_path: Path) -> None:
    images = np.repeat(np.arange(2500.0), 4).reshape(2500, 2, 2)
    stack = open_stack(saved(tmp_path, images))
    assert stack_moments(stack, 1) == stack_moments(stack, 1)
    assert stack_moments(stack, 1) != stack_moments(stack, 2)
    assert stack_moments(stack, 1).mean == pytest.approx(1249.5, abs=2)


def test_a_stack_without_any_finite_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="None of 3 sampled images"):
        _ = open_stack(saved(tmp_path, np.full((3, 4, 4), np.nan))).moments


def test_unusable_images_are_named_with_the_reason() -> None:
    images = torch.randn(7, 5, 5)
    images[1, 0, :3] = torch.tensor([float("nan"), float("inf"), -float("inf")])
    images[2] = 7.5
    images[4, 2, 2] = float("-inf")
    images[5] = float("nan")
    assert unusable(images) == [
        (1, "3 pixels are not finite"),
        (2, "all pixels are 7.5"),
        (4, "1 pixel is not finite"),
        (5, "25 pixels are not finite"),
    ]


def test_good_images_and_no_images_are_not_named() -> None:
    assert unusable(torch.randn(4, 3, 5, 5)) == []
    assert unusable(torch.empty(0, 5, 5)) == []
