"""The command line: a mistake gives one clear line and exit status 2."""

import os
import resource
import subprocess

import pytest

from conftest import binary, make_tap, run

GOOD = ["--tap", "leat-none", "--ip", "10.1.2.3/24"]


def start(*options, name="echo", **kwargs):
    return subprocess.run(
        [binary(name), *map(str, options)],
        capture_output=True, text=True, timeout=20, check=False, **kwargs,
    )  # fmt: skip


def refused(done, *words):
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), done.stderr
    assert done.stderr.startswith("echo: "), done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


WRONG = [
    ["--no-such-option"], ["--tap"], ["--ip", "10.0.0"], ["--ip", "10.0.0.2/33"], ["--ip", ""],
    ["--ip", "10.0.0.2/24/1"], ["--gateway", "x"], ["--ip", "100::1"], ["--gateway", "100::1"],
    ["--gateway", "10.0.0.1/24"], ["--port", "0"],
    ["--port", "65536"], ["--port", "7x"], ["--port", "-1"], ["--mac", "02:00:00"],
    ["--mac", "02:00:00:00:00:0g"], ["--mtu", "67"], ["--mtu", "65536"], ["--buffers", "0"],
    ["--connections", "many"], ["--seed", "xyz"], ["--clock", "0"], ["--clock", "now"], ["--clock", "18446744073709551617"],
    ["--seed", "00"], ["--seed", "1" * 65],
    ["--syslog", "10.0.0.1"], ["--syslog", "tcp:"], ["--syslog", "udp:10.0.0.1:514"], ["--syslog", "0.0.0.0:514"],
    ["--congestion", "vegas"], ["--congestion", ""], ["--dashboard", "0"], ["--dashboard", "65536"], ["--dashboard", "x"],
    ["--replay", "x.pcap"], ["--ip6", "10.0.0.2/24"], ["--ip6", "2001:db8::1/129"], ["--ip6", "fe80"],
    ["--ip6-gateway", "10.0.0.1"], ["--ip6-gateway", "2001:db8::1"],
    ["--cert", "x.pem"], ["--key", "x.pem"], ["--dot", "any"], ["--doh", "https://a/"], ["--early", "x"], ["--early-data"],  # echo has no TLS
]  # fmt: skip


@pytest.mark.parametrize("options", WRONG, ids=" ".join)
def test_wrong_option(options):
    done = start(*options)
    refused(done, options[0])


@pytest.mark.parametrize("words, told", [
    (["--port", "70000"], "--port 70000: must be a number from 1 to 65535"),
    (["--mtu", "20"], "--mtu 20: must be a number from 68 to 65535"),
    (["--buffers", "5"], "--buffers 5: must be a number from 16 to 16777216"),
    (["--ip", "10.0.0.2"], "--ip 10.0.0.2: give the length of its prefix too, as 10.0.0.2/24"),
    (["--ip6=2001:db8::2"], "--ip6=2001:db8::2: give the length of its prefix too, as 2001:db8::2/64"),
    (["--congestion", "vegas"], "must be cubic, newreno or bbr"),
    (["--mac", "02:00"], "must be a MAC address, as 02:00:00:00:00:01"),
    (["--tap", "x", "--passt"], "--tap or another network, not both"),
    (["--tun", "x", "--socket", "y"], "--tun or another network, not both"),
    (["--tun", "x", "--mac", "02:00:00:00:00:01"], "--tun has no MAC address"),
])  # fmt: skip
def test_errors_name_the_legal_values(words, told):
    refused(start(*words), told)


def test_a_key_without_a_certificate_does_not_serve_in_the_clear():
    done = subprocess.run([binary("httpd"), *GOOD, "--key", "key.pem"], check=False, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and "--key needs --cert" in done.stderr, done


@pytest.mark.parametrize("who", ["--server 2001:db8::1", "--syslog [fe80::1]:514", "--syslog tcp:[2001:db8::1]:514"])
def test_an_ipv6_server_without_ipv6_is_refused(who):
    """--ip alone disables IPv6, where no answer could come."""
    refused(start(*GOOD, *who.split()), who.split()[0], "needs --ip6")
    refused(start(*GOOD, "--ip6", "2001:db8::2/64", *who.split()), "no TAP device")


def test_an_argument_too_many(leat):
    make_tap("spare0")
    refused(start("--tap", "spare0", "why"), "arguments")
    run("ip", "link", "del", "spare0")


@pytest.mark.parametrize("name,option", [("echo", "--dashboard=7"), ("echo", "--flight-port=7"), ("upload", "--dashboard=80"),
                                         ("chat", "--dashboard=2323"), ("echo_task", "--dashboard=7"),
                                         ("iperf", "--dashboard=5001"), ("httpd", "--dashboard=80"),
                                         ("sieve", "--dashboard=80"), ("resolver", "--dashboard=80")])
def test_a_port_that_another_option_has_taken(name, option):
    make_tap("spare0")
    done = start("--tap", "spare0", "--ip", "10.1.2.3/24", "--server", "10.1.2.1", option, name=name)
    run("ip", "link", "del", "spare0")
    assert done.returncode == 2
    assert done.stderr == f"{name}: can't open the TCP port: --dashboard or --flight-port may have taken it\n"


def test_files_that_can_not_be_read_are_named(tmp_path):
    make_tap("spare0")
    tap = ("--tap", "spare0", "--ip", "10.1.2.3/24")
    nothing = tmp_path / "nothing"
    nothing.touch()
    for name, words, said, status in (
        ("fetch", ["http://10.1.2.1/", "no-such-file"], "can't read no-such-file", 26),
        ("httpd", ["no-such-file"], "can't read no-such-file, or it is too large", 2),
        ("sieve", ["--server=10.1.2.1", "no-such-file"], "can't read no-such-file", 2),
        ("httpd", ["--cert", nothing, "--key", nothing], f"{nothing} and {nothing}: one of them has no PEM of its kind", 2),
    ):
        done = start(*tap, *words, name=name)
        assert done.returncode == status and done.stderr == f"{name}: {said}\n", done
    run("ip", "link", "del", "spare0")


def test_half_of_a_file_is_no_file(tmp_path):
    """An incomplete record is refused."""
    with open(binary("dns"), "rb") as program:
        if b"__asan_init" in program.read():
            pytest.skip("AddressSanitizer wants more memory than there may be")
    limit = 1 << 29
    done = start("--socket", tmp_path / "net", "--listen", "--ip", "10.1.2.3/24", "/dev/zero", name="dns",
                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert done.returncode == 2 and done.stderr == "dns: /dev/zero: device failed\n", done


def test_missing_device():
    refused(start(*GOOD), "leat-none", "ip tuntap add leat-none mode tap")


def test_impossible_name():
    refused(start("--tap", "a-name-longer-than-any"), "a-name-longer-than-any")


def test_not_a_tap_device():
    refused(start("--tap", "lo"), "lo is no TAP device")


def test_device_in_use(leat):
    echo = leat("echo")
    refused(start("--tap", echo.device), echo.device, "in use")


def test_no_permission():
    """Without the right to administer the network, for any user."""
    make_tap("mine0", more=("user", "root"))  # a device without an owner is open to all
    drop = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--clear-groups",
            "--reuid", "65534", "--regid", "65534"]  # fmt: skip
    probe = subprocess.run([*drop, "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("there is no other user to be in a user namespace")
    if subprocess.run([*drop, "test", "-x", binary("echo")], check=False).returncode != 0:
        pytest.skip("another user may not read the build directory")
    done = subprocess.run([*drop, binary("echo"), "--tap", "mine0"],
                          capture_output=True, text=True, timeout=20, check=False)  # fmt: skip
    run("ip", "link", "del", "mine0")
    refused(done, "no permission to open", "run as root")


def test_address_that_is_no_hosts():
    make_tap("odd0")
    for address in ("0.0.0.0/24", "224.0.0.1/24", "127.0.0.1/8", "255.255.255.255/24"):
        refused(start("--tap", "odd0", "--ip", address), "--ip")
    run("ip", "link", "del", "odd0")


def test_mtu_over_the_devices():
    make_tap("odd2")
    refused(start("--tap", "odd2", "--mtu", "1501"), "1500")
    run("ip", "link", "del", "odd2")


def test_record_to_an_unwritable_place():
    make_tap("odd3")
    refused(start("--tap", "odd3", "--record", "/nonexistent/a.pcap"), "/nonexistent/a.pcap")
    run("ip", "link", "del", "odd3")


@pytest.mark.parametrize("name", ["echo", "discard", "chargen", "dns", "resolve", "resolver", "sieve", "clock", "httpd",
                                  "upload", "iperf", "echo_task", "echo_tls", "chat", "whois", "lookup"])
def test_help_and_version(name):
    shown = start("--help", name=name)
    assert shown.returncode == 0 and shown.stderr == ""
    assert shown.stdout.startswith(f"usage: {name} ")
    for option in ("--tap", "--ip", "--gateway", "--ipv4", "--ipv4-gateway", "--ip6-gateway", "--port", "--mtu", "--record", "--replay",
                   "--seed", "--stats", "--help", "--version"):  # fmt: skip
        assert option in shown.stdout
    version = start("--version", name=name)
    assert version.returncode == 0 and version.stdout.startswith(f"{name} (leat) ")


def test_help_and_version_of_fetch():
    test_help_and_version("fetch")


def test_the_device_can_be_made_by_us():
    """--create: the device is removed when the program ends."""
    child = subprocess.Popen([binary("echo"), "--tap", "made0", "--create", "--ip", "10.1.2.3/24"],
                             stdout=subprocess.PIPE, text=True)  # fmt: skip
    try:
        assert "made0" in child.stdout.readline()
        shown = run("ip", "link", "show", "made0").decode()
        assert " qlen 4096\n" in shown, shown  # a thousand connections may send at once
    finally:
        child.terminate()
        assert child.wait(20) == 0
    assert run("ip", "link", "show", "made0", check=False) == b""


def test_a_device_that_is_there_keeps_its_queue():
    make_tap("kept0")
    run("ip", "link", "set", "kept0", "txqueuelen", 77)
    child = subprocess.Popen([binary("echo"), "--tap", "kept0", "--create", "--ip", "10.1.2.3/24"],
                             stdout=subprocess.PIPE, text=True)  # fmt: skip
    try:
        assert "kept0" in child.stdout.readline()
        assert b" qlen 77\n" in run("ip", "link", "show", "kept0")
    finally:
        child.terminate()
        assert child.wait(20) == 0
        run("ip", "link", "del", "kept0")


def test_the_device_goes_away(leat):
    make_tap("going0")
    child = subprocess.Popen([binary("echo"), "--tap", "going0", "--ip", "10.1.2.3/24"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert "going0" in child.stdout.readline()
    run("ip", "link", "del", "going0")
    out, err = child.communicate(timeout=20)
    assert child.returncode == 1 and "going0 has gone" in err, (out, err)
