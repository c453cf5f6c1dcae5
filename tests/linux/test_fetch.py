"""fetch against other servers: Python's, nginx, openssl; and against leat's httpd."""

import concurrent.futures
import contextlib
import hashlib
import http.server
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest

from conftest import QUICK, Process, binary, make_tap, run, until

SITE = pathlib.Path(__file__).resolve().parents[2] / "examples/site"
PAGE = (SITE / "index.html").read_bytes()
BIG_BYTES = 3_000_000 if QUICK else 100_000_000
PEER = "10.84.0.1"
NAME = "fetch.test"
THE_NAME = {"is at": PEER}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append((self.client_address[1], self.path, dict(self.headers)))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"moved")
            return
        self.send_response(404 if self.path == "/none" else 200)
        if self.path == "/chunks":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(1, 50):
                self.wfile.write(b"%x\r\n%s\r\n" % (i, b"c" * i))
            self.wfile.write(b"0\r\n\r\n")
        elif self.path == "/until-close":
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"u" * 1000)
        else:
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"hello\n")

    def do_PUT(self):
        digest = hashlib.sha256()
        left = int(self.headers["Content-Length"])
        while left > 0:
            piece = self.rfile.read(min(left, 65536))
            digest.update(piece)
            left -= len(piece)
        text = digest.hexdigest().encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def peer():
    """The kernel's end of fetch's device."""
    make_tap("fetch0", address=f"{PEER}/24")
    yield PEER
    run("ip", "link", "del", "fetch0", check=False)


@contextlib.contextmanager
def python_server(port=8080, context=None):
    server = http.server.ThreadingHTTPServer((PEER, port), Handler)
    server.seen = []
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def fetch(*words, timeout=60):
    """The exit status, and the output after its first lines, as bytes."""
    done = subprocess.run([binary("fetch"), "--tap", "fetch0", "--ip", "10.84.0.2/24", *map(str, words)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout, check=False)
    head, _, body = done.stdout.partition(b"\n")
    assert head.startswith(b"fetch: 10.84.0.2/24 on "), done.stdout[:2000]
    return done.returncode, body


def test_python_as_the_server(peer):
    url = f"http://{peer}:8080"
    with python_server() as server:
        assert fetch(f"{url}/x?y") == (0, b"hello\n")
        _, path, fields = server.seen[0]
        assert path == "/x?y" and fields["Host"] == f"{peer}:8080"
        assert fetch(f"{url}/chunks") == (0, b"c" * sum(range(1, 50)))
        assert fetch(f"{url}/until-close") == (0, b"u" * 1000)
        status, text = fetch(f"{url}/none")
        assert status == 22 and b"status 404" in text and b"hello\n" in text


def test_redirects(peer):
    url = f"http://{peer}:8080"
    with python_server() as server:
        assert fetch(f"{url}/to//to/../x") == (0, b"hello\n")
        assert [path for _, path, _ in server.seen] == ["/to//to/../x", "/x"]
        assert server.seen[0][0] == server.seen[1][0], "on one connection"
        loop = "/to/" * 6 + "x"
        status, text = fetch(f"{url}{loop}")
        assert status == 47 and b"not followed" in text


def test_a_file_is_sent(peer, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(os.urandom(BIG_BYTES // 3))
    with python_server():
        assert fetch(f"http://{peer}:8080/put", file) == (0, hashlib.sha256(file.read_bytes()).hexdigest().encode())


def test_a_silent_server_times_out(peer):
    status, text = fetch(f"http://{peer}:8081/")
    assert status == 7 and b"connection refused" in text
    with socket.create_server((peer, 8082)) as server:
        child = Process(binary("fetch"), "--tap", "fetch0", "--ip", "10.84.0.2/24", f"http://{peer}:8082/")
        server.settimeout(30)
        conn, _ = server.accept()
        with conn:
            assert conn.recv(10000).startswith(b"GET / HTTP/1.1\r\nHost: ")
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nevil")
            assert child.wait(30) == 8
        assert "evil" not in child.text and "malformed" in child.text


def hears_the_end(listener, context=None):
    """Answers one request, and returns the data after it: b"" is the end; with TLS close_notify comes before it."""
    near, _ = listener.accept()
    near.settimeout(30)
    with context.wrap_socket(near, server_side=True, suppress_ragged_eofs=False) if context else near as conn:
        assert conn.recv(10000).startswith(b"GET / HTTP/1.1\r\n")
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
        return conn.recv(1)


def test_the_server_hears_the_end(names, tmp_path):
    """A server for one connection at a time would wait for it for ever."""
    context = make_keys(tmp_path)
    words = "--server", names, "--cert", tmp_path / "cert.pem"
    if b"without cryptography" in fetch(*words, f"https://{NAME}:8445/")[1]:
        context = None
    with socket.create_server((PEER, 8084)) as listener, concurrent.futures.ThreadPoolExecutor() as pool:
        for scheme, keys in ("http", None), ("https", context):
            if scheme == "http" or keys:
                server = pool.submit(hears_the_end, listener, keys)
                assert fetch(*words, f"{scheme}://{NAME}:8084/") == (0, b"hello\n")
                assert server.result(30) == b""


@pytest.mark.skipif(not shutil.which("nginx"), reason="there is no nginx")
def test_nginx_as_the_server(peer, tmp_path):
    (tmp_path / "www").mkdir()
    (tmp_path / "www/big").write_bytes(os.urandom(BIG_BYTES))
    tmp_path.chmod(0o755)
    (tmp_path / "conf").write_text(f"""
        daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/error; events {{}}
        http {{ access_log {tmp_path}/access; client_body_temp_path {tmp_path}; proxy_temp_path {tmp_path};
                fastcgi_temp_path {tmp_path}; uwsgi_temp_path {tmp_path}; scgi_temp_path {tmp_path};
                server {{ listen {peer}:8083; root {tmp_path}/www;
                          location = /moved {{ return 301 /big; }} }} }}""")
    nginx = Process("nginx", "-c", tmp_path / "conf", "-e", tmp_path / "error")
    try:
        def is_up():
            with contextlib.suppress(OSError), socket.create_connection((peer, 8083), 1):
                return True
            return False
        assert until(is_up), nginx.text
        status, body = fetch(f"http://{peer}:8083/moved", timeout=120)
        assert status == 0 and body == (tmp_path / "www/big").read_bytes()
    finally:
        nginx.stop()


def answer_names(sock):
    """A name server with one name."""
    from scapy.layers.dns import DNS, DNSRR

    with contextlib.suppress(OSError):
        while (heard := sock.recvfrom(1000))[0]:
            text, asker = heard
            query = DNS(text)
            reply = DNS(id=query.id, qr=1, aa=1, rd=1, ra=1, qd=query.qd)
            if query.qd.qtype == 1:
                reply.an = DNSRR(rrname=query.qd.qname, type="A", ttl=1, rdata=THE_NAME["is at"])
            sock.sendto(bytes(reply), asker)


@pytest.fixture
def names(peer):
    THE_NAME["is at"] = PEER
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((peer, 53))
        thread = threading.Thread(target=answer_names, args=(sock,), daemon=True)
        thread.start()
        yield peer
        with contextlib.suppress(OSError):  # raises, as it isn't connected, and wakes the thread all the same
            sock.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def make_keys(folder):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
        folder / "key.pem", "-out", folder / "cert.pem", "-days", "30", "-subj", f"/CN={NAME}",
        "-addext", f"subjectAltName=DNS:{NAME}", timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_https_by_name(names, tmp_path):
    context = make_keys(tmp_path)
    with python_server(8443, context):
        words = ("--server", names, "--cert", tmp_path / "cert.pem")
        status, text = fetch(*words, f"https://{NAME}:8443/")
        if b"without cryptography" in text:
            pytest.skip("fetch has no TLS")
        assert (status, text) == (0, b"hello\n")
        status, text = fetch(*words, "https://other.test:8443/")
        assert status == 60 and b"hello" not in text and text.startswith(b"fetch: ")
        status, text = fetch("--server", names, f"https://{NAME}:8443/")  # the system's authorities
        assert status in (60, 2) and b"hello" not in text


# ---- HTTP/2

H2_NGINX = """
    daemon off; master_process off; pid {folder}/pid; error_log {folder}/error; events {{}}
    http {{ log_format version "$request"; access_log {folder}/access version; client_body_temp_path {folder}; proxy_temp_path {folder};
            fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
            server {{ listen {peer}:8446 ssl http2; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
                      ssl_protocols TLSv1.3; root {folder}/www; large_client_header_buffers 8 32k;
                      location = /moved {{ return 301 /big; }}
                      location = /next {{ return 302 /small; }} }} }}"""


def secure(names, folder):
    """The options of a client that trusts the server with the keys in @folder."""
    words = ("--server", names, "--cert", folder / "cert.pem")
    if b"without cryptography" in fetch(*words, f"https://{NAME}:1/")[1]:
        pytest.skip("fetch has no TLS")
    return words


def has_http2():
    return b"nghttp2_session_client_new" in pathlib.Path(binary("fetch")).read_bytes()


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection((PEER, port), 1):
        return True
    return False


@pytest.mark.skipif(not shutil.which("nginx"), reason="there is no nginx")
def test_nginx_is_asked_by_http2(names, tmp_path):
    make_keys(tmp_path)
    if not has_http2():
        pytest.skip("fetch has no HTTP/2")
    words = secure(names, tmp_path)
    (tmp_path / "www").mkdir()
    (tmp_path / "www/big").write_bytes(os.urandom(BIG_BYTES))
    (tmp_path / "www/small").write_bytes(b"small\n")
    tmp_path.chmod(0o755)
    (tmp_path / "conf").write_text(H2_NGINX.format(folder=tmp_path, peer=PEER))
    nginx = Process("nginx", "-c", tmp_path / "conf", "-e", tmp_path / "error")
    try:
        assert until(lambda: listens(8446)), nginx.text
        status, body = fetch(*words, "-L", f"https://{NAME}:8446/moved", timeout=120)
        assert status == 0 and body == (tmp_path / "www/big").read_bytes()
        assert fetch(*words, "-L", f"https://{NAME}:8446/next") == (0, b"small\n")
        assert fetch(*words, "-H", "X-Long: " + 10000 * "x", f"https://{NAME}:8446/small") == (0, b"small\n")
        assert fetch(*words, f"https://{NAME}:8446/none")[0] == 22
    finally:
        nginx.stop()
    versions = {line.rpartition(" ")[2] for line in (tmp_path / "access").read_text().splitlines() if " " in line}
    assert versions == {"HTTP/2.0"}


@pytest.mark.skipif(not shutil.which("nghttpd"), reason="there is no nghttpd")
def test_nghttpd_is_asked_by_http2(names, tmp_path):
    make_keys(tmp_path)
    if not has_http2():
        pytest.skip("fetch has no HTTP/2")
    words = secure(names, tmp_path)
    (tmp_path / "small").write_bytes(b"small\n")
    (tmp_path / "big").write_bytes(os.urandom(1_000_000))
    server = Process("nghttpd", "-a", PEER, "-d", tmp_path, "--echo-upload", "8447", tmp_path / "key.pem", tmp_path / "cert.pem")
    try:
        assert until(lambda: listens(8447)), server.text
        assert fetch(*words, f"https://{NAME}:8447/small") == (0, b"small\n")
        status, body = fetch(*words, f"https://{NAME}:8447/big")
        assert status == 0 and body == (tmp_path / "big").read_bytes()
        status, body = fetch(*words, f"https://{NAME}:8447/small", tmp_path / "big")
        assert status == 0 and body == (tmp_path / "big").read_bytes()
    finally:
        server.stop()


def test_no_redirect_leads_from_https_to_http(names, tmp_path):
    """The case of schemes is ignored (RFC 3986 3.1)."""
    with python_server(8443, make_keys(tmp_path)), python_server() as plain:
        words = ("--server", names, "--cert", tmp_path / "cert.pem")
        if b"without cryptography" in fetch(*words, f"https://{NAME}:8443/")[1]:
            pytest.skip("fetch has no TLS")
        for scheme in "https", "HTTPS":
            status, text = fetch(*words, f"{scheme}://{NAME}:8443/to/http://{NAME}:8080/")
            assert status == 1 and b"not followed" in text  # an unsupported protocol
            assert fetch(*words, f"{scheme}://{NAME}:8443/to/HTTPS://{NAME}:8443/") == (0, b"hello\n")
        assert not plain.seen


# ---- Early data (--early)

TOO_EARLY = "went early, and again behind the handshake (425)"
AT_NGINX = r"""
    daemon off; master_process off; pid {folder}/pid; error_log {folder}/error; events {{}}
    http {{ access_log {folder}/access; client_body_temp_path {folder}; proxy_temp_path {folder};
            fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
            server {{ listen {peer}:8445 ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
                      ssl_protocols TLSv1.3; ssl_early_data on;
                      location / {{ add_header Early "$ssl_early_data"; return 200 "early=$ssl_early_data\n"; }}
                      location = /strict {{ if ($ssl_early_data) {{ return 425; }} return 200 "late\n"; }} }} }}"""


@pytest.fixture
def early(names, tmp_path):
    """Runs fetch with a ticket file; returns the page and the messages about the session."""
    make_keys(tmp_path)
    ticket = tmp_path / "ticket"
    status, text = fetch("--server", names, "--cert", tmp_path / "cert.pem", "--early", ticket, f"https://{NAME}:8445/",
                         timeout=20)
    if b"without cryptography" in text:
        pytest.skip("fetch has no TLS")
    assert status == 7 and b"the request reached no server" in text

    def ask(url, *words):
        status, text = fetch("--server", names, "--cert", tmp_path / "cert.pem", "--early", ticket, url, *words)
        assert status == 0, text
        page, _, said = text.decode().rpartition("fetch: the request ")
        return page, said.strip()
    ask.folder = tmp_path
    ask.ticket = ticket
    return ask


@pytest.mark.skipif(not shutil.which("nginx"), reason="there is no nginx")
def test_nginx_takes_early_data(early):
    early.folder.chmod(0o755)
    (early.folder / "conf").write_text(AT_NGINX.format(folder=early.folder, peer=PEER))
    nginx = Process("nginx", "-c", early.folder / "conf", "-e", early.folder / "error")
    try:
        def is_up():
            with contextlib.suppress(OSError), socket.create_connection((PEER, 8445), 1):
                return True
            return False
        assert until(is_up), nginx.text
        url = f"https://{NAME}:8445"
        assert early(f"{url}/") == ("early=\n", "did not go early: there was no ticket")
        assert early.ticket.stat().st_mode & 0o777 == 0o600 and early.ticket.stat().st_size > 0
        # each uses the ticket of the one before. nginx takes a request as late as soon as it has the client's Finished,
        # too, which may be before it handles the request
        for path, said in ("", ("early=1\n", "went early")), ("strict", ("late\n", TOO_EARLY)):
            for _ in range(50):
                answer = early(f"{url}/{path}")
                if answer == said:
                    break
                assert answer == (said[0].replace("1", ""), "went early")
            assert answer == said
        early.ticket.write_bytes(b"")
        assert early(f"{url}/") == ("early=\n", "did not go early: there was no ticket")
    finally:
        nginx.stop()
    nginx = Process("nginx", "-c", early.folder / "conf", "-e", early.folder / "error")
    try:
        assert until(is_up), nginx.text
        said = "went early, was refused, and went again behind the handshake"  # the server has new keys for tickets now
        assert early(f"{url}/") == ("early=\n", said)
    finally:
        nginx.stop()


def test_openssl_takes_early_data(early):
    command = ["openssl", "s_server", "-accept", f"{PEER}:8445", "-cert", early.folder / "cert.pem", "-key",
               early.folder / "key.pem", "-early_data", "-max_early_data", "16384", "-alpn", "http/1.1"]
    heard = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        def answer():
            for line in iter(server.stdout.readline, b""):
                heard.append(line)
                if line == b"\r\n" and b"".join(heard).count(b"GET /") > b"".join(heard).count(b"answered"):
                    heard.append(b"answered")
                    server.stdin.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
                    server.stdin.flush()
        threading.Thread(target=answer, daemon=True).start()

        def said():
            return b"".join(heard).decode(errors="replace")
        try:
            assert until(lambda: "ACCEPT" in said(), 20), said()
            url = f"https://{NAME}:8445/"
            assert early(url) == ("hello\n", "did not go early: there was no ticket")
            assert "Early data received" not in said()
            assert early(url) == ("hello\n", "went early")
            assert "Early data received:" in said() and said().count("GET / HTTP/1.1") == 2, said()
        finally:
            server.kill()


def test_our_own_server_and_early_data(leat, peer, early):
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    keys = ["--cert", early.folder / "cert.pem", "--key", early.folder / "key.pem"]
    server = leat("httpd", options=keys)
    THE_NAME["is at"] = server.ip
    for said in "there was no ticket", "its ticket doesn't allow it":
        assert early(f"https://{NAME}/", "--gateway", peer) == (PAGE.decode(), f"did not go early: {said}")
    server.stop()
    server = leat("httpd", options=[*keys, "--early-data"])
    THE_NAME["is at"] = server.ip
    early.ticket.write_bytes(b"")
    for said in "did not go early: there was no ticket", "went early, was refused, and went again behind the handshake":
        assert early(f"https://{NAME}/", "--gateway", peer) == (PAGE.decode(), said)
    time.sleep(11)  # leat accepts none for ten seconds after its first ticket
    for _ in range(2):
        assert early(f"https://{NAME}/", "--gateway", peer) == (PAGE.decode(), "went early")


def test_our_own_server(leat, peer):
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    server = leat("httpd")
    status, body = fetch("--gateway", peer, f"http://{server.ip}/")
    assert (status, body) == (0, PAGE)
