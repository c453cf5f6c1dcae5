"""Other TLS servers and clients against leat's: each suite, group and signature, tickets, HelloRetryRequest, key
updates, and bulk data both ways with every byte compared.

leat as the server: httpd and echo_tls. As the client: tls_client, which has another TLS echo a file.
"""

import contextlib
import hashlib
import re
import socket
import ssl
import subprocess
import threading

import pytest

from conftest import BUILD, QUICK, Process, run, until
from services import program
from test_tls import PAGE, SUITES, Keys, ask

BIG_BYTES = 3_000_000 if QUICK else 100_000_000
REQUEST = b"GET / HTTP/1.1\r\nHost: leat.test\r\nConnection: close\r\n\r\n"
# kind of key: the signature scheme of its server
KINDS = {"ec": "0403", "p384": "0503", "rsa": "0804", "rsa4096": "0804", "ed25519": "0807"}
# OpenSSL's name: the number, GnuTLS's name
GROUPS = {"X25519": ("001d", "GROUP-X25519"), "P-256": ("0017", "GROUP-SECP256R1")}
GNUTLS_SUITES = {"TLS_AES_128_GCM_SHA256": "AES-128-GCM", "TLS_AES_256_GCM_SHA384": "AES-256-GCM",
                 "TLS_CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305"}
SUITE, OTHER_SUITE, CHACHA = SUITES
WOLFSSL_SUITES = {"TLS_AES_128_GCM_SHA256": "TLS13-AES128-GCM-SHA256", "TLS_AES_256_GCM_SHA384":
                  "TLS13-AES256-GCM-SHA384", "TLS_CHACHA20_POLY1305_SHA256": "TLS13-CHACHA20-POLY1305-SHA256"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    run("ip", "link", "set", "lo", "up")
    made = Keys(tmp_path_factory.mktemp("keys")).more()
    for kind in KINDS:  # in the form that haproxy reads
        (made.folder / f"{kind}.both").write_bytes(
            (made.folder / f"{kind}.pem").read_bytes() + (made.folder / f"{kind}.key").read_bytes())
    return made


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """A file in which no two places are alike."""
    path = tmp_path_factory.mktemp("big") / "big"
    seed = b"".join(hashlib.sha256(bytes([i & 255, i >> 8])).digest() for i in range(4093))
    path.write_bytes((seed * (BIG_BYTES // len(seed) + 1))[:BIG_BYTES])
    lines = "".join(f"{seed[at:at + 31].hex()}\n" for at in range(0, len(seed), 31)).encode()
    (path.parent / "lines").write_bytes((lines * (BIG_BYTES // len(lines) + 1))[:BIG_BYTES])
    path.parent.chmod(0o755)
    return path


def wolfssl_peer():
    path = BUILD / "tests/linux/wolfssl_peer"
    return path if path.is_file() else pytest.skip("libwolfssl-dev was not there when this was built")


def free_port():
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        return probe.getsockname()[1]


class Echo:
    """A plain echo server, for other TLS servers in front of it."""

    def __init__(self, context=None):
        self.context = context
        self.listener = socket.create_server(("0.0.0.0", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=self.listener.accept()[:1], daemon=True).start()

    def _serve(self, conn):
        with contextlib.suppress(OSError), conn:
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
            while piece := conn.recv(1 << 16):
                conn.sendall(piece)
            if self.context:
                conn.unwrap()

    def close(self):
        self.listener.close()


@pytest.fixture
def echo():
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def start():
    """start(*command, port=N) starts a program, and waits until it listens."""
    started = []

    def begin(*command, port):
        started.append(Process(*command))

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0 or not started[-1].running

        assert until(listens, 20) and started[-1].running, started[-1].text
        return port

    yield begin
    for process in started:
        process.kill()
        print(f"--- {' '.join(process.command)}\n{process.text[-4000:]}")


# ---- Other servers: each echoes, and returns its port


class Peers:
    """Starts other TLS servers, with one suite, group and key."""

    def __init__(self, start_program, keys, folder, echo):
        self.start, self.keys, self.folder, self.echo = start_program, keys, folder, echo
        folder.chmod(0o755)

    def stunnel(self, suite, group, kind):
        port, conf = free_port(), self.folder / "stunnel.conf"
        conf.write_text(f"foreground = yes\npid =\nsocket = l:TCP_NODELAY=1\n[tls]\naccept = 0.0.0.0:{port}\n"
                        f"connect = 127.0.0.1:{self.echo.port}\nsslVersionMin = TLSv1.3\nciphersuites = {suite}\n"
                        f"curves = {group}\ncert = {self.keys.folder}/{kind}.pem\n"
                        f"key = {self.keys.folder}/{kind}.key\n", encoding="utf-8")
        return self.start(program("stunnel4"), conf, port=port)

    def haproxy(self, suite, group, kind):
        port, conf = free_port(), self.folder / "haproxy.conf"
        conf.write_text(f"global\n    tune.ssl.default-dh-param 2048\n"
                        f"defaults\n    mode tcp\n    timeout connect 5s\n    timeout client 60s\n"
                        f"    timeout server 60s\nlisten tls\n    bind 0.0.0.0:{port} ssl crt "
                        f"{self.keys.folder}/{kind}.both ssl-min-ver TLSv1.3 ciphersuites {suite} curves {group}\n"
                        f"    server echo 127.0.0.1:{self.echo.port}\n", encoding="utf-8")
        return self.start(program("haproxy"), "-f", conf, port=port)

    def gnutls(self, suite, group, kind):
        port = free_port()
        priority = (f"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+{GNUTLS_SUITES[suite]}:-GROUP-ALL:"
                    f"+{GROUPS[group][1]}")
        return self.start(program("gnutls-serv"), "--echo", "--crlf", "--port", port, "--priority", priority,
                          "--x509certfile", self.keys.folder / f"{kind}.pem", "--x509keyfile",
                          self.keys.folder / f"{kind}.key", port=port)

    def python(self, _suite, group, kind):
        """Python's ssl can't choose the suite."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.keys.folder / f"{kind}.pem", self.keys.folder / f"{kind}.key")
        if group != "X25519":
            context.set_ecdh_curve("prime256v1")
        return Echo(context).port

    def wolfssl(self, suite, group, kind):
        """Updates its key every 20 reads."""
        port = free_port()
        return self.start(wolfssl_peer(), "serve", port, self.keys.folder / f"{kind}.pem",
                          self.keys.folder / f"{kind}.key", WOLFSSL_SUITES[suite], group, port=port)

    def nginx(self, suite, group, kind):
        """Serves the files of the folder."""
        port, folder = free_port(), self.folder
        temporary = "".join(f"{name}_temp_path {folder};" for name in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(f"""
            daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error; events {{}}
            http {{ access_log off; {temporary}
                server {{ listen 0.0.0.0:{port} ssl; root {folder};
                    ssl_certificate {self.keys.folder}/{kind}.pem;
                    ssl_certificate_key {self.keys.folder}/{kind}.key; ssl_protocols TLSv1.3;
                    ssl_conf_command Ciphersuites {suite}; ssl_ecdh_curve {group}; }} }}""", encoding="utf-8")
        return self.start(program("nginx"), "-c", folder / "nginx.conf", "-e", folder / "error", port=port)

    def openssl(self, suite, group, kind):
        """Serves the files of its working folder: "-WWW" looks there."""
        port = free_port()
        return self.start("sh", "-c", f"cd {self.folder} && exec openssl s_server -WWW -accept {port} -ciphersuites "
                          f"{suite} -groups {group} -cert {self.keys.folder}/{kind}.pem -key "
                          f"{self.keys.folder}/{kind}.key", port=port)


@pytest.fixture
def peers(start, keys, tmp_path, echo):
    return Peers(start, keys, tmp_path, echo)


class At:
    """The requirements of ask() for a server."""

    def __init__(self, port):
        self.port = port


ECHOES = ["stunnel", "haproxy", "gnutls", "python", "wolfssl"]
FILES = ["nginx", "openssl"]


def check(said, data, suite, group, scheme):
    assert re.search(rf"open {suite} {group} {scheme}", said), said
    assert f"heard {len(data)} {hashlib.sha256(data).hexdigest()}" in said, said
    assert "closed: success" in said, said


def hear(leat, keys, peers, peer, suite, group, kind, ticket=(), resumed=False):
    """leat's client gets its own data, or a file, from @peer."""
    number = "130." if peer == "python" else SUITES[suite]
    scheme = r"0000 \S* resumed" if resumed else KINDS[kind]
    server = peers if isinstance(peers, At) else At(getattr(peers, peer)(suite, group, kind))
    if peer in FILES:
        said = ask(leat, keys, server, text="GET /small HTTP/1.0\r\n\r\n", ticket=ticket)
        assert re.search(rf"open {number} {GROUPS[group][0]} {scheme}", said), said
        assert re.search(r"heard [1-9]\d{2,}", said) and "closed: success" in said, said
    else:
        (path := keys.folder / "small").write_bytes(b"a line of text\r\n" * 64)
        said = ask(leat, keys, server, text=f"@{path}", ticket=ticket)
        check(said, path.read_bytes(), number, GROUPS[group][0], scheme)
    return server


@pytest.mark.parametrize("group", GROUPS)  # with P-256 the server sends HelloRetryRequest
@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("peer", ECHOES + FILES)
def test_client_suites_and_groups(leat, keys, peers, tmp_path, peer, suite, group):
    if peer == "python" and suite != SUITE:
        pytest.skip("Python chooses the suite itself")
    (tmp_path / "small").write_bytes(PAGE)
    hear(leat, keys, peers, peer, suite, group, "ec")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("peer", ECHOES + FILES)
def test_client_signatures(leat, keys, peers, tmp_path, peer, kind):
    (tmp_path / "small").write_bytes(PAGE)
    hear(leat, keys, peers, peer, SUITE, "X25519", kind)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("peer", ECHOES + FILES)
def test_client_resumes(leat, keys, peers, tmp_path, peer, group):
    (tmp_path / "small").write_bytes(PAGE)
    ticket = [tmp_path / "ticket"]
    server = hear(leat, keys, peers, peer, OTHER_SUITE, group, "ec", ticket)
    for _ in range(2):
        hear(leat, keys, server, peer, OTHER_SUITE, group, "ec", ticket, resumed=True)


@pytest.mark.parametrize("peer", ECHOES)
def test_client_says_and_hears_much(leat, keys, peers, big, peer):
    """With some key updates of ours in between."""
    server = At(getattr(peers, peer)(SUITE, "X25519", "ec"))
    if peer == "gnutls":  # it looks for commands in the echoed data
        big = big.parent / "lines"
    # gnutls-serv, which has all data by then, now and then keeps the last bytes of its echo, and hangs up after 30 s
    for _ in range(3 if peer == "gnutls" else 1):
        said = ask(leat, keys, server, text=f"@{big}", timeout=300)
        assert f"said {BIG_BYTES}, of these unacknowledged 0," in said, said
        if f"heard {BIG_BYTES} " in said:
            break
    check(said, big.read_bytes(), "130.", "001d", "0403")
    assert int(re.search(r"^.*key updates (\d+)", said, re.M)[1]) >= 3, said


@pytest.mark.parametrize("peer", FILES)
def test_client_hears_a_large_file(leat, keys, peers, big, tmp_path, peer):
    (tmp_path / "big").symlink_to(big)
    said = ask(leat, keys, At(getattr(peers, peer)(SUITE, "X25519", "ec")), text="GET /big HTTP/1.0\r\n\r\n",
               timeout=300)
    heard = int(re.search(r"heard (\d+)", said)[1])
    assert BIG_BYTES < heard < BIG_BYTES + 1000 and "closed: success" in said, said
    assert hashlib.sha256(big.read_bytes()).hexdigest() in said, said


# ---- Their clients, with leat as the server


def speak(port, data):
    """Sends @data to an echo server, and returns the reply."""
    with socket.create_connection(("127.0.0.1", port), 60) as conn:
        sender = threading.Thread(target=conn.sendall, args=(data,), daemon=True)
        sender.start()
        heard = bytearray()
        while len(heard) < len(data) and (piece := conn.recv(1 << 16)):
            heard += piece
        sender.join(60)
    return bytes(heard)


class Proxies:
    """Programs that take plain data at a port, and send it by TLS to leat's echo server."""

    def __init__(self, start_program, keys, folder):
        self.start, self.keys, self.folder = start_program, keys, folder

    def stunnel(self, ip, suite, group):
        port, conf = free_port(), self.folder / "stunnel.conf"
        conf.write_text(f"foreground = yes\npid =\n[tls]\nclient = yes\naccept = 127.0.0.1:{port}\n"
                        f"connect = {ip}:7\nsslVersionMin = TLSv1.3\nciphersuites = {suite}\ncurves = {group}\n"
                        f"CAfile = {self.keys.authority}\nverifyChain = yes\ncheckHost = leat.test\n"
                        f"sni = leat.test\n", encoding="utf-8")
        return self.start(program("stunnel4"), conf, port=port)

    def haproxy(self, ip, suite, group):
        """OpenSSL chooses the groups of its clients."""
        port, conf, openssl = free_port(), self.folder / "haproxy.conf", self.folder / "openssl.conf"
        conf.write_text(f"defaults\n    mode tcp\n    timeout connect 5s\n    timeout client 60s\n"
                        f"    timeout server 60s\nlisten tls\n    bind 127.0.0.1:{port}\n    server leat {ip}:7 ssl "
                        f"verify required ca-file {self.keys.authority} sni str(leat.test) verifyhost leat.test "
                        f"ssl-min-ver TLSv1.3 ciphersuites {suite}\n", encoding="utf-8")
        openssl.write_text(f"openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nGroups = {group}\n",
                           encoding="utf-8")
        return self.start("env", f"OPENSSL_CONF={openssl}", program("haproxy"), "-f", conf, port=port)


# the last one leads to HelloRetryRequest
CLIENT_GROUPS = ["X25519", "P-256", "X448:P-256"]


@pytest.mark.parametrize("group", CLIENT_GROUPS)
@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("peer", ["stunnel", "haproxy"])
def test_proxies_say_to_leat(leat, keys, start, tmp_path, peer, suite, group):
    """Three connections; the second and the third may use tickets."""
    server = leat("echo_tls", options=keys.words("ec"))
    port = getattr(Proxies(start, keys, tmp_path), peer)(server.ip, suite, group)
    for i in range(3):
        assert speak(port, bytes([i]) * 5000) == bytes([i]) * 5000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("peer", ["stunnel", "haproxy"])
def test_proxies_verify_leat(leat, keys, start, tmp_path, peer, kind):
    server = leat("echo_tls", options=keys.words(kind))
    port = getattr(Proxies(start, keys, tmp_path), peer)(server.ip, SUITE, "X25519")
    assert speak(port, b"once") == b"once"


@pytest.mark.parametrize("peer", ["stunnel", "haproxy"])
def test_proxies_say_and_hear_much(leat, keys, start, big, tmp_path, peer):
    server = leat("echo_tls", options=keys.words("ec"))
    port = getattr(Proxies(start, keys, tmp_path), peer)(server.ip, SUITE, "X25519")
    data = big.read_bytes()
    assert speak(port, data) == data
    assert server.stop()["copied_tx_bytes"] == 0


def nginx_before(start, keys, folder, ip, suite, more=""):
    """nginx as a proxy for leat's httpd; returns its port."""
    port = free_port()
    folder.chmod(0o755)
    temporary = "".join(f"{name}_temp_path {folder};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"""
        daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error; events {{}}
        http {{ access_log off; {temporary}
            server {{ listen 127.0.0.1:{port};
                location / {{ proxy_pass https://{ip}; proxy_ssl_trusted_certificate {keys.authority};
                    proxy_ssl_verify on; proxy_ssl_name leat.test; proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.3;
                    proxy_ssl_conf_command Ciphersuites {suite}; proxy_max_temp_file_size 0; {more} }} }} }}""",
        encoding="utf-8")
    return start(program("nginx"), "-c", folder / "nginx.conf", "-e", folder / "error", port=port)


@pytest.mark.parametrize("group", CLIENT_GROUPS)
@pytest.mark.parametrize("suite", SUITES)
def test_nginx_asks_leat(leat, keys, start, tmp_path, suite, group):
    web = leat("httpd", options=keys.words("ec"))
    port = nginx_before(start, keys, tmp_path, web.ip, suite, f"proxy_ssl_conf_command Groups {group};")
    for _ in range(4):
        assert run("curl", "-sS", "--max-time", 20, f"http://127.0.0.1:{port}/") == PAGE


def test_nginx_asks_for_a_large_file(leat, keys, start, big, tmp_path):
    web = leat("httpd", options=keys.words("ec"), arguments=[big])
    port = nginx_before(start, keys, tmp_path, web.ip, SUITE)
    assert run("curl", "-sS", f"http://127.0.0.1:{port}/big", timeout=200) == big.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_curl_verifies_leat(leat, keys, kind):
    web = leat("httpd", options=keys.words(kind))
    for suite in SUITES:
        for group in CLIENT_GROUPS:
            assert run("curl", "-sS", "--max-time", 20, "--cacert", keys.authority, "--resolve",
                       f"leat.test:443:{web.ip}", "--tls13-ciphers", suite, "--curves", group,
                       "https://leat.test/") == PAGE


def gnutls_cli(web, keys, priority, *words, stdin=REQUEST):
    return run(program("gnutls-cli"), "--port", "443", "--x509cafile", keys.authority, "--sni-hostname", "leat.test",
               "--verify-hostname", "leat.test", "--no-ocsp", "--priority",
               f"NORMAL:-VERS-ALL:+VERS-TLS1.3:{priority}", *words, web.ip, stdin=stdin).decode()


@pytest.mark.parametrize("kind", KINDS)
def test_gnutls_verifies_leat(leat, keys, kind):
    web = leat("httpd", options=keys.words(kind))
    for suite in GNUTLS_SUITES.values():
        # the last one leads to HelloRetryRequest: GnuTLS sends a share for the first group of each kind, at most two
        for groups in ("+GROUP-X25519", "+GROUP-SECP256R1", "+GROUP-SECP521R1:+GROUP-X448:+GROUP-SECP256R1"):
            said = gnutls_cli(web, keys, f"-CIPHER-ALL:+{suite}:-GROUP-ALL:{groups}")
            assert f"({suite})" in said and PAGE.decode() in said, said


def test_gnutls_updates_its_key(leat, keys):
    web = leat("httpd", options=keys.words("ec"))
    said = gnutls_cli(web, keys, "+GROUP-X25519", "--inline-commands", stdin=b"^rekey^\n" * 3 + REQUEST)
    assert said.count("Rekey was completed") == 3 and PAGE.decode() in said, said


def wolfssl_asks(server, keys, suite, groups, count):
    """A megabyte each way, with key updates, on each connection; from the second on with a ticket."""
    said = run(wolfssl_peer(), "ask", server.ip, 7, keys.authority, WOLFSSL_SUITES[suite], groups, count,
               timeout=60).decode()
    return re.findall(r"^open (\S+) (\S+) resumed (\d)$", said, re.M)


# what is offered, with a share for the first one, and what is taken; the last one leads to HelloRetryRequest
WOLFSSL_GROUPS = {"X25519": "X25519", "P-256": "SECP256R1", "P-384,X25519": "SECP384R1", "P-521,X25519": "X25519"}


@pytest.mark.parametrize("groups", WOLFSSL_GROUPS)
@pytest.mark.parametrize("suite", SUITES)
def test_wolfssl_asks_leat(leat, keys, suite, groups):
    server = leat("echo_tls", options=keys.words("ec"))
    group = WOLFSSL_GROUPS[groups]
    assert wolfssl_asks(server, keys, suite, groups, 3) == [
        (WOLFSSL_SUITES[suite], group, resumed) for resumed in "011"]


@pytest.mark.parametrize("kind", KINDS)
def test_wolfssl_verifies_leat(leat, keys, kind):
    server = leat("echo_tls", options=keys.words(kind))
    assert wolfssl_asks(server, keys, SUITE, "X25519", 1) == [(WOLFSSL_SUITES[SUITE], "X25519", "0")]


# ---- Tickets of other servers


def test_tickets_of_nginx_are_not_ours(leat, keys, peers, tmp_path):
    """Neither accepts the other's ticket, and sends its certificate again; each accepts its own."""
    web = leat("httpd", options=keys.words("ec"))
    nginx_port = peers.nginx(SUITE, "X25519", "ec")
    (peers.folder / "index.html").write_bytes(PAGE)
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"

    def client(ip, port, *words):
        return run("openssl", "s_client", "-connect", f"{ip}:{port}", "-servername", "leat.test", "-CAfile",
                   keys.authority, "-verify_return_error", "-ign_eof", *words, stdin=REQUEST).decode()

    assert "New, TLSv1.3" in client(web.ip, 443, "-sess_out", mine)
    assert "New, TLSv1.3" in client("127.0.0.1", nginx_port, "-sess_out", theirs)
    for ip, port, ticket in (web.ip, 443, theirs), ("127.0.0.1", nginx_port, mine):
        said = client(ip, port, "-sess_in", ticket)
        assert "New, TLSv1.3" in said and "Verify return code: 0 (ok)" in said and PAGE.decode() in said, said
    assert "Reused, TLSv1.3" in client(web.ip, 443, "-sess_in", mine)
    assert "Reused, TLSv1.3" in client("127.0.0.1", nginx_port, "-sess_in", theirs)


# ---- Scanners


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_sslscan(leat, keys, kind):
    web = leat("httpd", options=keys.words(kind))
    said = run(program("sslscan"), "--no-colour", "--sni-name=leat.test", f"{web.ip}:443", timeout=200).decode()
    for version in "SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2":
        assert re.search(rf"^{version} +disabled", said, re.M), said
    assert re.search(r"^TLSv1\.3 +enabled", said, re.M), said
    found = re.findall(r"^(?:Accepted|Preferred) +(\S+) +(\d+) bits +(\S+)", said, re.M)
    assert sorted(name for _, _, name in found) == sorted(SUITES) and {version for version, _, _ in found} == {"TLSv1.3"}
    assert "Heartbleed" not in said or "vulnerable to heartbleed" not in said.replace("not vulnerable", ""), said


@pytest.mark.skipif(QUICK, reason="testssl.sh takes minutes: not with LEAT_QUICK")
def test_testssl(leat, keys, tmp_path):
    web = leat("httpd", options=keys.words("ec"))
    found = tmp_path / "found.csv"
    subprocess.run([program("testssl"), "--quiet", "--color", "0", "--warnings", "off", "--add-ca", keys.authority,
                    "--csvfile", found, "--ip", web.ip, "https://leat.test:443/"], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, timeout=1500, check=False)
    rows = [line.strip('"').split('","') for line in found.read_text().splitlines()[1:]]
    print(*rows, sep="\n")
    # findings about certificates, DNS and pages, but not TLS
    others = {"cert_expirationStatus", "cert_notAfter", "cert_revocation", "DNS_CAArecord", "HSTS", "security_headers"}
    bad = [row for row in rows if row[3] in ("LOW", "MEDIUM", "HIGH", "CRITICAL") and row[0].split(" ")[0] not in others]
    assert not bad and len(rows) > 60, bad
    # Debian 12's version gives no grade; our own authority alone gives a T
    assert all(row[4] in ("A+", "A", "T") for row in rows if row[0] == "overall_grade")
