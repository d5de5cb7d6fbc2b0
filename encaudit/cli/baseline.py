"""`encaudit baseline`: accept a report, as what the next ones are measured by."""

from pathlib import Path
from typing import Annotated

import typer

from encaudit.errors import InputError


def baseline(
    report: Annotated[Path, typer.Argument(metavar="REPORT", help="Folder or report.json of encaudit probe.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the baseline goes (.json).")],
    update: Annotated[
        bool, typer.Option("--update", help="Replace the baseline that is there, and show what changes.")
    ] = False,
) -> None:
    """Accept a report: what encaudit check measures the next ones by.

    The file holds all values with their intervals and versions, what was run, and a sample of at most 2,000 images. It
    is meant to be committed; a change by hand is noticed.
    """
    from encaudit.cli.telling import tell
    from encaudit.gate import accept
    from encaudit.report.baseline_changes import told_changes
    from encaudit.report.baseline_document import read_baseline, to_json
    from encaudit.report.reading_audits import particles_beside, report_in
    from encaudit.report.whole_files import write_new, write_whole

    exists = InputError(f"{output} exists. Add --update to replace it and see what changes, or name another file.")
    if output.exists() and not update:
        raise exists
    old = read_baseline(output) if output.exists() else None
    accepted = accept(report_in(report), particles_beside(report))
    if update:
        write_whole({output: to_json(accepted)})
    else:
        try:
            write_new(output, to_json(accepted))
        except FileExistsError:  # somebody else accepts a report at the same time
            raise exists from None
    for line in told_changes(output, accepted, old):
        tell(line)
