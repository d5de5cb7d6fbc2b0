"""`encaudit check`: is this encoder as good as the one that was accepted?"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from encaudit.errors import InputError

Rules = "Rules"
Outputs = "Outputs"
Probing = "For a checkpoint, which is probed first"
AS_PROBE = "As for encaudit probe."


def check(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="REPORT|CKPT",
            help="Folder or report.json of encaudit probe; or a checkpoint, as encaudit probe takes it.",
        ),
    ],
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What encaudit baseline wrote. Not needed where all rules are max and min.",
            rich_help_panel=Rules,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="TOML",
            help="encaudit.toml, or a pyproject.toml with \\[tool.encaudit]. Default: the nearest from here upward.",
            rich_help_panel=Rules,
        ),
    ] = None,
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="All checks as JSON; - prints them.", rich_help_panel=Outputs)
    ] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="JUnit XML.", rich_help_panel=Outputs)] = None,
    sarif: Annotated[Path | None, typer.Option(metavar="FILE", help="SARIF 2.1.0.", rich_help_panel=Outputs)] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Markdown. Where $GITHUB_STEP_SUMMARY is set, it is appended there too.",
            rich_help_panel=Outputs,
        ),
    ] = None,
    images: Annotated[str | None, typer.Option(help=AS_PROBE, rich_help_panel=Probing)] = None,
    poses: Annotated[str | None, typer.Option(help=AS_PROBE, rich_help_panel=Probing)] = None,
    ctf: Annotated[str | None, typer.Option(help=AS_PROBE, rich_help_panel=Probing)] = None,
    datadir: Annotated[str | None, typer.Option(help=AS_PROBE, rich_help_panel=Probing)] = None,
    ind: Annotated[str | None, typer.Option(help=AS_PROBE, rich_help_panel=Probing)] = None,
    metadata: Annotated[str | None, typer.Option(help=AS_PROBE, rich_help_panel=Probing)] = None,
    n: Annotated[
        int | None,
        typer.Option(help="Only the first N images. Default: as many as the baseline has.", rich_help_panel=Probing),
    ] = None,
    transform: Annotated[
        list[str] | None,
        typer.Option(
            "--transform",
            "-t",
            metavar="SPEC",
            help="As for encaudit probe. Default: those of the baseline.",
            rich_help_panel=Probing,
        ),
    ] = None,
    channels: Annotated[
        int | None, typer.Option(help="As for encaudit probe. Default: as the baseline.", rich_help_panel=Probing)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of every draw. Default: that of the baseline.", rich_help_panel=Probing)
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto (default), cpu or cuda.", rich_help_panel=Probing)] = None,
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="Load pickles that may run code.", rich_help_panel=Probing)
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Keep the audit in this folder. Default: it is dropped after the check.",
            rich_help_panel=Probing,
        ),
    ] = None,
) -> None:
    """Is this encoder as good as the one that was accepted?

    Holds a report to its rules. Exit codes: 0 all kept, 1 a regression, 2 nothing that can be compared, 3 our fault.
    """
    from encaudit import __version__
    from encaudit.cli.check_probing import Probing as Asked
    from encaudit.cli.check_probing import read_or_probe
    from encaudit.cli.probe import to_stdout
    from encaudit.cli.telling import tell, telling
    from encaudit.gate import check_report, find_config, read_config
    from encaudit.report.baseline_document import read_baseline
    from encaudit.report.gate_console import print_gate
    from encaudit.report.gate_document import to_json
    from encaudit.report.gate_junit import to_junit
    from encaudit.report.gate_markdown import to_markdown
    from encaudit.report.gate_sarif import to_sarif
    from encaudit.report.reading_audits import files_of, is_report
    from encaudit.report.whole_files import refuse_unwritable, write_whole

    json_file = None if json is None or json == "-" else Path(json)
    named = [path for path in (json_file, junit, sarif, markdown) if path is not None]
    place = config or find_config(Path.cwd())
    read = files_of(Path(subject)) if is_report(Path(subject)) else [Path(subject)]
    _refuse_clashes(named, [*read, baseline, place], output)
    refuse_unwritable(named)
    rules = read_config(place)
    accepted = None if baseline is None else read_baseline(baseline)
    asked = Asked(
        images=images,
        poses=poses,
        ctf=ctf,
        datadir=datadir,
        ind=ind,
        metadata=metadata,
        n=n,
        transforms=tuple(transform) if transform else None,
        channels=channels,
        seed=seed,
        device=device,
        trust_pickle=trust_pickle or None,
        output=output,
    )
    report, particles = read_or_probe(subject, asked, accepted)
    now = datetime.now(UTC)
    gate = check_report(
        report,
        particles,
        accepted,
        rules,
        today=now.date(),
        provenance={
            "encaudit": __version__,
            "time": now.isoformat(timespec="seconds"),
            "report": subject,
            "baseline": None if baseline is None else str(baseline),
            "config": None if rules.path is None else str(rules.path),
            "preset": rules.preset,
            "checkpoint": report.provenance.get("checkpoint"),
        },
    )
    outputs = ((json_file, to_json), (junit, to_junit), (sarif, to_sarif), (markdown, to_markdown))
    if json == "-":  # first: where that fails, nothing is written
        to_stdout(to_json(gate))
    write_whole({path: render(gate) for path, render in outputs if path is not None})
    _append_to_step_summary(to_markdown(gate))
    tell(f"Rules: {rules.path or 'no file'}, preset {rules.preset}.")
    with telling():
        print_gate(gate)
    raise typer.Exit(gate.exit_code)


def _refuse_clashes(outputs: list[Path], inputs: Iterable[Path | None], folder: Path | None) -> None:
    """Refuse outputs that would overwrite what is checked, one another, or the audit that is kept in ``folder``."""
    places = [path.resolve() for path in outputs]
    read = {path.resolve(): path for path in inputs if path is not None}
    for path, place in zip(outputs, places, strict=True):
        if place in read:
            raise InputError(f"{path} is read by this check, and would be overwritten. Name another file.")
        if folder is not None and place.is_relative_to(folder.resolve()):
            raise InputError(f"{path} is in {folder}, which --output keeps the audit in. Name a file elsewhere.")
        if places.count(place) > 1 or any(place in other.parents for other in places):
            raise InputError(
                f"Two outputs have the same name, or one is a folder of the other ({path}). Give --json, --junit, "
                "--sarif and --markdown a file each."
            )


def _append_to_step_summary(text: str) -> None:
    """Add the Markdown to the page of the GitHub run; where that does not take it, the check still stands."""
    from encaudit.cli.telling import tell

    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if not place:
        return
    try:
        with open(place, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        tell(f"encaudit: $GITHUB_STEP_SUMMARY ({place}) takes no summary: {error.strerror}.")
