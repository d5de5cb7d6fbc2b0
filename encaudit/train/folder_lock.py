"""One process at a time in a run's folder: two would mix their files."""

import os
from pathlib import Path

from encaudit.errors import InputError

LOCK = ".encaudit-lock"


class FolderLock:
    """A lock on a folder that ends with its process, however that ends."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / LOCK
        self._held: int | None = None

    def take(self) -> None:
        """Keep others out until ``release``; InputError where another process is in, or nothing can be written."""
        while self._held is None:
            try:
                opened = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                raise InputError(
                    f"{self._folder} cannot be written to: {error.strerror}. Name another folder."
                ) from None
            if not _locked(opened):
                os.close(opened)
                raise self._in_use()
            if self._is_at_its_place(opened):
                self._held = opened
            else:  # whoever held it has removed it meanwhile: others lock the new one
                os.close(opened)

    def refuse_held(self) -> None:
        """Raise InputError where another process is in."""
        try:
            opened = os.open(self._path, os.O_RDWR)
        except OSError:
            return  # nobody is, or nobody could tell
        free = _locked(opened)
        os.close(opened)
        if not free:
            raise self._in_use()

    def release(self) -> None:
        """Let others in."""
        if self._held is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._held)
            self._held = None

    def _is_at_its_place(self, opened: int) -> bool:
        try:
            return os.path.samestat(os.fstat(opened), self._path.stat())
        except OSError:
            return False

    def _in_use(self) -> InputError:
        return InputError(
            f"Another process is training in {self._folder}. Wait for its end, or name another folder with -o DIR."
        )


def _locked(opened: int) -> bool:
    """Lock an open file; whether that could be done, or cannot be known."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system that knows no locks
    return True
