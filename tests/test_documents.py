"""README and changelog are in step with the code."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
TRAINING = (ROOT / "docs" / "training.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


def help_of(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "encaudit", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "TERM": "dumb", "PATH": ""},
    )
    return done.stdout


def test_the_changelog_has_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)[0] == version


def test_the_readme_lists_the_options_that_probe_has() -> None:
    real = set(re.findall(r"(--[a-z][a-z-]+)", help_of("probe"))) - {"--help"}
    table = README.split("<!-- options -->")[1]
    assert set(re.findall(r"^\| `(--[a-z][a-z-]+)", table, re.MULTILINE)) == real


@pytest.mark.parametrize("command", ["compare", "fetch", "study"])
def test_the_options_of_the_smaller_commands_are_listed(command: str) -> None:
    real = set(re.findall(r"(--[a-z][a-z-]+)", help_of(command))) - {"--help"}
    table = TRAINING.split(f"<!-- {command} -->")[1]
    assert set(re.findall(r"^\| `(--[a-z][a-z-]+)", table, re.MULTILINE)) == real


@pytest.mark.parametrize("text", [TRAINING, CHANGELOG], ids=["training", "changelog"])
def test_every_measure_of_a_comparison_is_named(text: str) -> None:
    from encaudit.report.comparison_words import OF_PAIRS, OF_RUNS

    missing = [one.name for one in (*OF_RUNS, *OF_PAIRS) if one.name not in text]
    assert missing == []


def test_the_options_that_train_has_are_listed() -> None:
    real = set(re.findall(r"(--[a-z][a-z-]+)", help_of("train"))) - {"--help"}
    cells = re.findall(r"^\| (.*?) \|", TRAINING.split("<!-- train options -->")[1], re.MULTILINE)
    assert {option for cell in cells for option in re.findall(r"(--[a-z][a-z-]+)", cell)} == real


def test_the_readme_explains_every_transform() -> None:
    from encaudit.transforms import TRANSFORMS

    table = README.split("<!-- transforms -->")[1]
    named = set(re.findall(r"^\| `([a-z]+\d*)", table, re.MULTILINE))
    assert {re.sub(r"^(roll)\d+$", r"\1", name) for name in named} == set(TRANSFORMS)


@pytest.mark.parametrize("text", [README, CHANGELOG], ids=["readme", "changelog"])
def test_every_metric_is_named(text: str) -> None:
    from encaudit.metrics import METRICS

    missing = [name for name in METRICS if name not in text]
    assert missing == []


def test_the_readme_promises_the_two_commands_that_make_has() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", README)) <= targets
    assert {"make demo", "make test"} <= set(re.findall(r"make [a-z]+", README))


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_every_file_that_a_page_links_to_is_there(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
