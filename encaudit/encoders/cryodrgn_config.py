"""The configuration that cryoDRGN wrote when it trained: found, read, checked.

``config.yaml`` since 2.3; ``config.pkl`` (two pickles: settings, then meta data) in 1.x.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from encaudit.errors import InputError
from encaudit.pickles import load_plain


class LatticeArgs(BaseModel):
    """The Fourier grid: D is the box size plus one."""

    D: int = Field(ge=3)
    extent: float = 0.5
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
    norm: tuple[float, float]
    invert_data: bool = True
    window: bool = True
    window_r: float = 0.85
    do_pose_sgd: bool = False


class ModelArgs(BaseModel):
    """The architecture; 1.x wrote no activation, feat_sigma, pe_dim or tilt_params."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    qlayers: int
    qdim: int
    players: int
    pdim: int
    zdim: int = Field(ge=1)
    encode_mode: Literal["resid", "mlp", "conv", "tilt"]
    enc_mask: int | None = None
    pe_type: str = "linear_lowf"
    pe_dim: int | None = None
    domain: str = "fourier"
    activation: Literal["relu", "leaky_relu"] = "relu"
    feat_sigma: float | None = None
    tilt_params: dict[str, Any] = Field(default_factory=dict)


class CryodrgnConfig(BaseModel):
    """One training run's settings."""

    model_config = ConfigDict(protected_namespaces=())

    dataset_args: DatasetArgs
    lattice_args: LatticeArgs
    model_args: ModelArgs
    version: str | None = None

    @property
    def box(self) -> int:
        """The side of the images in pixels."""
        return self.lattice_args.D - 1

    @property
    def ntilts(self) -> int | None:
        """How many tilt images one latent is encoded from; None for single particles."""
        return int(self.model_args.tilt_params["ntilts"]) if self.model_args.encode_mode == "tilt" else None

    def for_cryodrgn(self) -> dict[str, Any]:
        """The settings as the dictionary that cryoDRGN's own loader takes."""
        return self.model_dump()


def find_config(checkpoint: Path) -> Path:
    """Find the config that belongs to a checkpoint: beside it, by cryoDRGN's names or by the checkpoint's own.

    ``het_weights.pkl`` goes with ``het_config.yaml``, ``weights.16.pkl`` with ``config.yaml``.
    """
    stem = checkpoint.name.split("weights")[0] if "weights" in checkpoint.name else ""
    names = dict.fromkeys([f"{stem}config.yaml", f"{stem}config.pkl", "config.yaml", "config.pkl"])
    for name in names:
        candidate = checkpoint.parent / name
        if candidate.is_file():
            return candidate
    raise InputError(
        f"No config beside {checkpoint}: looked for {', '.join(names)} in {checkpoint.parent}. "
        "Say where it is with --config PATH."
    )


def read_config(path: Path, *, trust_pickle: bool = False) -> CryodrgnConfig:
    """Read and check a config.yaml or config.pkl."""
    if not path.is_file():
        raise InputError(f"No config at {path}. Give the run's config.yaml or config.pkl with --config PATH.")
    raw = load_plain(path, trust=trust_pickle)[0] if path.suffix == ".pkl" else _read_yaml(path)
    if not isinstance(raw, Mapping) or "model_args" not in raw:
        raise InputError(
            f"{path} is not a config of `cryodrgn train_vae`: it has no model_args. "
            "Give the run's own config.yaml with --config PATH."
        )
    _refuse_other_models(path, raw)
    try:
        return CryodrgnConfig.model_validate(_plain(raw))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path}: {where}: {first['msg'].lower()}. Expected the config that `cryodrgn train_vae` wrote beside "
            "the checkpoint; name it with --config PATH."
        ) from None


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read as YAML ({reason}). Expected the config.yaml of the run.") from None


def _plain(value: Any) -> Any:
    """Turn numpy scalars and tensors-as-arrays of old configs into Python numbers."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def _refuse_other_models(path: Path, raw: Mapping[str, Any]) -> None:
    model = raw["model_args"]
    if isinstance(model, Mapping) and model.get("encode_mode") == "tilt":
        params = model.get("tilt_params") or {}
        if "ntilts" not in params:
            raise InputError(
                f"{path}: this is the tilt encoder of cryoDRGN 1.x/2.x (tilt pairs), another network than the one "
                "of 3.x and later, which encaudit reads. Retrain it with 3.x or later (`--encode-mode tilt`)."
            )
