"""A comparison of runs whose losses and latents are planted says what was planted, and of what it cannot."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import starfile

from encaudit.comparing import CompareOptions, Comparison, PairReport, RunReport, compare_runs
from encaudit.errors import InputError, UnknownNameError
from encaudit.images.idx import write_idx
from encaudit.results import Skipped, Summary
from tests.comparing.planted_runs import BETA, GAIN, MU, POINTS, STATE, D, N, losses, write_five, write_run, write_z
from tests.images.written_stacks import numbered_images, write_mrcs
from tests.train.small_runs import Unwatched


def compare(*paths: str, **options: Any) -> Comparison:
    return compare_runs(CompareOptions(tuple(paths), volumes=0, **options), command=[], watcher=Unwatched())


def of_run(comparison: Comparison, name: str) -> RunReport:
    return next(run for run in comparison.runs if run.name == name)


def of_pair(comparison: Comparison, other: str) -> PairReport:
    return next(pair for pair in comparison.pairs if pair.other == other)


def value(measures: dict[str, Summary | Skipped], name: str) -> float:
    measured = measures[name]
    assert isinstance(measured, Summary), measured
    return measured.median


def codes(comparison: Comparison) -> list[str]:
    return [finding.code for finding in comparison.findings]


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return compare(*write_five(tmp_path_factory.mktemp("five")))


def test_null_and_base_are_recognized(five: Comparison) -> None:
    assert [(run.name, run.role) for run in five.runs] == [
        ("null", "null"),
        ("vae", "base"),
        ("vae-seed1", ""),
        ("vlt", ""),
        ("twin", ""),
    ]
    assert codes(five) == ["roles", "no-micrographs"]


def test_losses_say_what_was_planted(five: Comparison) -> None:
    explained = {run.name: value(run.measures, "explained_heterogeneity") for run in five.runs}
    assert explained == pytest.approx({"null": 0, "vae": 1, "vae-seed1": 0.9, "vlt": 1.1, "twin": 0.4})
    twin = of_run(five, "twin").measures
    assert value(twin, "memorisation_index") == pytest.approx(0.4)
    assert value(twin, "twin_dependence") == pytest.approx(0.3)
    # 100 coefficients at beta 1/4: a mean squared error counts 400 nats
    assert value(twin, "twin_dependence_nats") == pytest.approx(0.3 * GAIN * 400)


def test_the_whole_loss_is_net_of_kl_and_the_null_run_costs_none(five: Comparison) -> None:
    gain = GAIN - 2 * BETA / POINTS
    net = {run.name: value(run.measures, "explained_heterogeneity_loss") for run in five.runs}
    assert net["null"] == 0
    assert net["vae"] == 1
    assert net["vlt"] == pytest.approx((1.1 * GAIN - 6 * BETA / POINTS) / gain)


def test_tables_tell_how_far_they_went(five: Comparison) -> None:
    assert value(of_run(five, "null").measures, "table_travel") == 0
    travel = value(of_run(five, "vlt").measures, "table_travel")
    assert travel == pytest.approx(5 / np.sqrt(400 + 100), rel=0.2)
    assert "table_travel" not in of_run(five, "vae").measures


def test_another_seed_is_the_limit_that_pairs_are_read_by(five: Comparison) -> None:
    seeds = of_pair(five, "vae-seed1")
    assert seeds.seeds
    assert value(seeds.measures, "run_latent_agreement") == pytest.approx(1, abs=1e-3)
    table = of_pair(five, "vlt")
    assert not table.seeds
    assert table.between_seeds["run_latent_agreement"] == value(seeds.measures, "run_latent_agreement")
    assert value(table.measures, "run_latent_agreement") < 0.95
    assert {pair.reference for pair in five.pairs} == {"vae"}


def test_a_twin_is_compared_by_what_it_was_shown_and_by_the_images(five: Comparison) -> None:
    assert value(of_pair(five, "twin").measures, "run_latent_agreement") < 0.05
    assert value(of_pair(five, "twin (real images)").measures, "run_latent_agreement") < 0.05
    assert [pair.other for pair in five.pairs] == ["vae-seed1", "vlt", "twin", "twin (real images)"]


def test_every_image_has_its_row(five: Comparison) -> None:
    assert len(five.index) == N
    columns = five.particles
    assert {"vae/reconstruction", "twin/kl", "vae|vlt/displacement", "vae/cluster", "vlt/cluster"} <= set(columns)
    assert all(len(values) == N for values in columns.values())
    assert columns["vae|vae-seed1/displacement"].max() < 0.01


def test_without_null_and_base_losses_have_no_scale_and_latents_are_compared_all_the_same(tmp_path: Path) -> None:
    paths = [str(write_run(tmp_path / name, "twin", MU, losses(GAIN), seed=seed)) for seed, name in enumerate("ab")]
    found = compare(*paths)
    assert isinstance(of_run(found, "a").measures["explained_heterogeneity"], Skipped)
    assert value(of_pair(found, "b").measures, "run_neighbour_agreement") == 1
    assert "No null and base run" in found.findings[0].text


def test_roles_can_be_named_and_a_wrong_name_is_refused(tmp_path: Path) -> None:
    paths = write_five(tmp_path)
    found = compare(*paths, null="twin", base=paths[3])
    assert value(of_run(found, "vlt").measures, "explained_heterogeneity") == 1
    assert value(of_run(found, "vae").measures, "explained_heterogeneity") == pytest.approx(0.6 / 0.7)
    with pytest.raises(UnknownNameError, match="Did you mean 'null'"):
        compare(*paths, null="nul")
    with pytest.raises(InputError, match="vae cannot be both the null run and the base run"):
        compare(*paths, null="vae", base="vae")
    other_vae = compare(*paths, null="vae")
    assert "Null run: vae. Base run: vae-seed1." in other_vae.findings[0].text


def test_only_images_that_all_have_are_compared_row_by_row(tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(N)[:100]
    some = {name: values[order] for name, values in losses(0.5 * GAIN).items()}
    paths = write_five(tmp_path)[:2]
    paths.append(str(write_run(tmp_path / "part", "vae", MU[order], some, index=order, options={"ind": "some"})))
    found = compare(*paths)
    np.testing.assert_array_equal(found.index, np.sort(order))
    assert value(of_run(found, "part").measures, "explained_heterogeneity") == pytest.approx(0.5)
    assert value(of_pair(found, "part").measures, "run_neighbour_agreement") == 1
    assert "images-in-common" in codes(found)


def test_images_held_out_are_kept_apart_and_tables_know_nothing_of_them(tmp_path: Path) -> None:
    away = np.arange(N) < 60
    base, own = losses(GAIN), losses(GAIN)
    base["reconstruction"] = base["reconstruction"] + 0.4 * GAIN * away  # of its gain, 0.6 is left on new images
    own["reconstruction"] = own["reconstruction"] + 0.75 * GAIN * away
    frozen = {"init": "zero", "freeze": True}
    paths = [
        str(write_run(tmp_path / "null", "vlt", np.zeros((N, D)), losses(0), options=frozen, held_out=away)),
        str(write_run(tmp_path / "vae", "vae", MU, base, held_out=away)),
        str(write_run(tmp_path / "other", "vae", MU, own, held_out=away, options={"beta": 1})),
        str(write_run(tmp_path / "vlt", "vlt", MU, losses(2 * GAIN), held_out=away)),
    ]
    found = compare(*paths)
    other = of_run(found, "other").measures
    assert value(other, "explained_heterogeneity") == pytest.approx(1)
    assert value(other, "explained_heterogeneity_held_out") == pytest.approx(0.25)
    assert value(of_run(found, "vae").measures, "explained_heterogeneity_held_out") == pytest.approx(0.6)
    assert value(of_run(found, "null").measures, "explained_heterogeneity_held_out") == 0
    assert isinstance(of_run(found, "vlt").measures["explained_heterogeneity_held_out"], Skipped)


def test_runs_on_other_images_are_refused(tmp_path: Path) -> None:
    one, other = (str(write_run(tmp_path / name, "vae", MU, losses(0), images=name)) for name in ("a", "b"))
    with pytest.raises(InputError, match="were trained on other images"):
        compare(one, other)
    rows = np.arange(N) + 1000
    far = str(write_run(tmp_path / "c", "vae", MU, losses(0), images="a", index=rows))
    with pytest.raises(InputError, match="have 0 images in common"):
        compare(one, far)


def test_what_a_reader_has_to_know_is_said(tmp_path: Path) -> None:
    paths = write_five(tmp_path)[:2]
    paths.append(str(write_run(tmp_path / "still", "vlt", MU, losses(0), options={"init": "random"}, travel=1e-3)))
    paths.append(str(write_run(tmp_path / "cut", "vae", MU, seed=3, finished=False)))
    (tmp_path / "bare").mkdir()
    write_z(tmp_path / "bare" / "z.pkl", MU)
    found = compare(*paths, str(tmp_path / "bare"))
    assert {"table-hardly-moved", "unfinished", "rows-guessed"} <= set(codes(found))
    assert "The stack rows of bare are not on record" in next(
        one.text for one in found.findings if one.code == "rows-guessed"
    )
    assert isinstance(of_run(found, "cut").measures["reconstruction"], Skipped)


def test_micrographs_of_a_table_widen_the_intervals(tmp_path: Path) -> None:
    paths = write_five(tmp_path)
    shared = np.repeat(np.random.default_rng(0).standard_normal(12), N // 12)
    noisy = losses(0.5 * GAIN)
    noisy["reconstruction"] = noisy["reconstruction"] + 0.2 * GAIN * shared
    paths[3] = str(write_run(tmp_path / "noisy", "vlt", MU, noisy))
    table = tmp_path / "micrographs.csv"
    table.write_text("index,micrograph\n" + "".join(f"{row},m{row // 20}\n" for row in range(N)))

    def width(**options: Any) -> float:
        measured = of_run(compare(*paths, **options), "noisy").measures["explained_heterogeneity"]
        assert isinstance(measured, Summary) and measured.ci_low is not None and measured.ci_high is not None
        return measured.ci_high - measured.ci_low

    assert width(metadata=str(table)) > 2 * width()


@pytest.mark.parametrize("by_index", [False, True])
def test_a_table_of_the_whole_stack_does_for_runs_on_its_first_rows(
    by_index: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths, long = write_five(tmp_path), N + 60
    lines = [f"{row},m{row // 20}" if by_index else f"m{row // 20}" for row in range(long)]
    table = tmp_path / "micrographs.csv"
    table.write_text("\n".join(["index,micrograph" if by_index else "micrograph", *lines]))
    assert "no-micrographs" not in codes(compare(*paths, metadata=str(table)))  # the stack is nowhere
    write_mrcs(tmp_path / "particles.mrcs", numbered_images(long))
    assert "no-micrographs" not in codes(compare(*paths, metadata=str(table)))
    (tmp_path / "particles.mrcs").unlink()
    write_mrcs(tmp_path / "particles.mrcs", numbered_images(long - 1))
    with pytest.raises(InputError, match=f"0 to {long - 2}" if by_index else f"the stack has {long - 1} images"):
        compare(*paths, metadata=str(table))
    table.write_text("\n".join(table.read_text().split()[: N - 10]))
    if not by_index:
        with pytest.raises(InputError, match=f"has {N - 11} rows"):
            compare(*paths, metadata=str(table))


def test_a_star_in_another_order_tells_the_same_micrographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = write_five(tmp_path)
    write_mrcs(tmp_path / "particles.mrcs", numbered_images(N))

    def intervals(order: np.ndarray, stack: str) -> Comparison:
        names = [f"{row + 1}@{stack}" for row in order]
        table = pd.DataFrame({"rlnImageName": names, "rlnMicrographName": [f"m{row // 20}" for row in order]})
        starfile.write(table, tmp_path / "table.star", overwrite=True)
        return compare(*paths, metadata=str(tmp_path / "table.star"))

    mixed = np.random.default_rng(0).permutation(N)
    one, other = intervals(np.arange(N), "particles.mrcs"), intervals(mixed, "particles.mrcs")
    assert one.runs == other.runs
    assert "metadata-by-position" not in codes(other)
    assert "metadata-by-position" in codes(intervals(np.arange(N), "micrograph_1.mrcs"))


def test_labels_are_named_by_neighbours_where_they_are_given(tmp_path: Path) -> None:
    write_idx(STATE, tmp_path / "labels")
    found = compare(*write_five(tmp_path), labels=str(tmp_path / "labels"))
    assert value(of_run(found, "vae").measures, "label_accuracy") == 1
    assert value(of_run(found, "twin").measures, "label_accuracy") < 0.2
    write_idx(STATE[:10], tmp_path / "few")
    with pytest.raises(InputError, match="has 10 labels, and the runs have images up to row"):
        compare(str(tmp_path / "vae"), str(tmp_path / "vlt"), labels=str(tmp_path / "few"))


def test_labels_of_another_stack_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_mrcs(tmp_path / "particles.mrcs", numbered_images(len(MU)))  # where the runs say that their images are
    write_idx(STATE, tmp_path / "labels")
    paths = write_five(tmp_path)
    assert value(of_run(compare(*paths, labels="labels"), "vae").measures, "label_accuracy") == 1
    write_idx(np.tile(STATE, 2), tmp_path / "twice")
    with pytest.raises(InputError, match=f"has {2 * len(MU)} labels, and particles.mrcs has {len(MU)} images"):
        compare(*paths, labels="twice")
