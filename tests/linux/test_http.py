"""curl, wrk and sockets against httpd: built-in files, and one from the command line."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
from email.utils import parsedate_to_datetime

import pytest

from conftest import LIMIT_S, PATIENCE, QUICK, binary, run

SITE = pathlib.Path(__file__).resolve().parents[2] / "examples/site"
PAGE = (SITE / "index.html").read_bytes()
STYLE = (SITE / "style.css").read_bytes()
BIG_BYTES = 3_000_000 if QUICK else 100_000_000


def curl(*words, timeout=60):
    return run("curl", "-sS", "--no-progress-meter", "--max-time", PATIENCE * timeout - 5, *words, timeout=timeout,
               check=False)


def serve(leat, *files):
    server = leat("httpd", arguments=list(files))
    server.url = f"http://{server.host}"
    return server


@pytest.fixture
def web(leat):
    return serve(leat)


def ask(ip, text, timeout=LIMIT_S):
    """All data until the server closes."""
    with socket.create_connection((ip, 80), timeout) as conn:
        conn.sendall(text)
        reply = bytearray()
        while piece := conn.recv(65536):
            reply += piece
    return bytes(reply)


def test_pages(web):
    assert curl(f"{web.url}/") == PAGE
    assert curl(f"{web.url}/index.html") == PAGE
    assert curl("-0", f"{web.url}/style.css") == STYLE
    stats = web.stop()
    assert stats["tcp_opened_passive"] == 3
    assert stats["copied_tx_bytes"] == 0 and stats["copied_tap_frames"] == 0


def test_head_and_types(web):
    head = curl("-I", f"{web.url}/leat.svg").decode()
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert "Content-Type: image/svg+xml\r\n" in head
    assert f"Content-Length: {(SITE / 'leat.svg').stat().st_size}\r\n" in head


@pytest.mark.parametrize("words,status", [
    (["/nothing"], 404), (["/style.css/"], 404), (["--path-as-is", "/../style.css"], 404),
    (["-X", "POST", "-d", "x", "/"], 405), (["-X", "BREW", "/"], 501),
    (["-r", "999999-", "/"], 416), (["-H", "Host:", "/"], 400), (["-H", "Expect: x", "/"], 417),
    (["-H", "X: " + 17000 * "x", "/"], 431), (["/" + 9000 * "x"], 414),
    (["-H", "Transfer-Encoding: gzip", "/"], 400), (["-H", "Transfer-Encoding: gzip, chunked", "/"], 501), (["-H", 'If-Match: "x"', "/"], 412),
])  # fmt: skip
def test_statuses(web, words, status):
    words = [f"{web.url}{word}" if word.startswith("/") else word for word in words]
    assert curl("-o", "/dev/null", "-w", "%{http_code}", *words) == str(status).encode()


def test_ranges_put_a_file_together(web):
    pieces = [curl("-r", f"{at}-{at + 99}", f"{web.url}/") for at in range(0, len(PAGE), 100)]
    assert b"".join(pieces) == PAGE
    assert curl("-r", "-10", f"{web.url}/") == PAGE[-10:]


def test_an_interrupted_download_goes_on(web, tmp_path):
    part = tmp_path / "part"
    part.write_bytes(PAGE[:200])
    curl("-C", "-", "-o", part, f"{web.url}/")
    assert part.read_bytes() == PAGE


def test_a_cached_file_is_not_sent_again(web, tmp_path):
    words = ["--etag-save", tmp_path / "tag", "--etag-compare", tmp_path / "tag", "-o",
             tmp_path / "page", "-w", "%{http_code} %{size_download}", f"{web.url}/"]
    (tmp_path / "tag").touch()
    assert curl(*words) == b"200 612"
    assert curl(*words) == b"304 0"


def test_pages_have_dates(web, tmp_path):
    """Date is the current time, and Last-Modified the file's; curl stores it, and sends it as a condition."""
    page = tmp_path / "style.css"
    head = curl("-R", "-D", "-", "-o", page, f"{web.url}/style.css").decode()
    date = parsedate_to_datetime(re.search("^Date: (.*)\r$", head, re.M)[1])
    changed = parsedate_to_datetime(re.search("^Last-Modified: (.*)\r$", head, re.M)[1])
    assert abs(date.timestamp() - time.time()) < 30
    assert changed.timestamp() == page.stat().st_mtime <= date.timestamp()
    words = ["-o", tmp_path / "again", "-w", "%{http_code}", f"{web.url}/style.css"]
    assert curl("-z", page, *words) == b"304"
    os.utime(page, (0, changed.timestamp() - 1))
    assert curl("-z", page, *words) == b"200"
    old = f"{changed:%A, %d-%b-%y %H:%M:%S GMT}"  # in the format of RFC 850
    assert curl("-H", f"If-Modified-Since: {old}", *words) == b"304"
    assert curl("-H", f"If-Unmodified-Since: {old}", *words) == b"200"
    assert curl("-H", "If-Unmodified-Since: Thu, 01 Jan 2004 00:00:00 GMT", *words) == b"412"
    assert curl("-H", f"If-Modified-Since: {changed.ctime()}", *words) == b"304"


def test_one_connection_many_requests(web):
    assert curl(*[f"{web.url}/?{i}" for i in range(100)]) == 100 * PAGE
    assert web.stop()["tcp_opened_passive"] == 1


def test_pipelined_requests_are_answered_in_order(web):
    text = b"".join(b"GET /%s HTTP/1.1\r\nHost: leat\r\n\r\n" % name
                    for _ in range(200) for name in (b"", b"style.css"))
    text += b"GET / HTTP/1.1\r\nHost: leat\r\nConnection: close\r\n\r\n"
    bodies = re.split(rb"HTTP/1.1 200 OK\r\n.*?\r\n\r\n", ask(web.ip, text), flags=re.S)[1:]
    assert bodies == 200 * [PAGE, STYLE] + [PAGE]


def test_many_at_once(web):
    many = [f"{web.url}/{i}" for i in range(100)]
    said = curl("-o", "/dev/null", "-w", "%{http_code}\\n", "-Z", "--parallel-immediate", "--parallel-max", "100", *many)
    assert said.count(b"404\n") == 100
    assert web.stop()["tcp_opened_passive"] == 100


def test_ten_thousand_requests(web):
    requests = 1000 if QUICK else 10_000
    fetched = curl("-o", "/dev/null", "-w", "%{http_code}\\n", f"{web.url}/?[1-{requests}]")
    assert fetched.split() == requests * [b"200"]
    stats = web.stop()
    assert stats["tcp_opened_passive"] == 1 and stats["copied_tx_bytes"] == 0


def test_a_large_file(leat, tmp_path):
    seed = bytes(range(256)) * 97 + b"leat"
    big = (seed * (BIG_BYTES // len(seed) + 1))[:BIG_BYTES]
    (tmp_path / "big").write_bytes(big)
    web = serve(leat, tmp_path / "big")
    assert curl(f"{web.url}/big", timeout=200) == big
    half = len(big) // 2
    assert curl("-r", f"{half}-", f"{web.url}/big", timeout=200) == big[half:]
    assert web.stop()["copied_tx_bytes"] == 0


def test_wrk(web):
    if not shutil.which("wrk"):
        pytest.skip("wrk is not installed")
    said = run("wrk", "-t1", "-c50", "-d2", "--timeout", LIMIT_S, f"{web.url}/", check=False).decode()
    assert "Non-2xx" not in said and "Socket errors" not in said, said
    assert int(re.search(r"(\d+) requests in", said)[1]) > 0


def test_a_client_that_never_ends_its_head(web):
    began = time.monotonic()
    reply = ask(web.ip, b"GET / HTTP/1.1\r\nHost: leat\r\n")
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began > 8


def test_more_closed_connections_than_time_wait_has_room_for(leat):
    """At the limit the oldest entry is dropped, so a new client always gets in (4,096 by default)."""
    web = leat("httpd")
    count = 1000 if QUICK else 10_000
    for _ in range(count):
        assert ask(web.ip, b"GET / HTTP/1.0\r\n\r\n").endswith(PAGE)
    stats = web.stop()
    assert stats["tcp_opened_passive"] == count
    if count > 4096 + 1000:  # some were replaced by the next connection from the same port (RFC 9293 3.6.1)
        assert stats["tcp_time_wait_recycled"] > 0


def test_a_file_that_is_not_there(leat, tmp_path):
    done = subprocess.run([binary("httpd"), "--tap", "none", tmp_path / "nothing"],
                          capture_output=True, timeout=20, check=False)
    assert done.returncode == 2
