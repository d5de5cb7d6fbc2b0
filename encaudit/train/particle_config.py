"""config.yaml of a run on particles, as cryoDRGN writes it, so that its tools and `encaudit probe` read the run."""

import os
import pickle
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from encaudit.encoders.cryodrgn_config import CryodrgnConfig, ModelArgs
from encaudit.errors import InputError
from encaudit.images import ImageStack
from encaudit.train.particles import refuse_not_finite
from encaudit.train.run_folder import CONFIG, IND, RunFolder
from encaudit.train.settings import Settings

READ_BY_CRYODRGN = (".mrcs", ".mrc", ".star", ".cs", ".txt")


def config_of(settings: Settings, source: ImageStack) -> CryodrgnConfig:
    """Return what cryoDRGN writes down of a run."""
    box = source.image_shape[-1]
    if len(source.image_shape) != 2 or box % 2:
        raise InputError(
            f"The images are {' x '.join(map(str, source.image_shape))} pixels; cryoDRGN takes square images of an "
            "even size. Bring them there with `cryodrgn downsample`."
        )
    if Path(settings.images).suffix not in READ_BY_CRYODRGN:
        raise InputError(
            f"{settings.images} cannot be trained on as particles: cryoDRGN reads {', '.join(READ_BY_CRYODRGN)}. Write "
            "one of these, or train on other images with --dataset PATH."
        )
    if settings.enc_mask is not None and settings.enc_mask > box // 2:
        raise InputError(
            f"The run of --like looks at images to a radius of {settings.enc_mask} pixels; those of {settings.images} "
            f"have a box of {box}. Give images of its box, or leave out --like."
        )
    if (settings.pe_type, settings.domain) == ("none", "fourier"):
        raise InputError("--pe-type none works with --domain hartley only: cryoDRGN's decoder takes no slices else.")
    chosen = settings.model_dump(mode="json")
    model = {name: chosen[name] for name in ModelArgs.model_fields if name in chosen}
    data = {name: chosen[name] for name in ("invert_data", "window", "window_r")}
    paths = {"particles": settings.images} | {name: chosen[name] for name in ("poses", "ctf", "ind", "datadir")}
    return CryodrgnConfig.model_validate(
        {
            "dataset_args": {
                **data,
                **paths,
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
    mean, std = data.norm
    if not (np.isfinite(std) and std > 0):
        refuse_not_finite(source)
        raise InputError(f"{settings.images} cannot be normalized: cryoDRGN finds a spread of {std:g} in its images.")
    return [mean, std]


def write_config(
    folder: RunFolder, settings: Settings, config: CryodrgnConfig, source: ImageStack, command: Sequence[str]
) -> None:
    """Write config.yaml, and the rows of a run that is not on all of its stack."""
    from cryodrgn.config import save

    content = config.for_cryodrgn()
    content["dataset_args"] |= {"keepreal": False, "norm": list(config.dataset_args.norm)}
    if not np.array_equal(source.index, np.arange(source.rows.whole)):
        folder.write(IND, lambda path: path.write_bytes(pickle.dumps(source.index)))
        content["dataset_args"]["ind"] = os.path.abspath(folder.path / IND)
    content |= {"seed": settings.seed, "version": version("cryodrgn")}
    content["cmd"] = ["encaudit", *command]
    if "--beta" not in command:  # what reads configs looks for it there
        content["cmd"] += ["--beta", str(settings.kl_weight)]
    folder.write(CONFIG, lambda path: save(content, str(path)))
