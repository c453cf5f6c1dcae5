"""HTTP/2 by httpd and resolver: curl, nghttp, h2load and Python's h2 are the clients, h2spec where it is installed."""

import hashlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import xml.etree.ElementTree

import h2.config
import h2.connection
import h2.events
import pytest

from conftest import LIMIT_S, run
from patience import PATIENCE
from test_tls import Keys

HOST = "leat.test"
QUICK = bool(os.environ.get("LEAT_QUICK"))


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "big.bin"
    path.write_bytes(bytes(i * 7 % 251 for i in range(3_000_000)))
    return path


@pytest.fixture
def web(leat, keys, big, tmp_path):
    server = leat("httpd", options=(*keys.words("ec"), "--access-log", tmp_path / "log"), arguments=(big,))
    if "without cryptography" in server.text:
        pytest.skip("httpd has no TLS")
    server.log = tmp_path / "log"
    server.keys = keys
    return server


def curl(web, path, *words, form="%{http_version} %{http_code}", host=HOST):
    """curl's answer to --write-out; a reply's body is discarded unless words say what to do with it."""
    return run("curl", "-sS", "--cacert", web.keys.authority, "--resolve", f"{host}:443:{web.host}", "-w", form,
               *(() if "-o" in words else ("-o", "/dev/null")), *words, f"https://{host}{path}", timeout=60 * PATIENCE).decode()


def connect(web, protocols=("h2",)):
    context = ssl.create_default_context(cafile=web.keys.authority)
    context.set_alpn_protocols(list(protocols))
    return context.wrap_socket(socket.create_connection((web.ip, 443), timeout=LIMIT_S), server_hostname=HOST)


class Client:
    """A client by Python's h2."""

    def __init__(self, web):
        self.stream = connect(web)
        assert self.stream.selected_alpn_protocol() == "h2"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.flush()
        self.replies = {}

    def flush(self):
        self.stream.sendall(self.h2.data_to_send())

    def ask(self, path, method="GET", end=True, more=()):
        number = self.h2.get_next_available_stream_id()
        self.h2.send_headers(number, [(":method", method), (":scheme", "https"), (":authority", HOST), (":path", path), *more],
                             end_stream=end)
        self.replies[number] = {"head": {}, "body": b"", "over": False}
        self.flush()
        return self.replies[number]

    def read(self):
        data = self.stream.recv(65536)
        for event in self.h2.receive_data(data):
            reply = self.replies.get(getattr(event, "stream_id", None))
            if isinstance(event, h2.events.ResponseReceived):
                reply["head"] = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                reply["body"] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                reply["over"] = True
        self.flush()
        return data

    def finish(self, *replies):
        while not all(reply["over"] for reply in replies):
            assert self.read()


def test_curl_asks_by_both(web, big):
    assert curl(web, "/") == "2 200"
    assert curl(web, "/", "--http1.1") == "1.1 200"
    assert curl(web, "/missing") == "2 404"
    assert curl(web, "/", "-I") == "2 200"
    assert curl(web, "/big.bin", "-r", "5-9", form="%{http_code} %{size_download}") == "206 5"
    assert curl(web, "/big.bin", "-r", "5-9,100-200") == "2 206"
    web.keys.got = web.log.parent / "got"
    assert curl(web, "/big.bin", "-o", web.keys.got) == "2 200"
    assert web.keys.got.read_bytes() == big.read_bytes()
    log = web.log.read_text()
    assert len(re.findall(r'"GET /\S* HTTP/2\.0" 20[06] ', log)) == 4 and '"GET / HTTP/1.1" 200 ' in log
    assert '"HEAD / HTTP/2.0" 200 0 ' in log and '"GET /missing HTTP/2.0" 404 ' in log


def test_the_client_chooses(web):
    for offered, chosen in ((("h2", "http/1.1"), "h2"), (("http/1.1", "h2"), "h2"), (("http/1.1",), "http/1.1")):
        with connect(web, offered) as stream:
            assert stream.selected_alpn_protocol() == chosen
    # no protocol: HTTP/1.1
    context = ssl.create_default_context(cafile=web.keys.authority)
    with context.wrap_socket(socket.create_connection((web.ip, 443), timeout=LIMIT_S), server_hostname=HOST) as stream:
        stream.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert stream.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_streams_share_a_connection(web, big):
    client = Client(web)
    replies = [client.ask("/big.bin" if i % 2 else "/") for i in range(8 if QUICK else 40)]
    client.finish(*replies)
    assert {reply["head"][":status"] for reply in replies} == {"200"}
    assert {hashlib.sha256(reply["body"]).digest() for reply in replies[1::2]} == {hashlib.sha256(big.read_bytes()).digest()}
    assert len(client.replies) == len(replies)


def test_nghttp_gets_a_page_with_what_it_needs(web, big):
    said = run("nghttp", "-ns", "-v", f"https://{web.host}/", f"https://{web.host}/big.bin", timeout=60 * PATIENCE).decode()
    assert said.count(":status: 200") == 2
    assert "SETTINGS_MAX_CONCURRENT_STREAMS(0x03):64" in said


def test_h2load_loses_nothing(web):
    requests = 200 if QUICK else 5000
    said = run("h2load", "-n", requests, "-c", "10", "-m", "32", f"https://{web.host}/", timeout=120 * PATIENCE).decode()
    assert f"{requests} succeeded, 0 failed, 0 errored, 0 timeout" in said, said


def test_a_drain_answers_what_has_begun(web):
    client = Client(web)
    client.finish(client.ask("/"))
    web.signal(15)
    while client.read():  # GOAWAY, and the end
        pass
    assert web.wait() == 0


@pytest.fixture
def resolver(leat, keys):
    program = leat("resolver", options=keys.words("ec"))
    if "without cryptography" in program.text:
        pytest.skip("resolver has no TLS")
    program.keys = keys
    return program


def test_dig_asks_by_https(resolver):
    said = run("dig", f"@{resolver.ip}", "+https", f"+tls-ca={resolver.keys.authority}", f"+tls-hostname={HOST}", "+tries=1",
               f"+time={int(LIMIT_S)}", "www.example.com", timeout=60 * PATIENCE).decode()
    assert "status: SERVFAIL" in said and "(HTTPS)" in said, said


def test_names_are_asked_by_https(resolver):
    # www.example.com, of which this server knows nothing now: SERVFAIL is an answer, too
    query = bytes.fromhex("00000100000100000000000003777777076578616d706c6503636f6d0000010001")
    client = Client(resolver)
    reply = client.ask("/dns-query", "POST", end=False, more=(("content-type", "application/dns-message"),))
    client.h2.send_data(1, query, end_stream=True)
    client.flush()
    client.finish(reply)
    assert reply["head"][":status"] == "200" and reply["head"]["content-type"] == "application/dns-message"
    assert reply["body"][2] & 0x80 and reply["body"][12:29] == query[12:29]


@pytest.mark.skipif(not (os.environ.get("LEAT_H2SPEC") or shutil.which("h2spec")), reason="h2spec isn't installed (docs/lab/h2spec.md)")
def test_h2spec(web, tmp_path):
    command = os.environ.get("LEAT_H2SPEC") or "h2spec"
    report = tmp_path / "report.xml"
    done = subprocess.run([command, "-h", web.ip, "-p", "443", "-t", "-k", "-S", "-o", str(2 * PATIENCE), "-j", report], capture_output=True,
                          text=True, timeout=900 * PATIENCE, check=False)
    cases = list(xml.etree.ElementTree.parse(report).getroot().iter("testcase"))
    wrong = [case.get("package") + ": " + case.get("classname") for case in cases if case.find("failure") is not None or case.find("error") is not None]
    assert len(cases) > 140, done.stdout
    if len(wrong) > len(cases) * 0.01:
        pytest.fail("\n".join([*wrong, done.stdout[-8000:]]))
