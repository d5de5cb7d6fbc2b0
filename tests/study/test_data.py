"""Simulated particles and the small digits are made once, whole; the user's own are taken as they are."""

from dataclasses import replace
from pathlib import Path

from encaudit.images import open_stack
from encaudit.study.data import make_missing, study_data
from encaudit.study.options import StudyOptions
from encaudit.study.scales import SCALES
from tests.study.small_study import write_data

FEW = replace(SCALES["tiny"], particles=20)


def test_data_are_made_once_where_the_plan_says(tmp_path: Path) -> None:
    data = study_data(StudyOptions(tmp_path), FEW, tmp_path)
    assert not any(tmp_path.iterdir())  # the plan is written first
    make_missing(data, FEW, tmp_path)
    stack = open_stack(data.images, poses=data.poses, ctf=data.ctf)
    assert len(stack) == 20
    assert len(open_stack(data.digits)) == 1_797
    assert data.metadata is not None
    assert open_stack(data.metadata).micrographs is not None
    before = Path(data.images).stat().st_mtime_ns
    make_missing(data, FEW, tmp_path)
    assert Path(data.images).stat().st_mtime_ns == before


def test_particles_of_your_own_are_not_simulated_and_their_star_is_found(tmp_path: Path) -> None:
    told = write_data(tmp_path / "own")
    Path(told["images"]).with_suffix(".star").write_text("")
    out = tmp_path / "out"
    data = study_data(StudyOptions(out, **told), FEW, out)
    make_missing(data, FEW, out)
    assert not out.exists()
    assert data.images == told["images"]
    assert data.metadata == str(Path(told["images"]).with_suffix(".star"))
    assert data.digits.startswith(told["mnist"])
