"""As many images at once as the cache of a CPU, or the memory of a GPU, holds."""

import pytest
import torch

from encaudit.probe.batch_size import images_at_once

GIB = 2**30


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch):
    """A GPU with so many bytes free, as torch tells of it."""

    def with_free(free: int) -> None:
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 80 * GIB))

    return with_free


@pytest.mark.parametrize(
    ("shape", "expected"), [((128, 128), 128), ((2048, 2048), 1), ((28, 28), 1024), ((41, 64, 64), 12)]
)
def test_a_cpu_gets_what_its_cache_holds(shape: tuple[int, ...], expected: int) -> None:
    assert images_at_once(shape, "cpu") == expected


@pytest.mark.parametrize(
    ("free", "shape", "expected"),
    [
        (78 * GIB, (128, 128), 4096),
        (78 * GIB, (28, 28), 4096),
        (78 * GIB, (256, 256), 2048),
        (8 * GIB, (256, 256), 256),
        (8 * GIB, (41, 128, 128), 16),
        (1 * GIB, (4096, 4096), 1),
        (0, (128, 128), 1),
    ],
)
def test_a_gpu_gets_what_its_memory_holds_with_room_to_spare(gpu, free: int, shape: tuple[int, ...], expected: int):
    gpu(free)
    found = images_at_once(shape, torch.device("cuda:0"))
    assert found == expected
    assert found == 1 or found * torch.Size(shape).numel() * 4 * 32 <= free / 4


def test_a_little_less_of_free_memory_changes_no_batch(gpu) -> None:
    gpu(30 * GIB)
    before = images_at_once((200, 200), "cuda")
    gpu(28 * GIB)
    assert images_at_once((200, 200), "cuda") == before
