"""What a user's table says of each image arrives at that image, and a table that does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.images import open_stack
from encaudit.images.metadata import Metadata, read_metadata
from encaudit.images.selection import Rows
from tests.images.written_stacks import numbered_images, write_cs, write_mrcs, write_pickle, write_star

ALL = Rows(4, np.arange(4), np.arange(4))


def read(path: Path, text: str, rows: Rows = ALL) -> Metadata:
    path.write_text(text)
    return read_metadata(path, rows)


def assert_refused(path: Path, text: str | bytes, *words: str, rows: Rows = ALL) -> None:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as caught:
        read_metadata(path, rows)
    message = str(caught.value)
    assert "\n" not in message
    for word in (path.name, *words):
        assert word in message, message


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "m.csv"


def test_columns_of_a_csv_are_groups_numbers_and_words(table: Path) -> None:
    told = read(
        table, "Micrograph,optics_group,ice,state\na.mrc,1,0.5,open\na.mrc,1,1e2,shut\nb.mrc,2,-3,open\nb,2,4,5\n"
    )
    assert told.micrograph is not None
    assert told.micrograph.tolist() == ["a.mrc", "a.mrc", "b.mrc", "b"]
    assert told.optics_group is not None
    assert told.optics_group.tolist() == ["1", "1", "2", "2"]
    assert list(told.covariates) == ["ice", "state"]
    assert told.covariates["ice"].dtype == np.float64
    assert told.covariates["ice"].tolist() == [0.5, 100, -3, 4]
    assert told.covariates["state"].tolist() == ["open", "shut", "open", "5"]
    assert told.missing == {}


@pytest.mark.parametrize("name", ["_rlnMicrographName", "location/micrograph_path", "location/micrograph_uid"])
def test_a_csv_may_use_the_names_of_relion_and_cryosparc(table: Path, name: str) -> None:
    told = read(table, f"{name},ctf/exp_group_id\nx,1\nx,1\ny,2\ny,2\n")
    assert told.micrograph is not None
    assert told.micrograph.tolist() == ["x", "x", "y", "y"]
    assert told.optics_group is not None
    assert told.covariates == {}


def test_missing_values_are_kept_and_counted(table: Path) -> None:
    told = read(table, "micrograph,ice,state\na,1,\n,NaN,open\na,n/a,None\nb,inf,NULL\n")
    assert told.micrograph is not None
    assert told.micrograph.tolist() == ["a", "", "a", "b"]
    assert np.array_equal(told.covariates["ice"], [1, np.nan, np.nan, np.nan], equal_nan=True)
    assert told.covariates["state"].tolist() == ["", "open", "", ""]
    assert told.missing == {"micrograph": 1, "ice": 3, "state": 3}


def test_a_table_of_the_stack_or_of_what_ind_keeps(table: Path) -> None:
    rows = Rows(5, np.array([4, 1, 2]), np.array([4, 1]))
    for text in ("x\n0\n10\n20\n30\n40\n", "x\n40\n10\n20\n"):
        assert read(table, text, rows).covariates["x"].tolist() == [40, 10]


def test_an_index_says_which_image_a_row_is_of(table: Path) -> None:
    rows = Rows(5, np.array([4, 1, 2]), np.array([4, 1]))
    told = read(table, "x,index,who\n20,2,c\n40,4,e\n0,0,a\n", rows)
    assert np.array_equal(told.covariates["x"], [40, np.nan], equal_nan=True)
    assert told.covariates["who"].tolist() == ["e", ""]
    assert told.missing == {"x": 1, "who": 1}
    assert "index" not in told.covariates


def test_a_tilt_series_takes_the_values_of_the_first_tilt(table: Path) -> None:
    rows = Rows(6, np.arange(6), np.array([[3, 4], [0, 1]]))
    text = "x\n" + "".join(f"{i}\n" for i in range(6))
    assert read(table, text, rows).covariates["x"].tolist() == [3, 0]
    assert read(table, "index,x\n4,4\n0,0\n3,3\n", rows).covariates["x"].tolist() == [3, 0]


def test_a_csv_of_a_spreadsheet_has_a_byte_order_mark_quotes_and_blank_lines(table: Path) -> None:
    told = read(table, '\ufeffmicrograph , ice\r\n"a, b",1\r\n\r\n"c ""d""", 2\r\ne,3\r\nf,4\r\n\r\n')
    assert told.micrograph is not None
    assert told.micrograph.tolist() == ["a, b", 'c "d"', "e", "f"]
    assert told.covariates["ice"].tolist() == [1, 2, 3, 4]


def test_labels_with_underscores_are_no_numbers(table: Path) -> None:
    assert read(table, "grid\n1_0\n1_1\n2_0\n2_1\n").covariates["grid"].tolist() == ["1_0", "1_1", "2_0", "2_1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no rows"]),
        ("\n\n", ["no rows"]),
        ("a,b\n", ["no rows", "column names"]),
        ("a,b\n1,2\n3\n4,5\n6,7\n", ["1 values in line 3", "2 columns (a, b)"]),
        ("a,b\n1,2\n3,4,5\n4,5\n6,7\n", ["3 values in line 3"]),
        ("a,b,\n1,2,3\n3,4,5\n4,5,6\n6,7,8\n", ["without a name"]),
        ("a,A\n1,2\n3,4\n4,5\n6,7\n", ["two columns called a"]),
        ("a;b\n1;2\n3;4\n4;5\n6;7\n", ["commas"]),
        ("0.1,3\n1,2\n3,4\n4,5\n6,7\n", ["begins with numbers"]),
        ("a\n1\n2\n", ["2 rows", "4 images"]),
        ("index,a\n0,1\n0,2\n", ["index 0 twice"]),
        ("index,a\n0,1\n4,2\n", ["index '4' in its row 2", "0 to 3"]),
        ("index,a\n-1,1\n", ["index '-1'"]),
        ("index,a\n1.5,1\n", ["index '1.5'"]),
        ("index,a\n,1\n", ["index ''"]),
        ('a,b\n"1,2\n', ["cannot be read as a .csv"]),
        (b"a,b\n1,\xff\n", ["UTF-8"]),
    ],
)
def test_a_csv_that_does_not_fit_is_refused(table: Path, text: str | bytes, words: list[str]) -> None:
    assert_refused(table, text, *words)


def test_an_index_of_other_images_is_refused(table: Path) -> None:
    assert_refused(table, "index,a\n0,1\n3,2\n", "none of the images", rows=Rows(4, np.array([1, 2]), np.array([1, 2])))


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path / "m.tsv", "a\n", ".csv, .star, .cs")
    assert_refused(tmp_path / "m.star", "nothing", "cannot be read as a .star table")
    assert_refused(tmp_path / "m.cs", "nothing", "cannot be read as a .cs table")
    with pytest.raises(InputError, match="No file at"):
        read_metadata(tmp_path / "none.csv", ALL)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="No file at"):
        read_metadata(tmp_path / "folder.csv", ALL)


def test_relion_and_cryosparc_tables_tell_micrographs_and_optics_groups(tmp_path: Path) -> None:
    names = [f"{i + 1}@a.mrcs" for i in range(4)]
    star = write_star(tmp_path / "m.star", names, MicrographName=["x", "x", "y", "None"], OpticsGroup=[1, 1, 2, 2])
    cs = write_cs(
        tmp_path / "m.cs",
        names,
        [0] * 4,
        **{"location/micrograph_path": np.array([b"x", b"x", b"y", b""]), "ctf/exp_group_id": np.uint32([1, 1, 2, 2])},
    )
    for path in (star, cs):
        told = read_metadata(path, ALL)
        assert told.micrograph is not None
        assert told.micrograph.tolist() == ["x", "x", "y", ""]
        assert told.optics_group is not None
        assert told.optics_group.tolist() == ["1", "1", "2", "2"]
        assert told.covariates == {}
        assert told.missing == {"micrograph": 1}


def test_tables_that_tell_neither_are_refused(tmp_path: Path) -> None:
    for path in (write_star(tmp_path / "m.star", ["1@a"] * 4), write_cs(tmp_path / "m.cs", ["a"] * 4, [0] * 4)):
        with pytest.raises(InputError, match="neither micrographs"):
            read_metadata(path, ALL)


def test_a_star_of_another_stack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="3 rows, and the stack has 4 images"):
        read_metadata(write_star(tmp_path / "m.star", ["1@a"] * 3, MicrographName=["x"] * 3), ALL)


def four_images(folder: Path) -> Rows:
    """Rows 3, 1 and 0 of a.mrcs, which has four images."""
    write_mrcs(folder / "a.mrcs", numbered_images(4))
    return open_stack(folder / "a.mrcs", ind=write_pickle(folder / "i.pkl", [3, 1, 0])).rows


def micrographs(path: Path, rows: Rows) -> list[str]:
    told = read_metadata(path, rows).micrograph
    assert told is not None
    found: list[str] = told.tolist()
    return found


def test_names_of_the_stack_tell_which_row_is_of_which_image(tmp_path: Path) -> None:
    rows = four_images(tmp_path)
    order = [2, 0, 3, 1]
    names, of = [f"{i + 1}@job/a.mrcs" for i in order], [f"mic{i}" for i in order]
    star = write_star(tmp_path / "m.star", names, MicrographName=of)
    path = np.array([name.encode() for name in of])
    cs = write_cs(tmp_path / "m.cs", [">job/a.mrcs"] * 4, order, **{"location/micrograph_path": path})
    for table in (star, cs):
        assert micrographs(table, rows) == ["mic3", "mic1", "mic0"]
        assert read_metadata(table, rows).by_position is None
    cut = write_star(tmp_path / "cut.star", names[:2], MicrographName=of[:2])  # without 3 and 1
    assert micrographs(cut, rows) == ["", "", "mic0"]
    assert read_metadata(cut, rows).missing == {"micrograph": 2}


def test_tables_of_other_files_go_by_their_order_and_say_so(tmp_path: Path) -> None:
    rows = four_images(tmp_path)
    names = [f"1@mic{i}.mrcs" for i in range(4)]
    star = write_star(tmp_path / "m.star", names, MicrographName=[f"mic{i}" for i in range(4)])
    cs = write_cs(tmp_path / "m.cs", ["mic.mrcs"] * 4, [3, 2, 1, 0], **{"ctf/exp_group_id": np.arange(4)})
    assert micrographs(star, rows) == ["mic3", "mic1", "mic0"]
    for table, said in ((star, "mic0.mrcs and 3 more"), (cs, "mic.mrcs")):
        assert f"it names images of {said}, and those that were audited are of a.mrcs" in str(
            read_metadata(table, rows).by_position
        )
    array = open_stack(numbered_images(4)).rows
    assert "have no names that are known" in str(read_metadata(star, array).by_position)
    unnamed = tmp_path / "unnamed.star"
    unnamed.write_text("data_\n\nloop_\n_rlnMicrographName\n" + "x\n" * 4)
    without_numbers = write_star(tmp_path / "plain.star", ["a.mrcs"] * 4, MicrographName=["x"] * 4)
    for table in (unnamed, without_numbers):
        assert "it has no names of images" in str(read_metadata(table, rows).by_position)
    assert read(tmp_path / "m.csv", "x\n0\n1\n2\n3\n", rows).by_position is None


def test_names_are_compared_with_those_of_the_star_that_is_audited(tmp_path: Path) -> None:
    write_mrcs(tmp_path / "a.mrcs", numbered_images(4))
    write_mrcs(tmp_path / "b.mrcs", numbered_images(4))
    stack = write_star(tmp_path / "t.star", ["2@a.mrcs", "1@b.mrcs", "4@a.mrcs", "2@b.mrcs"])
    rows = open_stack(stack).rows
    names = ["1@b.mrcs", "4@x/a.mrcs", "3@a.mrcs", "2@b.mrcs", "2@a.mrcs"]  # one more, and in another order
    table = write_star(tmp_path / "m.star", names, MicrographName=names)
    assert micrographs(table, rows) == ["2@a.mrcs", "1@b.mrcs", "4@x/a.mrcs", "2@b.mrcs"]


def test_folders_tell_files_of_one_name_apart(tmp_path: Path) -> None:
    for grid in ("one", "two"):
        (tmp_path / grid).mkdir()
        write_mrcs(tmp_path / grid / "a.mrcs", numbered_images(2))
    names = ["1@one/a.mrcs", "2@one/a.mrcs", "1@two/a.mrcs", "2@two/a.mrcs"]
    rows = open_stack(write_star(tmp_path / "t.star", names)).rows
    table = write_star(tmp_path / "m.star", names[::-1], MicrographName=names[::-1])
    assert micrographs(table, rows) == names


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["1@a.mrcs", "2@a.mrcs", "2@b/a.mrcs", "3@a.mrcs"], "image 2 of a.mrcs twice (again in its row 3)"),
        (["1@a.mrcs", "2@a.mrcs", "5@a.mrcs", "3@a.mrcs"], "image 5 of a.mrcs in its row 3, and the stack that was"),
        (["3@a.mrcs"], "none of the images that are audited in its names"),
        (["x@a.mrcs"] * 4, "the image name 'x@a.mrcs' in its row 1"),
        (["1@a.mrcs", "a.mrcs"] * 2, "the image name 'a.mrcs' in its row 2"),
    ],
)
def test_names_that_do_not_fit_are_refused(tmp_path: Path, names: list[str], words: str) -> None:
    rows = four_images(tmp_path)
    table = write_star(tmp_path / "m.star", names, MicrographName=["x"] * len(names))
    with pytest.raises(InputError) as refused:
        read_metadata(table, rows)
    assert words in str(refused.value)


def test_the_table_of_the_images_tells_optics_groups_too(tmp_path: Path) -> None:
    write_mrcs(tmp_path / "a.mrcs", numbered_images(3))
    star = write_star(tmp_path / "t.star", ["1@a.mrcs", "2@a.mrcs", "3@a.mrcs"], OpticsGroup=[1, 1, 2])
    groups = {"ctf/exp_group_id": np.array([1, 1, 2], np.uint32)}
    for table in (star, write_cs(tmp_path / "t.cs", ["a.mrcs"] * 3, [0, 1, 2], **groups)):
        stack = open_stack(table, ind=write_pickle(tmp_path / "i.pkl", [2, 0]))
        assert stack.optics_groups is not None
        assert stack.optics_groups.tolist() == ["2", "1"]
        assert stack.micrographs is None
    assert open_stack(tmp_path / "a.mrcs").optics_groups is None


def test_the_rows_of_a_stack_are_what_a_table_is_read_by(tmp_path: Path) -> None:
    path = write_mrcs(tmp_path / "a.mrcs", numbered_images(4))
    stack = open_stack(path, ind=write_pickle(tmp_path / "i.pkl", [3, 1, 0]), n=2)
    assert read(tmp_path / "m.csv", "x\n0\n10\n20\n30\n", stack.rows).covariates["x"].tolist() == [30, 10]
