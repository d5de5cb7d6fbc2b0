"""What opening an encoder gives."""

from dataclasses import dataclass
from pathlib import Path

from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from encaudit.types import Encoder


@dataclass(frozen=True)
class OpenedEncoder:
    """An encoder, what kind it is, and the file it came from (None for a module)."""

    encoder: Encoder
    kind: str
    checkpoint: Path | None


@dataclass(frozen=True)
class OpenedCryodrgn(OpenedEncoder):
    """A cryoDRGN encoder, which also knows where its configuration was."""

    config: CryodrgnConfig
    config_path: Path
