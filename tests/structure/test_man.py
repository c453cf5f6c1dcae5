"""The pages for man(1): all sections and options are there, and neither mandoc nor groff finds a mistake.

Makes the pages once more, of the programs of this build.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tree

sys.path.insert(0, str(tree.ROOT / "tools/lib"))

import roff  # noqa: E402

MAKER = tree.ROOT / "tools/manpages.py"
NOTES = tree.ROOT / "docs/man"
TOOLS = [path for path in sorted((tree.ROOT / "tools").iterdir()) if path.is_file() and not path.suffix]
PLACES = "tools/leat-replay", "sockets/run", "tests/script", "tests/sim", "examples"
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "FILES", "EXIT STATUS", "SEE ALSO"]


def program_of(name):
    """The program of that name in the build, or None."""
    return next((path for folder in PLACES if (path := tree.BUILD / folder / name).is_file()), None)


def make(*words):
    done = subprocess.run([sys.executable, MAKER, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout


def headings(page):
    return re.findall(r'^\.SH "?(.*?)"?$', page, re.M)


def plain(page):
    """A page without fonts, and with ordinary hyphens."""
    return re.sub(r"\\f[BIR]", "", page).replace(r"\-", "-")


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="leat-man-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.programs = {}
        for notes in sorted(NOTES.glob("*.txt")):
            name, program = notes.stem, program_of(notes.stem)
            if name == "program" or not program:
                continue
            common = [] if name.startswith("leat-") else [NOTES / "program.txt"]
            cls.make_page(name, program, notes, *common)
        for tool in TOOLS:
            cls.make_page(f"tools-{tool.name}", tool, NOTES / f"tools/{tool.name}.txt")
        make("calls", "--version", "9.8.7", "--output", cls.folder)
        cls.calls = make("list").split()

    @classmethod
    def make_page(cls, name, program, *notes):
        make("program", "--name", name, "--version", "9.8.7", "--output", cls.folder / f"{name}.1", "--notes", *notes, "--", program)
        cls.programs[name] = program

    def read(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def files(self):
        return [str(path) for path in sorted(self.folder.iterdir())]

    def test_each_program_that_is_installed_has_notes(self):
        self.assertLessEqual({"leat-replay", "leat-script", "leat-sim"}, set(self.programs))

    def test_each_example_has_notes(self):
        examples = set(re.findall(r"\[`(\w+)`\]\(\w+\.c\) \|", tree.read("examples/README.md")))
        self.assertEqual(examples - {path.stem for path in NOTES.glob("*.txt")}, set())

    def test_a_program_has_all_sections_in_their_order(self):
        for name in self.programs:
            found = [heading for heading in headings(self.read(f"{name}.1")) if heading not in ("COMMANDS", "ARGUMENTS", "ENVIRONMENT")]
            self.assertEqual(found, SECTIONS, name)

    def test_each_tool_is_installed_or_has_a_page_of_its_own(self):
        self.assertGreaterEqual(len(TOOLS), 17)
        listed = re.search(r"foreach name : (\['bench'.*?\])", tree.read("tools/meson.build"), re.S)[1]
        self.assertEqual(re.findall(r"'(\w+)'", listed), [tool.name for tool in TOOLS])
        self.assertEqual(sorted(path.stem for path in (NOTES / "tools").iterdir()), [tool.name for tool in TOOLS])

    def test_a_tool_says_its_usage_first_from_any_folder(self):
        for tool in TOOLS:
            with tempfile.TemporaryDirectory() as elsewhere:
                (Path(elsewhere) / "link").symlink_to(tree.ROOT, target_is_directory=True)
                said = subprocess.run([f"link/tools/{tool.name}", "--help"], cwd=elsewhere, capture_output=True, text=True, check=False)
            self.assertEqual((said.returncode, said.stderr), (0, ""), tool.name)
            self.assertRegex(said.stdout, rf"^usage: tools/{tool.name}\b", tool.name)

    def test_the_exit_status_of_a_tool_is_a_list(self):
        page = plain(self.read("tools-coverage.1"))
        status = page.split('.SH "EXIT STATUS"', 1)[1].split(".SH", 1)[0]
        self.assertEqual(re.findall(r"^\.TP\n(\d+)", status, re.M), ["0", "1", "2"])
        self.assertIn("less than 95 % of the lines or 85 %", " ".join(status.split()))

    def test_a_list_that_a_sentence_announces_stays_in_the_description(self):
        page = plain(self.read("tools-test.1"))
        self.assertIn(".TP\nlinux-release\n", page.split(".SH DESCRIPTION", 1)[1].split(".SH", 1)[0])
        self.assertNotIn(".SH ARGUMENTS", page)

    def test_a_page_has_each_option_of_the_help_text_once(self):
        for name, program in self.programs.items():
            said = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
            options = re.findall(r"^ +(--?[\w-]+)", said, re.M)
            found = re.findall(r"^\.TP\n(?:(-\w), )?(--?[\w-]+)", plain(self.read(f"{name}.1")).replace("\\&", ""), re.M)
            terms = [option for pair in found for option in pair]
            for option in options:
                self.assertIn(terms.count(option), (1, 2) if option == "-h" else (1,), f"{name}: {option}")

    def test_a_command_has_its_own_options(self):
        page = self.read("leat-replay.1")
        self.assertEqual(re.findall(r"^\.SS (\w+)", page, re.M), ["feed", "streams", "flow", "recorded", "unhex"])
        flow = plain(page.split(".SS flow", 1)[1].split(".SS", 1)[0])
        self.assertIn(".TP\n--plot FILE.svg\n", flow)
        self.assertNotIn("print the version", flow)

    def test_a_call_has_its_docstring_and_its_configuration(self):
        self.assertGreaterEqual(len(self.calls), 40)
        page = plain(self.read("leat_tcp_listen.3"))
        self.assertIn("leat_tcp_listen - passive OPEN\n", page)
        self.assertIn("#include <leat/tcp.h>", page)
        self.assertIn("pkg-config --cflags --libs leat)", page)
        self.assertIn(".SH ERRORS\nLEAT_ERR_IN_USE, ", page)
        self.assertIn(".TP\nuint16_t port\n1..65535\n", page)
        self.assertNotIn("reserved", page)

    def test_each_call_says_its_library(self):
        without = [name for name in self.calls if "LIBRARY" not in headings(self.read(f"{name}.3"))]
        self.assertEqual(without, [])

    def test_a_purpose_ends_where_a_part_of_the_sentence_ends(self):
        purposes = {name: re.search(r"^\.SH NAME\n(.*?)\n\.SH", self.read(f"{name}.3"), re.M | re.S)[1].partition(" \\- ")[2].replace("\n", " ")
                    for name in self.calls}
        self.assertEqual(purposes["leat_tcp_listen"], "passive OPEN")
        # a parenthesis, dots, a colon, a clause
        self.assertEqual(purposes["leat_zip_stored"], "the header of the next len bytes of stored data")
        self.assertEqual(purposes["leat_buf_slice"], "a new buffer list that shows bytes offset .. offset + len of the list buf")
        self.assertEqual(purposes["leat_http_access_json"], "the same as an object of JSON")
        self.assertEqual(purposes["leat_poll"], "takes a bounded burst from each backend")

    def test_no_mark_of_doxygen_is_left(self):
        left = [name for name in self.calls if re.search(r"@[pc]\b|`|[\0-\b]", self.read(f"{name}.3"))]
        self.assertEqual(left, [])

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_finds_nothing(self):
        done = subprocess.run(["mandoc", "-T", "lint", *self.files()], capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout + done.stderr, "")

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed (groff-base)")
    def test_groff_warns_of_nothing(self):
        done = subprocess.run(["groff", "-k", "-man", "-ww", "-Tutf8", "-z", "-rLL=100n", *self.files()], capture_output=True,
                              text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    @unittest.skipUnless(shutil.which("man"), "man is not installed (man-db)")
    def test_man_shows_a_page(self):
        done = subprocess.run(["man", "--warnings", "--encoding=UTF-8", "--local-file", self.folder / "leat_tcp_listen.3"],
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "100", "MANPAGER": "cat"},
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("passive OPEN", done.stdout)


class Roff(unittest.TestCase):
    def test_an_option_as_wide_as_its_column_ends_at_its_argument(self):
        self.assertEqual(roff.entry("  --ipv4 ADDRESS/BITS as --ip"), ("--ipv4 ADDRESS/BITS", "as --ip"))
        self.assertEqual(roff.entry("  --forward tcp:PORT[:OURS] with --passt"), ("--forward tcp:PORT[:OURS]", "with --passt"))
        self.assertEqual(roff.entry("    --mtu=BYTES what the link carries"), ("--mtu=BYTES", "what the link carries"))
        self.assertEqual(roff.entry("  -H 'NAME: VALUE'   a field.  Twice"), ("-H 'NAME: VALUE'", "a field.  Twice"))

    def test_text_is_no_request(self):
        self.assertEqual(roff.made_of(".so a\\b\n\n    'quoted' \\n"),
                         [".PP", "\\&.so a\\eb", ".IP", ".nf", "\\(aqquoted\\(aq \\en", ".fi"])

    def test_a_list_goes_on_after_an_empty_line(self):
        self.assertEqual(roff.blocks("  a  b\n     c\n\n  d  e\ntext"),
                         [("list", [("a", "b c"), ("d", "e")]), ("paragraph", ["text"])])


if __name__ == "__main__":
    unittest.main()
