"""The resolver example with other servers behind it: unbound, BIND, Knot Resolver, dnsmasq."""

import pwd
import re
import socket
import statistics
import struct
import threading
import time

import pytest

from conftest import QUICK, Process, run, until
from services import program

ZONE = """$ORIGIN example.com.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
  NS ns
ns A 192.0.2.1
www A 192.0.2.3
www AAAA 2001:db8::3
alias CNAME www
home A 192.168.1.1
""" + "".join(f'big TXT "{number:0200}"\n' for number in range(15))
RECORDS = [line.split(maxsplit=2) for line in ZONE.splitlines()[5:]]


def unbound(folder, ip):
    data = "".join(f"  local-data: '{name}.example.com. 300 IN {kind} {value}'\n"
                   for name, kind, value in RECORDS)
    (folder / "unbound.conf").write_text(
        f"server:\n  interface: {ip}\n  access-control: 0.0.0.0/0 allow\n  use-syslog: no\n  chroot: ''\n"
        f"  username: ''\n  pidfile: ''\n  directory: '{folder}'\n  do-daemonize: no\n  module-config: iterator\n"
        f"  local-zone: 'example.com.' static\n"
        f"  local-data: 'example.com. 300 IN SOA ns.example.com. h.example.com. 1 3600 600 86400 60'\n{data}"
        "remote-control:\n  control-enable: no\n", encoding="utf-8")
    return [program("unbound"), "-d", "-p", "-c", folder / "unbound.conf"]


def bind9(folder, ip, *options):
    (folder / "zone").write_text(ZONE, encoding="utf-8")
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; listen-on {{ {ip}; }}; listen-on-v6 {{ none; }}; recursion yes;\n'
        "  allow-query { any; }; allow-recursion { any; }; dnssec-validation no; pid-file none;\n"
        f'  session-keyfile none; {" ".join(options)} }};\ncontrols {{ }};\nzone "example.com" {{ type master; file "zone"; }};\n',
        encoding="utf-8")
    return [program("named"), "-g", "-n", 1, "-u", pwd.getpwuid(folder.stat().st_uid).pw_name, "-c",
            folder / "named.conf"]


def knot_resolver(folder, ip):
    answers = []
    for name, kind, value in RECORDS:
        if kind in ("A", "AAAA"):
            answers.append(f"hints['{name}.example.com'] = '{value}'")
    (folder / "kresd.conf").write_text(
        f"net.listen('{ip}', 53, {{ kind = 'dns' }})\nmodules = {{ 'hints > iterate' }}\n"
        "trust_anchors.remove('.')\ncache.size = 10 * MB\n" + "\n".join(answers) + "\n", encoding="utf-8")
    return [program("kresd"), "-n", "-c", folder / "kresd.conf", folder]


def dnsmasq(folder, ip):
    (folder / "hosts").write_text("192.0.2.3 www.example.com\n2001:db8::3 www.example.com\n"
                                  "192.168.1.1 home.example.com\n", encoding="utf-8")
    texts = [f"--txt-record=big.example.com,{value[1:-1]}" for name, _, value in RECORDS if name == "big"]
    return [program("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-",
            "--no-resolv", "--no-hosts", f"--addn-hosts={folder}/hosts", "--user=", "--group=",
            f"--listen-address={ip}", "--bind-interfaces", "--local=/example.com/",
            "--cname=alias.example.com,www.example.com", f"--pid-file={folder}/pid", *texts]


def strict_bind9(folder, ip):
    """By UDP it answers only queries with a valid cookie (RFC 7873 5.2.3)."""
    return bind9(folder, ip, "require-server-cookie yes;")


def strict_knot(folder, ip):
    """The same with an authoritative server."""
    (folder / "example.com.zone").write_text(ZONE, encoding="utf-8")
    (folder / "knot.conf").write_text(
        f"server:\n  rundir: {folder}\n  listen: {ip}@53\n  user: {pwd.getpwuid(folder.stat().st_uid).pw_name}\n"
        f"database:\n  storage: {folder}\nmod-cookies:\n  - id: strict\n    badcookie-slip: 1\n"
        f"template:\n  - id: default\n    storage: {folder}\n    global-module: mod-cookies/strict\n"
        "zone:\n  - domain: example.com\n    file: example.com.zone\n", encoding="utf-8")
    return [program("knotd"), "-c", folder / "knot.conf"]


KINDS = pytest.mark.parametrize("kind", [unbound, bind9, knot_resolver, dnsmasq],
                                ids=lambda kind: kind.__name__)


class Home:
    """The example, with another server behind it on the kernel's side."""

    def __init__(self, leat, kind, folder, *words):
        self.leat = leat("resolver", arguments=words)
        self.ip, self.kind = self.leat.ip, kind.__name__
        folder.chmod(0o755)
        self.command = kind(folder, self.leat.peer)
        self.start()

    def start(self):
        self.server = Process(*self.command)
        assert until(lambda: "192.0.2.3" in dig(self.leat.peer, "www.example.com"), 30), self.server.text

    def kill(self):
        self.server.kill()
        print(self.server.text)


@pytest.fixture
def home(leat, tmp_path):
    """home(kind, words...) starts one."""
    made = []

    def start(kind, *words):
        made.append(Home(leat, kind, tmp_path, *words))
        return made[-1]

    yield start
    for one in made:
        one.kill()


def dig(ip, *words):
    return run("dig", f"@{ip}", "+time=3", "+tries=2", "+noall", "+answer", "+comments", *words,
               check=False).decode()


@KINDS
def test_their_answers_are_passed_on(home, kind):
    home = home(kind)
    said = dig(home.ip, "www.example.com")
    assert "192.0.2.3" in said and "status: NOERROR" in said
    assert "2001:db8::3" in dig(home.ip, "www.example.com", "AAAA")
    if kind is not knot_resolver:  # its hints have only addresses
        assert "status: NXDOMAIN" in dig(home.ip, "no.example.com")
    if kind in (bind9, dnsmasq):  # unbound doesn't follow aliases in its local data
        assert "192.0.2.3" in dig(home.ip, "alias.example.com")


@KINDS
def test_a_long_answer_comes_by_tcp_from_them_and_from_us(home, kind):
    if kind is knot_resolver:
        pytest.skip("its hints are addresses alone")
    home = home(kind)
    said = dig(home.ip, "big.example.com", "TXT")
    assert said.count("IN\tTXT") == 15 or said.count('"0000') == 15, said
    assert home.leat.stop()["tcp_opened_active"] == 1


@KINDS
def test_a_server_that_comes_back_is_asked_again(home, kind):
    home = home(kind)
    home.kill()
    said = dig(home.ip, "www.example.com", "AAAA")
    assert "2001:db8::3" not in said
    home.start()
    assert until(lambda: "2001:db8::3" in dig(home.ip, "www.example.com", "AAAA"), 30)


@KINDS
def test_many_questions_by_tcp_at_once(home, kind):
    """32 questions on one connection; names that aren't cached go to the server once."""
    home = home(kind)

    def query(number):
        name = b"".join(bytes([len(label)]) + label for label in (b"www", b"example", b"com")) + b"\0"
        message = struct.pack(">HHHHHH", number, 0x100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)
        return struct.pack(">H", len(message)) + message

    with socket.create_connection((home.ip, 53), 10) as conn:
        conn.sendall(b"".join(query(number) for number in range(32)))
        reply = b""
        seen = set()
        while len(seen) < 32:
            piece = conn.recv(65536)
            assert piece
            reply += piece
            while len(reply) >= 2 and len(reply) >= 2 + int.from_bytes(reply[:2], "big"):
                length = int.from_bytes(reply[:2], "big")
                assert bytes((192, 0, 2, 3)) in reply[2:2 + length]
                seen.add(int.from_bytes(reply[2:4], "big"))
                reply = reply[2 + length:]
    assert seen == set(range(32))


@KINDS
def test_private_addresses_are_refused_by_default(home, kind):
    strict = home(kind, "no-rebinding")
    assert "192.0.2.3" in dig(strict.ip, "www.example.com")
    said = dig(strict.ip, "home.example.com")
    assert "status: SERVFAIL" in said and "192.168.1.1" not in said


@KINDS
def test_private_addresses_are_passed_on_else(home, kind):
    assert "192.168.1.1" in dig(home(kind).ip, "home.example.com")


def counted(home, what):
    """A number on the example's page."""
    page = run("curl", "-s", f"http://{home.ip}/").decode()
    return int(re.search(f"<tr><td>{what}<td>([0-9]+)", page)[1])


@pytest.mark.parametrize("kind", [strict_bind9, strict_knot], ids=lambda kind: kind.__name__)
def test_a_server_that_wants_cookies_is_asked_by_udp_alone(home, kind):
    home = home(kind)
    for name, address in (("www", "192.0.2.3"), ("home", "192.168.1.1"), ("ns", "192.0.2.1")):
        assert address in dig(home.ip, f"{name}.example.com")
    assert counted(home, "replies that wanted another cookie") == 1
    assert counted(home, "by UDP") == 4 and counted(home, "by TCP") == 0


def test_a_server_without_the_cookies_of_the_last_one_is_asked_by_tcp_once(home, tmp_path):
    home = home(bind9)
    assert "192.0.2.3" in dig(home.ip, "www.example.com")
    home.kill()
    home.command = dnsmasq(tmp_path, home.leat.peer)  # a server without cookies
    home.start()
    assert "192.168.1.1" in dig(home.ip, "home.example.com")
    assert "2001:db8::3" in dig(home.ip, "www.example.com", "AAAA")
    assert counted(home, "by TCP") == 1
    assert counted(home, "replies that may be forged") == 1


class Habit:
    """A server with one habit, on the kernel's side: it answers every question with 192.0.2.9."""

    def __init__(self, ip, habit):
        self.habit, self.asked = habit, []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((ip, 53))
        self.tcp = socket.create_server((ip, 53)) if habit != "lowers, no TCP" else None
        for work in (self.serve_udp, self.serve_tcp) if self.tcp else (self.serve_udp,):
            threading.Thread(target=work, daemon=True).start()

    def reply(self, query, by_tcp):
        self.asked.append((by_tcp, query))
        end = query.index(b"\0", 12) + 5
        question, edns = query[12:end], query[end:] != b""
        if self.habit.startswith("lowers"):
            question = question.lower()
        if edns and self.habit == "bare FORMERR":
            return query[:2] + struct.pack("!5H", 0x8001, 0, 0, 0, 0)
        if (edns and self.habit == "ignores EDNS") or (self.habit == "no UDP" and not by_tcp):
            return None
        if self.habit == "truncates" and not by_tcp:
            return query[:2] + struct.pack("!5H", 0x8380, 1, 0, 0, 0) + question
        return (query[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0) + question
                + struct.pack("!HHHIH", 0xc00c, 1, 1, 60, 4) + bytes((192, 0, 2, 9)))

    def serve_udp(self):
        while True:
            try:
                query, peer = self.udp.recvfrom(2000)
            except OSError:
                return
            reply = self.reply(query, False)
            if reply:
                self.udp.sendto(reply, peer)

    def serve_tcp(self):
        while True:
            try:
                conn, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_one, args=(conn,), daemon=True).start()

    def serve_one(self, conn):
        with conn, conn.makefile("rb") as lines:
            while len(head := lines.read(2)) == 2:
                reply = self.reply(lines.read(int.from_bytes(head, "big")), True)
                conn.sendall(struct.pack("!H", len(reply)) + reply)

    def close(self):
        self.udp.close()
        if self.tcp:
            self.tcp.close()


def fresh_question(ip, number):
    """Asks for a name that no cache has; returns the duration."""
    name = f"n{number}.example.com".encode()
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b"."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(30)
        sock.connect((ip, 53))
        began = time.monotonic()
        sock.send(struct.pack("!6H", number, 0x100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, 1, 1))
        reply = sock.recv(2000)
        assert reply[3] & 15 == 0 and bytes((192, 0, 2, 9)) in reply
        return time.monotonic() - began


@pytest.mark.parametrize("habit", ["lowers", "lowers, no TCP", "bare FORMERR", "ignores EDNS", "truncates", "no UDP"])
def test_the_habits_of_a_server_are_learnt(leat, habit, tmp_path):
    """After some questions each fresh one is one query, as with a good server. unbound is timed beside it."""
    resolver = leat("resolver", arguments=["any-rate"])
    server = Habit(resolver.peer, habit)
    for number in range(5):
        fresh_question(resolver.ip, number)
    server.asked.clear()
    took = [fresh_question(resolver.ip, number) for number in range(100, 120)]
    assert len(server.asked) == 20, [(by_tcp, query) for by_tcp, query in server.asked]
    by_tcp = [by_tcp for by_tcp, _ in server.asked]
    assert all(by_tcp) if habit in ("lowers", "truncates", "no UDP") else not any(by_tcp)
    print(f"{habit}: median {statistics.median(took) * 1000:.1f} ms, worst {max(took) * 1000:.1f} ms")
    if QUICK:  # unbound takes half a minute to learn that a server has no UDP
        server.close()
        return
    (tmp_path / "unbound.conf").write_text(
        f"server:\n  interface: 127.0.0.1@5353\n  use-syslog: no\n  chroot: ''\n  username: ''\n  pidfile: ''\n"
        f"  directory: '{tmp_path}'\n  do-daemonize: no\n  module-config: iterator\n  do-not-query-localhost: no\n"
        f"forward-zone:\n  name: '.'\n  forward-addr: {resolver.peer}\nremote-control:\n  control-enable: no\n")
    other = Process(program("unbound"), "-d", "-p", "-c", tmp_path / "unbound.conf")
    try:
        theirs = []
        for number in range(25):
            began = time.monotonic()
            text = run("dig", "-p", "5353", "@127.0.0.1", "+time=5", "+tries=2", f"u{number}.example.com", check=False).decode()
            theirs.append((time.monotonic() - began, "192.0.2.9" in text, re.findall(r"Query time: (\d+) msec", text)))
        print(f"{habit}: unbound's last 20: ms {[times[0] for *_, times in theirs[5:] if times]}")
    finally:
        other.kill()
        server.close()
