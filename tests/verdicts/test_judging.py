"""Each verdict is given for what it stands on, and withheld when any of that is missing."""

from dataclasses import replace

import pytest

from encaudit import findings, stats
from encaudit.results import Finding, Measurement, Skipped, Summary, Verdict
from encaudit.verdicts import CODES, RULES, is_probe, judge, rules

KEPT = {"displacement_ratio": 0.05, "retrieval_rank": 0.0, "pair_auc": 0.999, "recoverability": 0.99}
SCATTERED = {
    "displacement_ratio": 0.83,
    "retrieval_rank": 0.33,
    "pair_auc": 0.65,
    "recoverability": 0.3,
    "alignment": 0.01,
    "neighbour_overlap": 0.05,
}
LOST = {"displacement_ratio": 1.0, "retrieval_rank": 0.49, "pair_auc": 0.51, "recoverability": 0.0}


def measured(spec: str | None, values: dict[str, float], reach: float = 0.01, n: int = 1000) -> list[Measurement]:
    """Measurements of these values; random pairs lie 1 apart, unless a displacement is given."""

    def one(name: str, value: float) -> Measurement:
        summary = Summary(value, value, value, value, value, value, value - reach, value + reach, n)
        return Measurement(name, 1, spec, "1", summary, None, 15 / (n - 1) if name == "neighbour_overlap" else None)

    if "displacement_ratio" in values:
        values = {"displacement": values["displacement_ratio"], **values}
    return [one(name, value) for name, value in values.items()]


def without_intervals(measurements: list[Measurement]) -> list[Measurement]:
    summaries = [one.value for one in measurements]
    bare = [replace(value, ci_low=None, ci_high=None) for value in summaries if isinstance(value, Summary)]
    return [replace(one, value=value) for one, value in zip(measurements, bare, strict=True)]


def verdict(*measurements: list[Measurement], found: tuple[Finding, ...] = ()) -> Verdict:
    (only,) = judge([one for part in measurements for one in part], list(found))
    return only


def test_an_image_that_keeps_its_place_is_invariant_even_without_a_renoise_control() -> None:
    given = verdict(measured("roll1", KEPT))
    assert given.code == "invariant"
    assert given.transform == "roll1"
    assert (
        given.because[0]
        == "retrieval_rank of roll1 is 0 (-0.01 to 0.01); the bound of invariant, at most 0.05, is met."
    )
    assert len(given.because) == len(rules.KEEPS_PLACE)


@pytest.mark.parametrize("bound", rules.KEEPS_PLACE, ids=lambda bound: bound.measure)
def test_an_interval_that_crosses_one_bound_is_enough_to_withhold_invariant(bound: rules.Bound) -> None:
    near = {**SCATTERED, **KEPT, "recoverability": 0.8, "neighbour_overlap": 0.3, bound.measure: bound.value}
    assert verdict(measured("roll1", near), measured("renoise", KEPT)).code == "inconclusive"


def test_a_lawful_motion_is_equivariant_however_far() -> None:
    assert verdict(measured("roll1", {**LOST, "recoverability": 0.95})).code == "equivariant"
    assert verdict(measured("roll1", {**LOST, "neighbour_overlap": 0.9})).code == "equivariant"
    assert verdict(measured("roll1", {**LOST, "alignment": 0.97}, reach=0.001)).code == "equivariant"


def test_a_jitter_that_no_interval_tells_from_a_law_is_called_neither() -> None:
    jitter = {**KEPT, "pair_auc": 0.95, "recoverability": 0.94, "alignment": 0.02, "displacement_ratio": 0.2}
    given = verdict(measured("roll1", jitter), measured("renoise", KEPT))
    assert given.code == "inconclusive"
    assert "either is harmless" in given.text


def test_a_small_shift_of_the_whole_cloud_is_a_law_and_no_jitter() -> None:
    together = {**KEPT, "displacement_ratio": 0.33, "recoverability": 0.999, "alignment": 0.93}
    assert verdict(measured("contrast", together), measured("renoise", KEPT)).code == "equivariant"


def test_a_common_shift_does_not_excuse_the_scatter_beside_it() -> None:
    far = {**LOST, "displacement_ratio": 8.0, "alignment": 0.98}
    assert verdict(measured("roll1", far), measured("renoise", KEPT)).code == "scatters"


def test_a_lawless_motion_further_than_fresh_noise_scatters() -> None:
    given = verdict(measured("roll1", SCATTERED), measured("renoise:clean=clean.npy", {**KEPT, "pair_auc": 0.9}))
    assert given.code == "scatters"
    assert "renoise:clean=clean.npy" in given.because[-1]


def test_what_lies_beyond_renoise_is_taken_from_its_own_measure_where_there_is_one() -> None:
    control = measured("renoise", KEPT)
    assert verdict(measured("roll1", {**SCATTERED, "beyond_renoise": 0.9}), control).code == "scatters"
    assert verdict(measured("roll1", {**SCATTERED, "beyond_renoise": 0.65}), control).code == "inconclusive"


def test_at_snr_a_tenth_a_roll_does_not_scatter_when_fresh_noise_goes_further() -> None:
    renoised = {**SCATTERED, "displacement_ratio": 0.85, "retrieval_rank": 0.34}
    given = verdict(measured("roll1", {**SCATTERED, "displacement_ratio": 0.80}), measured("renoise", renoised))
    assert given.code == "inconclusive"
    assert "less far than fresh noise does" in given.text or "hardly further" in given.text


def test_noise_that_goes_as_far_as_a_stranger_is_memorized() -> None:
    assert verdict(measured("roll1", LOST), measured("renoise:snr=0.1", LOST)).code == "memorizes-noise"
    assert verdict(measured("roll1", KEPT), measured("renoise:snr=0.1", LOST)).code == "invariant"


@pytest.mark.parametrize(("other", "chosen"), [("renoise", "renoise:clean=a+b.npy"), ("renoise:snr=1", "renoise")])
def test_the_renoise_control_that_knows_most_of_the_images_is_chosen(other: str, chosen: str) -> None:
    both = [*measured(other, LOST), *measured(chosen, KEPT)]
    assert verdict(measured("roll1", SCATTERED), both).code == "scatters"


def test_what_the_decoder_missed_is_not_taken_for_noise_where_two_draws_tell_them_apart() -> None:
    decoded = [*measured("renoise", LOST), *measured("renoise:draw=1", KEPT)]
    given = verdict(measured("roll1", LOST), decoded)
    assert given.code == "scatters"
    assert "renoise:draw=1" in given.because[-1]
    noisy = [*measured("renoise", LOST), *measured("renoise:draw=1", LOST)]
    given = verdict(measured("roll1", LOST), noisy)
    assert given.code == "memorizes-noise"
    assert "of renoise:draw=1" in given.because[0]
    assert not any("decoder" in line for line in given.because)


def test_further_than_noise_is_asked_of_two_draws_as_well() -> None:
    decoded = [*measured("renoise", KEPT), *measured("renoise:draw=1", {**SCATTERED, "displacement_ratio": 0.85})]
    assert verdict(measured("roll1", SCATTERED), decoded).code == "inconclusive"


def test_what_the_decoder_may_have_missed_is_said_where_its_images_are_the_control() -> None:
    assert "is the decoder's" in verdict(measured("roll1", LOST), measured("renoise", LOST)).because[-1]
    known = verdict(measured("roll1", LOST), measured("renoise:clean=a.npy", LOST))
    assert not any("decoder" in line for line in known.because)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ([], "no renoise control"),
        (without_intervals(measured("renoise", KEPT, n=12)), "too few images"),
        (measured("renoise", {"retrieval_rank": 0.1}), "was not measured"),
        ([*measured("renoise", KEPT), *measured("roll1:frame=covariant", LOST)], "positive control fails"),
        (measured("renoise", {**KEPT, "displacement_ratio": 0.64}), "not clearly further"),
    ],
)
def test_each_reason_to_withhold_a_verdict_has_its_own_sentence(extra: list[Measurement], said: str) -> None:
    given = verdict(measured("roll1", SCATTERED, reach=0.02), extra)
    assert given.code == "inconclusive"
    assert said in given.text


def test_a_control_with_other_random_pairs_is_compared_in_latent_units() -> None:
    moved = measured("roll1", {**SCATTERED, "displacement_ratio": 0.62, "displacement": 0.29})
    far = {**SCATTERED, "retrieval_rank": 0.3, "displacement_ratio": 0.86}  # of random pairs that lie less far apart
    for displacement, expected in ((0.19, "scatters"), (0.25, "inconclusive")):
        noise = measured("renoise:draw=1", {**far, "displacement": displacement})
        assert verdict(moved, measured("renoise", SCATTERED), noise).code == expected


def test_a_value_between_two_verdicts_is_said_before_any_control_is_missed() -> None:
    middling = {**SCATTERED, "recoverability": 0.8}
    for control in ([], measured("renoise", {**KEPT, "displacement_ratio": 0.64})):
        told = verdict(measured("roll1", middling), control).text
        assert told.startswith(
            "It lies between keeping its place (missed by retrieval_rank, pair_auc, displacement_ratio)"
        )
        assert told.endswith("and scattering (missed by recoverability).")


def test_a_long_covariant_roll_is_a_probe_and_no_control() -> None:
    long = measured("roll10:frame=covariant", LOST)
    found = {one.transform: one for one in judge([*long, *measured("roll1", KEPT)], [])}
    assert found["roll1"].code == "invariant"
    assert "roll10:frame=covariant" in found


def test_clean_images_at_a_stated_snr_are_not_taken_for_the_decoders() -> None:
    given = verdict(measured("roll1", LOST), measured("renoise:snr=1,clean=a.npy", LOST))
    assert given.code == "memorizes-noise"
    assert not any("decoder" in line for line in given.because)


def test_between_the_bounds_of_two_verdicts_there_is_none() -> None:
    middling = {**SCATTERED, "recoverability": 0.8}
    given = verdict(measured("roll1", middling), measured("renoise", KEPT))
    assert given.code == "inconclusive"
    assert "between" in given.text
    assert "More images" not in given.text  # no interval crosses a bound: the value is what it is
    crossing = {**SCATTERED, "recoverability": 0.7}
    assert "More images" in verdict(measured("roll1", crossing), measured("renoise", KEPT)).text


def test_a_measure_that_was_skipped_is_named_with_its_reason() -> None:
    skipped = Measurement("pair_auc", 1, "roll1", "1", Skipped("out of range"), None, None)
    some = measured("roll1", {name: value for name, value in KEPT.items() if name != "pair_auc"})
    assert verdict([skipped, *some]).text == "pair_auc is missing: out of range."


def test_without_intervals_there_are_too_few_images() -> None:
    assert verdict(without_intervals(measured("roll1", KEPT, n=12))).code == "too-few-images"


def test_a_constant_or_collapsed_encoder_is_not_judged_otherwise() -> None:
    for code in rules.COLLAPSED_FINDINGS:
        given = verdict(measured("roll1", KEPT), found=(Finding(code, "warning", "Why."),))
        assert (given.code, given.because) == ("collapsed", ["Why."])
    apart = replace(measured("roll1", {"displacement_sigma": 0.1})[0], ceiling=0.4)
    assert verdict([apart, *measured("roll1", KEPT)]).code == "collapsed"


def test_a_lookup_table_is_not_judged_by_what_it_cannot_see() -> None:
    table = (Finding(rules.TABLE_FINDING, "warning", "It is a table."),)
    given = verdict(measured("roll1", KEPT), found=table)
    assert (given.code, given.because) == ("inconclusive", [])
    assert "does not look at the image" in given.text
    assert judge(measured("noise", KEPT), list(table)) == []  # a control


def test_no_active_unit_means_collapse_only_where_there_is_a_prior() -> None:
    idle = measured(None, {"active_units": 0.0, "prior_kl": 0.001})
    sigma = replace(measured("roll1", {"displacement_sigma": 0.1})[0], ceiling=2.0)
    assert verdict(measured("roll1", KEPT), idle, [sigma]).code == "collapsed"
    assert verdict(measured("roll1", KEPT), idle).code == "invariant"


@pytest.mark.parametrize(
    ("spec", "probes"),
    [
        ("roll1", True),
        ("roll1+rot90", True),
        ("addnoise:snr=1", True),
        ("rot90", True),
        ("rot90:frame=array", True),
        ("identity", False),
        ("noise", False),
        ("permutation", False),
        ("renoise", False),
        ("renoise:clean=a+b.npy", False),
        ("untrained", False),
        ("untrained+roll1", False),
        ("other-seed", False),
        ("roll1:frame=covariant", False),
    ],
)
def test_controls_are_not_judged(spec: str, probes: bool) -> None:
    assert is_probe(spec) == probes


def test_every_code_has_a_rule_and_only_those_of_the_report_exist() -> None:
    from encaudit.report.document import _Verdict

    assert set(CODES) == set(_Verdict.model_fields["code"].annotation.__args__)
    assert all(rule.says and rule.when for rule in RULES)


def test_the_rules_agree_with_the_findings_and_statistics_that_they_cannot_import() -> None:
    assert rules.COLLAPSED_FINDINGS == findings.UNJUDGED
    assert rules.TABLE_FINDING == findings.LOOKUP_TABLE
    assert rules.COLLAPSED_SIGMA == findings.COLLAPSED_SIGMA
    assert f"Fewer than {stats.MIN_IMAGES} images, or fewer than {stats.MIN_GROUPS} micrographs" in RULES[0].when
