"""Public data sets by name: downloaded or copied once, checked against what their authors published, and kept."""

from collections.abc import Callable
from pathlib import Path

from encaudit.datasets import demo, empiar_10076, mnist
from encaudit.datasets.fetched import Fetched, OnProgress
from encaudit.errors import UnknownNameError

DATASETS: dict[str, Callable[[Path | None, Path | None, OnProgress], Fetched]] = {
    "mnist": mnist.fetch,
    "empiar-10076": empiar_10076.fetch,
    "demo": demo.fetch,
}

__all__ = ["DATASETS", "Fetched", "fetch"]


def fetch(name: str, *, source: Path | None, folder: Path | None, on_progress: OnProgress) -> Fetched:
    """Bring a data set into its folder, from the network or from the files in ``source``.

    ``folder``: where it goes, by default a folder in the cache. Raises ``InputError`` for whatever is missing, differs
    from what was published, or cannot be reached; nothing is left half-written.
    """
    if name not in DATASETS:
        raise UnknownNameError("data set", name, DATASETS)
    return DATASETS[name](source, folder, on_progress)
