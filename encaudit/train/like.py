"""How was another run trained? Its data, architecture and schedule, as settings for a run beside it."""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from encaudit.encoders.cryodrgn_config import CryodrgnConfig, find_config, read_config
from encaudit.encoders.recognize import last_checkpoint
from encaudit.encoders.training_data import locate
from encaudit.errors import InputError
from encaudit.train.defaults import train_vae_arguments
from encaudit.train.run_folder import RECORD, read_record
from encaudit.unreadable import reading

MODES = ("resid", "mlp")
# What only the command of a run says; the config holds the rest.
_OF_THE_COMMAND = ("epochs", "batch_size", "lr", "wd", "beta", "amp", "checkpoint_every")
_OF_THE_RECORD = (*_OF_THE_COMMAND, "held_out")


@dataclass(frozen=True)
class Likeness:
    """Settings that another run had, and ``notes`` on what it does not tell."""

    settings: dict[str, Any]
    notes: tuple[str, ...]


def like(checkpoint: str, *, given: dict[str, Any], config: Path | None = None) -> Likeness:
    """Read the config of a checkpoint or run folder, and find its images, poses and CTF on this machine.

    ``config`` is the one to read where it is not beside the checkpoint. ``given`` are settings that were typed, which
    win. Raises InputError for a run that cannot be trained again.
    """
    path = Path(checkpoint)
    with reading(path):
        path = last_checkpoint(path) if path.is_dir() else path
        if not path.is_file():
            raise InputError(f"--like {checkpoint}: there is no checkpoint. Name a weights file or a run folder.")
    if (path.parent / RECORD).is_file() and read_record(path.parent).data == "digits":
        raise InputError(
            f"--like {checkpoint} is a run on digits, and --like is of particles. For digits, name the images by "
            "--dataset and the nets by --arch."
        )
    config_path = config or find_config(path)
    settings_of = read_config(config_path)
    mode = settings_of.model_args.encode_mode
    if mode not in MODES:
        raise InputError(f"--like {checkpoint}: its encoder mode is {mode}; encaudit trains {' and '.join(MODES)}.")
    if settings_of.dataset_args.do_pose_sgd and "poses" not in given:
        raise InputError(
            f"--like {checkpoint}: the run refined its poses (--do-pose-sgd), and encaudit trains with given ones. Say "
            "which, with --poses PATH."
        )
    data = locate(
        settings_of,
        [path, config_path],
        **{name: given.get(name) for name in ("images", "poses", "ctf", "ind", "datadir")},
    )
    found: dict[str, Any] = {
        "images": data.particles,
        "poses": data.poses,
        "ctf": data.ctf,
        "ind": data.ind,
        "datadir": data.datadir,
        "norm": settings_of.dataset_args.norm,
        **{name: getattr(settings_of.dataset_args, name) for name in ("invert_data", "window", "window_r")},
        **settings_of.model_args.model_dump(exclude={"tilt_params"}),
    }
    schedule, notes = _schedule(checkpoint, path, settings_of, given)
    return Likeness({name: value for name, value in found.items() if name in _KNOWN} | schedule, notes)


_KNOWN = (
    *("images", "poses", "ctf", "ind", "datadir", "norm", "invert_data", "window", "window_r"),
    *("encode_mode", "qlayers", "qdim", "enc_mask", "players", "pdim", "zdim"),
    *("pe_type", "pe_dim", "feat_sigma", "domain", "activation"),
)


def _schedule(
    name: str, checkpoint: Path, config: CryodrgnConfig, given: dict[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what the run's record (ours) or command (cryoDRGN's) says of how it was trained."""
    if (checkpoint.parent / RECORD).is_file():
        options = read_record(checkpoint.parent).options
        return {one: options[one] for one in _OF_THE_RECORD if one in options}, ()
    told = _told(name, config.cmd)
    if told.pop("beta_control", None) is not None and "beta" not in given:
        raise InputError(f"--like {name}: it was trained towards a given KL (--beta-control). Give a weight by --beta.")
    if "beta" in told and "beta" not in given:
        try:
            told["beta"] = float(told["beta"])
        except ValueError:
            raise InputError(
                f"--like {name}: its --beta {told['beta']} is a schedule. Give a weight by --beta."
            ) from None
    schedule = {one: told[one] for one in _OF_THE_COMMAND if one in told}
    if schedule.get("checkpoint_every") == 0:  # cryoDRGN's word for none but the last
        del schedule["checkpoint_every"]
    installed = importlib.metadata.version("cryodrgn")
    open_ones = [one for one in ("epochs", "batch_size", "lr") if one not in schedule and one not in given]
    if not open_ones or (config.cmd and config.version == installed):
        return schedule, ()
    spelled = ", ".join("--" + one.replace("_", "-") for one in open_ones)
    by = f"cryoDRGN {config.version}" if config.version else "an older cryoDRGN"
    return schedule, (
        f"{config.path} was written by {by} and does not name {spelled}: taken are the defaults of the installed "
        f"{installed}, which may be others.",
    )


def _told(name: str, command: list[str] | None) -> dict[str, Any]:
    """Return what the words of a command say, in our names; nothing for no command."""
    words = command or []
    start = next((i for i, word in enumerate(words) if Path(word).name in ("train_vae", "train_vae.py")), None)
    if start is None:
        return {}
    try:
        return train_vae_arguments(words[start + 1 :], only_told=True)
    except InputError as error:
        raise InputError(
            f"--like {name}: the command in its config is not one of the installed cryoDRGN ({error}). Give the "
            "settings with --preset or flags instead."
        ) from None
