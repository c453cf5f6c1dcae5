"""--access-log of name servers: a line for each query that dig has sent, and how it was answered."""

import base64
import datetime
import json
import re
import shutil
import signal

import pytest

from conftest import LIMIT_S, Process, run, until
from test_access_log import lines_of
from test_syslog import Rsyslog, place  # noqa: F401
from test_tls import Keys

LINE = re.compile(r'(\S+) - - \[([^]]+)\] "([^"]*)" (\S+) (\d+) (\w+) (\d+\.\d{6}) (udp|tcp)')
LIST = "ads.test\n"


def dig(server, *words):
    """(the rcode, the bytes of the reply), as dig reports them."""
    text = run("dig", "+tries=1", f"+timeout={LIMIT_S}", "+nocookie", f"@{server.ip}", *words, check=False).decode()
    size = re.search(r"MSG SIZE +rcvd: (\d+)", text)
    assert size, text
    return re.search(r"status: (\w+)", text)[1], int(size[1])


def parsed(line, kind):
    """(client, time, "TYPE NAME", rcode, bytes, how, seconds, transport) of a line."""
    if kind == "common":
        client, when, question, rcode, size, how, seconds, transport = LINE.fullmatch(line).groups()
        return (client, datetime.datetime.strptime(when, "%d/%b/%Y:%H:%M:%S %z"), question, rcode, int(size), how, float(seconds), transport)
    seen = json.loads(line)
    assert seen["complete"] and "cut" not in seen, line
    when = datetime.datetime.fromisoformat(seen["time"].replace("Z", "+00:00"))
    return (seen["client"], when, f"{seen['type']} {seen['name']}", seen["rcode"], seen["bytes"], seen["how"], seen["seconds"], seen["transport"])


def compare(log, kind, server, told):
    """The lines are those of @told: (words of dig, question, how, rcode and bytes)."""
    assert until(lambda: len(lines_of(log)) >= len(told)), server.text
    for line, (words, question, how, (rcode, size)) in zip(lines_of(log), told, strict=True):
        client, when, asked, got_rcode, got_size, got_how, seconds, transport = parsed(line, kind)
        assert (asked, got_rcode, got_size, got_how) == (question, rcode, size, how), line
        assert client == server.peer and transport == ("tcp" if "+tcp" in words else "udp"), line
        assert 0 < seconds < LIMIT_S, line
        assert abs(datetime.datetime.now(datetime.timezone.utc) - when) < datetime.timedelta(seconds=60 + LIMIT_S), line


@pytest.mark.parametrize("kind", ["common", "json"])
def test_a_zone(leat, tmp_path, kind):
    log = tmp_path / "log"
    server = leat("dns", ["--access-log", log, "--access-log-format", kind])
    told = []
    for words, question, how in ((["www.example.com"], "A www.example.com.", "zone"),
                                 (["+tcp", "example.com", "MX"], "MX example.com.", "zone"),
                                 (["No.example.com", "TYPE65280"], "TYPE65280 No.example.com.", "zone"),
                                 (["+tcp", "www.example.org", "AAAA"], "AAAA www.example.org.", "refused"),
                                 (["example.com", "+edns=1", "+noednsnegotiation"], "A example.com.", "refused")):
        told.append((words, question, how, dig(server, *words)))
    assert {rcode for _, _, _, (rcode, _) in told} == {"NOERROR", "NXDOMAIN", "REFUSED", "BADVERS"}
    server.stop()
    compare(log, kind, server, told)


@pytest.fixture
def before(leat):
    """before(name, options, arguments): a program that asks dnsmasq, which answers all names in test with an address."""
    started = []

    def start(name, options=(), arguments=()):
        server = leat(name, options, arguments)
        started.append(Process("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--no-resolv", "--no-hosts",
                               "--bind-interfaces", f"--listen-address={server.peer}", "--local-ttl=60", "--address=/test/192.0.2.1"))
        started[-1].wait_for("started")
        return server

    yield start
    for process in started:
        process.stop()


@pytest.mark.skipif(not shutil.which("dnsmasq"), reason="dnsmasq is not installed")
@pytest.mark.parametrize("kind", ["common", "json"])
def test_a_resolver_tells_the_cache_from_its_servers(before, tmp_path, kind):
    log = tmp_path / "log"
    server = before("resolver", ["--access-log", log, "--access-log-format", kind])
    told = []
    for words, question, how in ((["www.test"], "A www.test.", "upstream"), (["WWW.test"], "A WWW.test.", "cache"),
                                 (["+tcp", "other.test"], "A other.test.", "upstream"), (["+tcp", "other.test"], "A other.test.", "cache"),
                                 (["localhost"], "A localhost.", "local"), (["+norecurse", "www.test"], "A www.test.", "refused")):
        told.append((words, question, how, dig(server, *words)))
    server.stop()
    compare(log, kind, server, told)


@pytest.mark.skipif(not shutil.which("dnsmasq"), reason="dnsmasq is not installed")
def test_sieve_tells_blocked_names_and_why(before, tmp_path):
    log = tmp_path / "log"
    (tmp_path / "list").write_text(LIST, encoding="utf-8")
    server = before("sieve", ["--access-log", log, "--access-log-format", "json"], [tmp_path / "list", "host=printer.test=192.168.1.9"])
    told = []
    for words, question, how in ((["ads.test"], "A ads.test.", "blocked"), (["www.test"], "A www.test.", "upstream"),
                                 (["printer.test"], "A printer.test.", "local")):
        told.append((words, question, how, dig(server, *words)))
    run("curl", "-sS", "-o", "/dev/null", f"http://{server.host}/sieve")
    assert until(lambda: len(lines_of(log)) == len(told) + 1), server.text
    server.stop()
    seen = [json.loads(line) for line in lines_of(log)]
    assert seen[0]["error"] == 15 and "error" not in seen[1]
    assert seen[-1]["method"] == "GET" and seen[-1]["target"] == "/sieve"  # the page is in the same log
    log.write_text("".join(f"{line}\n" for line in lines_of(log)[:-1]), encoding="utf-8")
    compare(log, "json", server, told)


@pytest.mark.skipif(not shutil.which("dnsmasq"), reason="dnsmasq is not installed")
def test_encrypted_queries_say_how_they_came(before, tmp_path):
    keys = Keys(tmp_path)
    log = tmp_path / "log"
    server = before("resolver", ["--access-log", log, "--access-log-format", "json", "--cert", keys.folder / "ec.pem", "--key", keys.folder / "ec.key"])
    assert dig(server, "+tls", "tls.test")[0] == "NOERROR"
    query = base64.urlsafe_b64encode(b"\0\0\1\0\0\1\0\0\0\0\0\0\5https\4test\0\0\1\0\1").decode().rstrip("=")
    run("curl", "-sS", "-k", "--max-time", LIMIT_S, "-o", tmp_path / "reply", f"https://{server.host}/dns-query?dns={query}")
    assert until(lambda: len(lines_of(log)) == 3), server.text
    seen = [json.loads(line) for line in lines_of(log)]
    queries = [one for one in seen if "how" in one]
    assert [(one["name"], one["transport"], one["how"], one["client"]) for one in queries] == \
        [("tls.test.", "tls", "upstream", server.peer), ("https.test.", "https", "upstream", server.peer)]
    assert [one["secure"] for one in seen if "method" in one] == [True]  # the request of HTTP around the second


@pytest.mark.parametrize("how", ["whole", "network", "none"])
def test_addresses_of_clients_are_left_out_as_asked(leat, tmp_path, how):
    log = tmp_path / "log"
    server = leat("dns", ["--access-log", log, "--access-log-clients", how])
    dig(server, "www.example.com")
    assert until(lambda: lines_of(log))
    network = server.peer.rpartition(".")[0] + ".0"
    assert lines_of(log)[0].split()[0] == {"whole": server.peer, "network": network, "none": "-"}[how]


def test_addresses_of_http_clients_too(leat, tmp_path):
    log = tmp_path / "log"
    server = leat("httpd", ["--access-log", log, "--access-log-clients", "none"])
    run("curl", "-sS", "-o", "/dev/null", f"http://{server.host}/")
    assert until(lambda: lines_of(log))
    assert lines_of(log)[0].startswith("- - - [")


def test_the_log_is_opened_again_and_its_lines_are_counted(leat, tmp_path):
    log = tmp_path / "log"
    server = leat("dns", ["--access-log", log, "--dashboard", 9000])
    dig(server, "www.example.com")
    assert until(lambda: lines_of(log))
    log.rename(tmp_path / "old")
    server.signal(signal.SIGHUP)
    server.wait_for("SIGHUP: files read again")
    dig(server, "www.example.com", "AAAA")
    assert until(lambda: lines_of(log))
    assert '"A www.' in lines_of(tmp_path / "old")[0] and '"AAAA www.' in lines_of(log)[0]
    text = run("curl", "-sS", f"http://{server.host}:9000/metrics").decode()
    assert '\nleat_log_lines_total{log="access-log"} 2\n' in text and '\nleat_log_lines_dropped_total{log="access-log"} 0\n' in text


def test_to_the_standard_output(leat):
    server = leat("dns", ["--access-log", "stdout"])
    dig(server, "www.example.com")
    assert LINE.fullmatch(server.wait_for('"A www.example.com."'))


@pytest.mark.skipif(not shutil.which("rsyslogd"), reason="rsyslog is not installed")
def test_a_syslog_server_gets_the_lines(leat, place, tmp_path):  # noqa: F811
    rsyslog = Rsyslog(tmp_path)
    server = leat("dns", ["--access-log", "syslog:192.0.2.53:514", "--access-log-format", "json"])
    dig(server, "www.example.com")
    assert until(lambda: any("transport" in fields[5] for fields in rsyslog.logged()))
    fields = next(fields for fields in rsyslog.logged() if "transport" in fields[5])
    assert fields[4] == "dns" and json.loads(fields[5])["how"] == "zone"
    server.stop()
    rsyslog.kill()
