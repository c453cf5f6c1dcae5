"""The resolver example between dig and name servers that we did not write."""

import shutil

import pytest

from conftest import Process, run, until

ZONE = """$ORIGIN example.com.
$TTL 60
@ SOA ns h 1 2 3 4 50
 NS ns
ns A 192.0.2.1
www A 192.0.2.3
www AAAA 2001:db8::3
alias CNAME www
""" + "".join(f'big TXT "{number:0200}"\n' for number in range(15))


def dnsmasq(ip, folder):
    texts = [f"--txt-record=big.example.com,{number:0200}" for number in range(15)]
    return ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
            "--bind-interfaces", f"--listen-address={ip}", "--local=/example.com/", "--local-ttl=60",
            "--pid-file=", "--user=root", "--host-record=www.example.com,192.0.2.3,2001:db8::3",
            "--cname=alias.example.com,www.example.com", *texts]  # fmt: skip


def unbound(ip, folder):
    lines = [line for line in ZONE.splitlines() if line and line[0] not in "$@ "]
    data = "".join(f"  local-data: '{name}.example.com. 60 IN {rest}'\n"
                   for name, _, rest in (line.partition(" ") for line in lines)
                   if not rest.startswith("CNAME"))  # fmt: skip
    config = folder / "unbound.conf"
    config.write_text(f"""server:
  interface: {ip}
  access-control: 0.0.0.0/0 allow
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  local-zone: "example.com." static
  local-data: 'example.com. 60 IN SOA ns.example.com. h.example.com. 1 2 3 4 50'
  local-data: 'alias.example.com. 60 IN A 192.0.2.3'
{data}remote-control:
  control-enable: no
""")
    return ["unbound", "-d", "-c", config]


def named(ip, folder):
    (folder / "zone").write_text(ZONE)
    config = folder / "named.conf"
    config.write_text(f"""options {{
  directory "{folder}"; listen-on {{ {ip}; }}; listen-on-v6 {{ none; }};
  recursion yes; allow-recursion {{ any; }}; dnssec-validation no;
  pid-file none; session-keyfile none; lock-file none;
}};
controls {{ }};
zone "example.com" {{ type primary; file "{folder}/zone"; }};
""")
    return ["named", "-g", "-n", 1, "-c", config]


def kresd(ip, folder):
    config = folder / "kresd.conf"
    config.write_text(f"""net.listen('{ip}', 53, {{ kind = 'dns' }})
modules = {{ 'hints > iterate' }}
hints.ttl(60)
hints.set('www.example.com 192.0.2.3')
hints.set('www.example.com 2001:db8::3')
policy.add(policy.suffix(policy.DENY, {{ todname('no.example.com') }}))
trust_anchors.remove('.')
""")
    return ["kresd", "-n", "-c", config, folder]


def dig(ip, *words):
    return run("dig", "+tries=1", "+timeout=8", f"@{ip}", *words, check=False).decode()


@pytest.fixture(params=[dnsmasq, unbound, named, kresd], ids=lambda server: server.__name__)
def home(request, leat, tmp_path):
    """leat in front of a server, which is `upstream`; it asks its gateway."""
    if not shutil.which(request.param.__name__):
        pytest.skip("not installed")
    server = leat("resolver")
    tmp_path.chmod(0o777)
    server.upstream = Process(*request.param(server.peer, tmp_path))
    server.kind = request.param.__name__
    until(lambda: "192.0.2.3" in dig(server.peer, "www.example.com"), 30)
    yield server
    server.upstream.kill()


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_addresses(home, transport):
    text = dig(home.ip, transport, "wWw.example.com", "A")
    assert "status: NOERROR" in text and " ra" in text and "wWw.example.com." in text, text
    assert "192.0.2.3" in text, text
    assert "2001:db8::3" in dig(home.ip, transport, "www.example.com", "AAAA")


def test_what_was_asked_for_is_remembered_when_the_server_is_gone(home):
    for words in (["www.example.com"], ["no.example.com"]):
        dig(home.ip, *words)
    home.upstream.kill()
    assert "192.0.2.3" in dig(home.ip, "www.example.com")
    text = dig(home.ip, "no.example.com")
    # dnsmasq says nothing of for how long there is no such name
    assert f"status: {'SERVFAIL' if home.kind == 'dnsmasq' else 'NXDOMAIN'}" in text, text
    assert "status: SERVFAIL" in dig(home.ip, "other.example.com")


def test_no_such_name(home):
    for _ in range(2):
        assert "status: NXDOMAIN" in dig(home.ip, "no.example.com")


def test_an_alias_and_an_answer_that_needs_TCP(home):
    if home.kind == "kresd":
        pytest.skip("it has no zone")
    assert "192.0.2.3" in dig(home.ip, "alias.example.com")
    for _ in range(2):
        text = dig(home.ip, "big.example.com", "TXT")
        assert "status: NOERROR" in text and f"{14:0200}" in text, text
        assert "ignoring" not in dig(home.ip, "+ignore", "big.example.com", "TXT")


def test_many_questions_on_one_connection(home):
    names = [word for _ in range(20) for word in ("www.example.com", "A")]
    assert dig(home.ip, "+tcp", "+keepopen", *names).count("status: NOERROR") == 20
    assert home.stop()["tcp_opened_passive"] == 1
