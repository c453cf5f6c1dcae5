"""upload's archives: programs that read them, as files and as streams; how many files; their names."""

import contextlib
import io
import os
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
import zlib

import pytest

from conftest import run
from forms import HEAD, PART, PATIENCE_S, curl, unchunked


@pytest.fixture
def web(leat):
    server = leat("upload")
    server.url = f"http://{server.ip}/upload"
    return server


ZIP_STREAM = """
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.zip.*;
public class Read {
    public static void main(String[] words) throws Exception {
        ZipInputStream zip = new ZipInputStream(System.in);
        for (ZipEntry entry; (entry = zip.getNextEntry()) != null;)
            System.out.println(entry.getName() + " " + new CRC().of(zip));
    }
    static class CRC {
        long of(InputStream in) throws Exception {
            CRC32 crc = new CRC32();
            crc.update(in.readAllBytes());
            return crc.getValue();
        }
    }
}
"""


def archive_of(web, files, tmp_path):
    """Uploads @files, pairs of a name and its data, by curl; returns the path of the archive."""
    words = []
    for number, (name, data) in enumerate(files):
        (tmp_path / str(number)).write_bytes(data)
        words += ["-F", f"file=@{tmp_path / str(number)};filename={name}"]
    curl("-o", tmp_path / "out.zip", *words, web.url)
    return tmp_path / "out.zip"


SAMPLES = [("noise", os.urandom(300_000)), ("empty", b""), ("text", b"PK\x07\x08 hello\r\n--\r\n"), ("ä.txt", b"x" * 70_000)]


@pytest.mark.parametrize("command", [
    ["unzip", "-tq", "{}"], ["bsdtar", "-tf", "{}"], ["busybox", "unzip", "-l", "{}"], [sys.executable, "-m", "zipfile", "-t", "{}"],
    ["7zz", "t", "{}"],
], ids=lambda command: command[0].rpartition("/")[2])  # fmt: skip
def test_readers_of_archives(web, tmp_path, command):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} isn't installed")
    out = archive_of(web, SAMPLES, tmp_path)
    subprocess.run([word.format(out) for word in command], check=True, timeout=60, stdout=subprocess.DEVNULL)


def test_readers_of_archives_as_streams(web, tmp_path):
    """No file, so no directory: each entry has to say where it ends."""
    out = archive_of(web, SAMPLES, tmp_path)
    assert run("bsdtar", "-xOf", "-", stdin=out.read_bytes()) == b"".join(data for _, data in SAMPLES)
    assert run("funzip", stdin=out.read_bytes()) == SAMPLES[0][1]
    perl = ("use IO::Uncompress::Unzip; binmode STDOUT; $z = IO::Uncompress::Unzip->new('-') or die; do { print while"
            " <$z>; $s = $z->nextStream; die if $s < 0 } while $s > 0")  # fmt: skip
    assert run("perl", "-e", perl, stdin=out.read_bytes()) == b"".join(data for _, data in SAMPLES)


def test_Javas_ZipInputStream(web, tmp_path):
    if not shutil.which("java") or b"jdk.compiler" not in run("java", "--list-modules"):
        pytest.skip("there is no java with a compiler")
    out = archive_of(web, SAMPLES, tmp_path)
    (tmp_path / "Read.java").write_text(ZIP_STREAM)
    text = run("java", "-Dstdout.encoding=UTF-8", tmp_path / "Read.java", stdin=out.read_bytes(), timeout=110)
    assert [line.rpartition(b" ")[2] for line in text.splitlines()] == [b"%d" % zlib.crc32(data) for _, data in SAMPLES]


def form_of(names):
    """A form with a file of each name, whose data is its number."""
    return b"".join(PART % name + b"%d\r\n" % number for number, name in enumerate(names)) + b"--B--\r\n"


def send_form(web, form, length=None):
    """Sends @form, or what there is of one of @length bytes."""
    conn = socket.create_connection((web.ip, 80), PATIENCE_S)

    def send():
        with contextlib.suppress(OSError):
            conn.sendall(HEAD % (length or len(form)) + form)

    sender = threading.Thread(target=send)
    sender.start()
    return conn, sender


def archive_of_form(web, form):
    conn, sender = send_form(web, form)
    with conn:
        text = unchunked(conn)
    sender.join()
    return zipfile.ZipFile(io.BytesIO(text))


@pytest.mark.parametrize("count,long_names", [(300, False), (10_000, False), (1_000, True)])
def test_many_files(web, count, long_names):
    """The archive's directory takes buffers of the pool, and gives them back."""
    names = [b"%d%s.txt" % (number, b"n" * 240 if long_names else b"") for number in range(count)]
    for _ in range(3):
        archive = archive_of_form(web, form_of(names))
        assert [name.encode() for name in archive.namelist()] == names
        assert archive.read(names[-1].decode()) == b"%d" % (count - 1)


def test_more_files_than_memory_has_names(leat, tmp_path):
    """The reply ends before its end, as it must; the program says why, and the memory is free again."""
    web = leat("upload", ["--buffers", 256])
    web.url = f"http://{web.ip}/upload"
    conn, sender = send_form(web, form_of([b"%d" % number for number in range(100_000)]))
    with conn, pytest.raises((ConnectionError, ValueError, AssertionError)):
        unchunked(conn)
    sender.join()
    files = [b"%d" % number for number in range(400)]
    assert [name.encode() for name in archive_of_form(web, form_of(files)).namelist()] == files
    web.wait_for(r"an archive for [0-9a-f.:]+ was ended at its file")


def test_an_address_has_one_share_of_the_names(leat):
    """A second archive for the same address gets no share of its own, so other addresses find memory, too."""
    web = leat("upload", ["--buffers", 256])
    names = [b"name%d" % number for number in range(1_500)]
    form = form_of(names)
    first, sender = send_form(web, form.removesuffix(b"--B--\r\n"), len(form))
    reply = b""
    with first:
        while names[-1] not in reply:
            reply += first.recv(65536)
        second, second_sender = send_form(web, form_of(names[:1_200]))
        with second, pytest.raises((ConnectionError, ValueError, AssertionError)):
            unchunked(second)
        second_sender.join()
        web.wait_for(r"an archive for [0-9a-f.:]+ was ended at its file")
    sender.join()


def test_names_that_leave_no_other_are_told(web):
    """24 names that a second a.txt could get are there already; the console says why the archive ends."""
    names = [b"a.txt"] + [b"a (%d).txt" % (1 << bit) for bit in range(24)] + [b"a.txt"]
    conn, sender = send_form(web, form_of(names))
    with conn, pytest.raises((ConnectionError, ValueError, AssertionError)):
        unchunked(conn)
    sender.join()
    web.wait_for(r"an archive for [0-9a-f.:]+ was ended at its file 26: it has too many files of one name")


def test_equal_names_are_told_apart(web):
    archive = archive_of_form(web, form_of([b"a.txt", b"a.txt", b"../a.txt", b"b"]))
    assert archive.namelist() == ["a.txt", "a (1).txt", "a (2).txt", "b"]
    assert [archive.read(name) for name in archive.namelist()] == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("form", [
    b"\r\n" + form_of([b"a"]), b"This is MIME.\r\n" + form_of([b"a"]),
    form_of([b"a"]).replace(b'filename="a"', b"filename*=UTF-8''a"), form_of([b"a"]).replace(b'"a"', b'"a";'),
])  # fmt: skip
def test_forms_of_other_clients(web, form):
    assert archive_of_form(web, form).namelist() == ["a"]
