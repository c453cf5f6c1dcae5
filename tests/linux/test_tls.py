"""openssl, GnuTLS, curl and Python against leat's TLS: httpd as the server, tls_client as the client."""

import contextlib
import pathlib
import re
import shutil
import socket
import ssl
import subprocess

import pytest

from conftest import LIMIT_S, PATIENCE, QUICK, Process, run, until
from stream import both_ways

SITE = pathlib.Path(__file__).resolve().parents[2] / "examples/site"
PAGE = (SITE / "index.html").read_bytes()
BIG_BYTES = 3_000_000 if QUICK else 100_000_000
EXTENSIONS = """
[server]
subjectAltName=DNS:leat.test
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
"""
SUITES = {"TLS_AES_128_GCM_SHA256": "1301", "TLS_AES_256_GCM_SHA384": "1302",
          "TLS_CHACHA20_POLY1305_SHA256": "1303"}


class Keys:
    """An authority and its servers, created by openssl."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = folder / "ca.pem"
        (folder / "ext").write_text(EXTENSIONS)
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", folder / "ca.key", "-out", self.authority, "-days", "30",
                     "-subj", "/CN=an authority", "-addext", "keyUsage=critical,keyCertSign")
        self.server("ec", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        self.server("rsa", "rsa:2048")

    def more(self):
        """The other kinds of keys that servers have."""
        self.server("p384", "ec", "-pkeyopt", "ec_paramgen_curve:P-384")
        self.server("ed25519", "ed25519")
        self.server("rsa4096", "rsa:4096")
        return self

    def openssl(self, *words):
        run("openssl", *words, timeout=60)

    def server(self, name, *kind):
        self.openssl("req", "-newkey", *kind, "-nodes", "-keyout", self.folder / f"{name}.key",
                     "-out", self.folder / f"{name}.csr", "-subj", f"/CN={name}")
        self.openssl("x509", "-req", "-in", self.folder / f"{name}.csr", "-CA", self.authority, "-CAkey",
                     self.folder / "ca.key", "-CAcreateserial", "-days", "20", "-extfile",
                     self.folder / "ext", "-extensions", "server", "-out", self.folder / f"{name}.pem")

    def words(self, name):
        return ["--cert", self.folder / f"{name}.pem", "--key", self.folder / f"{name}.key"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def web(leat, keys):
    return leat("httpd", options=keys.words("ec"))


def curl(web, keys, *words, timeout=60):
    return run("curl", "-sS", "--max-time", PATIENCE * timeout - 5, "--cacert", keys.authority, "--resolve",
               f"leat.test:443:{web.ip}", *words, timeout=timeout, check=False)


def s_client(web, keys, *words):
    """The output of openssl's client for a session with one request."""
    return run("openssl", "s_client", "-connect", f"{web.ip}:443", "-servername", "leat.test", "-CAfile",
               keys.authority, "-verify_return_error", "-ign_eof", *words,
               stdin=b"GET / HTTP/1.1\r\nHost: leat.test\r\nConnection: close\r\n\r\n", check=False).decode()


def test_pages_by_curl(web, keys):
    assert curl(web, keys, "https://leat.test/") == PAGE
    assert curl(web, keys, *[f"https://leat.test/?{i}" for i in range(50)]) == 50 * PAGE
    assert run("curl", "-sS", f"http://{web.ip}/") == PAGE  # HTTP works beside it
    assert web.stop()["copied_tx_bytes"] == 0


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("group", ["X25519", "P-256", "X448:P-256"])  # the last one leads to HelloRetryRequest
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_suites_groups_and_keys(leat, keys, suite, group, kind):
    web = leat("httpd", options=keys.words(kind))
    said = s_client(web, keys, "-ciphersuites", suite, "-groups", group)
    assert f"Cipher is {suite}" in said
    assert "Verify return code: 0 (ok)" in said and PAGE.decode() in said


def test_a_session_that_is_silent_for_too_long_is_left(leat, keys):
    echo = leat("echo_tls", options=[*keys.words("ec"), "--idle", 2])
    context = ssl.create_default_context(cafile=keys.authority)
    with socket.create_connection((echo.ip, 7), LIMIT_S) as conn:
        with context.wrap_socket(conn, server_hostname="leat.test") as session:
            session.sendall(b"hello")
            assert session.recv(5) == b"hello"
            with contextlib.suppress(ConnectionResetError):
                assert session.recv(5) == b""
    assert echo.stop()["tcp_limits_reached"] == 1


def test_older_versions_are_refused(web, keys):
    done = subprocess.run(["openssl", "s_client", "-connect", f"{web.ip}:443", "-tls1_2"],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    assert b"alert protocol version" in done.stderr


def test_echo_says_why_it_refuses(leat, keys):
    server = leat("echo_tls", options=keys.words("ec"))
    subprocess.run(["openssl", "s_client", "-connect", f"{server.ip}:7", "-tls1_2"], stdin=subprocess.DEVNULL,
                   capture_output=True, timeout=120, check=False)
    server.wait_for("echo_tls: encrypted session failed: the client has no TLS 1.3, sent protocol_version", 20)


def test_key_updates_of_openssl(web, keys):
    """A line K makes s_client update its key and request an update of ours."""
    child = subprocess.Popen(["openssl", "s_client", "-connect", f"{web.ip}:443", "-CAfile", keys.authority,
                              "-servername", "leat.test"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
    def hear(what):
        heard = b""
        while what not in heard and (piece := child.stdout.read1(65536)):
            heard += piece
        assert what in heard, heard

    try:
        hear(b"Verify return code: 0 (ok)\n---\n")
        for _ in range(3):  # openssl takes a line that comes alone for a command
            child.stdin.write(b"K\n")
            child.stdin.flush()
            hear(b"KEYUPDATE")
        child.stdin.write(b"GET / HTTP/1.1\r\nHost: leat.test\r\nConnection: close\r\n\r\n")
        child.stdin.flush()
        hear(PAGE)
    finally:
        child.kill()
        child.wait()


def test_gnutls(web, keys):
    if not shutil.which("gnutls-cli"):
        pytest.skip("gnutls-cli is not installed")
    said = run("gnutls-cli", "--port", "443", "--x509cafile", keys.authority, "--sni-hostname", "leat.test",
               "--verify-hostname", "leat.test", "--ocsp", "--no-ocsp", web.ip,
               stdin=b"GET / HTTP/1.1\r\nHost: leat.test\r\nConnection: close\r\n\r\n", check=False).decode()
    assert "TLS1.3" in said and PAGE.decode() in said


def test_python_byte_by_byte(web, keys):
    """Records of one byte, each in a segment of its own."""
    context = ssl.create_default_context(cafile=str(keys.authority))
    with socket.create_connection((web.ip, 443), LIMIT_S) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(plain, server_hostname="leat.test") as conn:
            assert conn.version() == "TLSv1.3"
            for byte in b"GET / HTTP/1.0\r\n\r\n":
                conn.send(bytes([byte]))
            heard = b""
            while piece := conn.recv(65536):
                heard += piece
    assert heard.endswith(PAGE)


def test_a_large_file(leat, keys, tmp_path):
    seed = bytes(range(256)) * 97 + b"leat"
    big = (seed * (BIG_BYTES // len(seed) + 1))[:BIG_BYTES]
    (tmp_path / "big").write_bytes(big)
    web = leat("httpd", options=keys.words("ec"), arguments=[tmp_path / "big"])
    assert curl(web, keys, "https://leat.test/big", timeout=200) == big


def test_echo(leat, keys):
    """Both directions at a time, and no data is copied."""
    server = leat("echo_tls", options=keys.words("ec"))
    context = ssl.create_default_context(cafile=str(keys.authority))
    data = bytes(range(256)) * (BIG_BYTES // 256)
    with socket.create_connection((server.ip, 7), LIMIT_S) as plain, \
            context.wrap_socket(plain, server_hostname="leat.test") as conn:
        assert both_ways(conn, data) == data
    assert server.stop()["copied_tx_bytes"] == 0


# ---- Under pressure

def client_hellos(count):
    """Complete ClientHellos, as Python's ssl makes them."""
    context = ssl.create_default_context()
    for _ in range(count):
        sent = ssl.MemoryBIO()
        session = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="leat.test")
        with contextlib.suppress(ssl.SSLWantReadError):
            session.do_handshake()
        yield sent.read()


@pytest.fixture
def crowd(web):
    """48 clients that are silent after their hello, so each occupies a handshake: the next client must return a
    cookie."""
    conns = []
    for hello in list(client_hellos(48)):  # made before, because a silent connection is closed
        conns.append(socket.create_connection((web.ip, 443), LIMIT_S))
        conns[-1].sendall(hello)
    yield conns
    for conn in conns:
        conn.close()


@pytest.mark.parametrize("group", ["X25519", "X448:P-256"])  # the last one leads to HelloRetryRequest
def test_openssl_brings_a_cookie(web, keys, crowd, group):
    said = s_client(web, keys, "-groups", group, "-msg")
    assert said.count("ClientHello") == 2 and PAGE.decode() in said, said
    assert "Verify return code: 0 (ok)" in said


def test_curl_brings_a_cookie(web, keys, crowd):
    assert curl(web, keys, "https://leat.test/") == PAGE


# ---- Tickets, with leat as the server

def resume(web, keys, file, *words):
    """The output of openssl's client for a session with the ticket in @file, which is replaced by the next one."""
    return s_client(web, keys, "-sess_in", file, "-sess_out", file, *words)


@pytest.mark.parametrize("suite", SUITES)
def test_openssl_resumes(web, keys, tmp_path, suite):
    file = tmp_path / "session"
    said = s_client(web, keys, "-sess_out", file, "-ciphersuites", suite)
    assert "New, TLSv1.3" in said and PAGE.decode() in said
    for words in ((), (), ("-groups", "X448:P-256")):  # the last one leads to HelloRetryRequest
        said = resume(web, keys, file, "-ciphersuites", suite, *words)
        assert "Reused, TLSv1.3" in said and PAGE.decode() in said, said


def test_openssl_resumes_for_the_same_name(web, keys, tmp_path):
    """A ticket of another server, or of another run of ours, isn't accepted either."""
    file = tmp_path / "session"
    s_client(web, keys, "-sess_out", file)
    said = s_client(web, keys, "-sess_in", file, "-servername", "other.test")
    assert "New, TLSv1.3" in said and PAGE.decode() in said, said


def test_python_resumes(web, keys):
    context = ssl.create_default_context(cafile=str(keys.authority))
    session = None
    for round_number in range(4):
        with socket.create_connection((web.ip, 443), LIMIT_S) as plain, \
                context.wrap_socket(plain, server_hostname="leat.test", session=session) as conn:
            conn.sendall(b"GET / HTTP/1.0\r\n\r\n")
            heard = b""
            while piece := conn.recv(65536):
                heard += piece
            assert heard.endswith(PAGE)
            assert conn.session_reused == (round_number > 0)
            session = conn.session


def test_gnutls_resumes(web, keys):
    if not shutil.which("gnutls-cli"):
        pytest.skip("gnutls-cli is not installed")
    said = run("gnutls-cli", "--port", "443", "--x509cafile", keys.authority, "--sni-hostname", "leat.test",
               "--verify-hostname", "leat.test", "--no-ocsp", "--resume", "--waitresumption", web.ip,
               stdin=b"GET / HTTP/1.1\r\nHost: leat.test\r\nConnection: close\r\n\r\n", check=False).decode()
    assert "This is a resumed session" in said and PAGE.decode() in said, said


@pytest.mark.parametrize("groups", ["X25519", "X448:P-256"])  # the last one leads to HelloRetryRequest
def test_early_data_by_a_ticket_of_another_server(web, keys, tmp_path, groups):
    other = Server(keys, "-www", "-max_early_data", "16384")
    file, early = tmp_path / "session", tmp_path / "early"
    early.write_bytes(b"GET /early HTTP/1.1\r\nHost: leat.test\r\n\r\n" * 300)
    run("openssl", "s_client", "-connect", f"127.0.0.1:{other.port}", "-servername", "leat.test", "-CAfile",
        keys.authority, "-sess_out", file, "-ign_eof", stdin=b"GET / HTTP/1.0\r\n\r\n")
    said = s_client(web, keys, "-sess_in", file, "-early_data", early, "-groups", groups)
    assert "Early data was rejected" in said and "New, TLSv1.3" in said and PAGE.decode() in said, said


# ---- leat as the client


class Server:
    """openssl s_server on this machine."""

    def __init__(self, keys, *words, kind="ec"):
        probe = socket.socket()
        probe.bind(("0.0.0.0", 0))
        self.port = probe.getsockname()[1]
        probe.close()
        self.process = self.start(keys, words, kind)
        assert until(self.listens, 20), self.process.text

    def start(self, keys, words, kind):
        return Process("openssl", "s_server", "-accept", self.port, "-cert", keys.folder / f"{kind}.pem",
                       "-key", keys.folder / f"{kind}.key", *words)

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class GnutlsServer(Server):
    """gnutls-serv, which prints the parameters of a session."""

    def start(self, keys, words, kind):
        return Process("gnutls-serv", "--http", "--port", self.port, "--x509certfile",
                       keys.folder / f"{kind}.pem", "--x509keyfile", keys.folder / f"{kind}.key", *words)


def ask(leat, keys, server, name="leat.test", authority=None, ticket=(), text="GET / HTTP/1.0\r\n\r\n", timeout=60):
    """The output of the client."""
    client = leat("tls_client", options=["--port", server.port],
                  arguments=[name, authority or keys.authority, text, *ticket])
    client.wait_for(": closed:|^closed:", timeout)
    return client.text


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_client_of_openssl(leat, keys, suite, kind):
    said = ask(leat, keys, Server(keys, "-www", "-ciphersuites", suite, kind=kind))
    assert re.search(rf"open {SUITES[suite]} 001d", said), said
    assert re.search(r"heard \d{4}", said) and "closed: success" in said, said


@pytest.mark.parametrize("words", [(), ("-groups", "P-256"), ("-ciphersuites", "TLS_AES_256_GCM_SHA384"),
                                   ("-num_tickets", "4"), ("-no_ticket",), ("-stateless",)])
def test_client_resumes_with_openssl(leat, keys, tmp_path, words):
    """One server stores its sessions itself; the last one requires a cookie."""
    server, ticket = Server(keys, "-www", *words), [tmp_path / "ticket"]
    said = ask(leat, keys, server, ticket=ticket)
    assert re.search(r"open 130[123] \w+ 0403 $", said, re.M), said
    for _ in range(2):
        said = ask(leat, keys, server, ticket=ticket)
        assert re.search(r"open 130[123] \w+ 0000  resumed", said), said
        assert re.search(r"heard \d{4}", said) and "closed: success" in said, said


def test_client_resumes_with_gnutls(leat, keys, tmp_path):
    if not shutil.which("gnutls-serv"):
        pytest.skip("gnutls-serv is not installed")
    server, ticket = GnutlsServer(keys), [tmp_path / "ticket"]
    assert "resumed" not in ask(leat, keys, server, ticket=ticket)
    said = ask(leat, keys, server, ticket=ticket)
    assert re.search(r"open 130[123] \w+ 0000  resumed", said) and "closed: success" in said, said


def test_client_asks_another_server_by_its_ticket(leat, keys, tmp_path):
    """The server doesn't know the ticket, and sends its certificate."""
    ticket = [tmp_path / "ticket"]
    ask(leat, keys, Server(keys, "-www"), ticket=ticket)
    said = ask(leat, keys, Server(keys, "-www", kind="rsa"), ticket=ticket)
    assert re.search(r"open 130[123] \w+ 0804", said) and "closed: success" in said, said


def test_client_is_asked_for_another_share_and_a_certificate(leat, keys):
    said = ask(leat, keys, Server(keys, "-www", "-groups", "P-256", "-verify", "1"))
    assert re.search(r"open 1301 0017|open 1302 0017", said) and "closed: success" in said, said


def test_client_refuses_others(leat, keys, tmp_path):
    server = Server(keys, "-www")
    said = ask(leat, keys, server, name="other.test")
    assert "sent certificate_unknown" in said and "heard 0 " in said, said
    other = Keys(tmp_path)
    said = ask(leat, keys, server, authority=other.authority)
    assert "encrypted session failed" in said and "heard 0 " in said, said


def test_client_wants_tls_13(leat, keys):
    said = ask(leat, keys, Server(keys, "-www", "-tls1_2"))
    assert "got protocol_version" in said, said


def test_client_of_gnutls(leat, keys):
    if not shutil.which("gnutls-serv"):
        pytest.skip("gnutls-serv is not installed")
    said = ask(leat, keys, GnutlsServer(keys))
    assert re.search(r"open 130[123]", said) and "closed: success" in said, said
