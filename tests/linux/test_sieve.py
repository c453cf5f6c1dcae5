"""dig, curl and dnsmasq around sieve: listed names are blocked, other questions go to dnsmasq. Also the page of
resolver."""

import os
import pathlib
import re
import signal
import socket
import struct
import time

import pytest

from conftest import LIMIT_S, QUICK, Process, binary, run, until

NAMES = 20_000 if QUICK else 200_000
LISTS = {
    "hosts": "127.0.0.1 localhost\n0.0.0.0 ads.hosts.test tracker.hosts.test # both\n",
    "plain": "# a list\nads.plain.test\n<html>\n",
    "adblock": "[Adblock Plus]\n||ads.adblock.test^\n@@||good.ads.adblock.test^\n||x.test^$third-party\n",
    "rpz": "$TTL 2h\n@ SOA localhost. root. 1 2 3 4 5\n  NS localhost.\n*.ads.rpz.test CNAME .\n",
}
ALLOWED = "fine.ads.plain.test\n"


@pytest.fixture
def sieve(leat, tmp_path):
    """sieve(words...): one with the lists above, which forwards other questions to dnsmasq."""
    upstreams = []

    def start(*words, name="sieve"):
        for list_name, text in LISTS.items():
            (tmp_path / list_name).write_text(text)
        (tmp_path / "allowed").write_text(ALLOWED)
        files = [tmp_path / list_name for list_name in LISTS] + [f"allow={tmp_path / 'allowed'}"]
        program = leat(name, options=words, arguments=files if name == "sieve" else [])
        upstreams.append(Process(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--no-resolv",
            "--no-hosts", "--bind-interfaces", f"--listen-address={program.peer}",
            "--local-ttl=60", "--address=/test/192.0.2.1", "--address=/test/2001:db8::1", "--address=/private.test/192.168.7.7",
            "--host-record=ads.plain.test,192.0.2.1", "--host-record=fine.ads.plain.test,192.0.2.1",
            "--cname=cdn.alias.test,ads.plain.test", "--cname=ok.alias.test,fine.ads.plain.test",
            "--cname=good.ads.adblock.test,ads.plain.test"))
        upstreams[-1].wait_for("started")
        return program

    yield start
    for upstream in upstreams:
        upstream.stop()


def dig(program, name, *words):
    return run("dig", "+tries=1", "+timeout=5", f"@{program.ip}", name, *words).decode()


def answer(program, name, kind="A"):
    text = dig(program, name, kind)
    status = re.search(r"status: (\w+)", text)[1]
    return " ".join([status, *re.findall(rf"IN\t{kind}\t(\S+)", text)])


def curl(*words):
    return run("curl", "-sS", "--max-time", 60, *words, timeout=70).decode()


PASSED = "NOERROR 192.0.2.1"


@pytest.mark.parametrize("name,said", [
    ("ads.hosts.test", "NXDOMAIN"), ("tracker.HOSTS.test", "NXDOMAIN"), ("below.ads.hosts.test", PASSED),
    ("ads.plain.test", "NXDOMAIN"), ("below.ads.plain.test", "NXDOMAIN"), ("plain.test", PASSED),
    ("fine.ads.plain.test", PASSED), ("below.fine.ads.plain.test", PASSED),
    ("ads.adblock.test", "NXDOMAIN"), ("good.ads.adblock.test", PASSED), ("x.test", PASSED),
    ("ads.rpz.test", PASSED), ("a.ads.rpz.test", "NXDOMAIN"),
])  # fmt: skip
def test_listed_names_are_blocked(sieve, name, said):
    assert answer(sieve(), name) == said


def test_aliases_of_blocked_names_are_blocked(sieve):
    program = sieve()
    for _ in range(2):
        assert answer(program, "cdn.alias.test") == "NXDOMAIN"
        assert answer(program, "ok.alias.test") == PASSED
        assert answer(program, "good.ads.adblock.test") == PASSED  # an exception for the alias
    assert "EDE: 15" in dig(program, "cdn.alias.test")
    assert "of these, by the target of an alias<td>3" in curl(f"http://{program.ip}/sieve")


def test_local_names(sieve):
    program = sieve("host=Printer.test=192.168.1.9,fd00::9", "host=ads.plain.test=10.1.1.1")
    assert answer(program, "printer.TEST") == "NOERROR 192.168.1.9"
    assert answer(program, "printer.test", "AAAA") == "NOERROR fd00::9"
    assert answer(program, "printer.test", "MX") == "NOERROR"
    assert answer(program, "below.printer.test") == PASSED
    assert answer(program, "ads.plain.test") == "NOERROR 10.1.1.1"  # also a name in the lists
    assert answer(program, "ads.plain.test", "AAAA") == "NOERROR"
    shown = curl(f"http://{program.ip}/sieve")
    assert "blocked<td>0" in shown and "answered here: local names<td>5" in shown


def test_addresses_of_local_names_have_their_names(sieve):
    program = sieve("host=Printer.test=192.168.1.9,fd00::9", "host=other.test=192.168.1.9")
    assert dig(program, "-x", "192.168.1.9", "+short").strip() == "Printer.test."
    assert dig(program, "-x", "fd00::9", "+short").strip() == "Printer.test."
    assert answer(program, "9.1.168.192.in-addr.arpa", "MX") == "NOERROR"
    for name in ("8.1.168.192.in-addr.arpa", "0.9.1.168.192.in-addr.arpa", "1.168.192.in-addr.arpa", "09.1.168.192.in-addr.arpa"):
        assert answer(program, name, "PTR") == "NXDOMAIN"  # a special zone
    assert "answered here: local names<td>7" in curl(f"http://{program.ip}/sieve")


@pytest.mark.parametrize("word", ["host=", "host=a", "host=a=", "host==10.0.0.1", "host=a..b=10.0.0.1", "host=a=10.0.0.1,10.0.0.2",
                                  "host=a=10.0.0.1,", "host=a=x"])
def test_what_is_no_local_name_is_refused(word):
    child = Process(binary("sieve"), "--tap", "odd7", "--create", "--ip", "10.9.7.2/24", "--server", "10.9.7.1", word)
    assert child.wait() == 2
    assert "host= has" in child.text


class Home:
    """dnsmasq with the names of a home, on a port of its own."""

    def __init__(self, program):
        self.process = Process(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--no-resolv", "--no-hosts",
            "--port=5355", "--local-ttl=60", "--bind-interfaces", f"--listen-address={program.peer}", "--address=/lan.test/192.168.1.7",
            "--ptr-record=7.1.168.192.in-addr.arpa,nas.lan.test")
        self.process.wait_for("started")


@pytest.mark.parametrize("name", ["sieve", "resolver"])
def test_domains_have_servers_of_their_own(sieve, name):
    """As dnsmasq has them, with the same words."""
    words = ["server=/lan.test/168.192.in-addr.arpa/PEER#5355", "server=/pub.lan.test/#", "local=/only.test/"]
    program = sieve("no-rebinding", *words, name=name)
    home = Home(program)
    other = Process("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--no-resolv", "--no-hosts",
                    "--port=5356", "--bind-interfaces", "--listen-address=127.0.0.1", f"--server={program.peer}",
                    *["--" + word.replace("PEER", program.peer) for word in words])
    try:
        other.wait_for("started")
        for asked, said in (("a.lan.test", "NOERROR 192.168.1.7"), ("lan.test", "NOERROR 192.168.1.7"), ("xlan.test", PASSED),
                            ("a.pub.lan.test", PASSED), ("a.only.test", "NXDOMAIN")):
            assert answer(program, asked) == said
            assert answer(program, asked.upper()) == said
            theirs = run("dig", "+tries=1", "+timeout=5", "-p", "5356", "@127.0.0.1", asked).decode()
            assert " ".join([re.search(r"status: (\w+)", theirs)[1], *re.findall(r"IN\tA\t(\S+)", theirs)]) == said
        assert dig(program, "-x", "192.168.1.7", "+short").strip() == "nas.lan.test."
        assert answer(program, "7.1.16.172.in-addr.arpa", "PTR") == "NXDOMAIN"  # special, and in no domain
        shown = curl(f"http://{program.ip}/{'sieve' if name == 'sieve' else ''}")
        rows = re.findall(r"<tr><td>(\S+?)<td>(\d+)<td>(\d+)<td>(\d+)<td>(\d+)", shown)
        assert rows == [("lan.test.", "4", "2", "0", "0"), ("168.192.in-addr.arpa.", "1", "0", "0", "0"),
                        ("pub.lan.test.", "2", "1", "0", "0"), ("only.test.", "2", "0", "2", "0")]
    finally:
        home.process.stop()
        other.stop()


@pytest.mark.parametrize("name", ["sieve", "resolver"])
def test_several_servers_are_asked(sieve, name):
    """The first one doesn't answer. They are asked instead of --server."""
    assert answer(sieve("server=PEER#5999,PEER", name=name), "www.test") == PASSED
    assert "SERVFAIL" in dig(sieve("server=PEER#5999", name=name), "www.test", "+timeout=9")


@pytest.mark.parametrize("word", ["server=", "server=/", "server=//", "server=/lan", "server=lan/10.0.0.1", "server=/lan/10.0.0.1#",
                                  "server=/lan/10.0.0.1#0", "server=/lan/10.0.0.1#65536", "server=/lan/10.0.0.1,", "server=/lan/x",
                                  "server=/lan/0.0.0.0", "server=/lan/::", "server=/lan/10.0.0.1,10.9.9.2", "server=/lan/10.9.9.2#54",
                                  "server=/a..b/10.0.0.1", "local=/lan/10.0.0.1", "local=/lan", "server=/lan/" + "10.0.0.1," * 4 + "10.0.0.2"])
def test_what_is_no_domain_is_refused(word):
    for name in ("sieve", "resolver"):
        child = Process(binary(name), "--tap", "odd9", "--create", "--ip", "10.9.9.2/24", "--server", "10.9.9.1", word)
        assert child.wait() == 2
        assert "server= has" in child.text or "local= has" in child.text


@pytest.mark.parametrize("words,why", [("10.9.9.2", "a server is our own address"), ("0.0.0.0", "no address of a server"),
                                       ("::", "no address of a server"), ("10.9.9.3 server=10.9.9.4", "or stand alone, not both")])
def test_a_server_that_is_none_is_refused(words, why):
    child = Process(binary("resolver"), "--tap", "odd9", "--create", "--ip", "10.9.9.2/24", "--server", "10.9.9.1", *words.split())
    assert child.wait() == 2
    assert why in child.text


@pytest.mark.parametrize("words,said", [((), "NOERROR 192.168.7.7"), (("no-rebinding",), "SERVFAIL")])
def test_private_addresses(sieve, words, said):
    program = sieve(*words)
    assert answer(program, "www.private.test") == said
    assert answer(program, "www.test") == PASSED


DNSMASQ = """# a list for dnsmasq
address=/ads.test/
address=/null.test/#
address=/zero.test/0.0.0.0
address=/six.test/127.0.0.1
address=/six.test/::
address=/other.test/::
local=/loc.test/
server=/serv.test/
server=/ok.ads.test/#
address=/bad.ok.ads.test/
"""
UNBOUND = """server:
local-zone: "ads.test." always_nxdomain
local-zone: "null.test" always_null
  local-zone: 'zero.test.' static
local-zone: six.test. redirect
local-data: "six.test. A 0.0.0.0"
local-data: "loc.test A 0.0.0.0"
local-zone: "serv.test" refuse
local-zone: "ok.ads.test" always_transparent
local-zone: "bad.ok.ads.test" static
local-zone: "red.test" redirect
local-data: "one.test A 0.0.0.0"
local-data: "red.test A 0.0.0.0"
"""
PROBES = [prefix + name for name in ("ads.test", "null.test", "zero.test", "six.test", "loc.test", "serv.test", "ok.ads.test",
                                     "bad.ok.ads.test", "red.test", "one.test", "other.test") for prefix in ("", "a.", "a.b.", "x")]


@pytest.mark.parametrize("kind,text", [("dnsmasq", DNSMASQ), ("unbound", UNBOUND)])
def test_lists_for_other_servers_block_what_they_block(sieve, tmp_path, kind, text):
    path = tmp_path / "foreign"
    path.write_text(text)
    program = sieve(path)
    program.wait_for(f"{path}: .* 0 refused$")
    conf = tmp_path / "conf"
    if kind == "dnsmasq":
        conf.write_text(f"port=5354\nno-resolv\nno-hosts\nserver={program.peer}\nlisten-address=127.0.0.1\nbind-interfaces\n{text}")
        other = Process("dnsmasq", "--keep-in-foreground", f"--conf-file={conf}", "--log-facility=-")
    else:
        conf.write_text(f"{text}  interface: 127.0.0.1@5354\n  use-syslog: no\n  chroot: ''\n  username: ''\n  pidfile: ''\n"
                        f"  do-daemonize: no\n  module-config: iterator\n  local-zone: 'test.' nodefault\n"
                        f"forward-zone:\n  name: '.'\n  forward-addr: {program.peer}\nremote-control:\n  control-enable: no\n")
        other = Process("unbound", "-d", "-p", "-c", conf)
    try:
        # reads the answer that an unblocked name has from the server behind both
        theirs = {}
        assert until(lambda: "192.0.2.1" in run("dig", "-p", "5354", "+time=1", "+tries=1", "@127.0.0.1", "other.test",
                                                check=False).decode(), 20), other.text
        for name in PROBES:
            theirs[name] = "192.0.2.1" not in run("dig", "+short", "-p", "5354", "@127.0.0.1", name).decode().split()
        ours = {name: answer(program, name) != PASSED for name in PROBES}
        assert ours == theirs
        assert sum(ours.values()) >= 15
    finally:
        other.stop()


RULES = """||six.test^$dnstype=AAAA
||deny.test^$denyallow=fine.deny.test
||ours.test^$client=CLIENT
||others.test^$client=~CLIENT
||own.test^$dnsrewrite=NOERROR;A;10.3.3.3
/^ad[0-9]+\\.re\\.test$/
@@/^ad7\\./
/(?=look)ahead/
||page.test^$third-party
"""


def test_rules_with_conditions_and_expressions(sieve, tmp_path):
    program = sieve("token=secret")
    path = tmp_path / "rules"
    path.write_text(RULES.replace("CLIENT", str(program.peer)))
    said = curl("-T", path, f"http://{program.ip}/lists?secret")
    assert "of 9 lines 7 understood, 0 ignored, 2 refused, 2 of them regular expressions: line 8 " in said
    for name, kind, expected in (("six.test", "A", PASSED), ("six.test", "AAAA", "NXDOMAIN"), ("a.deny.test", "A", "NXDOMAIN"),
                                 ("a.fine.deny.test", "A", PASSED), ("ours.test", "A", "NXDOMAIN"), ("others.test", "A", PASSED),
                                 ("own.test", "A", "NOERROR 10.3.3.3"), ("own.test", "AAAA", "NOERROR"),
                                 ("ad12.re.test", "A", "NXDOMAIN"), ("AD12.RE.test", "A", "NXDOMAIN"), ("ad.re.test", "A", PASSED),
                                 ("ad7.re.test", "A", PASSED)):  # fmt: skip
        assert answer(program, name, kind) == expected, name


def test_what_is_beyond_the_limits_of_rules_is_told(leat, tmp_path):
    path = tmp_path / "many"
    path.write_text("".join(f"/^n{i}x/\n" for i in range(1030)))
    program = leat("sieve", arguments=[path])
    program.wait_for("/many: of 1030 lines 1024 understood, 0 ignored, 6 refused, 1024 of them regular expressions, 6 refused because a list has at most")


@pytest.mark.skipif("LEAT_LISTS" not in os.environ, reason="no folder of lists in LEAT_LISTS")
def test_the_lists_of_a_folder_are_understood(leat):
    """At most one line of a thousand is refused."""
    lines = refused = 0
    files = sorted(path for path in pathlib.Path(os.environ["LEAT_LISTS"]).iterdir() if path.is_file())
    for at in range(0, len(files), 30):
        program = leat("sieve", arguments=files[at:at + 30])
        program.wait_for("names, .* left out for want of room", 60)
        for text in re.findall(r"^.*: of \d+ lines .*$", program.text, re.M):
            counts = re.search(r": of (\d+) lines \d+ understood, \d+ ignored, (\d+) refused", text)
            lines, refused = lines + int(counts[1]), refused + int(counts[2])
            if counts[2] != "0":
                print(text)
    print(f"{len(files)} lists, {lines} lines, {refused} refused")
    assert lines > 0 and refused <= lines / 1000


def test_no_may_be_kept_for_a_minute(sieve):
    text = dig(sieve(), "ads.plain.test", "A")
    assert re.search(r"^ads\.plain\.test\.\s+60\s+IN\s+SOA\s", text, re.M), text
    assert "AUTHORITY: 1" in text


def test_null_addresses(sieve):
    program = sieve("null")
    assert answer(program, "ads.plain.test") == "NOERROR 0.0.0.0"
    assert answer(program, "ads.plain.test", "AAAA") == "NOERROR ::"
    assert answer(program, "ads.plain.test", "TXT") == "NOERROR"


def test_a_page_says_why(sieve):
    program = sieve("page")
    assert answer(program, "ads.plain.test") == f"NOERROR {program.ip}"
    assert answer(program, "ads.plain.test", "AAAA") == "NOERROR"
    shown = curl("--resolve", f"ads.plain.test:80:{program.ip}", "http://ads.plain.test/banner.png?x=1")
    assert "<h1>Blocked</h1>" in shown


def test_the_start_prints_the_lists(sieve):
    program = sieve()
    program.wait_for("7 names, 0 repeated, 0 left out for want of room$")
    program.wait_for("/hosts: of 2 lines 1 understood, 1 ignored, 0 refused$")
    program.wait_for('/plain: of 3 lines 1 understood, 1 ignored, 1 refused: line 3 "<html>"$')
    program.wait_for(r'/adblock: of 4 lines 2 understood, 1 ignored, 1 refused: line 4 "..x.test.\$third-party"$')
    program.wait_for("/allowed: of 1 lines 1 understood, 0 ignored, 0 refused$")


def test_a_start_without_a_name_complains(leat, tmp_path):
    (tmp_path / "page").write_text("<html>\n<h1>301 Moved Permanently</h1>\n</html>\n")
    program = leat("sieve", arguments=[tmp_path / "page"])
    program.wait_for("looks like no list of names: .*/page: of 3 lines 0 understood, 0 ignored, 3 refused: line 1")
    program.wait_for("0 names, 0 repeated, 0 left out for want of room: NOTHING IS BLOCKED$")


def test_the_page_names_names_and_clients_and_runs_no_script(sieve):
    program = sieve()
    for name in ("ads.plain.test", "ADS.plain.test", "aDs.pLain.tEst"):
        dig(program, name)
    dig(program, r"\<script\>.ads.plain.test")
    dig(program, "unlisted.test")
    head = curl("-D", "-", "-o", "/dev/null", f"http://{program.ip}/sieve")
    assert "Content-Security-Policy: default-src 'none'" in head
    shown = curl(f"http://{program.ip}/sieve")
    assert "<tr><td>blocked<td>4" in shown and "<tr><td>questions<td>5" in shown
    rows = re.findall(r"<tr><td>([^<]+)<td>(\d+)<td><svg width=200 height=10><rect width=(\d+) [^<]*></rect></svg>", shown)
    assert rows == [("ads.plain.test.", "3", "200"), ("&lt;script&gt;.ads.plain.test.", "1", "66"), (str(program.peer), "4", "200")]
    assert "<script" not in shown


@pytest.mark.parametrize("start,query", [((), "?"), ((), ""), (("token=secret",), "?"), (("token=secret",), "?secreT"),
                                         (("token=secret",), "?secret2"), (("token=",), "?x"),
                                         (("token=",), "?"), (("token=",), "")])
def test_lists_need_the_token(sieve, start, query):
    program = sieve(*start)
    status = curl("-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT", "-d", "all.test", f"http://{program.ip}/lists{query}")
    assert status == "403"
    why = "the token is wrong or missing" if start else "the program was started without token="
    program.wait_for(rf"{program.peer} has sent lists: they are refused, because {why}\.$")
    assert answer(program, "ads.plain.test") == "NXDOMAIN"


@pytest.mark.parametrize("name", ["sieve", "resolver"])
def test_other_clients_are_refused_and_told(sieve, name):
    program = sieve("clients=192.168.0.0/16,10.99.0.0/24", name=name)
    assert answer(program, "www.test") == "REFUSED"
    program.wait_for(rf"{program.peer} asked, and was refused: it is in no network of clients=$")
    assert "refused: from other networks<td>1" in curl(f"http://{program.ip}/{'sieve' if name == 'sieve' else ''}")


def test_clients_in_a_network_are_served(sieve):
    program = sieve("clients=192.168.0.0/16,10.0.0.0/8,fd00::/8")
    assert answer(program, "www.test") == PASSED


@pytest.mark.parametrize("word", ["clients=", "clients=10.0.0.0/33", "clients=10.0.0.0/8,", "clients=a", "clients=10.0.0.0/8 "])
def test_what_is_no_network_is_refused(word):
    for name in ("sieve", "resolver"):
        child = Process(binary(name), "--tap", "odd8", "--create", "--ip", "10.9.8.2/24", "--server", "10.9.8.1", word)
        assert child.wait() == 2
        assert "clients= has networks as 192.168.0.0/16, with commas between them" in child.text


def ask(sock, number, name):
    """A question by UDP; returns the rcode of its reply, and how long that took."""
    sent = time.monotonic()
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
    sock.send(struct.pack("!6H", number, 0x100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, 1, 1))
    while True:
        reply = sock.recv(2000)
        if reply[:2] == struct.pack("!H", number):
            return reply[3] & 15, time.monotonic() - sent


def test_new_lists_come_without_a_pause(sieve, tmp_path):
    program = sieve("token=secret", "any-rate")
    path = tmp_path / "new"
    path.write_text("".join(f"||n{number}.new.test^\n" for number in range(NAMES)) + "||fine.ads.plain.test^\n")
    sender = Process("curl", "-sS", "--max-time", "100", "-T", path, f"http://{program.ip}/lists?secret")
    took = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(LIMIT_S)
        sock.connect((program.ip, 53))
        number = 0
        while sender.running:
            number = (number + 1) % 65536
            took.append(ask(sock, number, "www.passed.test")[1])
    assert sender.wait(10) == 0
    print(f"{len(took)} questions while {NAMES} names came, the slowest took {max(took):.6f} s")
    assert f"{NAMES} names, 1 repeated" in sender.text, sender.text
    assert answer(program, f"n{NAMES - 1}.new.test") == "NXDOMAIN"
    assert answer(program, "ads.plain.test") == PASSED  # the old lists are gone
    assert answer(program, "fine.ads.plain.test") == PASSED  # but the exceptions stay


def test_lists_of_short_lines_have_room(sieve, leat, tmp_path):
    """The maximum number of names for a number of bytes: at the start, with exceptions, and when lists are sent."""
    letters, marks = "abcdefghijklmnopqrst", "abcdefghij0123456789"
    short = [f"{first}.{second}{third}" for first in letters for second in marks for third in letters]
    (tmp_path / "short").write_text("\n".join(short))
    assert len(short) > 1000 + (tmp_path / "short").stat().st_size / 16  # the first estimate
    program = sieve("token=x", tmp_path / "short")
    program.wait_for(r"8007 names, 0 repeated, 0 left out")
    assert answer(program, "a.bc") == answer(program, "t.9t") == "NXDOMAIN"
    told = curl("-T", tmp_path / "short", f"http://{program.ip}/lists?x")
    assert told.startswith("8000 names, 0 repeated, 0 left out")
    assert answer(program, "t.9t") == "NXDOMAIN" and answer(program, "fine.ads.plain.test") == PASSED


def resident_mb(program):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{program.pid}/status").read_text())[1]) / 1000


@pytest.mark.skipif(QUICK, reason="two million names")
def test_two_million_names(leat, tmp_path):
    (tmp_path / "long").write_text("".join(f"n{number}.many.test\n" for number in range(2_000_000)))
    program = leat("sieve", arguments=[tmp_path / "long"])
    program.wait_for("2000000 names, 0 repeated, 0 left out", 60)
    assert answer(program, "n1999999.many.test") == "NXDOMAIN"
    assert resident_mb(program) < 60  # without the text, which has 36
    program.signal(signal.SIGHUP)
    program.wait_for("SIGHUP: files read again", 60)
    assert answer(program, "n1999999.many.test") == "NXDOMAIN"
    assert resident_mb(program) < 85  # two sets


def test_an_upload_that_is_cut_changes_nothing(sieve):
    program = sieve("token=secret")
    for _ in range(3):
        with socket.create_connection((program.ip, 80), 10) as conn:
            conn.sendall(b"PUT /lists?secret HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n||passed.test^\n")
            program.settle()
    program.wait_for("[0-9.]+ has sent lists: they were cut. The former lists stay.$")
    assert answer(program, "passed.test") == PASSED
    assert answer(program, "ads.plain.test") == "NXDOMAIN"
    told = curl("--retry", "5", "-X", "PUT", "-d", "passed.test", f"http://{program.ip}/lists?secret")
    assert told.startswith("1 names")
    assert answer(program, "passed.test") == "NXDOMAIN"


@pytest.mark.parametrize("body", ["<html>\n<h1>301 Moved Permanently</h1>\nads.example.com\n</html>\n", "", "\n# nothing\n",
                                  '{"ads.test": 1}'])
def test_what_is_no_list_changes_nothing(sieve, body):
    program = sieve("token=secret")
    told = curl("-w", "\n%{http_code}", "-X", "PUT", "-d", body, f"http://{program.ip}/lists?secret")
    assert told.startswith("The former lists stay: this looks like no list of names.") and told.endswith("\n422")
    program.wait_for("[0-9.]+ has sent lists: The former lists stay: this looks like no list of names.")
    if "<html>" in body:
        assert 'of 1 lines 0 understood, 0 ignored, 1 refused: line 1 "<html>' in told or "3 refused" in told
    assert answer(program, "ads.plain.test") == answer(program, "ads.hosts.test") == "NXDOMAIN"
    told = curl("-w", "\n%{http_code}", "-X", "PUT", "--data-binary", "a.passed.test\n<p>\n", f"http://{program.ip}/lists?secret")
    assert told == ('1 names, 0 repeated, 0 left out for want of room; of 2 lines 1 understood, 0 ignored, 1 refused: line 2 "<p>"\n'
                    "\n200")
    assert answer(program, "a.passed.test") == "NXDOMAIN" and answer(program, "ads.plain.test") == PASSED


def test_a_list_that_is_not_there():
    child = Process(binary("sieve"), "--tap", "odd9", "--create", "--ip", "10.9.9.2/24", "/nonexistent/list")
    assert child.wait() == 2
    assert child.lines == ["sieve: can't read /nonexistent/list"]


def test_the_page_of_resolver(sieve):
    program = sieve(name="resolver")
    for _ in range(3):
        assert answer(program, "www.test") == PASSED
    shown = curl(f"http://{program.ip}/")
    assert "<tr><td>questions by UDP<td>3" in shown and "<tr><td>replies from the cache<td>2" in shown
    assert "<h2>Its own questions</h2><table><tr><td>by UDP<td>1" in shown
