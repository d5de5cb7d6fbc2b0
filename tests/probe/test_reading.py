"""Batches arrive in order, read ahead, and on a GPU from pinned memory beside what it computes."""

import contextlib
import threading

import numpy as np
import pytest
import torch

from encaudit.probe.reading import read_ahead
from encaudit.types import ImageBatch


class Stack:
    """Ten tiny images, that say which of them were read, and by which thread."""

    index = np.arange(10) * 3
    image_shape = (2, 2)
    apix = None
    files = ()

    def __init__(self) -> None:
        self.read_in: list[str] = []
        self.reads: list[list[int]] = []

    def read(self, positions: np.ndarray) -> ImageBatch:
        self.read_in.append(threading.current_thread().name)
        self.reads.append(positions.tolist())
        images = torch.from_numpy(positions).float()[:, None, None].expand(-1, 2, 2)
        return ImageBatch(images, torch.from_numpy(self.index[positions]))


def in_batches(size: int) -> list[np.ndarray]:
    return [np.arange(start, min(start + size, 10)) for start in range(0, 10, size)]


def test_nothing_to_read_is_no_batch() -> None:
    assert list(read_ahead(Stack(), [])) == []


@pytest.mark.parametrize("size", [1, 3, 10, 64])
def test_every_image_comes_once_and_in_order(size: int) -> None:
    batches = list(read_ahead(Stack(), in_batches(size)))
    assert torch.cat([batch.index for batch in batches]).tolist() == list(range(0, 30, 3))
    assert {len(batch) for batch in batches[:-1]} <= {size}


def test_the_next_batch_is_asked_for_before_the_last_one_is_encoded_and_no_more() -> None:
    stack, batches = Stack(), None
    asked = threading.Event()
    read = stack.read

    def noticed(positions: np.ndarray) -> ImageBatch:
        found = read(positions)
        if positions[0] == 4:
            asked.set()
        return found

    stack.read = noticed
    batches = read_ahead(stack, in_batches(4))
    next(batches)
    assert asked.wait(5)
    assert stack.reads == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert threading.current_thread().name not in stack.read_in
    batches.close()


def test_a_batch_is_brought_to_its_device() -> None:
    assert {batch.images.device.type for batch in read_ahead(Stack(), in_batches(4), "meta")} == {"meta"}


def test_a_batch_that_cannot_be_read_says_so_where_it_is_asked_for() -> None:
    stack = Stack()
    stack.read = lambda _: 1 / 0
    with pytest.raises(ZeroDivisionError):
        next(read_ahead(stack, in_batches(4)))


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A GPU that only writes down what it is told, with torch's meta device in its place."""
    told: list[str] = []

    class Stream:
        def __init__(self, name: str) -> None:
            self.name = name

        def synchronize(self) -> None:
            told.append(f"wait for {self.name}")

    @contextlib.contextmanager
    def on(stream: Stream):
        told.append(f"on {stream.name}")
        yield
        told.append("on the default stream")

    to = ImageBatch.to

    def moved(batch: ImageBatch, device: torch.device | str, *, non_blocking: bool = False) -> ImageBatch:
        told.append(f"copy, {'without' if non_blocking else 'after'} waiting")
        return to(batch, "meta")

    monkeypatch.setattr(torch.cuda, "Stream", lambda _: Stream("copies"))
    monkeypatch.setattr(torch.cuda, "stream", on)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: Stream("encoder"))
    monkeypatch.setattr(ImageBatch, "pinned", lambda batch: told.append("pin") or batch)
    monkeypatch.setattr(ImageBatch, "to", moved)
    return told


def test_a_gpu_is_sent_pinned_memory_on_a_stream_of_its_own(gpu: list[str]) -> None:
    batches = list(read_ahead(Stack(), in_batches(5), "cuda"))
    assert [batch.images.device.type for batch in batches] == ["meta", "meta"]
    sent = ["on copies", "pin", "copy, without waiting", "on the default stream", "wait for copies"]
    assert [what for what in gpu if what != "wait for encoder"] == sent * 2


def test_memory_is_not_used_again_before_the_encoder_is_done_with_it(gpu: list[str]) -> None:
    list(read_ahead(Stack(), in_batches(4), "cuda"))
    third_copy = [place for place, what in enumerate(gpu) if what == "pin"][2]
    assert gpu[:third_copy].count("wait for encoder") == 2  # before the second was sent, and before the third


def test_a_pinned_batch_holds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "pin_memory", torch.Tensor.clone)
    batch = Stack().read(np.arange(3))
    assert torch.equal(batch.pinned().images, batch.images)
    assert torch.equal(batch.pinned().index, batch.index)
