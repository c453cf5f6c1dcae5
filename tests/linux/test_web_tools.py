"""Web tools against httpd and upload: load generators, fuzzers and slow clients."""

import csv
import pathlib
import re

import pytest

from conftest import LONG, run, until
from services import program

WORDS = pathlib.Path("/usr/share/wfuzz/wordlist")


@pytest.fixture(params=["httpd", "upload"])
def web(leat, request):
    """After the tool has ended, the server still answers, and holds no received data."""
    server = leat(request.param, ["--dashboard", 8080])
    server.url = f"http://{server.ip}/"
    server.is_upload = request.param == "upload"
    yield server
    assert run("curl", "-sS", "--max-time", 20, "-o", "/dev/null", "-w", "%{http_code}", server.url) == b"200"
    assert until(lambda: not kept(server), 40), kept(server)
    server.stop()


def kept(server):
    """Buffers with received data, by owner."""
    said = run("curl", "-sS", "--max-time", 20, f"http://{server.ip}:8080/metrics").decode()
    return re.findall(r'leat_buffers\{held="(?:receive|early|reassembly)"\} [1-9]\d*', said)


@pytest.mark.parametrize("words", [[], ["-k"]])
def test_ab(web, words):
    said = run(program("ab"), "-q", "-n", 2000, "-c", 50, *words, web.url, timeout=60).decode()
    assert re.search(r"Complete requests: +2000\nFailed requests: +0\n", said) and "Non-2xx" not in said, said


@pytest.mark.parametrize("at_a_time", [1, 20])
def test_h2load(web, at_a_time):
    """Sequential and pipelined requests."""
    said = run(program("h2load"), "--h1", "-n", 3000, "-c", 30, "-m", at_a_time, web.url, timeout=60).decode()
    assert "3000 done, 3000 succeeded, 0 failed, 0 errored, 0 timeout" in said, said
    assert "3000 2xx, 0 3xx, 0 4xx, 0 5xx" in said, said


@pytest.mark.parametrize("words,place", [
    ("vulns/dirTraversal.txt", "path"), ("vulns/dirTraversal-nix.txt", "path"), ("Injections/All_attack.txt", "path"),
    ("stress/doble_uri_hex.txt", "path"), ("Injections/All_attack.txt", "query"), ("Injections/All_attack.txt", "field"),
    ("general/http_methods.txt", "method"),
])  # fmt: skip
def test_wfuzz(web, words, place):
    """A path with status 200 has the page, and no path leads out of the folder; unknown paths are refused."""
    url = web.url
    options = {"path": [f"{url}FUZZ"], "query": [f"{url}?q=FUZZ"], "field": ["-H", "X-Word: FUZZ", url],
               "method": ["-X", "FUZZ", url]}[place]
    page = run("curl", "-sS", "--max-time", 20, url)
    if not (WORDS / words).is_file():
        pytest.skip("no lists of wfuzz")
    said = run(program("wfuzz"), "-Z", "-t", 10, "-o", "csv", "-w", WORDS / words, *options, timeout=200)
    rows = [row for row in csv.reader(said.decode(errors="replace").splitlines()) if len(row) > 5 and row[0].isdigit()]
    assert len(rows) > 10
    for _, status, _, _, chars, word, *_ in rows:
        assert status in ("400", "404", "405", "501") or (status == "200" and int(chars) in (len(page), 0)), word


@pytest.mark.parametrize("module", ["HTTP", "HTTP_MORE", "HTTP_WEBDAV", "PROXY"] if LONG else ["HTTP"])
def test_doona(web, module):
    """Overlong, negative and format-string words at each place of a request, with normal requests in between."""
    words = [] if LONG else ["-M", 200]
    said = run(program("doona"), "-m", module, "-t", web.ip, "-p", 80, "-o", 0, "-c", 50, *words,
               timeout=6000 if LONG else 100, check=False).decode(errors="replace")
    assert LONG or "Max requests (200) completed" in said, said[-600:]
    assert "health check failed" not in said.lower(), said[-600:]


@pytest.mark.parametrize("mode", ["-H", "-B", "-R", "-X"])
def test_slowhttptest(web, mode):
    """Slow heads, slow bodies, ranges, slow reading: another client still gets its page."""
    url = f"{web.url}upload" if mode == "-B" and web.is_upload else web.url
    said = run(program("slowhttptest"), mode, "-c", 400, "-r", 200, "-i", 1, "-l", 60 if LONG else 4, "-u", url, "-p", 3,
               "-f", "multipart/form-data; boundary=B", timeout=100).decode(errors="replace")
    available = re.findall(r"service available: *(\w+)", re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", said))
    assert available and set(available) == {"YES"}, said[-1500:]


SCRIPT = """CLIENT 20
_REQ {ip} 80
__GET / HTTP/1.1
__Host: leat
__
_EXPECT headers "HTTP/1.1 200 OK"
_WAIT
__GET /nothing HTTP/1.1
__Host: leat
__
_EXPECT headers "HTTP/1.1 404 "
_WAIT
__POST /upload HTTP/1.1
__Host: leat
__Content-Type: multipart/form-data; boundary=B
__Transfer-Encoding: chunked
_FLUSH
__--B
__Content-Disposition: form-data; name="f"; filename="f"
__
_CHUNK
__text of a file
__--B--
_CHUNK
__
__0
__
_EXPECT headers "HTTP/1.1 {status} "
_WAIT
END
"""


def test_httest(web, tmp_path):
    """Twenty clients, each with three requests on one connection, the last one a chunked form."""
    script = tmp_path / "script.htt"
    script.write_text(SCRIPT.format(ip=web.ip, status="200" if web.is_upload else "40[45]"), encoding="ascii")
    run(program("httest"), "-n", "-s", script, timeout=60)
