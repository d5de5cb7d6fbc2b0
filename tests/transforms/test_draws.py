import numpy as np
import pytest
import torch

from encaudit.errors import InputError
from encaudit.transforms import derangement, parse_transform, split_chain
from encaudit.transforms.identity import Identity
from encaudit.transforms.translation import Roll
from tests.transforms.observations import particles, same


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match=r"seed.*found -1"):
        parse_transform("noise")(particles(), seed=-1)


def test_the_same_noise_twice_in_a_chain_is_two_draws():
    batch = particles(2, box=64)
    once = parse_transform("addnoise:snr=1")(batch, seed=0).images - batch.images
    twice = parse_transform("addnoise:snr=1+addnoise:snr=1")(batch, seed=0).images - batch.images
    second = (twice - once).flatten(1)
    assert torch.corrcoef(torch.stack([once[0].flatten(), second[0]]))[0, 1].abs() < 0.1


def test_a_draw_does_not_depend_on_what_else_is_in_the_chain():
    batch = particles()
    alone = parse_transform("addnoise:snr=1")(parse_transform("roll1")(batch, seed=3), seed=3)
    assert same(parse_transform("roll1+addnoise:snr=1")(batch, seed=3), alone)


@pytest.mark.parametrize("n", [2, 3, 10, 1001])
def test_a_derangement_is_a_single_cycle_through_all_images(n):
    twin = derangement(n, seed=0)
    seen, at = [], 0
    for _ in range(n):
        at = int(twin[at])
        seen.append(at)
    assert sorted(seen) == list(range(n))
    assert not np.any(twin == np.arange(n))


def test_a_derangement_is_fixed_by_its_seed():
    assert np.array_equal(derangement(50, seed=4), derangement(50, seed=4))
    assert not np.array_equal(derangement(50, seed=4), derangement(50, seed=5))


def test_every_cycle_of_four_is_drawn_equally_often():
    counts = np.unique([derangement(4, seed) for seed in range(1200)], axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert np.all(np.abs(counts - 200) < 60)


def test_one_image_has_no_twin():
    with pytest.raises(InputError, match=r"at least 2 images.*found 1"):
        derangement(1, seed=0)
    with pytest.raises(InputError, match="at least 2 images"):
        parse_transform("permutation")(particles(1), seed=0)


def test_twins_keep_their_own_metadata_in_the_place_of_another():
    batch = particles(6)
    twins = parse_transform("permutation")(batch, seed=0)
    rows = torch.from_numpy(derangement(6, seed=0))
    assert same(twins, batch.select(rows).with_(index=batch.index))


@pytest.mark.parametrize(
    ("spec", "per_image", "permutes", "untrained"),
    [
        ("roll1", "roll1", False, False),
        ("permutation", "identity", True, False),
        ("untrained", "identity", False, True),
        ("untrained+roll1", "roll1", False, True),
        ("roll1+permutation+rot90", "roll1+rot90", True, False),
        ("untrained+permutation", "identity", True, True),
    ],
)
def test_the_pass_is_told_what_the_images_do_and_what_is_left_to_it(spec, per_image, permutes, untrained):
    split = split_chain(parse_transform(spec))
    assert (str(split.per_image), split.permutes, split.untrained) == (per_image, permutes, untrained)


def test_a_single_part_is_itself_and_nothing_is_the_identity():
    assert split_chain(parse_transform("roll1+permutation")).per_image == Roll(1)
    assert split_chain(parse_transform("permutation")).per_image == Identity()
