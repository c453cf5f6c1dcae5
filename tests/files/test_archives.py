"""Archives that other programs write. leat finds in them the files of the folder they were made of."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

SHOW = os.environ["LEAT_SHOW_ARCHIVE"]
TIME = 1700000000


def fnv1a(data):
    value = 2166136261
    for byte in data:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def show_by(archive, *words):
    """The lines of show_archive for the bytes of an archive: (status, lines, reason)."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(archive)
        file.flush()
        done = subprocess.run([SHOW, *words, file.name], capture_output=True, text=True, check=False)
    return done.returncode, sorted(done.stdout.splitlines()), done.stderr.strip()


def show(archive, several=False):
    """The same, read from memory and in parts. In parts only the first of several archives is read."""
    shown = show_by(archive)
    if not several:
        assert show_by(archive, "-m") == shown
    return shown


class Archives(unittest.TestCase):
    """A folder with the kinds of files that occur in practice, and archives of it."""

    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.root = Path(held.name) / "root"
        long_name = "n" * 120
        contents = {
            "index.html": b"<h1>hello</h1>\n", "empty": b"", "exact": b"x" * 512, "large": bytes(range(256)) * 300,
            "sub/folder/deep.txt": b"deep", f"{long_name}/{long_name[:90]}.txt": b"long", "umlaut-\u00e4.txt": b"utf-8",
        }
        for path, data in contents.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(data)
        os.link(self.root / "index.html", self.root / "sub/again.html")
        os.symlink("../index.html", self.root / "sub/link.html")
        os.symlink("sub/folder", self.root / "short")
        (self.root / "no-entries").mkdir()
        for path in [*self.root.rglob("*"), self.root]:
            os.utime(path, (TIME, TIME), follow_symlinks=False)

    def expected(self):
        """The output of show_archive for the folder."""
        lines = ["left out 0"]
        for folder, folders, files in os.walk(self.root, followlinks=True):
            for name in folders:
                lines.append(f"{(Path(folder) / name).relative_to(self.root)}/")
            for name in files:
                path = Path(folder) / name
                data = path.read_bytes()
                lines.append(f"{path.relative_to(self.root)} {TIME} {len(data)} {fnv1a(data)}")
        # below a link to a folder, entries have the paths of that folder
        return sorted({line.replace("short/deep", "sub/folder/deep") for line in lines})

    def check(self, archive):
        status, lines, why = show(archive)
        self.assertEqual((status, why), (0, ""))
        self.assertEqual(sorted(set(lines)), self.expected())

    def test_python_in_each_format(self):
        for form in tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT:
            written = io.BytesIO()
            with tarfile.open(fileobj=written, mode="w", format=form) as tar:
                tar.add(self.root, ".")
            with self.subTest(form=form):
                self.check(written.getvalue())

    def test_gnu_tar(self):
        for form in "gnu", "pax":
            with self.subTest(form=form):
                self.check(subprocess.run(["tar", f"--format={form}", "-cf", "-", "-C", self.root, "."], check=True,
                                          capture_output=True).stdout)

    @unittest.skipUnless(shutil.which("bsdtar"), "bsdtar is not installed")
    def test_bsdtar(self):
        for form in "newc", "pax", "ustar", "gnutar":
            with self.subTest(form=form):
                self.check(subprocess.run(["bsdtar", "--format", form, "-cf", "-", "-C", self.root, "."], check=True,
                                          capture_output=True).stdout)

    @unittest.skipUnless(shutil.which("cpio"), "cpio is not installed")
    def test_cpio(self):
        for form in "newc", "crc":
            names = subprocess.run(["find", ".", "-print0"], cwd=self.root, check=True, capture_output=True).stdout
            with self.subTest(form=form):
                self.check(subprocess.run(["cpio", "-0", "-o", "-H", form, "--quiet"], cwd=self.root, input=names,
                                          check=True, capture_output=True).stdout)

    @unittest.skipUnless(shutil.which("bsdtar"), "bsdtar is not installed")
    def test_archives_of_cpio_follow_each_other(self):
        def archive(*paths):
            return subprocess.run(["bsdtar", "--format", "newc", "-cf", "-", "-C", self.root, *paths], check=True,
                                  capture_output=True).stdout
        both = archive("empty") + bytes(1024) + archive("exact")
        status, lines, _ = show(both, several=True)
        self.assertEqual(status, 0)
        self.assertEqual([line.split()[0] for line in lines], ["empty", "exact", "left"])
        self.assertEqual([line.split()[0] for line in show_by(both, "-m")[1]], ["empty", "left"])
        status, _, why = show(archive("empty") + b"\x1f\x8b compressed", several=True)
        self.assertEqual(status, 1)
        self.assertIn("the archive ends in a header", why)

    def test_a_binary_size(self):
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w", format=tarfile.GNU_FORMAT) as tar:
            info = tarfile.TarInfo("far")
            info.size, info.mtime = 3, 1 << 40  # the time has no room in octal digits
            tar.addfile(info, io.BytesIO(b"abc"))
        self.assertEqual(show(written.getvalue())[1], [f"far {1 << 40} 3 {fnv1a(b'abc')}", "left out 0"])

    def test_a_sparse_file_is_left_out(self):
        with (self.root / "sparse").open("wb") as file:
            file.truncate(1 << 20)
            file.seek(1 << 19)
            file.write(b"x")
        for form in "gnu", "pax":
            made = subprocess.run(["tar", "--sparse", f"--format={form}", "-cf", "-", "-C", self.root, "sparse"],
                                  check=True, capture_output=True).stdout
            with self.subTest(form=form):
                self.assertEqual(show(made)[1], ["left out 1"])

    def test_each_cut_is_told(self):
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            tar.add(self.root / "large", "large")
        for cut in range(513, 512 + 76800, 997):
            status, _, why = show(written.getvalue()[:cut])
            self.assertEqual((status, why), (1, f"the archive ends in a file, at byte 0 of {cut}"))

    def test_each_damage_of_cpio_is_told(self):
        """A file of eight bytes with the name "file", and the last record."""
        def record(name, data):
            head = b"070701" + b"".join(b"%08X" % field for field in (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0))
            head += name + b"\0"
            return head + bytes(-len(head) % 4) + data
        good = record(b"file", b"contents") + record(b"TRAILER!!!", b"")
        self.assertEqual(show(good)[0], 0)
        size, name_size, second = 54, 94, 124
        for at, wrong, told in ((20, b"x", "a header has a byte that is no hexadecimal digit, at byte 0"),
                                (name_size, b"00000000", "a name has no bytes, at byte 0"),
                                (name_size, b"00000004", "a name has no end, at byte 0"),
                                (name_size, b"000000FF", "the archive ends in a name, at byte 0"),
                                (name_size, b"FFFFFFFF", "the archive ends in a name, at byte 0"),
                                (size, b"000000FF", "the archive ends in a file, at byte 0"),
                                (size, b"FFFFFFFF", "the archive ends in a file, at byte 0"),
                                (second, b"07070X", "no header of cpio's format newc is there, at byte 124"),
                                (size, b"00000004", "no header of cpio's format newc is there, at byte 120")):
            with self.subTest(at=at, wrong=wrong):
                status, _, why = show(good[:at] + wrong + good[at + len(wrong):])
                self.assertEqual((status, why), (1, f"{told} of {len(good)}"))
        for cut in range(6, len(good) - 3):  # less than the zeros behind the last name
            status, _, why = show(good[:cut])
            self.assertEqual(status, 1, cut)
            self.assertRegex(why, rf"^the archive ends in a (header|name|file), at byte (0|124) of {cut}$")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
