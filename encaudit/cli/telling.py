"""Words for a person, on stderr."""

import contextlib
import sys
from collections.abc import Iterator

from encaudit.unreadable import plain


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Print to stderr within; where nothing can be written there (a full disk), what was found still stands."""
    with contextlib.suppress(OSError):
        yield


def tell(line: str) -> None:
    """Print a line on stderr."""
    with telling():
        print(plain(line), file=sys.stderr)
