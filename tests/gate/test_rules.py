"""Which rule wins, and what may stand in one."""

import pytest

from encaudit.gate.rules import Allowance, Rule, allowance_of, apply_rules, limit_of

MEASURED = [("displacement_ratio", "roll1"), ("displacement_ratio", "permutation"), ("elbo", None)]


def limits(preset: dict[str, Rule], own: dict[str, Rule]) -> dict[str, dict[str, object]]:
    applied = apply_rules(preset, own, MEASURED)
    return {f"{one.metric}@{one.transform}": dict(one.rule.limits()) for one in applied}


def test_the_user_goes_before_the_preset_limit_by_limit() -> None:
    preset = {"elbo": Rule(max=3.0, min=1.0)}
    assert limits(preset, {"elbo": Rule(max=2.0)}) == {"elbo@None": {"max": 2.0, "min": 1.0}}


def test_a_named_transform_goes_before_every_transform_of_the_same_author() -> None:
    own = {"displacement_ratio@*": Rule(max=0.5, min=0.1), "displacement_ratio@roll1": Rule(max=0.2)}
    assert limits({}, own) == {"displacement_ratio@roll1": {"max": 0.2, "min": 0.1}}


def test_what_the_user_says_of_every_transform_goes_before_what_the_preset_says_of_one() -> None:
    assert limits({"displacement_ratio@roll1": Rule(max=0.5)}, {"displacement_ratio@*": Rule(max=0.2)}) == {
        "displacement_ratio@roll1": {"max": 0.2}
    }


def test_every_transform_is_every_harmless_one_and_a_control_has_to_be_named() -> None:
    assert list(limits({"displacement_ratio@*": Rule(max=0.5)}, {})) == ["displacement_ratio@roll1"]
    named = limits({}, {"displacement_ratio@permutation": Rule(min=0.9)})
    assert named == {"displacement_ratio@permutation": {"min": 0.9}}


@pytest.mark.parametrize("off", [Rule(level="off"), Rule(max="off")])
def test_a_limit_or_a_whole_rule_is_switched_off(off: Rule) -> None:
    assert limits({"elbo": Rule(max=3.0)}, {"elbo": off}) == {}


def test_what_the_user_names_is_there_even_where_nobody_measured_it() -> None:
    applied = apply_rules({}, {"cka@roll1": Rule(max=1.0)}, [])
    assert [(one.metric, one.transform, one.named) for one in applied] == [("cka", "roll1", True)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (0.05, Allowance(0.05)),
        (1, Allowance(1.0)),
        ("10%", Allowance(0.1, relative=True)),
        (" 2.5 % ", Allowance(0.025, relative=True)),
        ({"ci": 0.05}, Allowance(0.05, by_interval=True)),
        ({"ci": "10%"}, Allowance(0.1, relative=True, by_interval=True)),
        ("off", "off"),
    ],
)
def test_an_allowance_is_an_amount_a_share_or_an_interval(written: object, meant: object) -> None:
    assert allowance_of(written) == meant


@pytest.mark.parametrize(
    "written", [-1, "10", "-10%", "ten%", True, float("nan"), float("inf"), {}, {"ic": 1}, None, []]
)
def test_anything_else_is_no_allowance(written: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        allowance_of(written)


@pytest.mark.parametrize("written", ["10%", True, float("nan"), {"ci": 1}])
def test_a_limit_is_a_number(written: object) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        limit_of(written)


def test_a_share_is_one_of_the_size_of_the_baseline_whatever_its_sign() -> None:
    assert Allowance(0.1, relative=True).of(-50.0) == pytest.approx(5)
