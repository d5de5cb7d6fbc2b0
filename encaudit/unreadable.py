"""What the system or a library says about a file that cannot be read, as one sentence of ours."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from encaudit.errors import InputError


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Turn what the file system refuses (no permission, a name too long, a device) into an ``InputError``.

    The sentence names the file that was refused, and ``path`` where the system names none.
    """
    try:
        if Path(path).is_char_device():  # /dev/zero never ends
            raise InputError(f"{_shortened(path)} is a device; expected a file. Check the path.")
        yield
    except OSError as error:
        reason = error.strerror or one_line(error)
        raise InputError(
            f"{_shortened(error.filename or path)} cannot be read: {reason}. Check the path and its permissions."
        ) from error


def one_line(error: object) -> str:
    """Return what an exception says, as one line; its kind when it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


def where_raised(error: BaseException) -> str:
    """Return " (FILE, line N)" of the innermost line that is neither ours nor an installed library's; "" for none."""
    ours = str(Path(__file__).parent)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith((ours, "<")) and "site-packages" not in frame.filename:
            return f" ({frame.filename}, line {frame.lineno})"
    return ""


def plain(text: str) -> str:
    """Write what others named (files, transforms, reasons) in one line, without characters that steer a terminal."""
    flat = " ".join(text.split())
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in flat
    )


def _shortened(path: str | Path) -> str:
    name = str(path)
    return name if len(name) <= 300 else f"{name[:100]}...{name[-100:]}"
