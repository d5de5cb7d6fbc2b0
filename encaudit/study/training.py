"""A row's training run: started, gone on with, or found finished."""

import shutil
from pathlib import Path
from typing import Any

from encaudit.study.claims import BY_KEY
from encaudit.study.place import Place
from encaudit.study.tasks import Trained, TrainedDigits
from encaudit.train.digits_run import train_digits
from encaudit.train.digits_settings import resolve_digits
from encaudit.train.particle_run import train_particles
from encaudit.train.resolving import resolve
from encaudit.train.run_folder import RECORD, STATE, RunFolder, read_record
from encaudit.train.settings import Settings, checked

CHECKPOINTS = 3  # of a run, beside the last


def ensure_trained(key: str, place: Place) -> Path:
    """Return the folder of a row's run, trained to its end; where it was cut off, it goes on.

    Raises StoppedError when asked to stop, with a checkpoint written.
    """
    task, out = BY_KEY[key].task, place.run(key)
    if (out / RECORD).is_file() and read_record(out).finished:
        return out
    resume = (out / STATE).is_file()
    if out.exists() and not resume:
        RunFolder(out).refuse_held()
        shutil.rmtree(out)  # it was cut off before its first checkpoint
    told: dict[str, Any] = {"command": place.command, "device": place.device, "stop": place.stop}
    match task:
        case Trained():
            for name in BY_KEY:
                if f"{{{name}}}" in str(task.options):
                    ensure_trained(name, place)
            before = read_record(out) if resume else None
            settings = settings_of(task, place) if before is None else checked(before.options)
            train_particles(settings, out, watcher=place.watcher, before=before, **told)
        case TrainedDigits():
            before = read_record(out) if resume else None
            digits = resolve_digits(task.kind, place.data.digits, place.scale.digits | {"seed": place.seed})
            train_digits(digits, out, watcher=place.watcher, before=before, **told)
    return out


def settings_of(task: Trained, place: Place, **others: Any) -> Settings:
    """Return the settings of a run on particles at the scale of the study; ``others`` override."""
    runs = {name: str(place.run(name).absolute()) for name in BY_KEY}
    options = {
        name: value.format_map(runs) if isinstance(value, str) else value for name, value in task.options.items()
    }
    data = place.data
    moves = task.kind == "vlt" and not options.get("freeze")
    given: dict[str, Any] = {"images": data.images, "poses": data.poses, "ctf": data.ctf, "datadir": data.datadir}
    given |= {"table_lr": place.scale.table_lr if moves else None}
    given = {name: value for name, value in given.items() if value is not None}
    given |= place.scale.networks[task.size] | place.scale.training | options
    given |= {"seed": place.seed + task.seed_offset} | others
    settings = resolve(task.kind, given, preset="paper")
    return settings.model_copy(update={"checkpoint_every": max(1, settings.epochs // CHECKPOINTS)})
