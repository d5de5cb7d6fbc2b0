"""What would a sentence that names options of the command line say in Python?"""

import re

OPTION = re.compile(
    r"--([a-z][a-z-]*)"
    r"(?: ([A-Z]+\b|-?[0-9][0-9.]*\b|cpu\b|cuda\b[:0-9]*|(?:auto|none|all|prior|posterior|float32|tf32|bf16)\b"
    r"|[^\s,;)]*[/.][^\s,;)]*\w))?"
)
TRANSFORMS = re.compile(r"-t \S+(?: -t [^\s)]+)*(?= --|\))")
NUMBER = re.compile(r"-?[0-9][0-9.]*")
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
        return f"{argument}={value if value.isupper() or NUMBER.fullmatch(value) else repr(value)}"

    def transforms(found: re.Match[str]) -> str:
        return f"transforms={found[0].split()[1::2]}"

    return OPTION.sub(option, TRANSFORMS.sub(transforms, sentence))
