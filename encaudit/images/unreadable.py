"""What the operating system or a library says about a file that cannot be read, as one sentence of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from encaudit.errors import InputError


@contextmanager
def refusing_unreadable(path: str | Path) -> Iterator[None]:
    """Raise ``InputError`` with the reason where the system refuses to read (no permission, a name too long, ...).

    The sentence names the file that was refused, and ``path`` where the system names none.
    """
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{error.filename or path} cannot be read: {one_line(error.strerror or error)}. "
            "Check the path and its permissions."
        ) from error


def one_line(error: object) -> str:
    """Return what an error says on one line, and its kind where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__
