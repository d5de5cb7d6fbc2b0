"""Chunks: the stack divided once, finished ones kept on disk, and never taken for whole when they are not."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.probe import KeptChunks, Sample, divided, encode_stack, kept_in, take_up
from encaudit.probe import chunks as chunks_module
from encaudit.probe.chunks import digest_of, packed, unpacked
from encaudit.results import Encodings
from encaudit.transforms import parse_transform
from tests.probe.test_one_pass import ArrayStack, FirstPixels, images

FACTS = {"--seed": "3", "images": "24 of 6 x 6 pixels"}
BATCH, CHUNK = 3, 7  # two batches a chunk, four chunks of 24 images


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks_module, "IMAGES_A_CHUNK", CHUNK)


def stack() -> ArrayStack:
    pixels = images(24)
    pixels[6:12] = 1.0  # a whole chunk without a usable image
    pixels[14, 2, 2] = np.nan
    return ArrayStack(pixels, index=np.arange(24) * 10)


def encoded(observations: ArrayStack, kept: KeptChunks | None = None, **options: object) -> Encodings:
    sample = Sample(observations.index[[1, 20]], (parse_transform("mirror"),))
    specs = [parse_transform(spec) for spec in ("roll1", "noise", "permutation")]
    return encode_stack(
        FirstPixels(), observations, specs, seed=3, sample=sample, batch_size=BATCH, kept=kept, **options
    )


def assert_same(one: Encodings, other: Encodings) -> None:
    assert list(one.moved) == list(other.moved)
    for a, b in [(one.reference, other.reference), *((one.moved[spec], other.moved[spec]) for spec in one.moved)]:
        for field in ("mu", "logvar", "index"):
            np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
    assert one.left_out == other.left_out
    np.testing.assert_array_equal(one.contrast, other.contrast)


def keep(folder: Path, run: str = "this run") -> KeptChunks:
    return KeptChunks(folder, "audited", run)


def rows() -> list[np.ndarray]:
    return [stack().index[np.concatenate(batches)] for batches in divided(24, BATCH)]


def test_chunks_are_whole_batches_and_these_are_the_batches_of_the_undivided_stack() -> None:
    division = divided(20, 3)
    assert [len(chunk) for chunk in division] == [2, 2, 2, 1]
    batches = [batch for chunk in division for batch in chunk]
    np.testing.assert_array_equal(np.concatenate(batches), np.arange(20))
    assert [len(batch) for batch in batches] == [3] * 6 + [2]


def test_a_batch_larger_than_a_chunk_is_one() -> None:
    assert [len(chunk) for chunk in divided(40, 16)] == [1, 1, 1]


def test_chunks_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    found = encoded(stack())
    monkeypatch.setattr(chunks_module, "IMAGES_A_CHUNK", 10**6)
    assert_same(found, encoded(stack()))
    assert set(found.left_out) == {*range(60, 120, 10), 140}
    np.testing.assert_array_equal(found.moved["mirror"].index, [10, 200])


def test_what_is_kept_is_not_encoded_again_and_gives_the_same_bits(tmp_path: Path) -> None:
    whole = encoded(stack(), keep(tmp_path))
    (tmp_path / "audited.000002.npz").unlink()
    resumed, observations, seen = keep(tmp_path), stack(), []
    resumed.find(rows())
    assert sorted(resumed.finished) == [0, 1, 3]
    again = encoded(observations, resumed, on_progress=lambda done, total: seen.append((done, total)))
    assert_same(whole, again)
    assert seen == [(18, 24), (21, 24), (24, 24)]
    read_once = observations.reads - 1  # the sample for the moments reads all of them
    np.testing.assert_array_equal(np.flatnonzero(read_once), [0, *range(12, 18)])  # image 0: does it lack anything?


def cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]


def one_bit_flipped(content: bytes) -> bytes:
    place = content.index(b"reference/mu.npy") + 200
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def of_another_run(content: bytes) -> bytes:
    return packed(unpacked(content) | {"run": np.array("another run")})


def of_another_place(content: bytes) -> bytes:
    return packed(unpacked(content) | {"chunk": np.array(1)})


def without_an_image(content: bytes) -> bytes:
    arrays = unpacked(content)
    lacking = {name: arrays[name][:-1] for name in arrays if name.startswith(("reference/", "contrast"))}
    return packed(arrays | lacking)


def without_a_latent(content: bytes) -> bytes:
    arrays = unpacked(content)
    return packed(arrays | {"roll1/mu": arrays["roll1/mu"][:-1]})


def empty(content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize(
    "damaged",
    [cut_off, one_bit_flipped, of_another_run, of_another_place, without_an_image, without_a_latent, empty],
)
def test_a_chunk_that_is_not_whole_and_ours_is_computed_anew(tmp_path: Path, damaged: Callable[[bytes], bytes]) -> None:
    whole = encoded(stack(), keep(tmp_path))
    path = tmp_path / "audited.000000.npz"
    path.write_bytes(damaged(path.read_bytes()))
    resumed = keep(tmp_path)
    resumed.find(rows())
    assert sorted(resumed.finished) == [1, 2, 3]
    assert_same(whole, encoded(stack(), resumed))


def test_a_file_that_was_being_written_is_no_chunk(tmp_path: Path) -> None:
    encoded(stack(), keep(tmp_path))
    (tmp_path / "audited.000000.npz").rename(tmp_path / "audited.000000.npz.partial")
    resumed = keep(tmp_path)
    resumed.find(rows())
    assert 0 not in resumed.finished
    encoded(stack(), resumed)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"audited.{number:06d}.npz" for number in range(4)]


def test_a_disk_that_takes_no_chunk_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be written.*--resume"):
        encoded(stack(), keep(tmp_path / "file"))


# The folder of an unfinished run.


def begun(folder: Path, facts: dict[str, str] = FACTS, kept: int = 0) -> None:
    assert take_up(folder, facts, 4, resume=False) is None
    chunks = keep(folder, digest_of(facts))
    for number in range(kept):
        chunks.write(number, {"a": np.zeros(1)})
    chunks.settle()


def test_a_run_that_is_not_resumed_drops_what_was_kept_and_says_so(tmp_path: Path) -> None:
    begun(tmp_path / "run", kept=3)
    assert kept_in(tmp_path / "run") == 3
    assert "3 of 4 chunks" in take_up(tmp_path / "run", FACTS | {"--seed": "4"}, 5, resume=False)
    assert kept_in(tmp_path / "run") == 0
    assert json.loads((tmp_path / "run" / "pass.json").read_text())["facts"]["--seed"] == "4"


def test_a_run_with_the_same_facts_is_resumed(tmp_path: Path) -> None:
    begun(tmp_path / "run", kept=3)
    assert take_up(tmp_path / "run", dict(reversed(FACTS.items())), 4, resume=True) is None
    assert kept_in(tmp_path / "run") == 3


def test_a_run_with_other_facts_is_refused_by_their_names_and_nothing_is_lost(tmp_path: Path) -> None:
    begun(tmp_path / "run", kept=3)
    with pytest.raises(InputError, match=r"--seed \(was 3, is 4\); --dose \(was none, is roll\)\. Give the same"):
        take_up(tmp_path / "run", FACTS | {"--seed": "4", "--dose": "roll"}, 4, resume=True)
    assert kept_in(tmp_path / "run") == 3


@pytest.mark.parametrize("spoilt", [None, b"", b"[]", b'{"facts": {}}', b'{"facts": [], "chunks": 1}', b"\xff"])
def test_without_a_run_to_resume_it_starts_from_the_beginning(tmp_path: Path, spoilt: bytes | None) -> None:
    if spoilt is not None:
        begun(tmp_path / "run", kept=2)
        (tmp_path / "run" / "pass.json").write_bytes(spoilt)
    said = take_up(tmp_path / "run", FACTS, 4, resume=True)
    assert "from the beginning" in said
    assert ("2 chunks" in said) == (spoilt is not None)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["pass.json"]


def test_a_run_too_small_to_keep_leaves_nothing(tmp_path: Path) -> None:
    assert take_up(tmp_path / "run", FACTS, 0, resume=False) is None
    assert not (tmp_path / "run").exists()
