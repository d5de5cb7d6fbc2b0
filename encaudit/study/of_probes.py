"""Figures 10 and 11: the base run's particles, moved and encoded again."""

from encaudit.audits import AuditOptions
from encaudit.report.figures import overlay, volumes
from encaudit.study.place import Place
from encaudit.study.results import Measure
from encaudit.study.tasks import BASE, Probed, Row
from encaudit.study.training import ensure_trained

SHOWN = (
    *("displacement_ratio", "retrieval_rank", "pair_auc", "neighbour_overlap", "recoverability", "marginal_distance"),
    *("alignment", "beyond_renoise", "volume_cc"),
)


def measure_probed(row: Row, place: Place) -> tuple[dict[str, Measure], list[str]]:
    """Audit the base run, controls beside it, and return its measures and verdicts; the pictures are written."""
    task = row.task
    assert isinstance(task, Probed)
    run = ensure_trained(BASE, place)
    options = AuditOptions(
        str(run),
        transforms=task.transforms,
        metadata=place.data.metadata,
        calibration="none",
        umap_n=place.scale.umap_n,
        device=place.device,
        seed=place.seed,
    )
    audit = place.audit(options)
    place.watcher.stage(f"Drawing {row.key}")
    for number, spec in enumerate(task.transforms):
        place.picture(row.key, f"{number}-overlay", overlay(audit.layouts, spec))
        if audit.volumes is not None:
            place.picture(row.key, f"{number}-volumes", volumes(audit.volumes, spec))
    measures = {
        f"{one.transform}/{one.metric}": Measure.of(one.value)
        for one in audit.report.measurements
        if one.transform is not None and one.metric in SHOWN
    }
    return measures, [f"{one.transform}: {one.text}" for one in audit.report.verdicts]
