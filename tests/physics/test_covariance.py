"""Images simulated already moved equal the covariant transform of the unmoved ones.

The judge is the simulator: a transform moves pixels and metadata, the simulator makes images from the moved metadata
alone, and both have to show the same, without any interpolation in between.
"""

import numpy as np
import pytest
import torch

from encaudit.transforms import parse_transform
from tests.physics.scene import MIRROR_X, Scene, described_by, relative_error, scene

FLOAT32_EXACT = 1e-5
TURNS = {"rot90": -1, "rot180": 2, "rot270": 1}  # spec -> k of numpy.rot90
BOXES = [31, 32, 48]


def by_hand(unturned: Scene, k: int) -> Scene:
    """The observation turned by k quarters, anticlockwise with row 0 on top, by plain geometry (y points down)."""
    x_to_minus_y = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    turn = np.linalg.matrix_power(x_to_minus_y, k % 4)
    ctf = unturned.ctf.copy()
    ctf[:, 3] -= 90 * k
    return Scene(unturned.blobs, turn @ unturned.poses, unturned.offsets_px @ turn[:2, :2].T, ctf)


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("spec", TURNS)
def test_a_covariant_turn_shows_the_particle_simulated_already_turned(spec: str, box: int) -> None:
    unturned = scene()
    turned = parse_transform(spec)(unturned.batch(box), seed=0)
    assert relative_error(turned.images.numpy(), by_hand(unturned, TURNS[spec]).images(box)) < FLOAT32_EXACT


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("spec", [*TURNS, "rot90+rot270", "rot90+roll:dx=1,dy=-2,frame=covariant"])
def test_the_turned_metadata_describe_the_turned_images(spec: str, box: int) -> None:
    unturned = scene()
    turned = parse_transform(spec)(unturned.batch(box), seed=0)
    assert relative_error(turned.images.numpy(), described_by(turned, unturned.blobs).images(box)) < FLOAT32_EXACT


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("spec", TURNS)
def test_in_an_odd_box_the_array_rotation_is_centred_and_in_an_even_one_it_is_not(spec: str, box: int) -> None:
    unturned = scene()
    turned = parse_transform(f"{spec}:frame=array")(unturned.batch(box), seed=0)
    error = relative_error(turned.images.numpy(), by_hand(unturned, TURNS[spec]).images(box))
    assert error < FLOAT32_EXACT if box % 2 else error > 0.1


@pytest.mark.parametrize("left_behind", ["shift_px", "ctf", "pose"])
def test_leaving_any_of_the_metadata_behind_is_noticed(left_behind: str) -> None:
    unturned = scene()
    before = unturned.batch(32)
    turned = parse_transform("rot90")(before, seed=0).with_(**{left_behind: getattr(before, left_behind)})
    assert relative_error(turned.images.numpy(), described_by(turned, unturned.blobs).images(32)) > 0.05


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize(("dx", "dy"), [(1, 0), (0, 1), (3, -2)])
def test_a_covariant_roll_shows_the_particle_simulated_elsewhere(dx: int, dy: int, box: int) -> None:
    here = scene()
    rolled = parse_transform(f"roll:dx={dx},dy={dy},frame=covariant")(here.batch(box), seed=0)
    there = Scene(here.blobs, here.poses, here.offsets_px + np.array([dx, dy]), here.ctf)
    assert relative_error(rolled.images.numpy(), there.images(box)) < FLOAT32_EXACT
    assert relative_error(rolled.images.numpy(), described_by(rolled, here.blobs).images(box)) < FLOAT32_EXACT


def test_a_raw_roll_leaves_the_particle_off_its_stated_centre() -> None:
    here = scene()
    rolled = parse_transform("roll1")(here.batch(32), seed=0)
    assert relative_error(rolled.images.numpy(), described_by(rolled, here.blobs).images(32)) > 0.1


@pytest.mark.parametrize("box", BOXES)
def test_a_covariant_shift_by_part_of_a_pixel_shows_the_particle_simulated_there(box: int) -> None:
    here = scene()
    moved = parse_transform("shift:dx=0.3,dy=-1.6,frame=covariant")(here.batch(box), seed=0)
    there = Scene(here.blobs, here.poses, here.offsets_px + np.array([0.3, -1.6]), here.ctf)
    # Even boxes: one coefficient holds both sides of the Nyquist frequency, where these blobs keep some 0.5 % power.
    assert relative_error(moved.images.numpy(), there.images(box)) < (FLOAT32_EXACT if box % 2 else 2e-3)


@pytest.mark.parametrize("box", BOXES)
def test_a_mirrored_image_shows_the_other_hand(box: int) -> None:
    seen = scene()
    mirrored = parse_transform("mirror")(seen.batch(box), seed=0)
    told = described_by(mirrored, seen.blobs.mirrored())
    other_hand = Scene(told.blobs, MIRROR_X @ told.poses @ MIRROR_X, told.offsets_px, told.ctf)
    assert relative_error(mirrored.images.numpy(), other_hand.images(box)) < FLOAT32_EXACT


def test_turning_does_not_change_its_input() -> None:
    before = scene().batch(32)
    kept = [field.clone() for field in (before.images, before.shift_px, before.ctf, before.pose)]
    parse_transform("rot90")(before, seed=0)
    after = (before.images, before.shift_px, before.ctf, before.pose)
    assert all(torch.equal(old, new) for old, new in zip(kept, after, strict=True))
