"""Real and simulated stacks of other people's making."""

from pathlib import Path

import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.images import open_stack


def test_toy_projections_are_the_same_in_every_format(shared_data: Path) -> None:
    folder = shared_data / "cryodrgn"
    stacks = [open_stack(folder / f"toy_projections.{kind}") for kind in ("mrcs", "txt", "star")]
    positions = np.array([999, 3, 4, 500])
    first, *others = [stack.read(positions).images for stack in stacks]
    assert first.shape == (4, 30, 30)
    assert all(np.array_equal(first, other) for other in others)


def test_particles_of_empiar_10076_are_the_same_by_relion_and_cryosparc(shared_data: Path) -> None:
    star, cs, mrc = (open_stack(shared_data / "cryodrgn" / f"empiar_10076_7.{kind}") for kind in ("star", "cs", "mrc"))
    assert star.apix == pytest.approx(1.31, abs=1e-3)
    assert cs.apix == pytest.approx(1.31, abs=1e-3)
    assert star.micrographs is not None
    assert len(star.micrographs) == 7
    images = star.read(np.arange(7)).images
    assert np.array_equal(images, cs.read(np.arange(7)).images)
    assert np.array_equal(images, mrc.read(np.arange(7)).images)


def test_relion_31_finds_its_stack_beside_the_table(shared_data: Path) -> None:
    folder = shared_data / "cryodrgn"
    stack = open_stack(folder / "relion31.star", poses=folder / "pose.star.pkl", ctf=folder / "ctf1.pkl")
    assert len(stack) == 5
    assert stack.image_shape == (256, 256)
    assert stack.micrographs is not None
    assert np.array_equal(
        stack.read(np.arange(5)).images, open_stack(folder / "relion31.mrcs").read(np.arange(5)).images
    )


def test_a_table_away_from_its_images_asks_for_datadir(shared_data: Path, tmp_path: Path) -> None:
    table = tmp_path / "toy.star"
    table.write_text((shared_data / "cryodrgn" / "toy_projections.star").read_text())
    with pytest.raises(InputError, match="--datadir"):
        open_stack(table)
    assert len(open_stack(table, datadir=shared_data / "cryodrgn")) == 1000


def test_tilt_series_agree_with_cryodrgns_grouping(shared_data: Path) -> None:
    from cryodrgn.dataset import TiltSeriesData

    folder = shared_data / "cryodrgn"
    path = folder / "sta_testing_bin8.star"
    stack = open_stack(path, tilts=10, poses=folder / "sta_pose.pkl", ctf=folder / "sta_ctf.pkl")
    particles, _ = TiltSeriesData.parse_particle_tilt(str(path))
    assert len(stack) == len(particles)
    plain = open_stack(path, poses=folder / "sta_pose.pkl")
    batch, tilts = stack.read(np.array([2])), plain.read(particles[2][:10])
    assert np.array_equal(batch.images[0], tilts.images)
    assert batch.shift_px is not None
    assert tilts.shift_px is not None
    assert np.array_equal(batch.shift_px[0], tilts.shift_px)


def test_mnist_images_open_and_labels_do_not(shared_data: Path) -> None:
    stack = open_stack(shared_data / "mnist" / "t10k-images-idx3-ubyte.gz")
    images = stack.read(np.arange(100)).images
    assert (len(stack), stack.image_shape) == (10_000, (28, 28))
    assert (float(images.min()), float(images.max())) == (0.0, 1.0)
    with pytest.raises(InputError, match="labels"):
        open_stack(shared_data / "mnist" / "t10k-labels-idx1-ubyte.gz")
