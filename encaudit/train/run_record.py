"""run.json: what was trained, on what, and how the loss went."""

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field

SCHEMA: Literal[1] = 1


class LossTerms(BaseModel):
    """Means over images; ``kl`` in nats."""

    total: float
    reconstruction: float
    kl: float


class EpochRecord(BaseModel):
    """One epoch: the losses met while training, and those of the images held out, at its end."""

    epoch: int
    seconds: float
    train: LossTerms
    held_out: LossTerms | None = None


class Travel(BaseModel):
    """How far the rows of a table went from where they started: root mean square over rows and columns."""

    mu: float
    logvar: float


class RunRecord(BaseModel):
    """A training run.

    - ``data``: "particles" or "digits"; ``options`` are all that the run was given, defaults filled in.
    - ``files``: path and SHA-256 of what was read, None for what there was not.
    - ``n``: images of the run; ``n_mask``: points that the reconstruction is a mean over.
    - ``held_out``: the stack rows that were not trained on, None where all were.
    """

    schema_: Literal[1] = Field(default=SCHEMA, validation_alias="schema", serialization_alias="schema")
    kind: Literal["vae", "vlt", "twin"]
    data: Literal["particles", "digits"]
    command: str
    options: dict[str, Any]
    seed: int
    versions: dict[str, str | None]
    device: str
    precision: str = "float32"
    processes: int = 1
    files: dict[str, dict[str, Any] | None]
    n: int
    n_mask: int
    beta: float
    held_out: list[int] | None = None
    epochs: list[EpochRecord] = []
    travel: Travel | None = None
    finished: bool = False

    def to_log(self) -> str:
        """Return the text of run.log, from whose lines `cryodrgn analyze` reads the loss of each epoch."""
        lines = [self.command, f"cryoDRGN {self.versions.get('cryodrgn')}"]
        lines += [
            f"# =====> Epoch: {one.epoch} Average gen loss = {one.train.reconstruction:.6f}, KLD = {one.train.kl:.6f}, "
            f"total loss = {one.train.total:.6f}; Finished in {timedelta(seconds=one.seconds)}"
            for one in self.epochs
        ]
        return "\n".join(lines) + "\n"

    def to_json(self) -> str:
        """Return the text of run.json."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"
