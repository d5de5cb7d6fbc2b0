"""`encaudit compare`: training runs side by side."""

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
        typer.Argument(metavar="RUN_A RUN_B ...", help="Folders of encaudit train, of cryoDRGN, or of encaudit probe."),
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
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="DIR", help="Output folder; - prints the comparison as JSON.")
    ] = "comparison",
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that encaudit compare did not make.")
    ] = False,
) -> None:
    """How much did each run learn, how much could be memory, and do they say the same of the same images?

    Losses are compared image by image, latents after alignment; runs that differ by their seed alone tell how far any
    two runs can agree.
    """
    prepare_libraries()
    from encaudit.cli.probe import to_stdout
    from encaudit.cli.progress import Progress
    from encaudit.comparing import CompareOptions, compare_runs
    from encaudit.devices import chosen_device
    from encaudit.probe import ALONE
    from encaudit.report.comparison_console import print_comparison
    from encaudit.report.comparison_document import to_json
    from encaudit.report.comparison_files import COMPARISON, fill_comparison
    from encaudit.report.folder import OutputFolder

    if output == "":
        raise InputError("-o is empty: expected a folder, or - for standard output.")
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
