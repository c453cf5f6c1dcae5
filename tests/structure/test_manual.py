"""The manual, made by Doxygen and opened: a page for each header, an entry for each function."""

import os
import re
import subprocess
import unittest
from pathlib import Path

import tree

DOXYFILE = os.environ.get("LEAT_DOXYFILE")
HEADERS = tree.sources("include/leat", ends=(".h",))


def functions_of(header):
    """The names of all functions that a header declares or defines."""
    code = re.sub(r"/\*.*?\*/", "", tree.read(header), flags=re.S)
    return set(re.findall(r"^(?!#|typedef|\s)[\w *]*?\b(leat_\w+)\((?!\*)", code, re.M))


@unittest.skipUnless(DOXYFILE, "without Doxygen")
class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        made = subprocess.run(["doxygen", DOXYFILE], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, check=False)
        assert made.returncode == 0, made.stdout
        cls.folder = Path(DOXYFILE).parent / "html"

    def page(self, header):
        """The HTML page of a header; Doxygen doubles the underscores of its name."""
        name = header.stem.replace("_", "__") + "_8h.html"
        return (self.folder / name).read_text(encoding="utf-8")

    def test_each_public_function_has_an_entry(self):
        missing = []
        for header in HEADERS:
            titles = set(re.findall(r'class="memtitle">.*?</span>(\w+)', self.page(header)))
            missing += [f"{header}: {name}" for name in sorted(functions_of(header) - titles)]
        self.assertEqual(missing, [])

    def test_each_page_says_what_its_header_is(self):
        bare = [str(header) for header in HEADERS
                if not re.search(r'<div class="textblock"><p ?>(?:<[^>]*>)*\w', self.page(header))]
        self.assertEqual(bare, [])

    def test_what_the_index_names_is_linked(self):
        index = (self.folder / "index.html").read_text(encoding="utf-8")
        plain = re.sub(r"<a [^>]*>[^<]*</a>", "", index)
        self.assertEqual(re.findall(r"leat_\w+\(\)", plain), [])

    def test_the_manual_can_be_searched(self):
        found = (self.folder / "search").glob("functions_*.js")
        self.assertIn("leat_5ftcp_5flisten", "".join(page.read_text("utf-8") for page in found))


class Index(unittest.TestCase):
    def test_each_header_has_its_row(self):
        rows = re.findall(r"^\| ([\w., ]+\.h) \|", tree.read("docs/manual.md"), re.M)
        named = {name for row in rows for name in row.split(", ")} | {"leat.h"}
        self.assertEqual(named, {path.name for path in HEADERS})


if __name__ == "__main__":
    unittest.main()
