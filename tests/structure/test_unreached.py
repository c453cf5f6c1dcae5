"""The list of lines that no test covers: its lines exist, and the comparison reports errors."""

import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tree

TOOL = tree.ROOT / "tools/lib/unreached.py"
PAGE = tree.ROOT / "docs/lab/unreached.md"
SOURCE = """int f(int a)
{
    if (a)
        return 1;
    return 2;
}
"""


def report(*counts):
    """gcovr's output for SOURCE, with these counts for the lines from 3 on."""
    lines = [{"line_number": 3 + i, "count": count} for i, count in enumerate(counts)]
    return {"files": [{"file": "src/f.c", "functions": [{"name": "f", "lineno": 1}],
                       "lines": lines}]}


class Comparison(unittest.TestCase):
    def compare(self, rows, counts):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "src").mkdir()
            (Path(folder) / "src/f.c").write_text(SOURCE, encoding="utf-8")
            (Path(folder) / "page.md").write_text("| File | Function | Line | Why |\n|---|---|---|---|\n"
                                                  + "".join(rows), encoding="utf-8")
            done = subprocess.run([sys.executable, TOOL, "page.md"], cwd=folder, text=True, check=False,
                                  input=json.dumps(report(*counts)), stdout=subprocess.PIPE)
            return done.returncode, done.stdout

    def test_all_reached(self):
        status, text = self.compare([], [1, 1, 1])
        self.assertEqual((status, text.count("\n")), (0, 1))

    def test_a_line_without_a_reason_fails_and_is_named(self):
        status, text = self.compare([], [1, 0, 1])
        self.assertEqual(status, 1)
        self.assertIn("src/f.c:4: no test reaches this line of f(): return 1;", text)

    def test_a_reason_is_enough(self):
        status, text = self.compare(["| `src/f.c` | `f` | `return 1;` | never |\n"], [1, 0, 1])
        self.assertEqual((status, text.count("\n")), (0, 1))

    def test_a_row_may_stand_for_a_whole_function(self):
        self.assertEqual(self.compare(["| `src/f.c` | `f` | `*` | never |\n"], [0, 0, 0])[0], 0)

    def test_a_row_without_a_reason_is_none(self):
        self.assertEqual(self.compare(["| `src/f.c` | `f` | `*` | |\n"], [0, 0, 0])[0], 1)

    def test_a_row_that_nothing_needs_is_told(self):
        status, text = self.compare(["| `src/f.c` | `f` | `return 1;` | never |\n"], [1, 1, 1])
        self.assertEqual(status, 0)
        self.assertIn("src/f.c, f(), `return 1;`: reached, or gone; the row can go", text)


class Page(unittest.TestCase):
    def test_each_row_names_a_line_that_is_there(self):
        rows = re.findall(r"^\| `([^`]+/[^`]+)` \| `(\w+)` \| `(.+)` \| \S", PAGE.read_text(encoding="utf-8"),
                          re.MULTILINE)
        gone = []
        for name, function, line in rows:
            text = (tree.ROOT / name).read_text(encoding="utf-8")
            if f"{function}(" not in text or (line != "*" and line.replace(r"\|", "|") not in text):
                gone.append(f"{name}: {function}(): {line}")
        self.assertTrue(rows)
        self.assertEqual(gone, [])


if __name__ == "__main__":
    unittest.main()
