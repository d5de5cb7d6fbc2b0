"""Published files: the same bytes from a copy, packed or not, and from the network; nothing else is let in."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from encaudit.datasets.published import PublishedFile, copy_published, download
from encaudit.errors import InputError

CONTENT = b"what was published"
PACKED = gzip.compress(CONTENT, mtime=0)
NOWHERE = "http://127.0.0.1:9/"  # the discard port: nobody answers


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Give a server on this machine, and the folder that it shows."""
    shown = tmp_path / "mirror"
    shown.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(shown)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", shown
    server.shutdown()
    thread.join()
    server.server_close()


def published(*urls: str) -> PublishedFile:
    sums = (f"md5:{hashlib.md5(content).hexdigest()}" for content in (CONTENT, PACKED))
    return PublishedFile("digits.gz", tuple(f"{url}digits.gz" for url in urls), *sums)


def ignore(*_: object) -> None:
    pass


def test_a_packed_copy_is_taken_as_it_is_and_an_unpacked_one_is_packed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, content in (("digits", CONTENT), ("digits.gz", gzip.compress(CONTENT, 1, mtime=5))):
        (source / name).write_bytes(content)
        copy_published((published(),), source, tmp_path / name)
        assert gzip.decompress((tmp_path / name / "digits.gz").read_bytes()) == CONTENT
        (source / name).unlink()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"something else", "is not the published digits.gz"),
        (PACKED[:-9], "cannot be unpacked"),
        (None, "lacks digits.gz"),
    ],
)
def test_a_copy_that_is_not_what_was_published_is_refused(content: bytes | None, words: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    other = PublishedFile("first", (), f"md5:{hashlib.md5(b'1').hexdigest()}")
    (source / "first").write_bytes(b"1")
    if content is not None:
        (source / "digits.gz").write_bytes(content)
    with pytest.raises(InputError, match=words):
        copy_published((other, published()), source, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_download_goes_to_the_next_mirror_when_one_is_silent_lacks_it_or_sends_something_else(
    mirror: tuple[str, Path], tmp_path: Path
) -> None:
    url, shown = mirror
    (shown / "good").mkdir()
    (shown / "bad").mkdir()
    (shown / "good" / "digits.gz").write_bytes(PACKED)
    (shown / "bad" / "digits.gz").write_bytes(gzip.compress(b"other"))
    told: list[tuple[str, int, int]] = []
    file = published(NOWHERE, f"{url}missing/", f"{url}bad/", f"{url}good/")
    download(file, tmp_path / "to", lambda *how_far: told.append(how_far), "")
    assert (tmp_path / "to" / "digits.gz").read_bytes() == PACKED
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["digits.gz"]
    assert told[-1] == ("digits.gz", len(PACKED), len(PACKED))


def test_what_is_there_already_is_not_downloaded_again_unless_it_is_damaged(
    mirror: tuple[str, Path], tmp_path: Path
) -> None:
    url, shown = mirror
    (tmp_path / "digits.gz").write_bytes(PACKED)
    download(published(NOWHERE), tmp_path, ignore, "")
    (tmp_path / "digits.gz").write_bytes(b"damaged")
    (shown / "digits.gz").write_bytes(PACKED)
    download(published(url), tmp_path, ignore, "")
    assert (tmp_path / "digits.gz").read_bytes() == PACKED


def test_without_an_answer_each_address_is_named_with_its_reason_and_nothing_is_left(
    mirror: tuple[str, Path], tmp_path: Path
) -> None:
    url, shown = mirror
    (shown / "digits.gz").write_bytes(gzip.compress(b"other"))
    with pytest.raises(InputError) as refused:
        download(published(NOWHERE, f"{url}none/", url), tmp_path / "to", ignore, "Copy it.")
    said = str(refused.value)
    assert f"{NOWHERE}digits.gz (no connection)" in said
    assert "(it answers 404)" in said
    assert "(what it sends is not what was published)" in said
    assert said.endswith("Copy it.")
    assert list((tmp_path / "to").iterdir()) == []


def test_gits_own_name_of_a_content_is_a_checksum_too(tmp_path: Path) -> None:
    # as `printf 'hello' | git hash-object --stdin` prints it
    file = PublishedFile("hello", (), "git:b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0")
    (tmp_path / "hello").write_bytes(b"hello")
    assert file.is_published(tmp_path / "hello")
    (tmp_path / "hello").write_bytes(b"hello\n")
    assert not file.is_published(tmp_path / "hello")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "digits.gz").write_bytes(PACKED)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Name another folder with -o"):
        copy_published((published(),), tmp_path / "source", tmp_path / "file")
