"""The examples of a page: its fenced blocks, in order."""
import dataclasses, pathlib, re

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


@dataclasses.dataclass
class Block:
    language: str
    text: str
    heading: str
    # The line before the block, which names the file that the reader saves it as.
    lead: str

    @property
    def file(self):
        named = re.search(r"`([^` ]+)`[^`]*:$", self.lead)
        return named and named[1]


def blocks(page):
    found, heading, lead, lines = [], "", "", iter((DOCS / page).read_text().splitlines())
    for line in lines:
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("```"):
            text = []
            for inside in lines:
                if inside == "```":
                    break
                text.append(inside)
            found.append(Block(line[3:], "\n".join(text) + "\n", heading, lead))
        if line:
            lead = line
    return found
