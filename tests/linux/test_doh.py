"""The resolver asks other servers by HTTPS: unbound, Knot Resolver, dnsdist, Python behind nginx by HTTP/1.1, and leat's own."""

import contextlib
import http.server
import pathlib
import re
import socket
import subprocess
import threading

import pytest

from conftest import Process, binary, make_tap, run, until
from services import program
from test_tls import Keys
from test_upstream import RECORDS, dig, knot_resolver, unbound

URL = "https://leat.test/dns-query"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


def https_unbound(folder, ip, keys):
    command = unbound(folder, ip)
    conf = folder / "unbound.conf"
    conf.write_text(conf.read_text(encoding="utf-8").replace(
        f"  interface: {ip}\n",
        f"  interface: {ip}@443\n  https-port: 443\n  tls-service-key: '{keys.folder}/ec.key'\n"
        f"  tls-service-pem: '{keys.folder}/ec.pem'\n"), encoding="utf-8")
    return [command]


def https_knot_resolver(folder, ip, keys):
    command = knot_resolver(folder, ip)
    conf = folder / "kresd.conf"
    text = conf.read_text(encoding="utf-8").replace("53, { kind = 'dns' }", "443, { kind = 'doh2' }")
    conf.write_text(f"net.tls('{keys.folder}/ec.pem', '{keys.folder}/ec.key')\n" + text, encoding="utf-8")
    return [command]


def https_dnsdist(folder, ip, keys):
    (folder / "dnsdist.conf").write_text(
        f'addDOHLocal("{ip}:443", "{keys.folder}/ec.pem", "{keys.folder}/ec.key", "/dns-query")\nsetLocal("127.0.0.1:5300")\n'
        'setACL("0.0.0.0/0")\nnewServer("127.0.0.1:53"):setUp()\n', encoding="utf-8")
    return [unbound(folder, "127.0.0.1"), [program("dnsdist"), "--supervised", "--disable-syslog", "-C", folder / "dnsdist.conf"]]


class Translator(http.server.BaseHTTPRequestHandler):
    """HTTP/1.1 in front of unbound at the loopback."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.sendto(query, ("127.0.0.1", 53))
            reply = sock.recv(65535)
        self.send_response(200)
        self.send_header("Content-Type", "application/dns-message")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)


def nginx(folder, ip, keys, words):
    (folder / "nginx.conf").write_text(f"""
        daemon off; master_process off; pid {folder}/pid; error_log {folder}/error; events {{}}
        http {{ log_format version "$request"; access_log {folder}/access version; client_body_temp_path {folder}; proxy_temp_path {folder};
                fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
                server {{ listen {ip}:443 ssl{words}; ssl_protocols TLSv1.3; ssl_certificate {keys.folder}/ec.pem;
                          ssl_certificate_key {keys.folder}/ec.key; keepalive_requests 5;
                          location / {{ proxy_pass http://127.0.0.1:8053; }} }} }}""", encoding="utf-8")
    return [unbound(folder, "127.0.0.1"), [program("nginx"), "-c", folder / "nginx.conf", "-e", folder / "error"]]


def nginx_by_http2(folder, ip, keys):
    return nginx(folder, ip, keys, " http2")


def nginx_by_http_1_1(folder, ip, keys):
    return nginx(folder, ip, keys, "")


KINDS = pytest.mark.parametrize("kind", [https_unbound, https_knot_resolver, https_dnsdist, nginx_by_http2, nginx_by_http_1_1],
                                ids=lambda kind: kind.__name__)


@pytest.fixture
def serve(tmp_path):
    """serve(kind, ip, keys) starts a server at port 443."""
    made, stack = [], contextlib.ExitStack()

    def start(kind, ip, keys):
        tmp_path.chmod(0o755)
        run("ip", "link", "set", "lo", "up")
        if "nginx" in kind.__name__:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 8053), Translator)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        made.extend(Process(*command) for command in kind(tmp_path, ip, keys))
        assert until(lambda: b"CONNECTED" in subprocess.run(
            ["openssl", "s_client", "-connect", f"{ip}:443"], capture_output=True,
            stdin=subprocess.DEVNULL, check=False, timeout=10).stdout, 30), made[-1].text

    yield start
    stack.close()
    for one in made:
        one.kill()
        print(one.text)


@pytest.fixture
def home(leat, keys, serve):
    """`home(kind, words...)` is the resolver example with a server behind it."""
    def start(kind, *options):
        made = leat("resolver", options=("--doh", URL, "--cert", keys.authority, *options))
        if "without cryptography" in made.text:
            pytest.skip("resolver has no TLS")
        serve(kind, made.peer, keys)
        return made

    return start


def has_http2():
    return b"nghttp2_session_client_new" in pathlib.Path(binary("resolver")).read_bytes()


@KINDS
def test_their_answers_are_passed_on(home, kind, tmp_path):
    if kind is not nginx_by_http_1_1 and not has_http2():
        pytest.skip("resolver has no HTTP/2")
    made = home(kind)
    for _ in range(2 if "nginx" in kind.__name__ else 1):
        for name, type_, value in RECORDS:
            if type_ in ("A", "AAAA"):
                assert value in dig(made.ip, f"{name}.example.com", type_)
    # different names, so that each one goes to the server: nginx ends a connection after some. Knot Resolver would ask others.
    for number in range(0 if kind is https_knot_resolver else 20):
        assert "status: N" in run("dig", f"@{made.ip}", f"n{number}.example.com", timeout=30).decode()
    if "nginx" in kind.__name__:
        versions = set(re.findall(r"HTTP/\S+", (tmp_path / "access").read_text()))
        assert versions == {"HTTP/2.0" if kind is nginx_by_http2 else "HTTP/1.1"}


def test_another_name_is_refused(leat, keys, serve):
    made = leat("resolver", options=("--doh", "https://other.test/dns-query", "--cert", keys.authority))
    if "without cryptography" in made.text:
        pytest.skip("resolver has no TLS")
    serve(https_unbound, made.peer, keys)
    assert "SERVFAIL" in run("dig", f"@{made.ip}", "www.example.com", "+tries=1", "+timeout=10", timeout=30).decode()
    assert until(lambda: "no TLS with" in made.text), made.text


def test_leat_asks_leat(leat, keys):
    """`resolve --doh` asks the resolver, which serves DNS over HTTPS with a certificate."""
    server = leat("resolver", options=keys.words("ec"))
    if "without cryptography" in server.text:
        pytest.skip("resolver has no TLS")
    make_tap("asks0", address="10.78.0.1/24")
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    run("ip", "link", "show", "asks0")
    asking = Process(binary("resolve"), "--tap", "asks0", "--ip", "10.78.0.2/24", "--gateway", "10.78.0.1", "--server", server.host,
                     "--cert", keys.authority, "--doh", URL, "localhost")
    try:
        assert asking.wait(60) == 0, asking.text
        assert "127.0.0.1" in asking.text
    finally:
        run("ip", "link", "del", "asks0", check=False)


def test_the_sieve_asks_by_https(leat, keys, serve, tmp_path):
    (tmp_path / "list").write_text("a.example.com\n")
    made = leat("sieve", options=("--doh", URL, "--cert", keys.authority), arguments=[tmp_path / "list"])
    if "without cryptography" in made.text:
        pytest.skip("sieve has no TLS")
    serve(https_unbound, made.peer, keys)
    assert "NXDOMAIN" in run("dig", f"@{made.ip}", "a.example.com", timeout=30).decode()
    assert dig(made.ip, "www.example.com", "A")
