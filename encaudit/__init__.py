"""encaudit: has my encoder learned something, or has it memorized my images?"""

from importlib.metadata import version

__version__ = version("encaudit")
__all__ = ["__version__"]
