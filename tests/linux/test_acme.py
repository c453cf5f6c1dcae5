"""A certificate by itself: httpd and echo_tls as clients of ACME (RFC 8555), against Debian's pebble.

Pebble asks pebble-challtestsrv for addresses, and gets that of leat for every name. It refuses nonces at random.
"""

import re
import signal
import socket
import ssl
import urllib.request

import pytest

import conftest
from conftest import LIMIT_S, run, until
from pebble import BINDING, Pebble
from pebble import shown as shown_at

AUTHORITY = "10.99.0.1"  # of the machine with pebble, behind leat's gateway
NAMES = ["one.example", "two.example", "three.example"]


@pytest.fixture
def pebble(tmp_path):
    started = []

    def start(**options):
        run("ip", "addr", "replace", f"{AUTHORITY}/32", "dev", "lo")
        # the next program of leat gets this address
        started.append(Pebble(tmp_path, AUTHORITY, f"10.77.{next(conftest._numbers) + 1}.2", **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


def shown(web, name, root, port=443):
    return shown_at((web.ip, port), name, root)


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


def test_a_store_keeps_the_account_and_the_certificate(leat, pebble, tmp_path, httpd):
    authority = pebble()
    store = tmp_path / "store"
    options = authority.options(NAMES[:1], "--store", store)
    first = leat(httpd, options=options)
    first.wait_for("a new certificate", timeout=60)
    before = shown(first, "one.example", authority.roots())
    first.stop()
    text = store.read_bytes()
    assert b"acme/account\0" in text and b"acme/certificate\0" in text
    assert not list(tmp_path.glob("acme-*"))
    again = leat(httpd, options=options)
    again.wait_for("the kept certificate is used")
    assert shown(again, "one.example", authority.roots()) == before
    again.stop()
    # another name needs another certificate, but no other account
    other = leat(httpd, options=authority.options(NAMES[1:2], "--store", store))
    other.wait_for("the kept certificate isn't used: it isn't for all names")
    other.wait_for("no new certificate: ", timeout=60)  # the names still lead to the first one
    authority.lead_names_to(other.ip)
    other.signal(signal.SIGHUP)
    other.wait_for("a new certificate", timeout=60)
    assert len(set(re.findall(r"There are now (\d+) accounts", authority.text))) == 1


def metrics(server):
    """The families about certificates, with their values."""
    text = urllib.request.urlopen(f"http://{server.host}:9000/metrics", timeout=LIMIT_S).read().decode()
    return {name: int(value) for name, value in re.findall(r"^leat_(certificate\w+) (\d+)$", text, re.M)}


def test_metrics_show_renewals_and_failures(leat, pebble, tmp_path):
    authority = pebble(validity=36)
    web = leat("httpd", options=authority.options(NAMES[:1], "--acme-folder", tmp_path, "--dashboard", 9000))
    assert until(lambda: metrics(web).get("certificates_obtained_total") == 1, 60)
    first = metrics(web)
    assert first["certificates_failed_total"] == 0
    assert until(lambda: metrics(web)["certificates_obtained_total"] == 2, 60)  # at two thirds of the lifetime
    second = metrics(web)
    assert second["certificate_expiry_timestamp_seconds"] >= first["certificate_expiry_timestamp_seconds"] + 20
    used = shown(web, "one.example", authority.roots())
    authority.close()
    web.wait_for("no new certificate: .*, and the old one stays", timeout=60)
    third = metrics(web)
    assert third["certificates_failed_total"] == 1 and third["certificates_obtained_total"] == 2
    assert third["certificate_expiry_timestamp_seconds"] == second["certificate_expiry_timestamp_seconds"]
    assert shown(web, "one.example", tmp_path / "root.pem") == used


def fetched(web, context, session):
    """A session and its ticket, and whether it has resumed @session."""
    with socket.create_connection((web.ip, 443), LIMIT_S) as near, \
            context.wrap_socket(near, server_hostname="one.example", session=session) as conn:
        conn.sendall(b"GET / HTTP/1.1\r\nHost: one.example\r\n\r\n")
        assert conn.recv(100).startswith(b"HTTP/1.1 200 ")
        return conn.session, conn.session_reused


@pytest.mark.parametrize("kept", ["folder", "store"])
def test_tickets_survive_a_restart(leat, pebble, tmp_path, kept):
    authority = pebble()
    words = {"folder": ["--acme-folder", tmp_path, "--ticket-keys", tmp_path / "tickets"], "store": ["--store", tmp_path / "store"]}
    options = authority.options(NAMES[:1], *words[kept])
    web = leat("httpd", options=options)
    web.wait_for("a new certificate", timeout=60)
    context = ssl.create_default_context(cafile=authority.roots())
    session, reused = fetched(web, context, None)
    assert not reused
    web.stop()
    web = leat("httpd", options=options)
    web.wait_for("the kept certificate is used")
    session, reused = fetched(web, context, session)
    assert reused


def test_a_file_that_has_no_ticket_keys_ends_the_program(leat, pebble, tmp_path):
    authority = pebble()
    (tmp_path / "tickets").write_bytes(b"something else")
    web = leat("httpd", options=authority.options(NAMES[:1], "--acme-folder", tmp_path, "--ticket-keys", tmp_path / "tickets"))
    web.wait_for("--ticket-keys .*: that file has no keys of this program's, so it stays as it is", timeout=60)
    web.expect_status(2)
    assert (tmp_path / "tickets").read_bytes() == b"something else"


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
    authority.lead_names_to(AUTHORITY)
    web = leat("httpd", options=authority.options(NAMES[:1], "--acme-folder", tmp_path))
    web.wait_for("no new certificate: .*the proof for one.example: .*; the next attempt is in [67]", timeout=60)
    # both proofs are tried in turn; the second attempt finds a name that leads here
    authority.lead_names_to(web.ip)
    web.signal(signal.SIGHUP)
    web.wait_for("a new certificate", timeout=60)


def test_an_authority_that_is_not_trusted_gets_no_request(leat, pebble, tmp_path):
    authority = pebble()
    other = tmp_path / "other.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "other.key",
        "-out", other, "-days", "2", "-subj", "/CN=other", timeout=60)
    web = leat("httpd", options=authority.options(NAMES[:1], "--acme-folder", tmp_path, trust=other))
    web.wait_for("no new certificate: .*authority", timeout=60)
