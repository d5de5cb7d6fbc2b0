"""A gate lets through what is as good, stops what is worse, and refuses what cannot be compared."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from encaudit.errors import EncauditError, InputError
from encaudit.gate import Baseline, Config, Gate, Waiver, accept, check_report
from encaudit.gate.rules import Allowance, Rule, key_of
from encaudit.paired import Particles, as_written
from encaudit.results import Finding, Measurement, Report
from tests.gate.audits import PROVENANCE, measurement, particles, report, without

TODAY = date(2026, 6, 15)
KEY = "displacement_ratio@roll1"


def gate_of(
    found: Report, accepted: Report | None = None, rules: dict[str, Rule] | None = None, **changes: Any
) -> Gate:
    """Check with these rules alone, on images as far displaced as the reports say."""
    mine = particles(_ratio(found), seed=1)
    theirs = None if accepted is None else accept(accepted, particles(_ratio(accepted), seed=2))
    config = Config("none", rules or {KEY: Rule(max_increase=Allowance(0.05))})
    told: dict[str, Any] = {"particles": mine, "baseline": theirs, "config": config, "today": TODAY, "provenance": {}}
    return check_report(found, **(told | changes))


def _ratio(found: Report) -> float:
    value = next(one.value for one in found.measurements if one.metric == "displacement_ratio")
    return getattr(value, "median", 0.3)


@pytest.mark.parametrize(
    ("rule", "value", "outcome"),
    [
        (Rule(max=0.3), 0.3, "passed"),
        (Rule(max=0.3), 0.31, "failed"),
        (Rule(min=0.3), 0.3, "passed"),
        (Rule(min=0.3), 0.29, "failed"),
    ],
)
def test_limits_alone_need_no_baseline(rule: Rule, value: float, outcome: str) -> None:
    gate = gate_of(report(value), rules={KEY: rule})
    assert [check.outcome for check in gate.checks] == [outcome]
    assert gate.exit_code == (1 if outcome == "failed" else 0)


@pytest.mark.parametrize(
    ("rule", "value", "outcome"),
    [
        (Rule(max_increase=Allowance(0.05)), 0.34, "passed"),
        (Rule(max_increase=Allowance(0.05)), 0.36, "failed"),
        (Rule(max_increase=Allowance(0.05)), 0.1, "passed"),
        (Rule(max_decrease=Allowance(0.05)), 0.26, "passed"),
        (Rule(max_decrease=Allowance(0.05)), 0.24, "failed"),
        (Rule(max_increase=Allowance(0.1, relative=True)), 0.32, "passed"),
        (Rule(max_increase=Allowance(0.1, relative=True)), 0.34, "failed"),
    ],
)
def test_a_change_is_held_to_an_amount_or_a_share(rule: Rule, value: float, outcome: str) -> None:
    check = gate_of(report(value), report(0.3), {KEY: rule}).checks[0]
    assert check.outcome == outcome
    assert check.change == pytest.approx(value - 0.3) and (check.found, check.baseline) == (value, 0.3)
    assert check.limit == pytest.approx(0.05 if "0.05" in str(rule) else 0.03)


@pytest.mark.parametrize(
    ("was", "now", "allowed"),
    [
        (0.7, 0.8, Allowance(0.1)),
        (1.0, 1.1, Allowance(0.1, relative=True)),
        (23.0, 25.3, Allowance(0.1, relative=True)),
    ],
)
def test_what_is_just_allowed_passes_whatever_rounding_makes_of_it(was: float, now: float, allowed: Allowance) -> None:
    assert gate_of(report(now), report(was), {KEY: Rule(max_increase=allowed)}).passed


@pytest.mark.parametrize(("value", "outcome"), [(0.3, "passed"), (0.31, "passed"), (0.36, "failed"), (0.1, "passed")])
def test_a_change_is_held_to_the_interval_of_the_paired_difference(value: float, outcome: str) -> None:
    check = gate_of(report(value), report(0.3), {KEY: Rule(max_increase=Allowance(0.05, by_interval=True))}).checks[0]
    assert check.outcome == outcome
    # images differ by 30 % among themselves, so that an interval that is not paired could not be this narrow
    assert check.low is not None and check.high is not None and check.high - check.low < 0.03
    assert "200 common images" in check.text


def test_a_change_whose_interval_reaches_back_into_what_is_allowed_passes() -> None:
    found = gate_of(report(0.355), report(0.3), {KEY: Rule(max_increase=Allowance(0.05, by_interval=True))}).checks[0]
    assert found.change is not None and found.low is not None
    assert found.low < 0.05 < found.change and found.outcome == "passed"


def test_a_fall_is_held_to_the_other_end_of_the_interval() -> None:
    rule = {"elbo": Rule(max_decrease=Allowance(0.02, relative=True, by_interval=True))}
    better, worse = particles(elbo=-45), particles(elbo=-55)
    assert gate_of(report(elbo=-45), report(), rule, particles=better).passed
    check = gate_of(report(elbo=-55), report(), rule, particles=worse).checks[0]
    assert check.outcome == "failed" and check.limit == pytest.approx(1) and check.id == "elbo/max_decrease"


def test_what_has_no_values_image_by_image_goes_by_its_own_intervals() -> None:
    rule = {"cka@roll1": Rule(max_decrease=Allowance(0.0, by_interval=True))}
    check = gate_of(report(0.4), report(0.3), rule).checks[0]
    assert check.outcome == "failed" and "by the intervals of both reports" in check.text
    assert gate_of(report(0.305), report(0.3), rule).passed


@pytest.mark.parametrize("missing", ["the report", "the baseline"])
def test_without_particles_a_comparison_is_wider_and_says_so(missing: str) -> None:
    rule = {KEY: Rule(max_increase=Allowance(0.0, by_interval=True))}
    changes: dict[str, Any] = (
        {"particles": None} if missing == "the report" else {"baseline": accept(report(0.3), None)}
    )
    gate = gate_of(report(0.4), report(0.3), rule, **changes)
    assert [one.code for one in gate.findings] == ["not-paired"] and missing.capitalize() in gate.findings[0].text
    assert gate.checks[0].outcome == "failed"


def test_too_few_images_for_an_interval_decide_nothing_and_say_so() -> None:
    few = particles(0.5).take(particles().index[:10])
    baseline = Baseline(report(0.3), particles(0.3).take(particles().index[:10]))
    by_interval = Rule(max_increase=Allowance(0.1, by_interval=True))
    held = {f"displacement_ratio@{spec}": Rule(max=1.0) for spec in ("roll1", "rot90")}
    other = {"elbo": by_interval}
    gate = gate_of(report(0.5), rules=held | other, particles=few, baseline=baseline)
    assert [check.outcome for check in gate.checks] == ["passed", "passed", "skipped"] and gate.passed
    assert [(one.code, one.level) for one in gate.findings] == [("checks-skipped", "note")]
    with pytest.raises(InputError, match=r"1 of 1 checks of level error .* cannot be decided: .* Audit more images"):
        gate_of(report(0.5), rules=other, particles=few, baseline=baseline)


def test_what_is_new_or_skipped_by_both_makes_no_undecided_gate_pass() -> None:
    few = particles(0.5).take(particles().index[:10])
    baseline = Baseline(
        without(report(0.3, measurement("pair_auc", "no time")), "active_units", None),
        particles(0.3).take(particles().index[:10]),
    )
    found = report(0.5, measurement("pair_auc", "no time"))
    by_interval = Rule(max_increase=Allowance(0.1, by_interval=True))
    undecided = {f"displacement_ratio@{spec}": by_interval for spec in ("roll1", "rot90")}
    rules = undecided | {"retrieval_rank@roll1": Rule(max=1.0), "pair_auc@roll1": by_interval}
    for new in ({}, {"active_units": Rule(max_increase=Allowance(1.0))}):
        with pytest.raises(InputError, match=r"2 of 3 checks of level error that both reports have values for"):
            gate_of(found, rules=rules | new, particles=few, baseline=baseline)


def test_what_is_new_is_no_reason_to_refuse_a_gate_that_decides_all_else() -> None:
    accepted = without(without(report(), "elbo", None), "active_units", None)
    new = {name: Rule(max_increase=Allowance(1.0)) for name in ("elbo", "active_units")}
    gate = gate_of(report(), accepted, new | {KEY: Rule(max=1.0)})
    assert gate.passed and gate.counts()["skipped"] == 2


def test_what_the_report_warns_of_and_the_baseline_did_not_is_handed_on() -> None:
    wrong = Finding("saved-z-differs", "warning", "These are probably not the images of the run.")
    dead = Finding("collapsed-posterior", "warning", "The posterior has collapsed.")
    rules = {KEY: Rule(max=1.0)}
    now = replace(report(), findings=[wrong, Finding("metadata-read", "note", "Read.")])
    assert [one.code for one in gate_of(now, report(), rules).findings] == ["saved-z-differs"]
    assert not gate_of(now, now, rules).findings
    (of_baseline,) = gate_of(report(), replace(report(), findings=[dead]), rules).findings
    assert of_baseline.code == "baseline-collapsed-posterior" and "may fail beside it" in of_baseline.text


def test_a_warning_does_not_fail_the_gate() -> None:
    gate = gate_of(report(0.5), rules={KEY: Rule(max=0.1, level="warn")})
    assert gate.checks[0].outcome == "failed" and gate.exit_code == 0
    assert gate.counts() == {"passed": 0, "failed": 0, "warned": 1, "waived": 0, "skipped": 0}


def test_a_waiver_lets_a_failure_pass() -> None:
    config = Config("none", {KEY: Rule(max=0.1)}, [Waiver(f"{KEY}/max", "known", TODAY)])
    gate = gate_of(report(0.5), config=config)
    assert gate.checks[0].outcome == "waived" and gate.exit_code == 0


def test_what_the_baseline_has_and_the_report_skips_fails_with_the_reason() -> None:
    found = report(0.3, elbo="the encoder has no decoder")
    check = gate_of(found, report(), {"elbo": Rule(max_decrease=Allowance(1.0))}).checks[0]
    assert check.outcome == "failed" and "the encoder has no decoder" in check.text and check.found is None


def test_what_both_skip_is_skipped() -> None:
    found = report(elbo="no decoder")
    gate = gate_of(found, found, {"elbo": Rule(max_decrease=Allowance(1.0)), KEY: Rule(max=1.0)})
    assert {check.metric: check.outcome for check in gate.checks} == {"elbo": "skipped", "displacement_ratio": "passed"}
    assert [(one.code, one.level) for one in gate.findings] == [("checks-skipped", "note")]


def test_what_both_skip_is_no_check_where_nobody_named_it() -> None:
    found = report(0.3, measurement("posterior_kl", "no logvar"))
    config = Config("none", {"posterior_kl@*": Rule(max_increase=Allowance(1.0)), KEY: Rule(max=1.0)})
    assert [check.metric for check in gate_of(found, found, config=config).checks] == ["displacement_ratio"]
    with pytest.raises(InputError, match="No rule applies"):
        gate_of(found, found, {"posterior_kl@*": Rule(max_increase=Allowance(1.0))})


def test_what_only_the_report_has_is_skipped_until_it_is_accepted() -> None:
    on_elbo = {"elbo": Rule(max_decrease=Allowance(1.0))}
    checks = gate_of(report(), without(report(), "elbo", None), on_elbo | {KEY: Rule(max=1.0)}).checks
    check = next(check for check in checks if check.metric == "elbo")
    assert check.outcome == "skipped" and "nothing to compare with" in check.text
    with pytest.raises(
        InputError, match=r"No check of level error could be carried out \(1 were asked for\): elbo/max_decrease"
    ):
        gate_of(report(), without(report(), "elbo", None), on_elbo)


def test_values_of_images_of_another_audit_are_refused() -> None:
    by_interval = {KEY: Rule(max_increase=Allowance(0.05, by_interval=True))}
    with pytest.raises(
        InputError, match=r"of different audits: displacement_ratio@roll1 is 0\.6 in the one and 0\.3 by"
    ):
        gate_of(report(0.6), report(0.3), by_interval, particles=particles(0.3))


def test_a_difference_that_is_no_number_is_never_passed_as_one() -> None:
    baseline = accept(report(0.3), particles(0.3))
    assert baseline.particles is not None
    for images in (particles(0.3), baseline.particles):
        images.columns["roll1/random_distance"][:] = 0.0
    by_interval = {KEY: Rule(max_increase=Allowance(0.05, by_interval=True))}
    (check,) = gate_of(report(0.6), rules=by_interval, baseline=baseline).checks
    assert check.outcome == "failed" and "by the intervals of both reports" in check.text


def test_columns_that_are_gone_are_told() -> None:
    images = particles(0.3, seed=1)
    del images.columns["roll1/displacement"]
    gate = gate_of(report(), report(), particles=images)
    assert [one.code for one in gate.findings] == ["columns-missing"]
    assert "lacks what the baseline has of each image (roll1/displacement)" in gate.findings[0].text


def test_a_metric_of_another_number_of_images_is_refused_where_it_is_compared() -> None:
    fewer = replace(
        report(), measurements=[replace(one, value=replace(one.value, n=25)) for one in report().measurements]
    )
    with pytest.raises(InputError, match=r"displacement_ratio@roll1 is of 25 images in the report and of 200 in the"):
        gate_of(fewer, report())
    assert gate_of(fewer, report(), {KEY: Rule(max=1.0)}).passed


def test_the_same_audit_has_not_moved_at_all() -> None:
    images = particles(0.3)
    images.columns["elbo"][:] = np.random.default_rng(0).normal(-50, 1e-5, len(images))
    no_rise = {"elbo": Rule(max_increase=Allowance(0.0, by_interval=True))}
    written = replace(images, columns={name: as_written(values) for name, values in images.columns.items()})
    assert gate_of(report(), rules=no_rise, particles=written, baseline=accept(report(), written)).passed


def test_images_without_a_latent_are_why_another_set_is_left() -> None:
    ailing = Finding("encoder-not-finite", "warning", "The encoder gave no finite number for 5 of 200 images.")
    fewer = replace(report(images=PROVENANCE["images"] | {"left_out": 5}), findings=[ailing])
    with pytest.raises(InputError, match=r"images left out: 0 in the baseline, 5 now\. The encoder gave no finite"):
        gate_of(fewer, report())


def test_a_baseline_without_images_is_what_the_warning_names() -> None:
    gate = gate_of(
        report(),
        rules={KEY: Rule(max_increase=Allowance(0.05, by_interval=True))},
        particles=None,
        baseline=accept(report(), None),
    )
    assert [one.text[:12] for one in gate.findings if one.code == "not-paired"] == ["The baseline"]


@pytest.mark.parametrize(
    ("found", "accepted", "rules", "words"),
    [
        (without(report(), "elbo", None), report(), {"elbo": Rule(min=-60.0)}, "The report has no elbo"),
        (report(), report(), {"cka@rot90": Rule(min=0.1)}, "Nobody measured cka@rot90"),
        (report(seed=0), report(), {KEY: Rule(max=1.0)}, "seed: 3 in the baseline, 0 now"),
        (report(), None, {KEY: Rule(max_increase=Allowance(1.0))}, "measured from a baseline, and there is none"),
        (report(), None, {"cka@rot270": Rule(max=1.0)}, "Unknown transform"),
        (report(), report(), {KEY: Rule(level="off")}, "No rule applies"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    found: Report, accepted: Report | None, rules: dict[str, Rule], words: str
) -> None:
    with pytest.raises(EncauditError, match=words):
        gate_of(found, accepted, rules)


def test_another_version_of_a_metric_is_refused_where_a_rule_asks_for_it() -> None:
    newer = without(report(), "cka")
    newer.measurements.append(measurement("cka", 0.7, version=2))
    assert gate_of(newer, report()).passed
    with pytest.raises(InputError, match="cka@roll1 is of version 2 in the report and 1 in the baseline"):
        gate_of(newer, report(), {"cka@roll1": Rule(min=0.1)})


def test_a_wildcard_that_meets_nothing_says_so() -> None:
    gate = gate_of(report(), report(), {KEY: Rule(max=1.0), "volume_cc@*": Rule(min=0.9)})
    assert [one.code for one in gate.findings] == ["rule-idle"]


@pytest.mark.parametrize(
    ("preset", "rules", "silent"),
    [
        ("none", {"displacement_ratio@rot90": Rule(level="error")}, False),
        ("none", {"elbo": Rule(level="error", max_decrease="off")}, False),
        ("none", {"elbo": Rule(max_decrease="off")}, False),
        ("none", {"elbo": Rule()}, False),
        ("none", {"retrieval_rank@*": Rule(level="warn")}, False),
        ("none", {"displacement_ratio@permutation": Rule(level="warn"), "displacement_ratio@*": Rule(max=1.0)}, False),
        ("recommended", {"elbo": Rule(level="error", max_decrease="off")}, False),
        ("recommended", {"cka@roll1": Rule(level="error")}, False),
        ("recommended", {"elbo": Rule(max_decrease="off")}, True),
        ("recommended", {"elbo": Rule(level="warn")}, True),
        ("recommended", {"displacement_ratio@rot90": Rule(level="warn")}, True),
        ("recommended", {"retrieval_rank@*": Rule(level="warn")}, True),
        ("none", {"retrieval_rank@*": Rule(level="warn"), "retrieval_rank@roll1": Rule(max=1.0)}, True),
        ("none", {"cka@*": Rule(max=1.0), "cka@roll1": Rule(level="warn")}, True),
        ("none", {"cka@*": Rule(max=1.0, level="off"), "cka@roll1": Rule(level="warn")}, True),
        ("none", {"elbo": Rule(level="off")}, True),
    ],
)
def test_a_rule_that_asks_for_nothing_says_so(preset: str, rules: dict[str, Rule], silent: bool) -> None:
    gate = gate_of(report(), report(), config=Config(preset, rules | {KEY: Rule(max=1.0)}))
    told = [one for one in gate.findings if one.code == "rule-without-limit"]
    assert [repr(next(iter(rules))) in one.text and one.level for one in told] == ([] if silent else ["warning"])


def told(**options: Any) -> dict[str, Any]:
    return {"options": {"grid": 1, "calibration": "posterior"} | options}


WORST, SBC, LEAK = (
    measurement(name, 0.5, None) for name in ("worst_case_ratio", "sbc_deviation", "leakage_optics_group")
)
TABLES = [{"images": PROVENANCE["images"] | {"metadata": {"path": "m.csv", "sha256": f"{one}" * 64}}} for one in (1, 2)]
CLEAN = "renoise:clean=c.npy"
FILES = [{"transform_files": [{"path": "c.npy", "sha256": f"{one}" * 64}]} for one in (1, 2)]


@pytest.mark.parametrize(
    ("measured", "was", "now", "words"),
    [
        (WORST, told(), told(grid=2), r"\(--grid: 1 in the baseline, 2 in the report\).* \(--grid 1\)"),
        (SBC, told(calibration="prior"), told(), r"--calibration: prior in .*\(--calibration prior\)"),
        (LEAK, *TABLES, r"--metadata \(SHA-256\): 111111111111 in .*\(--metadata m.csv\)"),
        (measurement("cka", 0.5, CLEAN), *FILES, r"c.npy \(SHA-256\): 111111111111 in .*\(c.npy as it was\)"),
        (
            measurement("beyond_renoise", 0.5),
            *({"sample": {"renoise": CLEAN}} | files for files in FILES),
            r"renoise control \(SHA-256\): 111",
        ),
    ],
)
def test_a_measure_that_was_made_otherwise_is_refused_where_it_is_compared(
    measured: Measurement, was: dict[str, Any], now: dict[str, Any], words: str
) -> None:
    found, accepted = (report(0.3, measured, **side) for side in (now, was))
    key = key_of(measured.metric, measured.transform)
    compared = {key: Rule(max_increase=Allowance(0.1), level="warn")}
    with pytest.raises(InputError, match=f"{re.escape(key)} depends on what is not the same .*{words}"):
        gate_of(found, accepted, compared)
    assert gate_of(accepted, accepted, compared).passed
    assert gate_of(found, report(0.3, measured), compared).passed  # an older baseline does not say
    assert gate_of(found, accepted, {key: Rule(max=1.0)}).passed
    assert gate_of(found, accepted, {KEY: Rule(max_increase=Allowance(0.1))}).passed


def test_intervals_by_another_table_of_metadata_are_told() -> None:
    was, now = (report(groups="micrographs", **table) for table in TABLES)
    assert [one.code for one in gate_of(now, was, {KEY: Rule(max=1.0)}).findings] == ["metadata-differs"]
    for same in (was, report(groups="micrographs")):
        assert not gate_of(was, same, {KEY: Rule(max=1.0)}).findings


def test_another_precision_is_compared_and_told() -> None:
    gate = gate_of(report(precision="bf16"), report(precision="float32"), {KEY: Rule(max=1.0)})
    assert gate.passed and [one.code for one in gate.findings] == ["precision-differs"]


def test_another_norm_is_told_since_it_changes_what_the_encoder_sees() -> None:
    now, was = (report(checkpoint={"path": "w.pkl", "norm": [0.0, std]}) for std in (2.0, 1.0))
    gate = gate_of(now, was, {KEY: Rule(max=1.0)})
    assert [one.code for one in gate.findings] == ["norm-differs"]
    assert not gate_of(was, was, {KEY: Rule(max=1.0)}).findings
    assert not gate_of(was, report(), {KEY: Rule(max=1.0)}).findings  # an older report does not tell


@pytest.mark.parametrize("preset", ["recommended", "strict"])
def test_a_preset_passes_the_same_encoder_and_stops_one_that_moves_latents_twice_as_far(preset: str) -> None:
    config = Config(preset)
    assert gate_of(report(0.3), report(0.3), config=config).passed
    worse = gate_of(report(0.6), report(0.3), config=config)
    assert not worse.passed
    assert f"{KEY}/max_increase" in [check.id for check in worse.checks if check.blocks]


def test_controls_are_judged_by_no_preset() -> None:
    gate = gate_of(report(), report(), config=Config("strict"))
    assert "permutation" not in {check.transform for check in gate.checks}


def test_the_same_reports_give_the_same_gate() -> None:
    mine: Particles = particles(0.31, seed=5)
    first, again = (gate_of(report(0.31), report(), config=Config(), particles=mine) for _ in range(2))
    assert first == again
