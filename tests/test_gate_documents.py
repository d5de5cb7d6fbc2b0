"""docs/gate.md is in step with the presets and with the command line, and its configs are ones that encaudit reads."""

import re
from pathlib import Path

import pytest
import yaml

from encaudit.gate import read_config
from encaudit.gate.presets import PRESETS
from encaudit.gate.rules import Allowance, Rule
from tests.test_documents import ROOT, help_of

GATE = (ROOT / "docs" / "gate.md").read_text()


def in_words(rule: Rule | None) -> str:
    if rule is None:
        return ""
    told = []
    for kind, limit in rule.limits():
        arrow = {"max_increase": "↑ ", "max_decrease": "↓ "}.get(kind, f"{kind} ")
        if isinstance(limit, Allowance):
            amount = f"{limit.amount * 100:g}%" if limit.relative else f"{limit.amount:g}"
            told.append(f"{arrow}{amount}{'' if limit.by_interval else ', of the value'}")
        else:
            told.append(f"{arrow}{limit:g}")
    return "; ".join(told) + (" (warn)" if rule.level == "warn" else "")


def test_the_table_of_presets_is_that_of_the_code() -> None:
    names = [name for name in PRESETS if name != "none"]
    keys = list(dict.fromkeys(key for name in names for key in PRESETS[name]))
    rows = [f"| `{key}` | {' | '.join(in_words(PRESETS[name].get(key)) for name in names)} |" for key in keys]
    table = "\n".join([f"| rule | {' | '.join(f'`{name}`' for name in names)} |", "|---|---|---|", *rows])
    assert GATE.split("<!-- presets -->")[1].strip() == table, f"docs/gate.md needs this table:\n{table}"


@pytest.mark.parametrize("command", ["check", "baseline"])
def test_the_page_lists_the_options_of(command: str) -> None:
    real = set(re.findall(r"(--[a-z][a-z-]+)", help_of(command))) - {"--help"}
    cells = re.findall(r"^\| (.*?) \|", GATE.split(f"<!-- {command} -->")[1], re.MULTILINE)
    assert {option for cell in cells for option in re.findall(r"(--[a-z][a-z-]+)", cell)} == real


def test_the_example_of_rules_is_one(tmp_path: Path) -> None:
    (text,) = [
        block for block in re.findall(r"```toml\n(.*?)```", GATE, re.DOTALL) if block.startswith("# encaudit.toml")
    ]
    (tmp_path / "encaudit.toml").write_text(text)
    found = read_config(tmp_path / "encaudit.toml")
    assert len(found.rules) == 4 and len(found.waivers) == 1


def test_the_snippets_for_ci_are_yaml_and_name_inputs_that_the_action_has() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", GATE, re.DOTALL)
    github, steps, gitlab, hooks = map(yaml.safe_load, blocks)
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    used = [step["with"] for step in (*github["jobs"]["gate"]["steps"], *steps) if "encaudit" in step.get("uses", "")]
    assert len(used) == 2 and set().union(*used) <= set(inputs)
    assert gitlab["encoder"]["artifacts"]["reports"]["junit"] in gitlab["encoder"]["script"][-1]
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hooks["repos"][0]["hooks"][0]["id"] == hook["id"]
