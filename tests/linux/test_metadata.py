"""Options from metadata: of servers like those of EC2 and Google, and of seed disks."""

import http.server
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading

import pytest

from conftest import LIMIT_S, binary, run
from test_clouds import CLOUDS, Network

sys.path.append(str(pathlib.Path(os.environ.get("LEAT_SOURCE", pathlib.Path(__file__).resolve().parents[2])) / "tests/boot"))
import seeds  # noqa: E402  pylint: disable=wrong-import-position

SERVER = "169.254.169.254"
MAC = "02:6c:65:61:63:6c"
TOKEN = "AQAEAKb-token=="


class Metadata:
    """A metadata server. `values`: a body, or (status, body), for each path; `tokens`: EC2's second version ("must", "may",
    "none": the server knows none, "lost": its reply never comes)."""

    def __init__(self, values, tokens="must", is_google=False):
        self.asked = []
        outer = self
        done = threading.Event()
        self._done = done

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body=b""):
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                if is_google:
                    self.send_header("Metadata-Flavor", "Google")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_PUT(self):
                outer.asked.append(f"PUT {self.path}")
                if tokens == "lost":
                    done.wait(LIMIT_S)
                elif tokens == "none" or self.path != "/latest/api/token":
                    self.answer(405)
                elif self.headers["X-aws-ec2-metadata-token-ttl-seconds"] != "60":
                    self.answer(400)
                else:
                    self.answer(200, TOKEN.encode())

            def do_GET(self):
                outer.asked.append(f"GET {self.path}")
                value = values.get(self.path, (404, b"no such thing"))
                if is_google and self.headers["Metadata-Flavor"] != "Google":
                    self.answer(403)
                elif tokens == "must" and not is_google and self.headers["X-aws-ec2-metadata-token"] != TOKEN:
                    self.answer(401)
                else:
                    self.answer(*value) if isinstance(value, tuple) else self.answer(200, value)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((SERVER, 80), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._done.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def metadata():
    """metadata(values, ...) starts a server."""
    started = []
    run("ip", "addr", "add", f"{SERVER}/32", "dev", "lo")

    def start(*args, **kwargs):
        started.append(Metadata(*args, **kwargs))
        return started[-1]

    yield start
    for one in started:
        one.close()
    run("ip", "addr", "del", f"{SERVER}/32", "dev", "lo")


@pytest.fixture
def network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.close()


def echoes(ip, port):
    with socket.create_connection((ip, port), timeout=LIMIT_S) as client:
        client.sendall(b"hello")
        return client.recv(5) == b"hello"


NAMES = "/latest/meta-data/local-hostname"
USER = "/latest/user-data"
GOOGLE = "/computeMetadata/v1/instance"


@pytest.mark.parametrize("tokens", ["must", "may", "none", "lost"])
def test_user_data_of_EC2_are_options(network, metadata, tokens):
    """With its second version, which wants a token, and the first. Without a reply for the token there is none."""
    network.serve(CLOUDS["AWS"])
    server = metadata({NAMES: b"ip-172-31-16-5.ec2.internal", USER: b"# mine\nport = 7007\nstats\n[httpd]\nport = 80\n"}, tokens)
    echo = network.start(binary("echo"), *network.words, "--mac", MAC, "--metadata", "ec2")
    echo.wait_for(r"echo: 172\.31\.16\.5/20 on .*, port 7007", timeout=60)
    assert server.asked == ["PUT /latest/api/token", f"GET {NAMES}", f"GET {USER}"]
    assert echoes("172.31.16.5", 7007)
    assert echo.stop() == 0
    assert "the counters do not balance" not in echo.text and "rx_frames " in echo.text


def test_user_data_of_Google_are_options(network, metadata):
    network.serve(CLOUDS["Google"])
    server = metadata({f"{GOOGLE}/hostname": b"vm1.c.mine.internal", f"{GOOGLE}/attributes/user-data": b"port = 7007"},
                      is_google=True)
    echo = network.start(binary("echo"), *network.words, "--mac", MAC, "--metadata=gcp")
    echo.wait_for(r"echo: 10\.128\.0\.5/32 on .*, port 7007", timeout=60)
    assert server.asked == [f"GET {GOOGLE}/hostname", f"GET {GOOGLE}/attributes/user-data"]
    assert echoes("10.128.0.5", 7007)
    assert echo.stop() == 0


def test_the_command_line_wins(network, metadata, tmp_path):
    network.serve(CLOUDS["AWS"])
    metadata({USER: b"port = 7007\nidle = 10\nconnections-typo"})
    (tmp_path / "leat.conf").write_text("port = 9\n")
    echo = network.start(binary("echo"), *network.words, "--mac", MAC, "--metadata", "ec2:name", "--port", "7008")
    echo.wait_for(r", port 7008", timeout=60)  # the user data were not asked for
    assert echo.stop() == 0
    metadata_wins = network.start(binary("echo"), *network.words, "--mac", MAC, "--metadata", "ec2", "--port", "7008")
    metadata_wins.wait_for("echo: user data:3: connections-typo: there is no such option; see --help", timeout=60)
    assert metadata_wins.wait() == 2


def test_user_data_win_over_the_configuration_file(network, metadata, tmp_path):
    network.serve(CLOUDS["AWS"])
    metadata({USER: b"port = 7007"})
    path = tmp_path / "leat.conf"
    path.write_text(f"port = 9\nmetadata = ec2\nmac = {MAC}\n")
    echo = network.start(binary("echo"), *network.words, "--config", path)
    echo.wait_for(r", port 7007", timeout=60)
    echo.signal(1)  # SIGHUP: the user data stay
    echo.wait_for("SIGHUP: files read again")
    assert "need a new start" not in echo.text
    assert echoes("172.31.16.5", 7007)
    assert echo.stop() == 0


def test_the_host_name_is_in_messages(network, metadata):
    """It is longer than syslog allows, so its first part is."""
    network.serve(CLOUDS["AWS"])
    metadata({NAMES: b"ip-172-31-16-5.ap-southeast-1.compute.internal.example"})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
        log.settimeout(LIMIT_S)
        log.bind(("172.31.16.1", 5140))
        echo = network.start(binary("echo"), *network.words, "--mac", MAC, "--metadata", "ec2", "--syslog", "172.31.16.1:5140")
        echo.wait_for(", port 7", timeout=60)
        assert b" ip-172-31-16-5 echo " in log.recv(2000)
    assert echo.stop() == 0


def test_addresses_of_EC2_are_set(network, metadata):
    """All of the interface; the router and the name server are those of the lease."""
    network.serve(CLOUDS["AWS"])
    macs = f"/latest/meta-data/network/interfaces/macs/{MAC}"
    metadata({f"{macs}/local-ipv4s": b"172.31.16.5\n172.31.16.6", f"{macs}/subnet-ipv4-cidr-block": b"172.31.16.0/20"})
    echo = network.start(binary("echo"), *network.words, "--mac", MAC, "--metadata", "ec2:address", "--stats")
    echo.wait_for(r"echo: 172\.31\.16\.5/20 on .*, port 7", timeout=60)
    assert echoes("172.31.16.5", 7) and echoes("172.31.16.6", 7)
    with socket.create_connection(("172.31.16.6", 7), timeout=LIMIT_S, source_address=("192.0.2.1", 0)) as client:
        client.sendall(b"hello")
        assert client.recv(5) == b"hello"  # by the router
    assert echo.stop() == 0
    assert "the counters do not balance" not in echo.text


def test_the_address_of_Google_is_set(network, metadata):
    network.serve(CLOUDS["Google"])
    metadata({f"{GOOGLE}/network-interfaces/0/ip": b"10.128.0.5\n"}, is_google=True)
    echo = network.start(binary("echo"), *network.words, "--mac", MAC, "--metadata", "gcp:address,options")
    echo.wait_for(r"echo: 10\.128\.0\.5/32 on .*, port 7", timeout=60)
    with socket.create_connection(("10.128.0.5", 7), timeout=LIMIT_S, source_address=("192.0.2.1", 0)) as client:
        client.sendall(b"hello")
        assert client.recv(5) == b"hello"
    assert echo.stop() == 0


LONG = b"#" * 8193
MISTAKES = {
    "of a value": ({USER: b"port = x"}, {}, "user data:1: port = x: must be a number from 1 to 65535"),
    "too early": ({USER: b"stats\nmtu = 1000"}, {},
                  "user data:2: mtu: belongs on the command line, because metadata come by the network"),
    "misplaced": ({USER: b"metadata = gcp"}, {}, "user data:1: metadata: belongs on the command line"),
    "too long": ({USER: LONG}, {}, "--metadata ec2: user data have more than 8,192 bytes: give less"),
    "much too long": ({USER: LONG * 4}, {}, "--metadata ec2: 169.254.169.254, asked for /latest/user-data: "),
    "forbidden": ({USER: (403, b"")}, {}, "--metadata ec2: 169.254.169.254, asked for /latest/user-data, answers with status "
                  "403: may this machine read its metadata?"),
    "a name": ({NAMES: b"a#b"}, {}, "--metadata ec2: the metadata's host-name has a character that can't be there"),
    "another cloud": ({}, {"tokens": "may", "where": "gcp"},
                      "--metadata gcp: 169.254.169.254 is not Google's metadata server: say --metadata ec2, or none"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(network, metadata, name):
    values, how, line = MISTAKES[name]
    network.serve(CLOUDS["AWS"])
    metadata(values, how.get("tokens", "must"))
    echo = network.start(binary("echo"), *network.words, "--mac", MAC, "--metadata", how.get("where", "ec2"))
    echo.wait_for(f"echo: {re.escape(line)}", timeout=60)
    assert echo.wait() == 2
    assert len([one for one in echo.lines if "still trying" not in one]) == 1, echo.text


def test_nobody_answers(network):
    """The kernel resets the connection, as the address is its own, but no server is there."""
    network.serve(CLOUDS["AWS"])
    run("ip", "addr", "add", f"{SERVER}/32", "dev", "lo")
    try:
        echo = network.start(binary("echo"), *network.words, "--mac", MAC, "--metadata", "ec2")
        echo.wait_for(r"echo: --metadata ec2: 169\.254\.169\.254, asked for /latest/meta-data/local-hostname: .*; is this that "
                      "cloud, with its metadata server on", timeout=60)
        assert echo.wait() == 2
    finally:
        run("ip", "addr", "del", f"{SERVER}/32", "dev", "lo")


def test_it_can_be_ended_while_it_asks(network, metadata):
    network.serve(CLOUDS["AWS"])
    server = metadata({}, "lost")
    echo = network.start(binary("echo"), *network.words, "--mac", MAC, "--metadata", "ec2")
    while not server.asked:
        assert echo.running
    assert echo.stop() == 0
    assert "port 7" not in echo.text


def test_user_data_for_cloud_init_are_left_out(network, metadata):
    network.serve(CLOUDS["AWS"])
    metadata({USER: b"#cloud-config\nhostname: x\n"})
    echo = network.start(binary("echo"), *network.words, "--mac", MAC, "--metadata", "ec2")
    echo.wait_for("echo: user data are for cloud-init, and were left out: options are lines NAME = VALUE", timeout=60)
    echo.wait_for(", port 7")
    assert echo.stop() == 0


# ---- seed disks

NETWORK_2 = b"""network:
  version: 2
  ethernets:
    eth0:
      match: {}
""".replace(b"      match: {}\n", b"""      dhcp4: false
      addresses: [10.79.1.2/24, "fd79:1::2/64"]   # two
      nameservers:
        search: [example.org]
        addresses:
        - 10.79.1.1
      routes:
        - to: default
          via: 10.79.1.1
        - to: 10.0.0.0/8
          via: 10.79.1.9
    eth1:
      addresses: [10.79.9.2/24]
""")
NETWORK_1 = b"""version: 1
config:
    - type: physical
      name: eth0
      mac_address: '02:6c:65:61:63:6c'
      subnets:
      - type: static
        address: '10.79.1.2'
        netmask: '255.255.255.0'
        gateway: '10.79.1.1'
      - type: static6
        address: 'fd79:1::2/64'
    - type: nameserver
      address:
      - '10.79.1.1'
      search:
      - 'example.org'
"""


def check(*words):
    """--check-config of echo with these words; its status and its line."""
    done = subprocess.run([binary("echo"), "--check-config", *map(str, words)], capture_output=True, text=True, timeout=60,
                          check=False)
    assert len((done.stdout + done.stderr).splitlines()) == 1, done
    return done.returncode, (done.stdout + done.stderr).strip()


def seed_words(path, what=""):
    os.chmod(path, 0o644)
    return ["--metadata", f"nocloud{what}", "--metadata-disk", path]


@pytest.mark.parametrize("version", [NETWORK_1, NETWORK_2], ids=["1", "2"])
@pytest.mark.parametrize("kind", seeds.MAKERS)
def test_a_seed_has_addresses_a_name_and_options(tmp_path, kind, version):
    run("ip", "tuntap", "add", "seed0", "mode", "tap")
    try:
        run("ip", "addr", "add", "10.79.1.1/24", "dev", "seed0")
        run("ip", "link", "set", "seed0", "up")
        path = seeds.make(tmp_path, kind, {"user-data": b"port = 7007\n", "network-config": version})
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
            log.settimeout(LIMIT_S)
            log.bind(("10.79.1.1", 5140))
            echo = subprocess.Popen([binary("echo"), "--tap", "seed0", "--syslog", "10.79.1.1:5140", *seed_words(path)],
                                    stdout=subprocess.PIPE, text=True)
            try:
                assert re.match(r"echo: 10\.79\.1\.2/24 on seed0, MTU 1500, port 7007", echo.stdout.readline())
                assert b" vm1 echo " in log.recv(2000)
                assert echoes("10.79.1.2", 7007)
            finally:
                echo.terminate()
                assert echo.wait(60) == 0
    finally:
        run("ip", "link", "del", "seed0")


@pytest.mark.parametrize("kind", seeds.MAKERS)
def test_a_seed_among_many_files(tmp_path, kind):
    """Their folder has more than one sector, and than one cluster."""
    path = seeds.make(tmp_path, kind, {"user-data": b"#" * 8000 + b"\nport = x"}, others=40)
    assert check(*seed_words(path, ":options")) == (2, "echo: user data:2: port = x: must be a number from 1 to 65535")


@pytest.mark.parametrize("kind", ["xorriso", "FAT16"])
def test_a_disk_that_is_no_seed(tmp_path, kind):
    path = seeds.make(tmp_path, kind, {}, label="other")
    status, line = check(*seed_words(path))
    assert status == 2 and line == (f'echo: --metadata nocloud: {path} has no volume "cidata" of vfat or ISO 9660: make one '
                                    "with genisoimage -V cidata -J -r")


SEED_MISTAKES = {
    "user data": ({"user-data": b"port 7"}, "user data:1: must be NAME = VALUE"),
    "too long": ({"user-data": b"#" * 8193}, "--metadata nocloud: user-data: it has more than 8,192 bytes: give less"),
    "an address": ({"network-config": b"ethernets:\n  a:\n    addresses: [10.0.0.2]"},
                   "metadata:2: ip = 10.0.0.2: give the length of its prefix too"),
    "tabs": ({"network-config": b"ethernets:\n\ta: b"},
             "--metadata nocloud: network-config:2: spaces must indent it, no tabs"),
    "a mapping": ({"network-config": b"ethernets: {a: b}"},
                  "--metadata nocloud: network-config:1: only mappings, lists and words are read, and no {...}, | or &"),
    "a list": ({"network-config": b"ethernets:\n  a:\n    addresses: [10.0.0.2/24,\n"},
               "--metadata nocloud: network-config:3: a list must end with ] in its line"),
    "a netmask": ({"network-config": b"config:\n- subnets:\n  - address: 10.0.0.2\n    netmask: 255.0.255.0"},
                  "--metadata nocloud: the metadata's netmask 255.0.255.0 can't be"),
}


@pytest.mark.parametrize("name", SEED_MISTAKES)
def test_a_mistake_in_a_seed_is_one_line(tmp_path, name):
    files, line = SEED_MISTAKES[name]
    status, found = check(*seed_words(seeds.make(tmp_path, "xorriso", files)))
    assert status == 2 and found.startswith(f"echo: {line}"), found


def test_options_that_a_seed_needs(tmp_path):
    status, line = check("--metadata", "nocloud")
    assert status == 2 and line == "echo: --metadata nocloud needs --metadata-disk; see --help"
    status, line = check("--metadata", "nocloud", "--metadata-disk", tmp_path / "none")
    assert status == 2 and line.endswith("No such file or directory")
    status, line = check("--metadata", "azure")
    assert status == 2 and line == ("echo: --metadata azure: must be ec2, gcp, nocloud or none, and perhaps what is taken, as "
                                    "ec2:name,options; see --help")
    assert check("--metadata", "none")[0] in (0, 2)
    status, line = check("--host-name", "a b")
    assert status == 2 and line == "echo: --host-name a b: must be letters, digits, - and ., 48 characters at most; see --help"
