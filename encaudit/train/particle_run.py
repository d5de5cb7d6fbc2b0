"""From settings to a run on particles: images, network, what the encoder sees, and the folder it goes to."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from encaudit.encoders.training_data import TrainingData
from encaudit.errors import InputError
from encaudit.images import ImageStack, open_stack
from encaudit.probe import ALONE, Ranks
from encaudit.provenance import describe_images, describe_run
from encaudit.shortage import machine_permitting
from encaudit.train.carrying_out import Run, Watcher
from encaudit.train.held_out import held_out_positions
from encaudit.train.loop import Schedule
from encaudit.train.particle_config import config_of, write_config
from encaudit.train.run_folder import RunFolder
from encaudit.train.run_record import RunRecord
from encaudit.train.settings import Settings
from encaudit.train.systems import build


def train_particles(
    settings: Settings,
    out: Path,
    *,
    command: Sequence[str],
    device: str,
    watcher: Watcher,
    ranks: Ranks = ALONE,
    before: RunRecord | None = None,
    stop: Callable[[], object] = lambda: None,
) -> RunRecord:
    """Train a VAE, a lookup table or an evil twin on particles, and write its run folder.

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
    settings: Settings,
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
    source = opened(settings)
    config = config_of(settings, source)
    held_out = held_out_positions(len(source), settings.held_out, settings.seed, source.micrographs)
    rows = np.setdiff1d(np.arange(len(source)), held_out)
    refuse_too_few(rows, settings.batch_size)
    objective = build(settings, config, source, torch.device(device), watcher.advance_to, held_out)
    precision = "float16 in the networks" if objective.amp else "float32"
    about = describe_run(command, seed=settings.seed, device=device, precision=precision, transforms=())
    record = RunRecord(
        kind=settings.kind,
        data="particles",
        command=about["command"],
        options=settings.model_dump(mode="json"),
        seed=settings.seed,
        versions={"encaudit": about["encaudit"], **about["versions"]},
        device=device,
        precision=precision,
        processes=ranks.count,
        files=_files(settings, source) if ranks.is_first else {},
        n=len(source),
        n_mask=objective.compared,
        beta=settings.kl_weight,
        held_out=source.index[held_out].tolist() if len(held_out) else None,
    )
    if ranks.is_first and before is not None and before.files != record.files:
        other = next(name for name, file in record.files.items() if before.files.get(name) != file)
        raise InputError(
            f"The {other} of {folder.path} have changed since the run began. Put them back, or train anew."
        )
    if ranks.is_first and before is None:
        folder.create()
    if ranks.is_first and not folder.goes_on(before):
        write_config(folder, settings, config, source, command)
        folder.write_record(record)  # from here on, a run that is killed can be begun again by --resume
    schedule = Schedule(settings.epochs, settings.batch_size, settings.seed)
    return Run(objective, rows, held_out, schedule, settings.checkpoint_every, folder, record, watcher, ranks)


def opened(settings: Settings) -> ImageStack:
    """Return the images of a run, as they are in the files."""
    return open_stack(
        settings.images,
        poses=settings.poses,
        ctf=settings.ctf,
        ind=settings.ind,
        n=settings.n,
        datadir=settings.datadir,
        seed=settings.seed,
    )


def refuse_too_few(rows: np.ndarray, batch_size: int) -> None:
    """Raise InputError where the images do not fill one batch."""
    if len(rows) < batch_size:
        raise InputError(
            f"There are {len(rows)} images to train on, fewer than the {batch_size} of one batch. Give more images, or "
            "a smaller --batch-size."
        )


def _files(settings: Settings, source: ImageStack) -> dict[str, dict[str, Any] | None]:
    data = TrainingData(settings.images, settings.poses, settings.ctf, settings.ind, settings.datadir)
    described = describe_images(source, data)
    images = {"path": described["path"], "sha256": described["sha256"]}
    return {"images": images, **{name: described[name] for name in ("poses", "ctf", "ind")}}
