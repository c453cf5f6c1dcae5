"""Each template of tools/new compiles without a warning, and passes its own test, with the libraries of this build."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tree

loader = importlib.machinery.SourceFileLoader("new", str(tree.ROOT / "tools/new"))
new = importlib.util.module_from_spec(importlib.util.spec_from_loader("new", loader))
loader.exec_module(new)

LIBRARIES = os.environ.get("LEAT_TEMPLATE_LIBRARIES", "").split()
FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", *os.environ.get("LEAT_TEMPLATE_FLAGS", "").split()]


@unittest.skipUnless(LIBRARIES, "without the libraries of a build")
class Templates(unittest.TestCase):
    def run_one(self, folder, template):
        subprocess.run([sys.executable, tree.ROOT / "tools/new", folder, "--template", template, "--installed"], check=True,
                       stdout=subprocess.DEVNULL)
        made = subprocess.run([*tree.CC, *FLAGS, "-I", tree.ROOT / "include", "-o", folder / "test", folder / "app.c", folder / "test.c",
                               "-Wl,--start-group", *LIBRARIES, "-Wl,--end-group"], stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        done = subprocess.run([folder / "test"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, "ok\n"))

    def test_each_passes_its_test(self):
        with tempfile.TemporaryDirectory() as folder:
            for template in new.TEMPLATES:
                if template == "tasks" and not any("leat-task" in library for library in LIBRARIES):
                    continue
                with self.subTest(template=template):
                    self.run_one(Path(folder) / f"a-{template}", template)


if __name__ == "__main__":
    unittest.main()
