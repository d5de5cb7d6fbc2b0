import json
import os
import pickle
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.metrics import METRICS, measure
from encaudit.metrics.cloud import NEIGHBOURS
from encaudit.pairs import nearest_others
from encaudit.results import Encodings, Skipped

from .planted import latents, normal

# raised when the number of a metric, or its interval, changes for the same latents
VERSIONS = {
    "displacement": 2,
    "displacement_ratio": 2,
    "displacement_sigma": 2,
    "pair_auc": 2,
    "retrieval_rank": 2,
    "recall_at_1": 2,
    "recall_at_10": 2,
    "neighbour_overlap": 2,
    "recoverability": 2,
    "posterior_kl": 2,
    "posterior_kl_symmetric": 2,
    "marginal_distance": 2,
}


def encodings(n=80, d=3, logvar=-1.0, **moved):
    reference = latents(normal(n, d), logvar)
    drawn = {spec: latents(mu, logvar) for spec, mu in moved.items()}
    return Encodings(reference, {"identity": reference, **drawn})


def by_name(measured, spec):
    return {m.metric: m for m in measured.measurements if m.transform == spec}


def test_every_metric_is_measured_under_every_transform():
    measured = measure(encodings(jitter=normal(80, 3) + 1), seed=0)
    alone = ["active_units", "prior_kl", "dimension_kl_1", "dimension_kl_2", "dimension_kl_3", "mutual_information"]
    assert [(m.transform, m.metric) for m in measured.measurements] == [
        *((spec, name) for spec in ("identity", "jitter") for name in METRICS),
        *((None, name) for name in alone),
    ]
    names = """displacement displacement_ratio displacement_sigma pair_auc retrieval_rank recall_at_1 recall_at_10
        neighbour_overlap information_imbalance information_imbalance_back posterior_kl posterior_kl_symmetric
        alignment recoverability cka marginal_distance cluster_agreement"""
    assert list(METRICS) == names.split()


def test_neighbours_of_the_images_as_they_are_are_handed_on():
    encoded = encodings(jitter=normal(80, 3) + 1)
    found = measure(encoded, seed=0).neighbours
    expected = nearest_others(encoded.reference.mu.astype(float), NEIGHBOURS + 1)
    assert (found.n, found.asked.tolist()) == (80, list(range(80)))
    assert np.array_equal(found.nearest, expected.nearest)


@pytest.mark.parametrize("name", list(METRICS))
def test_every_metric_explains_itself_question_first(name):
    metric = METRICS.get(name)
    assert metric.explanation.splitlines()[0].endswith("?")
    assert metric.unit
    assert metric.version == VERSIONS.get(name, 1)


@pytest.mark.parametrize(("n", "d"), [(3, 1), (7, 5), (19, 2), (61, 1), (61, 5)])
@pytest.mark.parametrize(
    ("kind", "logvar"),
    [
        ("normal", None),
        ("normal", -709.0),
        ("constant", -3000.0),
        ("duplicates", None),
        ("collapsed", -709.0),
        ("huge", -3.0),
        ("tiny", -3000.0),
    ],
)
def test_a_value_is_finite_or_a_skip_with_a_reason_and_never_something_between(n, d, kind, logvar):
    mu = {
        "normal": normal(n, d),
        "constant": np.full((n, d), 0.1),
        "duplicates": normal(n, d)[np.arange(n) % 3],
        "collapsed": normal(n, d) * np.float32(1e-9) + 5,
        "huge": normal(n, d) * np.float32(1e30),
        "tiny": normal(n, d) * np.float32(1e-30),
    }[kind]
    reference = latents(mu, logvar)
    moved = {"hash": latents(mu[::-1], logvar), "gone": latents(np.zeros((n, d)), logvar)}
    measured = measure(Encodings(reference, {"identity": reference, **moved}), seed=0)
    for m in measured.measurements:
        for number in (m.floor, m.ceiling):
            assert number is None or (isinstance(number, float) and np.isfinite(number)), m
        if isinstance(m.value, Skipped):
            assert m.value.skipped
        else:
            numbers = [v for v in asdict(m.value).values() if v is not None]
            assert np.isfinite(numbers).all(), m
            assert (m.value.ci_low is None) == (m.value.ci_high is None)
            assert n >= 20 or m.value.ci_low is None
    json.dumps([asdict(m) for m in measured.measurements], allow_nan=False)
    for columns in measured.particles.values():
        assert all(np.isfinite(column).all() and column.shape == (n,) for column in columns.values())


def test_floors_are_exact_and_ceilings_are_chance():
    n = 800
    found = by_name(measure(encodings(n, roll=normal(n, 3) + normal(n, 3, 1)), seed=0), "roll")
    floors = {name: m.floor for name, m in found.items()}
    assert floors.pop("alignment") is None
    errors = {"retrieval_rank", "marginal_distance"} | {name for name in floors if name.startswith(("disp", "post"))}
    assert {floors.pop(name) for name in ("information_imbalance", "information_imbalance_back")} == {2 / n}
    assert floors == {name: 0 if name in errors else 1 for name in floors}
    ceilings = {name: m.ceiling for name, m in found.items()}
    assert ceilings["marginal_distance"] is None
    assert ceilings["alignment"] == 1 / n
    assert ceilings["retrieval_rank"] == 0.5
    assert ceilings["displacement"] == pytest.approx(2.0, rel=0.1)  # sqrt(2) times the median of chi_3
    for name, chance in [
        ("displacement_ratio", 1),
        ("pair_auc", 0.5),
        ("retrieval_rank", 0.5),
        ("recall_at_10", 10 / n),
        ("neighbour_overlap", 15 / n),
        ("information_imbalance", 1),
        ("information_imbalance_back", 1),
        ("recoverability", 0),
        ("cka", 0),
        ("cluster_agreement", 0),
    ]:
        assert ceilings[name] == pytest.approx(chance, abs=0.06), name


def test_the_floor_is_what_the_identity_really_gave():
    reference = latents(normal(60, 2))
    unsteady = latents(normal(60, 2) + np.float32(0.5))
    found = by_name(measure(Encodings(reference, {"identity": unsteady, "roll": reference}), seed=0), "roll")
    assert found["displacement"].floor == pytest.approx(np.sqrt(0.5), rel=1e-5)
    assert found["displacement"].value.median == 0


def test_columns_of_particles_belong_to_the_measurements():
    measured = measure(encodings(jitter=normal(80, 3) + normal(80, 3, 1)), seed=0)
    columns = measured.particles["jitter"]
    assert set(columns) == {"random_distance", "displacement", "rank", "sigma", "kl"}
    found = by_name(measured, "jitter")
    for metric, column in [("displacement", "displacement"), ("retrieval_rank", "rank"), ("posterior_kl", "kl")]:
        assert found[metric].value.mean == pytest.approx(columns[column].mean())
    ratio = np.median(columns["displacement"]) / np.median(columns["random_distance"])
    assert found["displacement_ratio"].value.median == pytest.approx(ratio)
    assert set(measure(encodings(logvar=None), seed=0).particles["identity"]) == {
        "random_distance",
        "displacement",
        "rank",
    }


def test_latents_of_two_encoders_are_compared_only_by_what_needs_no_common_frame():
    mu, other = normal(80, 3), normal(80, 3, seed=1)
    measured = measure(encodings(untrained=other, **{"untrained+roll1": other + np.float32(0.01)}), seed=0)
    between = by_name(measured, "untrained")
    named = {name for name, m in between.items() if not isinstance(m.value, Skipped)}
    imbalances = {"information_imbalance", "information_imbalance_back"}
    assert named == {"neighbour_overlap", "recoverability", "cka"} | imbalances
    assert between["displacement"].value == Skipped("two encoders' latent spaces have no common frame")
    assert between["displacement"].floor is None
    assert between["displacement"].ceiling is None
    assert measured.particles["untrained"] == {}
    turned = np.linalg.qr(normal(3, 3, seed=2))[0]
    same = by_name(measure(encodings(untrained=mu @ turned + 3), seed=0), "untrained")
    assert same["recoverability"].value.median == pytest.approx(1)


def test_a_moved_image_of_the_untrained_encoder_is_compared_with_that_encoders_own_latent():
    other = 10 * normal(80, 3, seed=1)
    measured = measure(encodings(untrained=other, **{"untrained+roll1": other + np.float32([1, 0, 0])}), seed=0)
    found = by_name(measured, "untrained+roll1")
    assert found["displacement"].value.median == pytest.approx(1, rel=1e-5)
    assert found["displacement"].floor == 0
    assert found["displacement"].ceiling > 15  # random pairs of the untrained cloud, ten times wider


def covering(whole, spec, rows):
    """The same encodings, but a transform covers only these rows."""
    return Encodings(whole.reference, {**whole.moved, spec: whole.moved[spec].take(rows)})


def test_a_transform_that_covers_a_part_is_measured_as_if_there_were_only_that_part():
    rows, micrograph = np.arange(0, 200, 2), np.arange(200) // 20
    whole = encodings(200, roll1=normal(200, 3) + normal(200, 3, 1), renoise=normal(200, 3) + 0.1 * normal(200, 3, 2))
    alone = Encodings(whole.reference.take(rows), {spec: moved.take(rows) for spec, moved in whole.moved.items()})
    mixed = measure(covering(whole, "renoise", rows), seed=0, groups=micrograph)
    assert by_name(mixed, "renoise") == by_name(measure(alone, seed=0, groups=micrograph[rows]), "renoise")
    assert by_name(mixed, "roll1") == by_name(measure(whole, seed=0, groups=micrograph), "roll1")
    assert all(len(column) == 100 for column in mixed.particles["renoise"].values())


def test_transforms_that_cover_the_same_part_share_its_floor_and_ceiling():
    rows, moved = np.arange(50), normal(80, 3, 1)
    planted = covering(covering(encodings(a=moved, b=moved + 1), "a", rows), "b", rows)
    told = []
    measure(planted, seed=0, on_progress=told.append)
    assert told.count("shuffled pairs: cka") == 2  # for all images, and for the part


def test_a_part_of_two_images_is_skipped_and_the_rest_is_measured():
    measured = measure(covering(encodings(roll1=normal(80, 3, 1)), "roll1", np.arange(2)), seed=0)
    assert all(isinstance(m.value, Skipped) for m in by_name(measured, "roll1").values())
    assert measured.particles["roll1"] == {}
    assert not isinstance(by_name(measured, "identity")["displacement"].value, Skipped)


def test_moved_latents_without_a_logvar_are_measured_by_the_error_bars_of_the_reference():
    mu = normal(80, 3)
    reference = latents(mu, 0.0)
    found = by_name(measure(Encodings(reference, {"identity": reference, "seed": latents(mu + 2)}), seed=0), "seed")
    assert found["displacement_sigma"].value.median == pytest.approx(2)
    assert found["posterior_kl"].value == Skipped("the moved latents come without a logvar")
    assert found["posterior_kl"].floor == 0


def test_the_same_seed_gives_the_same_numbers_and_another_one_other_pairs():
    cloud = encodings(jitter=normal(80, 3) + 0.5 * normal(80, 3, 1))
    first, again, other = (measure(cloud, seed=seed) for seed in (3, 3, 4))
    assert first.measurements == again.measurements
    assert by_name(first, "jitter")["pair_auc"] != by_name(other, "jitter")["pair_auc"]
    assert (
        by_name(first, "jitter")["displacement"].value.median == by_name(other, "jitter")["displacement"].value.median
    )


def test_groups_of_any_kind_widen_intervals_and_leave_the_values():
    n = 400
    micrograph = np.array([f"mic{i // 40:02}" for i in range(n)])
    stretch = np.repeat(np.random.default_rng(0).uniform(0.2, 2, 10), 40)[:, None].astype(np.float32)
    cloud = encodings(n, jitter=normal(n, 3) + stretch * normal(n, 3, 1))
    plain, grouped = (by_name(measure(cloud, seed=0, groups=g), "jitter") for g in (None, micrograph))
    for name in ("displacement", "retrieval_rank", "displacement_ratio", "pair_auc", "cka", "recoverability"):
        narrow, wide = plain[name].value, grouped[name].value
        if name != "recoverability":  # whose folds change with the groups
            assert wide.median == narrow.median
        assert wide.ci_high - wide.ci_low > 1.2 * (narrow.ci_high - narrow.ci_low), name


def test_too_few_groups_leave_no_interval():
    found = measure(encodings(jitter=normal(80, 3, 1)), seed=0, groups=np.arange(80) % 4)
    assert all(isinstance(m.value, Skipped) or m.value.ci_low is None for m in found.measurements)


def test_latents_that_are_not_finite_are_named_by_their_stack_rows():
    mu = normal(30, 2)
    mu[[4, 9], 1] = np.nan
    with pytest.raises(InputError, match=r"2 of 30 images under roll1 \(stack rows 4, 9\)"):
        measure(encodings(30, 2, roll1=mu), seed=0)
    logvar = np.zeros((30, 2))
    logvar[7] = np.inf
    with pytest.raises(InputError, match=r"1 of 30 images under the unmoved images \(stack rows 7\)"):
        measure(Encodings(latents(normal(30, 2), logvar), {}), seed=0)


def test_two_images_are_refused_with_a_way_out():
    with pytest.raises(InputError, match=r"Found 2 images.*--n"):
        measure(encodings(2), seed=0)


def test_progress_names_the_transform_and_the_metric():
    told = []
    measure(encodings(30, roll1=normal(30, 3, 1)), seed=0, on_progress=told.append)
    assert "roll1: retrieval_rank" in told
    assert "shuffled pairs: cka" in told
    assert "shuffled pairs: retrieval_rank" not in told  # the costliest, whose chance level is known
    assert len(told) == len(set(told))


def test_metrics_load_neither_torch_nor_scikit_learn_until_they_need_it():
    code = "import sys, encaudit.metrics; print({'torch', 'sklearn', 'pandas', 'numba'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


@pytest.mark.skipif("ENCAUDIT_DATA" not in os.environ, reason="ENCAUDIT_DATA is not set")
def test_latents_that_cryodrgn_saved_find_themselves_and_a_permutation_does_not():
    run = Path(os.environ["ENCAUDIT_DATA"]) / "ribosome" / "run"
    with (run / "z.pkl").open("rb") as file:
        mu, logvar = pickle.load(file), pickle.load(file)
    reference = latents(mu, logvar)
    twin = reference.take(np.random.default_rng(0).permutation(len(mu)))
    found = by_name(measure(Encodings(reference, {"identity": reference, "permutation": twin}), seed=0), "permutation")
    assert found["retrieval_rank"].floor == 0
    assert found["retrieval_rank"].value.mean == pytest.approx(0.5, abs=0.02)
    assert found["displacement_ratio"].value.median == pytest.approx(1, abs=0.05)
