"""The files of a selection are what cryoDRGN and encaudit take, and all of them are written or none."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from encaudit.errors import InputError
from encaudit.images import open_stack
from encaudit.selecting import FilteredStar, Outputs, Selection, choose, write_selection
from tests.images.written_stacks import write_star
from tests.selecting.audits import five_images, write_ten_images


@pytest.fixture
def star(tmp_path: Path) -> Path:
    return write_ten_images(tmp_path)


@pytest.fixture
def selection(tmp_path: Path, star: Path) -> Selection:
    """Stack rows 1, 4, 9 of ten."""
    return choose(five_images(tmp_path / "a.encaudit", {"path": str(star)}), 0.6, ["roll1"])


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_index_is_what_cryodrgn_loads(selection: Selection, tmp_path: Path) -> None:
    from cryodrgn.dataset import ImageDataset
    from cryodrgn.utils import load_pkl

    ind = tmp_path / "stable.pkl"
    assert write_selection(selection, Outputs(ind=ind)) is None
    loaded = load_pkl(str(ind))
    assert (loaded.tolist(), loaded.dtype) == ([1, 4, 9], np.int64)
    assert len(ImageDataset(str(tmp_path / "a.mrcs"), ind=loaded, lazy=True, norm=(0, 1))) == 3
    assert open_stack(tmp_path / "a.mrcs", ind=ind).index.tolist() == [1, 4, 9]


def test_the_star_has_the_same_images_as_the_index(selection: Selection, star: Path, tmp_path: Path) -> None:
    outputs = Outputs(ind=tmp_path / "i.pkl", star=tmp_path / "stable.star")
    assert write_selection(selection, outputs) == FilteredStar(star, None)
    filtered, indexed = open_stack(tmp_path / "stable.star"), open_stack(star, ind=tmp_path / "i.pkl")
    everyone = np.arange(3)
    assert len(filtered) == len(indexed) == 3
    assert np.array_equal(filtered.read(everyone).images, indexed.read(everyone).images)
    assert filtered.optics_groups is not None
    assert filtered.optics_groups.tolist() == ["1", "1", "2"]


def test_the_star_is_cryodrgns_own_filtered_one(selection: Selection, tmp_path: Path) -> None:
    from cryodrgn.starfile import Starfile

    source = tmp_path / "relion31.star"
    rows = "".join(f"{i + 1}@a.mrcs {1 + i // 5} {i / 7}\n" for i in range(10))
    source.write_text(
        "data_optics\n\nloop_\n_rlnOpticsGroup\n_rlnImageSize\n_rlnVoltage\n1 6 300.0\n2 6 200.0\n\n"
        f"data_particles\n\nloop_\n_rlnImageName\n_rlnOpticsGroup\n_rlnAnglePsi\n{rows}"
    )
    write_selection(selection, Outputs(star=tmp_path / "s.star", images=source))
    before, after = Starfile(str(source)), Starfile(str(tmp_path / "s.star"))
    pd.testing.assert_frame_equal(after.df, before.df.iloc[[1, 4, 9]].reset_index(drop=True))
    assert after.data_optics is not None
    pd.testing.assert_frame_equal(after.data_optics, before.data_optics)
    assert "\n1 6 300.0\n2 6 200.0\n" in (tmp_path / "s.star").read_text()


def test_a_tilt_series_keeps_all_tilts_of_its_particles(tmp_path: Path) -> None:
    groups = ["p", "q"] * 10 + list("rstuvwxy")
    source = write_star(tmp_path / "tilts.star", [f"{i + 1}@a.mrcs" for i in range(28)], GroupName=groups)
    audit = five_images(tmp_path / "t.encaudit", {"path": str(source), "shape": [1, 6, 6]})
    write_selection(choose(audit, 0.8, ["roll1"]), Outputs(star=tmp_path / "s.star"))
    kept = [line.split() for line in (tmp_path / "s.star").read_text().splitlines() if "@" in line]
    assert [group for _, group in kept] == ["q"] * 10 + ["y"], "particles 1 and 9"


def test_the_table_has_the_rows_of_the_audit(selection: Selection, tmp_path: Path) -> None:
    write_selection(selection, Outputs(csv=tmp_path / "s.csv"))
    table = pd.read_csv(tmp_path / "s.csv")
    assert table["index"].tolist() == [1, 4, 9]
    assert table["roll1/rank"].tolist() == [0.1, 0.2, 0]


def test_files_are_replaced_and_nothing_is_left_behind(selection: Selection, tmp_path: Path) -> None:
    (tmp_path / "i.pkl").write_text("old")
    write_selection(selection, Outputs(ind=tmp_path / "i.pkl", csv=tmp_path / "s.csv"))
    assert open_stack(tmp_path / "a.mrcs", ind=tmp_path / "i.pkl").index.tolist() == [1, 4, 9]
    assert names_in(tmp_path) == {"a.mrcs", "ten.star", "a.encaudit", "i.pkl", "s.csv"}


def test_places_that_cannot_be_written_are_refused_before_anything_is(selection: Selection, tmp_path: Path) -> None:
    (tmp_path / "folder.pkl").mkdir()
    audit, star = selection.folder, tmp_path / "ten.star"
    for outputs, words in (
        (Outputs(ind=tmp_path / "folder.pkl"), "is a folder"),
        (Outputs(ind=tmp_path / "i.npy"), r"ends in \.pkl"),
        (Outputs(star=tmp_path / "s.txt"), r"ends in \.star"),
        (Outputs(ind=tmp_path / "none" / "i.pkl"), "there is no folder"),
        (Outputs(star=star), "would overwrite"),
        (Outputs(csv=audit / "particles.csv"), "would overwrite"),
    ):
        with pytest.raises(InputError, match=words):
            write_selection(selection, Outputs(outputs.ind or tmp_path / "i.pkl", outputs.star, outputs.csv))
    assert names_in(tmp_path) == {"a.mrcs", "ten.star", "a.encaudit", "folder.pkl"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(selection: Selection, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(InputError, match="cannot be written: Permission denied"):
        write_selection(selection, Outputs(csv=tmp_path / "s.csv", ind=closed / "i.pkl"))
    assert not (tmp_path / "s.csv").exists()


def test_a_disk_that_refuses_one_file_gets_none(
    selection: Selection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(InputError, match=r"s\.csv cannot be written: No space left"):
        write_selection(selection, Outputs(ind=tmp_path / "i.pkl", csv=tmp_path / "s.csv"))
    assert names_in(tmp_path) == {"a.mrcs", "ten.star", "a.encaudit"}


def test_a_star_of_other_images_is_refused(selection: Selection, tmp_path: Path) -> None:
    target = tmp_path / "s.star"
    more = write_star(tmp_path / "more.star", [f"{i + 1}@b.mrcs" for i in range(11)])
    with pytest.raises(InputError, match=r"more\.star lists 11 images, and the stack that was audited has 10\."):
        write_selection(selection, Outputs(star=target, images=more))
    (tmp_path / "broken.star").write_text("data_\nloop_\n_rlnA\n1 2\n")
    for images, words in (
        (tmp_path / "a.mrcs", r"filters a \.star file, and --images is .*a\.mrcs"),
        (tmp_path / "none.star", "No file at"),
        (tmp_path / "broken.star", r"broken\.star cannot be read as a \.star file"),
    ):
        with pytest.raises(InputError, match=words):
            write_selection(selection, Outputs(star=target, images=images))
    assert not target.exists()


def test_without_the_audits_own_star_one_has_to_be_given(tmp_path: Path, star: Path) -> None:
    of_a_stack = choose(five_images(tmp_path / "m.encaudit", {"path": str(tmp_path / "a.mrcs")}), 0.6, ["roll1"])
    with pytest.raises(InputError, match=r"the audited images are .*a\.mrcs.*with --images"):
        write_selection(of_a_stack, Outputs(star=tmp_path / "s.star"))
    assert write_selection(of_a_stack, Outputs(star=tmp_path / "s.star", images=star)) == FilteredStar(star, None)
    gone = choose(five_images(tmp_path / "g.encaudit", {"path": "far/away.star"}), 0.6, ["roll1"])
    with pytest.raises(InputError, match="say where it is now with --images"):
        write_selection(gone, Outputs(star=tmp_path / "s.star"))
    nine = write_star(tmp_path / "nine.star", [f"{i + 1}@a.mrcs" for i in range(9)])
    with pytest.raises(InputError, match="lists 9 images, and the stack that was audited has at least 10"):
        write_selection(gone, Outputs(star=tmp_path / "s.star", images=nine))
    with pytest.raises(InputError, match=r"lacks 1 of the 3 images that were kept, such as image 10 of a\.mrcs"):
        write_selection(of_a_stack, Outputs(star=tmp_path / "s.star", images=nine))


def names_in_star_file(path: Path) -> list[str]:
    return [line.split()[0] for line in path.read_text().splitlines() if "@" in line]


@pytest.mark.parametrize("audited", ["a.mrcs", "ten.star", "ten.txt", "moved/a.mrcs"])
def test_a_star_in_another_order_is_read_by_the_names_of_its_images(tmp_path: Path, star: Path, audited: str) -> None:
    (tmp_path / "ten.txt").write_text("a.mrcs\n")
    order = [3, 9, 0, 4, 8, 1, 2, 7, 6, 5]
    other = write_star(tmp_path / "other.star", [f"{i + 1}@job/a.mrcs" for i in order], AnglePsi=order)
    selection = choose(five_images(tmp_path / "o.encaudit", {"path": str(tmp_path / audited)}), 0.6, ["roll1"])
    outputs = Outputs(star=tmp_path / "s.star", images=other)
    assert write_selection(selection, outputs) == FilteredStar(other, None)
    assert names_in_star_file(tmp_path / "s.star") == ["10@job/a.mrcs", "5@job/a.mrcs", "2@job/a.mrcs"]


def test_a_star_of_other_files_is_read_by_its_order_and_that_is_said(selection: Selection, tmp_path: Path) -> None:
    names = [f"{1 + i % 5}@mic{i // 5}.mrcs" for i in range(10)]
    other = write_star(tmp_path / "micrographs.star", names)
    found = write_selection(selection, Outputs(star=tmp_path / "s.star", images=other))
    assert found is not None
    assert found.said == (
        f"The rows of {other} were taken in the order of the stack: it names images of mic0.mrcs and 1 more, and those "
        "that were audited are of a.mrcs."
    )
    assert names_in_star_file(tmp_path / "s.star") == [names[1], names[4], names[9]]


def test_a_star_that_names_an_image_twice_or_one_outside_is_refused(tmp_path: Path) -> None:
    write_ten_images(tmp_path)
    selection = choose(five_images(tmp_path / "m.encaudit", {"path": str(tmp_path / "a.mrcs")}), 0.6, ["roll1"])
    for rows, words in (
        ([*range(1, 10), 9], "has image 9 of a.mrcs twice .again in its row 10"),
        ([*range(1, 10), 11], "has image 11 of a.mrcs in its row 10, and the stack that was audited has 10"),
        ([*range(9), 10], "has the image name '0@a.mrcs' in its row 1"),
    ):
        other = write_star(tmp_path / "other.star", [f"{row}@a.mrcs" for row in rows])
        with pytest.raises(InputError, match=words):
            write_selection(selection, Outputs(star=tmp_path / "s.star", images=other))
        assert not (tmp_path / "s.star").exists()


def test_an_expanded_star_that_was_audited_itself_is_read_by_its_rows(tmp_path: Path) -> None:
    source = write_star(tmp_path / "expanded.star", [f"{1 + i // 2}@a.mrcs" for i in range(10)], AngleRot=range(10))
    selection = choose(five_images(tmp_path / "e.encaudit", {"path": str(source)}), 0.6, ["roll1"])
    assert write_selection(selection, Outputs(star=tmp_path / "s.star")) == FilteredStar(source, None)
    assert names_in_star_file(tmp_path / "s.star") == ["1@a.mrcs", "3@a.mrcs", "5@a.mrcs"]
    other = write_star(tmp_path / "other.star", [f"{1 + i // 2}@a.mrcs" for i in reversed(range(10))])
    with pytest.raises(InputError, match="which row is of which image cannot be told"):
        write_selection(selection, Outputs(star=tmp_path / "s.star", images=other))


def test_a_tilt_series_in_another_order_is_read_by_names_too(tmp_path: Path) -> None:
    groups = ["p", "q"] * 10 + list("rstuvwxy")
    names = [f"{i + 1}@a.mrcs" for i in range(28)]
    source = write_star(tmp_path / "tilts.star", names, GroupName=groups)
    other = write_star(tmp_path / "other.star", names[::-1], GroupName=groups[::-1])
    audit = five_images(tmp_path / "t.encaudit", {"path": str(source), "shape": [1, 6, 6]})
    write_selection(choose(audit, 0.8, ["roll1"]), Outputs(star=tmp_path / "s.star", images=other))
    kept = [line.split() for line in (tmp_path / "s.star").read_text().splitlines() if "@" in line]
    assert [group for _, group in kept] == ["y"] + ["q"] * 10
