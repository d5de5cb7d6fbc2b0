from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from encaudit.errors import InputError, UnknownNameError
from encaudit.selecting import choose
from tests.selecting.audits import five_images, write_audit


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    return five_images(tmp_path / "five.encaudit")


@pytest.mark.parametrize(
    ("least", "transforms", "kept"),
    [
        (0.8, ["roll1"], [1, 9]),
        (0.81, ["roll1"], [9]),
        (0.5, ["rot90"], [2, 4, 7]),
        (0, ["roll1"], [1, 2, 4, 7, 9]),
        (0.6, ["roll1", "rot90"], [4]),
        (0.6, [], [4]),
        (0.4, ["roll1", "roll1"], [1, 4, 7, 9]),
        (0.4, ["permutation"], None),
    ],
)
def test_images_that_keep_their_place_are_kept(
    audit: Path, least: float, transforms: list[str], kept: list[int] | None
) -> None:
    if kept is None:
        with pytest.raises(InputError, match=r"None of the 5 images .* the highest is 0\. Lower --stable"):
            choose(audit, least, transforms)
        return
    selection = choose(audit, least, transforms)
    assert selection.index.tolist() == kept
    assert selection.index.dtype == np.int64
    assert selection.audited == 5


def test_without_transforms_the_audits_own_column_decides(tmp_path: Path) -> None:
    columns = {"index": [3, 1, 2], "stability": [0.2, 0.9, 0.9], "roll1/rank": [0, 0.5, 0.5]}
    selection = choose(write_audit(tmp_path / "a", columns), 0.5)
    assert selection.index.tolist() == [1, 2]
    assert selection.by == ["all probes"]


def test_a_column_of_stability_counts_before_the_rank(tmp_path: Path) -> None:
    columns = {"index": [0, 1], "roll1/stability": [0.9, 0.1], "roll1/rank": [0.5, 0]}
    assert choose(write_audit(tmp_path / "a", columns), 0.5, ["roll1"]).index.tolist() == [0]


def test_a_transform_may_be_spelled_in_any_way(audit: Path) -> None:
    assert choose(audit, 0.8, ["roll:dx=1,frame=raw"]).by == ["roll1"]


@pytest.mark.parametrize(("asked", "nearest"), [("rol1", "roll1"), ("rot91", "rot90"), ("roll2", "roll1")])
def test_an_unknown_transform_names_the_nearest_of_this_audit(audit: Path, asked: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError, match=f"{asked}.*Did you mean '{nearest}'"):
        choose(audit, 0.8, [asked])


def test_a_transform_of_some_images_alone_is_refused_by_name(audit: Path) -> None:
    with pytest.raises(InputError, match="renoise has no value for 2 of 5 images"):
        choose(audit, 0.8, ["renoise"])
    columns = {"index": [0, 1], "stability": [0.5, np.nan]}
    with pytest.raises(InputError, match="stability has no value for 1 of 2 images"):
        choose(write_audit(audit, columns), 0.5)


@pytest.mark.parametrize("least", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_threshold_is_from_0_to_1(audit: Path, least: float) -> None:
    with pytest.raises(InputError, match="expected a number from 0"):
        choose(audit, least)


def test_an_audit_of_controls_alone_has_no_stability(tmp_path: Path) -> None:
    columns = {"index": [0, 1], "identity/rank": [0, 0], "noise/rank": [0, 0], "rot90/rank": [0, np.nan]}
    with pytest.raises(InputError, match="no transform but controls"):
        choose(write_audit(tmp_path / "a", columns), 0.5)


def test_folders_that_are_no_audits_are_refused(tmp_path: Path, audit: Path) -> None:
    for folder in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match=r"There is no .*report\.json.*encaudit probe"):
            choose(folder, 0.5)
    (audit / "particles.csv").unlink()
    with pytest.raises(InputError, match=r"There is no .*particles\.csv"):
        choose(audit, 0.5)


@pytest.mark.parametrize(
    "text", ["", "roll1/rank\n0\n", "index,roll1/rank\n", "index,x\n0,1\n0,2\n", "index,x\n1.5,1\n", "index,x\n-1,1\n"]
)
def test_a_broken_table_is_refused(audit: Path, text: str) -> None:
    (audit / "particles.csv").write_text(text)
    with pytest.raises(InputError, match=r"particles\.csv .*expected the particles\.csv of an audit"):
        choose(audit, 0.5, ["roll1"])


def test_words_for_numbers_are_refused(audit: Path) -> None:
    pd.DataFrame({"index": [0, 1], "roll1/rank": ["a", "b"]}).to_csv(audit / "particles.csv", index=False)
    with pytest.raises(InputError, match="roll1/rank"):
        choose(audit, 0.5, ["roll1"])
