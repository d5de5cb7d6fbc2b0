"""In which precision does the encoder compute? Set for as long as an audit lasts, and put back afterwards.

``float32`` multiplies in full, also on GPUs that would rather round (TF32); ``tf32`` lets CUDA devices round the
factors of each product to 10 bits; ``bf16`` runs the encoder, and nothing but the encoder, in bfloat16 (8 bits).
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

import torch

from encaudit.errors import InputError, UnknownNameError
from encaudit.symmetry import Symmetry
from encaudit.types import Encoder, ImageBatch, Posterior, SymmetricEncoder

PRECISIONS = ("float32", "tf32", "bf16")

_precision: ContextVar[str] = ContextVar("precision", default="float32")


def check_precision(precision: str, device: str) -> None:
    """Refuse what is no precision, or not one of this device."""
    if precision not in PRECISIONS:
        raise UnknownNameError("--precision", precision, PRECISIONS)
    if precision == "tf32" and not device.startswith("cuda"):
        raise InputError(
            f"--precision tf32 is a way in which CUDA devices multiply, and the device is {device}. "
            "Type --precision float32, or --device cuda."
        )


@contextmanager
def computing(precision: str) -> Iterator[None]:
    """Compute in this precision, and on CUDA always the same bits for the same batch; then as it was before.

    The Python interface runs in the user's process, so every switch of torch's that is touched is put back.
    """
    before = [(owner, name, value) for owner, name in _switches() if (value := _read(owner, name)) is not None]
    matmul = _read_matmul()
    token = _precision.set(precision)
    try:
        hold(precision)
        yield
    finally:
        _precision.reset(token)
        if matmul is not None:
            torch.set_float32_matmul_precision(matmul)
        for owner, name, value in before:
            setattr(owner, name, value)


def hold(precision: str) -> None:
    """Set the switches; within ``computing``, set them again, after the user's code had its way with them."""
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    full = precision != "tf32"
    torch.set_float32_matmul_precision("highest" if full else "high")
    torch.backends.cudnn.allow_tf32 = not full
    for owner, name in _switches():
        if name == "fp32_precision":  # torch 2.9 has both spellings, and complains where they disagree
            setattr(owner, name, "ieee" if full else "tf32")


def encode(encoder: Encoder, batch: ImageBatch) -> Posterior:
    """Return the posterior of each observation, computed in the precision that is set; the latents are float32."""
    with _as_set(encoder, batch):
        return _as_before(encoder.encode(batch))


def encode_symmetric(encoder: SymmetricEncoder, batch: ImageBatch, symmetries: Sequence[Symmetry]) -> list[Posterior]:
    """Return the posteriors of the observations after each symmetry, likewise."""
    with _as_set(encoder, batch):
        return [_as_before(found) for found in encoder.encode_symmetric(batch, symmetries)]


def _as_set(encoder: object, batch: ImageBatch) -> AbstractContextManager[Any]:
    if _precision.get() != "bf16":
        return nullcontext()
    device = torch.device(getattr(encoder, "device", batch.images.device))
    return torch.autocast(device.type, dtype=torch.bfloat16)


def _as_before(found: Posterior) -> Posterior:
    if _precision.get() != "bf16":
        return found
    return Posterior(found.mu.float(), None if found.logvar is None else found.logvar.float())


def _switches() -> list[tuple[Any, str]]:
    """Return the switches that are set here, those of torch 2.9 last: they have the last word."""
    backends: Any = torch.backends
    cudnn, matmul = backends.cudnn, backends.cuda.matmul
    found = [(cudnn, name) for name in ("deterministic", "benchmark", "allow_tf32")]
    if hasattr(matmul, "fp32_precision"):
        found += [(owner, "fp32_precision") for owner in (matmul, cudnn.conv, cudnn.rnn, backends.mkldnn.matmul)]
    return found


def _read(owner: Any, name: str) -> Any:
    """Return None for a switch that torch does not tell, because the user has set both of its spellings."""
    try:
        return getattr(owner, name)
    except RuntimeError:
        return None


def _read_matmul() -> str | None:
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return None
