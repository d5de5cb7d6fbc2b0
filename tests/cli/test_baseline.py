"""`encaudit baseline`: accept a report, and show what that changes."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import encaudit.cli
import encaudit.gate
from encaudit.gate import accept
from encaudit.report.baseline_document import read_baseline
from encaudit.results import Finding, Verdict
from tests.gate.audits import particles, report, without, write_audit


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["encaudit", "baseline", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_a_report_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = write_audit(tmp_path / "audit", report(), particles())
    assert run(monkeypatch, audit, "-o", tmp_path / "b.json") == 0
    said = capsys.readouterr()
    assert said.out == "" and said.err == f"Baseline: {tmp_path / 'b.json'} (7 values, 200 images).\n"
    found = read_baseline(tmp_path / "b.json")
    assert found.report == report() and found.particles is not None and len(found.particles) == 200


def test_one_without_particles_is_accepted_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = write_audit(tmp_path / "audit", report())
    assert run(monkeypatch, audit / "report.json", "-o", tmp_path / "b.json") == 0
    assert "no images (there is no particles.csv)" in capsys.readouterr().err


def test_one_that_is_there_is_replaced_on_demand_alone_and_what_changes_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = write_audit(tmp_path / "old", report(0.3), particles())
    new = write_audit(tmp_path / "new", without(report(0.4, seed=5), "active_units", None), particles(0.4))
    assert run(monkeypatch, old, "-o", tmp_path / "b.json") == 0
    before = (tmp_path / "b.json").read_text()
    assert run(monkeypatch, new, "-o", tmp_path / "b.json") == 2
    assert "Add --update" in capsys.readouterr().err and (tmp_path / "b.json").read_text() == before
    assert run(monkeypatch, new, "-o", tmp_path / "b.json", "--update") == 0
    said = capsys.readouterr().err.splitlines()
    assert "seed: 3 -> 5" in said
    assert "displacement_ratio@roll1: 0.3 [0.29, 0.31] -> 0.4 [0.39, 0.41] (worse)" in said
    assert "active_units: 4 [3.99, 4.01] -> not there" in said
    assert not any(line.startswith("elbo") for line in said)
    assert read_baseline(tmp_path / "b.json").report.provenance["seed"] == 5


def test_one_that_somebody_else_writes_at_the_same_time_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audit, path = write_audit(tmp_path / "audit", report(), particles()), tmp_path / "b.json"

    def meanwhile(*given: Any) -> Any:
        path.write_text("theirs")
        return accept(*given)

    monkeypatch.setattr(encaudit.gate, "accept", meanwhile)
    assert run(monkeypatch, audit, "-o", path) == 2
    assert "b.json exists. Add --update" in capsys.readouterr().err
    assert path.read_text() == "theirs" and sorted(os.listdir(tmp_path)) == ["audit", "b.json"]


def test_what_speaks_against_an_encoder_is_told_when_it_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = replace(
        report(),
        findings=[Finding("shared-latent", "warning", "Most are alike."), Finding("no-poses", "note", "A note.")],
        verdicts=[Verdict("collapsed", "roll1", "Nothing moves.", [])],
    )
    assert run(monkeypatch, write_audit(tmp_path / "audit", found, particles()), "-o", tmp_path / "b.json") == 0
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == [
        "warning: accepted in spite of this: Most are alike.",
        "warning: the verdict on roll1 is collapsed: better encoders may fail beside it.",
    ]
    assert len(said) == 3


def test_an_update_of_nothing_is_a_first_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = write_audit(tmp_path / "audit", report(), particles())
    assert run(monkeypatch, audit, "-o", tmp_path / "b.json", "--update") == 0


def test_an_edited_baseline_is_not_replaced_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audit, path = write_audit(tmp_path / "audit", report(), particles()), tmp_path / "b.json"
    assert run(monkeypatch, audit, "-o", path) == 0
    content = json.loads(path.read_text())
    content["report"]["provenance"]["seed"] = 9
    path.write_text(json.dumps(content))
    assert run(monkeypatch, audit, "-o", path, "--update") == 2
    assert "was changed after encaudit wrote it" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["missing", "nan", "folder"])
def test_what_cannot_be_read_or_written_is_refused_in_one_sentence(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = write_audit(tmp_path / "audit", report(0.3), particles())
    output = tmp_path / "b.json"
    if what == "missing":
        (audit / "report.json").unlink()
    elif what == "nan":
        (audit / "report.json").write_text((audit / "report.json").read_text().replace("0.3", "NaN", 1))
    else:
        output = audit / "report.json" / "b.json"
    assert run(monkeypatch, audit, "-o", output) == 2
    said = capsys.readouterr().err
    assert said.startswith("encaudit: ") and said.count("\n") == 1
    assert not (tmp_path / "b.json").exists()
