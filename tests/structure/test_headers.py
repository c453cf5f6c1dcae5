"""Every public header compiles alone, as C11 and as C++17, without a warning."""

import shutil
import tempfile
import unittest
from pathlib import Path

import tree

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]


class Headers(unittest.TestCase):
    def compile_all(self, compiler, standard, suffix):
        """Compiles a file that includes nothing but the header, twice (its guard works)."""
        with tempfile.TemporaryDirectory() as folder:
            for path in tree.sources("include/leat"):
                source = Path(folder) / f"one{suffix}"
                line = f"#include <leat/{path.name}>\n"
                source.write_text(line + line + "int main(void);\n", encoding="utf-8")
                error = tree.run(*compiler, f"-std={standard}", *WARNINGS, "-fsyntax-only",
                                 "-I", tree.ROOT / "include", source)
                self.assertIsNone(error, error)

    def test_c11(self):
        self.compile_all(tree.CC, "c11", ".c")

    def test_c11_freestanding(self):
        self.compile_all([*tree.CC, "-ffreestanding"], "c11", ".c")

    @unittest.skipUnless(shutil.which(tree.CXX[0]), "there is no C++ compiler")
    def test_cpp17(self):
        self.compile_all(tree.CXX, "c++17", ".cc")


if __name__ == "__main__":
    unittest.main()
