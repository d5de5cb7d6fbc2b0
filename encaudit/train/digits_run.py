"""From settings to a run on digits: images, what the encoder sees, and the folder it goes to."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from encaudit.encoders.training_data import TrainingData
from encaudit.errors import InputError
from encaudit.images import ImageStack, open_stack
from encaudit.probe import ALONE, Ranks
from encaudit.provenance import describe_images, describe_run
from encaudit.shortage import machine_permitting
from encaudit.train.carrying_out import Run, Watcher
from encaudit.train.digits_objective import DigitsObjective
from encaudit.train.digits_settings import DigitsSettings
from encaudit.train.held_out import deranged_apart, held_out_positions
from encaudit.train.loop import Schedule
from encaudit.train.particle_run import refuse_too_few
from encaudit.train.run_folder import RunFolder
from encaudit.train.run_record import RunRecord
from encaudit.train.table import LookupTable
from encaudit.train.table_start import table_start
from encaudit.transforms import parse_transform


def train_digits(
    settings: DigitsSettings,
    out: Path,
    *,
    command: Sequence[str],
    device: str,
    watcher: Watcher,
    ranks: Ranks = ALONE,
    before: RunRecord | None = None,
    stop: Callable[[], object] = lambda: None,
) -> RunRecord:
    """Train a VAE, a lookup table or an evil twin on images of digits, and write its run folder.

    ``device`` is cpu or cuda; several ``ranks`` share each batch. ``before`` is the record of the run that this one
    goes on with. ``stop`` is asked after each batch whether to stop there, with a checkpoint. Raises EncauditError for
    what the user can mend.
    """
    fewer = max(1, settings.batch_size // 2)
    advice = f"Type --batch-size {fewer} (it was {settings.batch_size})."
    with machine_permitting(lambda: advice), RunFolder(out) as folder:
        with ranks.together():
            run = _prepared(settings, folder, command, device, watcher, ranks, before)
        run.stop = stop
        return run.carry_out(resume=folder.goes_on(before))


def _prepared(
    settings: DigitsSettings,
    folder: RunFolder,
    command: Sequence[str],
    device: str,
    watcher: Watcher,
    ranks: Ranks,
    before: RunRecord | None,
) -> Run:
    if ranks.is_first and before is None:
        folder.refuse_taken()
    elif ranks.is_first:
        folder.reopen()
    watcher.stage("Reading the images", unit="images")
    source = open_stack(settings.images, n=settings.n, seed=settings.seed)
    images = torch.roll(_in_unit_range(source), settings.shift, dims=-1)
    held_out = held_out_positions(len(images), settings.held_out, settings.seed)
    rows = np.setdiff1d(np.arange(len(images)), held_out)
    refuse_too_few(rows, settings.batch_size)
    twins = _twins(settings, images, source, held_out) if settings.kind == "twin" else None
    table = None
    if settings.kind == "vlt":
        start = table_start(settings.init, settings.moments_from, source, settings.zdim, settings.seed, device)
        table = LookupTable(start, frozen=settings.freeze)
    objective = DigitsObjective(settings, images, source.index, torch.device(device), twins=twins, table=table)
    about = describe_run(command, seed=settings.seed, device=device, precision="float32", transforms=())
    described = describe_images(source, TrainingData(settings.images, None, None, None, None))
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
    if before is not None and before.files != record.files:
        raise InputError(f"The images of {folder.path} have changed since the run began. Put them back, or train anew.")
    if ranks.is_first and before is None:
        folder.create()
    if ranks.is_first and not folder.goes_on(before):
        folder.write_record(record)  # from here on, a run that is killed can be begun again by --resume
    schedule = Schedule(settings.epochs, settings.batch_size, settings.seed)
    return Run(objective, rows, held_out, schedule, settings.checkpoint_every, folder, record, watcher, ranks)


def _in_unit_range(source: ImageStack) -> Tensor:
    images = source.read(np.arange(len(source))).images
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 1):  # so written, it refuses NaN too
        raise InputError(
            f"{source.files[0]} has pixels from {low:.3g} to {high:.3g}; the likelihood is one of pixels in [0, 1]. "
            "Scale them, or give 8-bit images, which are scaled here."
        )
    return images


def _twins(settings: DigitsSettings, images: Tensor, source: ImageStack, held_out: np.ndarray) -> Tensor:
    """Return what stands in the place of each image: another one, or the noise of `encaudit probe -t noise`."""
    twin_of = deranged_apart(len(images), held_out, settings.seed)  # may refuse, for noise too: it is exchanged later
    if settings.twin == "permutation":
        return images[torch.from_numpy(twin_of)]
    batch = source.read(np.arange(len(source))).with_(moments=source.moments)
    return parse_transform("noise")(batch, seed=settings.seed).images
