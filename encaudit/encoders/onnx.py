"""Encoders saved as ONNX: files, and sessions of onnxruntime, which is an extra (``pip install encaudit[onnx]``).

Loading one runs no Python and no pickle: a graph of known operations, which onnxruntime carries out.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from encaudit.encoders.module import ModuleEncoder
from encaudit.encoders.outputs import NAMES
from encaudit.encoders.scripted import in_pieces
from encaudit.errors import InputError
from encaudit.unreadable import one_line, reading

INPUTS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
QUIET = 4  # onnxruntime's log level: what is wrong is said by what it raises
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
KEYS_BEHIND = frozenset((field << 3) | kind for field in range(2, 26) for kind in (0, 2))  # of a ModelProto


def looks_like_onnx(path: Path) -> bool:
    """Whether the file starts as a serialized ``ModelProto`` does: its version, then another of its fields."""
    with reading(path), open(path, "rb") as file:
        start = file.read(3)
    return len(start) == 3 and start[0] == 0x08 and 1 <= start[1] < 0x40 and start[2] in KEYS_BEHIND


def load_onnx(path: str | Path, device: torch.device | str = "cpu") -> ModuleEncoder:
    """Load an ONNX file of one input, images, whose outputs are mu or mu and logvar.

    Raises ``InputError`` where onnxruntime is not installed, or cannot load the file.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError(
            f"{path} is an ONNX file, and onnxruntime, which runs these, is not installed. Type: "
            "pip install encaudit[onnx]"
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = QUIET
    options.intra_op_num_threads = torch.get_num_threads()
    on_gpu = torch.device(device).type == "cuda" and CUDA in onnxruntime.get_available_providers()
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=[CUDA, CPU] if on_gpu else [CPU])
    except Exception as error:  # its classes have no common parent but this
        raise InputError(f"{path} cannot be loaded as ONNX ({one_line(error)}).") from error
    return session_encoder(str(path), session)


def session_encoder(name: str, session: Any) -> ModuleEncoder:
    """Return a session of onnxruntime as an encoder; ``InputError`` for one that takes anything but images.

    Where outputs have names that a posterior goes by, such as mu and logvar, these are taken; else all, in their order.
    A model of a fixed number of images is fed that many at once.
    """
    inputs, outputs = session.get_inputs(), [one.name for one in session.get_outputs()]
    if len(inputs) != 1 or inputs[0].type not in INPUTS or len(inputs[0].shape) not in (3, 4):
        found = ", ".join(f"{one.name} ({one.type} of {_times(one.shape)})" for one in inputs)
        raise InputError(
            f"{name} takes {found or 'no inputs'}; expected one: images of float numbers, b x y x x or b x c x y x x."
        )
    (images_input,) = inputs
    kind = INPUTS[images_input.type]

    def run(images: Tensor) -> Any:
        answers = session.run(None, {images_input.name: images.cpu().numpy().astype(kind, copy=False)})
        tensors = [torch.from_numpy(np.array(answer, np.float32)) for answer in answers]
        named = dict(zip(outputs, tensors, strict=True))
        return named if NAMES & named.keys() else tuple(tensors)

    count = images_input.shape[0]
    if not isinstance(count, int):
        return ModuleEncoder(name, run)
    return ModuleEncoder(name, lambda images: in_pieces(run, images, count, count))


def _times(shape: list[Any]) -> str:
    return " x ".join(map(str, shape)) or "a single number"
