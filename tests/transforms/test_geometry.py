"""Which way is clockwise, right and down: by hand-written pictures, row 0 on top."""

import numpy as np
import pytest
import torch

from encaudit.errors import InputError
from encaudit.transforms import parse_transform
from encaudit.types import ImageBatch
from tests.transforms.observations import blobs, digits, particles, same

PICTURE_3 = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
PICTURE_4 = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]


def picture(rows, spec, particle=True):
    images = torch.tensor([rows], dtype=torch.float32)
    shift_px = torch.zeros(1, 2) if particle else None
    return parse_transform(spec)(ImageBatch(images, torch.tensor([0]), shift_px), seed=0).images[0].tolist()


@pytest.mark.parametrize("frame", ["covariant", "centred", "array"])
def test_clockwise_on_a_picture_of_3_by_3(frame):
    assert picture(PICTURE_3, f"rot90:frame={frame}") == [[7, 4, 1], [8, 5, 2], [9, 6, 3]]
    assert picture(PICTURE_3, f"rot270:frame={frame}") == [[3, 6, 9], [2, 5, 8], [1, 4, 7]]
    assert picture(PICTURE_3, f"rot180:frame={frame}") == [[9, 8, 7], [6, 5, 4], [3, 2, 1]]
    assert picture(PICTURE_3, f"mirror:frame={frame}") == [[3, 2, 1], [6, 5, 4], [9, 8, 7]]


def test_the_array_frame_of_4_by_4_turns_about_the_middle_of_the_array():
    assert picture(PICTURE_4, "rot90:frame=array") == [[13, 9, 5, 1], [14, 10, 6, 2], [15, 11, 7, 3], [16, 12, 8, 4]]
    assert picture(PICTURE_4, "rot270:frame=array") == [[4, 8, 12, 16], [3, 7, 11, 15], [2, 6, 10, 14], [1, 5, 9, 13]]


@pytest.mark.parametrize("frame", ["covariant", "centred"])
def test_the_other_frames_of_4_by_4_turn_about_pixel_2_2_which_is_11(frame):
    assert picture(PICTURE_4, f"rot90:frame={frame}") == [[1, 13, 9, 5], [2, 14, 10, 6], [3, 15, 11, 7], [4, 16, 12, 8]]
    assert picture(PICTURE_4, f"rot270:frame={frame}") == [
        [1, 5, 9, 13],
        [4, 8, 12, 16],
        [3, 7, 11, 15],
        [2, 6, 10, 14],
    ]
    assert picture(PICTURE_4, f"rot180:frame={frame}") == [
        [1, 4, 3, 2],
        [13, 16, 15, 14],
        [9, 12, 11, 10],
        [5, 8, 7, 6],
    ]
    assert picture(PICTURE_4, f"mirror:frame={frame}") == [
        [1, 4, 3, 2],
        [5, 8, 7, 6],
        [9, 12, 11, 10],
        [13, 16, 15, 14],
    ]


@pytest.mark.parametrize("frame", ["covariant", "centred", "array"])
def test_images_without_metadata_turn_as_arrays_in_every_frame(frame):
    for rows in (PICTURE_3, PICTURE_4):
        bare = np.array(rows)
        assert picture(rows, f"rot90:frame={frame}", particle=False) == np.rot90(bare, -1).tolist()
        assert picture(rows, f"rot180:frame={frame}", particle=False) == np.rot90(bare, 2).tolist()
        assert picture(rows, f"mirror:frame={frame}", particle=False) == bare[:, ::-1].tolist()


def test_roll_moves_right_and_down_and_wraps():
    assert picture(PICTURE_3, "roll1") == [[3, 1, 2], [6, 4, 5], [9, 7, 8]]
    assert picture(PICTURE_3, "roll:dy=1") == [[7, 8, 9], [1, 2, 3], [4, 5, 6]]
    assert picture(PICTURE_3, "roll:dx=-1,dy=3") == [[2, 3, 1], [5, 6, 4], [8, 9, 7]]
    assert picture(PICTURE_3, "roll2000000002") == picture(PICTURE_3, "roll1")


def test_content_moved_to_the_right_needs_a_translation_that_much_less():
    batch = particles()
    for spec in ("roll:dx=1,dy=-2,frame=covariant", "shift:dx=1,dy=-2,frame=covariant"):
        moved = parse_transform(spec)(batch, seed=0)
        assert torch.equal(moved.shift_px, batch.shift_px - torch.tensor([1.0, -2.0]))
    assert parse_transform("roll1")(batch, seed=0).shift_px is batch.shift_px


@pytest.mark.parametrize("box", [15, 16])
def test_shift_by_whole_pixels_is_roll_to_the_bit(box):
    batch = particles(box=box)
    shifted = parse_transform("shift:dx=3,dy=-2")(batch, seed=0)
    assert same(shifted, parse_transform("roll:dx=3,dy=-2")(batch, seed=0))


@pytest.mark.parametrize("box", [31, 32])
def test_shift_moves_a_band_limited_picture_exactly(box):
    halves = parse_transform("shift:dx=0.3,dy=1.6+shift:dx=0.7,dy=1.4")(blobs(box), seed=0)
    assert torch.allclose(halves.images, blobs(box).images.roll((3, 1), (-2, -1)), atol=1e-5)


@pytest.mark.parametrize("batch", [particles(), particles(box=15), digits(), digits(box=15)])
@pytest.mark.parametrize(
    ("deg", "spec"), [(90, "rot90"), (180, "rot180"), (270, "rot270"), (-90, "rot270"), (450, "rot90")]
)
def test_rotate_by_quarters_is_the_quarter_turn_to_the_bit(batch, deg, spec):
    for frame in ("covariant", "centred"):
        rotated = parse_transform(f"rotate:deg={deg},frame={frame}")(batch, seed=0)
        assert same(rotated, parse_transform(f"{spec}:frame={frame}")(batch, seed=0))


@pytest.mark.parametrize("box", [48, 49])
@pytest.mark.parametrize("particle", [True, False])
def test_nine_tenths_of_a_quarter_turn_make_a_quarter_turn(box, particle):
    batch = blobs(box) if particle else ImageBatch(blobs(box).images, torch.tensor([0]))
    nine = parse_transform("+".join(["rotate:deg=10"] * 9))(batch, seed=0)
    assert same(nine, parse_transform("rot90")(batch, seed=0), atol=2e-5)


def test_rotation_keeps_the_power_of_white_noise():
    batch = particles(16, box=33)
    for deg in (10, 33, 45):
        rotated = parse_transform(f"rotate:deg={deg}")(batch, seed=0)
        assert torch.allclose(rotated.images.var((-2, -1)), batch.images.var((-2, -1)), rtol=1e-4)


@pytest.mark.parametrize("spec", ["rot90", "rot270", "rotate:deg=10", "rotate:deg=90"])
def test_turning_an_oblong_image_is_refused(spec):
    batch = ImageBatch(torch.zeros(1, 4, 6), torch.tensor([0]))
    with pytest.raises(InputError, match="square images; found 4 x 6"):
        parse_transform(spec)(batch, seed=0)


def test_half_turns_of_oblong_images_are_about_pixel_half_of_each_axis():
    spike = torch.zeros(1, 4, 5)
    spike[0, 2, 2] = 1
    batch = ImageBatch(spike, torch.tensor([0]), shift_px=torch.zeros(1, 2))
    assert torch.equal(parse_transform("rot180")(batch, seed=0).images, spike)
