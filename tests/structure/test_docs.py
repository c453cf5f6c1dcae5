"""What the documents say must be so: names exist, tables are those of tcp.rl, programs compile."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tree


def made(form):
    """What fsmgen.py makes of tcp.rl now."""
    with tempfile.TemporaryDirectory() as folder:
        xml = Path(folder) / "tcp.xml"
        subprocess.run(["ragel", "-x", "-o", xml, "tcp_fsm.rl"], cwd=tree.ROOT / "src/tcp",
                       check=True)
        return subprocess.run([sys.executable, tree.ROOT / "tools/fsmgen.py", form, xml,
                               tree.ROOT / "src/tcp/tcp.rl"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout


def words_of_code():
    """Every word in the source and the tests."""
    words = set()
    for path in tree.sources("src", "include", "netif", "examples", "tests", "fuzz", "tools",
                             ends=(".c", ".h", ".rl", ".py", ".inc", ".sh")):
        words |= set(re.findall(r"\w+", tree.read(path)))
        words.add(path.stem)
    return words


def markdown():
    """All documents of the tree."""
    return [path.relative_to(tree.ROOT) for path in
            sorted([*tree.ROOT.glob("*.md"), *(tree.ROOT / "docs").glob("*.md")])]


class Transitions(unittest.TestCase):
    HOW = "docs/ is older than tcp.rl: run `meson compile -C build docs-update`"

    def test_the_table_is_that_of_the_specification(self):
        self.assertEqual(tree.read("docs/tcp-transitions.md"), made("md"), self.HOW)

    def test_the_picture_is_that_of_the_specification(self):
        # Graphviz's versions place things differently: compare what is drawn, not where
        svg = tree.read("docs/tcp.svg").replace("&#45;", "-").replace("&gt;", ">")
        dot = made("dot")
        edges = set(re.findall(r"^  (\w+ -> \w+) ", dot, re.M))
        drawn = set(re.findall(r"<title>(\w+->\w+)</title>", svg))
        self.assertEqual(drawn, {edge.replace(" ", "") for edge in edges}, self.HOW)
        labels = set(re.findall(r"(?:<|<br/>)(\w+)<br/>", dot))
        self.assertEqual(labels - set(re.findall(r">(\w+)</text>", svg)), set(), self.HOW)


class Conformance(unittest.TestCase):
    def test_named_functions_and_tests_exist(self):
        words, missing = words_of_code(), []
        for path in sorted((tree.ROOT / "docs").glob("conformance*.md")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                for quoted in re.findall(r"`([^`]+)`", line):
                    # `tcp_input`, `tests/tcp/test_close.c:a_name`, `test_close.c`; not `SND.UNA`
                    for word in re.findall(r"[\w./-]*\w", quoted):
                        name = Path(word).stem
                        if re.fullmatch(r"[a-z]\w*_\w+", name) and name not in words:
                            missing.append(f"{path.name}:{number}: {name}")
        self.assertEqual(missing, [])

    def test_every_line_of_what_is_done_names_a_test(self):
        bare = []
        for path in sorted((tree.ROOT / "docs").glob("conformance*.md")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if re.search(r"\|\s*(done|yes)\s*\|", line, re.I) and "`" not in line:
                    bare.append(f"{path.name}:{number}")
        self.assertEqual(bare, [])


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
        words = words_of_code()
        wrong = [f"{path}: {name}" for path in markdown()
                 for name in re.findall(r"`(\w+)\(\)`", tree.read(path))
                 if name not in words and "mydev" not in name]  # docs/backend.md's example
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
