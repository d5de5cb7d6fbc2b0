"""Poses and CTF arrive as cryoDRGN would feed them to its encoder; tilt series keep their tilts together."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from encaudit.errors import InputError
from encaudit.images import open_stack
from tests.images.written_stacks import (
    numbered_images,
    numbers_of,
    write_ctf,
    write_mrcs,
    write_pickle,
    write_poses,
    write_star,
)

BOX = 6


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    return write_mrcs(tmp_path / "a.mrcs", numbered_images(8))


def test_poses_are_those_of_cryodrgns_tracker(stack: Path, tmp_path: Path) -> None:
    from cryodrgn.pose import PoseTracker

    generator = np.random.default_rng(0)
    file = write_pickle(
        tmp_path / "p.pkl", (Rotation.random(8, rng=0).as_matrix(), generator.uniform(-0.2, 0.2, (8, 2)))
    )
    tracker = PoseTracker.load(str(file), Nimg=8, D=BOX + 1)
    batch = open_stack(stack, poses=file).read(np.arange(8))
    assert batch.pose is not None
    assert np.array_equal(batch.pose, tracker.rots)
    assert batch.shift_px is not None
    assert tracker.trans is not None
    assert np.array_equal(batch.shift_px, tracker.trans)


def test_ctf_is_that_of_cryodrgns_training(stack: Path, tmp_path: Path) -> None:
    from cryodrgn.ctf import load_ctf_for_training

    opened = open_stack(stack, ctf=write_ctf(tmp_path / "ctf.pkl", 8))
    batch = opened.read(np.arange(8))
    assert batch.ctf is not None
    assert np.array_equal(batch.ctf, load_ctf_for_training(BOX, str(tmp_path / "ctf.pkl")))
    assert opened.apix == 3.0, "1.5 angstrom at 12 pixels are 3 at 6, whatever the header says"


def test_matrices_that_are_no_rotations_are_refused(stack: Path, tmp_path: Path) -> None:
    rotations = np.tile(np.eye(3), (8, 1, 1))
    rotations[5:] *= 2
    with pytest.raises(InputError, match="no rotations, the first of 3 in row 5"):
        open_stack(stack, poses=write_pickle(tmp_path / "p.pkl", rotations))
    kept = write_pickle(tmp_path / "i.pkl", [0, 1, 6])
    with pytest.raises(InputError, match="no rotations, the first of 1 in row 6"):
        open_stack(stack, poses=tmp_path / "p.pkl", ind=kept)


def test_rotations_alone_leave_the_translations_unknown(stack: Path, tmp_path: Path) -> None:
    rotations = np.tile(np.eye(3), (8, 1, 1))
    for content in (rotations, (rotations,)):
        batch = open_stack(stack, poses=write_pickle(tmp_path / "r.pkl", content)).read(np.arange(2))
        assert batch.pose is not None
        assert batch.shift_px is None
        assert batch.is_particle


def test_rotations_and_translations_of_two_files(stack: Path, tmp_path: Path) -> None:
    rotations = write_pickle(tmp_path / "r.pkl", np.tile(np.eye(3), (8, 1, 1)))
    translations = write_pickle(tmp_path / "t.pkl", np.full((8, 2), 0.5))
    batch = open_stack(stack, poses=[rotations, translations]).read(np.arange(1))
    assert batch.shift_px is not None
    assert batch.shift_px.tolist() == [[3.5, 3.5]]


def test_translations_in_pixels_are_refused(stack: Path, tmp_path: Path) -> None:
    for worst in (4.0, -4.0):
        poses = (np.tile(np.eye(3), (8, 1, 1)), np.full((8, 2), worst))
        with pytest.raises(InputError, match="up to 4; expected fractions of the box"):
            open_stack(stack, poses=write_pickle(tmp_path / "p.pkl", poses))


@pytest.mark.parametrize(
    "content",
    [np.ones((8, 3)), (np.ones((8, 3, 3)), np.ones((8, 3))), (1, 2, 3), "poses", np.full((8, 3, 3), "a")],
)
def test_poses_of_other_shapes_are_refused(stack: Path, tmp_path: Path, content: object) -> None:
    with pytest.raises(InputError, match=r"p\.pkl"):
        open_stack(stack, poses=write_pickle(tmp_path / "p.pkl", content))


@pytest.mark.parametrize("content", [np.ones((8, 8)), np.ones(9), (1, 2)])
def test_ctf_of_other_shapes_is_refused(stack: Path, tmp_path: Path, content: object) -> None:
    with pytest.raises(InputError, match=r"\(n, 9\)"):
        open_stack(stack, ctf=write_pickle(tmp_path / "c.pkl", content))


def test_rows_that_are_not_numbers_are_named_unless_left_out(stack: Path, tmp_path: Path) -> None:
    poses, ctf = write_poses(tmp_path / "p.pkl", 8), write_ctf(tmp_path / "c.pkl", 8)
    table = np.load(ctf, allow_pickle=True)
    table[5, 3] = np.nan
    write_pickle(ctf, table)
    rotations, translations = np.load(poses, allow_pickle=True)
    translations[6, 1] = np.inf
    write_pickle(poses, (rotations, translations))
    with pytest.raises(InputError, match=r"CTF parameters .* for 1 image in row 5 "):
        open_stack(stack, ctf=ctf)
    with pytest.raises(InputError, match=r"translations .* in row 6 "):
        open_stack(stack, poses=poses)
    good = open_stack(stack, poses=poses, ctf=ctf, ind=write_pickle(tmp_path / "i.pkl", [0, 1, 7]))
    assert good.index.tolist() == [0, 1, 7]


def test_a_ctf_without_a_pixel_size_is_refused(stack: Path, tmp_path: Path) -> None:
    table = np.load(write_ctf(tmp_path / "c.pkl", 8), allow_pickle=True)
    table[:, 1] = 0
    with pytest.raises(InputError, match="0 angstrom per pixel in row 0"):
        open_stack(stack, ctf=write_pickle(tmp_path / "c.pkl", table))


def test_values_beyond_32_bits_are_refused_as_those_that_are_no_numbers(stack: Path, tmp_path: Path) -> None:
    table = np.load(write_ctf(tmp_path / "c.pkl", 8), allow_pickle=True).astype(np.float64)
    table[3, 2] = 1e300
    with pytest.raises(InputError, match=r"\(dfu\) that are not finite numbers .* for 1 image in row 3 "):
        open_stack(stack, ctf=write_pickle(tmp_path / "c.pkl", table))
    rotations = np.tile(np.eye(3), (8, 1, 1))
    rotations[2:4] *= 1e300
    with pytest.raises(InputError, match=r"rotations .* for 2 images, the first in row 2 "):
        open_stack(stack, poses=write_pickle(tmp_path / "p.pkl", rotations))


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_a_pixel_size_beyond_32_bits_is_refused(stack: Path, tmp_path: Path, size: float) -> None:
    table = np.load(write_ctf(tmp_path / "c.pkl", 8), allow_pickle=True).astype(np.float64)
    table[0, :2] = size
    ctf, ind = write_pickle(tmp_path / "c.pkl", table), write_pickle(tmp_path / "i.pkl", [4, 5])
    with pytest.raises(InputError, match="in row 0"):
        open_stack(stack, ctf=ctf, ind=ind)


def test_colour_images_have_no_poses(tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", np.ones((8, 3, 6, 6)))
    with pytest.raises(InputError, match="colour"):
        open_stack(tmp_path / "c.npy", poses=write_poses(tmp_path / "p.pkl", 8))


@pytest.fixture
def tilt_series(stack: Path, tmp_path: Path) -> Path:
    """Particles p (rows 0 2 4), q (1 3 5) and r (6 7)."""
    names = [f"{row + 1}@{stack.name}" for row in range(8)]
    groups = ["p", "q", "p", "q", "p", "q", "r", "r"]
    return write_star(tmp_path / "tilts.star", names, GroupName=groups, MicrographName=[f"m{i}" for i in range(8)])


def test_tilts_of_a_particle_come_together(tilt_series: Path, tmp_path: Path) -> None:
    poses, ctf = write_poses(tmp_path / "p.pkl", 8), write_ctf(tmp_path / "c.pkl", 8)
    opened = open_stack(tilt_series, tilts=2, poses=poses, ctf=ctf)
    assert opened.index.tolist() == [0, 1, 2]
    assert opened.image_shape == (2, BOX, BOX)
    assert opened.micrographs is not None
    assert opened.micrographs.tolist() == ["m0", "m1", "m6"]
    batch = opened.read(np.array([2, 0]))
    assert np.array_equal(batch.images, numbered_images(8)[[[6, 7], [0, 2]]])
    assert batch.pose is not None
    assert numbers_of(batch.pose) == [[6, 7], [0, 2]]
    assert batch.shift_px is not None
    assert batch.shift_px.shape == (2, 2, 2)
    assert batch.ctf is not None
    assert batch.ctf[..., 1].tolist() == [[6000, 7000], [0, 2000]]


def test_ind_counts_particles_of_a_tilt_series(tilt_series: Path, tmp_path: Path) -> None:
    ind = write_pickle(tmp_path / "i.pkl", [2, 1])
    whole = write_poses(tmp_path / "p.pkl", 8)
    rotations, translations = np.load(whole, allow_pickle=True)
    rows = [6, 7, 1, 3, 5]
    cut = write_pickle(tmp_path / "cut.pkl", (rotations[rows], translations[rows]))
    for poses in (whole, cut):
        opened = open_stack(tilt_series, tilts=2, ind=ind, poses=poses)
        batch = opened.read(np.arange(2))
        assert opened.index.tolist() == [2, 1]
        assert np.array_equal(batch.images, numbered_images(8)[[[6, 7], [1, 3]]])
        assert batch.pose is not None
        assert numbers_of(batch.pose) == [[6, 7], [1, 3]]


def test_tilt_series_that_cannot_be(tilt_series: Path, stack: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="particle r has 2 tilts, and the encoder takes 3"):
        open_stack(tilt_series, tilts=3)
    with pytest.raises(InputError, match=r"no tilt series; expected a \.star"):
        open_stack(stack, tilts=2)
    with pytest.raises(InputError, match="_rlnGroupName"):
        open_stack(write_star(tmp_path / "plain.star", [f"1@{stack.name}"]), tilts=1)
    with pytest.raises(InputError, match="1 or more"):
        open_stack(tilt_series, tilts=0)
