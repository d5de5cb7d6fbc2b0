"""`encaudit study paper`: every figure of the founding paper, trained, probed and judged."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from encaudit.cli.libraries import prepare_libraries

Data = "Data"
Going = "Going on"


class Name(StrEnum):
    """What can be studied."""

    paper = "paper"


def study(
    name: Annotated[Name, typer.Argument(help="paper: Edelberg & Lederman 2025.")],  # noqa: ARG001 (there is one so far)
    scale: Annotated[
        str | None,
        typer.Option(
            help="tiny: simulated particles and 8 x 8 digits, 10 minutes on two cores. small: 3,000 particles and "
            "MNIST, 75 minutes. full: EMPIAR-10076 with the paper's settings, days on a GPU. Default: tiny."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Default: paper.SCALE.encaudit, here."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="ROW", help="Only this row (fig10, table1, ...) and what it is measured by; repeatable."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the study in DIR at its unfinished row.", rich_help_panel=Going),
    ] = False,
    images: Annotated[
        str | None, typer.Option(help="Particles of your own, for tiny and small.", rich_help_panel=Data)
    ] = None,
    poses: Annotated[str | None, typer.Option(help="Their poses.", rich_help_panel=Data)] = None,
    ctf: Annotated[str | None, typer.Option(help="Their CTF; none for none.", rich_help_panel=Data)] = None,
    datadir: Annotated[
        str | None, typer.Option(help="Where the .mrcs files of a .star or .cs are.", rich_help_panel=Data)
    ] = None,
    metadata: Annotated[
        str | None,
        typer.Option(
            help="A table that names micrographs, for the intervals. Default: the .star beside the stack.",
            rich_help_panel=Data,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="For full: the folder of EMPIAR-10076; see encaudit fetch.", rich_help_panel=Data
        ),
    ] = None,
    mnist: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="MNIST's files. Default: what encaudit fetch mnist left.", rich_help_panel=Data
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of every draw. Default: 0.", rich_help_panel=Going)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.", rich_help_panel=Going)] = "auto",
) -> None:
    """Train, probe and measure every figure's system of the founding paper, and judge each claim.

    One page puts claim, statistic, interval and verdict side by side. Each row is kept when it is done: a run that was
    stopped goes on with --resume.
    """
    import contextlib

    prepare_libraries()
    from encaudit.cli.interrupt import asking_to_stop
    from encaudit.cli.progress import Progress
    from encaudit.study.carrying_out import study_paper
    from encaudit.study.options import StudyOptions

    options = StudyOptions(
        output=output or Path(f"paper.{scale or 'tiny'}.encaudit"),
        scale=scale,
        resume=resume,
        only=tuple(only or ()),
        images=images,
        poses=poses,
        ctf=ctf,
        datadir=datadir,
        metadata=metadata,
        data=data,
        mnist=mnist,
        seed=seed,
        device=device,
    )
    with Progress() as progress, contextlib.redirect_stdout(sys.stderr), asking_to_stop() as asked:
        done = study_paper(options, command=sys.argv[1:], watcher=progress, stop=asked)
    for one in done.rows:
        if one.result is not None:
            print(f"{one.row.figures:>8}  {one.verdict:<12}  {one.row.claim}", file=sys.stderr)
    print(f"Page: {done.page}", file=sys.stderr)
