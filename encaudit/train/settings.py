"""Everything that decides a training run on particles, each with its value: what run.json records as options."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from encaudit.errors import InputError

Kind = Literal["vae", "vlt", "twin"]
Positive = Annotated[FiniteFloat, Field(gt=0)]
NotNegative = Annotated[FiniteFloat, Field(ge=0)]

# The paper's cryo-EM runs, in cryoDRGN's names (Edelberg & Lederman 2025, figure 3).
PAPER: dict[str, Any] = {
    "qlayers": 3,
    "qdim": 256,
    "players": 3,
    "pdim": 256,
    "zdim": 8,
    "lr": 1e-4,
    "batch_size": 8,
    "epochs": 50,
    "pe_type": "geom_lowf",
    "amp": False,
}
PRESETS = {"paper": PAPER}

# How the options of the command line are spelled, where that is not the field's name.
SPELLED = {
    "images": "--images",
    "qlayers": "--enc",
    "qdim": "--enc",
    "players": "--dec",
    "pdim": "--dec",
}


class Settings(BaseModel):
    """One run on particles. The architecture, and what is done to images, have the names of cryoDRGN's own arguments.

    - ``beta``: weight of the KL term, None for cryoDRGN's 1/zdim.
    - ``norm``: what Hartley coefficients are divided by; None has cryoDRGN estimate it.
    - ``held_out``: the share of images that are not trained on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    images: str
    poses: str
    ctf: str | None
    ind: str | None = None
    datadir: str | None = None
    n: int | None = Field(None, ge=1)

    invert_data: bool
    window: bool
    window_r: FiniteFloat = Field(ge=0, le=0.99)
    norm: tuple[FiniteFloat, Positive] | None = None

    encode_mode: Literal["resid", "mlp"]
    qlayers: int = Field(ge=0, le=100)
    qdim: int = Field(ge=1, le=65536)
    enc_mask: int | None
    players: int = Field(ge=0, le=100)
    pdim: int = Field(ge=1, le=65536)
    zdim: int = Field(ge=1, le=4096)
    pe_type: Literal["geom_ft", "geom_full", "geom_lowf", "geom_nohighf", "linear_lowf", "gaussian", "none"]
    pe_dim: int | None = Field(ge=1)
    feat_sigma: Positive | None
    domain: Literal["fourier", "hartley"]
    activation: Literal["relu", "leaky_relu"]

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    lr: Positive
    wd: NotNegative
    beta: NotNegative | None = None
    amp: bool
    seed: int = Field(0, ge=0, lt=2**63)
    held_out: FiniteFloat = Field(0.0, ge=0, lt=1)
    checkpoint_every: int = Field(ge=1)

    init: str = "random"
    moments_from: str | None = None
    freeze: bool = False
    table_lr: Positive = 1e-2
    twin: Literal["permutation", "noise"] = "permutation"
    twin_ctf: Literal["own", "target", "none"] = "own"
    augment: tuple[str, ...] = ()
    consistency: NotNegative = 0.0

    @property
    def kl_weight(self) -> float:
        """Beta as it is used."""
        return 1 / self.zdim if self.beta is None else self.beta


def checked(values: dict[str, Any]) -> Settings:
    """Return the settings of these values; InputError naming the option whose value cannot be."""
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        option = SPELLED.get(name, "--" + name.replace("_", "-"))
        expected = first["msg"][0].lower() + first["msg"][1:]
        raise InputError(f"{option}: found {first['input']!r}; {expected}. Give another value for {option}.") from None
