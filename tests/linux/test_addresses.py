"""Several addresses of each family on the command line: --ip and --ip6 more than once."""

import ipaddress
import subprocess

import pytest

from conftest import PATH, V6, XDP, binary, run, until
from test_http import PAGE, curl
from test_recorded import again

# two global addresses of two prefixes, one with the same prefix as the first, and a unique local one (RFC 4193)
OURS6 = ["2001:db8:17::2/64", "2001:db8:18::2/64", "2001:db8:17::3/64", "fd17:1eaf:17::2/48"]
OURS4 = ["10.88.1.2/24", "10.88.2.2/24", "10.88.1.3/24"]


def ours(words):
    return [word.split("/")[0] for word in words]


def peers(words):
    """The kernel's address of each prefix."""
    return sorted({f"{ipaddress.ip_interface(word).network[1]}/{word.split('/')[1]}" for word in words})


def options(words):
    return [part for word in words for part in ("--ip" if "." in word else "--ip6", word)]


def meet(program, words):
    """Adds the kernel's addresses in the same networks, and waits until all are checked."""
    for address in peers(words):
        run("ip", "addr", "add", address, "dev", program.wire, *(["nodad"] if ":" in address else []))
    for ip in ours(words):
        assert until(lambda: b" 1 received" in run("ping", "-n", "-c", 1, "-W", 1, ip, check=False)), ip


def page(ip):
    return curl(f"http://{f'[{ip}]' if ':' in ip else ip}/")


def test_every_address_of_the_command_line_answers(leat):
    """ping and HTTP at each address of both families, and at the harness's own."""
    words = OURS6 + ([] if XDP else OURS4)  # with AF_XDP a second --ip needs a MAC address for leat alone
    web = leat("httpd", options=options(words))
    meet(web, words)
    for ip in [web.ip, *ours(words)]:
        text = run("ping", "-n", "-c", 2, "-i", 0.2, "-s", 4000, ip).decode()
        assert "2 received" in text, text
        assert page(ip) == PAGE
    web.stop()


def test_as_many_as_there_may_be(leat):
    words = [f"2001:db8:17::{host:x}/64" for host in range(2, 9 - V6)]
    words += [] if XDP else [f"10.88.1.{host}/24" for host in range(2, 5)]
    meet(leat("echo", options=options(words)), words)


def test_replies_come_from_the_address_that_was_asked(leat):
    """The reply comes from the address that was asked (RFC 1122 4.1.3.5), whichever the stack prefers; nc and dig
    drop others."""
    names = leat("dns", options=options(OURS6))
    meet(names, OURS6)
    for ip in ours(OURS6):
        text = run("dig", "+norecurse", "+tries=1", "+timeout=5", f"@{ip}", "www.example.com", "AAAA").decode()
        assert "status: NOERROR" in text and "unexpected source" not in text, text


def test_the_gateway_may_lie_in_any_prefix(leat):
    """not only in the network of the last --ip6"""
    web = leat("httpd", options=[*options(OURS6), "--ip6-gateway", "2001:db8:18::1"])
    meet(web, OURS6)
    run("ip", "addr", "add", "2001:db8:fa5::1/128", "dev", "lo", "nodad")
    text = run("curl", "-sS", "-g", "--max-time", 20, "--interface", "2001:db8:fa5::1", f"http://[{ours(OURS6)[3]}]/")
    run("ip", "addr", "del", "2001:db8:fa5::1/128", "dev", "lo")
    assert text == PAGE


@pytest.mark.skipif(PATH or XDP, reason="what is recorded doesn't depend on the device")
def test_a_recording_holds_them_all(leat, tmp_path):
    """and the IPv6 gateway, without which the recorded packets to it are not sent again"""
    path = tmp_path / "run.pcapng"
    words = [*OURS6, *OURS4]
    web = leat("httpd", options=[*options(words), "--ip6-gateway", "2001:db8:18::1", "--record", path])
    meet(web, words)
    run("ip", "addr", "add", "2001:db8:fa5::1/128", "dev", "lo", "nodad")
    for ip in ours(OURS6):
        run("ping", "-n", "-c", 1, "-W", 2, "-I", "2001:db8:fa5::1", ip)
    run("ip", "addr", "del", "2001:db8:fa5::1/128", "dev", "lo")
    web.stop()
    done = again(path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("option, most", [("--ip", 4), ("--ip6", 7)])
def test_one_too_many_is_told(option, most):
    """Each netif has room for a limited number of addresses (docs/embedding.md); an overflow is reported."""
    word = "10.88.1.{}/24" if option == "--ip" else "2001:db8:17::{:x}/64"
    words = [part for host in range(2, most + 3) for part in (option, word.format(host))]
    done = subprocess.run([binary("echo"), "--tap", "leat-none", *words], capture_output=True, text=True, timeout=20, check=False)
    family = "IPv4" if option == "--ip" else "IPv6"
    assert done.returncode == 2
    assert f"{option} {words[-1]}: one too many, there can be {most} {family} addresses; see --help" in done.stderr
    done = subprocess.run([binary("echo"), "--tap", "leat-none", *words[:-2]], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and "no TAP device leat-none" in done.stderr, done.stderr


def test_twice_the_same_is_refused():
    run("ip", "tuntap", "add", "twice0", "mode", "tap")
    for words in (["10.88.1.2/24"] * 2, ["2001:db8:17::2/64"] * 2):
        done = subprocess.run([binary("echo"), "--tap", "twice0", "--ip", "10.88.3.2/24", *options(words)], capture_output=True,
                              text=True, timeout=20, check=False)
        assert done.returncode == 2 and options(words)[0] in done.stderr, done.stderr
    run("ip", "link", "del", "twice0")
