"""Encoders saved as programs: TorchScript files, and torch.export's .pt2.

What loading them can do: TorchScript runs in torch's own interpreter, and loading it runs no Python and no pickle (the
program can still call any torch operation). torch.export's loader evaluates expressions of the file as Python, and
falls back to an unrestricted unpickler; so a .pt2 can run anything and is loaded only with ``trust``.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from encaudit.encoders.calling import function_of
from encaudit.encoders.module import ModuleEncoder
from encaudit.encoders.outputs import latents_in
from encaudit.errors import InputError, UnsafePickleError
from encaudit.unreadable import reading


def load_torchscript(path: str | Path, device: torch.device | str = "cpu") -> ModuleEncoder:
    """Load a TorchScript file whose ``encode``, or else ``forward``, returns mu or (mu, logvar) of images (b, y, x).

    Raises ``InputError`` for a file that torch cannot load.
    """
    _check_there(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch deprecates the format; the files live on
            program: Any = torch.jit.load(str(path), map_location=device)  # type: ignore[no-untyped-call]  # torch has no types here
            program.eval()
    except Exception as error:  # torch raises many kinds for a damaged file
        raise InputError(f"{path} cannot be loaded as TorchScript ({_first_line(error)}).") from error
    return ModuleEncoder(str(path), function_of(program), device)


def load_exported(path: str | Path, device: torch.device | str = "cpu", *, trust: bool = False) -> ModuleEncoder:
    """Load a ``torch.export`` program of one input, images (b, y, x), which returns mu or (mu, logvar).

    A program exported for a fixed number of images, or for a range of them, is fed batches of what it takes: split, and
    filled up with copies of the last image. Raises ``UnsafePickleError`` without ``trust``, ``InputError`` for a file
    that torch cannot load or a program of other inputs.
    """
    _check_there(path)
    if not trust:
        raise UnsafePickleError(
            f"{path} was not read: a torch.export file can run code when torch loads it. If you know who wrote it and "
            "trust them, add --trust-pickle; or save the encoder as TorchScript."
        )
    try:
        program = torch.export.load(str(path))
    except Exception as error:  # the loader is Python throughout: a damaged file can raise anything
        raise InputError(f"{path} cannot be loaded as a torch.export program ({_first_line(error)}).") from error
    return exported_encoder(str(path), program, device)


def exported_encoder(name: str, program: Any, device: torch.device | str = "cpu") -> ModuleEncoder:
    """Return a loaded torch.export program as an encoder, as ``load_exported`` says."""
    try:
        if torch.device(device).type != "cpu":
            from torch.export.passes import move_to_device_pass

            program = move_to_device_pass(program, str(device))
        function = program.module()
    except Exception as error:  # passes of torch.export over somebody's program
        raise InputError(f"{name} cannot be run on {device} ({_first_line(error)}). Try --device cpu.") from error
    fewest, most = _batch_limits(name, program)
    return ModuleEncoder(name, lambda images: in_pieces(function, images, fewest, most), device)


def _batch_limits(path: str, program: Any) -> tuple[int, int | None]:
    """Return the fewest and the most images the program takes at once; None for no limit."""
    inputs = [node for node in program.graph.nodes if node.name in program.graph_signature.user_inputs]
    if len(inputs) != 1 or not isinstance(inputs[0].meta.get("val"), Tensor) or inputs[0].meta["val"].ndim < 3:
        raise InputError(
            f"{path} takes {len(inputs)} inputs; expected one: images of shape (b, y, x) or (b, c, y, x). Export a "
            "module whose forward takes the images alone."
        )
    length = inputs[0].meta["val"].shape[0]
    if isinstance(length, int):
        return length, length
    limits = program.range_constraints.get(length.node.expr)
    if limits is None:
        return 1, None
    return max(1, int(limits.lower)), int(limits.upper) if limits.upper.is_Integer else None


def in_pieces(function: Callable[[Tensor], Any], images: Tensor, fewest: int, most: int | None) -> Any:
    """Call the program on as many images at once as it takes, and put the answers together."""
    answers = []
    for piece in torch.split(images, most or len(images)):
        missing = max(0, fewest - len(piece))
        filled = torch.cat([piece, piece[-1:].expand(missing, *piece.shape[1:])])
        answer = latents_in(function(filled))
        parts = answer if isinstance(answer, tuple | list) else (answer,)
        if not all(isinstance(part, Tensor) and part.shape[:1] == (len(filled),) for part in parts):
            return answer  # no latents: said by the check that follows
        answers.append([part[: len(piece)] for part in parts])
    return tuple(torch.cat(parts) for parts in zip(*answers, strict=True))


def _check_there(path: str | Path) -> None:
    with reading(path):
        if not Path(path).is_file():
            raise InputError(f"No file at {path}. Check the path of the encoder.")


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
