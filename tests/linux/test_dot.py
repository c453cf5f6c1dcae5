"""The resolver asks other servers by TLS: unbound, Knot Resolver, and dnsmasq behind stunnel."""

import base64
import concurrent.futures
import hashlib
import socket
import ssl
import subprocess
import threading

import pytest
from scapy.layers.dns import DNS, DNSRR

from conftest import Process, binary, make_tap, run, until
from services import program
from test_tls import Keys
from test_upstream import RECORDS, dig, dnsmasq, knot_resolver, unbound


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


def pin(keys, name="ec"):
    """The pin of a key (RFC 7469), computed by openssl."""
    public = run("openssl", "x509", "-in", keys.folder / f"{name}.pem", "-noout", "-pubkey")
    der = run("openssl", "pkey", "-pubin", "-outform", "DER", stdin=public)
    return "sha256/" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def tls_unbound(folder, ip, keys):
    command = unbound(folder, ip)
    conf = folder / "unbound.conf"
    conf.write_text(conf.read_text(encoding="utf-8").replace(
        f"  interface: {ip}\n",
        f"  interface: {ip}@853\n  tls-port: 853\n  tls-service-key: '{keys.folder}/ec.key'\n"
        f"  tls-service-pem: '{keys.folder}/ec.pem'\n"), encoding="utf-8")
    return [command]


def tls_knot_resolver(folder, ip, keys):
    command = knot_resolver(folder, ip)
    conf = folder / "kresd.conf"
    text = conf.read_text(encoding="utf-8").replace("53, { kind = 'dns' }", "853, { kind = 'tls' }")
    conf.write_text(f"net.tls('{keys.folder}/ec.pem', '{keys.folder}/ec.key')\n" + text, encoding="utf-8")
    return [command]


def stunnel(folder, ip, keys):
    """dnsmasq has no TLS; it listens on the loopback only."""
    (folder / "stunnel.conf").write_text(
        f"foreground = yes\npid =\n[dot]\naccept = {ip}:853\nconnect = 127.0.0.1:53\n"
        f"cert = {keys.folder}/ec.pem\nkey = {keys.folder}/ec.key\n", encoding="utf-8")
    return [dnsmasq(folder, "127.0.0.1"), [program("stunnel4"), folder / "stunnel.conf"]]


KINDS = pytest.mark.parametrize("kind", [tls_unbound, tls_knot_resolver, stunnel],
                                ids=lambda kind: kind.__name__)


@pytest.fixture
def serve(tmp_path):
    """serve(kind, ip, keys) starts a server at port 853."""
    made = []

    def start(kind, ip, keys):
        tmp_path.chmod(0o755)
        run("ip", "link", "set", "lo", "up")
        made.extend(Process(*command) for command in kind(tmp_path, ip, keys))
        assert until(lambda: b"CONNECTED" in subprocess.run(
            ["openssl", "s_client", "-connect", f"{ip}:853"], capture_output=True,
            stdin=subprocess.DEVNULL, check=False, timeout=10).stdout, 30), made[-1].text

    yield start
    for one in made:
        one.kill()
        print(one.text)


@pytest.fixture
def home(leat, keys, serve):
    """`home(kind, who, words...)` is the resolver example with a server behind it."""
    def start(kind, who, *options):
        made = leat("resolver", options=("--dot", who, "--cert", keys.authority, *options))
        serve(kind, made.peer, keys)
        return made

    return start


@pytest.fixture
def resolve(keys):
    """`resolve(who, words...)` asks the kernel's side; returns the exit status and the lines."""
    make_tap("asks0", address="10.78.0.1/24")

    def ask(who, *words):
        asking = Process(binary("resolve"), "--tap", "asks0", "--ip", "10.78.0.2/24", "--server", "10.78.0.1",
                             "--cert", keys.authority, "--dot", who, *words)
        status = asking.wait(60)
        return status, [line for line in asking.lines if not line.startswith("resolve: ")]

    yield ask
    run("ip", "link", "del", "asks0", check=False)


@KINDS
def test_their_answers_are_passed_on(home, keys, kind):
    made = home(kind, "leat.test")
    for name, type_, value in RECORDS:
        if type_ in ("A", "AAAA"):
            assert value in dig(made.ip, f"{name}.example.com", type_)


@KINDS
def test_a_server_is_known_by_its_key(home, keys, kind):
    made = home(kind, pin(keys))
    assert "192.0.2.3" in dig(made.ip, "www.example.com")


def test_a_long_answer(home):
    made = home(tls_unbound, "leat.test")
    assert dig(made.ip, "big.example.com", "TXT", "+tcp").count("TXT") == 15


@KINDS
def test_another_name_is_refused(home, kind):
    made = home(kind, "dns.example")
    assert "SERVFAIL" in dig(made.ip, "www.example.com")
    made.wait_for("no TLS with .*: the certificate is another host's")


def test_another_key_is_refused(home, keys):
    made = home(tls_unbound, pin(keys, "rsa"))
    assert "SERVFAIL" in dig(made.ip, "www.example.com")
    made.wait_for("no TLS with .*: another key than the one that is known")


def test_resolve_prints_errors(resolve, serve, keys):
    serve(tls_unbound, "10.78.0.1", keys)
    assert resolve("leat.test", "www.example.com") == (0, ["www.example.com. 300 IN A 192.0.2.3"])
    assert resolve(pin(keys), "www.example.com")[0] == 0
    status, lines = resolve("dns.example", "www.example.com")
    assert status == 35 and lines[0].startswith("no TLS with 10.78.0.1: ")
    status, lines = resolve("sha256/nonsense", "www.example.com")
    assert status == 2 or "44 letters" in "".join(lines)


def test_the_server_hears_the_end(resolve, keys):
    """A server for one connection at a time would wait for it for ever."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(keys.folder / "ec.pem", keys.folder / "ec.key")

    def serve_one(listener):
        near, _ = listener.accept()
        near.settimeout(30)
        with context.wrap_socket(near, server_side=True, suppress_ragged_eofs=False) as conn:
            asked = DNS(conn.recv(2000)[2:])
            answer = bytes(DNS(id=asked.id, qr=1, ra=1, qd=asked.qd,
                               an=DNSRR(rrname=asked.qd.qname, ttl=300, rdata="192.0.2.3")))
            conn.sendall(len(answer).to_bytes(2, "big") + answer)
            return conn.recv(1)  # b"": close_notify has come

    with socket.create_server(("10.78.0.1", 853)) as listener, concurrent.futures.ThreadPoolExecutor() as pool:
        server = pool.submit(serve_one, listener)
        assert resolve("leat.test", "www.example.com")[0] == 0
        assert server.result(30) == b""


def test_any_server(resolve, serve, keys):
    serve(tls_unbound, "10.78.0.1", keys)  # port 53 is closed
    assert resolve("any", "www.example.com") == (0, ["www.example.com. 300 IN A 192.0.2.3"])


def test_a_server_without_tls_is_asked_in_the_clear(resolve, tmp_path):
    tmp_path.chmod(0o755)
    server = Process(*dnsmasq(tmp_path, "10.78.0.1"))
    assert until(lambda: "192.0.2.3" in dig("10.78.0.1", "www.example.com"), 30), server.text
    status, lines = resolve("any", "www.example.com")
    assert status == 0 and "192.0.2.3" in lines[-1]
    assert resolve("leat.test", "www.example.com")[0] == 7
    server.kill()


def test_no_name_is_readable_on_the_path(resolve, serve, keys, tmp_path):
    record = tmp_path / "frames.pcapng"
    serve(tls_unbound, "10.78.0.1", keys)
    for who in ("leat.test", pin(keys)):
        assert resolve(who, "--record", record, "www.example.com")[0] == 0
        assert len(record.read_bytes()) > 2000
        assert b"\x07example" not in record.read_bytes().lower()


def test_fetch_asks_for_its_names_by_tls(serve, keys):
    make_tap("asks1", address="10.79.0.1/24")
    run("ip", "addr", "add", "192.0.2.3/32", "dev", "lo")
    serve(tls_unbound, "10.79.0.1", keys)

    def fetch(who):
        asking = Process(binary("fetch"), "--tap", "asks1", "--ip", "10.79.0.2/24", "--gateway", "10.79.0.1", "--server",
                         "10.79.0.1", "--cert", keys.authority, "--dot", who, "http://www.example.com:8080/")
        return asking

    def answer(server):
        conn, _ = server.accept()
        with conn:
            conn.recv(1000)
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nthe answer\n")

    try:
        with socket.create_server(("192.0.2.3", 8080)) as server:
            threading.Thread(target=answer, args=(server,), daemon=True).start()
            asking = fetch("leat.test")
            assert asking.wait(60) == 0 and "the answer" in asking.text
        asking = fetch("dns.example")
        assert asking.wait(60) == 6 and "the certificate is another host's" in asking.text
    finally:
        run("ip", "addr", "del", "192.0.2.3/32", "dev", "lo")
        run("ip", "link", "del", "asks1", check=False)
