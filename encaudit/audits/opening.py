"""From options to an encoder and the images that it is asked about."""

from dataclasses import asdict, dataclass

import numpy as np

from encaudit.audits.options import AuditOptions, Watcher
from encaudit.encoders import OpenedCryodrgn, OpenedEncoder, open_encoder
from encaudit.encoders.training_data import NONE, TrainingData, locate
from encaudit.errors import InputError
from encaudit.images import CentredStack, ImageStack, open_stack
from encaudit.images.metadata import Metadata, read_metadata
from encaudit.types import Stack

# What leakage is measured of without being told; see covariates.py.
MEASURED = ("pose", "defocus", "astigmatism", "contrast", "micrograph", "optics_group")


@dataclass(frozen=True)
class Subject:
    """What is audited: an encoder, and images; ``source`` is the stack as it is in the files.

    ``other`` is another training run of the encoder, None where none is given.
    """

    opened: OpenedEncoder
    other: OpenedEncoder | None
    data: TrainingData
    source: ImageStack
    stack: Stack
    metadata: Metadata | None

    @property
    def micrographs(self) -> np.ndarray | None:
        """The micrograph of each image, ``n``: what --metadata says, else what the stack's own table says."""
        told = None if self.metadata is None else self.metadata.micrograph
        return self.source.micrographs if told is None else told

    @property
    def sampled_together(self) -> np.ndarray | None:
        """What intervals and noise are grouped by, ``n``: micrographs; an image of an unknown one is alone.

        None where no micrograph is known.
        """
        names = self.micrographs
        if names is None or (names == "").all():
            return None
        unknown = np.flatnonzero(names == "")
        if not len(unknown):
            return names
        alone = np.array([f"\0{row}" for row in unknown])  # no name of a file
        together = names.astype(np.result_type(names, alone))
        together[unknown] = alone
        return together

    @property
    def optics_groups(self) -> np.ndarray | None:
        """The optics group of each image, ``n``, from the same places."""
        told = None if self.metadata is None else self.metadata.optics_group
        return self.source.optics_groups if told is None else told


def open_subject(options: AuditOptions, device: str, watcher: Watcher) -> Subject:
    """Open the checkpoint, and the images that are given or that its config names."""
    watcher.stage("Loading the encoder")
    opened = open_one(options, options.checkpoint, device)
    other = None if options.other_seed is None else open_one(options, options.other_seed, device)
    data = _data(options, opened)
    source = open_stack(
        data.particles,
        poses=data.poses,
        ctf=data.ctf,
        ind=data.ind,
        n=options.n,
        datadir=data.datadir,
        trust_pickle=options.trust_pickle,
        tilts=opened.config.ntilts if isinstance(opened, OpenedCryodrgn) else None,
    )
    stack = CentredStack(source) if isinstance(opened, OpenedCryodrgn) else source
    metadata = None if options.metadata is None else _metadata(options.metadata, source)
    return Subject(opened, other, data, source, stack, metadata)


def _metadata(path: str, source: ImageStack) -> Metadata:
    metadata = read_metadata(path, source.rows)
    taken = sorted(set(metadata.covariates) & set(MEASURED))
    if taken:
        raise InputError(
            f"{path} has a column {taken[0]}, the name of something that encaudit measures itself "
            f"({', '.join(MEASURED)}). Give the column another name."
        )
    return metadata


def open_one(options: AuditOptions, checkpoint: str, device: str) -> OpenedEncoder:
    """Open a checkpoint; the one that is audited goes with --config and --encoder."""
    audited = checkpoint == options.checkpoint
    return open_encoder(
        checkpoint,
        kind=options.encoder if audited else None,
        config=options.config if audited else None,
        device=device,
        trust_pickle=options.trust_pickle,
    )


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
