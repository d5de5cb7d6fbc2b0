"""A baseline is read as it was written, or refused with the reason."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.gate import Baseline, accept
from encaudit.report.baseline_document import read_baseline, to_json
from tests.gate.audits import measurement, particles, report


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "baseline.json"
    content = json.loads(to_json(accept(report(0.3, measurement("pair_auc", "no time")), particles())))
    path.write_text(json.dumps(content | changes))
    return path


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    accepted = accept(report(0.3, measurement("pair_auc", "no time")), particles())
    path = tmp_path / "b.json"
    path.write_text(to_json(accepted))
    found = read_baseline(path)
    assert found.report == accepted.report and found.source == str(path)
    assert found.particles is not None and accepted.particles is not None
    assert found.particles.of == 200 and found.particles.groups is None
    assert np.array_equal(found.particles.index, accepted.particles.index)
    assert found.particles.columns.keys() == accepted.particles.columns.keys()
    for name, values in accepted.particles.columns.items():
        assert np.array_equal(found.particles.columns[name], values, equal_nan=True)


def test_gaps_and_groups_come_back_too(tmp_path: Path) -> None:
    images = particles()
    images.columns["elbo"][:3] = np.nan
    path = tmp_path / "b.json"
    grouped = type(images)(images.index, images.index // 20, images.columns, images.of)
    path.write_text(to_json(accept(report(), grouped)))
    found = read_baseline(path).particles
    assert found is not None and found.groups is not None and np.isnan(found.columns["elbo"]).sum() == 3
    assert np.array_equal(found.groups, images.index // 20)


def test_one_without_images_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(to_json(accept(report(), None)))
    assert read_baseline(path).particles is None


def test_each_value_and_each_column_is_a_line_of_its_own() -> None:
    text = to_json(accept(report(), particles()))
    assert sum('"metric": ' in line for line in text.splitlines()) == len(report().measurements)
    assert max(line.count('"metric": ') for line in text.splitlines()) == 1
    assert sum(line.strip().startswith('"roll1/') for line in text.splitlines()) == 3


def test_layout_is_no_content(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=7, sort_keys=True))
    assert read_baseline(path).report.provenance["seed"] == 3


@pytest.mark.parametrize("what", ["value", "image", "provenance", "hash"])
def test_a_change_by_hand_is_refused(what: str, tmp_path: Path) -> None:
    path = written(tmp_path)
    content = json.loads(path.read_text())
    if what == "value":
        content["report"]["measurements"][0]["value"]["median"] = 0.9
    elif what == "image":
        content["particles"]["columns"]["roll1/displacement"][0] = 5
    elif what == "provenance":
        content["report"]["provenance"]["seed"] = 0
    else:
        content["sha256"] = "0" * 64
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="was changed after encaudit wrote it"):
        read_baseline(path)


def images(**changes: Any) -> dict[str, Any]:
    return {"of": 3, "index": [0, 1, 2], "groups": None, "columns": {"elbo": [1.0, 2.0, 3.0]}} | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"baseline": 2}, "of schema 2; this encaudit reads schema 1"),
        ({"more": 1}, "damaged: more"),
        ({"particles": {"of": 3}}, "damaged: particles"),
        ({"particles": images(index=[])}, "damaged: particles.index"),
        ({"particles": images(index=[0, 1, 10**20])}, "damaged: particles.index"),
    ],
)
def test_another_schema_or_shape_is_refused(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        read_baseline(written(tmp_path, **changes))


@pytest.mark.parametrize("changes", [{"groups": np.zeros(0, int)}, {"index": np.zeros(200, int)}])
def test_columns_that_do_not_belong_together_are_refused_whoever_signed_them(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(to_json(Baseline(report(), replace(particles(), **changes))))
    with pytest.raises(InputError, match="columns are of different lengths, or an image is there twice"):
        read_baseline(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("[]", "is something else, not a baseline"),
        ('{"measurements": []}', "is a report, not a baseline"),
        ('{"baseline": NaN}', "NaN is not a number"),
    ],
)
def test_what_is_no_baseline_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as refused:
        read_baseline(path)
    assert "encaudit baseline REPORT -o FILE" in str(refused.value)


def test_one_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no"):
        read_baseline(tmp_path / "b.json")
