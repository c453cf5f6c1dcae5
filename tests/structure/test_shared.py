"""The shared libraries: their symbols, and programs of another version.

Builds them once more, plain, regardless of this build's options.
"""

import json
import lzma
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import tree

# A program that was compiled before leat_vlan_config had the member that the test adds.
PROGRAM = """
#include <leat/leat.h>
#include <leat/link.h>
#include <leat/vlan.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const struct leat_vlan_member members[] = {{.id = 7}};
    struct leat_vlan_config config = {.members = members, .member_count = 1};
    const size_t wire_bytes = leat_link_memory_bytes(8, 1514), bytes = leat_vlan_memory_bytes();
    struct leat_link *wire = leat_link_init(malloc(wire_bytes), 8, 1514, 1);
    struct leat_vlan *vlan;

#ifdef NEWER
    config.newer_ns = 5;
#endif
    printf("%zu %d\\n", sizeof config,
           (int)leat_vlan_init(&vlan, leat_link_end(wire, 0), malloc(bytes), bytes, &config));
    return 0;
}
"""
OK, ARGUMENT, FULL = 0, 1, 4


def must(*command, **options):
    """Runs a command that must succeed; returns its output."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode:
        raise AssertionError(f"$ {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def listed(library):
    """The symbols in the version script of a library."""
    return set(re.findall(r"^ {8}(leat_\w+);$", tree.read(f"bindings/{library}.map"), re.M))


class Shared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="leat-shared-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.build = cls.folder / "build"
        must("meson", "setup", cls.build, tree.ROOT, "--buildtype", "debugoptimized", "-Dtests=disabled", "-Dimages=false",
             "-Dsolo5=disabled", "-Dshared=enabled", "-Dwerror=true", env={**os.environ, "CC": " ".join(tree.CC)})
        targets = json.loads(must("meson", "introspect", "--targets", cls.build))
        cls.libraries = {Path(name).name.split(".")[0]: Path(name) for target in targets
                         if target["type"] == "shared library" for name in target["filename"]}
        must("ninja", "-C", cls.build, "-j2", *(os.path.relpath(name, cls.build) for name in cls.libraries.values()))

    def test_each_exports_exactly_the_public_symbols(self):
        self.assertIn("libleat", self.libraries)
        for name, path in self.libraries.items():
            said = must("nm", "-D", "--defined-only", "--format=posix", path).splitlines()
            found = {line.split()[0].partition("@@")[0] for line in said} - {"LEAT_0"}
            self.assertEqual(found, listed(name), name)

    def test_each_has_its_soname_and_needs_little(self):
        for name, path in self.libraries.items():
            said = must("readelf", "-d", path)
            self.assertIn(f"[{name}.so.0]", said)
            needed = set(re.findall(r"NEEDED.*\[(.*)\]", said))
            allowed = {"libc.so.6"} if name == "libleat" else {"libc.so.6", "libcrypto.so.3", "libleat.so.0"}
            self.assertLessEqual(needed, allowed)

    def test_the_inline_functions_are_there(self):
        inline = {match for path in tree.sources("include")
                  for match in re.findall(r"^LEAT_INLINE [^(]*?(leat_\w+)\(", tree.read(path), re.M)}
        self.assertGreater(len(inline), 30)
        self.assertLessEqual(inline, listed("libleat"))

    def test_a_program_may_replace_the_report_of_an_assertion(self):
        program = self.compile("replaced", """
            #include <leat/leat.h>
            #include <stdlib.h>
            void leat_assert_failed(const char *file, unsigned line) { (void)file, (void)line; exit(7); }
            static unsigned char block[8 << 20];
            int main(void)
            {
                struct leat_config config = {.seed = {1}, .buf_count = 64};
                struct leat *stack;
                if (leat_init(&stack, block, sizeof block, &config)) return 1;
                leat_poll(stack, 2);
                leat_poll(stack, 1);
                return 0;
            }""", tree.ROOT / "include")
        self.assertEqual(self.run_with(program, self.libraries["libleat"])[0], 7)

    def compile(self, name, text, include, *more):
        """A program that is linked with libleat.so."""
        source, program = self.folder / f"{name}.c", self.folder / name
        source.write_text(text, encoding="utf-8")
        must(*tree.CC, "-std=gnu11", "-Wall", "-I", include, *more, source, "-o", program, self.libraries["libleat"])
        return program

    @staticmethod
    def run_with(program, library):
        """(exit status, output) of a program with one of two libraries of the same soname."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "libleat.so.0").symlink_to(library)
            done = subprocess.run([program], env={**os.environ, "LD_LIBRARY_PATH": folder}, capture_output=True, text=True,
                                  check=False, timeout=60)
        return done.returncode, done.stdout

    def newer(self):
        """(include, library) of a version whose struct leat_vlan_config has one more member, which it doesn't ignore."""
        include = self.folder / "newer-include"
        if not include.exists():
            shutil.copytree(tree.ROOT / "include", include)
            header = include / "leat/vlan.h"
            text, count = re.subn(r"uint64_t reserved\[LEAT_RESERVED\];",
                                  "uint64_t newer_ns; uint64_t reserved[LEAT_RESERVED - 1];", header.read_text("utf-8"))
            self.assertEqual(count, 1)
            header.write_text(text, encoding="utf-8")
            source = self.folder / "vlan.c"
            text, count = re.subn(r"(enum leat_err leat_vlan_init\(.*?\n\{\n.*?\n\n)", r"\1    if (config->newer_ns) return LEAT_ERR_FULL;\n",
                                  tree.read("netif/vlan/vlan.c"), flags=re.S)
            self.assertEqual(count, 1)
            source.write_text(text, encoding="utf-8")
            made = self.folder / "vlan.o"
            must(*tree.CC, "-std=gnu11", "-g", "-O2", "-fPIC", "-I", include, "-c", source, "-o", made)
            self.relink(made)
        return include, self.folder / "newer.so"

    def relink(self, made):
        """Links libleat.so once more, with another object of vlan.c."""
        name = self.libraries["libleat"].name
        commands = must("ninja", "-C", self.build, "-t", "commands", "-s", os.path.relpath(self.libraries["libleat"], self.build))
        link = commands.strip().splitlines()[-1]
        self.assertIn("vlan_vlan.c.o" if "vlan_vlan.c.o" in link else "vlan.c.o", link)
        link = re.sub(r"\S*vlan\.c\.o", str(made), link)
        link = re.sub(rf"-o \S*{re.escape(name)}", f"-o {self.folder / 'newer.so'}", link)
        must("sh", "-c", link.split(" && ")[0], cwd=self.build)

    def test_a_program_of_an_older_version_runs_with_a_struct_that_has_grown(self):
        older = self.compile("older", PROGRAM, tree.ROOT / "include")
        status, said = self.run_with(older, self.libraries["libleat"])
        self.assertEqual((status, said.split()[1]), (0, str(OK)))
        _, library = self.newer()
        self.assertEqual(self.run_with(older, library), (status, said))

    def test_a_member_that_the_library_does_not_have_is_refused(self):
        include, library = self.newer()
        newer = self.compile("newer", PROGRAM, include, "-DNEWER")
        self.assertEqual(self.run_with(newer, library)[1].split()[1], str(FULL), "the newer library knows it")
        self.assertEqual(self.run_with(newer, self.libraries["libleat"])[1].split()[1], str(ARGUMENT))

    @unittest.skipUnless(shutil.which("abidiff"), "abidiff is not installed (abigail-tools)")
    def test_abidiff_sees_a_removed_function_and_a_longer_struct(self):
        same = self.abidiff(self.libraries["libleat"], tree.ROOT / "include")
        self.assertEqual(same.returncode, 0, same.stdout)
        include, library = self.newer()
        self.assertIn("newer_ns", self.abidiff(library, include).stdout)

    @unittest.skipUnless(shutil.which("abidiff"), "abidiff is not installed (abigail-tools)")
    def test_the_interface_of_the_last_release_is_still_there(self):
        recorded = sorted((tree.ROOT / "bindings/abi").glob("libleat.so.0-*.abi.xz"),
                          key=lambda path: [int(number) for number in re.findall(r"\d+", path.name)])
        if not recorded:
            self.skipTest("there is no release yet: RELEASING.md says when its interface is recorded")
        last = self.folder / "last.abi"
        last.write_bytes(lzma.decompress(recorded[-1].read_bytes()))
        done = subprocess.run(["abidiff", "--no-added-syms", "--suppressions", tree.ROOT / "bindings/abi/allowed.ini", "--headers-dir2",
                               tree.ROOT / "include", last, self.libraries["libleat"]], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def abidiff(self, library, include):
        return subprocess.run(["abidiff", "--headers-dir1", tree.ROOT / "include", "--headers-dir2", include,
                               self.libraries["libleat"], library], capture_output=True, text=True, check=False)


if __name__ == "__main__":
    unittest.main()
