"""`encaudit compare`: training runs side by side, or audits of several encoders."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from encaudit.cli.libraries import prepare_libraries
from encaudit.errors import InputError


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="A B ...",
            help="Folders of encaudit probe: the encoders. Folders of encaudit train or of cryoDRGN: the runs.",
        ),
    ],
    null: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="The run with one latent for all. Default: the frozen zero table among them."),
    ] = None,
    base: Annotated[
        str | None, typer.Option(metavar="RUN", help="The run to measure by. Default: the first VAE among them.")
    ] = None,
    metadata: Annotated[
        str | None,
        typer.Option(help="Table (.csv .star .cs) of micrographs, for the intervals. Default: what the stack tells."),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="IDX file of a label for each image. Default: that beside MNIST's images.")
    ] = None,
    volumes: Annotated[
        int, typer.Option(metavar="N", help="Particles whose volumes each run decodes; 0 for none.")
    ] = 20,
    volume_box: Annotated[int | None, typer.Option(help="Decode at this box. Default: full size, at most 64.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    latents: Annotated[
        bool, typer.Option("--latents", help="Of audits: how far do their latents agree? As of runs.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="DIR", help="Output folder; - prints the comparison as JSON.")
    ] = "comparison",
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that encaudit compare did not make.")
    ] = False,
) -> None:
    """Which of two encoders is better, in what? How much did each of several runs learn, and do they agree?

    Audits of the same images are compared metric by metric, each with the first: differences image by image, a verdict,
    and how many more images would decide. Of training runs losses are compared image by image, latents after alignment;
    runs that differ by their seed alone tell how far any two runs can agree.
    """
    prepare_libraries()
    from encaudit.report.audits_read import are_audits

    if output == "":
        raise InputError("-o is empty: expected a folder, or - for standard output.")
    if are_audits(runs) and not latents:
        given = {"--null": null, "--base": base, "--metadata": metadata, "--labels": labels}
        if misplaced := [option for option, value in given.items() if value is not None]:
            raise InputError(
                f"{misplaced[0]} is for training runs, and these folders are audits; the first is what the others are "
                f"compared with. Leave {misplaced[0]} out, or add --latents to compare their latents."
            )
        _compare_audits(runs, seed, output, force)
        return
    from encaudit.cli.probe import to_stdout
    from encaudit.cli.progress import Progress
    from encaudit.comparing import CompareOptions, compare_runs
    from encaudit.devices import chosen_device
    from encaudit.probe import ALONE
    from encaudit.report.comparison_console import print_comparison
    from encaudit.report.comparison_contents import COMPARISON
    from encaudit.report.comparison_document import to_json
    from encaudit.report.comparison_files import fill_comparison
    from encaudit.report.folder import OutputFolder

    if volumes < 0:
        raise InputError(f"--volumes {volumes}: expected 0 or more.")
    folder = None if output == "-" else OutputFolder(Path(output), force=force, contents=COMPARISON)
    options = CompareOptions(
        runs=tuple(runs),
        null=null,
        base=base,
        metadata=metadata,
        labels=labels,
        volumes=volumes,
        volume_box=volume_box,
        device=chosen_device(device, ALONE),
        seed=seed,
    )
    page = None
    with Progress() as progress, contextlib.redirect_stdout(sys.stderr):
        found = compare_runs(options, command=sys.argv[1:], watcher=progress)
        if folder is not None:
            progress.stage("Writing")
            page = folder.filled(lambda path: fill_comparison(path, found))
    if folder is None:
        to_stdout(to_json(found))
    print_comparison(found, page)


def _compare_audits(paths: list[str], seed: int, output: str, force: bool) -> None:
    from encaudit.architectures import compare_audits
    from encaudit.cli.probe import to_stdout
    from encaudit.cli.progress import Progress
    from encaudit.report.architectures_console import print_architectures
    from encaudit.report.architectures_document import to_json
    from encaudit.report.architectures_files import fill_architectures
    from encaudit.report.audits_read import read_audits
    from encaudit.report.comparison_contents import COMPARISON
    from encaudit.report.folder import OutputFolder

    folder = None if output == "-" else OutputFolder(Path(output), force=force, contents=COMPARISON)
    page = None
    with Progress() as progress, contextlib.redirect_stdout(sys.stderr):
        progress.stage("Reading the audits")
        audits = read_audits(paths)
        progress.stage("Comparing")
        found = compare_audits(audits, seed=seed, command=sys.argv[1:], note=progress.note)
        if folder is not None:
            progress.stage("Writing")
            page = folder.filled(lambda path: fill_architectures(path, found))
    if folder is None:
        to_stdout(to_json(found))
    print_architectures(found, page)
