"""Reads config/crier.toml for the man page and for docs/configuration.md: both are made from it."""
import pathlib, re
from typing import NamedTuple


class Table(NamedTuple):
    """A table, with the comment above it."""
    name: str
    comment: str


class Key(NamedTuple):
    """A key with its default, and the comment above it."""
    name: str
    default: str
    comment: str


class Comment(NamedTuple):
    """A comment that belongs to nothing; a table that is commented out is an example in it, indented."""
    text: str


def parts(path):
    """The parts of the file, in its order."""
    comment = []
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith("#"):
            is_example = re.match(r"# (\[+[a-z.]+\]+$|[a-z0-9-]+ += )", line)
            comment.append(("  " if is_example else "") + line[1:].removeprefix(" "))
        elif not line.strip():
            if comment:
                yield Comment("\n".join(comment))
            comment = []
        elif match := re.match(r"(\[+[a-z.]+\]+)$", line):
            yield Table(match[1], "\n".join(comment).strip())
            comment = []
        elif match := re.match(r"([a-z-]+) *= *(.*)$", line):
            yield Key(match[1], match[2], " ".join(comment).strip())
            comment = []
    if comment:
        yield Comment("\n".join(comment))
