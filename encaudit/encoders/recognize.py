"""What is this checkpoint? Told by its content, never by its name."""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from encaudit.encoders.onnx import looks_like_onnx
from encaudit.encoders.table import TABLE
from encaudit.errors import InputError, NoEncoderError
from encaudit.unreadable import reading

MODULE_PREFIX = "module:"
KINDS = ("cryodrgn", "vae", "table", "module", "torchscript", "exported", "onnx")

_TABLE_HELP = (
    "What can be audited is the table itself: its z.N.pkl is per-image by construction, so it answers 0 to every pixel "
    "transform. To audit an encoder, train one with `cryodrgn train_vae`."
)


def last_checkpoint(folder: Path) -> Path:
    """Return the last checkpoint of a cryoDRGN run folder: weights.pkl, else the highest weights.N.pkl."""
    with reading(folder):
        final = folder / "weights.pkl"
        if final.is_file():
            return final
        numbered = {
            int(match.group(1)): path
            for path in folder.glob("weights.*.pkl")
            if (match := re.fullmatch(r"weights\.(\d+)\.pkl", path.name))
        }
    if not numbered:
        raise InputError(
            f"No checkpoint in {folder}: looked for weights.pkl and weights.N.pkl. Name the checkpoint file itself."
        )
    return numbered[max(numbered)]


def program_kind(path: Path) -> str | None:
    """Return "torchscript", "exported" or "onnx" for the files that hold a program, None for anything else."""
    if looks_like_onnx(path) or path.suffix == ".onnx":
        return "onnx"  # a damaged one too: onnxruntime says what is wrong with it
    if not zipfile.is_zipfile(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):  # the last is zipfile's for odd archives
        return None  # a damaged archive: torch says what is wrong with it
    if any(re.search(r"(^|/)constants\.pkl$", name) for name in names) and any("/code/" in f"/{n}" for n in names):
        return "torchscript"
    if any(re.search(r"(^|/)(archive_format|serialized_exported_program\.json|models/[^/]+\.json)$", n) for n in names):
        return "exported"
    return None


def checkpoint_kind(path: Path, content: Any) -> str:
    """Return "cryodrgn", "vae" or "table" for a loaded checkpoint; raise for one that holds no latents, saying what."""
    if not isinstance(content, Mapping):
        raise InputError(
            f"{path} holds a {type(content).__name__}, not a checkpoint. Expected a cryoDRGN or encaudit checkpoint; "
            "for your own network write module:your.module:factory."
        )
    if "encaudit" in content:
        header = content["encaudit"]
        return TABLE if isinstance(header, Mapping) and header.get("kind") == TABLE else "vae"
    state = content.get("model_state_dict")
    if isinstance(state, Mapping):
        names = [str(name) for name in state]
        if not names:
            raise InputError(f"{path} holds an empty model_state_dict. Copy it again, or name another checkpoint.")
        _refuse_without_encoder(path, names)
        if any(name.startswith("encoder.") for name in names):
            return "cryodrgn"
        raise InputError(f"{path} holds a model without a part named encoder (first parameter: {names[0]}).")
    found = ", ".join(repr(key)[:40] for key in list(content)[:4]) or "nothing"
    raise InputError(
        f"{path} holds {found}, not the model_state_dict of a cryoDRGN checkpoint. "
        "For a bare state dict of your own network write module:your.module:factory."
    )


def _refuse_without_encoder(path: Path, names: list[str]) -> None:
    if any(name.startswith("hypervolume.") for name in names):
        if any(name.startswith(("conf_cnn.", "conf_regressor.", "conf_encoder.")) for name in names):
            raise NoEncoderError(
                f"{path} is a checkpoint of `cryodrgn abinit --use-conf-encoder`: its encoder is a convolutional "
                "network on real-space images that encaudit does not read. Wrap it: module:your.module:factory."
            )
        raise NoEncoderError(
            f"{path} is a checkpoint of `cryodrgn abinit`: it has no encoder, but a table of one latent per image. "
            f"{_TABLE_HELP}"
        )
    has_encoder = any(name.startswith("encoder.") for name in names)
    if not has_encoder and any(name.startswith(("decoder.", "main.", "rand_freqs")) for name in names):
        raise NoEncoderError(
            f"{path} is a checkpoint of `cryodrgn train_dec` or `train_nn`: it has a decoder but no encoder. "
            f"{_TABLE_HELP}"
        )
