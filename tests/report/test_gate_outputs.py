"""One gate, five outputs: each says the same, in a form that others' tools take."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from encaudit.gate import Check, Gate
from encaudit.report.gate_console import print_gate
from encaudit.report.gate_document import to_json
from encaudit.report.gate_junit import to_junit
from encaudit.report.gate_markdown import to_markdown
from encaudit.report.gate_sarif import to_sarif
from encaudit.results import Finding
from tests.public_schemas import assert_valid
from tests.report import junit_standard, sarif_standard

FAILED = Check(
    id="displacement_ratio@roll1/max_increase",
    metric="displacement_ratio",
    transform="roll1",
    kind="max_increase",
    level="error",
    limit=0.05,
    found=0.5,
    baseline=0.3,
    change=0.2,
    low=0.15,
    high=0.25,
    outcome="failed",
    text="It rose.",
)
WARNED = replace(FAILED, id="cka@roll1/min", metric="cka", kind="min", level="warn", low=None, high=None)
WAIVED = replace(FAILED, id="elbo/max_decrease", metric="elbo", transform=None, kind="max_decrease", outcome="waived",
                 text="It fell. Waived until 2027-01-01 (agreed).", waiver="elbo/*")  # fmt: skip
SKIPPED = replace(FAILED, id="pair_auc@roll1/min", metric="pair_auc", kind="min", outcome="skipped", found=None)
PASSED = replace(FAILED, id="active_units/min", metric="active_units", transform=None, kind="min", outcome="passed")
HOSTILE = replace(
    FAILED,
    id="cka@renoise:clean=a|b&<c>\x07.npy/min",
    transform="renoise:clean=a|b&<c>\x07.npy",
    text='Ends ]]> the <table> | with \x00 & "quotes"\nand lines.',
)
ALL = [PASSED, SKIPPED, WAIVED, WARNED, FAILED]
PROVENANCE: dict[str, Any] = {
    "encaudit": "0.1.0",
    "time": "2026-06-15T10:20:30+00:00",
    "report": "audit",
    "baseline": "ci/base line.json",
    "config": None,
    "preset": "recommended",
}


def gate(*checks: Check) -> Gate:
    return Gate(PROVENANCE, list(checks), [Finding("waiver-stale", "warning", "A waiver <has> nothing | to waive.")])


GATES = [gate(*ALL), gate(PASSED), gate(HOSTILE, *ALL), gate()]


def test_json_holds_everything() -> None:
    found = json.loads(to_json(gate(*ALL)))
    assert found["schema"] == 1 and found["passed"] is False and found["exit_code"] == 1
    assert found["counts"] == {"passed": 1, "failed": 1, "warned": 1, "waived": 1, "skipped": 1}
    assert [one.pop("status") for one in found["checks"]] == ["passed", "skipped", "waived", "warning", "failed"]
    assert [Check(**one) for one in found["checks"]] == ALL
    assert found["findings"][0]["code"] == "waiver-stale" and found["provenance"] == PROVENANCE


@pytest.mark.parametrize("found", GATES)
def test_junit_is_what_ant_and_jenkins_read(found: Gate) -> None:
    junit_standard.assert_standard(ElementTree.fromstring(to_junit(found)))


def test_junit_fails_what_fails_the_gate_and_skips_what_only_warns_or_is_waived() -> None:
    suite = ElementTree.fromstring(to_junit(gate(*ALL))).find("testsuite")
    assert suite is not None
    outcomes = {case.attrib["name"]: [child.tag for child in case] for case in suite.findall("testcase")}
    assert outcomes == {
        "active_units/min": [],
        "pair_auc@roll1/min": ["skipped"],
        "elbo/max_decrease": ["skipped"],
        "cka@roll1/min": ["skipped"],
        "displacement_ratio@roll1/max_increase": ["failure"],
    }
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) == ("5", "1", "3")


@pytest.mark.parametrize("found", GATES)
def test_sarif_is_what_the_standard_says(found: Gate) -> None:
    sarif_standard.assert_standard(json.loads(to_sarif(found)))
    assert_valid(json.loads(to_sarif(found)), "https://json.schemastore.org/sarif-2.1.0.json")


def test_sarif_shows_what_failed_warned_or_was_waived_at_the_accepted_values() -> None:
    results = json.loads(to_sarif(gate(*ALL)))["runs"][0]["results"]
    assert {one["ruleId"]: one["level"] for one in results} == {
        "elbo/max_decrease": "note",
        "cka/min": "warning",
        "displacement_ratio/max_increase": "error",
    }
    assert [one["ruleId"] for one in results if "suppressions" in one] == ["elbo/max_decrease"]
    place = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "ci/base%20line.json"}


def test_sarif_points_at_the_rule_in_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "nets").mkdir()
    rules = tmp_path / "encaudit.toml"
    text = 'preset = "none"\n\n[rules]\n"displacement_ratio@*" = { max = 0.4 }\n'
    rules.write_text(text)
    monkeypatch.chdir(tmp_path / "nets")
    told = replace(gate(FAILED), provenance=PROVENANCE | {"config": str(rules)})
    place = json.loads(to_sarif(told))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "encaudit.toml"}, "region": {"startLine": 4}}
    others = text + 'elbo_change = { max = 0 }\nelbo = { min = 0 }\n[rules."cka@roll1"]\nmin = 0.5\n'
    rules.write_text(others)
    for check, line in ((WAIVED, 6), (WARNED, 7)):
        shown = json.loads(to_sarif(replace(told, checks=[check])))["runs"][0]["results"][0]["locations"][0]
        assert shown["physicalLocation"]["region"] == {"startLine": line}


def test_a_config_whose_name_is_no_text_is_pointed_at_all_the_same() -> None:
    told = replace(gate(FAILED), provenance=PROVENANCE | {"config": "rules-\udcff.toml"})
    place = json.loads(to_sarif(told))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "rules-%FF.toml"}


def test_the_schemas_of_jenkins_and_ant_take_our_junit(shared_data: Path) -> None:
    schemas = shared_data / "schemas"
    if not schemas.is_dir():
        pytest.skip("the folder of shared data has no schemas/ (junit-10.xsd, JUnit.xsd), and no package carries them")
    xmlschema = pytest.importorskip("xmlschema")
    for name in ("junit-10.xsd", "JUnit.xsd"):
        schema = xmlschema.XMLSchema(str(schemas / name))
        assert [error for one in GATES for error in schema.iter_errors(ElementTree.fromstring(to_junit(one)))] == []


def test_markdown_folds_away_what_passed_and_keeps_its_table() -> None:
    text = to_markdown(gate(HOSTILE, *ALL))
    before, folded = text.split("<details>")
    assert "NOT passed: 1 passed, 2 failed, 1 warned, 1 waived, 1 skipped of 6 checks" in before
    assert FAILED.id in before and PASSED.id not in before and PASSED.id in folded
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {7}
    assert "<table>" not in text and "&lt;has>" in text
    calling = to_markdown(gate(replace(FAILED, text="See [here](http://x), @somebody `now`.")))
    assert "@somebody" not in calling and "[here]" not in calling
    within = to_markdown(
        gate(replace(PASSED, id="cka@a`\n# b <script> @somebody/min"), replace(FAILED, id="cka@`c`/min"))
    )
    assert "<script>" not in within and "@somebody" not in within and "\n# b" not in within and "`c`" not in within


def test_accepting_a_report_is_no_advice_where_a_limit_of_its_own_is_broken() -> None:
    stream = io.StringIO()
    print_gate(gate(replace(FAILED, kind="max", id="cka@roll1/max")), stream)
    said = " ".join(stream.getvalue().split())
    assert "Change its limit in the rules" in said and "encaudit baseline" not in said
    print_gate(gate(FAILED), stream)
    assert "encaudit baseline REPORT" in " ".join(stream.getvalue().split())


def test_nothing_that_a_name_holds_steers_a_terminal_or_starts_a_line() -> None:
    stream = io.StringIO()
    bad = "cka@\x1b[2J\n::error::\ud800/min"
    print_gate(gate(replace(PASSED, id=bad), replace(FAILED, id=bad, text=f"Of {bad}.")), stream)
    assert "\x1b" not in stream.getvalue() and "\n::" not in stream.getvalue()
    assert "\\x1b[2J ::error::\\ud800/min" in stream.getvalue()


def test_the_console_says_what_did_not_pass_and_why_the_worst_first() -> None:
    stream = io.StringIO()
    print_gate(gate(*ALL), stream)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "failed   displacement_ratio@roll1/max_increase: It rose."
    first = [line.split()[0] for line in lines[:7]]
    assert first == ["failed", "warning", "waived", "skipped", "passed", "warning", "The"]
    assert lines[6] == "The gate is NOT passed: 1 passed, 1 failed, 1 warned, 1 waived, 1 skipped of 5 checks."
    told = " ".join(" ".join(lines[7:]).split())
    assert "encaudit explain displacement_ratio" in told and f'id = "{FAILED.id}"' in told


def test_a_gate_that_is_passed_says_so() -> None:
    assert to_markdown(gate(PASSED)).splitlines()[2] == "The gate is passed: 1 passed of 1 checks."
