"""httpd with several certificates: a client gets the one for the name that it asks for (RFC 6066 3)."""

import signal
import ssl
import socket

import pytest

from conftest import run
from patience import PATIENCE

NAMES = {"a": ["a.example", "www.a.example"], "b": ["*.b.example", "B.Example"], "c": ["c.example"]}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sni")
    for name, hosts in NAMES.items():
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            folder / f"{name}.key", "-out", folder / f"{name}.pem", "-days", "2", "-subj", f"/CN={name}", "-addext",
            "subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts), timeout=60)
    return folder


def options(keys, *names):
    return ["--cert", ",".join(str(keys / f"{name}.pem") for name in names), "--key", ",".join(str(keys / f"{name}.key") for name in names)]


def shown(web, name):
    """The certificate for a name, in DER; without a name for the address."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((web.ip, 443), 20 * PATIENCE) as near, context.wrap_socket(near, server_hostname=name) as conn:
        return conn.getpeercert(True)


def der(keys, name):
    return ssl.PEM_cert_to_DER_cert((keys / f"{name}.pem").read_text())


def test_the_name_chooses_the_certificate(leat, keys):
    web = leat("httpd", options=options(keys, "a", "b"))
    if "without cryptography" in web.text:
        pytest.skip("httpd has no TLS")
    for name, owner in (("a.example", "a"), ("www.A.example", "a"), ("x.b.example", "b"), ("b.example", "b"), ("x.y.b.example", "a"),
                        ("other.example", "a"), (None, "a")):
        assert shown(web, name) == der(keys, owner), name
    got = run("curl", "-sS", "--cacert", keys / "b.pem", "--connect-to", f"x.b.example:443:{web.host}:443", "https://x.b.example/",
              timeout=60)
    assert b"<html" in got.lower() or b"<!doctype" in got.lower()


def test_wrong_lists_are_refused(leat, keys):
    web = leat("httpd", options=options(keys, "a", "b"))
    before = shown(web, "b.example")
    (keys / "b.pem").rename(keys / "b.away")
    web.signal(signal.SIGHUP)
    web.wait_for("can't read .*b.pem; the earlier files stay in force")
    assert shown(web, "b.example") == before
    (keys / "b.away").rename(keys / "b.pem")
    for words in (["--cert", f"{keys}/a.pem,{keys}/b.pem", "--key", f"{keys}/a.key"], options(keys, "a", "b", "c", "a", "b")):
        with pytest.raises(BaseException, match="as many files|4 certificates"):
            leat("httpd", options=words)
