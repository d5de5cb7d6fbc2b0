"""The user's own encoder: any Python object that turns images into latents, named as module:pkg.mod:factory.

What is named is imported and called: it is the user's code, run at the user's request.
"""

import copy
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from encaudit.errors import InputError
from encaudit.types import ImageBatch, Posterior

_EXPECTED = (
    "expected an object with encode(images) that returns mu, or (mu, logvar), of shape (b, d) for float32 images of "
    "shape (b, y, x) or (b, c, y, x); or an nn.Module whose forward does"
)


def load_module(spec: str, device: torch.device | str = "cpu") -> "ModuleEncoder":
    """Import ``pkg.mod:factory``, from the current folder too, and return what the factory builds as an encoder.

    The factory takes no arguments; a ready object is taken as it is. An nn.Module is put on ``device`` and into
    evaluation mode. The encoder has ``untrained(seed)`` where the object has it, or is an nn.Module that can draw all
    of its parameters anew. Raises ``InputError`` that says what was found in place of an encoder.
    """
    name, _, attribute = spec.partition(":")
    if not name or not attribute or ":" in attribute:
        raise InputError(f"{spec!r} names no encoder; expected pkg.mod:factory, such as my_network:build.")
    with _current_folder_first():
        target = _built(spec, _imported(spec, name, attribute))
    if isinstance(target, nn.Module):
        _put_on_device(spec, target, device)
    return _encoder_of(spec, target)


class ModuleEncoder:
    """An encoder made of the user's function; ``latent_dim`` is known from the first batch on."""

    latent_dim: int

    def __init__(self, name: str, function: Callable[[Tensor], Any]) -> None:
        self.name = name
        self._function = function

    def encode(self, batch: ImageBatch) -> Posterior:
        """Encode the pixels; what comes back is checked, and anything but latents raises ``InputError``."""
        images = batch.images.clone(memory_format=torch.contiguous_format)  # theirs to write into, ours to keep
        try:
            with torch.no_grad():
                returned = self._function(images)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            raise InputError(
                f"{self.name} raised {type(error).__name__}: {error} (for float32 images of shape "
                f"{tuple(batch.images.shape)})."
            ) from error
        posterior = checked_posterior(self.name, returned, len(batch), batch.images.device)
        dim = posterior.mu.shape[1]
        if dim != self.__dict__.setdefault("latent_dim", dim):
            raise InputError(f"{self.name} returned {dim} latents for this batch and {self.latent_dim} before.")
        return posterior


class RenewableModuleEncoder(ModuleEncoder):
    """A ``ModuleEncoder`` that can be had again with fresh weights."""

    def __init__(self, name: str, function: Callable[[Tensor], Any], renew: Callable[[int], Any]) -> None:
        super().__init__(name, function)
        self._renew = renew

    def untrained(self, seed: int) -> ModuleEncoder:
        """Return the same architecture with weights drawn from the seed."""
        return _encoder_of(f"{self.name} (untrained)", self._renew(seed))


def checked_posterior(name: str, returned: Any, count: int, device: torch.device) -> Posterior:
    """Return what an encoder gave for ``count`` images as float32 latents; ``InputError`` for anything else."""
    parts = returned if isinstance(returned, tuple | list) else (returned,)
    tensors = [torch.from_numpy(part) if isinstance(part, np.ndarray) else part for part in parts]
    if len(tensors) == 2 and tensors[1] is None:
        tensors.pop()
    if len(tensors) not in (1, 2) or not all(_are_latents(tensor, count) for tensor in tensors):
        raise InputError(f"{name} returned {_described(returned)} for {count} images; {_EXPECTED}.")
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
        and value.ndim == 2
        and value.shape[0] == count
        and value.shape[1] > 0
        and value.is_floating_point()
    )


def _described(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"({', '.join(_described(part) for part in value)})"
    if isinstance(value, Tensor | np.ndarray):
        return f"{type(value).__name__} of {str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"


@contextmanager
def _current_folder_first() -> Iterator[None]:
    """Find the user's modules here, as ``python -m`` would; afterwards here comes last, and shadows no library."""
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)
        if here not in sys.path:
            sys.path.append(here)


def _imported(spec: str, name: str, attribute: str) -> Any:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise InputError(f"{name} was found, but it imports {error.name}, which is not installed.") from error
        raise InputError(
            f"No module {name}, in {os.getcwd()} or installed. Start encaudit where {name.partition('.')[0]} is, or "
            "set PYTHONPATH."
        ) from error
    except Exception as error:
        raise InputError(f"Importing {name} raised {type(error).__name__}: {error}.") from error
    try:
        return attrgetter(attribute)(module)
    except AttributeError as error:
        raise InputError(f"{name} ({module.__file__}) has no {attribute}; check the name in module:{spec}.") from error


def _built(spec: str, target: Any) -> Any:
    """Call what is a factory; take what is an encoder already."""
    is_encoder = isinstance(target, nn.Module) or _has(target, "encode")
    if inspect.isclass(target) or not is_encoder:
        if not callable(target):
            raise InputError(f"{spec} is a {type(target).__name__}; {_EXPECTED}, or a function that builds one.")
        try:
            target = target()
        except Exception as error:
            raise InputError(
                f"{spec}() raised {type(error).__name__}: {error}. It is called without arguments."
            ) from error
    if not isinstance(target, nn.Module) and not _has(target, "encode"):
        raise InputError(f"{spec}() returned {_described(target)}; {_EXPECTED}.")
    return target


def _encoder_of(name: str, target: Any) -> ModuleEncoder:
    """Wrap an object with ``encode``, or a module with ``forward``; with the capability ``untrained`` where it can."""
    function = target.encode if _has(target, "encode") else target
    if not callable(function):
        raise InputError(f"{name} is {_described(target)}; {_EXPECTED}.")
    if _has(target, "untrained"):
        return RenewableModuleEncoder(name, function, target.untrained)
    if isinstance(target, nn.Module) and _can_reset(target):
        return RenewableModuleEncoder(name, function, partial(_reset, target))
    return ModuleEncoder(name, function)


def _has(target: Any, method: str) -> bool:
    return callable(getattr(target, method, None))


def _put_on_device(spec: str, module: nn.Module, device: torch.device | str) -> None:
    try:
        module.to(device).eval()
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"{spec} cannot be put on {device} ({error}). Try --device cpu.") from error


def _can_reset(module: nn.Module) -> bool:
    """Whether every part that owns parameters can draw them anew; half a fresh network would be no control."""
    owners = [part for part in module.modules() if any(True for _ in part.parameters(recurse=False))]
    return bool(owners) and all(_reset_of(part) for part in owners)


def _reset_of(module: nn.Module) -> Callable[[], None] | None:
    """Return the module's own initialization; torch's attention and transformer classes spell it with an underscore."""
    for name in ("reset_parameters", "_reset_parameters"):
        if _has(module, name):
            reset: Callable[[], None] = getattr(module, name)
            return reset
    return None


def _reset(module: nn.Module, seed: int) -> nn.Module:
    """Return a copy with every part initialized anew; drawn on the CPU, so that no device changes the numbers."""
    device = next(module.parameters()).device
    fresh = copy.deepcopy(module).cpu()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for part in fresh.modules():
            if reset := _reset_of(part):
                reset()
    return fresh.to(device).eval()
