"""The stack is compiled for a 32-bit machine, too, so that sizes and offsets don't depend on one machine."""

import unittest

import tree

FLAGS = ["-m32", "-std=c11", "-ffreestanding", "-fsyntax-only", "-Wall", "-Wconversion", "-Werror"]
PATHS = [tree.ROOT / "main/libc/include", tree.ROOT / "include", tree.ROOT / "src", tree.ROOT, tree.BUILD / "src"]


class Width(unittest.TestCase):
    @unittest.skipIf(tree.run(*tree.CC, "-m32", "-fsyntax-only", "-xc", "/dev/null"),
                     "the compiler has no -m32")
    def test_the_stack_compiles_for_32_bits(self):
        # but for tasks and the wait of sockets, as switches of stacks are code for each processor, and files that need
        # a library
        left_out = "task/", "sockets/calls/wait.c", "web/zip/"
        paths = [path for path in tree.archived(ends=(".c",)) if not str(path).startswith(left_out)]
        error = tree.run(*tree.CC, *FLAGS, *(f"-I{folder}" for folder in PATHS),
                         *(tree.ROOT / path for path in paths))
        self.assertEqual([line for line in (error or "").splitlines() if "error" in line], [])


if __name__ == "__main__":
    unittest.main()
