"""`encaudit train`: a VAE, a lookup table, or an evil twin on the same images."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from encaudit.cli.libraries import prepare_libraries
from encaudit.cli.train_digits import train_on_digits
from encaudit.cli.train_particles import train_on_particles
from encaudit.errors import InputError

Images = "Images"
Networks = "Networks"
Training = "Training"
Table = "Table (vlt)"
Twins = "Twins (twin)"
Remedy = "Remedy (vae)"


class Kind(StrEnum):
    """What takes the place of q(z|x)."""

    vae = "vae"
    vlt = "vlt"
    twin = "twin"


def train(
    kind: Annotated[
        Kind,
        typer.Argument(
            metavar="vae|vlt|twin",
            help="vae: an encoder; vlt: a lookup table in its place; twin: an encoder that is shown something else.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder of the run.")],
    images: Annotated[
        str | None, typer.Option(help="Particle stack (.mrcs .star .cs .txt).", rich_help_panel=Images)
    ] = None,
    poses: Annotated[str | None, typer.Option(help="poses.pkl of cryoDRGN.", rich_help_panel=Images)] = None,
    ctf: Annotated[str | None, typer.Option(help="ctf.pkl of cryoDRGN, or none.", rich_help_panel=Images)] = None,
    ind: Annotated[
        str | None, typer.Option(help="Index file: only these rows of the stack.", rich_help_panel=Images)
    ] = None,
    datadir: Annotated[
        str | None, typer.Option(help="Where the .mrcs files of a .star or .cs are.", rich_help_panel=Images)
    ] = None,
    n: Annotated[int | None, typer.Option("--n", help="Only the first N images.", rich_help_panel=Images)] = None,
    held_out: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Do not train on this share, by micrograph where known; its loss is in run.json.",
            rich_help_panel=Images,
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="mnist|digits|PATH",
            help="Images of digits instead of particles: MNIST (encaudit fetch mnist), scikit-learn's, or an IDX file "
            "or array, or a folder of MNIST's files.",
            rich_help_panel=Images,
        ),
    ] = None,
    shift: Annotated[
        int | None,
        typer.Option(metavar="PX", help="Roll the digits by PX to the right, wrapping.", rich_help_panel=Images),
    ] = None,
    arch: Annotated[
        str | None,
        typer.Option(
            help="Of digits: paper-code (two hidden layers of 256 in the encoder, default) or paper-text (three).",
            rich_help_panel=Networks,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="paper: the settings of the paper. Default: cryoDRGN's own.", rich_help_panel=Networks),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="CKPT",
            help="Images, networks and schedule of this run of cryoDRGN or encaudit; flags override.",
            rich_help_panel=Networks,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Config of the run that --like names, where it is not beside it.", rich_help_panel=Networks),
    ] = None,
    enc: Annotated[
        str | None, typer.Option(metavar="LAYERSxDIM", help="Encoder, such as 3x256.", rich_help_panel=Networks)
    ] = None,
    dec: Annotated[
        str | None, typer.Option(metavar="LAYERSxDIM", help="Decoder, such as 3x256.", rich_help_panel=Networks)
    ] = None,
    zdim: Annotated[int | None, typer.Option(help="Latent dimensions.", rich_help_panel=Networks)] = None,
    domain: Annotated[str | None, typer.Option(help="fourier or hartley.", rich_help_panel=Networks)] = None,
    pe_type: Annotated[
        str | None, typer.Option(help="Positional encoding, as in cryoDRGN.", rich_help_panel=Networks)
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="How often each image is seen.", rich_help_panel=Training)] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images in a step.", rich_help_panel=Training)] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate of Adam.", rich_help_panel=Training)] = None,
    beta: Annotated[
        float | None, typer.Option(help="Weight of the KL term. Default: 1/zdim.", rich_help_panel=Training)
    ] = None,
    amp: Annotated[
        bool | None, typer.Option("--amp/--no-amp", help="Mixed precision, on a GPU.", rich_help_panel=Training)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every draw.", rich_help_panel=Training)] = None,
    checkpoint_every: Annotated[
        int | None, typer.Option(metavar="EPOCHS", help="Write weights.N.pkl and z.N.pkl.", rich_help_panel=Training)
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in DIR, to the same bits.", rich_help_panel=Training)
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.", rich_help_panel=Training)] = "auto",
    init: Annotated[
        str | None,
        typer.Option(
            metavar="START",
            help="random, random:MU_MEAN,MU_STD,LOGVAR_MEAN,LOGVAR_STD, zero, pretrained:CKPT or permuted:CKPT.",
            rich_help_panel=Table,
        ),
    ] = None,
    moments_from: Annotated[
        str | None,
        typer.Option(
            metavar="CKPT",
            help="Random with the moments of this run's latents. Default: those of the paper.",
            rich_help_panel=Table,
        ),
    ] = None,
    freeze: Annotated[
        bool | None, typer.Option("--freeze", help="Train the decoder alone.", rich_help_panel=Table)
    ] = None,
    table_lr: Annotated[
        float | None, typer.Option(help="Learning rate of the table. Default: 0.01.", rich_help_panel=Table)
    ] = None,
    twin: Annotated[
        str | None,
        typer.Option(
            help="permutation (another image, default) or noise, the same in all epochs.", rich_help_panel=Twins
        ),
    ] = None,
    twin_ctf: Annotated[
        str | None,
        typer.Option(
            help="By whose CTF the twin's phases are flipped: own (default), target (the paper) or none.",
            rich_help_panel=Twins,
        ),
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(
            metavar="MOVES",
            help="roll, rotate or both (roll,rotate): the encoder sees moved images, the loss is against the images.",
            rich_help_panel=Remedy,
        ),
    ] = None,
    consistency: Annotated[
        float | None,
        typer.Option(
            metavar="LAMBDA",
            help="Add LAMBDA times KL(q(z|moved) || q(z|image)), weighed as the KL term.",
            rich_help_panel=Remedy,
        ),
    ] = None,
) -> None:
    """How would a lookup table, or an encoder that was shown other images, do on the same data?

    Trains with cryoDRGN's own networks and loss. The run folder is one of cryoDRGN's: its tools and encaudit probe
    read it. With --dataset, on images of digits, with the networks and the loss of the paper's MNIST experiments.
    """
    prepare_libraries()
    from encaudit.train.resolving import layers
    from encaudit.train.views import augmentations

    given: dict[str, Any] = {
        "images": images,
        "poses": poses,
        "ctf": ctf,
        "ind": ind,
        "datadir": datadir,
        "n": n,
        "held_out": held_out,
        **layers(enc, "--enc"),
        **layers(dec, "--dec"),
        "zdim": zdim,
        "domain": domain,
        "pe_type": pe_type,
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "beta": beta,
        "amp": amp,
        "seed": seed,
        "checkpoint_every": checkpoint_every,
        "init": init,
        "moments_from": moments_from,
        "freeze": freeze,
        "table_lr": table_lr,
        "twin": twin,
        "twin_ctf": twin_ctf,
        "augment": augmentations(augment),
        "consistency": consistency,
    }
    typed = {name: value for name, value in given.items() if value is not None}
    if dataset is not None:
        if config is not None:
            raise InputError("--config is of particles: it is the config of the run that --like names. Leave it out.")
        typed |= {"shift": shift} if shift is not None else {}
        train_on_digits(kind.value, dataset, typed, arch, preset or like, output, device, resume)
        return
    if arch is not None or shift is not None:
        raise InputError("--arch and --shift are of digits. Name these with --dataset mnist, digits or PATH.")
    if config is not None and like is None:
        raise InputError("--config is the config of the run that --like names. Give --like CKPT, or leave it out.")
    train_on_particles(kind.value, typed, preset, like, config, output, device, resume)
