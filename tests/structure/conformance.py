"""The rows of docs/lab/conformance.md, for tests/structure and tools/rows."""

import re
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/lab/conformance.md"


@dataclass
class Row:
    line: int
    heading: str  # heading of its part of the page
    first: str  # a section, with the RFC's number if the part covers several; or a number of RFC 9293
    level: str
    requirement: str
    status: str
    where: str
    functions: list = field(default_factory=list)  # (name, file or "")
    tests: list = field(default_factory=list)

    @property
    def name(self):
        return f"{self.first}: {self.requirement}"


def rows(page=PAGE):
    """All rows, in the order of the page."""
    heading, is_table = "", False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("## "):
            heading = line[3:]
        if not line.startswith("|"):
            is_table = False
            continue
        if not is_table or re.fullmatch(r"[-:| ]+", line):
            is_table = True  # the names of the columns, and the line below
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 6:
            continue
        yield Row(number, heading, *cells[:5], list(functions_in(cells[4])), re.findall(r"`([^`]+)`", cells[5]))


def functions_in(cell):
    """(function, file or "") of "`forget` in `route6.c`"."""
    for part in cell.split(","):
        names = re.findall(r"`([^`]+)`", part)
        for name in names:
            if re.fullmatch(r"\w+", name):
                yield name, next((other for other in names if other.endswith((".c", ".h"))), "")
