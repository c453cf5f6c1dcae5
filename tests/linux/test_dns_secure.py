"""DNS over TLS and over HTTPS, as servers: dig, curl, openssl and Python ask dns, resolver and sieve."""

import base64
import http.client
import re
import socket
import ssl
import struct

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRROPT

from conftest import LIMIT_S, Process, binary, make_tap, run
from test_sieve import LISTS
from test_tls import Keys
from test_upstream import dig

HOST = "leat.test"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def secure(leat, keys, tmp_path):
    """`secure(example, words...)` starts one with a certificate, and dnsmasq as its upstream server."""
    upstreams = []

    def start(name, *words, arguments=()):
        program = leat(name, options=("--cert", keys.folder / "ec.pem", "--key", keys.folder / "ec.key", *words),
                       arguments=arguments)
        if name != "dns":
            upstreams.append(Process(
                "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--no-resolv",
                "--no-hosts", "--bind-interfaces", f"--listen-address={program.peer}", "--local-ttl=90",
                "--address=/test/192.0.2.1", f"--host-record=web.test,{program.ip}"))
            upstreams[-1].wait_for("started")
        return program

    yield start
    for upstream in upstreams:
        upstream.stop()


def context(keys, protocol):
    made = ssl.create_default_context(cafile=keys.authority)
    made.set_alpn_protocols([protocol])
    return made


class Session:
    """A connection of DNS over TLS."""

    def __init__(self, keys, ip, protocol="dot"):
        plain = socket.create_connection((ip, 853), timeout=LIMIT_S)
        self.stream = context(keys, protocol).wrap_socket(plain, server_hostname=HOST)

    def send(self, *queries):
        self.stream.sendall(b"".join(struct.pack(">H", len(bytes(query))) + bytes(query) for query in queries))

    def receive(self):
        """One reply and its length."""
        length = struct.unpack(">H", self.take(2))[0]
        return DNS(self.take(length)), length

    def take(self, count):
        data = b""
        while len(data) < count:
            more = self.stream.recv(count - len(data))
            assert more
            data += more
        return data


def query(name, number=0, edns=True):
    return DNS(id=number, rd=1, qd=DNSQR(qname=name), ar=DNSRROPT(rclass=4096) if edns else None)


@pytest.mark.parametrize("name", ["resolver", "sieve"])
def test_dig_asks_by_tls(secure, keys, name):
    program = secure(name)
    said = dig(program.ip, "www.any.test", "+tls-ca=" + str(keys.authority), "+tls-hostname=" + HOST)
    assert "192.0.2.1" in said
    assert "(TLS)" in run("dig", "+tls", f"@{program.ip}", "www.any.test", timeout=LIMIT_S).decode()


def test_dig_asks_a_name_server_by_tls(secure):
    program = secure("dns")
    said = run("dig", "+tls", f"@{program.ip}", "www.example.com", timeout=LIMIT_S).decode()
    assert "192.0.2.3" in said and " aa " in re.search("flags: (.*);", said)[0]


def test_many_queries_at_once_by_tls(secure, keys):
    program = secure("resolver")
    session = Session(keys, program.ip)
    assert session.stream.selected_alpn_protocol() == "dot"
    session.send(*(query(f"n{number}.test", number) for number in range(1, 31)))
    replies = [session.receive() for _ in range(30)]
    assert {reply.id for reply, _ in replies} == set(range(1, 31))
    assert all(reply.an[0].rdata == "192.0.2.1" for reply, _ in replies)
    assert {length for _, length in replies} == {468}
    session.send(query("n1.test", 99, edns=False))
    assert session.receive()[1] < 100


def test_lists_block_by_every_way(secure, keys, tmp_path):
    (tmp_path / "list").write_text(LISTS["plain"])
    program = secure("sieve", arguments=[tmp_path / "list"])
    session = Session(keys, program.ip)
    session.send(query("ads.plain.test", 7))
    assert session.receive()[0].rcode == 3
    assert ask_by_https(keys, program.ip, query("ads.plain.test"))[1].rcode == 3
    assert "status: NXDOMAIN" in run("dig", f"@{program.ip}", "ads.plain.test").decode()


def ask_by_https(keys, ip, asked, method="GET", path="/dns-query"):
    """The head of the reply, and its message."""
    conn = http.client.HTTPSConnection(HOST, 443, timeout=LIMIT_S, context=context(keys, "http/1.1"))
    conn._create_connection = lambda _, *words: socket.create_connection((ip, 443), *words)
    if method == "GET":
        text = base64.urlsafe_b64encode(bytes(asked)).rstrip(b"=").decode()
        conn.request("GET", f"{path}?dns={text}")
    else:
        conn.request("POST", path, bytes(asked), {"Content-Type": "application/dns-message"})
    reply = conn.getresponse()
    body = reply.read()
    conn.close()
    return reply, DNS(body) if reply.status == 200 else body


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_python_asks_by_https(secure, keys, method):
    program = secure("resolver")
    reply, message = ask_by_https(keys, program.ip, query("www.any.test"), method)
    assert reply.status == 200 and reply.headers["Content-Type"] == "application/dns-message"
    assert reply.headers["Cache-Control"] == "max-age=60"  # of 90 s, less the time since
    assert message.an[0].rdata == "192.0.2.1"
    assert int(reply.headers["Content-Length"]) == 468


def test_curl_finds_a_host_by_https(secure, keys):
    """curl looks up the page's host by its own client of DNS over HTTPS, at our address."""
    program = secure("resolver")
    page = run("curl", "-sS", "--max-time", LIMIT_S, "--cacert", keys.authority, "--doh-url", f"https://{HOST}/dns-query",
               "--resolve", f"{HOST}:443:{program.ip}", "http://web.test/", timeout=LIMIT_S).decode()
    assert "<h1>Resolver</h1>" in page


def test_openssl_and_the_certificate(secure, keys):
    program = secure("resolver")
    for port, protocol in ((853, "dot"), (443, "http/1.1")):
        said = run("openssl", "s_client", "-connect", f"{program.ip}:{port}", "-alpn", protocol, "-CAfile", keys.authority,
                   "-verify_hostname", HOST, stdin=b"", timeout=LIMIT_S).decode()
        assert "Verify return code: 0 (ok)" in said
        assert f"ALPN protocol: {protocol}" in said


def test_a_browser_that_asks_at_the_wrong_port_ends_that_connection_only(secure, keys):
    program = secure("resolver")
    wrong, right = Session(keys, program.ip, "http/1.1"), Session(keys, program.ip)
    wrong.stream.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")  # as a length, "GE" is impossible
    with pytest.raises((OSError, AssertionError)):
        wrong.take(1)
    right.send(query("www.any.test", 5))
    assert right.receive()[0].id == 5


def test_without_a_certificate_the_ports_are_closed(leat):
    program = leat("resolver")
    for port in (853, 443):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((program.ip, port), timeout=LIMIT_S)


@pytest.mark.parametrize("words,complaint", [
    (["dns", "--cert", "ec.pem"], "can't read the key: give --key"),
    (["sieve", "--cert", "ec.pem", "--server", "10.79.0.1"], "can't read the key: give --key"),
    (["dns", "--dot", "any"], "dns asks no servers: leave out --dot"),
])  # fmt: skip
def test_half_a_certificate_is_refused(keys, words, complaint):
    name, *options = words
    make_tap("half0", address="10.79.0.1/24")
    try:
        program = Process(binary(name), "--tap", "half0", "--ip", "10.79.0.2/24",
                          *(keys.folder / word if word.endswith(".pem") else word for word in options))
        assert program.wait(LIMIT_S) == 2
        assert complaint in program.text
    finally:
        run("ip", "link", "del", "half0", check=False)
