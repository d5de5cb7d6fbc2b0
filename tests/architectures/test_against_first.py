"""Audits against the first: what is compared, what is left out, and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encaudit.architectures import ArchitectureComparison, NamedAudit, Pair, Row, compare_audits
from encaudit.errors import InputError
from encaudit.results import Skipped
from tests.architectures.planted_audits import MEASURED, N, audit
from tests.report.reports import measurement


def compared(*audits: NamedAudit) -> ArchitectureComparison:
    return compare_audits(audits, seed=0, command=["compare"], note=lambda _: None)


def row_of(pair: Pair, metric: str, transform: str | None = "roll1") -> Row:
    return next(row for row in pair.rows if (row.metric, row.transform) == (metric, transform))


def test_what_all_images_share_is_decided_by_the_images_one_by_one(tmp_path: Path) -> None:
    pair = compared(audit(tmp_path / "a"), audit(tmp_path / "b", 0.5)).pairs[0]
    ratio = row_of(pair, "displacement_ratio")
    assert (ratio.change, ratio.low, ratio.high) == pytest.approx((0.05, 0.05, 0.05))
    assert (ratio.verdict, ratio.paired, ratio.n) == ("worse", True, N)
    assert row_of(pair, "elbo", None).verdict == "worse"
    assert row_of(pair, "elbo", None).change == pytest.approx(-0.5)


def test_a_metric_without_values_of_images_is_compared_by_its_intervals(tmp_path: Path) -> None:
    worse = (*(one for one in MEASURED if one.metric != "pair_auc"), measurement("pair_auc", 0.7, n=N))
    pair = compared(audit(tmp_path / "a"), audit(tmp_path / "b", measured=worse)).pairs[0]
    auc = row_of(pair, "pair_auc")
    assert not auc.paired and auc.verdict == "worse"
    assert (auc.low, auc.high) == pytest.approx((-0.1 - 0.01 * 2**0.5, -0.1 + 0.01 * 2**0.5))


def test_controls_have_no_verdict_and_identity_no_row(tmp_path: Path) -> None:
    pair = compared(audit(tmp_path / "a"), audit(tmp_path / "b", 0.5)).pairs[0]
    assert row_of(pair, "displacement_ratio", "permutation").is_control
    assert not any(row.transform == "identity" for row in pair.rows)
    assert pair.transforms() == ["roll1", None]


def test_units_of_one_latent_space_are_left_out(tmp_path: Path) -> None:
    pair = compared(audit(tmp_path / "a"), audit(tmp_path / "b")).pairs[0]
    assert {one.metric for one in pair.left_out} == {"displacement", "dimension_kl_1"}
    assert row_of(pair, "displacement_ratio")


def test_every_audit_is_compared_with_the_first(tmp_path: Path) -> None:
    found = compared(audit(tmp_path / "a"), audit(tmp_path / "b", 0.5), audit(tmp_path / "c", -0.5))
    assert [(pair.one, pair.other) for pair in found.pairs] == [("a", "b"), ("a", "c")]
    assert [row_of(pair, "displacement_ratio").verdict for pair in found.pairs] == ["worse", "better"]


def test_of_other_particle_sets_the_common_images_are_compared(tmp_path: Path) -> None:
    one, other = audit(tmp_path / "a", index=np.arange(300)), audit(tmp_path / "b", 0.5, index=np.arange(100, N))
    found = compared(one, other)
    pair = found.pairs[0]
    assert pair.images == 200 and row_of(pair, "displacement_ratio").n == 200
    assert any(one.code == "other-particle-set" and "200" in one.text for one in found.findings)
    left_out = {one.metric: one.reason for one in pair.left_out}
    assert "depends on all images" in left_out["pair_auc"]


CLEAN, OF_ENCODER = "renoise:clean=c.npy", ("worst_case_ratio", "sbc_deviation", "leakage_optics_group")


@pytest.mark.parametrize(
    ("changed", "metric", "words"),
    [
        ({"measured": (replace(MEASURED[1], version=9), *MEASURED[2:])}, "displacement_ratio", "9 in b"),
        ({"measured": (replace(MEASURED[1], value=Skipped("it broke")), *MEASURED[2:])}, "displacement_ratio", "broke"),
        ({"noise": "half of it"}, "elbo", "half of it"),
        ({"norm": (0.0, 1.3)}, "elbo", "other norms"),
        ({"options": {"grid": 2}}, "worst_case_ratio", "--grid: 1 in a, 2 in b). Audit b again (--grid 1)"),
        ({"options": {"calibration": "prior"}}, "sbc_deviation", "--calibration: posterior in a, prior in b"),
        ({"metadata": "two"}, "leakage_optics_group", "--metadata (SHA-256): one in a, two in b"),
        ({"transform_files": [{"path": "c.npy", "sha256": "two"}]}, "beyond_renoise", "(SHA-256): one in a, two in b"),
    ],
)
def test_what_cannot_be_compared_is_left_out_with_the_reason(
    changed: dict[str, Any], metric: str, words: str, tmp_path: Path
) -> None:
    one = {"options": {"grid": 1, "calibration": "posterior"}, "metadata": "one", "sample": {"renoise": CLEAN}}
    one |= {"transform_files": [{"path": "c.npy", "sha256": "one"}]}
    measured = (
        *MEASURED,
        *(measurement(name, 0.5, None, n=N) for name in OF_ENCODER),
        measurement("beyond_renoise", 0.5, n=N),
    )
    told = {"measured": measured} | one
    pair = compared(audit(tmp_path / "a", **told), audit(tmp_path / "b", **(told | changed))).pairs[0]
    assert words in next(one.reason for one in pair.left_out if one.metric == metric)
    assert not any(row.metric == metric and not row.is_control for row in pair.rows)
    assert row_of(pair, "retrieval_rank")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"images": "two"}, "other images"),
        ({"images": None}, "other images"),
        ({"seed": 1}, "--seed 1"),
        ({"measured": (measurement("displacement_ratio", 0.5, "rot90"),)}, "no transform in common"),
        (
            {"measured": (*MEASURED[5:7], measurement("retrieval_rank", 0.1, "renoise")), "controls": ["renoise"]},
            "but for controls",
        ),
        ({"index": np.arange(2)}, "2 images in common"),
    ],
)
def test_audits_of_something_else_are_refused(changed: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        compared(audit(tmp_path / "a"), audit(tmp_path / "b", **changed))


def test_what_else_may_make_the_difference_is_said(tmp_path: Path) -> None:
    poses = {"path": "particles.mrcs", "sha256": "one", "poses": {"sha256": "other"}}
    one, other = audit(tmp_path / "a"), audit(tmp_path / "b")
    told = other.report.provenance | {"images": poses, "precision": "bf16"}
    found = compared(one, replace(other, report=replace(other.report, provenance=told)))
    assert {finding.code for finding in found.findings} == {"one-training-each", "other-poses", "other-precision"}


def test_other_metadata_and_channels_are_said(tmp_path: Path) -> None:
    one = audit(tmp_path / "a", metadata="one", groups="micrographs", options={"channels": None})
    other = audit(tmp_path / "b", metadata="two", groups="micrographs", options={"channels": 3})
    older = audit(tmp_path / "c")
    told = {finding.code: finding.text for finding in compared(one, other).findings}
    assert set(told) == {"one-training-each", "other-metadata", "other-channels"}
    assert told["other-channels"] == "--channels was none for a, and 3 for b."
    assert {finding.code for finding in compared(one, older).findings} == {"one-training-each"}


def test_images_that_nobody_names_are_compared_with_a_warning(tmp_path: Path) -> None:
    found = compared(audit(tmp_path / "a", images=None), audit(tmp_path / "b", images=None))
    assert "unknown-images" in {finding.code for finding in found.findings}
