"""The mutations of tools/mutants: which places change, and which don't; and the rows of docs/lab/mutants.md."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tree

sys.path.insert(0, str(tree.ROOT / "tools/lib"))
import mutations  # noqa: E402
import schemata  # noqa: E402

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


PROGRAM = """/* p.c */
#include <stdlib.h>

static const int table[] = {3};

static void add(int *sum, int count)
{
    for (int i = 0; i < count; i++)
        *sum += 2;
}

static int jump(int sum)
{
    if (sum > 5)
        goto out;
    sum += 1;
out:
    return sum;
}

int main(void)
{
    int sum = 1;

    add(&sum, table[0]);
    if (sum == 7)
        return sum;
    return jump(sum) + 20;
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


class Together(unittest.TestCase):
    """Programs that have many mistakes, of which a number chooses one."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.mutants = list(mutations.mutants_of("p.c", PROGRAM))[::3]

    def program(self, text):
        source, program = pathlib.Path(self.folder, "p.c"), pathlib.Path(self.folder, "p")
        source.write_text(text, encoding="utf-8")
        subprocess.run([os.environ.get("CC", "cc"), "-w", "-o", program, source], check=True)
        return program

    def status(self, program, number=None):
        environment = {**os.environ, **({} if number is None else {"LEAT_MUTANT": str(number)})}
        return subprocess.run([program], env=environment, timeout=60, check=False).returncode

    def test_each_does_what_it_does_alone(self):
        own = {number: mutant for number, mutant in enumerate(self.mutants) if schemata.body_of(mutant, PROGRAM)}
        ends = {number: mutant for number, mutant in own.items() if "i--" not in mutations.lines_of(mutant, PROGRAM)[1]}
        alone = {number: self.status(self.program(mutations.applied(mutant, PROGRAM)))
                 for number, mutant in ends.items()}
        program = self.program(schemata.combined(PROGRAM, own))
        self.assertEqual({number: self.status(program, number) for number in ends}, alone)
        self.assertEqual(self.status(program), 7)
        self.assertGreater(len(set(alone.values())), 3)

    def test_tables_and_functions_with_labels_need_a_build_of_their_own(self):
        functions = {mutations.place_of(mutant, PROGRAM)[1] for mutant in self.mutants
                     if not schemata.body_of(mutant, PROGRAM)}
        self.assertEqual(functions, {"", "jump"})


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
