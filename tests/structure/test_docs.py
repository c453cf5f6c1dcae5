"""Claims of the documents: names exist, tables match the state machines, programs compile."""

import csv
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tree


MACHINES = {"tcp": "src/tcp/machine", "dhcp": "proto/dhcp", "dhcp6": "proto/dhcp", "ndp": "src/ip/v6",
            "tls": "tls", "acme": "web/acme"}


def made(name, form):
    """The current output of fsmgen.py for @name.rl."""
    folder = tree.ROOT / MACHINES[name]
    with tempfile.TemporaryDirectory() as work:
        xml = Path(work) / f"{name}.xml"
        subprocess.run(["ragel", "-x", "-o", xml, f"{name}_fsm.rl"], cwd=folder, check=True)
        return subprocess.run([sys.executable, tree.ROOT / "tools/fsmgen.py", form, xml,
                               folder / f"{name}.rl"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout


def words_of_code(*folders):
    """Every word in the code below @folders, and the names of its files."""
    words = set()
    for path in tree.sources(*folders, ends=(".c", ".h", ".rl", ".py", ".inc", ".sh")):
        words |= set(re.findall(r"\w+", tree.read(path)))
        words.add(path.stem)
    return words | {path.stem for path in tree.sources(*folders, ends=(".pkt",))}


def tests_of_the_tree():
    """The names of all tests: functions that cmocka or pytest calls, and scripts."""
    names = {path.stem for path in (tree.ROOT / "tests/script").glob("*.pkt")}
    for path in tree.sources("tests", "fuzz", ends=(".c",)):
        names |= set(re.findall(r"^(?:static )?void (\w+)\(\s*void \*\*\w+\)", tree.read(path),
                                re.M))
    for path in tree.sources("tests", ends=(".py",)):
        names |= set(re.findall(r"^ *def (test_\w+)\(", tree.read(path), re.M))
    return names


def markdown():
    """All documents of the tree."""
    return [path.relative_to(tree.ROOT) for path in
            sorted([*tree.ROOT.glob("*.md"), *(tree.ROOT / "docs").rglob("*.md")])]


class Transitions(unittest.TestCase):
    HOW = "docs/lab is older than a specification: run `meson compile -C build docs-update`"

    def test_the_tables_are_those_of_the_specifications(self):
        for name in MACHINES:
            self.assertEqual(tree.read(f"docs/lab/{name}-transitions.md"), made(name, "md"), self.HOW)

    def test_the_pictures_are_those_of_the_specifications(self):
        for name in MACHINES:
            self.compare_picture(name)

    def compare_picture(self, name):
        # versions of Graphviz differ in the layout, so compare the contents without the places
        svg = tree.read(f"docs/lab/{name}.svg").replace("&#45;", "-").replace("&gt;", ">")
        dot = made(name, "dot")
        edges = set(re.findall(r"^  (\w+ -> \w+) ", dot, re.M))
        drawn = set(re.findall(r"<title>(\w+->\w+)</title>", svg))
        self.assertEqual(drawn, {edge.replace(" ", "") for edge in edges}, self.HOW)
        shown = set(re.findall(r"\w+", " ".join(re.findall(r">([^<]+)</text>", svg))))
        self.assertEqual({row["event"] for row in csv.DictReader(made(name, "csv").splitlines()) if row["state"] != row["next"]} - shown,
                         set(), self.HOW)


def rows_of(path):
    """(line, {column: cell}) of every row of the tables in a Markdown file; columns in lower case."""
    columns = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("|"):
            columns = None
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if columns is None:
            columns = [cell.lower() for cell in cells]
        elif not re.fullmatch(r"[-:| ]+", line):
            yield number, dict(zip(columns, cells))


def names_in(cell):
    """The names quoted in a cell: `tcp_input`, `test_close.c:a_name`; not `SND.UNA`."""
    for quoted in re.findall(r"`([^`]+)`", cell):
        for word in re.findall(r"[\w./-]*\w", quoted):
            if re.fullmatch(r"[a-z]\w*_\w+", Path(word).stem):
                yield Path(word).stem


class Conformance(unittest.TestCase):
    def setUp(self):
        self.pages = sorted((tree.ROOT / "docs/lab").glob("conformance*.md"))

    def missing(self, column, words):
        """Names in @column of all pages that are not among @words."""
        return [f"{path.name}:{number}: {name}" for path in self.pages
                for number, row in rows_of(path) for name in names_in(row.get(column, ""))
                if name not in words]

    def test_named_functions_exist(self):
        self.assertEqual(self.missing("where", words_of_code(*tree.PARTS, "include", "netif", "crypto", "compress", "http2")), [])

    def test_named_tests_are_tests(self):
        names = tests_of_the_tree()
        self.assertEqual([f"{path.name}:{number}: {name}" for path in self.pages
                          for number, row in rows_of(path)
                          for name in re.findall(r"`([^`]+)`", row.get("test", ""))
                          if name not in names], [])

    def test_all_other_names_exist(self):
        words = words_of_code(*tree.PARTS, "include", "netif", "crypto", "compress", "http2", "main", "examples", "tests", "fuzz", "tools")
        self.assertEqual([f"{path.name}: {name}" for path in self.pages
                          for name in names_in(path.read_text(encoding="utf-8"))
                          if name not in words], [])

    def test_rows_that_are_done_have_a_test(self):
        bare = [f"{path.name}:{number}" for path in self.pages for number, row in rows_of(path)
                if row.get("status", "").startswith("done") and "`" not in row.get("test", "")]
        self.assertEqual(bare, [])

    def test_rows_that_are_not_done_have_a_reason(self):
        bare = [f"{path.name}:{number}" for path in self.pages for number, row in rows_of(path)
                if re.fullmatch(r"not( done)?[:.]?", row.get("status", ""))]
        self.assertEqual(bare, [])


class Threats(unittest.TestCase):
    """The table of docs/security.md: the tests of each row exist, and each threat test has a row."""

    DEFINITION = re.compile(r"^(?:static void|def) test_threat_([A-Z]\d+)_\w+\(", re.MULTILINE)

    def setUp(self):
        self.rows = {row["id"]: row["tests"] for _, row in rows_of(tree.ROOT / "docs/security.md")
                     if "id" in row}

    def test_each_row_has_the_tests_that_it_says(self):
        wrong = []
        for threat, cell in self.rows.items():
            files = re.findall(r"\]\(\.\./(tests/[^)]+)\)", cell)
            count = sum(self.DEFINITION.findall(tree.read(path)).count(threat) for path in files)
            if f"`test_threat_{threat}_...` ({count})" not in cell or count == 0:
                wrong.append(f"{threat}: {count} in {files}")
        self.assertEqual(wrong, [])

    def test_each_test_of_a_threat_has_a_row_that_links_to_it(self):
        missing = []
        for path in sorted((tree.ROOT / "tests").rglob("test_*")):
            if path.suffix not in (".c", ".py"):
                continue
            for threat in sorted(set(self.DEFINITION.findall(path.read_text(encoding="utf-8")))):
                if path.name not in self.rows.get(threat, ""):
                    missing.append(f"{path.name}: {threat}")
        self.assertEqual(missing, [])


class Switches(unittest.TestCase):
    """Every shortcut is measured: docs/lab/profile.md has a row for each."""

    def test_each_shortcut_has_a_row_with_its_gain(self):
        found = set()
        for path in tree.archived():
            lines = tree.without_comments(tree.read(path)).splitlines()
            found |= {(name, f"../../{path}") for name, first, count in tree.functions(path)
                      if re.search(r"\b(SHORTCUTS|FOR_SPEED)\b", "\n".join(lines[first - 1:first - 1 + count]))}
        page = tree.read("docs/lab/profile.md")
        table = page[page.index("## Gain of each switch"):page.index("## Cost of one path")]
        self.assertGreater(len(found), 10)
        self.assertEqual(set(re.findall(r"^\| \[`(\w+)`\]\(([^)]+)\)", table, re.MULTILINE)), found)


class Links(unittest.TestCase):
    def test_links_to_files_lead_somewhere(self):
        broken = []
        for path in markdown():
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", tree.read(path)):
                if "://" not in target and not (tree.ROOT / path.parent / target).exists():
                    broken.append(f"{path}: {target}")
        self.assertEqual(broken, [])

    def test_links_to_functions_name_the_file_that_defines_them(self):
        wrong = []
        for path in markdown():
            for name, target in re.findall(r"\[`(\w+)`\]\(([^)#]+\.(?:c|h|rl))\)", tree.read(path)):
                file = tree.ROOT / path.parent / target
                if file.exists() and not re.search(rf"\b{name}\b", file.read_text("utf-8")):
                    wrong.append(f"{path}: {name} is not in {target}")
        self.assertEqual(wrong, [])

    def test_functions_with_parentheses_exist(self):
        words = words_of_code(*tree.PARTS, "include", "netif", "crypto", "compress", "http2", "main", "examples", "tests", "fuzz", "tools")
        wrong = [f"{path}: {name}" for path in markdown()
                 for name in re.findall(r"`(\w+)\(\)`", tree.read(path))
                 if name not in words and "mydev" not in name]  # docs/backend.md's example
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
