"""curl and sockets against upload: the files of a form come back as a Zip archive, while they arrive."""

import collections
import contextlib
import io
import os
import re
import socket
import struct
import subprocess
import threading
import time
import zipfile

import pytest

from chromium import Chromium
from conftest import BUILD, DEVICE, LONG, QUICK, binary, make_tap, run
from forms import HEAD, PART, PATIENCE_S, curl, unchunked
from services import program

BIG_BYTES = 3_000_000 if QUICK else 100_000_000


@pytest.fixture
def web(leat):
    server = leat("upload")
    server.url = f"http://{server.ip}/upload"
    return server


def test_page(web):
    page = curl(web.url.removesuffix("upload"))
    assert b"<form action=/upload method=post enctype=multipart/form-data>" in page


def test_files_come_back_as_an_archive(web, tmp_path):
    (tmp_path / "small.txt").write_text("hello\r\n--", encoding="ascii")
    (tmp_path / "empty").touch()
    with (tmp_path / "big.bin").open("wb") as file:
        for _ in range(BIG_BYTES // 100_000):
            file.write(os.urandom(100_000))
    out = tmp_path / "out.zip"
    words = [word for name in ("small.txt", "big.bin", "empty")
             for word in ("-F", f"file=@{tmp_path / name}")]
    curl("-o", out, "-F", "note=no file", *words, web.url)
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == ["small.txt", "big.bin", "empty"]
        for name in archive.namelist():
            assert archive.read(name) == (tmp_path / name).read_bytes()
    subprocess.run(["unzip", "-tq", out], check=True, timeout=110)
    stats = web.stop()
    assert stats["copied_tx_bytes"] == 0


@pytest.mark.parametrize("megabytes", [1, 20 if QUICK else 100])
def test_the_form_in_a_browser(web, tmp_path, megabytes):
    """Chooses two files, presses the button, and checks the downloaded archive.

    A browser reads no reply before it has sent the whole form, so the reply must fit the buffers in between."""
    files = {"noise.bin": os.urandom(1_000_000) * megabytes, "a b.txt": b"hello\r\n--\r\n"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    browser = Chromium()
    try:
        browser.open(web.url.removesuffix("upload"))
        browser.downloads_to(tmp_path)
        browser.choose("input[type=file]", [tmp_path / name for name in files])
        browser.value("document.querySelector('button').click()")
        begun = browser.wait_for("Browser.downloadWillBegin")
        assert "/files.zip?" in begun["url"] and begun["suggestedFilename"] == "files.zip"
        over = browser.wait_for("Browser.downloadProgress", lambda params: params["state"] != "inProgress")
        assert over["state"] == "completed" and browser.complaints == []
    finally:
        browser.stop()
    with zipfile.ZipFile(tmp_path / over["guid"]) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
    assert web.stop()["copied_tx_bytes"] == 0


def both(web, form_first, size):
    """A client that sends everything before it reads, and one that takes the archive; returns what each receives."""
    form = PART % b"noise" + os.urandom(size) + b"\r\n--B--"
    with socket.create_connection((web.ip, 80), PATIENCE_S) as conn, socket.create_connection((web.ip, 80), PATIENCE_S) as other:
        head = (HEAD % len(form)).replace(b"/upload", b"/upload?7-7")
        get = b"GET /files.zip?7-7 HTTP/1.1\r\nHost: leat\r\n\r\n"
        first, second = ((conn, head), (other, get)) if form_first else ((other, get), (conn, head))
        first[0].sendall(first[1])
        web.settle()
        second[0].sendall(second[1])
        taken = []
        taker = threading.Thread(target=lambda: taken.append(unchunked(other)))
        taker.start()
        conn.sendall(form)
        assert conn.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 200"
        taker.join(PATIENCE_S)
    assert zipfile.ZipFile(io.BytesIO(taken[0])).read("noise") == form[len(PART % b"noise"):-len(b"\r\n--B--")]


@pytest.mark.parametrize("form_first", [True, False])
def test_a_form_and_its_archive_by_two_connections(web, form_first):
    both(web, form_first, 10_000_000)


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("goes", ["form", "archive"])
def test_one_half_goes(leat, goes, begun):
    """The other client receives an error, and its place is free again."""
    web = leat("upload", arguments=["places=2"])
    for _ in range(5):
        with socket.create_connection((web.ip, 80), 30) as conn, socket.create_connection((web.ip, 80), 30) as other:
            conn.sendall((HEAD % 1000).replace(b"/upload", b"/upload?x") + (PART % b"f" + b"text" if begun else b""))
            other.sendall(b"GET /files.zip?x HTTP/1.1\r\nHost: leat\r\n\r\n")
            web.settle()
            assert not begun or told(other) == b"200"
            gone, left = (conn, other) if goes == "form" else (other, conn)
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone.close()
            if begun and goes == "form":
                with contextlib.suppress(ConnectionResetError):
                    while piece := left.recv(65536):
                        assert b"\r\n0\r\n" not in piece
            else:
                assert told(left) == b"503"
    both(web, True, 1000)


def test_one_half_does_not_come(leat):
    """The other client waits for a while, but not for ever; its place is free again."""
    web = leat("upload", arguments=["places=2"])
    with socket.create_connection((web.ip, 80), PATIENCE_S) as conn, socket.create_connection((web.ip, 80), PATIENCE_S) as other:
        conn.sendall((HEAD % 1000).replace(b"/upload", b"/upload?x") + PART % b"f")
        other.sendall(b"GET /files.zip?y HTTP/1.1\r\nHost: leat\r\n\r\n")
        web.settle()
        began = time.monotonic()
        assert (told(conn), told(other)) == (b"503", b"503")
        assert time.monotonic() - began > 5
    both(web, True, 1000)


@pytest.fixture
def packing(leat):
    if not (BUILD / "compress/zlib/libleat-deflate.a").is_file():
        pytest.skip("built without zlib")
    server = leat("upload", arguments=["deflate"])
    server.url = f"http://{server.host}/upload"
    return server


def test_files_come_back_compressed(packing, tmp_path):
    (tmp_path / "words").write_bytes(b"".join(b"line %d\r\n--\r\n" % number for number in range(BIG_BYTES // 15)))
    (tmp_path / "noise").write_bytes(os.urandom(BIG_BYTES // 10))
    (tmp_path / "empty").touch()
    names = ["words", "empty", "noise"]
    out = tmp_path / "out.zip"
    words = [word for name in names for word in ("-F", f"file=@{tmp_path / name}")]
    curl("-o", out, "-F", "note=no file", *words, packing.url)
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == names
        for name in names:
            assert archive.read(name) == (tmp_path / name).read_bytes()
            assert archive.getinfo(name).compress_type == zipfile.ZIP_DEFLATED
        assert archive.getinfo("words").compress_size < archive.getinfo("words").file_size / 4
    subprocess.run(["unzip", "-tq", out], check=True, timeout=110)
    subprocess.run(["bsdtar", "-xOf", out], check=True, timeout=110, stdout=subprocess.DEVNULL)
    assert packing.stop()["copied_tx_bytes"] == 0


@pytest.mark.skipif(not LONG, reason="takes minutes: meson test --setup long")
def test_more_than_4_GiB_compressed(packing, tmp_path):
    with (tmp_path / "zeros").open("wb") as file:
        file.truncate(4097 << 20)
    (tmp_path / "x").write_bytes(b"behind")
    out = tmp_path / "out.zip"
    curl("-o", out, "-F", f"f=@{tmp_path / 'zeros'}", "-F", f"f=@{tmp_path / 'x'}", packing.url, timeout=1500)
    assert out.stat().st_size < 100 << 20
    subprocess.run(["unzip", "-tq", out], check=True, timeout=600)
    subprocess.run(["bsdtar", "-xOf", out], check=True, timeout=600, stdout=subprocess.DEVNULL)
    assert zipfile.ZipFile(out).read("x") == b"behind"


def test_more_files_at_a_time_than_are_compressed(packing):
    """Each file comes back complete, uncompressed if no compressor was free."""
    first, second = PART % b"slow" + b"0123456789" * 10, b"0123456789" * 90 + b"\r\n--B--"
    with contextlib.ExitStack() as stack:
        conns = [stack.enter_context(socket.create_connection((packing.ip, 80), 30)) for _ in range(20)]
        for conn in conns:
            conn.sendall(HEAD % (len(first) + len(second)) + first)
        for conn in conns:  # the reply has begun, so each has a compressor, or none
            assert conn.recv(17, socket.MSG_WAITALL) == b"HTTP/1.1 200 OK\r\n"
            conn.sendall(second)
        kinds, sizes = [], []
        for conn in conns:
            archive = zipfile.ZipFile(io.BytesIO(unchunked(conn)))
            assert archive.read("slow") == b"0123456789" * 100
            kinds.append(archive.getinfo("slow").compress_type)
            sizes.append(archive.getinfo("slow").compress_size)
        assert kinds == [zipfile.ZIP_DEFLATED] * 20 and sum(size > 1000 for size in sizes) == 4
    text = curl("-F", "f=@/proc/self/cmdline;filename=a", packing.url)  # a closed connection frees its compressor
    assert zipfile.ZipFile(io.BytesIO(text)).getinfo("a").compress_type == zipfile.ZIP_DEFLATED


# other clients use a part of 200 buffers; then a client that reads late is evicted when memory is needed
@pytest.mark.parametrize("buffers", [4096, 200] if DEVICE == "tap" else [4096])
def test_a_late_reader_gets_its_archive(leat, packing, buffers, tmp_path):
    """The compressor waits for room, and its input must stay meanwhile, also with little memory."""
    server = leat("upload", ["--buffers", buffers], ["deflate"]) if buffers < 4096 else packing
    noise = os.urandom(6_000_000)
    form = PART % b"noise" + noise + b"\r\n--B--"
    with socket.create_connection((server.ip, 80), 30) as conn:
        sender = threading.Thread(target=conn.sendall, args=(HEAD % len(form) + form,))
        sender.start()
        time.sleep(1)  # both windows are closed by then
        (tmp_path / "other").write_bytes(bytes(3_000_000))
        curl("-o", "/dev/null", "-F", f"f=@{tmp_path / 'other'}", f"http://{server.ip}/upload")
        assert zipfile.ZipFile(io.BytesIO(unchunked(conn))).read("noise") == noise
        sender.join()


def test_a_form_in_chunks(web, tmp_path):
    (tmp_path / "x").write_bytes(b"x" * 100_000)
    text = curl("-H", "Transfer-Encoding: chunked", "-F", f"f=@{tmp_path / 'x'};filename=../../y", web.url)
    assert zipfile.ZipFile(io.BytesIO(text)).read("y") == b"x" * 100_000


def test_counters_for_prometheus(web):
    """Each sample comes after the type of its family, and has a number; curl's request is counted."""
    curl(web.url.removesuffix("upload"))
    text = curl(web.url.removesuffix("upload") + "metrics").decode()
    kinds, samples = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds
            kinds[name] = kind
        elif not line.startswith("# HELP "):
            name, value = re.fullmatch(r'(\w+(?:\{\w+="[\w.+]+"\})?) (\d+(?:\.\d+)?)', line).groups()
            family = list(kinds)[-1]
            parts = ("_bucket", "_sum", "_count") if kinds[family] == "histogram" else ("",)
            assert name.partition("{")[0] in [family + part for part in parts] and name not in samples
            samples[name] = float(value)
    assert set(kinds.values()) == {"counter", "gauge", "histogram"}
    trips = [value for name, value in samples.items() if name.startswith("leat_tcp_rtt_seconds_bucket")]
    assert trips == sorted(trips) and trips[-1] == samples["leat_tcp_rtt_seconds_count"] >= 1
    assert 0 < samples["leat_tcp_rtt_seconds_sum"] < 60
    assert samples["leat_tcp_opened_passive_total"] == 2 and samples["leat_http_requests_total"] == 2
    stats = web.stop()
    assert stats["tcp_opened_passive"] == 2
    devices_own = r"drop_|held_|(copied_)?(tap|xdp|socket|shm)_"
    shown = {f"leat_{name}_total" for name in stats if not re.match(devices_own, name)}
    assert shown <= set(samples)


@pytest.mark.parametrize("words,status", [
    (["-F", "note=no file"], 400), (["-d", "x=y"], 415), (["-X", "PUT", "-d", "x"], 405),
    (["-H", "Content-Type: multipart/form-data; boundary=B", "-d", "nonsense"], 400),
])  # fmt: skip
def test_other_requests_than_forms_are_refused(web, words, status):
    assert curl("-o", "/dev/null", "-w", "%{http_code}", *words, web.url) == str(status).encode()


def test_uploads_that_are_cut_leave_nothing(web, tmp_path):
    """More than there are places for at a time, one after another."""
    for _ in range(300):
        with socket.create_connection((web.ip, 80), 10) as conn:
            conn.sendall(HEAD % 1_000_000 + PART % b"cut" + b"x" * 1000)
    (tmp_path / "x").write_bytes(b"whole")
    text = curl("-F", f"f=@{tmp_path / 'x'}", "--retry", "5", web.url)
    assert zipfile.ZipFile(io.BytesIO(text)).read("x") == b"whole"


def wget(*words, status=0):
    """curl's output about a reply, and its data; exit status 8 if the server refuses."""
    done = subprocess.run([program("wget"), "-S", "-t", "1", "-T", "60", "--content-on-error", "-O", "-", *words],
                          capture_output=True, timeout=110, check=False)  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stderr, done.stdout


def test_wget_sends_a_large_form_and_takes_the_archive(web, tmp_path):
    """It reads no reply before it has sent everything, so it needs the second request."""
    noise = os.urandom(BIG_BYTES)
    (tmp_path / "form").write_bytes(PART % b"noise" + noise + b"\r\n--B--\r\n")
    taken = []
    taker = threading.Thread(
        target=lambda: taken.append(wget(web.url.replace("upload", "files.zip?w-1"))))
    taker.start()
    said, _ = wget("--header", "Content-Type: multipart/form-data; boundary=B", "--post-file", tmp_path / "form",
                   f"{web.url}?w-1")  # fmt: skip
    taker.join(60)
    assert b"HTTP/1.1 200 OK" in said
    assert zipfile.ZipFile(io.BytesIO(taken[0][1])).read("noise") == noise


@pytest.mark.parametrize("path,words,status", [
    ("", [], b"405 Method Not Allowed"),
    ("upload", ["--header", "Content-Type: text/plain"], b"415 Unsupported Media Type"),
    ("upload", ["--header", "Content-Type: multipart/form-data; boundary=Other"], b"400 Bad Request"),
])  # fmt: skip
def test_a_client_that_sends_on_gets_the_refusal(web, tmp_path, path, words, status):
    """RFC 9112 9.6: data after the reply is read and discarded, because a reset would destroy the reply."""
    (tmp_path / "large").write_bytes(b"x" * BIG_BYTES)
    for _ in range(5):
        said, _ = wget("--post-file", tmp_path / "large", *words, web.url.replace("upload", path), status=8)
        assert b"HTTP/1.1 " + status in said


def told(conn):
    """The status of the next reply; empty: the connection was reset."""
    with contextlib.suppress(ConnectionError):
        return conn.recv(12, socket.MSG_WAITALL)[9:]
    return b""


def upload_slowly(conns):
    """All at a time: each sends 20 bytes after 20 bytes, and gets all back; returns how often each got data."""
    body = PART % b"slow" + b"0123456789" * 10 + b"\r\n--B--"
    for conn in conns:
        conn.settimeout(60)
        with contextlib.suppress(ConnectionError):
            conn.sendall((HEAD % len(body)).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    heard = [told(conn) for conn in conns]
    served = [conn for conn, status in zip(conns, heard) if status == b"100"]
    for at in range(0, len(body), 20):
        for conn in served:
            conn.sendall(body[at:at + 20])
    for conn in served:
        assert conn.recv(13, socket.MSG_WAITALL) == b" Continue\r\n\r\n"
        assert zipfile.ZipFile(io.BytesIO(unchunked(conn))).read("slow") == b"0123456789" * 10
    for conn in conns:
        conn.close()
    return collections.Counter(heard)


def connections(web, count):
    return [socket.create_connection((web.ip, 80), 30) for _ in range(count)]


def test_many_slow_uploads_at_a_time(web):
    assert upload_slowly(connections(web, 200)) == {b"100": 200}


@pytest.mark.skipif(DEVICE != "tap", reason="the same everywhere, and long where a cable carries it")
@pytest.mark.parametrize("places", [256, 3000])
def test_three_thousand_slow_uploads_at_a_time(leat, places):
    """Each client has a place and is served, or was evicted for one that came later: with 300 clients mostly one of
    the same address. In a table of 3,300 the last sixteenth is never used, so no client is evicted, however slow it
    is."""
    web = leat("upload", ["--connections", 3300], [f"places={places}"])
    conns = connections(web, 3000)
    time.sleep(1.1)  # from now on silent clients may be evicted
    heard = upload_slowly(conns + connections(web, 40))
    assert sum(heard.values()) == 3040
    assert heard[b"503"] == 0
    assert heard[b"100"] == 3040 if places == 3000 else 250 < heard[b"100"] <= 310
    assert upload_slowly(connections(web, 100)) == {b"100": 100}


@pytest.mark.parametrize("word", ["places=0", "places=4097", "places=", "places=9x", "other"])
def test_wrong_words(word):
    make_tap("words0")
    try:
        done = subprocess.run([binary("upload"), "--tap", "words0", "--ip", "10.76.0.2/24", word],
                              capture_output=True, timeout=20, check=False)
    finally:
        run("ip", "link", "del", "words0")
    assert done.returncode == 2 and b"its words are deflate and places=N" in done.stderr
