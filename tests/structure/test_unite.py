"""tools/unite.py: sources share a piece only if no name of one means something in another."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tree

sys.path.append(str(tree.ROOT / "tools"))
import unite  # noqa: E402

SOURCE = """
#define LOCAL 1
#define IN_ONE \\
    2
enum { FIRST, SECOND = 2, THIRD };
enum kind { ONE_KIND };
struct place { int x; };
typedef unsigned number;
static const char text[] = "static int quoted(void) { }", *second = text;
static struct place place_of(int x); /* static int in_comment; */
static struct place place_of(int x)
{
    static int inside;
    enum { LATER = 1 } later = LATER;
    return (struct place){.x = x + inside + later};
}
struct place given(void)
{
    return place_of(FIRST);
}
int shared = 3;
"""


class Unite(unittest.TestCase):
    def test_own_names_are_those_at_the_scope_of_the_file(self):
        names = unite.own_names(unite.NOISE.sub(" ", SOURCE))
        self.assertEqual(names, {"LOCAL", "IN_ONE", "FIRST", "SECOND", "THIRD", "kind", "ONE_KIND", "place", "number", "text", "second",
                                 "place_of"})

    def piece_files(self, texts, count):
        """The sources in each piece; None if they don't fit."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            for name, text in texts.items():
                (path / name).write_text(text, encoding="utf-8")
            outputs = [path / f"piece-{number}.c" for number in range(count)]
            done = subprocess.run([sys.executable, tree.ROOT / "tools/unite.py", *outputs, "--", *(path / name for name in texts)],
                                  stderr=subprocess.PIPE, text=True, check=False)
            if done.returncode:
                self.assertIn("don't fit into", done.stderr)
                return None
            return [re.findall(r'#include ".*/(\w+\.c)"', output.read_text(encoding="utf-8")) for output in outputs]

    def test_sources_with_a_name_in_common_are_apart(self):
        texts = {"a.c": "static int f(void) { return 1; }", "b.c": "static int f(void) { return 2; }", "c.c": "int g(void);"}
        pieces = self.piece_files(texts, 2)
        self.assertEqual(sorted(sum(pieces, [])), ["a.c", "b.c", "c.c"])
        self.assertFalse(any({"a.c", "b.c"} <= set(piece) for piece in pieces))
        self.assertIsNone(self.piece_files(texts, 1))

    def test_a_macro_of_one_may_not_occur_in_another(self):
        self.assertIsNone(self.piece_files({"a.c": "#define LIMIT 1\n", "b.c": "int f(void) { return LIMIT; }"}, 1))

    def test_the_libraries_fit(self):
        """As meson.build divides them; a subproject would not build otherwise."""
        build = tree.read("meson.build")
        self.assertIn("range(part['sources'].length() / 4 + 6)", build)
        folders = {"src": [], "proto": [], "web/http": ["web/zip"], "web/acme": [], "tls": [], "task": [], "sockets/calls": []}
        for folder, more in folders.items():
            sources = [tree.ROOT / path for part in [folder, *more] for path in tree.sources(part, ends=(".c",))
                       if path.name != "twins.c"]
            self.assertIsNotNone(unite.group(sources, len(sources) // 4 + 6), folder)


if __name__ == "__main__":
    unittest.main()
