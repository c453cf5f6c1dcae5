"""httpd --files: a folder of the host, beside curl, Python and nginx with the same tree."""

import email
import gzip
import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest

from conftest import QUICK, Process, run, until
from patience import PATIENCE

BIG_BYTES = 3_000_000 if QUICK else 60_000_000
NGINX_PORT = 8081


def reply(url, *words):
    """Status, fields and body, by curl without redirects."""
    said = run("curl", "-sS", "-i", "--raw", "--path-as-is", "--max-time", PATIENCE * 55, *words, url, timeout=60)
    head, _, body = said.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    return int(lines[0].split()[1]), fields, body


@pytest.fixture
def tree(tmp_path):
    """A site, and beside it what no path may lead to."""
    root = tmp_path / "site"
    for folder in ("docs/deep", "empty", ".git"):
        (root / folder).mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_text("secret")
    text = b"".join(b"line %d of a text that gzip likes\n" % i for i in range(500))
    for name, data in {
        "index.html": b"<p>root</p>", "docs/index.html": b"<p>docs</p>", "docs/deep/a b.txt": b"spaces",
        "style.css": text, "style.css.gz": gzip.compress(text), "empty.txt": b"", "data.json": b"{}", "x.js": b"1",
        "photo.jpg": bytes(range(256)), "font.woff2": b"w", "page.xml": b"<a/>", "unknown.zzz": b"?", ".git/config": b"git",
        "404.html": b"<p>nothing here</p>", "big.bin": os.urandom(1 << 16) * (BIG_BYTES >> 16),
    }.items():
        (root / name).write_bytes(data)
        os.utime(root / name, (1_700_000_000, 1_700_000_000))
    (root / "within").symlink_to("docs/deep")
    (root / "without").symlink_to("../outside")
    (root / "absolute.txt").symlink_to(tmp_path / "outside/secret.txt")
    os.mkfifo(root / "pipe")
    return root


def serve(leat, tree, *options):
    server = leat("httpd", options=["--files", tree, *options])
    server.url = f"http://{server.host}"
    return server


def test_pages_and_types(leat, tree):
    web = serve(leat, tree)
    assert reply(f"{web.url}/")[2] == b"<p>root</p>"
    status, fields, body = reply(f"{web.url}/docs/deep/a%20b.txt")
    assert (status, body) == (200, b"spaces") and fields["content-type"] == "text/plain; charset=utf-8"
    assert fields["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    status, fields, _ = reply(f"{web.url}/docs?a=b")
    assert status == 301 and fields["location"] == "/docs/?a=b"
    assert reply(f"{web.url}/within/a%20b.txt")[2] == b"spaces"
    for path in ("/without/secret.txt", "/absolute.txt", "/../outside/secret.txt", "/%2e%2e/outside/secret.txt", "/.git/config",
                 "/pipe", "/empty/", "/style.css/", "/none"):
        status, fields, body = reply(web.url + path)
        assert (status, body) == (404, b"<p>nothing here</p>"), path
    assert web.stop()["copied_tx_bytes"] == 0


def test_changes_are_seen_and_conditions_follow_them(leat, tree):
    web = serve(leat, tree)
    _, fields, _ = reply(f"{web.url}/data.json")
    tag = fields["etag"]
    assert not tag.startswith("W/")
    assert reply(f"{web.url}/data.json", "-H", f"If-None-Match: {tag}")[0] == 304
    assert reply(f"{web.url}/data.json", "-H", f"If-Modified-Since: {fields['last-modified']}")[0] == 304
    assert reply(f"{web.url}/data.json", "-r", "1-", "-H", f"If-Range: {tag}")[0] == 206
    (tree / "data.json").write_bytes(b"[]")
    os.utime(tree / "data.json", (1_700_000_000, 1_700_000_000))  # same length, same time of change
    status, fields, body = reply(f"{web.url}/data.json", "-H", f"If-None-Match: {tag}")
    assert (status, body) == (200, b"[]") and fields["etag"] != tag
    assert reply(f"{web.url}/data.json", "-r", "1-", "-H", f"If-Range: {tag}")[0] == 200


def test_a_large_file_whole_and_in_parts(leat, tree):
    web = serve(leat, tree)
    data = (tree / "big.bin").read_bytes()
    got = run("curl", "-sS", f"{web.url}/big.bin", timeout=120)
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()
    spans = [(0, 99), (1000, 200_000), (len(data) - 70_000, len(data) - 1)]
    status, fields, body = reply(f"{web.url}/big.bin", "-r", "0-99,1000-200000,-70000")
    assert status == 206 and int(fields["content-length"]) == len(body)
    mail = email.message_from_bytes(b"Content-Type: " + fields["content-type"].encode() + b"\r\n\r\n" + body)
    parts = mail.get_payload()
    assert [part["Content-Range"] for part in parts] == [f"bytes {a}-{z}/{len(data)}" for a, z in spans]
    edge = b"--" + fields["content-type"].partition("boundary=")[2].encode()
    raw = [piece.partition(b"\r\n\r\n")[2][:-2] for piece in body.split(edge)[1:-1]]
    assert raw == [data[a:z + 1] for a, z in spans]


def test_a_file_that_is_cut_short_breaks_its_download(leat, tree):
    web = serve(leat, tree)
    with socket.create_connection((web.ip, 80), 20 * PATIENCE) as conn:
        conn.sendall(b"GET /big.bin HTTP/1.1\r\nHost: leat\r\n\r\n")
        assert conn.recv(4096)
        os.truncate(tree / "big.bin", 1000)
        with pytest.raises(ConnectionResetError):
            while conn.recv(1 << 20):
                pass
    assert reply(f"{web.url}/big.bin")[1]["content-length"] == "1000"


@pytest.mark.parametrize("accept, coding", [("gzip", "gzip"), ("br, gzip;q=0.1", "gzip"), ("gzip;q=0", None), ("", None)])
def test_twins(leat, tree, accept, coding):
    web = serve(leat, tree)
    status, fields, body = reply(f"{web.url}/style.css", "-H", f"Accept-Encoding: {accept}")
    assert status == 200 and fields["vary"] == "Accept-Encoding" and fields.get("content-encoding") == coding
    assert (gzip.decompress(body) if coding else body) == (tree / "style.css").read_bytes()
    assert "vary" not in reply(f"{web.url}/data.json")[1]


def test_redirects_and_passwords(leat, tree, tmp_path):
    (tmp_path / "moved").write_text("# comment\n/old /docs/\n/blog/* https://example.com/b/ 308\n")
    (tmp_path / "users").write_text("ann:pass word:1\n")
    web = serve(leat, tree, "--redirects", tmp_path / "moved", "--passwords", tmp_path / "users")
    status, fields, _ = reply(f"{web.url}/")
    assert status == 401 and fields["www-authenticate"].startswith("Basic ")
    assert reply(f"{web.url}/", "-u", "ann:wrong")[0] == 401
    assert reply(f"{web.url}/", "-u", "ann:pass word:1")[2] == b"<p>root</p>"
    status, fields, _ = reply(f"{web.url}/blog/2024/x?y", "-u", "ann:pass word:1")
    assert status == 308 and fields["location"] == "https://example.com/b/2024/x?y"
    assert run("curl", "-sSL", "-u", "ann:pass word:1", f"{web.url}/old") == b"<p>docs</p>"
    (tmp_path / "users").write_text("ben:2\n")
    web.signal(signal.SIGHUP)
    web.wait_for("SIGHUP: files read again")
    assert reply(f"{web.url}/", "-u", "ann:pass word:1")[0] == 401
    assert reply(f"{web.url}/", "-u", "ben:2")[0] == 200
    (tmp_path / "users").write_text("ben\n")
    web.signal(signal.SIGHUP)
    web.wait_for("users, line 1: must be name:password; the earlier files stay in force")
    assert reply(f"{web.url}/", "-u", "ben:2")[0] == 200


def make_line(name, password, *words):
    made = subprocess.run([pathlib.Path(__file__).resolve().parents[2] / "tools/password", *words, name], input=password.encode() + b"\n",
                          stdout=subprocess.PIPE, check=True, timeout=60)
    return made.stdout.decode()


def test_hashed_passwords(leat, tree, tmp_path):
    """A right password is remembered. Others are checked one in a while, and the client hears when to ask again."""
    users = tmp_path / "users"
    users.write_text(make_line("ann", "päss:word", "--rounds", "1000000") + "ben:plain\n")
    web = serve(leat, tree, "--passwords", users)
    if "without cryptography" in web.text:
        pytest.skip("httpd has no cryptography")
    assert reply(f"{web.url}/", "-u", "ann:päss:word")[2] == b"<p>root</p>"
    for _ in range(3):
        assert reply(f"{web.url}/", "-u", "ann:päss:word")[0] == 200
    status, fields, _ = reply(f"{web.url}/", "-u", "ann:wrong")
    assert status == 503 and 1 <= int(fields["retry-after"]) <= 8 and "www-authenticate" not in fields
    assert reply(f"{web.url}/", "-u", "ann:päss:word")[0] == 200 and reply(f"{web.url}/", "-u", "ben:plain")[0] == 200
    assert reply(f"{web.url}/", "-u", "ben:wrong")[0] == reply(f"{web.url}/", "-u", "cid:any")[0] == 401
    assert until(lambda: reply(f"{web.url}/", "-u", "ann:wrong")[0] == 401, 30)
    # other rounds, as passlib writes them: a new hash is a new check
    users.write_text(make_line("ann", "new", "--rounds", "1000"))
    web.signal(signal.SIGHUP)
    web.wait_for("SIGHUP: files read again")
    assert until(lambda: reply(f"{web.url}/", "-u", "ann:new")[0] == 200, 30)
    assert until(lambda: reply(f"{web.url}/", "-u", "ann:päss:word")[0] == 401, 30)


def test_a_client_that_guesses_waits_alone(leat, tree, tmp_path):
    """Each wrong password doubles the client's own waiting time; another address has its check at once."""
    users = tmp_path / "users"
    users.write_text(make_line("ann", "right", "--rounds", "1000") + make_line("ben", "other", "--rounds", "1000"))
    web = serve(leat, tree, "--passwords", users)
    if "without cryptography" in web.text:
        pytest.skip("httpd has no cryptography")
    for waits in ("1", "2", "4"):
        assert until(lambda: reply(f"{web.url}/", "-u", "ann:wrong")[0] == 401, 30)
        status, fields, _ = reply(f"{web.url}/", "-u", "ann:right")
        assert status == 503 and fields["retry-after"] == waits
    other = web.peer.rpartition(".")[0] + ".77"
    run("ip", "addr", "add", f"{other}/24", "dev", web.wire)
    assert until(lambda: reply(f"{web.url}/", "-u", "ann:right", "--interface", other)[0] == 200, 2)
    assert reply(f"{web.url}/", "-u", "ben:other")[0] == 503, "a right password of another user"
    assert reply(f"{web.url}/", "-u", "ann:right")[0] == 200, "a password that was right is known"
    assert until(lambda: reply(f"{web.url}/", "-u", "ben:other")[0] == 200, 30)
    assert reply(f"{web.url}/", "-u", "ann:wrong")[0] == 401 and reply(f"{web.url}/", "-u", "ann:wrong")[1]["retry-after"] == "1"


CONF = """
user root; worker_processes 1; daemon off; pid %(dir)s/pid; error_log stderr;
events { worker_connections 64; }
http { include /etc/nginx/mime.types; default_type application/octet-stream; access_log off; gzip_static on;
  server { listen %(port)s; root %(root)s; error_page 404 /404.html; absolute_redirect off; charset utf-8;
    charset_types text/css text/plain text/javascript application/javascript; } }
"""
# what differs on purpose: leat says what IANA's registry says
TYPES = {"application/javascript; charset=utf-8": "text/javascript; charset=utf-8"}


@pytest.mark.skipif(not shutil.which("nginx"), reason="there is no nginx")
def test_the_same_as_nginx(leat, tree, tmp_path):
    web = serve(leat, tree)
    (tmp_path / "conf").write_text(CONF % {"dir": tmp_path, "port": NGINX_PORT, "root": tree})
    other = Process("nginx", "-c", tmp_path / "conf", "-e", "stderr")
    try:
        assert until(lambda: not socket.socket().connect_ex(("127.0.0.1", NGINX_PORT))), other.text
        asked = [(path, ()) for path in ("/", "/index.html", "/docs/", "/docs", "/docs/deep", "/style.css", "/data.json", "/x.js",
                                         "/photo.jpg", "/font.woff2", "/page.xml", "/unknown.zzz", "/empty.txt", "/none",
                                         "/docs/deep/a%20b.txt", "//docs//index.html", "/index.html/x", "/docs?q=1")]
        asked += [("/photo.jpg", ("-r", span)) for span in ("0-9", "250-", "-5", "300-", "255-999", "0-0,-1", "1-2,300-",
                                                            "300-,400-", "0-200,100-255")]
        asked += [("/empty.txt", ("-r", "0-"))]
        asked += [("/style.css", ("-H", f"Accept-Encoding: {words}")) for words in ("gzip", "gzip;q=0", "deflate")]
        asked += [("/photo.jpg", ("-H", field)) for field in (
            "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT", "If-Unmodified-Since: Mon, 13 Nov 2023 22:13:20 GMT",
            "If-None-Match: *", "If-Match: \"x\"", "If-None-Match: \"x\"")]
        asked += [("/photo.jpg", ("-I",)), ("/docs", ("-I",)), ("/photo.jpg", ("-X", "POST"))]
        for path, words in asked:
            ours, theirs = reply(web.url + path, *words), reply(f"http://127.0.0.1:{NGINX_PORT}{path}", *words)
            what = f"{path} {words}: {ours[:2]} {theirs[:2]}"
            assert ours[0] == theirs[0], what
            if ours[0] >= 400 and ours[0] != 404:
                continue  # the text of a refusal is each server's own
            parts = "multipart/byteranges" in theirs[1].get("content-type", "")
            kind = TYPES.get(theirs[1].get("content-type"), theirs[1].get("content-type"))
            for name in ("last-modified", "content-length", "content-range", "content-encoding", "accept-ranges"):
                if name == "content-length" and (parts or ours[0] == 301):
                    continue
                if ours[0] == 404 and name == "last-modified":
                    continue
                assert ours[1].get(name) == theirs[1].get(name) or name == "accept-ranges", f"{name} {what}"
            if parts:
                assert [part["Content-Range"] for part in parsed(ours)] == [part["Content-Range"] for part in parsed(theirs)], what
            elif ours[0] in (200, 206, 404):
                assert ours[2] == theirs[2] and ours[1]["content-type"] == kind, what
            if ours[0] == 301:
                assert ours[1]["location"] == theirs[1]["location"], what
    finally:
        other.stop()


def parsed(reply_):
    kind = reply_[1]["content-type"].encode()
    return email.message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + reply_[2]).get_payload()


def test_wrong_options_say_what_is_wrong(tree, tmp_path):
    from conftest import binary
    (tmp_path / "users").write_text("ann:$6$salt$hash\n")
    (tmp_path / "few").write_text("ben:plain\nann:$pbkdf2-sha256$999$c2FsdA$" + "A" * 43 + "\n")
    (tmp_path / "short").write_text("ann:$pbkdf2-sha256$1000$c2FsdA$" + "A" * 42 + "\n")
    (tmp_path / "moved").write_text("/a /b\n/old\n")
    for words, text in (
        (["--files", tmp_path / "none"], "No such file or directory"),
        (["--files", tree, "--passwords", tmp_path / "users"], "line 1: a hash must be $pbkdf2-sha256$ROUNDS$SALT$DIGEST"),
        (["--files", tree, "--passwords", tmp_path / "few"], "line 2: a hash must be"),
        (["--files", tree, "--passwords", tmp_path / "short"], "line 1: a hash must be"),
        (["--files", tree, "--redirects", tmp_path / "moved"], "line 2: must be /from /to"),
        (["--passwords", tmp_path / "users"], "--passwords needs --files"),
    ):
        done = subprocess.run([binary("httpd"), "--create", "--tap", "wrong0", "--ip", "10.85.0.2/24", *map(str, words)],
                              capture_output=True, timeout=30 * PATIENCE, check=False)
        assert done.returncode == 2 and text in (done.stdout + done.stderr).decode(), (words, done)
