"""Are the values of a state dict weights: dense tensors of real numbers?"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def unusable_weight(state: Mapping[Any, Any]) -> str | None:
    """Return what the first value is that no network can load, as "name is ..."; None when all are weights."""
    for name, value in state.items():
        if not isinstance(name, str):
            return f"a parameter is named by a {type(name).__name__}"
        if not isinstance(value, Tensor):
            return f"{name} is a {type(value).__name__}"
        if value.is_nested or value.layout != torch.strided or value.is_meta:
            return f"{name} is a {'meta' if value.is_meta else 'sparse or nested'} tensor"
        if value.is_complex() or value.is_quantized:
            return f"{name} is a tensor of {str(value.dtype).removeprefix('torch.')}"
    return None
