"""assert_invariant: what is invariant passes, what is not fails with the table, what cannot be said is not claimed."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import encaudit
from encaudit.encoders.planted import Constant, Hash, PowerSpectrum, QuarterTurn
from encaudit.errors import InputError
from tests.from_python.networks import images


def test_an_invariant_encoder_passes_and_gives_its_report() -> None:
    report = encaudit.assert_invariant(PowerSpectrum(), images(), "roll1")
    assert report.provenance["transforms"] == ["roll1"]
    assert not report.provenance["controls"]
    encaudit.assert_invariant(QuarterTurn(), images(), ["rot90", "rot180"], max_ratio=0)


def test_another_one_fails_with_what_was_measured() -> None:
    with pytest.raises(AssertionError) as failed:
        encaudit.assert_invariant(PowerSpectrum(), images(), ["roll1", "rot90"])
    lines = str(failed.value).splitlines()
    assert lines[0].startswith(
        "Not shown to be invariant under rot90: the upper end of the interval has to be at most 0.1"
    )
    head, invariant, moved = lines[2:5]
    assert head.split("  ")[0] == "transform" and "95 % interval" in head and "floor" in head and "ceiling" in head
    assert invariant.startswith("roll1 ") and not invariant.endswith("<-")
    assert moved.startswith("rot90 ") and moved.endswith("<-")


@pytest.mark.parametrize("above", [True, False])
def test_the_upper_end_of_the_interval_decides(above: bool) -> None:
    report = encaudit.audit(Hash(), images(), "roll1", controls=False, umap=False)
    (value,) = (
        one.value for one in report.measurements if (one.metric, one.transform) == ("displacement_ratio", "roll1")
    )
    assert value.median < value.ci_high
    limit = np.nextafter(value.ci_high, 0.0 if above else 9.0)
    if above:
        with pytest.raises(AssertionError):
            encaudit.assert_invariant(report, max_ratio=limit)
    else:
        assert encaudit.assert_invariant(report, max_ratio=limit) is report


def test_an_encoder_that_says_nothing_is_not_invariant() -> None:
    with pytest.raises(
        AssertionError, match=r"(?s)skipped.*roll1: the reference latents of most random pairs coincide"
    ):
        encaudit.assert_invariant(Constant(), images())


@pytest.mark.parametrize(
    ("transforms", "n", "said"),
    [
        ("roll1", 10, "10 images are too few for an interval"),
        ([], 40, "No transform is named"),
        (None, 40, "transforms=None: expected one or more specs, such as 'roll1'"),
        ([1], 40, r"transforms=\[1\]: expected"),
    ],
)
def test_what_cannot_be_asserted_is_an_error_of_the_test(transforms: Any, n: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        encaudit.assert_invariant(PowerSpectrum(), images(n), transforms)


def test_too_few_groups_are_called_groups() -> None:
    with pytest.raises(InputError, match=r"The 40 images are of 4 groups, too few for an .* Give 5 groups or more"):
        encaudit.assert_invariant(PowerSpectrum(), images(), groups=np.arange(40) // 10)
    encaudit.assert_invariant(PowerSpectrum(), images(), groups=np.arange(40) // 8)


def test_an_encoder_that_gives_most_images_one_latent_is_not_invariant() -> None:
    def encode(shown: torch.Tensor) -> torch.Tensor:
        return torch.where(shown[:, :1, 0] < 0.25, 0.0, shown[:, :2, 0])

    with pytest.raises(AssertionError, match=r"\d+ of 40 images have the very same latent"):
        encaudit.assert_invariant(encode, images(), max_ratio=0)


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), -0.1, None, "0.1"])
def test_a_limit_is_a_number_that_can_be_exceeded(limit: Any) -> None:
    with pytest.raises(InputError, match=r"max_ratio=.*expected a number of 0 or more"):
        encaudit.assert_invariant(PowerSpectrum(), images(), max_ratio=limit)


def test_a_report_takes_no_images_and_no_options() -> None:
    report = encaudit.audit(PowerSpectrum(), images(), "roll1", controls=False, umap=False)
    for given in ({"images": images()}, {"seed": 3}, {"nope": 1}):
        with pytest.raises(InputError, match="A report was measured already"):
            encaudit.assert_invariant(report, **given)


def test_a_report_without_the_transform_is_refused() -> None:
    report = encaudit.audit(PowerSpectrum(), images(), "roll1", controls=False, umap=False)
    with pytest.raises(InputError, match="no displacement_ratio under rot90; it has roll1"):
        encaudit.assert_invariant(report, transforms="rot90")
    assert encaudit.assert_invariant(replace(report), transforms="roll:dx=1").measurements == report.measurements
