"""An audit from end to end: open, encode, measure, lay out, decode, and put into one report."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from encaudit import findings, provenance
from encaudit.embedding import Layout, embed, overlay_measurements
from encaudit.encoders import OpenedCryodrgn, OpenedEncoder, open_encoder
from encaudit.encoders.saved_z import SavedZ, compare_saved_z
from encaudit.encoders.training_data import NONE, TrainingData, locate
from encaudit.errors import InputError
from encaudit.images import CentredStack, ImageStack, open_stack
from encaudit.metrics import measure
from encaudit.probe import encode_stack
from encaudit.results import Encodings, Report
from encaudit.transforms import DEFAULT_SPECS, SpecTransform, parse_transform
from encaudit.types import Decoder, Stack
from encaudit.volumes import VolumeStudy, compare_volumes

LABELLED = 10  # the paper's figures 10 and 11 label the first ten particles
MOST_MOVED = 3
LONGEST_SPEC = 150  # figures and volumes carry it in their file names


class Watcher(Protocol):
    """Whoever wants to know how far the audit is."""

    def stage(self, what: str, *, unit: str = "") -> None:
        """Begin a stage."""

    def advance_to(self, done: int, total: int) -> None:
        """Say how far the stage is."""

    def note(self, what: str) -> None:
        """Say what the stage is busy with."""


@dataclass(frozen=True)
class AuditOptions:
    """Everything that `encaudit probe` can be told; see its help."""

    checkpoint: str
    transforms: tuple[str, ...] = ()
    images: str | None = None
    poses: str | None = None
    ctf: str | None = None
    datadir: str | None = None
    ind: str | None = None
    n: int | None = None
    config: Path | None = None
    encoder: str | None = None
    trust_pickle: bool = False
    device: str = "auto"
    batch_size: str = "auto"
    seed: int = 0
    umap: bool = True
    umap_n: int = 20_000
    volumes: int = 6
    volume_box: int | None = None


@dataclass(frozen=True)
class Audit:
    """What an audit found: the report, and the arrays and pictures it stands on."""

    report: Report
    encodings: Encodings
    particles: dict[str, dict[str, np.ndarray]]
    layouts: list[Layout]
    volumes: VolumeStudy | None


def audit_checkpoint(options: AuditOptions, *, command: Sequence[str], watcher: Watcher) -> Audit:
    """Has this encoder learned something, or has it memorized its images? One audit, start to end.

    Raises EncauditError for anything the user can mend; writes nothing.
    """
    started = time.monotonic()
    _check(options)
    transforms = [parse_transform(spec) for spec in options.transforms]  # a misspelt name fails before anything loads
    longest = max((str(transform) for transform in transforms), key=len, default="")
    if len(longest) > LONGEST_SPEC:
        raise InputError(f"A transform of {len(longest)} characters names no file; expected at most {LONGEST_SPEC}.")
    device = _device(options.device)
    watcher.stage("Loading the encoder")
    opened = open_encoder(
        options.checkpoint,
        kind=options.encoder,
        config=options.config,
        device=device,
        trust_pickle=options.trust_pickle,
    )
    data = _data(options, opened)
    source = _source(options, opened, data)
    stack = CentredStack(source) if isinstance(opened, OpenedCryodrgn) else source
    transforms = transforms or _defaults(stack)

    watcher.stage("Encoding", unit="images")
    batch_size = None if options.batch_size == "auto" else int(options.batch_size)
    encodings = encode_stack(
        opened.encoder, stack, transforms, seed=options.seed, batch_size=batch_size, on_progress=watcher.advance_to
    )
    watcher.stage("Measuring")
    groups = _of_kept(source.micrographs, source.index, encodings.reference.index)
    measured = measure(encodings, seed=options.seed, groups=groups, on_progress=watcher.note)
    watcher.stage("Drawing the latent space")
    layouts = embed(
        encodings,
        seed=options.seed,
        umap=options.umap,
        umap_n=options.umap_n,
        labelled=np.arange(min(LABELLED, len(encodings.reference))),
        on_progress=watcher.note,
    )
    volumes = _volumes(options, opened, stack, encodings, watcher)

    watcher.stage("Hashing the images", unit="bytes")
    saved = _saved_z(opened, source, encodings)
    specs = [str(transform) for transform in transforms]
    record: dict[str, Any] = provenance.describe_run(command, seed=options.seed, device=device, transforms=specs)
    record["checkpoint"] = provenance.describe_encoder(opened, options.checkpoint)
    record["images"] = provenance.describe_images(stack, data, len(encodings.left_out), watcher.advance_to)
    record["saved_z"] = asdict(saved) if isinstance(saved, SavedZ) else saved
    record["duration_s"] = round(time.monotonic() - started, 2)
    report = Report(
        provenance=record,
        measurements=[
            *measured.measurements,
            *overlay_measurements(layouts),
            *(volumes.measurements if volumes is not None else []),
        ],
        findings=[
            *findings.of_the_images(encodings),
            *findings.of_the_latents(encodings, measured.measurements),
            *findings.of_the_saved_z(saved),
            *findings.of_the_checkpoint(opened, data, stack, options.volumes > 0),
        ],
    )
    return Audit(report, encodings, measured.particles, layouts, volumes)


def _check(options: AuditOptions) -> None:
    if options.batch_size != "auto" and not (options.batch_size.isdecimal() and int(options.batch_size) > 0):
        raise InputError(f"--batch-size {options.batch_size}: expected a positive number or auto.")
    for name in ("images", "poses", "ctf", "datadir", "ind"):
        if getattr(options, name) == "":
            raise InputError(f"--{name} is empty: expected a path. Leave the option out for the default.")
    if options.seed >= 2**63:
        raise InputError(f"--seed {options.seed}: expected a number below 2^63.")
    for name, value, least in (
        ("--seed", options.seed, 0),
        ("--umap-n", options.umap_n, 1),
        ("--volumes", options.volumes, 0),
    ):
        if value < least:
            raise InputError(f"{name} {value}: expected {least} or more.")
    if options.volume_box is not None and (options.volume_box < 6 or options.volume_box % 2):
        raise InputError(f"--volume-box {options.volume_box}: expected an even number of at least 6.")


def _device(asked: str) -> str:
    import torch

    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cpu":
        return asked
    if asked.split(":")[0] != "cuda":
        raise InputError(f"--device {asked}: expected auto, cpu or cuda.")
    if not torch.cuda.is_available():
        raise InputError(f"--device {asked}: this torch ({torch.__version__}) sees no CUDA device. Use --device cpu.")
    return asked


def _data(options: AuditOptions, opened: OpenedEncoder) -> TrainingData:
    if isinstance(opened, OpenedCryodrgn):
        assert opened.checkpoint is not None
        return locate(
            opened.config,
            [opened.checkpoint, opened.config_path],
            images=options.images,
            poses=options.poses,
            ctf=options.ctf,
            ind=options.ind,
            datadir=options.datadir,
        )
    if options.images is None:
        raise InputError(f"A {opened.kind} encoder names no images. Give them with --images PATH.")
    plain = {name: value for name, value in asdict(options).items() if name in ("poses", "ctf", "datadir")}
    given = {name: None if value is not None and value.lower() == NONE else value for name, value in plain.items()}
    return TrainingData(particles=options.images, ind=None if options.ind == "all" else options.ind, **given)


def _source(options: AuditOptions, opened: OpenedEncoder, data: TrainingData) -> ImageStack:
    return open_stack(
        data.particles,
        poses=data.poses,
        ctf=data.ctf,
        ind=data.ind,
        n=options.n,
        datadir=data.datadir,
        trust_pickle=options.trust_pickle,
        tilts=opened.config.ntilts if isinstance(opened, OpenedCryodrgn) else None,
    )


def _defaults(stack: Stack) -> list[SpecTransform]:
    """Return the default set; without metadata every frame of a rotation is the same, so one is enough."""
    specs: tuple[str, ...] = DEFAULT_SPECS
    if not stack.read(np.arange(1)).is_particle:
        specs = tuple(spec for spec in specs if "frame=" not in spec)
    return [parse_transform(spec) for spec in specs]


def _of_kept(values: np.ndarray | None, index: np.ndarray, kept: np.ndarray) -> np.ndarray | None:
    """Return the values of the images that were kept; ``values`` belong to ``index``."""
    return None if values is None else values[np.isin(index, kept)]


def _volumes(
    options: AuditOptions, opened: OpenedEncoder, stack: Stack, encodings: Encodings, watcher: Watcher
) -> VolumeStudy | None:
    if options.volumes == 0 or not isinstance(opened.encoder, Decoder):
        return None
    watcher.stage("Decoding volumes", unit="volumes")
    return compare_volumes(
        opened.encoder,
        encodings,
        labelled=options.volumes,
        most_moved=MOST_MOVED,
        box=options.volume_box,
        apix=stack.apix,
        image_size=stack.image_shape[-1],
        seed=options.seed,
        on_progress=watcher.advance_to,
    )


def _saved_z(opened: OpenedEncoder, source: ImageStack, encodings: Encodings) -> SavedZ | str | None:
    if not isinstance(opened, OpenedCryodrgn):
        return None
    assert opened.checkpoint is not None
    trained_on = source.kept if opened.config.dataset_args.ind else None
    return compare_saved_z(opened.checkpoint, encodings.reference.mu, encodings.reference.index, trained_on)
