"""Rows are trained, measured and kept; a study that was stopped goes on to the same numbers, and makes one page."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from encaudit.errors import InputError, MachineError, StoppedError
from encaudit.study import carrying_out
from encaudit.study.carrying_out import Study
from encaudit.study.tasks import Trained
from tests.study.small_study import SMALLEST, Watched, study, write_data

ROWS = ("fig22", "fig3")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return write_data(tmp_path_factory.mktemp("data") / "run")


@pytest.fixture(scope="module")
def done(data: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study(tmp_path_factory.mktemp("done") / "study", only=("fig3",), **data)


def measured(page: Path) -> dict[str, Any]:
    rows = json.loads((page.parent / "study.json").read_text())["rows"]
    return {row["row"]: row["result"]["measures"] for row in rows if row["result"] is not None}


def test_a_row_brings_what_it_is_measured_by(done: Study) -> None:
    measures = measured(done.page)
    assert set(measures) == set(ROWS)
    assert measures["fig22"]["table_travel"]["value"] == 0
    assert measures["fig22"]["relative_heterogeneity"]["value"] == 0  # one latent for all, so one volume
    assert measures["fig22"]["roll1/displacement_ratio"]["value"] is None  # all latents are one: nothing to measure by
    assert measures["fig3"]["nats_over_fig22"]["n"] == 30
    assert measures["fig3"]["roll1/displacement_ratio"]["value"] > 0
    verdicts = {one.row.key: one.verdict for one in done.rows}
    assert verdicts["fig22"] == "supported"
    assert verdicts["fig10"] == "not measured"


def test_the_page_is_one_file_with_claims_pictures_and_what_was_not_run(done: Study) -> None:
    text = done.page.read_text()
    assert text.count("data:image/png;base64,") == len(ROWS)
    assert "With one latent for all, the decoder makes one consensus volume." in text
    assert "not run" in text
    assert not re.findall(r"(?:src|href)=\"(?!#|data:)", text)


def test_a_stopped_study_goes_on_at_its_row_to_the_same_numbers(
    data: dict[str, Any], done: Study, tmp_path: Path
) -> None:
    out = tmp_path / "study"
    asked: list[bool] = []

    def in_the_second_batch() -> int | None:
        asked.append((out / "runs" / "fig3").exists())
        return 130 if sum(asked) >= 8 else None

    with pytest.raises(StoppedError, match="--resume") as stopped:
        study(out, only=("fig3",), stop=in_the_second_batch, **data)
    assert stopped.value.asked_by == 130
    watcher = Watched()
    again = study(out, only=("fig3",), resume=True, watcher=watcher)
    assert measured(again.page) == measured(done.page)
    watcher = Watched()
    study(out, only=("fig3",), resume=True, watcher=watcher)
    assert watcher.stages == ["Finding the images", "Writing the page"]  # all rows are done


def test_a_study_goes_on_only_as_it_was_begun(data: dict[str, Any], done: Study, tmp_path: Path) -> None:
    out = done.page.parent
    with pytest.raises(InputError, match="was begun with scale tiny, seed 0"):
        study(out, resume=True, seed=3)
    with pytest.raises(InputError, match="go on with it by --resume"):
        study(out, **data)


def test_digits_and_times(data: dict[str, Any], tmp_path: Path) -> None:
    found = measured(study(tmp_path / "study", only=("fig17", "fig19", "table1"), **data).page)
    assert set(found) == {"fig13", "fig17", "fig19", "table1"}
    assert found["fig13"]["label_accuracy"]["n"] == 120
    assert 0 <= found["fig17"]["roll5/digit_agreement"]["value"] <= 1
    assert found["fig17"]["further"]["low"] is not None
    assert found["fig19"]["nats_over_fig13"]["n"] == 120
    assert found["table1"]["VAE/ratio"]["value"] == 1
    assert {name for name in found["table1"] if name.endswith("/ms")} == {
        f"{system}/ms" for system in ("VAE", "VLT", "twin", "large twin", "small encoder")
    }
    assert not (tmp_path / "study" / "runs" / "table1").exists()


def test_a_row_that_diverged_is_told_and_the_study_goes_on(data: dict[str, Any], tmp_path: Path) -> None:
    rising = replace(SMALLEST, training=SMALLEST.training | {"lr": 1e30})
    found = study(tmp_path / "study", only=("fig22", "table1"), scale=rising, **data)
    results = {one.row.key: one.result for one in found.rows if one.result is not None}
    assert set(results) == {"fig22", "fig3", "table1"}
    for result in results.values():
        assert result.failed is not None
        assert "no longer a number" in result.failed
    assert "failed: The loss is no longer a number" in found.page.read_text()


def test_progress_says_which_row_of_how_many(data: dict[str, Any], tmp_path: Path) -> None:
    watcher = Watched()
    study(tmp_path / "study", only=("table1",), watcher=watcher, **data)
    assert "Row 1 of 1, Table 1: Training" in watcher.stages


def test_where_memory_ran_out_the_study_says_how_it_goes_on(
    data: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_: object, **__: object) -> None:
        raise MachineError("Memory ran out. Type --batch-size 2 (it was 8).")

    monkeypatch.setitem(carrying_out.MEASURING, Trained, too_large)
    with pytest.raises(MachineError, match=r"Memory ran out\. That was figure 22 .* --resume") as raised:
        study(tmp_path / "study", only=("fig22",), **data)
    assert "--batch-size" not in str(raised.value)  # which a study does not have
