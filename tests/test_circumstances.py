"""A number depends on what its audit was told; what a report does not say is nothing that differs."""

from typing import Any

import pytest

from encaudit.circumstances import channels, differing, metadata

FILE = {"path": "clean.npy", "sha256": "ab" * 32}
TOLD: dict[str, Any] = {
    "options": {"grid": 1, "calibration": "posterior", "channels": None, "volume_box": None},
    "images": {"metadata": {"path": "mic.csv", "sha256": "12" * 32}},
    "sample": {"renoise": "renoise:snr=5,clean=clean.npy"},
    "transform_files": [FILE, {"path": "n.npy", "sha256": "ef" * 32}],
}
OTHER_FILE = {"transform_files": [FILE | {"sha256": "cd" * 32}, TOLD["transform_files"][1]]}


def options(**changed: Any) -> dict[str, Any]:
    return {"options": TOLD["options"] | changed}


@pytest.mark.parametrize(
    ("changed", "dependent", "independent", "said"),
    [
        (options(grid=2), ("worst_case_ratio", None), ("displacement_ratio", "roll1"), ("--grid", "1", "2")),
        (options(grid=None), ("worst_case_ratio", None), ("elbo", None), ("--grid", "1", "none")),
        (
            options(calibration="prior"),
            ("sbc_coverage_95", None),
            ("prior_kl", None),
            ("--calibration", "posterior", "prior"),
        ),
        (options(volume_box=16), ("volume_cc", "roll1"), ("cka", "roll1"), ("--volume-box", "none", "16")),
        (
            {"images": {"metadata": {"path": "mic.csv", "sha256": "34" * 32}}},
            ("leakage_batch", None),
            ("elbo", None),
            ("--metadata (SHA-256)", "12" * 6, "34" * 6),
        ),
        (
            OTHER_FILE,
            ("displacement_ratio", "renoise:snr=5,clean=clean.npy+roll1"),
            ("displacement_ratio", "renoise:clean=n.npy"),
            ("clean.npy (SHA-256)", "ab" * 6, "cd" * 6),
        ),
        (
            OTHER_FILE,
            ("beyond_renoise", "roll1"),
            ("retrieval_rank", "roll1"),
            ("the clean images of the renoise control (SHA-256)", "ab" * 6, "cd" * 6),
        ),
        (
            {"sample": {"renoise": "renoise"}},
            ("beyond_renoise", "roll1"),
            ("retrieval_rank", "roll1"),
            ("the renoise control", "renoise:snr=5,clean=PATH", "renoise"),
        ),
    ],
)
def test_a_number_depends_on_what_was_told(
    changed: dict[str, Any], dependent: tuple[str, str | None], independent: tuple[str, str | None], said: tuple
) -> None:
    ((was, now),) = differing(*dependent, TOLD, TOLD | changed)
    assert (was.name, was.value, now.value) == said
    assert differing(*dependent, TOLD, TOLD) == differing(*independent, TOLD, TOLD | changed) == []


@pytest.mark.parametrize("older", [{}, {"options": None, "images": "x", "sample": [], "transform_files": {"a": 1}}])
def test_what_a_report_does_not_say_differs_from_nothing(older: dict[str, Any]) -> None:
    for metric, transform in [
        ("worst_case_ratio", None),
        ("sbc_deviation", None),
        ("leakage_pose", None),
        ("volume_cc", "roll1"),
        ("beyond_renoise", "roll1"),
        ("cka", "renoise:clean=clean.npy"),
    ]:
        assert differing(metric, transform, TOLD, older) == differing(metric, transform, older, TOLD) == []
    assert channels(older) is metadata(older) is None


def test_the_file_of_the_renoise_control_may_lie_elsewhere() -> None:
    moved = TOLD | {
        "sample": {"renoise": "renoise:snr=5,clean=d/c.npy"},
        "transform_files": [FILE | {"path": "d/c.npy"}],
    }
    assert differing("beyond_renoise", "roll1", TOLD, moved) == []


def test_older_reports_tell_their_channels_and_their_calibration_elsewhere() -> None:
    older = {"checkpoint": {"channels": 3}, "calibration": "latents drawn from N(0, 1); noise: white"}
    found = channels(older)
    assert found is not None and (found.value, found.again) == ("3", "--channels 3")
    ((was, now),) = differing("sbc_deviation", None, older, TOLD)
    assert (was.value, was.again, now.value) == ("prior", "--calibration prior", "posterior")


def test_no_metadata_is_something_that_was_told() -> None:
    ((was, now),) = differing("leakage_batch", None, {"images": {"metadata": None}}, TOLD)
    assert (was.name, was.value, was.again, now.again) == (
        "--metadata (SHA-256)",
        "none",
        "without --metadata",
        "--metadata mic.csv",
    )


def test_what_the_images_tell_leaks_alike_under_any_table_that_names_no_micrographs() -> None:
    other = TOLD | {"images": {"metadata": None}}
    assert differing("leakage_pose", None, TOLD, other) == []
    named = {"groups": "micrographs"}  # by which the folds are made
    ((was, now),) = differing("leakage_pose", None, TOLD | named, other)
    assert (was.value, now.value) == ("12" * 6, "none")
