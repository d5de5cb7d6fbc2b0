"""What does accepting another report change of a baseline? A line for each value, and what was kept."""

from pathlib import Path

from encaudit.gate import Baseline, changed_circumstances, changed_values, differences


def told_changes(path: Path, accepted: Baseline, old: Baseline | None) -> list[str]:
    """Return what differs from the baseline that was there, what speaks against the new one, and what it holds."""
    values = accepted.report.measurements
    lines = []
    if old is not None:
        between = (
            differences(old.report, accepted.report) | changed_circumstances(old.report, accepted.report)
        ).items()
        changes = changed_values(old.report, accepted.report)
        lines += [f"{name}: {was} -> {now}" for name, (was, now) in between]
        lines += [f"{name}: {before} -> {after}" for name, before, after in changes]
        lines.append(f"{len(changes)} of {len(values)} values changed.")
    kept = (
        "no images (there is no particles.csv)" if accepted.particles is None else f"{len(accepted.particles):,} images"
    )
    for finding in accepted.report.findings:
        if finding.level != "note":
            lines.append(f"warning: accepted in spite of this: {finding.text}")
    for verdict in accepted.report.verdicts:
        if verdict.code == "collapsed":
            lines.append(
                f"warning: the verdict on {verdict.transform} is collapsed: better encoders may fail beside it."
            )
    return [*lines, f"Baseline: {path} ({len(values)} values, {kept})."]
