"""Every public header compiles alone, as C11 and as C++17, without a warning."""

import shutil
import tempfile
import unittest
from pathlib import Path

import tree

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]

# The macros and functions of leat/addr.h, in a static initializer and in an expression.
ADDRESSES = """
#include <leat/addr.h>
static const struct leat_ip us = LEAT_IP4_INIT(10, 0, 0, 1);
static const struct leat_endpoint peers[] = {{LEAT_IP4_INIT(10, 0, 0, 2), 80, 0}};
int main(void)
{
    struct leat_ip ip = LEAT_IP4(10, 0, 0, 1);
    struct leat_endpoint peer = leat_endpoint_of(LEAT_IP4(10, 0, 0, 2), 80);

    return leat_ip_equal(ip, us) && leat_endpoint_equal(&peer, peers) && leat_ip_v4_number(ip) == 0x0a000001 &&
        leat_ip_is_any(LEAT_IP_ANY) && leat_ip_is_any(LEAT_IP4_ANY) && !leat_ip_is_loopback(LEAT_IP4_BROADCAST) ? 0 : 1;
}
"""


class Headers(unittest.TestCase):
    def compile_all(self, compiler, standard, suffix):
        """Compiles a file that includes only the header, twice, to check its guard."""
        with tempfile.TemporaryDirectory() as folder:
            for path in tree.sources("include/leat"):
                source = Path(folder) / f"one{suffix}"
                line = f"#include <leat/{path.name}>\n"
                source.write_text(line + line + "int main(void);\n", encoding="utf-8")
                error = tree.run(*compiler, f"-std={standard}", *WARNINGS, "-fsyntax-only",
                                 "-I", tree.ROOT / "include", source)
                self.assertIsNone(error, error)

    def run_addresses(self, compiler, standard, suffix):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / f"addresses{suffix}"
            source.write_text(ADDRESSES, encoding="utf-8")
            program = Path(folder) / "addresses"
            error = tree.run(*compiler, f"-std={standard}", *WARNINGS, "-O1", "-I", tree.ROOT / "include",
                             source, "-o", program) or tree.run(program)
            self.assertIsNone(error, error)

    def test_addresses_are_constants_and_expressions(self):
        self.run_addresses(tree.CC, "c11", ".c")
        if shutil.which(tree.CXX[0]):
            self.run_addresses(tree.CXX, "c++17", ".cc")

    def test_c11(self):
        self.compile_all(tree.CC, "c11", ".c")

    def test_c11_freestanding(self):
        self.compile_all([*tree.CC, "-ffreestanding"], "c11", ".c")

    @unittest.skipUnless(shutil.which(tree.CXX[0]), "there is no C++ compiler")
    def test_cpp17(self):
        self.compile_all(tree.CXX, "c++17", ".cc")


if __name__ == "__main__":
    unittest.main()
