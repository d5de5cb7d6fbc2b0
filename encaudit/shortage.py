"""What a machine raises when its memory runs out, or its GPU is gone, as one sentence of ours.

Told by the text, not the type: torch's own types differ between versions, and a CPU that cannot allocate raises a bare
RuntimeError.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from encaudit.errors import MachineError
from encaudit.unreadable import one_line

_MEMORY = re.compile(r"out of memory|not enough memory|can't allocate memory|_ALLOC_FAILED", re.IGNORECASE)
_DEVICE = re.compile(r"CUDA (driver )?error|cuDNN error|cuFFT error|CUBLAS_STATUS_|CUFFT_|CUDNN_STATUS_|No CUDA GPUs")
_ASKED_FOR = re.compile(r"(?:tried|unable) to allocate (\d[\d.]*) ?(\w+)", re.IGNORECASE)
_LONGEST = 150  # characters of what torch says, which goes on for paragraphs


@contextmanager
def machine_permitting(advice: Callable[[], str]) -> Iterator[None]:
    """Turn a lack of memory, and a GPU that failed, into ``MachineError``; ``advice`` says what to type next.

    It is asked for only then, so that it can go by how far things went.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_of_the_machine(error):
            raise
        raise MachineError(_sentence(error, advice())) from error


def is_of_the_machine(error: Exception) -> bool:
    """Whether an exception says that memory ran out, or that the GPU failed."""
    return _ran_out(error) or (isinstance(error, RuntimeError) and bool(_DEVICE.search(str(error))))


def _ran_out(error: Exception) -> bool:
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and bool(_MEMORY.search(str(error))))


def _sentence(error: Exception, advice: str) -> str:
    if not _ran_out(error):
        said = one_line(str(error).partition("\n")[0])[:_LONGEST].rstrip(". ")
        return f"The GPU failed ({said}). Look at it with nvidia-smi and start again, or type --device cpu."
    asked = _ASKED_FOR.search(str(error))
    more = f" ({asked[1]} {asked[2]} more were asked for)" if asked else ""
    if not re.search("CUDA|CUBLAS", str(error)):
        return f"Memory ran out{more}. {advice}"
    return f"The memory of the GPU ran out{more}. {advice} Or type --device cpu."
