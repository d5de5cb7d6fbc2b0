"""`encaudit select`: keep the images that keep their place."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def select(
    audit: Annotated[Path, typer.Argument(metavar="OUT", help="The folder that encaudit probe wrote.")],
    stable: Annotated[
        float,
        typer.Option(metavar="S", help="Keep images of at least this stability, from 0 (chance) to 1 (the best)."),
    ],
    ind: Annotated[
        Path | None, typer.Option(metavar="PKL", help="Write their stack rows, as cryoDRGN's --ind takes them.")
    ] = None,
    star: Annotated[Path | None, typer.Option(metavar="STAR", help="Write the .star of these images alone.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="CSV", help="Write their rows of particles.csv.")] = None,
    transform: Annotated[
        list[str] | None,
        typer.Option(
            "--transform",
            "-t",
            metavar="SPEC",
            help="Stable under this transform of the audit; repeatable. Default: under all of its probes.",
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(metavar="STAR", help="The .star that --star is a part of. Default: that of the audit."),
    ] = None,
) -> None:
    """Which images keep their place when they are moved?

    Stability is 1 - 2 x retrieval rank: 1 where no other image lies nearer to the moved latent, 0 from chance on. An
    image is kept when it is stable enough under every transform.
    """
    from encaudit.selecting import Outputs, choose, write_selection

    selection = choose(audit, stable, transform or ())
    outputs = Outputs(ind=ind, star=star, csv=csv, images=images)
    filtered = write_selection(selection, outputs)
    kept, by = len(selection.index), ", ".join(selection.by)
    print(
        f"Kept {kept:,} of {selection.audited:,} images: stability of at least {stable:g} under {by}.", file=sys.stderr
    )
    if not outputs.files:
        print("Nothing is written: name --ind, --star or --csv for that.", file=sys.stderr)
    for _, path in outputs.files:
        print(f"Written: {path}", file=sys.stderr)
    if filtered is None or star is None:
        return
    if filtered.said is not None:
        print(filtered.said, file=sys.stderr)
    folder = filtered.source.absolute().parent
    if star.absolute().parent != folder:
        print(
            f"Paths in {star} start from {folder}: pass that as --datadir. Poses and CTF are of "
            "the whole stack: take them anew from this one, or keep the stack and give --ind.",
            file=sys.stderr,
        )
