"""What would a sentence that names options of the command line say in Python?"""

import re

OPTION = re.compile(
    r"--([a-z][a-z-]*)(?: ([A-Z]+\b|-?[0-9][0-9.]*\b|cpu\b|cuda\b[:0-9]*|auto\b|none\b|all\b|float32\b))?"
)
TRANSFORMS = re.compile(r"-t \S+(?: -t [^\s)]+)*(?= --|\))")
FLAGS = {"no-umap": "umap=False", "no-controls": "controls=False", "trust-pickle": "trust_pickle=True"}
OTHERWISE = {"encoder": "kind", "transform": "transforms"}


def in_python(sentence: str, options: frozenset[str]) -> str:
    """Return the sentence with ``images=PATH`` for ``--images PATH``, for the options named; all else as it is."""

    def option(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        if name in FLAGS:
            return FLAGS[name] + (f" {value}" if value else "")
        argument = OTHERWISE.get(name, name.replace("-", "_"))
        if argument not in options:
            return found[0]
        if value is None:
            return argument
        return f"{argument}={repr(value) if value[0].islower() else value}"

    def transforms(found: re.Match[str]) -> str:
        return f"transforms={found[0].split()[1::2]},"

    return OPTION.sub(option, TRANSFORMS.sub(transforms, sentence)).replace(",)", ")")
