"""What is wrong with a stack is said when it is opened, in one sentence that names the file."""

from pathlib import Path

import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.images import open_stack
from tests.images.written_stacks import numbered_images, write_cs, write_mrcs, write_star


def assert_refused(path: Path, *words: str, datadir: Path | None = None) -> None:
    with pytest.raises(InputError) as caught:
        open_stack(path, datadir=datadir)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


def with_header(path: Path, **fields: int) -> Path:
    offsets = {"nx": 0, "ny": 4, "nz": 8, "mode": 12, "next": 92}
    content = bytearray(path.read_bytes())
    for name, value in fields.items():
        content[offsets[name] : offsets[name] + 4] = np.int32(value).tobytes()
    path.write_bytes(content)
    return path


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    return write_mrcs(tmp_path / "a.mrcs", numbered_images(4))


def test_missing_file(tmp_path: Path) -> None:
    for suffix in ("mrcs", "star", "cs", "txt", "npy", "pt", "gz"):
        assert_refused(tmp_path / f"nothing.{suffix}", f"nothing.{suffix}")


def test_truncated_stack(stack: Path) -> None:
    stack.write_bytes(stack.read_bytes()[:-1])
    assert_refused(stack, "is cut off", "4 images of 6 x 6", "1600", "1599")


def test_truncated_header(stack: Path) -> None:
    stack.write_bytes(stack.read_bytes()[:1000])
    assert_refused(stack, "is cut off", "1000 bytes")


def test_header_that_promises_fewer_images_than_there_are(stack: Path) -> None:
    assert_refused(with_header(stack, nz=3), "disagrees with its header", "3 images", "1456", "1600")


def test_header_with_an_extension_that_is_not_there(stack: Path) -> None:
    assert_refused(with_header(stack, next=512), "is cut off")


def test_extended_header_is_skipped(stack: Path) -> None:
    content = with_header(stack, next=80).read_bytes()
    stack.write_bytes(content[:1024] + bytes(80) + content[1024:])
    assert np.array_equal(open_stack(stack).read(np.arange(4)).images, numbered_images(4))


def test_other_modes_and_other_files(stack: Path, tmp_path: Path) -> None:
    assert_refused(with_header(stack, mode=4), "mode 4", "complex")
    assert_refused(with_header(stack, mode=77), "mode 77", "unknown")
    assert_refused(with_header(stack, mode=2, nz=-1), "-1 images")
    (tmp_path / "text.mrcs").write_text("not an image " * 200)
    assert_refused(tmp_path / "text.mrcs", "text.mrcs")


def test_byte_order_of_another_machine(stack: Path) -> None:
    content = stack.read_bytes()
    stack.write_bytes(np.frombuffer(content, "<i4").astype(">i4").tobytes())
    assert_refused(stack, "big-endian")


def test_images_that_are_not_square(tmp_path: Path) -> None:
    assert_refused(write_mrcs(tmp_path / "wide.mrcs", np.ones((3, 4, 6), np.float32)), "4 x 6", "square")


def test_unknown_format(tmp_path: Path) -> None:
    (tmp_path / "a.tiff").write_bytes(b"II*\0")
    assert_refused(tmp_path / "a.tiff", "a.tiff", ".mrcs", ".star", ".npy", "IDX")


@pytest.mark.parametrize("kind", ["star", "cs", "txt"])
def test_tables_that_name_what_is_not_there(stack: Path, tmp_path: Path, kind: str) -> None:
    table = tmp_path / f"t.{kind}"
    if kind == "star":
        write_star(table, ["1@a.mrcs", "1@b.mrcs"])
    elif kind == "cs":
        write_cs(table, ["a.mrcs", "b.mrcs"], [0, 0])
    else:
        table.write_text("a.mrcs\nb.mrcs\n")
    assert_refused(table, "b.mrcs", "--datadir" if kind != "txt" else "line 2")


def test_datadir_without_the_images_and_without_itself(stack: Path, tmp_path: Path) -> None:
    star = write_star(tmp_path / "t.star", ["1@gone.mrcs"])
    (tmp_path / "empty").mkdir()
    assert_refused(star, "gone.mrcs", "--datadir", datadir=tmp_path / "empty")
    assert_refused(star, "No folder", "--datadir", datadir=tmp_path / "nowhere")


def test_tables_that_mix_boxes(stack: Path, tmp_path: Path) -> None:
    write_mrcs(tmp_path / "b.mrcs", numbered_images(2, box=8))
    assert_refused(
        write_star(tmp_path / "t.star", ["1@a.mrcs", "1@b.mrcs"]), "mixes boxes", "b.mrcs has 8", "a.mrcs has 6"
    )


def test_every_stack_of_a_table_is_held_against_its_size(stack: Path, tmp_path: Path) -> None:
    write_mrcs(tmp_path / "b.mrcs", numbered_images(2))
    (tmp_path / "b.mrcs").write_bytes((tmp_path / "b.mrcs").read_bytes()[:-4])
    (tmp_path / "t.txt").write_text("a.mrcs\nb.mrcs\n")
    assert_refused(write_star(tmp_path / "t.star", ["1@a.mrcs", "1@b.mrcs"]), "b.mrcs is cut off")
    assert_refused(tmp_path / "t.txt", "b.mrcs is cut off")


@pytest.mark.parametrize("row", [0, 5])
def test_tables_that_ask_for_an_image_the_stack_lacks(stack: Path, tmp_path: Path, row: int) -> None:
    assert_refused(write_star(tmp_path / "t.star", ["2@a.mrcs", f"{row}@a.mrcs"]), f"image {row} of", "has 4")


def test_tables_that_are_no_tables(tmp_path: Path) -> None:
    (tmp_path / "a.star").write_text("data_\nloop_\n_rlnDefocusU\n100\n")
    assert_refused(tmp_path / "a.star", "_rlnImageName")
    (tmp_path / "b.star").write_text("")
    assert_refused(tmp_path / "b.star", "cannot be read")
    (tmp_path / "a.cs").write_bytes(b"junk")
    assert_refused(tmp_path / "a.cs", "cryoSPARC")
    (tmp_path / "empty.cs").write_bytes(b"")
    assert_refused(tmp_path / "empty.cs", "cryoSPARC")
    (tmp_path / "a.txt").write_text("\n\n")
    assert_refused(tmp_path / "a.txt", "is empty")


def test_a_list_with_an_empty_line(stack: Path, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("a.mrcs\n\n")
    assert_refused(tmp_path / "t.txt", "empty line 2")


def test_an_optics_group_that_is_not_there(stack: Path, tmp_path: Path) -> None:
    optics = "data_optics\n\nloop_\n_rlnOpticsGroup\n_rlnImagePixelSize\n1 1.5\n\n"
    write_star(tmp_path / "t.star", ["1@a.mrcs"], OpticsGroup=[2])
    (tmp_path / "t.star").write_text(optics + (tmp_path / "t.star").read_text())
    assert_refused(tmp_path / "t.star", "t.star cannot be read")
