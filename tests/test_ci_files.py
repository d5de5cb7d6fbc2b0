"""The README's gate in five minutes, as written, on a toy repository; the steps of the action as a runner runs them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

from tests.gate.audits import particles, report, write_audit
from tests.public_schemas import assert_valid
from tests.test_documents import README, ROOT

SECTION = README.split("## Gate your encoder in CI in five minutes\n")[1].split("\n## ")[0]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
GATE_PAGE = (ROOT / "docs" / "gate.md").read_text()
GITLAB = "https://gitlab.com/gitlab-org/gitlab/-/raw/master/app/assets/javascripts/editor/schema/ci.json"
NETS = """\
import torch


class Net:
    def encode(self, images):
        frequencies = torch.fft.rfft2(images).abs()
        return frequencies[:, :4, :4].reshape(len(images), -1)[:, 1:4]


def make():
    return Net()
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A git repository with an encoder and its images."""
    toy = tmp_path / "toy"
    toy.mkdir()
    (toy / "nets.py").write_text(NETS)
    np.save(toy / "images.npy", np.random.default_rng(0).normal(size=(40, 8, 8)).astype(np.float32))
    subprocess.run(["git", "init", "--quiet"], cwd=toy, check=True)
    return toy


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a runner, where `encaudit` is the one under test and git knows who commits."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "encaudit").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m encaudit "$@"\n')
    (programs / "encaudit").chmod(0o755)
    for name in ("output", "summary"):
        (tmp_path / name).write_text("")
    who = {f"GIT_{role}_{what}": "toy" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return (
        {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GIT_"))}
        | who
        | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",  # two versions of a file within one second are told apart
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        }
    )


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)


def bash(script: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script as GitHub runs the steps of shell bash."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def run_action(given: dict[str, Any], folder: Path, environment: dict[str, str]) -> int:
    """Run the steps of action.yml that are commands; return the exit code of the first that fails."""
    known = ACTION["inputs"]
    assert set(given) <= set(known) and all(name in given for name in known if known[name].get("required"))
    inputs = {name: str(given.get(name, one.get("default", ""))) for name, one in known.items()}

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: inputs[found[1]], text)

    for step in ACTION["runs"]["steps"]:
        condition = re.fullmatch(r"inputs\.([a-z-]+) != ''", step.get("if", ""))
        if "run" not in step or (condition and inputs[condition[1]] == ""):
            continue
        assert step["shell"] == "bash" and "${{" not in step["run"], "what a user writes is never part of a script"
        variables = {name: filled(value) for name, value in step.get("env", {}).items()}
        done = bash(step["run"], folder / filled(step.get("working-directory", ".")), environment | variables)
        if done.returncode:
            return done.returncode
    return 0


def test_the_readme_leads_a_toy_repository_to_a_gate_that_passes_and_stops(
    toy: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    measuring, trying = blocks("bash")
    (rules,), (workflow,) = blocks("toml"), blocks("yaml")
    assert bash(measuring, toy, environment).returncode == 0
    for text in (rules, workflow):
        path = toy / text.splitlines()[0].removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    tried = bash(trying, toy, environment)
    assert tried.returncode == 0, tried.stderr
    assert "The gate is passed" in tried.stderr
    kept = subprocess.run(["git", "ls-files"], cwd=toy, capture_output=True, text=True, check=True).stdout.split()
    assert set(kept) == {"nets.py", "images.npy", "encaudit.toml", "encaudit-baseline.json"}

    *_, step = yaml.safe_load(workflow)["jobs"]["gate"]["steps"]
    there = {"install": "", "torch": "", "python-version": ""}
    # a pull request that gives every image the latent of its own noise
    (toy / "nets.py").write_text(NETS.replace("frequencies[:, :4, :4]", "torch.sin(1e3 * images)[:, :4, :4]"))
    assert run_action(step["with"] | there, toy, environment) == 1
    assert (tmp_path / "output").read_text() == "exit-code=1\n"
    summary = (tmp_path / "summary").read_text()
    assert "NOT passed" in summary and "displacement_ratio@roll1/max_increase" in summary
    failures = ElementTree.parse(toy / "encaudit.xml").findall("testsuite/testcase/failure")
    assert failures


@pytest.mark.parametrize(
    ("written", "url"),
    [
        (ROOT / "action.yml", "https://json.schemastore.org/github-action.json"),
        ("jobs:\n", "https://json.schemastore.org/github-workflow.json"),
        ("# .gitlab-ci.yml\n", GITLAB),
        ("# .pre-commit-config.yaml\n", "https://json.schemastore.org/pre-commit-config.json"),
    ],
)
def test_the_public_schemas_take_our_action_and_the_files_that_the_pages_show(written: Path | str, url: str) -> None:
    if isinstance(written, Path):
        texts = [written.read_text()]
    else:
        texts = [block for block in re.findall(r"```yaml\n(.*?)```", SECTION + GATE_PAGE, re.S) if written in block]
    assert texts
    for text in texts:  # the key "on" of a workflow is no boolean to GitHub, as it is to YAML 1.1
        assert_valid(yaml.load(text, yaml.BaseLoader if "\njobs:" in text else yaml.SafeLoader), url)


@pytest.mark.parametrize(
    ("ratio", "given", "code"),
    [
        (0.301, {}, 0),
        (0.6, {}, 1),
        (0.6, {"config": "lenient.toml"}, 0),
        (0.301, {"baseline": ""}, 2),
        (0.301, {"subject": "no where"}, 2),
    ],
)
def test_the_action_ends_with_the_exit_code_of_the_check(
    ratio: float, given: dict[str, str], code: int, toy: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    write_audit(toy / "old", report(0.3), particles(0.3))
    write_audit(toy / "an audit", report(ratio), particles(ratio))
    (toy / "lenient.toml").write_text('[rules]\n"displacement_ratio@*" = { level = "warn" }\n"cka@*" = { max = 1 }\n'
                                      '"retrieval_rank@*" = { max_increase = "off" }\n')  # fmt: skip
    assert bash("encaudit baseline old -o encaudit-baseline.json", toy, environment).returncode == 0
    outputs = {"json": "g.json", "junit": "g.xml", "sarif": "g.sarif", "options": "--markdown g.md"}
    there = {"install": "", "torch": "", "subject": "an audit"}
    assert run_action(there | outputs | given, toy, environment) == code
    assert (tmp_path / "output").read_text() == f"exit-code={code}\n"
    written = {name for name in ("g.json", "g.xml", "g.sarif", "g.md") if (toy / name).exists()}
    assert written == (set() if code == 2 else {"g.json", "g.xml", "g.sarif", "g.md"})


def test_the_action_installs_what_it_is_told_and_its_own_commit_by_default(
    toy: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    said = tmp_path / "said"
    for name in ("python", "encaudit"):
        program = tmp_path / "programs" / name
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" {name} "$@" >> "{said}"\n')
        program.chmod(0o755)
    given = {"subject": "a b", "install": "./en caudit", "torch": "torch --index-url there", "options": "--n 5"}
    assert run_action(given, toy, environment) == 0
    pip = ["python", "-m", "pip", "install", "--quiet"]
    check = ["encaudit", "check", "a b", "--n", "5", "--baseline", "encaudit-baseline.json"]
    assert said.read_text().splitlines() == [*pip, "torch", "--index-url", "there", *pip, "./en caudit", *check]
    assert ACTION["inputs"]["install"]["default"] == "${{ github.action_path }}"


def test_the_hook_of_pre_commit_checks_a_report(toy: Path, environment: dict[str, str]) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    write_audit(toy / "audit", report(0.3), particles(0.3))
    assert bash("encaudit baseline audit -o b.json", toy, environment).returncode == 0
    assert hook["pass_filenames"] is False and shutil.which("bash")
    assert bash(f"{hook['entry']} audit --baseline b.json", toy, environment).returncode == 0
    write_audit(toy / "audit", report(0.6), particles(0.6))
    assert bash(f"{hook['entry']} audit --baseline b.json", toy, environment).returncode == 1
