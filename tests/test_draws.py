"""Draws that belong to an image, whatever the batch or the machine."""

import pytest
import torch

from encaudit.draws import normal, normal_like, uniform_like
from tests.transforms.observations import particles


def test_pixels_belong_to_the_stack_row_and_not_to_the_place_in_the_batch():
    batch = particles(3)
    renumbered = batch.with_(index=torch.tensor([99, 11, 5]))
    first, second = normal_like(batch, 0, "noise"), normal_like(renumbered, 0, "noise")
    assert torch.equal(first[1], second[1])
    assert not torch.allclose(first[0], second[0])


def test_seed_index_and_salt_each_give_other_pixels():
    batch = particles(2)
    drawn = [normal_like(batch, 0, "a"), normal_like(batch, 1, "a"), normal_like(batch, 0, "b")]
    pixels = torch.cat(drawn).flatten(1)
    assert torch.corrcoef(pixels).fill_diagonal_(0).abs().max() < 0.3


def test_draws_are_standard_normal_and_alike_on_every_machine():
    drawn = normal_like(particles(8, box=64), 0, "noise")
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.std() - 1) < 0.02
    assert normal_like(particles(1, box=2), 0, "noise").flatten().tolist() == pytest.approx(
        [0.25671935, 0.37844652, 0.32254562, 0.29370874], abs=1e-6
    )


def test_tilts_of_a_particle_get_noise_of_their_own():
    drawn = normal_like(particles(1, tilts=2), 0, "noise")[0]
    assert not torch.allclose(drawn[0], drawn[1])


def test_an_empty_batch_draws_nothing():
    batch = particles(2).select(torch.tensor([], dtype=torch.int64))
    assert normal_like(batch, 0, "noise").shape == (0, 16, 16)


def test_numbers_of_another_shape_than_the_image_belong_to_it_just_the_same():
    index = torch.tensor([7, 3])
    drawn = normal(index, (5,), 0, "z")
    assert drawn.shape == (2, 5)
    assert torch.equal(normal(index.flip(0), (5,), 0, "z"), drawn.flip(0))


def test_uniform_draws_fill_the_unit_interval():
    drawn = uniform_like(particles(8, box=64), 0, "coin")
    assert drawn.min() >= 0 and drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 0.01
    assert abs(drawn.std() - 12**-0.5) < 0.01
