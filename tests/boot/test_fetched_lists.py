"""Lists that an image of sieve fetches by HTTPS: BearSSL checks the certificate, and the copy survives on a disk."""

import http.server
import socket
import ssl
import subprocess
import threading

import pytest

from conftest import ARCH, free_port
from test_files import archive
from test_store import words
from test_user import ask

HOST = "10.0.2.2"  # of QEMU's network: this machine
NAMES = 20_000

pytestmark = pytest.mark.skipif(ARCH != "x86_64", reason="one architecture is enough")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        status = 304 if self.headers["If-None-Match"] == '"one"' else self.server.status
        body = b"" if status == 304 else b"".join(b"n%d.test\n" % number for number in range(NAMES))
        self.server.statuses.append(status)
        self.send_response(status)
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def web(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                    "-out", certificate, "-days", "30", "-subj", "/CN=lists", "-addext", f"subjectAltName=IP:{HOST}"],
                   check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.status, server.statuses, server.certificate = 200, [], certificate
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_an_image_fetches_its_lists_and_keeps_them(guest, web, tmp_path):
    """On a machine with a clock, without which no certificate is believed."""
    machine = "q35"
    url = f"https://{HOST}:{web.server_port}/list"
    files = archive(tmp_path / "files.tar", {"lists.pem": web.certificate.read_bytes()})
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(4 << 20))
    dns = free_port(socket.SOCK_DGRAM)

    def boot(*more):
        return guest("sieve", machine, f"user,id=net,hostfwd=udp:127.0.0.1:{dns}-:53", extra=["-initrd", files, *words(disk, machine)],
                     arguments=["null", url, "authorities=/lists.pem", "--store", "disk", *more])

    def blocks(name):
        return ask(("127.0.0.1", dns), name, "A").an[0].rdata == "0.0.0.0"

    sieve = boot()
    sieve.wait_for(f"{url}: fetched: of {NAMES} lines {NAMES} understood")
    assert blocks(f"n{NAMES - 1}.test")
    sieve.stop()
    web.status = 500
    sieve = boot("every=3s")
    sieve.wait_for("port 53")
    assert f"{url}: of {NAMES} lines {NAMES} understood" in sieve.text
    assert blocks("n0.test")
    sieve.stop()
    assert web.statuses[0] == 200 and set(web.statuses[1:]) <= {304}
