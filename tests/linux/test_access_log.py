"""--access-log: its lines are what curl did, no client can forge one, and no rotation or slow reader loses one in silence."""

import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

from conftest import LIMIT_S, Process, binary, make_tap, run, until
from test_syslog import Rsyslog, place  # noqa: F401
from test_tls import Keys

SOURCE = pathlib.Path(os.environ["LEAT_SOURCE"])
LINE = re.compile(r'(\S+) - - \[([^]]+)\] "([^"]*)" (\d{3}) (\d+) "([^"]*)" "([^"]*)" (\d+\.\d{6}) (https?)')


def serve(leat, path, kind="common", options=(), arguments=()):
    server = leat("httpd", ["--access-log", path, "--access-log-format", kind, *options], arguments)
    server.url = f"http://{server.host}"
    return server


def lines_of(path):
    return path.read_text(encoding="ascii").splitlines() if path.exists() else []


def curl(*words):
    """The status, and the bytes of the body, as curl reports them."""
    return run("curl", "-sS", "--max-time", LIMIT_S, "-o", "/dev/null", "-w", "%{http_code} %{size_download}", *words, check=False).decode()


def test_the_lines_of_both_forms_are_what_curl_did(leat, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(300000))
    requests = [["/"], ["/big.bin", "-r", "5-104"], ["/no/such?a=b"], ["/", "-I"], ["/style.css", "-e", "http://here/", "-A", "an agent"],
                ["/", "-X", "BREW"], ["/", "-X", "OPTIONS"], ["/big.bin", "-0"], ["/", "-d", "text"]]
    for kind in "common", "json":
        log = tmp_path / kind
        server = serve(leat, log, kind, arguments=[big])
        begun = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=2)
        told = []
        for path, *options in requests:
            code, size = curl(*options, f"{server.url}{path}").split()
            method = {"-I": "HEAD", "-d": "POST", "-X": options[-1] if options else ""}.get(options[0] if options else "", "GET")
            told.append((method, path, int(code), int(size)))
        assert until(lambda: len(lines_of(log)) == len(requests))
        server.stop()
        for line, (method, path, code, size) in zip(lines_of(log), told, strict=True):
            if kind == "json":
                seen = json.loads(line)
                got = (seen["method"], seen["target"], seen["status"], seen["bytes"])
                when = datetime.datetime.fromisoformat(seen["time"].replace("Z", "+00:00"))
                assert seen["client"] == server.peer and not seen["secure"] and seen["complete"], line
                assert 0 < seen["seconds"] < LIMIT_S and "cut" not in seen
                agent, referer = seen["agent"], seen.get("referer", "-")
            else:
                client, when, request, status, length, referer, agent, seconds, scheme = LINE.fullmatch(line).groups()
                when = datetime.datetime.strptime(when, "%d/%b/%Y:%H:%M:%S %z")
                got = (request.split(" ")[0], request.split(" ")[1], int(status), int(length))
                assert client == server.peer and scheme == "http" and 0 < float(seconds) < LIMIT_S, line
                assert request.split(" ")[2] == ("HTTP/1.0" if path == "/big.bin" and code == 200 else "HTTP/1.1")
            assert got == (method, path, code, size)
            assert begun <= when <= datetime.datetime.now(datetime.timezone.utc)
            assert (agent, referer) == ("an agent", "http://here/") if path == "/style.css" else agent.startswith("curl/") and referer == "-"


def test_a_download_that_is_broken_off(leat, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(50_000_000))
    server = serve(leat, tmp_path / "log", "json", arguments=[big])
    with socket.create_connection((server.ip, 80), LIMIT_S) as conn:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        conn.sendall(b"GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        assert len(conn.recv(100)) > 0
    assert until(lambda: lines_of(tmp_path / "log"))
    seen = json.loads(lines_of(tmp_path / "log")[0])
    assert seen["status"] == 200 and 0 < seen["bytes"] < 50_000_000 and not seen["complete"]


def test_no_client_can_forge_a_line(leat, tmp_path):
    hostile = [b'GET /" 200 5 "-" "-"%0a1.2.3.4 HTTP/1.1\r\nHost: a\r\nUser-Agent: \x1b[31m"\\\xff\t\x80\r\nReferer: a"b\\\r\n\r\n',
               b"\x16\x03\x01\x00\xa5\x01\n", b"GET /\x00\x01\x02 HTTP/1.1\r\n\r\n",
               b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: " + b'"' * 1000 + b"\r\n\r\n"]
    for kind in "common", "json":
        log = tmp_path / kind
        server = serve(leat, log, kind)
        for text in hostile:
            with socket.create_connection((server.ip, 80), LIMIT_S) as conn:
                conn.sendall(text)
                conn.shutdown(socket.SHUT_WR)
                while conn.recv(65536):
                    pass
        assert until(lambda: len(lines_of(log)) == len(hostile))
        server.stop()
        text = log.read_bytes()
        assert all(byte == 10 or 32 <= byte < 127 for byte in text)
        for line in lines_of(log):
            assert json.loads(line)["client"] == server.peer if kind == "json" else LINE.fullmatch(line), line


def test_over_tls_it_says_so(leat, tmp_path):
    keys = Keys(tmp_path)
    log = tmp_path / "log"
    server = serve(leat, log, "json", ["--cert", keys.folder / "ec.pem", "--key", keys.folder / "ec.key", "--dashboard", 9000])
    words = ["--cacert", keys.authority, "--connect-to", f"leat.test:443:{server.host}:443", "https://leat.test/"]
    assert curl(*words).startswith("200 ")
    assert until(lambda: lines_of(log))
    seen = json.loads(lines_of(log)[0])
    assert seen["secure"] and seen["client"] == server.peer and seen["status"] == 200
    text = urllib.request.urlopen(f"http://{server.host}:9000/metrics", timeout=LIMIT_S).read().decode()
    ends = run("openssl", "x509", "-in", keys.folder / "ec.pem", "-noout", "-enddate").decode().strip().split("=")[1]
    ends_s = int(datetime.datetime.strptime(ends, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=datetime.timezone.utc).timestamp())
    assert f"\nleat_certificate_expiry_timestamp_seconds {ends_s}\n" in text
    assert '\nleat_log_lines_total{log="access-log"} 1\n' in text and '\nleat_log_lines_dropped_total{log="access-log"} 0\n' in text
    assert "\nleat_http_requests_total 1\n" in text and "\nleat_http_request_duration_seconds_count 1\n" in text
    assert float(re.search(r"^leat_http_request_duration_seconds_sum (\S+)$", text, re.M)[1]) > 0  # though it was one poll
    if shutil.which("promtool"):
        subprocess.run(["promtool", "check", "metrics"], input=text, text=True, check=True, timeout=60)


def expiry(server):
    text = urllib.request.urlopen(f"http://{server.host}:9000/metrics", timeout=LIMIT_S).read().decode()
    return int(re.search(r"^leat_certificate_expiry_timestamp_seconds (\d+)$", text, re.M)[1])


def test_of_several_certificates_the_first_end_is_shown(leat, tmp_path):
    ends = {}
    for name, days in ("long", 300), ("short", 10), ("middle", 100):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / f"{name}.key",
            "-out", tmp_path / f"{name}.pem", "-days", days, "-subj", f"/CN={name}")
        end = run("openssl", "x509", "-in", tmp_path / f"{name}.pem", "-noout", "-enddate").decode().strip().split("=")[1]
        ends[name] = int(datetime.datetime.strptime(end, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=datetime.timezone.utc).timestamp())
    lists = [",".join(str(tmp_path / f"{name}.{kind}") for name in ("long", "short", "middle")) for kind in ("pem", "key")]
    server = leat("httpd", ["--cert", lists[0], "--key", lists[1], "--dashboard", 9000])
    assert expiry(server) == ends["short"]
    for kind in "pem", "key":
        shutil.copy(tmp_path / f"long.{kind}", tmp_path / f"short.{kind}")
    server.signal(signal.SIGHUP)
    server.wait_for("SIGHUP: files read again")
    assert expiry(server) == ends["middle"]


class Askers:
    """Clients that number their requests, until they are told to stop."""

    def __init__(self, server):
        self.server, self.count = server, 0

    def ask(self, requests):
        with socket.create_connection((self.server.ip, 80), LIMIT_S) as conn:
            for _ in range(requests):
                conn.sendall(b"HEAD /%d HTTP/1.1\r\nHost: a\r\n\r\n" % self.count)
                assert conn.recv(1000)
                self.count += 1


def numbers(*paths):
    return [int(json.loads(line)["target"][1:]) for path in paths for line in lines_of(path)]


def test_a_rotation_by_hand_loses_no_line(leat, tmp_path):
    log = tmp_path / "log"
    server = serve(leat, log, "json")
    askers = Askers(server)
    for number in range(5):
        askers.ask(200)
        log.rename(tmp_path / f"log.{number}")
        askers.ask(50)  # into the renamed file
        lines = len(server.lines)
        server.signal(signal.SIGHUP)
        until(lambda lines=lines: len(server.lines) > lines)
        askers.ask(50)
    server.stop()
    paths = [tmp_path / f"log.{number}" for number in range(5)] + [log]
    assert numbers(*paths) == list(range(askers.count))
    assert all(lines_of(path) for path in paths)


@pytest.mark.skipif(not shutil.which("logrotate"), reason="logrotate is not installed")
def test_logrotate_loses_no_line(leat, tmp_path):
    """The file of examples/service, with another path and another way to find the process."""
    folder = tmp_path / "logs"
    folder.mkdir(mode=0o755)
    log = folder / "access.log"
    server = serve(leat, log, "json")
    text = (SOURCE / "examples/service/leat.logrotate").read_text(encoding="utf-8")
    text = text.replace("/var/log/leat/*/*.log", str(log)).replace("systemctl kill --kill-whom=main --signal=HUP 'leat@*.service'", f"kill -HUP {server.pid}")
    assert str(log) in text and f"kill -HUP {server.pid}" in text
    config = tmp_path / "logrotate.conf"
    config.write_text(text, encoding="utf-8")
    config.chmod(0o644)
    askers = Askers(server)
    for number in range(4):
        askers.ask(100)
        run("logrotate", "--force", "--state", tmp_path / "state", config)
        assert until(log.exists)
        askers.ask(100)
    server.stop()
    packed = sorted(folder.glob("*.gz"), reverse=True)
    run("gzip", "-d", *packed)
    paths = sorted((path for path in folder.iterdir() if path != log), key=lambda path: -int(path.suffix[1:]))
    assert len(paths) == 4 and packed
    assert numbers(*paths, log) == list(range(askers.count))


def test_a_reader_that_stops_keeps_no_client_waiting(leat, tmp_path):
    """The standard output is a pipe that is not read meanwhile."""
    make_tap("slow0", address="10.9.6.1/24")
    child = subprocess.Popen([binary("httpd"), "--tap", "slow0", "--ip", "10.9.6.2/24", "--access-log", "stdout", "--dashboard", "9000"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert b"port 80" in child.stdout.readline()
        with socket.create_connection(("10.9.6.2", 80), LIMIT_S) as conn:
            count = 0
            for _ in range(40):
                conn.sendall(b"HEAD /%0300d HTTP/1.1\r\nHost: a\r\n\r\n" % count * 50)
                got = b""
                while got.count(b"\r\n\r\n") < 50:
                    got += conn.recv(65536)
                count += 50
        text = urllib.request.urlopen("http://10.9.6.2:9000/metrics", timeout=LIMIT_S).read().decode()
        dropped = int(re.search(r'leat_log_lines_dropped_total\{log="access-log"\} (\d+)', text)[1])
        assert dropped > 0 and f'leat_log_lines_total{{log="access-log"}} {count}\n' in text
        time.sleep(0.3)
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=60)
        assert out.count(b"HEAD /") == count - dropped, err
        assert b"lines were lost" in out + err
    finally:
        child.kill()
        child.wait()
        run("ip", "link", "del", "slow0", check=False)


@pytest.mark.parametrize("where", ["192.0.2.53:514", "tcp:192.0.2.53:601"])
@pytest.mark.skipif(not shutil.which("rsyslogd"), reason="rsyslog is not installed")
def test_a_syslog_server_gets_whole_lines(leat, place, tmp_path, where):  # noqa: F811
    rsyslog = Rsyslog(tmp_path)
    server = serve(leat, f"syslog:{where}", "json")
    curl(f"{server.url}/{'a' * 900}", "-A", '"' * 3000)
    assert until(lambda: any("GET" in fields[5] for fields in rsyslog.logged()))
    fields = next(fields for fields in rsyslog.logged() if "GET" in fields[5])
    seen = json.loads(fields[5])
    assert fields[4] == "httpd" and seen["status"] == 404 and seen["cut"]
    server.stop()
    rsyslog.kill()


def test_a_program_without_reload_opens_its_log_again(leat, tmp_path):
    log = tmp_path / "log"
    server = leat("upload", ["--access-log", log])
    curl(f"http://{server.host}/")
    assert until(lambda: lines_of(log))
    log.rename(tmp_path / "old")
    server.signal(signal.SIGHUP)
    server.wait_for("SIGHUP: log opened again")
    curl(f"http://{server.host}/")
    assert until(lambda: lines_of(log)) and len(lines_of(tmp_path / "old")) == 1
    log.rename(tmp_path / "older")
    log.mkdir()
    server.signal(signal.SIGHUP)
    server.wait_for("can't open it again: Is a directory; the open file stays in use")
    server.stop()
    assert server.text.count("log opened again") == 1


def test_a_full_disk_is_told_and_ends_nothing(leat):
    server = serve(leat, "/dev/full")
    assert curl(f"{server.url}/").startswith("200 ")
    server.wait_for("--access-log: No space left on device; lines wait, those beyond 64 KiB are lost")
    assert curl(f"{server.url}/").startswith("200 ")
    server.stop()
    assert "--access-log: 2 lines were lost" in server.text
