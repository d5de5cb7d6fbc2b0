"""What fetching a data set gives, and where data sets are kept."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

OnProgress = Callable[[str, int, int], None]  # what is on its way, bytes done, bytes in all


@dataclass(frozen=True)
class Fetched:
    """The files that are there now, and lines to tell: what they are, what is missing, what to type next."""

    files: tuple[Path, ...]
    lines: tuple[str, ...]


def cache_folder(name: str) -> Path:
    """Return where a data set is kept: under the user's cache of the operating system."""
    import pooch

    return Path(pooch.os_cache("encaudit")) / name
