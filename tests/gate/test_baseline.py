"""What is accepted, and with what it may be compared."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.gate import accept, changed_circumstances, changed_values, differences
from encaudit.gate.baseline import refuse_incomparable
from encaudit.paired import Particles
from encaudit.results import Report
from tests.gate.audits import PROVENANCE, measurement, particles, report, without


def many(n: int) -> Particles:
    values = np.random.default_rng(0).normal(size=n)
    columns = {"roll1/displacement": values, "roll1/stability": values, "elbo": np.full(n, np.nan)}
    return Particles(np.arange(n), np.arange(n) // 10, columns, of=n)


def test_a_seeded_sample_of_at_most_2000_images_is_kept_with_six_digits() -> None:
    first, again = (accept(report(), many(5_000)).particles for _ in range(2))
    other = accept(report(seed=4), many(5_000)).particles
    assert first is not None and again is not None and other is not None
    assert len(first) == 2_000 and first.of == 5_000
    assert (first.index == again.index).all() and (first.index != other.index).any()
    assert first.groups is not None and (first.groups == first.index // 10).all()
    kept, whole = first.columns["roll1/displacement"], many(5_000).columns["roll1/displacement"][first.index]
    assert not np.array_equal(kept, whole) and np.allclose(kept, whole, rtol=5e-6)


def test_only_columns_that_a_comparison_needs_are_kept() -> None:
    found = accept(report(), many(100)).particles
    assert found is not None and list(found.columns) == ["roll1/displacement"]


def test_what_changed_is_told_value_by_value() -> None:
    old = report(0.3, measurement("pair_auc", "no time"))
    new = without(report(0.4), "active_units", None)
    rows = {name: (was, now) for name, was, now in changed_values(old, new)}
    assert rows["displacement_ratio@roll1"] == ("0.3 [0.29, 0.31]", "0.4 [0.39, 0.41] (worse)")
    assert rows["pair_auc@roll1"] == ("skipped: no time", "not there")
    assert rows["active_units"][1] == "not there"
    assert "elbo" not in rows


def images(**changes: Any) -> dict[str, Any]:
    return {"images": PROVENANCE["images"] | changes}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (report(**images(sha256="cd" * 32)), "images (SHA-256): abababababab in the baseline, cdcdcdcdcdcd now"),
        (report(**images(n=100)), "number of images: 200 in the baseline, 100 now"),
        (report(**images(ind={"path": "i.pkl", "sha256": "ef" * 32})), "--ind (SHA-256): unknown"),
        (report(**images(poses={"path": "p.pkl", "sha256": "ef" * 32})), "poses (SHA-256)"),
        (report(seed=0), "seed: 3 in the baseline, 0 now"),
        (report(transforms=["roll1"]), "transforms: roll1, rot90 in the baseline, roll1 now"),
        (report(transforms=["roll1", "rot90", "mirror"]), "mirror, roll1, rot90 now"),
        (report(images=None), "images (SHA-256): abababababab in the baseline, unknown now"),
    ],
)
def test_reports_of_other_data_seed_or_transforms_are_refused_naming_what_differs(changed: Report, words: str) -> None:
    with pytest.raises(InputError) as refused:
        refuse_incomparable(accept(report(), None), changed, None)
    assert words in str(refused.value)
    assert "-t roll1 -t rot90 --seed 3" in str(refused.value) and "--update" in str(refused.value)


def test_other_channels_are_refused_where_both_reports_tell_them() -> None:
    grey, colour, older = (report(options={"channels": 1}), report(options={"channels": 3}), report())
    with pytest.raises(InputError, match=r"--channels: 1 in the baseline, 3 now\. .* --seed 3 --channels 1\)"):
        refuse_incomparable(accept(grey, None), colour, None)
    for one, other in ((grey, grey), (older, colour), (colour, older)):
        refuse_incomparable(accept(one, None), other, None)


def test_what_measures_depend_on_is_told_where_it_changes() -> None:
    worst = measurement("worst_case_ratio", 0.5, None)
    old, new = (report(0.3, worst, options={"grid": grid}) for grid in (1, 2))
    assert changed_circumstances(old, new) == {"--grid": ("1", "2")}
    assert changed_circumstances(old, old) == changed_circumstances(report(), new) == {}


def test_transforms_that_an_older_report_has_twice_are_the_same_ones() -> None:
    twice = report(transforms=["roll1", "roll1", "rot90"])
    assert differences(twice, report()) == differences(report(), twice) == {}
    refuse_incomparable(accept(twice, None), report(), None)
    refuse_incomparable(accept(report(), None), twice, None)


def test_the_order_of_transforms_and_the_paths_do_not_matter() -> None:
    other = report(transforms=["rot90", "roll1"], **images(path="elsewhere.mrcs"))
    assert differences(report(), other) == {}
    refuse_incomparable(accept(report(), particles()), other, particles())


def test_another_particle_set_under_the_same_hash_is_refused() -> None:
    baseline, rows = accept(report(), particles()), np.arange(200)
    with pytest.raises(InputError, match="number of images audited: 200 in the baseline, 199 now"):
        refuse_incomparable(baseline, report(), replace(particles(), of=199))
    with pytest.raises(InputError, match="particle set: image 0 in the baseline, 1 images of the baseline missing"):
        refuse_incomparable(baseline, report(), particles().take(rows[1:]))


def test_the_images_that_alone_have_an_elbo_are_kept_in_the_sample() -> None:
    n = 5_000
    elbo = np.full(n, np.nan)
    elbo[np.arange(0, n, 25)] = -50.0
    columns = {"elbo": elbo, "roll1/displacement": np.ones(n), "roll1/random_distance": np.ones(n)}
    kept = accept(report(), Particles(np.arange(n), None, columns, of=n)).particles
    assert kept is not None and len(kept) == 2_000
    assert np.isfinite(kept.columns["elbo"]).sum() == n // 25
