"""`encaudit fetch`: bring a public data set here."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="mnist, empiar-10076 or demo.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FOLDER", help="Copy from this folder instead of the network; empiar-10076: check it."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where it goes. Default: a folder in your cache."),
    ] = None,
) -> None:
    """Bring a public data set here, checked against what its authors published.

    mnist: 11.6 MB. empiar-10076: poses, CTF and index (some 10 MB), and how to get the stack (54 GB), which is not
    downloaded. demo: simulated particles and scikit-learn's digits, made here without a network.
    """
    from encaudit.cli.progress import Progress
    from encaudit.datasets import fetch as fetched

    with Progress() as progress:
        progress.stage("Fetching", unit="B")

        def tell(what: str, done: int, total: int) -> None:
            progress.note(what)
            progress.advance_to(done, total)

        found = fetched(name, source=source, folder=output, on_progress=tell)
    for file in found.files:
        print(file, file=sys.stderr)
    for line in found.lines:
        print(line, file=sys.stderr)
