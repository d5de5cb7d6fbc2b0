"""What a training run on particles is measured by: null and base run, its twins, its volumes, and moved images."""

from pathlib import Path

import numpy as np

from encaudit.audits import AuditOptions
from encaudit.comparing import CompareOptions, Comparison, compare_runs
from encaudit.comparing.runs import read_runs
from encaudit.comparing.told import groups_of
from encaudit.memorisation import loss_difference
from encaudit.results import Summary
from encaudit.stats import group_codes
from encaudit.study.place import Place
from encaudit.study.results import Measure, measures_of
from encaudit.study.system_card import system_card
from encaudit.study.tasks import BASE, NULL, Row, Trained
from encaudit.study.training import ensure_trained

MOVED = ("roll1", "rot90")
PROBED_BY = ("displacement_ratio", "retrieval_rank")


def measure_trained(row: Row, place: Place) -> tuple[dict[str, Measure], list[str]]:
    """Train what has to be, and return the measures of a run and remarks on it; its picture is written."""
    task = row.task
    assert isinstance(task, Trained)
    needed = dict.fromkeys((NULL, BASE, row.key, task.real, *([task.over] if task.over else [])))
    runs = {key: ensure_trained(key, place) for key in needed}
    compared = _compared(dict.fromkeys((NULL, BASE, row.key)), BASE, place)
    report = next(one for one in compared.runs if one.name == row.key)
    measures = measures_of(report.measures)
    pair = next((one for one in compared.pairs if (one.reference, one.other) == (BASE, row.key)), None)
    measures |= {} if pair is None else measures_of(pair.measures)
    if task.real != BASE:
        again = _compared(dict.fromkeys((NULL, task.real, row.key)), task.real, place)
        own = next(one for one in again.runs if one.name == row.key).measures["memorisation_index"]
        measures["memorisation_index"] = Measure.of(own)
    if task.over is not None:
        measures[f"nats_over_{task.over}"] = Measure.of(
            nats_gained(runs[row.key], runs[task.over], place.data.metadata, place.seed)
        )
    measures |= _when_moved(runs[row.key], place)
    place.picture(row.key, "system", system_card(row, place))
    remarks = [one.text for one in compared.findings if one.level != "note"]
    return measures, remarks


def nats_gained(run: Path, over: Path, metadata: str | None, seed: int) -> Summary:
    """By how many nats is an image's reconstruction better in a run than in another one? Over micrographs if known."""
    own, other = read_runs((str(run), str(over)))
    record = own.record
    assert record is not None
    unit = record.n_mask / record.beta if record.data == "particles" and record.beta > 0 else 1.0
    names = groups_of(metadata, [own, other], own.latents.index).names
    before, after = (unit * one.losses["reconstruction"].astype(np.float64) for one in (other, own))
    return loss_difference(before, after, None if names is None else group_codes(names), seed)


def _compared(keys: dict[str, None], base: str, place: Place) -> Comparison:
    return compare_runs(
        CompareOptions(
            runs=tuple(str(place.run(key)) for key in keys),
            null=NULL,
            base=base,
            metadata=place.data.metadata,
            volumes=place.scale.volumes,
            device=place.device,
            seed=place.seed,
        ),
        command=place.command,
        watcher=place.watcher,
    )


def _when_moved(run: Path, place: Place) -> dict[str, Measure]:
    """Ask how far latents go when images move: of the encoder that was trained, or of the table."""
    options = AuditOptions(
        str(run),
        transforms=MOVED,
        metadata=place.data.metadata,
        controls=False,
        sample_n=0,
        calibration="none",
        umap=False,
        volumes=0,
        device=place.device,
        seed=place.seed,
    )
    found = place.audit(options).report.measurements
    wanted = {(spec, metric) for spec in MOVED for metric in PROBED_BY}
    return {
        f"{one.transform}/{one.metric}": Measure.of(one.value)
        for one in found
        if one.transform is not None and (one.transform, one.metric) in wanted
    }
