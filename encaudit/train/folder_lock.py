"""One process at a time in a run's folder: two would mix their files."""

import fcntl
from pathlib import Path
from typing import TextIO

from encaudit.errors import InputError

LOCK = ".lock"


class FolderLock:
    """A lock on a folder that ends with its process, however that ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: TextIO | None = None

    def take(self) -> None:
        """Keep others out until ``release``; InputError where another process is in, or nothing can be written."""
        if self._file is not None:
            return
        try:
            file = (self._folder / LOCK).open("w")
        except OSError as error:
            raise InputError(f"{self._folder} cannot be written to: {error.strerror}. Name another folder.") from None
        self._file = _locked(file, self._folder)

    def refuse_held(self) -> None:
        """Raise InputError where another process is in."""
        if (self._folder / LOCK).is_file():
            self.take()
            self.release()

    def release(self) -> None:
        """Let others in."""
        if self._file is not None:
            (self._folder / LOCK).unlink(missing_ok=True)
            self._file.close()
            self._file = None


def _locked(file: TextIO, folder: Path) -> TextIO:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise InputError(
            f"Another process is training in {folder}. Wait for its end, or name another folder with -o DIR."
        ) from None
    except OSError:
        pass  # a file system that knows no locks
    return file
