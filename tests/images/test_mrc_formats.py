"""MRC stacks and the tables that point into them: the same pixels from every format."""

from pathlib import Path

import numpy as np
import pytest
import torch

from encaudit.images import open_stack
from tests.images.written_stacks import numbered_images, write_cs, write_mrcs, write_star


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int16, np.uint16])
def test_every_pixel_type_comes_as_the_same_float32(tmp_path: Path, dtype: type) -> None:
    stack = open_stack(write_mrcs(tmp_path / "s.mrcs", numbered_images(5, dtype=dtype)))
    images = stack.read(np.arange(5)).images
    assert images.dtype == torch.float32
    assert np.array_equal(images.numpy(), numbered_images(5))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_bytes_are_read_as_cryodrgn_wrote_them(tmp_path: Path, dtype: type) -> None:
    from cryodrgn.mrcfile import write_mrc

    images = numbered_images(4, dtype=dtype)
    images[0, 0, 0] = np.iinfo(dtype).max
    images[1, 0, 0] = np.iinfo(dtype).min
    write_mrc(str(tmp_path / "s.mrcs"), images, is_vol=False)
    assert np.array_equal(open_stack(tmp_path / "s.mrcs").read(np.arange(4)).images.numpy(), images.astype(np.float32))


@pytest.mark.parametrize("box", [6, 7])
def test_images_come_in_the_order_asked_for(tmp_path: Path, box: int) -> None:
    images = numbered_images(20, box)
    stack = open_stack(write_mrcs(tmp_path / "s.mrcs", images))
    assert stack.image_shape == (box, box)
    for positions in ([3], [], [0, 1, 2], [7, 3, 19, 4], [5, 5]):
        batch = stack.read(np.array(positions, dtype=int))
        assert np.array_equal(batch.images.numpy(), images[positions])
        assert batch.index.tolist() == positions


def test_the_pixel_size_of_the_header_counts_unless_it_is_a_placeholder(tmp_path: Path) -> None:
    images = numbered_images(3)
    assert open_stack(write_mrcs(tmp_path / "a.mrcs", images, apix=3.5)).apix == 3.5
    for number, placeholder in enumerate((0.0, 1.0, 1 / 6)):
        apix = open_stack(write_mrcs(tmp_path / f"{number}.mrcs", images, apix=placeholder)).apix
        assert apix is None, placeholder


@pytest.mark.parametrize("kind", ["star", "cs", "txt"])
def test_tables_gather_images_of_several_stacks(tmp_path: Path, kind: str) -> None:
    images = numbered_images(8)
    write_mrcs(tmp_path / "a.mrcs", images[:5])
    write_mrcs(tmp_path / "b.mrcs", images[5:].astype(np.int16))
    wanted = [6, 0, 7, 4] if kind != "txt" else list(range(8))
    names = ["a.mrcs" if i < 5 else "b.mrcs" for i in wanted]
    rows = [i if i < 5 else i - 5 for i in wanted]
    table = tmp_path / f"t.{kind}"
    if kind == "star":
        write_star(table, [f"{row + 1:06d}@{name}" for row, name in zip(rows, names, strict=True)])
    elif kind == "cs":
        write_cs(table, [f">{name}" for name in names], rows)
    else:
        table.write_text("a.mrcs\nb.mrcs\n")
    stack = open_stack(table)
    assert np.array_equal(stack.read(np.arange(len(wanted))).images.numpy(), images[wanted])
    assert np.array_equal(stack.read(np.array([2])).images.numpy(), images[[wanted[2]]])
    assert [Path(file).name for file in stack.files] == [table.name, *dict.fromkeys(names)]


def test_datadir_says_where_the_images_of_a_table_are(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    write_mrcs(tmp_path / "far" / "a.mrcs", numbered_images(2))
    star = write_star(tmp_path / "t.star", ["1@old/place/a.mrcs", "2@old/place/a.mrcs"])
    assert np.array_equal(open_stack(star, datadir=tmp_path / "far").read(np.arange(2)).images, numbered_images(2))


def test_micrographs_and_pixel_size_come_from_the_table(tmp_path: Path) -> None:
    write_mrcs(tmp_path / "a.mrcs", numbered_images(3))
    names = ["1@a.mrcs", "2@a.mrcs", "3@a.mrcs"]
    star = write_star(tmp_path / "t.star", names, MicrographName=["m1", "m1", "m2"], ImagePixelSize=[1.25] * 3)
    stack = open_stack(star)
    assert stack.apix == 1.25
    assert stack.micrographs is not None
    assert stack.micrographs.tolist() == ["m1", "m1", "m2"]
    old = write_star(tmp_path / "old.star", names, DetectorPixelSize=[5] * 3, Magnification=[40000] * 3)
    assert open_stack(old).apix == pytest.approx(1.25)
    for number, unknown in enumerate(("inf", "nan", "-1", "wide")):
        star = write_star(tmp_path / f"unknown{number}.star", names, ImagePixelSize=[unknown] * 3)
        assert open_stack(star).apix == 3.5, f"{unknown} is no size: the header's"
    endless = write_star(tmp_path / "endless.star", names, DetectorPixelSize=[5] * 3, Magnification=[0] * 3)
    assert open_stack(endless).apix == 3.5
    mixed = write_star(tmp_path / "mixed.star", names, ImagePixelSize=[1.25, 1.25, 1.3])
    assert open_stack(mixed).apix == 3.5, "no one size in the table: the header's"


def test_cryosparc_micrographs_are_paths_or_else_numbers(tmp_path: Path) -> None:
    write_mrcs(tmp_path / "a.mrcs", numbered_images(3))
    uid = {"location/micrograph_uid": np.array([7, 7, 9], np.uint64)}
    by_uid = open_stack(write_cs(tmp_path / "u.cs", ["a.mrcs"] * 3, [0, 1, 2], **uid))
    assert by_uid.apix == 2.5
    assert by_uid.micrographs is not None
    assert by_uid.micrographs.tolist() == ["7", "7", "9"]
    path = {"location/micrograph_path": np.array([b"x.mrc", b"y.mrc", b"y.mrc"])}
    by_path = open_stack(write_cs(tmp_path / "p.cs", ["a.mrcs"] * 3, [0, 1, 2], **path, **uid))
    assert by_path.micrographs is not None
    assert by_path.micrographs.tolist() == ["x.mrc", "y.mrc", "y.mrc"]


def test_rows_far_into_a_large_stack_do_not_wrap_around(tmp_path: Path) -> None:
    """cryoSPARC counts rows in 32 bits; row 40,000 of a 192-pixel stack starts beyond 4 GB."""
    box, row = 192, 40_000
    write_mrcs(tmp_path / "a.mrcs", numbered_images(1, box))
    header = bytearray((tmp_path / "a.mrcs").read_bytes()[:1024])
    header[8:12] = np.int32(row + 1).tobytes()
    with open(tmp_path / "a.mrcs", "wb") as file:
        file.write(header)
        file.seek(1024 + row * box * box * 4)  # a hole: takes no space on disk
        file.write(numbered_images(1, box).tobytes())
    stack = open_stack(write_cs(tmp_path / "t.cs", ["a.mrcs"], [row]))
    assert np.array_equal(stack.read(np.array([0])).images, numbered_images(1, box))


@pytest.mark.parametrize("size", [np.inf, np.nan, 0])
def test_a_cryosparc_pixel_size_that_is_none_is_unknown(tmp_path: Path, size: float) -> None:
    write_mrcs(tmp_path / "a.mrcs", numbered_images(2), apix=0)
    table = write_cs(tmp_path / "t.cs", ["a.mrcs"] * 2, [0, 1])
    fields = np.load(table)
    fields["blob/psize_A"] = size
    with open(table, "wb") as file:
        np.save(file, fields)
    assert open_stack(table).apix is None
