"""Files that somebody published: from a copy or from the network, and both times what was published, to the bit."""

import gzip
import hashlib
import os
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from encaudit.datasets.fetched import OnProgress
from encaudit.errors import InputError
from encaudit.unreadable import one_line, reading

_GZIP_MAGIC = b"\x1f\x8b"
_SUFFIX = ".gz"


@dataclass(frozen=True)
class PublishedFile:
    """A file by its name, where it is to be had, and the checksum of its content, unpacked if it is packed.

    ``content``: ``md5:...``, or ``git:...`` for the name that git gives the content (SHA-1 of a header and the bytes).
    ``packed``: the checksum of the packed file as it comes over the network, where that is published too.
    """

    name: str
    urls: tuple[str, ...]
    content: str
    packed: str | None = None

    def is_published(self, path: Path) -> bool:
        """Whether a file holds what was published, packed or not."""
        return _checksum(unpacked(path), self.content) == self.content

    def found_in(self, folder: Path) -> Path | None:
        """Return the file in a folder, under its name or that of its unpacked form."""
        names = (self.name, self.name.removesuffix(_SUFFIX))
        return next((folder / name for name in names if (folder / name).is_file()), None)


def copy_published(files: tuple[PublishedFile, ...], source: Path, folder: Path) -> None:
    """Copy files from another folder: all of them, or none where one is missing or is not what was published."""
    if not source.is_dir():
        raise InputError(f"{source} is no folder; --from takes the folder that holds the files.")
    found = {file: path for file in files if (path := file.found_in(source)) is not None}
    missing = [file.name for file in files if file not in found]
    if missing:
        raise InputError(f"{source} lacks {', '.join(missing)} (packed or not). Copy what is missing into it.")
    for file, path in found.items():
        check_published(file, path)
    for file, path in found.items():
        content = path.read_bytes()
        if file.name.endswith(_SUFFIX) and not content.startswith(_GZIP_MAGIC):
            content = gzip.compress(content, mtime=0)
        _write(folder / file.name, content)


def download(file: PublishedFile, folder: Path, on_progress: OnProgress, otherwise: str) -> None:
    """Download a file into a folder, unless it is there already; from the first of its addresses that has it.

    ``otherwise`` says what to do where no address answers.
    """
    place = folder / file.name
    if place.is_file() and file.is_published(place):
        return
    import pooch
    from requests.exceptions import RequestException

    pooch.get_logger().setLevel("ERROR")  # it would name temporary files
    _make(folder)
    refused = []
    with tempfile.TemporaryDirectory(prefix=".encaudit-partial-", dir=folder) as scratch:
        for url in file.urls:
            reader = pooch.HTTPDownloader(progressbar=_Bar(file.name, on_progress))
            try:
                arrived = Path(pooch.retrieve(url, file.packed, fname=file.name, path=scratch, downloader=reader))
                check_published(file, arrived)
            except RequestException as error:
                refused.append(f"{url} ({_reason(error)})")
            except (ValueError, InputError):  # pooch raises the first where the packed file differs
                refused.append(f"{url} (what it sends is not what was published)")
            else:
                arrived.replace(place)
                return
    raise InputError(f"{file.name} could not be downloaded from {' or '.join(refused)}. {otherwise}")


def check_published(file: PublishedFile, path: Path) -> None:
    """Raise InputError for a file that is not what was published."""
    found = _checksum(unpacked(path), file.content)
    if found != file.content:
        raise InputError(
            f"{path} is not the published {file.name}: its content has {found}, expected {file.content}. "
            "It is cut off, damaged, or of another origin; copy or download it again."
        )


def unpacked(path: Path) -> bytes:
    """Return the content of a file, unpacked if it is packed."""
    with reading(path):
        content = path.read_bytes()
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path} cannot be unpacked ({one_line(error)}): it is cut off or damaged. Copy or download it again."
        ) from error


def _checksum(content: bytes, like: str) -> str:
    """Return the checksum of the kind that another one is of."""
    kind = like.partition(":")[0]
    if kind == "git":
        of_blob = b"blob %d\0" % len(content) + content
        return f"git:{hashlib.sha1(of_blob, usedforsecurity=False).hexdigest()}"
    return f"{kind}:{hashlib.new(kind, content, usedforsecurity=False).hexdigest()}"


def _write(path: Path, content: bytes) -> None:
    _make(path.parent)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        unfinished.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be written: {error.strerror}. Name another folder with -o DIR.")


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"it answers {response.status_code}"
    return "no answer in time" if "Timeout" in type(error).__name__ else "no connection"


class _Bar:
    """What pooch takes for a progress bar."""

    def __init__(self, name: str, on_progress: OnProgress) -> None:
        self.total, self._done = 0, 0
        self._name, self._on_progress = name, on_progress

    def update(self, more: int) -> None:
        self._done += more
        self._on_progress(self._name, min(self._done, self.total), self.total)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        """There is nothing to close."""
