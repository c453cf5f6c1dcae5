"""leat's HTTP server behind other reverse proxies: both count the same requests.

Heads that are changed at random (RFC 9112 11.2: request smuggling) go to the proxy, each on a connection of its own,
with a body that looks like another request. A last request follows. The server on leat prints how many requests it has
received; the clients count leat's replies.
"""

import concurrent.futures
import contextlib
import pathlib
import random
import re
import socket
import sys

import pytest

from conftest import QUICK, Process, until
from services import program

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "http"))
from heads import made  # noqa: E402 pylint: disable=wrong-import-position,import-error

HEADS = 300 if QUICK else 3000
AT_A_TIME = 60
PORT = 8090

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error; events {{ worker_connections 500; }}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    client_header_timeout 1s; client_body_timeout 1s; keepalive_timeout 1s; lingering_timeout 1s;
    upstream leat {{ server {leat}; keepalive 8; }}
    server {{ listen {port}; location / {{
        proxy_pass http://leat; proxy_http_version 1.1; proxy_set_header Connection ""; {more} }} }} }}
"""
HAPROXY = """
defaults
    mode http
    timeout connect 10s
    timeout server 10s
    timeout client 1s
    timeout http-request 1s
    timeout http-keep-alive 1s
listen leat
    bind *:{port}
    http-reuse always
    {more}
    server leat {leat}
"""
APACHE = """
ServerRoot {folder}
ServerName behind
PidFile {folder}/pid
ErrorLog {folder}/error
DefaultRuntimeDir {folder}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule reqtimeout_module /usr/lib/apache2/modules/mod_reqtimeout.so
Listen {port}
KeepAliveTimeout 1
RequestReadTimeout header=1 body=1
{more}
ProxyPass / http://{leat}/
"""
PROXIES = {
    "nginx": (NGINX, "", "nginx", ["-c"]),
    "nginx-streaming": (NGINX, "proxy_request_buffering off;", "nginx", ["-c"]),
    "haproxy": (HAPROXY, "", "haproxy", ["-db", "-f"]),
    "haproxy-lenient": (HAPROXY, "option accept-invalid-http-request", "haproxy", ["-db", "-f"]),
    "apache": (APACHE, "", "apache2", ["-DFOREGROUND", "-f"]),
}


@pytest.fixture(params=PROXIES)
def proxied(request, leat, tmp_path):
    template, more, name, words = PROXIES[request.param]
    path = program(name)
    server = leat("behind")
    conf = tmp_path / "conf"
    conf.write_text(template.format(folder=tmp_path, leat=f"{server.host}:80", port=PORT, more=more))
    tmp_path.chmod(0o755)
    proxy = Process(path, *words, conf)

    def is_up():
        with contextlib.suppress(OSError):
            return talk(b"GET /up HTTP/1.0\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")
        return False

    try:
        assert until(is_up, 20), proxy.text
        server.proxy = request.param
        yield server
    finally:
        proxy.stop()


def talk(text):
    """All data from the proxy until it closes."""
    reply = bytearray()
    with socket.create_connection(("127.0.0.1", PORT), 20) as conn:
        with contextlib.suppress(ConnectionError):
            conn.sendall(text)
            while piece := conn.recv(65536):
                reply += piece
    return bytes(reply)


def drawn(number):
    rng = random.Random(number)
    hidden = b"GET /hidden-%d HTTP/1.1\r\nHost: x\r\n\r\n" % number
    body = rng.choice([b"", b"hello", b"hello, world", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n" + hidden, hidden,
                       b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden)])
    return made(rng) + body + b"GET /last-%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % number


def answers(reply):
    """The number of leat's replies. The proxy's own are HTML; a request without a version has a reply without a
    head."""
    without_head = bool(reply) and not reply.startswith((b"HTTP/", b"<"))
    return len(re.findall(rb"(?i)\ncontent-type: text/(?:plain|x-seen)", reply)) + without_head


def test_threat_W1_proxies_and_leat_count_the_same_requests(proxied):
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        replies = list(pool.map(lambda number: talk(drawn(number)), range(HEADS)))
    proxied.stop()
    statuses = re.findall(r"(?m)^behind: (\d{3}|0) ", proxied.text)
    by_clients = sum(map(answers, replies)) + 1  # one request was the readiness check
    print(f"{proxied.proxy}: {HEADS} heads, {len(statuses)} seen by leat, {statuses.count('200')} of them answered")
    for number, reply in enumerate(replies):
        for other in re.findall(rb"/(?:last|hidden)-(\d+)\]", reply):
            assert int(other) == number, f"{drawn(number)!r} got {reply!r}"
    assert len(statuses) == by_clients
    assert statuses.count("200") > HEADS // 8, "most were refused"
