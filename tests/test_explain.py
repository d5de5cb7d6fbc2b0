"""Every name in a report can be looked up, and the page says what the code does."""

import ast
from pathlib import Path

import pytest

from encaudit.errors import UnknownNameError
from encaudit.explain import CONTROLS, entries, explain, names_by_kind, page
from encaudit.metrics import ENCODER_METRICS, METRICS
from encaudit.report.comparison_words import OF_PAIRS, OF_RUNS
from encaudit.transforms import TRANSFORMS
from encaudit.verdicts import CODES, RULES

ROOT = Path(__file__).parent.parent


def test_the_committed_page_is_what_the_code_says() -> None:
    committed = (ROOT / "docs" / "reference.md").read_text()
    assert committed == page(), "write it again: python -m encaudit.explain docs/reference.md"


def test_every_verdict_metric_control_and_transform_has_an_entry() -> None:
    assert {*CODES, *METRICS, *ENCODER_METRICS, *CONTROLS, *TRANSFORMS} <= set(entries())
    assert all(entry.text.strip() for entry in entries().values())


def test_every_measure_of_a_comparison_has_an_entry() -> None:
    assert {one.name for one in (*OF_RUNS, *OF_PAIRS)} - {"kl", "reconstruction"} <= set(entries())


def text_constants(tree: ast.Module) -> dict[str, str]:
    """NAME = "text", and NAME, OTHER = "text", 1, of a module."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Tuple):
            target, value = node.targets[0], node.value
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = value.elts if isinstance(value, ast.Tuple) and isinstance(target, ast.Tuple) else [value]
            for name, one in zip(names, values, strict=True):
                if isinstance(name, ast.Name) and isinstance(one, ast.Constant) and isinstance(one.value, str):
                    found[name.id] = one.value
    return found


def test_every_metric_that_the_code_names_outside_the_registries_has_an_entry() -> None:
    named = set()
    for path in (ROOT / "encaudit").rglob("*.py"):
        tree = ast.parse(path.read_text())
        constants = text_constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Measurement":
                first = node.args[0] if node.args else node.keywords[0].value
                if isinstance(first, ast.Constant):
                    named.add(first.value)
                elif isinstance(first, ast.Name) and first.id in constants:
                    named.add(constants[first.id])
    assert "beyond_renoise" in named
    assert named - set(entries()) == set()


def test_a_measure_of_one_covariate_or_dimension_is_explained_by_its_family() -> None:
    assert explain("leakage_pose") == explain("leakage")
    assert explain("dimension_kl_3") == explain("dimension_kl")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_verdict_is_explained_with_every_bound_it_uses(rule) -> None:
    text = explain(rule.code)
    for bound in {bound for group in rule.bounds for bound in group}:
        assert f"{bound.measure} {bound.side} {bound.value:g}: {bound.reason}" in text


def test_a_spec_is_explained_by_its_transforms() -> None:
    assert explain("roll5") == explain("roll")
    both = explain("roll1+rot90:frame=array")
    assert explain("roll") in both
    assert explain("rot90") in both
    assert "positive control" in explain("roll1:frame=covariant")


def test_a_quarter_turn_is_explained_with_its_frames() -> None:
    assert "``covariant``" in explain("rot180")


@pytest.mark.parametrize(("wrong", "nearest"), [("par_auc", "pair_auc"), ("scater", "scatters"), ("rol1", "roll")])
def test_an_unknown_name_is_answered_with_the_nearest(wrong: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError, match=f"Did you mean '{nearest}'"):
        explain(wrong)


def test_the_list_of_names_is_ordered_by_kind() -> None:
    listed = names_by_kind()
    assert listed.index("scatters") < listed.index("pair_auc") < listed.index("renoise") < listed.index("mirror")
