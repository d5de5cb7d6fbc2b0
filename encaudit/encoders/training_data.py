"""Where the images of a cryoDRGN run are now.

A config names the files of the machine that trained. A path given on the command line wins; else the config's
path if it exists here; else a file of that name beside the checkpoint, the config, or one folder above.
"""

from dataclasses import dataclass
from pathlib import Path

from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from encaudit.errors import InputError
from encaudit.unreadable import reading

NONE = "none"


@dataclass(frozen=True)
class TrainingData:
    """The files of one run, as found on this machine; None where the run had none."""

    particles: str
    poses: str | None
    ctf: str | None
    ind: str | None
    datadir: str | None


def locate(
    config: CryodrgnConfig,
    near: list[Path],
    *,
    images: str | None = None,
    poses: str | None = None,
    ctf: str | None = None,
    ind: str | None = None,
    datadir: str | None = None,
) -> TrainingData:
    """Find every file that the encoder's input depends on; ``near`` are the checkpoint and the config.

    An option given as "none" says that there is none ("all" for ``ind``). What cannot be found raises, with the list of
    places looked at.
    """
    args = config.dataset_args
    particles = images or _find(args.particles, near, "images", "--images PATH")
    if particles is None:
        raise InputError("The config names no images. Give the particle stack with --images PATH.")
    return TrainingData(
        particles=particles,
        poses=_choose(poses, args.poses, near, "poses", "--poses PATH (or --poses none)"),
        ctf=_choose(ctf, args.ctf, near, "CTF parameters", "--ctf PATH (or --ctf none)"),
        ind=None if ind == "all" else _choose(ind, args.ind, near, "index file", "--ind PATH (or --ind all)"),
        datadir=datadir or (args.datadir if args.datadir and _is_folder(args.datadir) else None),
    )


def _is_folder(path: str) -> bool:
    with reading(path):
        return Path(path).is_dir()


def _choose(given: str | None, recorded: str | None, near: list[Path], what: str, option: str) -> str | None:
    if given is not None:
        return None if given.lower() == NONE else given
    return _find(recorded, near, what, option)


def _find(recorded: str | None, near: list[Path], what: str, option: str) -> str | None:
    if not recorded:
        return None
    name = Path(recorded.replace("\\", "/")).name
    folders = dict.fromkeys(place for file in near for place in (file.parent, file.parent.parent))
    candidates = [Path(recorded), *(folder / name for folder in folders)]
    for candidate in candidates:
        with reading(candidate):
            if candidate.is_file():
                return str(candidate)
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise InputError(f"The config's {what} are not on this machine: looked for {looked}. Say where with {option}.")
