"""`encaudit probe`: audit one encoder under a set of transforms."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from encaudit.cli.libraries import prepare_libraries
from encaudit.errors import InputError

Images = "Images"
Encoder = "Encoder"
Controls = "Controls"
Output = "Output"


def probe(
    checkpoint: Annotated[
        str,
        typer.Argument(
            metavar="CKPT",
            help="cryoDRGN weights file or run folder, encaudit checkpoint, TorchScript, torch.export or ONNX file, "
            "module:pkg.mod:factory, module:file.py:factory, or KIND:what of a plug-in.",
        ),
    ],
    transform: Annotated[
        list[str] | None,
        typer.Option(
            "--transform",
            "-t",
            metavar="SPEC",
            help="What to do to the images, for example roll1, rot90:frame=array, shift:dx=0.5, roll1+rot90. "
            "Repeatable. Default: roll1, rot90, rot90:frame=array, permutation, noise.",
        ),
    ] = None,
    images: Annotated[
        str | None,
        typer.Option(
            help="Particle stack (.mrcs .star .cs .txt), array (.npy .pt) or IDX. Default: what the config names.",
            rich_help_panel=Images,
        ),
    ] = None,
    poses: Annotated[str | None, typer.Option(help="poses.pkl of cryoDRGN, or none.", rich_help_panel=Images)] = None,
    ctf: Annotated[str | None, typer.Option(help="ctf.pkl of cryoDRGN, or none.", rich_help_panel=Images)] = None,
    datadir: Annotated[
        str | None, typer.Option(help="Where the .mrcs files of a .star or .cs are.", rich_help_panel=Images)
    ] = None,
    ind: Annotated[
        str | None,
        typer.Option(help="Index file: only these rows of the stack; all for every row.", rich_help_panel=Images),
    ] = None,
    n: Annotated[int | None, typer.Option(help="Only the first N images.", rich_help_panel=Images)] = None,
    metadata: Annotated[
        str | None,
        typer.Option(
            help="Table (.csv .star .cs) of micrograph, optics group and what else is known of each image.",
            rich_help_panel=Images,
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="config.yaml or config.pkl, when not beside CKPT.", rich_help_panel=Encoder)
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="cryodrgn, vae, table, module, torchscript, exported, onnx or a plug-in's; default: by content.",
            rich_help_panel=Encoder,
        ),
    ] = None,
    channels: Annotated[
        int | None,
        typer.Option(help="Show your own network N channels; grey images are repeated.", rich_help_panel=Encoder),
    ] = None,
    other_seed: Annotated[
        str | None,
        typer.Option(
            metavar="CKPT",
            help="The same network trained from another seed: how far apart do two runs put an image?",
            rich_help_panel=Encoder,
        ),
    ] = None,
    trust_pickle: Annotated[
        bool,
        typer.Option(
            "--trust-pickle", help="Load pickles that may run code. Only for files you made.", rich_help_panel=Encoder
        ),
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.", rich_help_panel=Encoder)] = "auto",
    precision: Annotated[
        str,
        typer.Option(
            help="float32, tf32 (CUDA) or bf16; what less than float32 costs is measured.", rich_help_panel=Encoder
        ),
    ] = "float32",
    batch_size: Annotated[
        str, typer.Option(metavar="N|auto", help="Images encoded at once.", rich_help_panel=Encoder)
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
    controls: Annotated[
        bool,
        typer.Option(
            "--controls/--no-controls",
            help="The controls beside every probe: covariant roll, permutation, noise, untrained, renoise.",
            rich_help_panel=Controls,
        ),
    ] = True,
    sample_n: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Images that the decoder is asked about (renoise, ELBO, calibration), and that doses are given to.",
            rich_help_panel=Controls,
        ),
    ] = 1_000,
    dose: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="roll or rotate: a curve over ever larger moves, with its half-life. Repeatable.",
            rich_help_panel=Controls,
        ),
    ] = None,
    grid: Annotated[
        int | None,
        typer.Option(metavar="PX", help="The worst case of all rolls of up to PX pixels.", rich_help_panel=Controls),
    ] = None,
    calibration: Annotated[
        str,
        typer.Option(
            metavar="Z",
            help="Simulation-based calibration at latents of the images' posterior (default), of the prior, or none.",
            rich_help_panel=Controls,
        ),
    ] = "posterior",
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Output folder; - prints the report as JSON. Default: CKPT's stem + .encaudit/, beside CKPT.",
            rich_help_panel=Output,
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Write into a folder that encaudit did not make.", rich_help_panel=Output),
    ] = False,
    no_umap: Annotated[
        bool, typer.Option("--no-umap", help="No UMAP; the overlay is the PCA alone.", rich_help_panel=Output)
    ] = False,
    umap_n: Annotated[
        int, typer.Option(help="Images in the UMAP, a seeded subsample above that.", rich_help_panel=Output)
    ] = 20_000,
    volumes: Annotated[
        int, typer.Option(metavar="N", help="Particles to decode into volumes; 0 for none.", rich_help_panel=Output)
    ] = 6,
    volume_box: Annotated[int | None, typer.Option(help="Decode at this smaller box.", rich_help_panel=Output)] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from the finished chunks of a run that was interrupted; from the start where there is none.",
            rich_help_panel=Output,
        ),
    ] = False,
) -> None:
    """Does the encoder give a harmlessly moved image the latent it gave the image?

    Encodes every image as it is and under each transform, and reports how far the latents move, between a floor (the
    image itself) and a ceiling (another image).
    """
    prepare_libraries()
    from encaudit.audits import AuditOptions, audit_checkpoint
    from encaudit.cli.interrupt import keeps_finished_parts_in
    from encaudit.cli.progress import Progress
    from encaudit.probe import joined
    from encaudit.report.console import print_report
    from encaudit.report.document import to_json
    from encaudit.report.folder import OutputFolder, default_folder

    if output == "":
        raise InputError("-o is empty: expected a folder, or - for standard output.")
    if output == "-" and resume:
        raise InputError("--resume needs an output folder, beside which finished chunks are kept. Name it with -o DIR.")
    options = AuditOptions(
        checkpoint=checkpoint,
        transforms=tuple(transform or ()),
        images=images,
        poses=poses,
        ctf=ctf,
        datadir=datadir,
        ind=ind,
        n=n,
        metadata=metadata,
        config=config,
        encoder=encoder,
        channels=channels,
        other_seed=other_seed,
        trust_pickle=trust_pickle,
        device=device,
        precision=precision,
        batch_size=batch_size,
        seed=seed,
        controls=controls,
        sample_n=sample_n,
        dose=tuple(dose or ()),
        grid=grid,
        calibration=calibration,
        umap=not no_umap,
        umap_n=umap_n,
        volumes=volumes,
        volume_box=volume_box,
        resume=resume,
    )
    with joined() as ranks:
        with ranks.together():
            folder = None if output == "-" else OutputFolder(Path(output or default_folder(checkpoint)), force=force)
        if folder is not None:
            keeps_finished_parts_in(folder.unfinished)
        # What other people's code prints goes to stderr: standard output is for the report.
        with Progress(shown=ranks.is_first) as progress, contextlib.redirect_stdout(sys.stderr):
            audit = audit_checkpoint(
                options,
                command=sys.argv[1:],
                watcher=progress,
                ranks=ranks,
                unfinished=None if folder is None else folder.unfinished,
            )
            page = None if audit is None or folder is None else folder.write(audit, progress)
        if audit is None:
            return
        if folder is None:
            to_stdout(to_json(audit.report))
        print_report(audit.report, page)


def to_stdout(text: str) -> None:
    """Print the text, whoever reads it."""
    try:
        print(text, flush=True)
    except OSError as error:
        # What is left in the buffer must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # `| head` has seen enough
            raise
