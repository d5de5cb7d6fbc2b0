"""Rules are found, read and, where they are misspelt, refused with the nearest name."""

from datetime import date
from pathlib import Path

import pytest

from encaudit.errors import EncauditError, InputError
from encaudit.gate import Config, Waiver, find_config, read_config
from encaudit.gate.presets import PRESETS
from encaudit.gate.rules import Allowance, Rule
from tests.gate.audits import report

WRITTEN = """
preset = "strict"

[rules]
"displacement_ratio@roll1" = { max = 0.5, max_increase = { ci = "10%" }, level = "warn" }
elbo = { max_decrease = "1%" }

[[waivers]]
id = "elbo/*"
reason = "a new decoder"
expires = 2026-12-31
"""


def written(folder: Path, text: str, name: str = "encaudit.toml") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_a_file_says_preset_rules_and_waivers(tmp_path: Path) -> None:
    found = read_config(written(tmp_path, WRITTEN))
    assert found.preset == "strict"
    interval = Allowance(0.1, relative=True, by_interval=True)
    assert found.rules == {
        "displacement_ratio@roll1": Rule(max=0.5, max_increase=interval, level="warn"),
        "elbo": Rule(max_decrease=Allowance(0.01, relative=True)),
    }
    assert found.waivers == [Waiver("elbo/*", "a new decoder", date(2026, 12, 31))]


def test_the_same_stands_in_a_table_of_pyproject(tmp_path: Path) -> None:
    text = WRITTEN.replace("[rules]", "[tool.encaudit.rules]").replace("[[waivers]]", "[[tool.encaudit.waivers]]")
    project = written(tmp_path, f"[tool.encaudit]\n{text}", "pyproject.toml")
    own = read_config(written(tmp_path, WRITTEN))
    assert read_config(project).rules == own.rules and read_config(project).waivers == own.waivers


@pytest.mark.parametrize("path", [None, "empty"])
def test_nothing_said_is_the_recommended_preset(path: str | None, tmp_path: Path) -> None:
    found = read_config(None if path is None else written(tmp_path, ""))
    assert found.preset == "recommended" and found.rules == {} and found.waivers == []
    assert found.preset_rules == PRESETS["recommended"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('preset = "recomended"', "Did you mean 'recommended'"),
        ('presets = "strict"', "Did you mean 'preset'"),
        ("[rules]\nelbo = { max_increse = 1 }", "rules.elbo: 'max_increse'. Did you mean 'max_increase'"),
        ("[rules]\nelbo = 3", "rules.elbo"),
        ('[rules]\nelbo = { max = "10%" }', "expected a number"),
        ("[rules]\nelbo = { max_increase = nan }", "rules.elbo.max_increase: expected a number of at least 0"),
        ("[rules]\nelbo = { max_increase = { cl = 1 } }", "expected { ci = tolerance }; found {'cl': 1}"),
        ('[rules]\nelbo = { level = "fatal" }', "rules.elbo.level"),
        ('[[waivers]]\nid = "a"\nexpires = 2026-01-01', "waivers.0.reason"),
        ('[[waivers]]\nid = "a"\nreason = "b"\nexpires = "soon"', "waivers.0.expires"),
        ('[[waivers]]\nid = "a"\nreason = "b"\nexpires = 2026-01-01\nexpiry = 1', "Did you mean 'expires'"),
        ('[[waivers]]\nid = "a"\nreason = " "\nexpires = 2026-01-01', "waivers.0.reason"),
        ('[[waivers]]\nid = "a"\nreason = "b"\nexpires = 1806364800', "expected a day such as 2030-01-31"),
        ('[[waivers]]\nid = "a"\nreason = "b"\nexpires = 2026-01-01T00:00:00', "expected a day such as 2030-01-31"),
        ('[[waivers]]\nid = "a"\nreason = "b"\nexpires = 2026-01-01\n' * 2, "two waivers have the id 'a'"),
        ('[rules]\nelbo = { max = 1 }\n" elbo" = { level = "off" }', "two rules are of 'elbo'"),
        (f"[rules]\nelbo = {{ max = 1{'0' * 400} }}", "expected a number"),
        (f'[rules]\nelbo = {{ max_increase = "1{"0" * 400}%" }}', "expected a number of at least 0"),
        (f"[rules]\nelbo = {{ max = 1{'0' * 5000} }}", "is not TOML"),
        (f"a = {'[' * 5000}", "is nested too deep"),
        ("preset = ", "is not TOML"),
    ],
)
def test_what_is_misspelt_is_refused_with_file_place_and_nearest_name(text: str, words: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(EncauditError) as refused:
        read_config(path)
    assert words in str(refused.value) and str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("displacment_ratio@roll1", "Did you mean 'displacement_ratio'"),
        ("displacement_ratio@rol1", "Did you mean 'roll1'"),
        ("displacement_ratio", "Write for example 'displacement_ratio@roll1'"),
        ("elbo@roll1", "Write 'elbo', without a transform"),
    ],
)
def test_rules_on_what_nobody_measured_are_refused_with_the_nearest_name(key: str, words: str) -> None:
    measured = [(one.metric, one.transform) for one in report().measurements]
    with pytest.raises(EncauditError) as refused:
        Config(rules={key: Rule(max=1.0)}, path=Path("encaudit.toml")).refuse_unknown(measured)
    assert words in str(refused.value) and "encaudit.toml" in str(refused.value)


def test_the_nearest_file_upward_is_found(tmp_path: Path) -> None:
    top = written(tmp_path, "")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_config(below) == top
    project = written(tmp_path / "a", "[tool.encaudit]\n", "pyproject.toml")
    assert find_config(below) == project


def test_a_pyproject_without_our_table_is_passed_over(tmp_path: Path) -> None:
    top = written(tmp_path, "")
    (tmp_path / "a").mkdir()
    written(tmp_path / "a", "[tool.ruff]\n", "pyproject.toml")
    assert find_config(tmp_path / "a") == top


def test_two_files_with_rules_in_one_folder_are_refused(tmp_path: Path) -> None:
    written(tmp_path, "")
    written(tmp_path, "[tool.encaudit]\n", "pyproject.toml")
    with pytest.raises(InputError, match="Keep one of them, or say which with --config"):
        find_config(tmp_path)


def test_nothing_above_the_repository_is_taken(tmp_path: Path) -> None:
    written(tmp_path, "")
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    assert find_config(tmp_path / "repository") is None


@pytest.mark.parametrize("name", ["encaudit.toml", "pyproject.toml"])
def test_a_file_that_is_named_has_to_be_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no"):
        read_config(tmp_path / name)


def test_a_pyproject_that_is_named_has_to_have_the_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no \[tool.encaudit\]"):
        read_config(written(tmp_path, "[tool.ruff]\n", "pyproject.toml"))
