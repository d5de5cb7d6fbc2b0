"""From settings to a run on particles: images, network, what the encoder sees, and the folder it goes to."""

import os
import pickle
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from encaudit.encoders.cryodrgn import fresh_network
from encaudit.encoders.cryodrgn_config import CryodrgnConfig, ModelArgs
from encaudit.encoders.cryodrgn_frame import CryodrgnFrame
from encaudit.encoders.training_data import TrainingData
from encaudit.errors import InputError
from encaudit.images import CentredStack, ImageStack, open_stack
from encaudit.provenance import describe_images, describe_run
from encaudit.train.carrying_out import Run, Watcher
from encaudit.train.held_out import held_out_positions
from encaudit.train.loop import Schedule
from encaudit.train.particle_objective import ParticleObjective
from encaudit.train.particles import prepare
from encaudit.train.ranks import joined
from encaudit.train.run_folder import CONFIG, RunFolder
from encaudit.train.run_record import RunRecord
from encaudit.train.settings import Settings

IND = "ind.pkl"


def train_particles(
    settings: Settings,
    out: Path,
    *,
    command: Sequence[str],
    device: str,
    watcher: Watcher,
    resume: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> RunRecord:
    """Train a VAE, a lookup table or an evil twin on particles, and write its run folder.

    ``device`` is cpu or cuda; under torchrun every process calls this. Raises EncauditError for what the user can mend.
    """
    with joined(device) as ranks:
        watcher.stage("Reading the images", unit="images")
        source = _open(settings)
        stack = CentredStack(source)
        folder = RunFolder(out)
        if not resume and ranks.first:
            folder.create()
        ranks.wait()
        config = _config(settings, source)
        here = torch.device(device)
        model, lattice = fresh_network(config, settings.seed, here)
        frame = CryodrgnFrame(config, lattice, here)
        mask = lattice.get_circular_mask(config.box // 2)
        if model.enc_mask is None or not bool(mask[model.enc_mask].all()):  # the encoder sees more than the loss
            mask = torch.ones_like(mask)
        particles = prepare(stack, frame, mask, watcher.advance_to)
        objective = ParticleObjective(settings, model, frame, particles)
        held_out = held_out_positions(len(particles), settings.held_out, settings.seed, source.micrographs)
        rows = np.setdiff1d(np.arange(len(particles)), held_out)
        if ranks.first and not resume:
            _write_config(folder, settings, config, source, command)
        data = TrainingData(settings.images, settings.poses, settings.ctf, settings.ind, settings.datadir)
        about = describe_run(command, seed=settings.seed, device=device, transforms=())
        record = RunRecord(
            kind=settings.kind,
            data="particles",
            command=about["command"],
            options=settings.model_dump(mode="json"),
            seed=settings.seed,
            versions={"encaudit": about["encaudit"], **about["versions"]},
            device=device,
            processes=ranks.count,
            files=_files(describe_images(source, data, 0)),
            n=len(particles),
            n_mask=int(lattice.get_circular_mask(config.box // 2).sum()),
            beta=settings.kl_weight,
            held_out=particles.index[held_out].tolist() if len(held_out) else None,
        )
        schedule = Schedule(settings.epochs, settings.batch_size, settings.seed)
        run = Run(objective, rows, held_out, schedule, settings.checkpoint_every, folder, record, watcher, ranks, stop)
        return run.carry_out(resume=resume)


def _open(settings: Settings) -> ImageStack:
    return open_stack(
        settings.images,
        poses=settings.poses,
        ctf=settings.ctf,
        ind=settings.ind,
        n=settings.n,
        datadir=settings.datadir,
        seed=settings.seed,
    )


def _config(settings: Settings, source: ImageStack) -> CryodrgnConfig:
    """Return what cryoDRGN writes down of a run."""
    box = source.image_shape[-1]
    if len(source.image_shape) != 2 or box % 2:
        raise InputError(
            f"The images are {' x '.join(map(str, source.image_shape))} pixels; cryoDRGN takes square images of an "
            "even size. Bring them there with `cryodrgn downsample`."
        )
    if (settings.pe_type, settings.domain) == ("none", "fourier"):
        raise InputError("--pe-type none works with --domain hartley only: cryoDRGN's decoder takes no slices else.")
    chosen = settings.model_dump(mode="json")
    model = {name: chosen[name] for name in ModelArgs.model_fields if name in chosen}
    data = {name: chosen[name] for name in ("invert_data", "window", "window_r")}
    paths = {
        "particles": _absolute(settings.images),
        "poses": _absolute(settings.poses),
        "ctf": _absolute(settings.ctf),
    }
    return CryodrgnConfig.model_validate(
        {
            "dataset_args": {
                **data,
                **paths,
                "ind": _absolute(settings.ind),
                "datadir": _absolute(settings.datadir),
                "norm": settings.norm or _estimated_norm(settings, source),
            },
            "lattice_args": {"D": box + 1, "extent": 0.5, "ignore_DC": True},
            "model_args": model | {"enc_mask": settings.enc_mask or box // 2},
        }
    )


def _estimated_norm(settings: Settings, source: ImageStack) -> list[float]:
    """Return the norm as cryoDRGN's own data set estimates it, from its thousand images."""
    from cryodrgn.dataset import ImageDataset

    everything = np.array_equal(source.index, np.arange(source.rows.whole))
    data = ImageDataset(
        settings.images,
        lazy=True,
        invert_data=settings.invert_data,
        ind=None if everything else source.index,
        window=settings.window,
        datadir=settings.datadir,
        window_r=settings.window_r,
    )
    return list(data.norm)


def _write_config(
    folder: RunFolder, settings: Settings, config: CryodrgnConfig, source: ImageStack, command: Sequence[str]
) -> None:
    """Write config.yaml, and the rows of a run that is not on all of its stack."""
    from cryodrgn.config import save

    content = config.for_cryodrgn()
    content["dataset_args"] |= {"keepreal": False, "norm": list(config.dataset_args.norm)}
    if not np.array_equal(source.index, np.arange(source.rows.whole)):
        folder.write(IND, lambda path: path.write_bytes(pickle.dumps(source.index)))
        content["dataset_args"]["ind"] = _absolute(str(folder.path / IND))
    content |= {"seed": settings.seed, "version": version("cryodrgn")}
    content["cmd"] = ["encaudit", *command]
    if "--beta" not in command:  # what reads configs looks for it there
        content["cmd"] += ["--beta", str(settings.kl_weight)]
    folder.write(CONFIG, lambda path: save(content, str(path)))


def _files(described: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    images = {"path": described["path"], "sha256": described["sha256"]}
    return {"images": images, **{name: described[name] for name in ("poses", "ctf", "ind")}}


def _absolute(path: str | None) -> str | None:
    return None if path is None else os.path.abspath(path)
