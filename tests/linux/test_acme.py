"""A certificate by itself: httpd and echo_tls as clients of ACME (RFC 8555), against Debian's pebble.

Pebble asks pebble-challtestsrv for addresses, and gets that of leat for every name. It refuses nonces at random.
"""

import json
import os
import signal
import socket
import ssl

import pytest

import conftest
from conftest import LIMIT_S, Process, run, until
from services import program

AUTHORITY = "10.99.0.1"  # of the machine with pebble, behind leat's gateway
DIRECTORY = f"https://{AUTHORITY}:14000/dir"
NAMES = ["one.example", "two.example", "three.example"]
BINDING = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


class Pebble:
    """The authority, the names' addresses, and the certificate of its own server."""

    def __init__(self, folder, nonces=20, binding=False, sleep=0, ports=(80, 443)):
        self.folder = folder
        self.processes = []
        run("ip", "addr", "replace", f"{AUTHORITY}/32", "dev", "lo")
        self.trust = folder / "authority.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            folder / "authority.key", "-out", self.trust, "-days", "2", "-subj", "/CN=authority", "-addext",
            f"subjectAltName=IP:{AUTHORITY}", timeout=60)
        config = {"listenAddress": f"{AUTHORITY}:14000", "managementListenAddress": f"{AUTHORITY}:15000",
                  "certificate": str(self.trust), "privateKey": str(folder / "authority.key"), "httpPort": ports[0],
                  "tlsPort": ports[1], "externalAccountBindingRequired": binding,
                  "externalAccountMACKeys": {"kid-1": BINDING}}
        (folder / "pebble.json").write_text(json.dumps({"pebble": config}), encoding="utf-8")
        # the next program of leat gets this address
        self.address = f"10.77.{next(conftest._numbers) + 1}.2"
        self.names = Process(program("pebble-challtestsrv"), "-defaultIPv4", self.address, "-defaultIPv6", "", "-dns01",
                             f"{AUTHORITY}:8053", "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", f"{AUTHORITY}:8055")
        self.processes.append(self.names)
        environment = os.environ | {"PEBBLE_WFE_NONCEREJECT": str(nonces), "PEBBLE_AUTHZREUSE": "0"}
        environment |= {"PEBBLE_VA_SLEEPTIME": str(sleep)} if sleep else {"PEBBLE_VA_NOSLEEP": "1"}
        self.pebble = Process(program("pebble"), "-config", folder / "pebble.json", "-dnsserver", f"{AUTHORITY}:8053",
                              env=environment)
        self.processes.append(self.pebble)
        self.pebble.wait_for("ACME directory available")
        context = ssl.create_default_context(cafile=self.trust)
        assert until(lambda: self.answers(context))

    def answers(self, context):
        try:
            with socket.create_connection((AUTHORITY, 14000), 5) as near, context.wrap_socket(near, server_hostname=AUTHORITY):
                return True
        except OSError:
            return False

    def roots(self):
        """Its root certificate, which it makes at each start."""
        path = self.folder / "root.pem"
        path.write_bytes(run("curl", "-sSk", f"https://{AUTHORITY}:15000/roots/0"))
        return path

    def options(self, names, *more):
        return ["--acme", ",".join(names), "--acme-directory", DIRECTORY, "--acme-trust", self.trust, "--acme-agree", *more]

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            print(f"--- {' '.join(process.command)}\n{process.text}")


@pytest.fixture
def pebble(tmp_path):
    started = []

    def start(**options):
        started.append(Pebble(tmp_path, **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


def shown(web, name, root, port=443):
    """The names in the certificate that a client of TLS gets, which it has verified."""
    context = ssl.create_default_context(cafile=root)
    with socket.create_connection((web.ip, port), LIMIT_S) as near, context.wrap_socket(near, server_hostname=name) as conn:
        return {value for _, value in conn.getpeercert()["subjectAltName"]}, conn.getpeercert()["serialNumber"]


@pytest.fixture(params=["httpd", "httpd_bearssl"])
def httpd(request):
    """The same program with each provider of cryptography."""
    return request.param


def test_one_name_gets_its_certificate_by_http(leat, pebble, tmp_path, httpd):
    authority = pebble()
    web = leat(httpd, options=authority.options(NAMES[:1], "--acme-folder", tmp_path))
    web.wait_for("one.example: a new certificate", timeout=60)
    assert shown(web, "one.example", authority.roots())[0] == {"one.example"}
    for name in ("acme-account", "acme-certificate"):
        assert (tmp_path / f"{name}.pem").stat().st_mode & 0o777 == 0o600
    got = run("curl", "-sS", "--cacert", authority.roots(), "--connect-to", f"one.example:443:{web.host}:443", "https://one.example/")
    assert b"<!doctype" in got.lower() or b"<html" in got.lower()


def test_a_restart_uses_what_is_kept(leat, pebble, tmp_path):
    authority = pebble()
    options = authority.options(NAMES[:1], "--acme-folder", tmp_path)
    first = leat("httpd", options=options)
    first.wait_for("a new certificate", timeout=60)
    before = shown(first, "one.example", authority.roots())
    first.stop()
    again = leat("httpd", options=options)
    again.wait_for("the kept certificate is used")
    assert shown(again, "one.example", authority.roots()) == before
    assert "a new certificate" not in again.text


def test_several_names_are_in_one_certificate(leat, pebble, tmp_path):
    authority = pebble()
    web = leat("httpd", options=authority.options(NAMES, "--acme-folder", tmp_path, "--acme-contact", "mailto:me@example.org"))
    web.wait_for("a new certificate", timeout=60)
    for name in NAMES:
        assert shown(web, name, authority.roots())[0] == set(NAMES)


@pytest.mark.parametrize("provider", ["echo_tls", "echo_tls_bearssl"])
def test_a_server_without_http_proves_its_name_by_tls(leat, pebble, tmp_path, provider):
    authority = pebble(ports=(80, 7))
    echo = leat(provider, options=authority.options(NAMES[:2], "--acme-folder", tmp_path))
    echo.wait_for("a new certificate", timeout=60)
    assert shown(echo, "two.example", authority.roots(), port=7)[0] == set(NAMES[:2])


def test_an_authority_that_is_slow_and_refuses_most_nonces_is_waited_for(leat, pebble, tmp_path):
    authority = pebble(nonces=60, sleep=5)
    web = leat("httpd", options=authority.options(NAMES[:2], "--acme-folder", tmp_path))
    web.wait_for("a new certificate", timeout=100)


def test_an_external_account_is_bound(leat, pebble, tmp_path):
    authority = pebble(binding=True)
    path = tmp_path / "binding"
    path.write_text(f"kid-1 {BINDING}\n", encoding="utf-8")
    web = leat("httpd", options=authority.options(NAMES[:1], "--acme-folder", tmp_path, "--acme-binding", path))
    web.wait_for("a new certificate", timeout=60)


def test_a_wrong_binding_is_told(leat, pebble, tmp_path):
    authority = pebble(binding=True)
    web = leat("httpd", options=authority.options(NAMES[:1], "--acme-folder", tmp_path))
    web.wait_for("one.example: no new certificate: the authority wants an external account", timeout=60)


def test_terms_that_nobody_agreed_to_are_told(leat, pebble, tmp_path):
    authority = pebble()
    options = [word for word in authority.options(NAMES[:1], "--acme-folder", tmp_path) if word != "--acme-agree"]
    web = leat("httpd", options=options)
    web.wait_for("no new certificate: the user must agree to the authority's terms of service: data:text/plain", timeout=60)


def test_a_name_that_leads_elsewhere_is_told(leat, pebble, tmp_path):
    authority = pebble()
    run("curl", "-sS", "-d", json.dumps({"ip": AUTHORITY}), f"http://{AUTHORITY}:8055/set-default-ipv4")
    web = leat("httpd", options=authority.options(NAMES[:1], "--acme-folder", tmp_path))
    web.wait_for("no new certificate: .*the proof for one.example: .*; the next attempt is in [67]", timeout=60)
    # both proofs are tried in turn; the second attempt finds a name that leads here
    run("curl", "-sS", "-d", json.dumps({"ip": web.ip}), f"http://{AUTHORITY}:8055/set-default-ipv4")
    web.signal(signal.SIGHUP)
    web.wait_for("a new certificate", timeout=60)


def test_an_authority_that_is_not_trusted_gets_no_request(leat, pebble, tmp_path):
    authority = pebble()
    other = tmp_path / "other.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "other.key",
        "-out", other, "-days", "2", "-subj", "/CN=other", timeout=60)
    options = [other if word == authority.trust else word for word in authority.options(NAMES[:1], "--acme-folder", tmp_path)]
    web = leat("httpd", options=options)
    web.wait_for("no new certificate: .*authority", timeout=60)
