"""What cannot be studied is refused in one sentence before anything is trained."""

from pathlib import Path
from typing import Any

import pytest

from encaudit.errors import EncauditError, InputError
from encaudit.study.carrying_out import study_paper
from encaudit.study.options import StudyOptions
from tests.study.small_study import Watched


def refused(output: Path, **told: Any) -> str:
    with pytest.raises(EncauditError) as error:
        study_paper(StudyOptions(output, device="cpu", **told), command=["study"], watcher=Watched())
    assert not (output / "plan.json").exists()
    return str(error.value)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"scale": "tinny"}, "tiny"),
        ({"only": ("fig60",)}, "fig6"),
        ({"images": "x.mrcs"}, "--poses and --ctf"),
        ({"scale": "full", "images": "x.mrcs", "poses": "p.pkl", "ctf": "none"}, "--data DIR"),
        ({"data": Path()}, "--scale full"),
        ({"seed": -1}, "--seed -1"),
        ({"resume": True}, "so no study to go on with"),
        ({"scale": "full", "mnist": "digits"}, "encaudit fetch empiar-10076"),
        ({"mnist": "nowhere"}, "There is no nowhere: expected mnist, digits"),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, told: dict[str, Any], said: str) -> None:
    assert said in refused(tmp_path / "out", **told)


def test_small_says_where_digits_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    said = refused(tmp_path / "out", scale="small")
    assert "encaudit fetch mnist" in said
    assert "--mnist DIR" in said
    assert not (tmp_path / "out").exists()


def test_full_says_what_the_folder_lacks(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    said = refused(tmp_path / "out", scale="full", mnist="digits", data=tmp_path / "data")
    assert "lacks poses.pkl, ctf.pkl, particles.128.mrcs" in said


@pytest.mark.parametrize("content", ["[1", "[]", "null", "{}"])
def test_a_study_whose_plan_is_damaged_does_not_go_on(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(InputError, match="damaged"):
        study_paper(StudyOptions(tmp_path, device="cpu", resume=True), command=["study"], watcher=Watched())
    assert (tmp_path / "plan.json").read_text() == content


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("of somebody else")
    assert "is not empty" in refused(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
