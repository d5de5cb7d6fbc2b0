"""Keeps cryoDRGN's logging set-up to itself.

Importing cryoDRGN configures the root logger: an INFO handler on stdout, and every logger made before it disabled.
Standard output is where reports go, so the import is made here once, and what it did to other loggers is undone.
"""

import importlib
import logging


def contain_cryodrgn_logging() -> None:
    """Import cryoDRGN without letting it touch any logger but its own, which then reports errors only."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    others = {
        name: logger.disabled for name, logger in root.manager.loggerDict.items() if isinstance(logger, logging.Logger)
    }
    importlib.import_module("cryodrgn")
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, disabled in others.items():
        logging.getLogger(name).disabled = disabled
    logging.getLogger("cryodrgn").setLevel(logging.ERROR)
