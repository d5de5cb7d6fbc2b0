"""Which device: one that is there, and for several processes a GPU each."""

import pytest
import torch

from encaudit.devices import chosen_device
from encaudit.errors import InputError
from encaudit.probe import ALONE, Ranks


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch):
    """A machine with so many GPUs; the list takes those that were made the default of their process."""

    def there(count: int) -> list[int]:
        made_default: list[int] = []
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "set_device", made_default.append)
        return made_default

    return there


@pytest.mark.parametrize(
    ("asked", "count", "device"),
    [("auto", 0, "cpu"), ("auto", 2, "cuda"), ("cpu", 2, "cpu"), ("cuda", 2, "cuda"), ("cuda:1", 2, "cuda:1")],
)
def test_alone(gpus, asked: str, count: int, device: str) -> None:
    gpus(count)
    assert chosen_device(asked, ALONE) == device


@pytest.mark.parametrize("asked", ["auto", "cuda"])
def test_each_process_of_a_machine_takes_the_gpu_of_its_number(gpus, asked: str) -> None:
    made_default = gpus(4)
    assert chosen_device(asked, Ranks(number=10, count=12, local=2)) == "cuda:2"
    assert made_default == [2]


def test_processes_may_share_the_cpu(gpus) -> None:
    gpus(0)
    assert chosen_device("auto", Ranks(3, 4, 3)) == "cpu"


@pytest.mark.parametrize(
    ("asked", "ranks", "said"),
    [
        ("cuda:2", ALONE, "2 CUDA devices"),
        ("cuda:one", ALONE, "expected auto, cpu or cuda"),
        ("tpu", ALONE, "expected auto, cpu or cuda"),
        ("auto", Ranks(2, 3, 2), "--nproc-per-node=2"),
        ("cuda", Ranks(2, 3, 2), "--nproc-per-node=2"),
        ("cuda:1", Ranks(0, 2, 0), "2 processes would share it"),
    ],
)
def test_a_device_that_is_not_there_is_refused(gpus, asked: str, ranks: Ranks, said: str) -> None:
    gpus(2)
    with pytest.raises(InputError, match=said):
        chosen_device(asked, ranks)
