"""What somebody else's encoder returned: latents, or what it was instead."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from encaudit.encoders.outputs import as_tensor, latents_in
from encaudit.errors import InputError
from encaudit.types import Posterior

EXPECTED = (
    "expected an object with encode(images) that returns mu, or (mu, logvar), of shape (b, d) for float32 images of "
    "shape (b, y, x) or (b, c, y, x); or an nn.Module whose forward does; or a dictionary or output that names them "
    "mu and logvar, latent_dist, pooler_output or last_hidden_state"
)


def checked_posterior(name: str, returned: Any, count: int, device: torch.device) -> Posterior:
    """Return what an encoder gave for ``count`` images as float32 latents; ``InputError`` for anything else."""
    found = latents_in(returned)
    parts = found if isinstance(found, tuple | list) else (found,)
    tensors = [as_tensor(part) for part in parts]
    if len(tensors) == 2 and tensors[1] is None:
        tensors.pop()
    if len(tensors) not in (1, 2) or not all(_are_latents(tensor, count) for tensor in tensors):
        raise InputError(f"{name} returned {described(returned)} for {count} images; {EXPECTED}.")
    if len(tensors) == 2 and tensors[0].shape != tensors[1].shape:
        raise InputError(
            f"{name} returned mu of shape {tuple(tensors[0].shape)} and logvar of shape {tuple(tensors[1].shape)}; "
            "expected one shape for both."
        )
    mu, *logvar = [tensor.detach().to(device, torch.float32) for tensor in tensors]
    return Posterior(mu, *logvar)


def _are_latents(value: Any, count: int) -> bool:
    return (
        isinstance(value, Tensor)
        and not value.is_nested
        and not value.is_meta
        and value.layout == torch.strided
        and value.ndim == 2
        and value.shape[0] == count
        and value.shape[1] > 0
        and value.is_floating_point()
    )


def described(value: Any) -> str:
    """Say what a value is, for the sentence that refuses it."""
    if isinstance(value, Mapping):
        return f"a {type(value).__name__} of {', '.join(map(repr, value)) or 'nothing'}"
    if isinstance(value, tuple | list):
        return f"({', '.join(described(part) for part in value)})"
    if isinstance(value, Tensor) and (value.is_nested or value.is_meta or value.layout != torch.strided):
        return "a tensor without values (meta)" if value.is_meta else "a sparse or nested tensor"
    if isinstance(value, Tensor | np.ndarray):
        return f"{type(value).__name__} of {str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"
