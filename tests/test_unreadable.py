"""What the system will not read is refused in one sentence that names the file, whichever option it came by."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.images import open_stack
from encaudit.unreadable import one_line
from tests.images.written_stacks import numbered_images, write_ctf, write_mrcs, write_pickle, write_poses

SUFFIXES = ["mrcs", "star", "cs", "txt", "npy", "pt", "gz"]


def assert_refused(because: str, **options: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_stack(**options)
    assert because in str(caught.value), str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_name_too_long_of_images(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"{'x' * 300}.{suffix}"
    assert_refused(f"x.{suffix} cannot be read: File name too long.", images=path)


@pytest.mark.parametrize("option", ["poses", "ctf", "ind", "datadir"])
def test_a_name_too_long_of_what_goes_with_them(tmp_path: Path, option: str) -> None:
    stack = write_mrcs(tmp_path / "a.mrcs", numbered_images(3))
    path = tmp_path / f"{'x' * 300}.pkl"
    assert_refused("cannot be read: File name too long", images=stack, **{option: path})


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_images_without_permission(tmp_path: Path, suffix: str, deny: Callable[[Path], None]) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(bytes(2000))
    deny(path)
    assert_refused("a." + suffix, images=path)


@pytest.mark.parametrize("option", ["poses", "ctf", "ind"])
def test_what_goes_with_them_without_permission(tmp_path: Path, option: str, deny: Callable[[Path], None]) -> None:
    stack = write_mrcs(tmp_path / "a.mrcs", numbered_images(3))
    path = {"poses": write_poses, "ctf": write_ctf}.get(option, lambda path, n: write_pickle(path, list(range(n))))(
        tmp_path / "denied.pkl", 3
    )
    deny(path)
    assert_refused("Permission denied", images=stack, **{option: path})


def test_images_that_went_away_after_they_were_opened(tmp_path: Path) -> None:
    path = write_mrcs(tmp_path / "a.mrcs", numbered_images(3))
    stack = open_stack(path)
    path.unlink()
    with pytest.raises(InputError, match=r"a\.mrcs cannot be read: No such file or directory"):
        stack.read(np.arange(2))


@pytest.fixture
def deny(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Make the system refuse to open a file: its mode alone does not stop a test that runs as root."""
    import builtins
    import io

    opened = builtins.open

    def denied(path: Path) -> None:
        def refuse(file: object, *args: object, **kwargs: object) -> object:
            if str(file) == str(path):
                raise PermissionError(13, "Permission denied", str(path))
            return opened(file, *args, **kwargs)

        monkeypatch.setattr(builtins, "open", refuse)
        monkeypatch.setattr(io, "open", refuse)

    return denied


def test_what_a_library_says_is_brought_to_one_line() -> None:
    assert one_line(ValueError("a\n  b\tc ")) == "a b c"
    assert one_line(EOFError()) == "EOFError"
