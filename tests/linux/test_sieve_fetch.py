"""Lists that sieve fetches by HTTPS, from Python's server and from nginx: again from time to time, and never a bad one."""

import hashlib
import http.server
import json
import re
import shutil
import signal
import ssl
import threading

import pytest

from conftest import Process, binary, run, until
from test_kept_names import FIRST
from test_sieve import answer, curl

HOST, PORT = "lists.test", 8443
URL = f"https://{HOST}:{PORT}/list"
PASSED = "NOERROR 192.0.2.1"
DATE = "Thu, 26 Nov 2026 20:00:00 GMT"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, body=b"", length=None, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        web = self.server.web
        web.seen.append(dict(self.headers))
        if web.fault and self.path == "/list":
            web.fault(self)
            return
        tag = f'"{hashlib.sha256(web.text).hexdigest()}"'
        if self.headers["If-None-Match"] == tag:
            self.say(304, ETag=tag)
        else:
            self.say(200, web.text, ETag=tag, Last_Modified=DATE)


class Web:
    """An HTTPS server with one list, `text`, or another answer, `fault`."""

    def __init__(self, folder):
        self.text, self.fault, self.seen = b"ads.plain.test\nmore.plain.test\n", None, []
        self.folder = folder
        self.make_keys("good", HOST)
        self.make_keys("wrong", "other.test")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.use("good")
        self.server = http.server.ThreadingHTTPServer((FIRST, PORT), Handler)
        self.server.web = self
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def make_keys(self, name, host):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            self.folder / f"{name}.key", "-out", self.folder / f"{name}.pem", "-days", "30", "-subj", f"/CN={host}",
            "-addext", f"subjectAltName=DNS:{host}", timeout=60)

    def use(self, name):
        self.context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


@pytest.fixture
def upstream():
    """The name server behind sieve: it knows the host of the lists."""
    run("ip", "addr", "add", f"{FIRST}/32", "dev", "lo")
    server = Process("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--no-resolv", "--no-hosts",
                     "--bind-interfaces", f"--listen-address={FIRST}", "--address=/test/192.0.2.1", f"--address=/{HOST}/{FIRST}")
    server.wait_for("started")
    yield server
    server.stop()
    run("ip", "addr", "del", f"{FIRST}/32", "dev", "lo")


@pytest.fixture
def web(upstream, tmp_path):
    one = Web(tmp_path)
    yield one
    one.stop()


@pytest.fixture
def sieve(leat, tmp_path):
    """sieve(words...): one that fetches the list."""
    return lambda *words: leat("sieve", options=["--server", FIRST, "--dashboard", "9000"],
                               arguments=[URL, f"authorities={tmp_path / 'good.pem'}", *words])


def state(program):
    """The one list, in the JSON."""
    return json.loads(curl(f"http://{program.ip}/sieve.json"))["lists"][0]


def outcomes(program):
    """Attempts that brought a new list, that found the old one up to date, and that failed."""
    metrics = curl(f"http://{program.ip}:9000/metrics")
    return tuple(int(re.search(rf'leat_fetches_total{{outcome="{outcome}"}} (\d+)', metrics)[1])
                 for outcome in ("new", "unchanged", "failed"))


def test_a_list_is_fetched_and_only_downloaded_if_it_has_changed(sieve, web):
    program = sieve()
    program.wait_for(f"{URL}: fetched: of 2 lines 2 understood")
    assert answer(program, "ads.plain.test") == "NXDOMAIN" and answer(program, HOST) == f"NOERROR {FIRST}"
    assert "If-None-Match" not in web.seen[0]
    program.signal(signal.SIGHUP)
    assert until(lambda: outcomes(program) == (1, 1, 0))
    tag = f'"{hashlib.sha256(web.text).hexdigest()}"'
    assert (web.seen[1]["If-None-Match"], web.seen[1]["If-Modified-Since"]) == (tag, DATE)
    web.text = b"new.plain.test\nhosts.new.test\nlists.test\n"
    program.signal(signal.SIGHUP)
    program.wait_for(f"{URL}: fetched: of 3 lines 3 understood")
    assert answer(program, "new.plain.test") == "NXDOMAIN" and answer(program, "ads.plain.test") == PASSED
    shown = state(program)
    assert (shown["url"], shown["understood"], shown["failures"], shown["fault"]) == (URL, 3, 0, "")
    assert shown["fetched"] and shown["checked"] >= shown["fetched"]
    assert URL in curl(f"http://{program.ip}/sieve")
    # the list has its own server's name: that is looked up past the lists
    assert answer(program, HOST) == "NXDOMAIN"
    web.text = b"ads.plain.test\n"
    program.signal(signal.SIGHUP)
    program.wait_for(f"{URL}: fetched: of 1 lines 1 understood")
    assert outcomes(program) == (3, 1, 0)


def to(where):
    return lambda handler: handler.say(302, b"moved", Location=where)


def cut(handler):
    handler.say(200, b"other.plain.test\n", length=1000)
    handler.close_connection = True


@pytest.mark.parametrize("fault, why", [
    (lambda handler: handler.say(500, b"new.plain.test\n"), "status 500"),
    (lambda handler: handler.say(404, b"new.plain.test\n"), "status 404"),
    (lambda handler: handler.say(304), None),
    (lambda handler: handler.say(200, b"<html>\n<p>Moved away\n<p>Sorry!\n"), "it looks like no list of names"),
    (lambda handler: handler.say(200), "it is empty"),
    (cut, "cut short"),
    (lambda handler: handler.say(200, b"", length=300 << 20), "it is too large"),
    (lambda handler: handler.say(200, b"new.plain.test\n", Content_Encoding="gzip"), "it is compressed"),
    (to("http://lists.test:8443/other"), "a redirect that leads to no URL with https://"),
    (to("/list"), "too many redirects"),
])  # fmt: skip
def test_after_a_bad_answer_the_former_list_stays(sieve, web, fault, why):
    program = sieve()
    program.wait_for(f"{URL}: fetched")
    web.fault = fault
    program.signal(signal.SIGHUP)
    if why:
        program.wait_for(rf"{URL}: not fetched: .*{why}.*\. The former list stays; the next attempt comes in (2[6-9]|3[0-3]) seconds\.")
        assert outcomes(program) == (1, 0, 1)
        assert state(program)["failures"] == 1 and why in state(program)["fault"]
        assert why in curl(f"http://{program.ip}/sieve")
    else:
        assert until(lambda: outcomes(program) == (1, 1, 0))
    assert answer(program, "ads.plain.test") == "NXDOMAIN" and answer(program, "new.plain.test") == PASSED
    web.fault, web.text = None, b"new.plain.test\n"
    program.signal(signal.SIGHUP)
    program.wait_for(f"{URL}: fetched: of 1 lines 1 understood")
    assert state(program)["failures"] == 0 and state(program)["fault"] == ""
    assert answer(program, "ads.plain.test") == PASSED and answer(program, "new.plain.test") == "NXDOMAIN"


def test_only_servers_with_the_right_certificate_are_believed(sieve, web):
    web.use("wrong")
    program = sieve()
    program.wait_for(rf"{URL}: not fetched: .+\. It has not been here yet; the next attempt")
    assert answer(program, "ads.plain.test") == PASSED and not web.seen
    web.use("good")
    program.signal(signal.SIGHUP)
    program.wait_for(f"{URL}: fetched")
    assert answer(program, "ads.plain.test") == "NXDOMAIN"
    web.use("wrong")
    web.text = b"new.plain.test\n"
    program.signal(signal.SIGHUP)
    program.wait_for(rf"{URL}: not fetched: .+\. The former list stays")
    assert answer(program, "ads.plain.test") == "NXDOMAIN"


def test_a_redirect_is_followed(sieve, web):
    web.fault = to("/other")
    program = sieve()
    program.wait_for(f"{URL}: fetched")
    assert answer(program, "ads.plain.test") == "NXDOMAIN" and len(web.seen) == 2


def test_lists_are_fetched_from_time_to_time(sieve, web):
    """Also after failures, and without a signal."""
    web.fault = lambda handler: handler.say(503, Retry_After="1")
    program = sieve("every=2s")
    assert until(lambda: outcomes(program)[2] >= 2, 20)
    web.fault = None
    program.wait_for(f"{URL}: fetched")
    assert until(lambda: outcomes(program)[1] >= 2, 20)
    web.text = b"new.plain.test\n"
    program.wait_for(f"{URL}: fetched: of 1 lines")
    assert answer(program, "new.plain.test") == "NXDOMAIN"


def test_copies_survive_a_restart(sieve, leat, web, tmp_path):
    words = dict(options=["--server", FIRST, "--dashboard", "9000", "--store", tmp_path / "store"],
                 arguments=[URL, f"https://{HOST}:{PORT}/more", f"authorities={tmp_path / 'good.pem'}"])
    program = leat("sieve", **words)
    program.wait_for("/list: fetched")
    program.wait_for("/more: fetched")
    program.stop()
    web.fault = lambda handler: handler.say(500)
    count = len(web.seen)
    program = leat("sieve", **words)
    assert f"{URL}: of 2 lines 2 understood" in program.text
    assert answer(program, "ads.plain.test") == "NXDOMAIN"
    assert len(web.seen) == count  # a day has not passed
    program.signal(signal.SIGHUP)
    assert until(lambda: outcomes(program) == (0, 1, 1))
    assert "If-None-Match" in web.seen[-1] and answer(program, "ads.plain.test") == "NXDOMAIN"
    # a list that isn't on the command line any more is dropped
    program.stop()
    program = leat("sieve", options=words["options"], arguments=[words["arguments"][1], words["arguments"][2]])
    assert "more: of 2 lines 2 understood" in program.text and f"{URL}:" not in program.text


def test_lists_that_were_sent_hold_until_the_signal(sieve, web, tmp_path):
    (tmp_path / "sent").write_text("sent.plain.test\n")
    program = sieve("token=x", "every=1s")
    program.wait_for(f"{URL}: fetched")
    assert "1 names" in curl("-T", tmp_path / "sent", f"http://{program.ip}/lists?x")
    web.text = b"new.plain.test\n"
    before = len(web.seen)
    assert not until(lambda: len(web.seen) > before + 1, 4)  # one may have been on its way
    assert answer(program, "sent.plain.test") == "NXDOMAIN" and answer(program, "new.plain.test") == PASSED
    program.signal(signal.SIGHUP)
    program.wait_for(f"{URL}: fetched: of 1 lines 1 understood")
    assert answer(program, "sent.plain.test") == PASSED and answer(program, "new.plain.test") == "NXDOMAIN"


def test_exceptions_are_fetched(leat, web, tmp_path):
    (tmp_path / "list").write_text("plain.test\n")
    program = leat("sieve", options=["--server", FIRST],
                   arguments=[f"allow={URL}", f"authorities={tmp_path / 'good.pem'}", tmp_path / "list"])
    program.wait_for(f"{URL}: fetched")
    assert answer(program, "ads.plain.test") == PASSED and answer(program, "any.plain.test") == "NXDOMAIN"


@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx")
def test_nginx_as_the_server(leat, web, tmp_path):
    web.stop()  # only its keys are used
    (tmp_path / "www").mkdir()
    page = tmp_path / "www/list"
    page.write_text("".join(f"n{number}.plain.test\n" for number in range(50_000)))
    tmp_path.chmod(0o755)
    (tmp_path / "nginx.conf").write_text(f"""
        daemon off; worker_processes 1; pid {tmp_path}/pid; error_log stderr; user root; events {{ }}
        http {{ access_log off; server {{ listen {FIRST}:{PORT} ssl; root {tmp_path}/www;
            ssl_certificate {tmp_path}/good.pem; ssl_certificate_key {tmp_path}/good.key; ssl_protocols TLSv1.3; }} }}""")
    nginx = Process("nginx", "-c", tmp_path / "nginx.conf", "-e", "stderr")
    try:
        assert until(lambda: b"404" in run("curl", "-sk", "-m", 5, f"https://{FIRST}:{PORT}/none", check=False)), nginx.text
        program = leat("sieve", options=["--server", FIRST, "--dashboard", "9000"],
                       arguments=[URL, f"authorities={tmp_path / 'good.pem'}"])
        program.wait_for("fetched: of 50000 lines 50000 understood")
        assert answer(program, "n49999.plain.test") == "NXDOMAIN"
        program.signal(signal.SIGHUP)
        assert until(lambda: outcomes(program) == (1, 1, 0))
        page.write_text("other.plain.test\n")
        program.signal(signal.SIGHUP)
        program.wait_for("fetched: of 1 lines 1 understood")
    finally:
        nginx.stop()


@pytest.mark.parametrize("words, why", [
    (["http://lists.test/list"], "lists are fetched by https:// only"), (["https:///list"], "https://HOST/PATH"),
    (["https://lists.test/" + "x" * 300], "at most 299 characters"), (["every=0s"], "every= has a time"), (["every=5"], "every= has a time"),
    (["https://lists.test/list", "authorities=/none"], "no authorities in /none"),
])  # fmt: skip
def test_words_that_are_wrong_are_refused(words, why):
    child = Process(binary("sieve"), "--tap", "odd8", "--create", "--ip", "10.9.8.2/24", "--server", "10.9.8.1", "--check-config", *words)
    assert child.wait() == 2
    assert why in child.text
