"""The user's own encoder: any Python object that turns images into latents, named as module:pkg.mod:factory.

Or by its file, as module:path/to/file.py:factory. What is named is imported and called: it is the user's code, run at
the user's request.
"""

import copy
import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from encaudit.encoders.calling import function_of, with_channels
from encaudit.encoders.returned import EXPECTED, checked_posterior, described
from encaudit.encoders.their_code import their_code
from encaudit.encoders.their_module import found_first, imported, module_and_attribute
from encaudit.errors import InputError
from encaudit.types import ImageBatch, Posterior
from encaudit.unreadable import one_line


def load_module(spec: str, device: torch.device | str = "cpu") -> "ModuleEncoder":
    """Import ``pkg.mod:factory`` or ``file.py:factory``, and return what the factory builds as an encoder.

    The factory takes no arguments; a ready object is taken as it is. An nn.Module is put on ``device`` and into
    evaluation mode. The encoder has ``untrained(seed)`` where the object has it, or is an nn.Module that can draw all
    of its parameters anew. Raises ``InputError`` that says what was found in place of an encoder.
    """
    name, attribute = module_and_attribute(spec)
    with found_first(name):
        target = _built(spec, imported(name, attribute))
    return encoder_of(spec, target, device)


class ModuleEncoder:
    """An encoder made of the user's function; ``latent_dim`` is known from the first batch on.

    The function gets its images on ``device``, and with as many ``channels`` as are asked for; see ``with_channels``.
    """

    latent_dim: int
    channels: int | None = None
    advice: str = ""  # what to try where the function raises

    def __init__(self, name: str, function: Callable[[Tensor], Any], device: torch.device | str = "cpu") -> None:
        self.name = name
        self.device = torch.device(device)
        self._function = function
        self._known_from = "before"
        self._gives_logvar: bool | None = None

    def encode(self, batch: ImageBatch) -> Posterior:
        """Encode the pixels; what comes back is checked, and anything but latents raises ``InputError``."""
        # a copy, theirs to write into
        images = batch.images.to(self.device, copy=True, memory_format=torch.contiguous_format)
        images = with_channels(images, self.channels)
        advice = self.advice or _about_channels(images, self.channels)
        after = f" (for float32 images of shape {tuple(images.shape)}).{advice}"
        with their_code(self.name, after), torch.no_grad():
            returned = self._function(images)
        posterior = checked_posterior(self.name, returned, len(batch), batch.images.device)
        dim = posterior.mu.shape[1]
        if dim != self.__dict__.setdefault("latent_dim", dim):
            raise InputError(
                f"{self.name} returned {dim} latents for this batch and {self.latent_dim} {self._known_from}."
            )
        gives_logvar = posterior.logvar is not None
        if self._gives_logvar not in (None, gives_logvar):
            raise InputError(
                f"{self.name} returned {'a' if gives_logvar else 'no'} logvar for this batch and "
                f"{'none' if gives_logvar else 'one'} before; expected it for all images or for none."
            )
        self._gives_logvar = gives_logvar
        return posterior

    def with_latents_of(self, trained: "ModuleEncoder") -> Self:
        """Hold this encoder to the latent dimension of the trained one, where that is known; and to its channels."""
        self.channels = trained.channels
        if "latent_dim" in trained.__dict__:
            self.latent_dim = trained.latent_dim
            self._known_from = "when trained"
        return self


class RenewableModuleEncoder(ModuleEncoder):
    """A ``ModuleEncoder`` that can be had again with fresh weights."""

    def __init__(
        self,
        name: str,
        function: Callable[[Tensor], Any],
        renew: Callable[[int], Any],
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__(name, function, device)
        self._renew = renew

    def untrained(self, seed: int) -> ModuleEncoder:
        """Return the same architecture with weights drawn from the seed."""
        with their_code(f"{self.name}.untrained({seed})", ". It is called with the seed alone."):
            fresh = self._renew(seed)
        return encoder_of(f"{self.name} (untrained)", fresh, self.device).with_latents_of(self)


def _built(spec: str, target: Any) -> Any:
    """Call what is a factory; take what is an encoder already."""
    is_encoder = isinstance(target, nn.Module) or _has(target, "encode")
    if inspect.isclass(target) or not is_encoder:
        if not callable(target):
            raise InputError(f"{spec} is a {type(target).__name__}; {EXPECTED}, or a function that builds one.")
        with their_code(f"{spec}()", ". It is called without arguments."):
            target = target()
    if not isinstance(target, nn.Module) and not _has(target, "encode"):
        raise InputError(f"{spec}() returned {described(target)}; {EXPECTED}.")
    return target


def encoder_of(name: str, target: Any, device: torch.device | str) -> ModuleEncoder:
    """Wrap an object with ``encode``, a module with ``forward`` or any function; see ``function_of``.

    With the capability ``untrained`` where the object has it, or all parts of a module can be drawn anew.

    Only a module can be put on a device; any other object gets its images on the CPU.
    """
    if isinstance(target, nn.Module):
        if any(map(is_lazy, target.parameters())):
            raise InputError(f"{name} has parameters without values (lazy layers): nothing was learned. Load weights.")
        put_on_device(name, target, device)
    else:
        device = "cpu"
    function = function_of(target)
    if not callable(function):
        raise InputError(f"{name} is {described(target)}; {EXPECTED}.")
    encoder: ModuleEncoder
    if _has(target, "untrained"):
        encoder = RenewableModuleEncoder(name, function, target.untrained, device)
    elif isinstance(target, nn.Module) and _can_reset(target):
        encoder = RenewableModuleEncoder(name, function, partial(_reset, target), device)
    else:
        encoder = ModuleEncoder(name, function, device)
    encoder.advice = _about_type(target)
    return encoder


def _has(target: Any, method: str) -> bool:
    return callable(getattr(target, method, None))


def put_on_device(name: str, module: nn.Module, device: torch.device | str) -> None:
    """Put the user's module on a device and into evaluation mode; InputError where it cannot be moved."""
    try:
        module.to(device)
        with suppress(NotImplementedError):  # what torch.export made has no training mode, and says so
            module.eval()
    except Exception as error:
        raise InputError(f"{name} cannot be put on {device} ({one_line(error)}). Try --device cpu.") from error


def _about_type(target: Any) -> str:
    """Return what to do about a module whose parameters do not take the float32 images that it will be shown."""
    types = {one.dtype for one in target.parameters()} if isinstance(target, nn.Module) else set()
    other = next((one for one in types if one.is_floating_point and one != torch.float32), None)
    return "" if other is None else f" Its parameters are {str(other).removeprefix('torch.')}: convert it by .float()."


def _about_channels(images: Tensor, asked: int | None) -> str:
    """Return what to try where the network may want an axis of channels that grey images have not."""
    if asked is not None or images.ndim != 3:
        return ""
    return " If it takes images with an axis of channels, type --channels 1 or --channels 3."


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
    fresh = copy.deepcopy(module).cpu()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed % 2**63)  # torch takes no more bits
        for part in fresh.modules():
            if reset := _reset_of(part):
                reset()
    return fresh
