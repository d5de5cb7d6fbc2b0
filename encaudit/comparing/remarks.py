"""What a reader of a comparison has to know before reading a number, in words."""

from encaudit.comparing.runs import TrainedRun
from encaudit.comparing.told import Groups
from encaudit.results import Finding, Skipped, Summary

A_NULL = (
    "A null run has one latent for all images: add one (encaudit train vlt --like RUN --init zero --freeze), or name "
    "it with --null."
)
A_BASE = "The base run is what the others are measured by: add a VAE, or name a run with --base."
HARDLY = 0.05  # of its spread; the paper's tables went so far at least


def remarks_on(
    every: list[TrainedRun],
    runs: list[TrainedRun],
    null: TrainedRun | None,
    base: TrainedRun | None,
    measured: dict[str, dict[str, Summary | Skipped]],
    groups: Groups,
) -> list[Finding]:
    """Return the findings; ``every`` are the runs as they were read, ``runs`` the same on the images in common."""
    n = len(runs[0].latents)
    found = [_roles(null, base)]
    fewer = [run.name for run in every if len(run.latents) > n]
    if fewer:
        text = f"Only the {n} images that all runs have were compared; {', '.join(fewer)} have more."
        found.append(Finding("images-in-common", "note", text))
    guessed = [run.name for run in runs if not run.rows_known]
    if guessed and len(guessed) < len(runs):
        text = f"The stack rows of {', '.join(guessed)} are not on record, and were taken to be 0, 1, 2, ...; "
        found.append(Finding("rows-guessed", "warning", text + "a run on a part of a stack (--ind) is then misread."))
    for run in runs:
        if run.record is not None and not run.record.finished:
            text = f"{run.name} was not trained to its end: {len(run.record.epochs)} epochs are done."
            found.append(Finding("unfinished", "warning", text))
        found += _of_table(run, measured[run.name])
    if groups.by_position is not None:
        found.append(Finding("metadata-by-position", "note", groups.by_position))
    if groups.names is None:
        text = "No micrographs are known: intervals are over single images. Name a table of them with --metadata."
        if any(run.record is not None and run.record.data == "particles" for run in runs):
            found.append(Finding("no-micrographs", "note", text))
    return found


def _roles(null: TrainedRun | None, base: TrainedRun | None) -> Finding:
    if null is not None and base is not None:
        return Finding("roles", "note", f"Null run: {null.name}. Base run: {base.name}.")
    lacking = [(name, how) for name, run, how in (("null", null, A_NULL), ("base", base, A_BASE)) if run is None]
    which, what = " and ".join(name for name, _ in lacking), " ".join(how for _, how in lacking)
    return Finding("roles", "warning", f"No {which} run is among these, so losses have no scale. {what}")


def _of_table(run: TrainedRun, measures: dict[str, Summary | Skipped]) -> list[Finding]:
    travel = measures.get("table_travel")
    frozen = run.record is not None and bool(run.record.options.get("freeze"))
    if frozen or not isinstance(travel, Summary) or travel.median >= HARDLY:
        return []
    text = (
        f"The table of {run.name} hardly moved (table_travel {travel.median:.2g}): what it shows is where it started. "
        "Train longer, or with a larger --table-lr."
    )
    return [Finding("table-hardly-moved", "warning", text)]
