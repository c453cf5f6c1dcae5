"""The mutations of tools/mutants: which places change, and which don't; and the rows of docs/lab/mutants.md."""

import subprocess
import sys
import unittest

import tree

sys.path.insert(0, str(tree.ROOT / "tools/lib"))
import mutations  # noqa: E402

SOURCE = """/* f.c -- a < b. */
#define LIMIT 3

struct pair {
    int count[2];
};

static const int table[] = {7};

int f(int a, const char *text)
{
    int left = a - 1; /* 4 < 5 */

    leat_assert(a > 2);
    if (a && text) /* a
                    * comment */
        call("1 + 1");
    left++; /* one more */
    return left;
}
"""


def made(kind):
    """{resulting lines} of the mutants of one kind."""
    return {mutations.lines_of(mutant, SOURCE)[1] for mutant in mutations.mutants_of("f.c", SOURCE)
            if mutant.kind == kind}


class Mistakes(unittest.TestCase):
    def test_operators(self):
        self.assertEqual(made("operator"), {
            "int left = a + 1; /* 4 < 5 */", "if (a || text) /* a", "left--; /* one more */"})

    def test_constants_also_of_tables(self):
        self.assertEqual(made("constant"), {
            "int left = a - 0; /* 4 < 5 */", "int left = a - 2; /* 4 < 5 */",
            *(f"static const int table[] = {{{n}}};" for n in (0, 6, 8))})

    def test_conditions(self):
        self.assertEqual(made("condition"), {
            "if (!(a && text)) /* a", "if ((a && text) || 1) /* a", "if ((a && text) && 0) /* a"})

    def test_statements_but_no_declaration_and_no_assertion(self):
        dropped = [mutations.lines_of(mutant, SOURCE)[0] for mutant in mutations.mutants_of("f.c", SOURCE)
                   if mutant.kind == "statement"]
        self.assertEqual(dropped, ['call("1 + 1");', "left++; /* one more */"])

    def test_a_mistake_knows_its_function_and_changes_only_its_place(self):
        for mutant in mutations.mutants_of("f.c", SOURCE):
            text = mutations.applied(mutant, SOURCE)
            self.assertEqual(text[:mutant.start] + mutant.old + text[mutant.start + len(mutant.new):], SOURCE)
            self.assertEqual(mutations.place_of(mutant, SOURCE)[1], "" if "table" in
                             mutations.lines_of(mutant, SOURCE)[0] else "f")

    def test_the_source_of_the_stack_has_many_of_each_kind(self):
        kinds = [mutant.kind for path in ("src/stack.c", "src/tcp/receive/ack.c")
                 for mutant in mutations.mutants_of(path, tree.read(path))]
        for kind in mutations.KINDS:
            self.assertGreater(kinds.count(kind), 50, kind)


class Tool(unittest.TestCase):
    def run_tool(self, *words):
        return subprocess.run([sys.executable, "-B", tree.ROOT / "tools/mutants", *words], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_a_seed_is_the_same_mistakes(self):
        lists = [self.run_tool("--list", "--count", "8", "--seed", seed).stdout for seed in ("5", "5", "6")]
        self.assertEqual(lists[0].count("\n"), 8)
        self.assertEqual(lists[0], lists[1])
        self.assertNotEqual(lists[0], lists[2])

    def test_lines_of_equivalent_mutants_are_in_the_source(self):
        done = self.run_tool("--check")
        self.assertEqual((done.returncode, done.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
