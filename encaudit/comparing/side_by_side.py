"""From folders to a comparison: the images that all runs have, each run beside null and base, and runs in pairs."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from encaudit.comparing.comparison import Comparison, PairReport, RunReport
from encaudit.comparing.decoded import decoded, heterogeneity_of
from encaudit.comparing.of_a_run import Beside, measures_of
from encaudit.comparing.options import CompareOptions, Watcher
from encaudit.comparing.other_settings import remarks_on_settings, remarks_on_units
from encaudit.comparing.remarks import remarks_on
from encaudit.comparing.roles import base_of, null_of, seed_pairs
from encaudit.comparing.runs import TrainedRun, read_runs
from encaudit.comparing.same_data import refuse_other_images
from encaudit.comparing.told import groups_of, labels_of
from encaudit.comparing.units import in_unit_of, unit_of
from encaudit.errors import InputError
from encaudit.memorisation import Agreement, agree
from encaudit.provenance import describe_run
from encaudit.results import Latents, Skipped, Summary
from encaudit.stats import group_codes

FEWEST_IMAGES = 3
HIGHER_IS_FURTHER = ("run_displacement_ratio",)
REAL_IMAGES = "{} (real images)"  # what a twin's encoder says of the images themselves


def compare_runs(options: CompareOptions, *, command: Sequence[str], watcher: Watcher) -> Comparison:
    """Set training runs side by side, on the images that all of them have.

    Raises InputError for folders without latents, for runs on other images, and for unknown --null and --base.
    """
    watcher.stage("Reading the runs")
    every = read_runs(options.runs)
    believed = refuse_other_images(every)
    common, index = _on_common_images(every)
    unit = unit_of(common, base_of(common, options.base, null_of(common, options.null)))
    runs = in_unit_of(unit, common)
    null = null_of(runs, options.null)
    base = base_of(runs, options.base, null)
    groups = groups_of(options.metadata, runs, index)
    codes = None if groups.names is None else group_codes(groups.names)
    labels = labels_of(options.labels, runs, index)
    watcher.stage("Measuring the runs")
    beside = Beside(null, base, codes, options.seed)
    measured = {}
    for run in runs:
        watcher.note(f"Measuring {run.name}")
        measured[run.name] = measures_of(run, beside, labels)
    if options.volumes:
        _add_volumes(runs, base, measured, options, watcher)
    watcher.stage("Comparing latents")
    reference = base or runs[0]
    agreements = _agreements(runs, reference, null, codes, options.seed, watcher)
    of_reference = [one for (first, _), one in agreements.items() if first == reference.name]
    return Comparison(
        provenance=_provenance(command, options, runs, index),
        runs=[_reported(run, _role(run, null, base), measured[run.name]) for run in runs],
        pairs=_pairs(agreements, seed_pairs(runs)),
        findings=[
            *remarks_on(every, runs, null, base, measured, groups),
            *believed,
            *remarks_on_units(common, unit),
            *remarks_on_settings(runs, base or runs[0]),
        ],
        index=index,
        particles=_particles(runs, agreements),
        clusters=next((one.labels[0] for one in of_reference if one.labels is not None), None),
        placed=_placed(reference, agreements),
    )


def _on_common_images(runs: list[TrainedRun]) -> tuple[list[TrainedRun], np.ndarray]:
    index = reduce(np.intersect1d, (run.latents.index for run in runs))
    if len(index) < FEWEST_IMAGES:
        raise InputError(
            f"The runs have {len(index)} images in common; expected {FEWEST_IMAGES} or more. Name runs on one data set."
        )
    taken = []
    for run in runs:
        order = np.argsort(run.latents.index)
        taken.append(run.take(order[np.searchsorted(run.latents.index, index, sorter=order)]))
    return taken, index


def _add_volumes(
    runs: list[TrainedRun],
    base: TrainedRun | None,
    measured: dict[str, dict[str, Summary | Skipped]],
    options: CompareOptions,
    watcher: Watcher,
) -> None:
    watcher.stage("Decoding", unit="runs")
    of_base: np.ndarray | Skipped | None = None
    ordered = sorted(runs, key=lambda run: run is not base)  # the base first: the others are measured by it
    for done, run in enumerate(ordered):
        volumes = decoded(run, options.volumes, options.volume_box, options.device, options.seed)
        of_base = volumes if run is base else of_base
        measured[run.name] |= heterogeneity_of(volumes, of_base, options.seed)
        watcher.advance_to(done + 1, len(runs))


def _agreements(
    runs: list[TrainedRun],
    reference: TrainedRun,
    null: TrainedRun | None,
    codes: np.ndarray | None,
    seed: int,
    watcher: Watcher,
) -> dict[tuple[str, str], Agreement]:
    """Return the reference with every other run, a twin also by its real images, and the pairs that differ by seed."""
    wanted: dict[tuple[str, str], tuple[Latents, Latents]] = {}
    for run in runs:
        if run is not reference and run is not null:  # the null run has one latent for all
            wanted[reference.name, run.name] = (reference.latents, run.latents)
            if run.of_images is not None:
                wanted[reference.name, REAL_IMAGES.format(run.name)] = (reference.latents, run.of_images)
    for one, other in seed_pairs(runs):
        if null not in (one, other) and (other.name, one.name) not in wanted:
            wanted.setdefault((one.name, other.name), (one.latents, other.latents))
    found = {}
    for (first, second), (mine, theirs) in wanted.items():
        watcher.note(f"{first} and {second}")
        found[first, second] = agree(mine, theirs, codes, seed)
    return found


def _pairs(
    agreements: dict[tuple[str, str], Agreement], by_seed: list[tuple[TrainedRun, TrainedRun]]
) -> list[PairReport]:
    names = {frozenset((one.name, other.name)) for one, other in by_seed}
    between = _between_seeds([one for pair, one in agreements.items() if frozenset(pair) in names])
    return [
        PairReport(
            reference=first,
            other=second,
            seeds=frozenset((first, second)) in names,
            measures=one.measures,
            same=one.same,
            unrelated=one.unrelated,
            between_seeds=between,
            clusters=one.clusters,
        )
        for (first, second), one in agreements.items()
    ]


def _between_seeds(agreements: list[Agreement]) -> dict[str, float]:
    """Return how far runs agree that differ by their seed alone, at the worst: what no other pair need exceed."""
    values: dict[str, list[float]] = {}
    for one in agreements:
        for name, value in one.measures.items():
            if isinstance(value, Summary):
                values.setdefault(name, []).append(value.median)
    return {name: max(found) if name in HIGHER_IS_FURTHER else min(found) for name, found in values.items()}


def _particles(runs: list[TrainedRun], agreements: dict[tuple[str, str], Agreement]) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    for run in runs:
        columns |= {f"{run.name}/{name}": values for name, values in run.losses.items()}
    for (first, second), one in agreements.items():
        if one.displacement is not None:
            columns[f"{first}|{second}/displacement"] = one.displacement
        if one.labels is not None:
            columns |= {f"{first}/cluster": one.labels[0], f"{second}/cluster": one.labels[1]}
    return columns


def _placed(reference: TrainedRun, agreements: dict[tuple[str, str], Agreement]) -> dict[str, Latents]:
    placed = {reference.name: reference.latents}
    for (first, second), one in agreements.items():
        if first == reference.name and one.placed is not None:
            placed[second] = one.placed
    return placed


def _role(run: TrainedRun, null: TrainedRun | None, base: TrainedRun | None) -> str:
    return "null" if run is null else "base" if run is base else ""


def _reported(run: TrainedRun, role: str, measures: dict[str, Summary | Skipped]) -> RunReport:
    record = run.record
    return RunReport(
        name=run.name,
        path=str(run.path),
        kind=run.kind,
        role=role,
        seed=None if record is None else record.seed,
        epochs=None if record is None else len(record.epochs),
        measures=measures,
        loss_scale=run.loss_scale,
        curve=()
        if record is None
        else tuple((one.epoch, run.loss_scale * one.train.reconstruction) for one in record.epochs),
    )


def _provenance(
    command: Sequence[str], options: CompareOptions, runs: list[TrainedRun], index: np.ndarray
) -> dict[str, Any]:
    told = describe_run(command, seed=options.seed, device=options.device, precision="float32", transforms=())
    del told["transforms"]
    return told | {"images": len(index), "runs": {run.name: str(run.path) for run in runs}}
