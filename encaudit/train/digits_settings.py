"""Everything that decides a training run on images of digits, each with its value: what run.json records as options."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from encaudit.errors import InputError, UnknownNameError
from encaudit.train.resolving import refuse_others
from encaudit.train.settings import Kind, NotNegative, Positive

# Edelberg & Lederman 2025, figures 12 to 19: what the released code builds, and what the text says it builds.
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "paper-code": {"encoder_layers": (256, 256), "decoder_layers": (256, 256)},
    "paper-text": {"encoder_layers": (256, 256, 256), "decoder_layers": (256, 256)},
}


class DigitsSettings(BaseModel):
    """One run on images in [0, 1]; the defaults are those of the paper's MNIST experiments.

    - ``beta``: weight of the KL term against the summed cross-entropy.
    - ``shift``: pixels by which the images are rolled to the right before anything else, as in figures 14 to 17.
    - ``held_out``: the share of images that are not trained on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    images: str
    n: int | None = Field(None, ge=1)
    shift: int = Field(0, ge=-1000, le=1000)

    encoder_layers: tuple[int, ...] = (256, 256)
    decoder_layers: tuple[int, ...] = (256, 256)
    zdim: int = Field(2, ge=1, le=4096)

    epochs: int = Field(100, ge=1)
    batch_size: int = Field(128, ge=1)
    lr: Positive = 1e-2
    beta: NotNegative = 1.0
    seed: int = Field(0, ge=0, lt=2**63)
    held_out: FiniteFloat = Field(0.0, ge=0, lt=1)
    checkpoint_every: int = Field(100, ge=1)

    init: str = "zero"
    moments_from: str | None = None
    freeze: bool = False
    table_lr: Positive = 1e-2
    twin: Literal["permutation", "noise"] = "permutation"


def resolve_digits(kind: Kind, images: str, given: Mapping[str, Any], arch: str = "paper-code") -> DigitsSettings:
    """Return the settings of a run on digits; ``given`` are those that were typed, by the names of the settings.

    Layers and widths may have cryoDRGN's names, as for particles. Raises InputError for a value that cannot be, for
    options that mean nothing to this kind of run, and for those that belong to particles.
    """
    if arch not in ARCHITECTURES:
        raise UnknownNameError("architecture", arch, ARCHITECTURES)
    refuse_others(kind, given)
    values = dict(given)
    for ours, count, width in (("encoder_layers", "qlayers", "qdim"), ("decoder_layers", "players", "pdim")):
        if count in values:
            values[ours] = (values.pop(width),) * values.pop(count)
    foreign = sorted(set(values) - set(DigitsSettings.model_fields) - {"images"})
    if "images" in values or foreign:
        option = "--" + (foreign or ["images"])[0].replace("_", "-")
        raise InputError(f"{option} belongs to particles, and --dataset names images of digits. Leave one of them out.")
    return checked_digits(ARCHITECTURES[arch] | values | {"kind": kind, "images": images})


def checked_digits(values: dict[str, Any]) -> DigitsSettings:
    """Return the settings of these values; InputError naming the option whose value cannot be."""
    try:
        return DigitsSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0]).replace("_", "-")
        expected = first["msg"][0].lower() + first["msg"][1:]
        raise InputError(f"{option}: found {first['input']!r}; {expected}. Give another value for {option}.") from None
