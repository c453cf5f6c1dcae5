"""Typical mistakes: each gives one line with its cause and its cure, and a status that is not 0."""

import re
import resource
import shutil
import socket
import subprocess

import pytest

from conftest import binary, make_tap, run

TAP = "--tap mistaken0"
OURS = f"{TAP} --ip 10.9.8.2/24"

# The program and its words (@ is the file of the third column), the file's text or None, the cause, and the cure.
MISTAKES = [
    # the command line
    ("echo --prot 7", None, "--prot", "see --help"),
    ("echo -p 7", None, "-p", "see --help"),
    ("echo --port", None, "no value: --port", "see --help"),
    ("echo --port 70000", None, "--port 70000", "from 1 to 65535"),
    ("echo --port http", None, "--port http", "a number from 1 to 65535"),
    ("echo 7", None, "takes no arguments: 7", "see --help"),
    ("echo --mtu 20", None, "--mtu 20", "from 68 to 65535"),
    ("echo --buffers 5", None, "--buffers 5", "from 16 to"),
    ("echo --drain forever", None, "--drain forever", "from 0 to 3600"),
    ("echo --congestion reno", None, "--congestion reno", "cubic, newreno or bbr"),
    ("echo --seed xyz", None, "--seed xyz", "1 to 64 hexadecimal digits"),
    # addresses
    ("echo --ip 10.0.0.2", None, "--ip 10.0.0.2", "the length of its prefix too, as 10.0.0.2/24"),
    ("echo --ip 10.0.0.2/33", None, "--ip 10.0.0.2/33", "0 to 32"),
    ("echo --ip 10.0.0/24", None, "--ip 10.0.0/24", "as 10.0.0.2/24"),
    ("echo --ip 2001:db8::2/64", None, "--ip 2001:db8::2/64", "must be an IPv4 address"),
    ("echo --ip6 2001:db8::2", None, "--ip6 2001:db8::2", "as 2001:db8::2/64"),
    ("echo --ip6 10.0.0.2/24", None, "--ip6 10.0.0.2/24", "must be an IPv6 address"),
    ("echo --gateway 10.0.0.1/24", None, "--gateway 10.0.0.1/24", "as 10.0.0.1"),
    ("echo --gateway 10.0.0.1", None, "--gateway", "needs --ip"),
    ("echo --ip6-gateway fe80::1", None, "--ip6-gateway", "needs --ip6"),
    (f"echo {OURS} --gateway 10.9.8.2", None, "--gateway is our own address", "give the router's"),
    (f"echo {OURS} --server 10.9.8.2", None, "--server is our own address", "another name server's"),
    (f"echo {OURS} --syslog 10.9.8.2:514", None, "--syslog is our own address", "give the server's"),
    ("echo --mac 02:00:00", None, "--mac 02:00:00", "as 02:00:00:00:00:01"),
    (f"echo {TAP} --ip 10.9.8.1/24", None, "--ip 10.9.8.1 is this machine's own address, on mistaken0", "give another one of that network"),
    (f"echo {TAP} --ip 224.0.0.1/24", None, "--ip 224.0.0.1/24", "an IPv4 address of a host"),
    ("echo --temporary --ip 10.0.0.2/24", None, "--temporary or an address", "not both"),
    ("echo --syslog 10.0.0.1", None, "--syslog 10.0.0.1", "an address and a port"),
    # devices
    ("echo --tap no-such0", None, "no TAP device no-such0", "ip tuntap add no-such0 mode tap"),
    ("echo --tap lo", None, "lo is no TAP device", "choose another name"),
    ("echo --tap a --passt", None, "--tap or another network", "not both"),
    ("echo --tun a --xdp b", None, "--tun or another network", "not both"),
    ("echo --passt --socket /tmp/a", None, "--passt or --socket", "not both"),
    ("echo --forward tcp:7007:7", None, "--forward", "needs --passt"),
    ("echo --passt --forward 7007:7", None, "--forward 7007:7", "must be tcp:PORT or udp:PORT"),
    ("echo --listen", None, "--listen", "needs --socket or --shm"),
    ("echo --queue 1", None, "--queue", "needs --xdp"),
    ("echo --passt --create", None, "--create makes a TAP or TUN device", "leave it out"),
    ("echo --tun a --mac 02:00:00:00:00:01", None, "--tun has no MAC address", "leave out --mac"),
    (f"echo {OURS} --mtu 9000", None, "the MTU must be", "to 1500, that of mistaken0"),
    ("echo --replay a.pcap", None, "--replay", "needs --mac and --seed"),
    ("echo --store-format", None, "--store-format", "needs --store"),
    ("echo --store @", "no store", "it is too small", "give it 25088 bytes or more"),
    (f"echo {OURS} --store @", "no store " * 9000, "it has something else than a store", "erase it by --store-format"),
    (f"echo {OURS} --store /no/such/store", None, "--store /no/such/store", "No such file or directory"),
    (f"echo {OURS} --store /", None, "--store /", "Is a directory"),
    (f"echo {OURS} --store /dev/null", None, "--store /dev/null", "neither a file nor a block device"),
    ("echo --tun no-such1 --ip 10.9.7.2/24", None, "no TUN device no-such1", "ip tuntap add no-such1 mode tun"),
    ("echo --tun mistaken0 --ip 10.9.8.2/24", None, "mistaken0 is no TUN device", "choose another name"),
    ("echo --tap a:b", None, '"a:b" can\'t be the name of a TAP device', "letters and digits"),
    (f"echo {OURS} --mac 03:00:00:00:00:01", None, "the MAC address must be one station's", "first octet even"),
    ("echo --socket /no/such/socket --ip 10.9.8.2/24", None, "can't connect to /no/such/socket", "start the other end first"),
    ("echo --socket @ --ip 10.9.8.2/24", "no socket", "can't connect to", "no program listens there"),
    ("echo --socket /no/such/socket --listen --ip 10.9.8.2/24", None, "can't make the socket /no/such/socket", "No such file or directory"),
    ("echo --socket @ --listen --ip 10.9.8.2/24", "no socket", "can't make the socket", "another program listens there"),
    (f"echo --socket /{'a' * 120} --ip 10.9.8.2/24", None, "the path of a UNIX socket", "has 1 to 107 bytes"),
    ("echo --shm /no/such/socket --ip 10.9.8.2/24", None, "can't connect to /no/such/socket", "start the other end first"),
    ("echo --socket /dev/log --datagram /no/such/ours --ip 10.9.8.2/24", None, "can't make the socket /no/such/ours", "No such file or directory"),
    ("echo --replay /no/such.pcap --mac 02:00:00:00:00:01 --seed 1 --ip 10.9.8.2/24", None, "/no/such.pcap", "No such file or directory"),
    (f"httpd {OURS} --files /no/such", None, "/no/such", "No such file or directory"),
    (f"dns {OURS} /no/such/zone", None, "/no/such/zone", "not found"),
    ("echo --replay a.pcap --mac 02:00:00:00:00:01 --seed 1 --store a", None, "--store or --replay", "not both"),
    ("echo --config @", "store-format = yes", "store-format", "belongs on the command line"),
    # TLS
    ("httpd --key a.pem", None, "--key", "needs --cert"),
    (f"httpd {OURS} --cert @", "", "the key", "give --key"),
    (f"httpd {OURS} --cert /no/cert --key /no/key", None, "can't read /no/cert", "/no/cert"),
    (f"httpd {OURS} --cert @ --key @", "no PEM", "one of them has no PEM", "of its kind"),
    ("httpd --cert @ --key @ --check-config", "no PEM", "one of them has no PEM", "of its kind"),
    ("resolver --cert @ --key @ --check-config", "no PEM", "one of them has no PEM", "of its kind"),
    ("httpd --acme a.test --acme-directory https://a.test/ --acme-binding /no/such --check-config", None, "--acme-binding", "can't read that file"),
    ("dns --acme a.test --acme-directory https://a.test/ --acme-binding @ --check-config", "name", "--acme-binding", "a space, and the key"),
    ("httpd --acme a.test --acme-directory https://a.test/ --acme-trust /no/such --check-config", None, "--acme-trust", "can't read that file"),
    ("httpd --early-data", None, "--early-data", "needs --cert and --key"),
    ("echo --cert a.pem", None, "speaks no TLS", "leave out --cert"),
    # what serves beside it
    (f"echo {OURS} --dashboard 7", None, "can't open the TCP port", "--dashboard or --flight-port may have taken it"),
    ("echo --dashboard 8080 --flight-port 8080", None, "--dashboard and --flight-port are the same", "change one"),
    ("echo --flight 0 --flight-file a", None, "--flight-file needs memory", "leave out --flight 0"),
    (f"echo {OURS} --record /no/such/file.pcap", None, "/no/such/file.pcap", "No such file or directory"),
    # the access log
    ("httpd --access-log", None, "no value: --access-log", "see --help"),
    ("httpd --access-log -", None, "--access-log -", "must be stdout, syslog:[tcp:]ADDRESS:PORT, or a file"),
    ("httpd --access-log syslog:10.0.0.1", None, "--access-log syslog:10.0.0.1", "must be stdout, syslog:[tcp:]ADDRESS:PORT"),
    ("httpd --access-log stdout --access-log-format xml", None, "--access-log-format xml", "must be common or json"),
    ("httpd --access-log-format json", None, "--access-log-format", "needs --access-log"),
    ("echo --access-log stdout", None, "serves neither HTTP nor DNS", "leave out --access-log"),
    ("dns --access-log stdout --access-log-clients some", None, "--access-log-clients some", "must be whole, network or none"),
    ("dns --access-log-clients none", None, "--access-log-clients", "needs --access-log"),
    (f"httpd {OURS} --access-log syslog:10.9.8.2:514", None, "--access-log is our own address", "give the syslog server's"),
    (f"httpd {OURS} --access-log /no/such/log", None, "--access-log /no/such/log", "No such file or directory"),
    (f"httpd {OURS} --access-log /tmp", None, "--access-log /tmp", "Is a directory"),
    ("httpd --access-log /no/such/log --check-config", None, "--access-log /no/such/log", "No such file or directory"),
    ("httpd --config @", "access-log = stdout\naccess-log-format = xml\n", ":2: access-log-format = xml", "must be common or json"),
    # the configuration file
    ("echo --config /no/such", None, "--config /no/such", "there is no such file, or it may not be read"),
    ("echo --config /", None, "--config /", "is a folder"),
    ("echo --config @", "x" * 8193, "it has more than", "8,192 bytes"),
    ("echo --config @", "ip = 10.0.0.2/24\nprot = 7\n", ":2: prot", "there is no such option; see --help"),
    ("echo --config @", "# a\n\nport = 70000\n", ":3: port = 70000", "from 1 to 65535"),
    ("echo --config @", "port 7\n", ":1: must be", "NAME = VALUE"),
    ("echo --config @", "port\n", ":1: port needs a value", "port = N"),
    ("echo --config @", "ip = 10.0.0.2\n", ":1: ip = 10.0.0.2", "as 10.0.0.2/24"),
    ("echo --config @", "stats = 1\n", ":1: stats = 1", "must be yes or no"),
    ("echo --config @", "port = 7\nport = 8\n", ":2: port: set before, in line 1", "leave out one of the two"),
    ("echo --config @", "config = other\n", ":1: config", "belongs on the command line"),
    ("echo --config @", 'tap = "leat0\n', ':1: a quoted value', 'ends with "'),
    ("echo --config @", "argument = a\n", ":1: argument = a", "takes no arguments"),
    ("echo --config @", "tap = a\npasst\n", "--tap or another network", "not both"),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def device():
    make_tap("mistaken0")
    run("ip", "addr", "add", "10.9.8.1/24", "dev", "mistaken0")
    yield
    run("ip", "link", "del", "mistaken0")


def begin(words, tmp_path, text):
    """The finished program; @ among the words becomes a file with the text."""
    name, *words = words.split()
    path = tmp_path / "file"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    return subprocess.run([binary(name), *(word.replace("@", str(path)) for word in words)], capture_output=True, text=True,
                          timeout=60, check=False)


def test_there_are_at_least_fifty():
    assert len({(words, text) for words, text, _, _ in MISTAKES}) == len(MISTAKES) >= 50


@pytest.mark.parametrize("words,text,cause,cure", MISTAKES, ids=[f"{words[:40]}{number}" for number, (words, *_) in enumerate(MISTAKES)])
def test_a_mistake_gives_one_line_with_cause_and_cure(tmp_path, words, text, cause, cure):
    done = begin(words, tmp_path, text)
    assert done.returncode == 2 and done.stdout == "", done
    assert done.stderr.count("\n") == 1 and done.stderr.startswith(words.split()[0] + ": "), done.stderr
    assert cause in done.stderr and cure in done.stderr, done.stderr


@pytest.mark.parametrize("words,text,cause", [row[:3] for row in MISTAKES if "--check-config" not in row[0]],
                         ids=[f"{row[0][:40]}{number}" for number, row in enumerate(MISTAKES) if "--check-config" not in row[0]])
def test_the_check_refuses_it_too(tmp_path, words, text, cause):
    """--check-config calls nothing right that a start refuses."""
    done = begin(words.replace(" ", " --check-config ", 1), tmp_path, text)
    assert done.returncode == 2 and done.stdout == "", done
    assert done.stderr.count("\n") == 1 and cause in done.stderr, done.stderr


def files_in(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns if path.is_dir() else (path.stat().st_mtime_ns, path.read_bytes())
            for path in [folder, *folder.rglob("*")] if not path.is_socket()}


RIGHT = ["--store @/new", "--store @/foreign --store-format", "--store @/empty", "--record @/a.pcapng", "--record @/foreign --flight-file @/flight",
         "--dashboard 8080 --syslog 10.9.8.1:514 --flight-port 8081", "--access-log @/log", "--access-log @/foreign --access-log-format json",
         "--files @", "--tun mistaken1 --create", "--socket @/wire --listen", "--shm @/wire --listen",
         "--socket @/peer", "--socket @/datagrams --datagram @/wire", "--shm @/peer", "--passt"]


@pytest.mark.parametrize("words", RIGHT)
def test_the_check_changes_nothing_and_a_start_takes_what_it_calls_right(tmp_path, words):
    if "--passt" in words and not shutil.which("passt"):
        pytest.skip("no passt")
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "foreign").write_bytes(b"no store " * 9000)
    (folder / "empty").touch()
    peer, datagrams = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    peer.bind(str(folder / "peer"))
    peer.listen()
    datagrams.bind(str(folder / "datagrams"))
    peer.setblocking(False)
    has_device = any(option in words for option in ("--tun", "--socket", "--shm", "--passt"))
    given = [*("" if has_device else TAP).split(), "--ip", "10.9.8.2/24", *words.replace("@", str(folder)).split()]
    before, devices = files_in(folder), socket.if_nameindex()
    done = subprocess.run([binary("httpd"), *given, "--check-config"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "httpd: the configuration is right\n"), done
    assert files_in(folder) == before and socket.if_nameindex() == devices
    assert not (folder / "wire").exists()
    with pytest.raises(BlockingIOError):
        peer.accept()
    child = subprocess.Popen([binary("httpd"), *given], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline().startswith("httpd: 10.9.8.2/24 on ")
    finally:
        child.terminate()
        child.communicate(timeout=60)
        peer.close()
        datagrams.close()


def test_the_check_calls_what_the_running_program_uses_right(tmp_path):
    """Before a restart its device, its store and its socket are in use."""
    for device in TAP, f"--socket {tmp_path / 'wire'} --listen":
        words = [binary("echo"), *device.split(), "--ip", "10.9.8.2/24", "--store", tmp_path / "store"]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        try:
            assert child.stdout.readline().startswith("echo: 10.9.8.2/24 on ")
            assert run(*words, "--check-config") == b"echo: the configuration is right\n"
            assert subprocess.run(words, capture_output=True, timeout=60, check=False).returncode == 2
        finally:
            child.terminate()
            child.communicate(timeout=60)


def test_the_check_has_addresses_where_a_start_asks_for_them(tmp_path):
    for name in "echo", "resolver", "clock", "whois a.test", "fetch http://a.test/":
        done = begin(f"{name} {TAP} --check-config", tmp_path, None)
        assert done.returncode == 0 and done.stdout == f"{name.split()[0]}: the configuration is right\n", done


def test_the_check_refuses_a_file_that_a_client_would_write(tmp_path):
    path = tmp_path / "page"
    path.write_text("as before", encoding="utf-8")
    assert begin(f"fetch {TAP} -o {path} http://10.9.8.1/ --check-config", tmp_path, None).returncode == 0
    assert path.read_text(encoding="utf-8") == "as before"
    done = begin(f"fetch {TAP} -o /no/such/page http://10.9.8.1/ --check-config", tmp_path, None)
    assert done.returncode == begin(f"fetch {OURS} -o /no/such/page http://10.9.8.1/", tmp_path, None).returncode != 0
    assert "can't write /no/such/page" in done.stderr and done.stdout == ""


def test_the_check_and_a_start_say_the_same_about_xdp_and_passt(tmp_path):
    for words in "--xdp no-such2 --ip 10.9.8.2/24", "--passt":
        both = [subprocess.run([binary("echo"), *words.split(), *more], capture_output=True, text=True, env={"PATH": str(tmp_path)},
                               timeout=60, check=False) for more in ([], ["--check-config"])]
        assert both[0].stderr == both[1].stderr != "" and both[0].returncode == both[1].returncode == 2


@pytest.mark.parametrize("who,up,wrong", [(["user", "0"], True, None), (["user", "1234"], True, "no permission to open TAP device mistaken2"),
                                          (["user", "0", "group", "1234"], True, "no permission"), (["group", "0"], True, None), ([], True, None),
                                          ([], False, "TAP device mistaken2 is down"), (None, True, "no permission")])
def test_the_check_looks_at_the_owner_of_a_device(who, up, wrong):
    """A user without rights over devices may have one that was made for it."""
    ours = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", binary("echo"), "--tap", "mistaken2", "--ip", "10.9.6.2/24"]
    if who is not None:
        run("ip", "tuntap", "add", "mistaken2", "mode", "tap", *who)
        run("ip", "link", "set", "mistaken2", "up" if up else "down")
    try:
        words = ours + (["--create"] if who is None else [])
        done = subprocess.run([*words, "--check-config"], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == (2 if wrong else 0) and (not wrong or wrong in done.stderr), done
        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            assert wrong or child.stdout.readline().startswith("echo: 10.9.6.2/24 on mistaken2")
        finally:
            if not wrong:
                child.terminate()
            _, said = child.communicate(timeout=60)
        assert not wrong or said == done.stderr
    finally:
        if who is not None:
            run("ip", "link", "del", "mistaken2")


def test_memory_that_there_is_not_is_told_with_its_size(tmp_path):
    """2 KiB and what belongs to it, for each buffer."""
    with open(binary("echo"), "rb") as program:
        if b"__asan_init" in program.read():
            pytest.skip("AddressSanitizer wants more memory than there may be")
    limit = 1 << 29
    for more in [], ["--check-config"]:
        done = subprocess.run([binary("echo"), *OURS.split(), "--buffers", "1000000", *more], capture_output=True, text=True, timeout=60, check=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        said = re.fullmatch(r"echo: can't get (\d+) MiB of memory: give less to --buffers or --connections\n", done.stderr)
        assert done.returncode == 2 and done.stdout == "" and said, done
        assert 2000 < int(said[1]) < 3000


def test_a_network_of_the_device_that_is_none_of_ours_is_told(tmp_path):
    child = subprocess.Popen([binary("echo"), *TAP.split(), "--ip", "10.77.0.2/24"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert "this machine is 10.9.8.1 on mistaken0, which is in no network of --ip" in child.stderr.readline()
        assert "10.77.0.2/24 on mistaken0" in child.stdout.readline()
    finally:
        child.terminate()
        child.communicate(timeout=60)


CONFIG = """# for every program
tap = mistaken0
ip = 10.9.8.2/24
idle = 100
[httpd]
argument = {page}
[echo]
port = 9
stats
"""


def check(words, tmp_path):
    (tmp_path / "page.html").write_text("a page", encoding="utf-8")
    return begin(f"{words} --check-config", tmp_path, CONFIG.format(page=tmp_path / "page.html"))


def test_a_right_configuration_is_told(tmp_path):
    for words in "echo --config @", "httpd --config @", f"echo {OURS}":
        done = check(words, tmp_path)
        assert done.returncode == 0 and done.stdout == f"{words.split()[0]}: the configuration is right\n", done


def test_check_config_reads_all_certificates_and_their_keys(tmp_path):
    for name in "a", "b":
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / f"{name}.key",
            "-out", tmp_path / f"{name}.pem", "-days", 30, "-subj", f"/CN={name}")
    files = {kind: [tmp_path / f"{name}.{kind}" for name in "ab"] for kind in ("pem", "key")}
    for name in "httpd", "echo_tls", "dns", "resolver", "sieve":
        for keys, wrong in (files["key"], None), (files["key"][::-1], "the key is not the certificate's"), (files["key"][:1], "as many files"):
            words = f"--cert {files['pem'][0]},{files['pem'][1]} --key {','.join(map(str, keys))}"
            done = begin(f"{name} {OURS} --server 10.9.8.1 {words} --check-config", tmp_path, None)
            assert done.returncode == (2 if wrong else 0), done
            assert wrong in done.stderr if wrong else done.stdout == f"{name}: the configuration is right\n", done
    pair = f"echo_tls {OURS} --cert {files['pem'][0]} --key {files['key'][0]}"
    for path, wrong in (tmp_path / "new", None), (files["key"][0], "has no keys of this program's"), ("/no/such/keys", "No such file or directory"):
        done = begin(f"{pair} --ticket-keys {path} --check-config", tmp_path, None)
        assert done.returncode == (2 if wrong else 0) and (not wrong or f"--ticket-keys {path}" in done.stderr and wrong in done.stderr), done
        assert wrong or not path.exists()
        if wrong:
            assert begin(f"{pair} --ticket-keys {path}", tmp_path, None).returncode == 2


@pytest.mark.parametrize("words,cause", [("httpd --config @ no-such-page", "can't read no-such-page"),
                                         ("httpd --config @ --cert /no/cert --key /no/key", "--cert: can't read /no/cert"),
                                         ("echo --config @ --gateway 10.9.8.2", "--gateway is our own address")])
def test_check_config_looks_at_files_and_pairs(tmp_path, words, cause):
    done = check(words, tmp_path)
    assert done.returncode == 2 and cause in done.stderr and done.stdout == "", done


def test_the_command_line_wins(tmp_path):
    """Over a setting, over all addresses, and over the device with its settings."""
    path = tmp_path / "file"
    path.write_text(CONFIG.format(page="none") + "[other]\nmtu = 1\n", encoding="utf-8")
    for words, said in ((["--port", "11"], "echo: 10.9.8.2/24 on mistaken0, MTU 1500, port 11"),
                        (["--ip", "10.9.8.3/24"], "echo: 10.9.8.3/24 on mistaken0, MTU 1500, port 9"),
                        (["--socket", tmp_path / "wire", "--listen", "--mtu=1000"], "echo: 10.9.8.2/24 on ")):
        child = subprocess.Popen([binary("echo"), "--config", path, *words], stdout=subprocess.PIPE, text=True)
        try:
            assert child.stdout.readline().startswith(said)
        finally:
            child.terminate()
            rest, _ = child.communicate(timeout=60)
        assert child.returncode == 0 and "tx_frames" in rest  # "stats" is in force


def test_hangup_reads_the_configuration_again(tmp_path):
    path = tmp_path / "file"
    path.write_text(CONFIG.format(page="none"), encoding="utf-8")
    child = subprocess.Popen([binary("echo"), "--config", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert "port 9" in child.stdout.readline()
        for text, said, complaint in ((CONFIG.replace("port = 9", "port = x"), "the earlier configuration stays in force", ":8: port = x"),
                                      (CONFIG.replace("port = 9", "port = 10"), "these changes need a new start: --port", None),
                                      (CONFIG, "files read again", None)):
            path.write_text(text.format(page="none"), encoding="utf-8")
            child.send_signal(1)
            line = child.stdout.readline()
            assert line.startswith("echo: SIGHUP: ") and said in line
            if complaint:
                assert complaint in child.stderr.readline()
            elif "files" not in said:
                assert "files read again" in child.stdout.readline()
    finally:
        child.terminate()
        child.communicate(timeout=60)
