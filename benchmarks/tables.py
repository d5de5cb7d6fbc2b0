"""Tables of numbers as Markdown, and the pages that hold them between marks."""

import re
from collections.abc import Sequence
from pathlib import Path


def as_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first column is words and whose others are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def put_into(page: Path, blocks: dict[str, str]) -> None:
    """Replace what stands in a page between `<!-- bench: NAME -->` and `<!-- end -->`."""
    text = page.read_text(encoding="utf-8")
    for name, block in blocks.items():
        mark = re.compile(rf"(<!-- bench: {re.escape(name)} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        text = mark.sub(lambda found, block=block: found[1] + block + found[2], text)
    page.write_text(text, encoding="utf-8")
