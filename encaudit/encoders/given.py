"""An encoder that is no file but an object of a running program: what is it, where is it, and is it left as it was?"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, TypeGuard

from torch import Tensor, nn
from torch.export import ExportedProgram

from encaudit.encoders.module import ModuleEncoder, encoder_of, put_on_device
from encaudit.encoders.onnx import session_encoder
from encaudit.encoders.returned import EXPECTED, described
from encaudit.encoders.scripted import exported_encoder
from encaudit.errors import InputError
from encaudit.types import Encoder


def opened_object(target: Any, name: str, device: str) -> Encoder:
    """Return an object as an encoder; an ``Encoder`` is taken as it is.

    Else an nn.Module (TorchScript too), a torch.export program, a session of onnxruntime, an object with ``encode``, or
    a function of images. A module is put on ``device`` and into evaluation mode: see ``left_as_it_was``. Raises
    InputError for anything else.
    """
    if inspect.isclass(target):
        raise InputError(f"{name} is a class; expected an encoder. Build one: {target.__name__}().")
    if is_encoder(target):
        return target
    if isinstance(target, ExportedProgram):
        return exported_encoder(name, target, device)
    if _is_session(target):
        return session_encoder(name, target)
    if not callable(target) and not callable(getattr(target, "encode", None)):
        raise InputError(f"{name} is {described(target)}; {EXPECTED}, a function, or the path of a checkpoint.")
    owner = owner_of(target)
    if owner is None or owner is target:
        return encoder_of(name, target, device)
    put_on_device(name, owner, device)  # a method is asked where its module is
    return ModuleEncoder(name, target, device)


def name_of(target: Any) -> str:
    """Return what an object is called in a report: where it, or its class, was defined."""
    named = target if hasattr(target, "__qualname__") else type(target)
    return f"{named.__module__}:{named.__qualname__}"


def is_encoder(target: Any) -> TypeGuard[Encoder]:
    """Whether an object is an Encoder of encaudit: its ``encode`` says that it takes an ImageBatch."""
    encode = getattr(target, "encode", None)
    if isinstance(target, nn.Module) or not callable(encode) or not hasattr(target, "latent_dim"):
        return False
    try:
        taken = inspect.signature(encode).parameters.values()
    except (TypeError, ValueError):  # built in: it has none
        return False
    return any("ImageBatch" in str(one.annotation) for one in taken)


def owner_of(target: Any) -> nn.Module | None:
    """Return the module that answers: the object itself, or the one whose method it is; None where nobody can say."""
    owner = target if isinstance(target, nn.Module) else getattr(target, "__self__", None)
    return owner if isinstance(owner, nn.Module) else None


def place_of(target: Any) -> str:
    """Return the device that an object is on, by its first parameter or buffer; the CPU where it has none."""
    if isinstance(target, ExportedProgram):
        tensors: Iterator[Tensor] = iter(target.state_dict.values())
    elif (owner := owner_of(target)) is not None:
        tensors = chain(owner.parameters(), owner.buffers())
    else:
        return str(getattr(target, "device", "cpu")) if is_encoder(target) else "cpu"
    first = next(tensors, None)
    return "cpu" if first is None else str(first.device)


@contextmanager
def left_as_it_was(target: Any) -> Iterator[None]:
    """Put a module back afterwards: training mode of every part, and the very tensors that it had, where they were."""
    owner = owner_of(target)
    if owner is None:
        yield
        return
    modes = [(part, part.training) for part in owner.modules()]
    gradients = [parameter.grad for parameter in owner.parameters() if parameter.grad is not None]
    tensors = [(tensor, tensor.data) for tensor in chain(owner.parameters(), gradients)]
    buffers = [(part, name, buffer) for part in owner.modules() for name, buffer in part.named_buffers(recurse=False)]
    try:
        yield
    finally:
        for tensor, data in tensors:
            if tensor.device != data.device:
                tensor.data = data
        for part, name, buffer in buffers:
            if getattr(part, name) is not buffer:
                setattr(part, name, buffer)
        for part, training in modes:
            if part.training != training:
                part.training = training


def _is_session(target: Any) -> bool:
    return all(callable(getattr(type(target), name, None)) for name in ("run", "get_inputs", "get_outputs"))
