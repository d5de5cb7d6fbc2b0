"""From what was typed to settings: cryoDRGN's defaults, below a preset or another run, below what was given."""

import os
import re
from collections.abc import Mapping
from typing import Any

from encaudit.encoders.training_data import NONE
from encaudit.errors import InputError, UnknownNameError
from encaudit.train.defaults import train_vae_defaults
from encaudit.train.like import Likeness
from encaudit.train.settings import PRESETS, Kind, Settings, checked

# Options that mean nothing to the other kinds; a default would hide the mistake.
_ONLY_FOR = {
    "vlt": ("init", "moments_from", "freeze", "table_lr"),
    "twin": ("twin", "twin_ctf"),
    "vae": ("augment", "consistency"),
}
EVERY = "all"  # for --ind: every row, although the other run was trained on some
_NOT_SETTINGS = ("beta_control", "do_pose_sgd")


def resolve(
    kind: Kind, given: Mapping[str, Any], *, preset: str | None = None, likeness: Likeness | None = None
) -> Settings:
    """Return the settings of a run; ``given`` are those that were typed, by the names of ``Settings``.

    ``likeness`` are those of another run. Raises InputError for what is missing, contradicts itself, or means nothing
    to this kind of run.
    """
    refuse_others(kind, given)
    if preset is not None and likeness is not None:
        raise InputError("--preset and --like both say how to train. Give one of them, and flags for what differs.")
    values = {name: value for name, value in train_vae_defaults().items() if name not in _NOT_SETTINGS}
    if likeness is not None:
        values |= likeness.settings
    if preset is not None:
        if preset not in PRESETS:
            raise UnknownNameError("preset", preset, PRESETS)
        values |= PRESETS[preset]
    values |= given
    for name, option in (("images", "--images PATH"), ("poses", "--poses PATH"), ("zdim", "--zdim N")):
        if values.get(name) is None or str(values[name]).lower() == NONE:
            raise InputError(_missing(name, option))
    if "ctf" not in values:
        raise InputError(
            "No CTF parameters were given. Give them with --ctf PATH, or say --ctf none for images that need no phases "
            "flipped."
        )
    settings = checked(absolute(values) | {"kind": kind})
    if settings.consistency and not settings.augment:
        raise InputError("--consistency asks how alike moved images are encoded. Say how moved: --augment roll,rotate.")
    return settings


def absolute(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with paths that hold from any folder, and None for what is said to be none."""
    changed = dict(values)
    for name in ("images", "poses", "ctf", "ind", "datadir"):
        if (path := changed.get(name)) is not None:
            changed[name] = None if path.lower() == (EVERY if name == "ind" else NONE) else os.path.abspath(path)
    return changed


def _missing(name: str, option: str) -> str:
    why = {
        "images": "There is nothing to train on",
        "poses": "The decoder needs to know from where each particle is seen",
        "zdim": "The number of latent dimensions has no default",
    }[name]
    return f"{why}. Give {option}, or --like CKPT for what another run had."


def layers(text: str | None, option: str) -> dict[str, int]:
    """Return layers and width of "3x256" under the names of cryoDRGN's arguments; nothing for None."""
    if text is None:
        return {}
    match = re.fullmatch(r"(\d{1,4})x(\d{1,6})", text)
    if match is None:
        raise InputError(f"{option} {text}: expected LAYERSxWIDTH, such as {option} 3x256.")
    names = {"--enc": ("qlayers", "qdim"), "--dec": ("players", "pdim")}[option]
    return dict(zip(names, (int(number) for number in match.groups()), strict=True))


def refuse_others(kind: str, given: Mapping[str, Any]) -> None:
    """Raise InputError for an option that means nothing to this kind of run."""
    for owner, names in _ONLY_FOR.items():
        for name in names:
            if owner != kind and name in given:
                option = "--" + name.replace("_", "-")
                raise InputError(f"{option} is for `encaudit train {owner}`, and this is {kind}. Leave it out.")
