"""From settings to a run on digits: images, what the encoder sees, and the folder it goes to."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from encaudit.draws import normal
from encaudit.encoders.training_data import TrainingData
from encaudit.errors import InputError
from encaudit.images import ImageStack, open_stack
from encaudit.provenance import describe_images, describe_run
from encaudit.train.carrying_out import Run, Watcher
from encaudit.train.digits_objective import DigitsObjective
from encaudit.train.digits_settings import DigitsSettings
from encaudit.train.held_out import held_out_positions
from encaudit.train.loop import Schedule
from encaudit.train.ranks import joined
from encaudit.train.run_folder import RunFolder
from encaudit.train.run_record import RunRecord
from encaudit.train.table import LookupTable
from encaudit.transforms.twin import derangement
from encaudit.types import Posterior

ZERO_LOGVAR = -8.0  # of the paper's tables that start at zero


def train_digits(
    settings: DigitsSettings,
    out: Path,
    *,
    command: Sequence[str],
    device: str,
    watcher: Watcher,
    resume: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> RunRecord:
    """Train a VAE, a lookup table or an evil twin on images of digits, and write its run folder.

    ``device`` is cpu or cuda; under torchrun every process calls this. Raises EncauditError for what the user can mend.
    """
    with joined(device) as ranks:
        watcher.stage("Reading the images", unit="images")
        source = open_stack(settings.images, n=settings.n, seed=settings.seed)
        images = torch.roll(_in_unit_range(source), settings.shift, dims=-1)
        folder = RunFolder(out)
        if not resume and ranks.first:
            folder.create()
        ranks.wait()
        twins = _twins(settings, images, source) if settings.kind == "twin" else None
        table = LookupTable(_start(settings, len(images)), frozen=settings.freeze) if settings.kind == "vlt" else None
        objective = DigitsObjective(settings, images, source.index, torch.device(device), twins=twins, table=table)
        held_out = held_out_positions(len(images), settings.held_out, settings.seed)
        rows = np.setdiff1d(np.arange(len(images)), held_out)
        about = describe_run(command, seed=settings.seed, device=device, transforms=())
        described = describe_images(source, TrainingData(settings.images, None, None, None, None), 0)
        record = RunRecord(
            kind=settings.kind,
            data="digits",
            command=about["command"],
            options=settings.model_dump(mode="json"),
            seed=settings.seed,
            versions={"encaudit": about["encaudit"], **about["versions"]},
            device=device,
            processes=ranks.count,
            files={"images": {"path": described["path"], "sha256": described["sha256"]}},
            n=len(images),
            n_mask=images[0].numel(),
            beta=settings.beta,
            held_out=source.index[held_out].tolist() if len(held_out) else None,
        )
        schedule = Schedule(settings.epochs, settings.batch_size, settings.seed)
        run = Run(objective, rows, held_out, schedule, settings.checkpoint_every, folder, record, watcher, ranks, stop)
        return run.carry_out(resume=resume)


def _in_unit_range(source: ImageStack) -> Tensor:
    images = source.read(np.arange(len(source))).images
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 1):  # so written, it refuses NaN too
        raise InputError(
            f"{source.files[0]} has pixels from {low:.3g} to {high:.3g}; the likelihood is one of pixels in [0, 1]. "
            "Scale them, or give 8-bit images, which are scaled here."
        )
    return images


def _twins(settings: DigitsSettings, images: Tensor, source: ImageStack) -> Tensor:
    """Return what stands in the place of each image for the whole run: another image, or noise like the images."""
    if settings.twin == "permutation":
        return images[torch.from_numpy(derangement(len(images), settings.seed))]
    drawn = normal(torch.from_numpy(source.index), tuple(images.shape[1:]), settings.seed, "noise")
    return drawn * images.std(correction=0) + images.mean()


def _start(settings: DigitsSettings, n: int) -> Posterior:
    return Posterior(torch.zeros(n, settings.zdim), torch.full((n, settings.zdim), ZERO_LOGVAR))
