"""The configuration that cryoDRGN wrote when it trained: found, read, checked.

``config.yaml`` since 2.3; ``config.pkl`` (two pickles: settings, then meta data) in 1.x.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    field_validator,
    model_validator,
)

from encaudit.errors import InputError
from encaudit.pickles import load_plain
from encaudit.unreadable import one_line, reading

Layers = Annotated[int, Field(ge=0, le=100)]
Width = Annotated[int, Field(ge=1, le=65536)]
_DEEPEST = 4  # section, value, list or tilt_params, and one to spare


class LatticeArgs(BaseModel):
    """The Fourier grid: D is the box size plus one."""

    D: int = Field(ge=3, le=4097)
    extent: FiniteFloat = Field(0.5, gt=0, le=0.5)
    ignore_DC: bool = True

    @field_validator("D")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("must be odd (the box size plus one)")
        return value


class DatasetArgs(BaseModel):
    """What was trained on, and how pixels were prepared."""

    particles: str | None = None
    poses: str | None = None
    ctf: str | None = None
    ind: str | None = None
    datadir: str | None = None
    norm: tuple[FiniteFloat, Annotated[FiniteFloat, Field(gt=0)]]
    invert_data: bool = True
    window: bool = True
    window_r: FiniteFloat = Field(0.85, ge=0, le=0.99)
    do_pose_sgd: bool = False


class TiltParams(BaseModel):
    """The second network of the tilt encoder, which joins what was seen in each tilt."""

    ntilts: int = Field(ge=1, le=4096)
    t_emb_dim: Width
    tlayers: Layers
    tdim: Width


class ModelArgs(BaseModel):
    """The architecture; 1.x wrote no activation, feat_sigma, pe_dim or tilt_params."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    qlayers: Layers
    qdim: Width
    players: Layers
    pdim: Width
    zdim: int = Field(ge=1, le=4096)
    encode_mode: Literal["resid", "mlp", "conv", "tilt"]
    enc_mask: Literal[-1] | Annotated[int, Field(ge=1)] | None = None
    pe_type: Literal["geom_ft", "geom_full", "geom_lowf", "geom_nohighf", "linear_lowf", "gaussian", "none"] = (
        "linear_lowf"
    )
    pe_dim: Width | None = None
    domain: Literal["fourier", "hartley"] = "fourier"
    activation: Literal["relu", "leaky_relu"] = "relu"
    feat_sigma: Annotated[FiniteFloat, Field(gt=0)] | None = None
    tilt_params: TiltParams | None = None

    @model_validator(mode="before")
    @classmethod
    def _tilt_params_only_where_used(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("encode_mode") != "tilt":
            return {name: value for name, value in values.items() if name != "tilt_params"}
        return values


class CryodrgnConfig(BaseModel):
    """One training run's settings."""

    model_config = ConfigDict(protected_namespaces=())

    dataset_args: DatasetArgs
    lattice_args: LatticeArgs
    model_args: ModelArgs
    version: str | None = None
    cmd: list[str] | None = Field(None, exclude=True)
    path: Path | None = Field(None, exclude=True)

    @property
    def box(self) -> int:
        """The side of the images in pixels."""
        return self.lattice_args.D - 1

    @property
    def ntilts(self) -> int | None:
        """How many tilt images one latent is encoded from; None for single particles."""
        tilts = self.model_args.tilt_params
        return None if tilts is None else tilts.ntilts

    def for_cryodrgn(self) -> dict[str, Any]:
        """The settings as the dictionary that cryoDRGN's own loader takes."""
        settings = self.model_dump()
        settings["model_args"]["tilt_params"] = settings["model_args"]["tilt_params"] or {}
        return settings


def find_config(checkpoint: Path) -> Path:
    """Find the config that belongs to a checkpoint: beside it, by cryoDRGN's names or by the checkpoint's own.

    ``het_weights.pkl`` goes with ``het_config.yaml``, ``weights.16.pkl`` with ``config.yaml``.
    """
    stem = checkpoint.name.split("weights")[0] if "weights" in checkpoint.name else ""
    names = dict.fromkeys([f"{stem}config.yaml", f"{stem}config.pkl", "config.yaml", "config.pkl"])
    for name in names:
        candidate = checkpoint.parent / name
        with reading(candidate):
            if candidate.is_file():
                return candidate
    raise InputError(
        f"No config beside {checkpoint}: looked for {', '.join(names)} in {checkpoint.parent}. "
        "Say where it is with --config PATH."
    )


def read_config(path: Path, *, trust_pickle: bool = False) -> CryodrgnConfig:
    """Read and check a config.yaml or config.pkl."""
    with reading(path):
        if not path.is_file():
            raise InputError(f"No config at {path}. Give the run's config.yaml or config.pkl with --config PATH.")
    raw, *others = load_plain(path, trust=trust_pickle) if path.suffix == ".pkl" else [_read_yaml(path)]
    if not isinstance(raw, Mapping) or "model_args" not in raw:
        raise InputError(
            f"{path} is not a config of `cryodrgn train_vae`: it has no model_args. "
            "Give the run's own config.yaml with --config PATH."
        )
    try:
        settings = {name: _plain(raw[name]) for name in ("dataset_args", "lattice_args", "model_args") if name in raw}
        _refuse_other_models(path, settings)
        version = raw.get("version")
        told = {"version": None if version is None else str(version), "cmd": _command([raw, *others]), "path": path}
        return CryodrgnConfig.model_validate(settings | told)
    except _NotPlain as error:
        raise InputError(
            f"{path}: {error}. Expected the config that `cryodrgn train_vae` wrote beside the checkpoint; name it with "
            "--config PATH."
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path}: {where}: {first['msg'].lower()}. Expected the config that `cryodrgn train_vae` wrote beside "
            "the checkpoint; name it with --config PATH."
        ) from None


def _command(sections: list[Any]) -> list[str] | None:
    """Return the command line of the training, which 1.x wrote in a second pickle; None where none is told."""
    told = [section["cmd"] for section in sections if isinstance(section, Mapping) and "cmd" in section]
    return told[0] if told and isinstance(told[0], list) and all(isinstance(word, str) for word in told[0]) else None


def _read_yaml(path: Path) -> Any:
    try:
        with reading(path):
            text = path.read_text(encoding="utf-8")
        return yaml.safe_load(text)
    except InputError:
        raise
    except Exception as error:  # no YAML, or a value that is none: month 13, lists within lists without end
        raise InputError(
            f"{path} cannot be read as YAML ({one_line(error)}). Expected the config.yaml of the run."
        ) from None


class _NotPlain(Exception):
    """A value of the config is not made of numbers and words."""


def _plain(value: Any, depth: int = 1) -> Any:
    """Turn numpy scalars and arrays of old configs into Python numbers and lists."""
    if depth > _DEEPEST:  # a YAML alias may hold itself, or one list a billion times
        raise _NotPlain("its settings are nested deeper than those of cryoDRGN")
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    try:
        if hasattr(value, "tolist"):
            return value.item() if np.size(value) == 1 else value.tolist()
    except Exception as error:
        raise _NotPlain(f"a {type(value).__name__} is no plain value ({one_line(error)})") from None
    return value


def _refuse_other_models(path: Path, raw: Mapping[str, Any]) -> None:
    model = raw["model_args"]
    if isinstance(model, Mapping) and model.get("encode_mode") == "tilt":
        params = model.get("tilt_params") or {}
        if isinstance(params, Mapping) and "ntilts" not in params:
            raise InputError(
                f"{path}: this is the tilt encoder of cryoDRGN 1.x/2.x (tilt pairs), another network than the one "
                "of 3.x and later, which encaudit reads. Retrain it with 3.x or later (`--encode-mode tilt`)."
            )
