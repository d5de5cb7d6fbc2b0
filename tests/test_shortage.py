"""A machine that cannot is told from a mistake of ours, in one sentence."""

import numpy as np
import pytest
import torch

from encaudit.encoders.module import ModuleEncoder
from encaudit.errors import MachineError
from encaudit.shortage import machine_permitting
from encaudit.types import ImageBatch

OF_CUDA = torch.OutOfMemoryError(
    "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.25 GiB of which 3.1 GiB is free."
)
GONE = (
    "CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously reported at some other API call"
)


def sentence_of(act) -> str:
    with pytest.raises(MachineError) as refused, machine_permitting(lambda: "Type --batch-size 8."):
        act()
    return str(refused.value)


def raising(error: Exception):
    def act() -> None:
        raise error

    return act


@pytest.mark.parametrize(
    ("act", "asked"),
    [
        (lambda: torch.empty(2**50), "4503599627370496 bytes"),
        (lambda: np.empty(2**58), "2.00 EiB"),
        (raising(RuntimeError("not enough memory: you tried to allocate 16777216 bytes.")), "16777216 bytes"),
    ],
    ids=["torch", "numpy", "another allocator"],
)
def test_a_lack_of_memory_says_how_much_and_what_to_type(act, asked: str) -> None:
    assert sentence_of(act) == f"Memory ran out ({asked} more were asked for). Type --batch-size 8."


def test_a_lack_of_memory_that_names_no_size() -> None:
    assert sentence_of(raising(MemoryError())) == "Memory ran out. Type --batch-size 8."


@pytest.mark.parametrize(
    ("error", "more"),
    [
        (OF_CUDA, " (20.00 GiB more were asked for)"),
        (RuntimeError("CUDA error: out of memory"), ""),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"), ""),
    ],
)
def test_the_memory_of_a_gpu_has_another_way_out(error: Exception, more: str) -> None:
    expected = f"The memory of the GPU ran out{more}. Type --batch-size 8. Or type --device cpu."
    assert sentence_of(raising(error)) == expected


@pytest.mark.parametrize(
    "said",
    [
        GONE,
        "CUDA error: device-side assert triggered",
        "CUDA error: unknown error",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "No CUDA GPUs are available",
    ],
)
def test_a_gpu_that_fails_is_named_with_the_way_out(said: str) -> None:
    sentence = sentence_of(raising(RuntimeError(said)))
    assert said.partition("\n")[0] in sentence
    assert "asynchronously" not in sentence
    assert "--device cpu" in sentence


@pytest.mark.parametrize("error", [RuntimeError("size mismatch"), ValueError("out of memory"), KeyError("x")])
def test_other_errors_are_left_alone(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, machine_permitting(lambda: ""):
        raise error
    assert raised.value is error


@pytest.mark.parametrize("act", [lambda: torch.empty(2**50), raising(OF_CUDA), raising(RuntimeError(GONE))])
def test_what_the_machine_raises_inside_the_users_code_is_not_put_down_to_it(act) -> None:
    encoder = ModuleEncoder("mine", lambda _: act())
    with pytest.raises(RuntimeError, match=r"allocate|launch failure"):
        encoder.encode(ImageBatch(torch.zeros(1, 2, 2), torch.zeros(1)))
