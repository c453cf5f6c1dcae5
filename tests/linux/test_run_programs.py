"""leat-run: well-known clients and servers of other projects, unmodified."""

import json
import os
import shutil
import socket
import subprocess

import pytest

from conftest import Process, run, until
from leat_run import OURS, PEER, Handler, device, ours, web  # noqa: F401  (fixtures, too)
from patience import LIMIT_S, PATIENCE


def need(*programs):
    """Skips a test whose program is not installed."""
    for program in programs:
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            pytest.skip(f"{program} is not installed")


def answers(host, port):
    """True if a server listens."""
    try:
        socket.create_connection((host, port), LIMIT_S).close()
    except OSError:
        return False
    return True


def by_kernel(*command, timeout=60, status=0):
    """Runs a program with the kernel's sockets; returns its output."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=PATIENCE * timeout, check=False)  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


# ---- FTP ----------------------------------------------------------------------------------------------------------------


def ftp_words(folder, address):
    """The words of a server of FTP; its files are in the folder."""
    root = folder / "ftp"
    root.mkdir()
    (root / "up").mkdir()
    (root / "up").chmod(0o777)
    (root / "file").write_bytes(Handler.body)
    (folder / "vsftpd.conf").write_text(
        f"listen=YES\nlisten_address={address}\nlisten_port=2121\nanonymous_enable=YES\nanon_root={root}\nno_anon_password=YES\n"
        f"write_enable=YES\nanon_upload_enable=YES\nanon_umask=022\nbackground=NO\nsecure_chroot_dir={root}\nseccomp_sandbox=NO\n"
        f"connect_from_port_20=NO\npasv_address={address}\nisolate_network=NO\n", encoding="ascii")  # fmt: skip
    return ["vsftpd", folder / "vsftpd.conf"]


@pytest.mark.parametrize("mode", [["--ftp-pasv"], ["--disable-epsv"], ["--ftp-port", "-"]], ids=["epsv", "pasv", "active"])
def test_curl_gets_and_puts_by_ftp(ours, folder, mode):  # noqa: F811
    need("curl", "vsftpd")
    server = Process(*ftp_words(folder, PEER))
    assert until(lambda: answers(PEER, 2121)), server.text
    status, text = ours("curl", "-sS", *mode, "-o", folder / "got", f"ftp://{PEER}:2121/file")
    assert status == 0, text
    assert (folder / "got").read_bytes() == Handler.body
    status, text = ours("curl", "-sS", *mode, "-T", folder / "got", f"ftp://{PEER}:2121/up/there")
    assert status == 0, text
    assert (folder / "ftp/up/there").read_bytes() == Handler.body
    server.stop()


def test_vsftpd_serves_two_sessions_at_once(ours, folder):  # noqa: F811
    need("curl", "vsftpd")
    server = ours.begin(*ftp_words(folder, OURS))
    assert until(lambda: answers(OURS, 2121)), server.text
    clients = [subprocess.Popen(["curl", "-sS", mode, "-o", folder / f"got{i}", f"ftp://{OURS}:2121/file"])
               for i, mode in enumerate(("--ftp-pasv", "--disable-epsv"))]  # fmt: skip
    for i, client in enumerate(clients):
        assert client.wait(PATIENCE * 60) == 0
        assert (folder / f"got{i}").read_bytes() == Handler.body


# ---- HTTP ---------------------------------------------------------------------------------------------------------------


def test_curl_gets_a_hundred_at_once(ours, web, folder):  # noqa: F811
    need("curl")
    url = f"http://{PEER}:{web()}/[1-100]"
    status, text = ours("curl", "-sS", "--parallel", "--parallel-max", "100", "-o", f"{folder}/#1", url)
    assert status == 0, text
    assert all((folder / str(i)).read_text() == f"/{i}" for i in range(1, 101))


NGINX = """
    daemon off; worker_processes 1; user root; pid {0}/pid; error_log {0}/error.log; worker_rlimit_nofile 8192;
    events {{ worker_connections 4096; }}
    http {{ access_log off; sendfile on; client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f;
            uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
            upstream behind {{ server {1}; keepalive 8; }}
            server {{ listen 8080 backlog=2000; root {0};
                      location /by/ {{ proxy_pass http://behind/; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
    """


@pytest.fixture
def nginx(ours, web, folder):  # noqa: F811
    """nginx, which passes /by/ on to a server of the kernel's side."""
    need("nginx")
    (folder / "index.html").write_text("from nginx\n", encoding="ascii")
    (folder / "nginx.conf").write_text(NGINX.format(folder, f"{PEER}:{web()}"), encoding="ascii")
    ours.words[1:1] = ["--connections", "4096"]
    server = ours.begin("nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log")
    assert until(lambda: answers(OURS, 8080)), server.text
    yield server
    assert "[alert]" not in (folder / "error.log").read_text(encoding="utf-8")


def test_nginx_passes_requests_on(nginx, folder):
    need("curl")
    assert by_kernel("curl", "-sS", "--parallel", f"http://{OURS}:8080/by/[1-50]").count("/") == 50
    by_kernel("curl", "-sS", "-o", folder / "got", f"http://{OURS}:8080/by/big")
    assert (folder / "got").read_bytes() == Handler.body
    assert nginx.text == ""


def test_nginx_serves_a_thousand_connections(nginx):
    need("wrk")
    text = by_kernel("wrk", "-t", 2, "-c", 1000, "-d", 5, "--timeout", LIMIT_S, f"http://{OURS}:8080/")
    assert "Socket errors" not in text and "Non-2xx" not in text and " requests in " in text, text
    assert nginx.text == ""


NODE = """
const http = require("http");
const server = http.createServer((request, response) => { request.pipe(response); });
server.listen(0, "127.0.0.1", () => {
    let left = 50;
    for (let i = 0; i < 50; i++) {
        const sent = String(i).repeat(10000);
        const request = http.request({port: server.address().port, method: "POST", agent: false}, (response) => {
            let got = "";
            response.on("data", (data) => { got += data; });
            response.on("end", () => {
                if (got !== sent) process.exit(3);
                if (--left === 0) { server.close(); console.log("good"); }
            });
        });
        request.end(sent);
    }
});
"""


def test_node_serves_and_asks(ours):  # noqa: F811
    need("node")
    assert ours("node", "-e", NODE) == (0, "good\n")


# ---- others -------------------------------------------------------------------------------------------------------------


def test_redis_passes_its_benchmark(ours, folder):  # noqa: F811
    need("redis-server", "redis-benchmark", "redis-cli")
    server = ours.begin("redis-server", "--port", 6379, "--save", "", "--dir", folder, "--protected-mode", "no")
    assert until(lambda: answers(OURS, 6379)), server.text
    text = by_kernel("redis-benchmark", "-h", OURS, "-t", "set,get,lrange_100", "-n", 5000, "-c", 50, "-P", 4, "-q", "--csv")
    assert '"SET"' in text and '"GET"' in text and "Error" not in text, text
    assert by_kernel("redis-cli", "-h", OURS, "set", "key", "value") == "OK\n"
    assert by_kernel("redis-cli", "-h", OURS, "get", "key") == "value\n"
    by_kernel("redis-cli", "-h", OURS, "shutdown", "nosave")
    server.wait()


def test_redis_cli_asks_by_leat(ours, folder):  # noqa: F811
    need("redis-server", "redis-cli")
    server = Process("redis-server", "--port", 6379, "--save", "", "--dir", folder, "--protected-mode", "no")
    assert until(lambda: answers(PEER, 6379)), server.text
    assert ours("redis-cli", "-h", PEER, "set", "key", "value") == (0, "OK\n")
    assert ours("redis-cli", "-h", PEER, "get", "key") == (0, "value\n")
    server.stop()


IPERF3 = [[], ["--reverse"], ["--bidir"], ["--parallel", "8"], ["--udp", "--bitrate", "5M"]]


def iperf3_bytes(text):
    """The bytes that the receiver got, as its report says."""
    end = json.loads(text)["end"]
    return (end.get("sum_received") or end["sum"])["bytes"]


@pytest.mark.parametrize("words", IPERF3, ids=[" ".join(words) or "forward" for words in IPERF3])
def test_iperf3_measures_in_both_roles(ours, words):  # noqa: F811
    need("iperf3")
    client = ["iperf3", "--client", None, "--time", 2, "--json", *words]
    server = ours.begin("iperf3", "--server", "--one-off", "--forceflush")
    server.wait_for("Server listening")
    client[2] = OURS
    assert iperf3_bytes(by_kernel(*client)) > 100_000
    server.wait()
    server = Process("iperf3", "--server", "--one-off", "--forceflush")
    server.wait_for("Server listening")
    client[2] = PEER
    status, text = ours(*client)
    assert status == 0, text
    assert iperf3_bytes(text) > 100_000
    server.wait()


@pytest.fixture
def sshd(folder):
    """sshd on the kernel's side; yields the words of a client."""
    need("ssh", "scp", "sshd", "ssh-keygen")
    for name in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name)
    (folder / "authorized").write_bytes((folder / "user.pub").read_bytes())
    os.makedirs("/run/sshd", exist_ok=True)
    (folder / "sshd_config").write_text(
        f"ListenAddress {PEER}:2222\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        f"PermitRootLogin yes\nPidFile {folder}/pid\nSubsystem sftp internal-sftp\n", encoding="ascii")  # fmt: skip
    server = Process(shutil.which("sshd", path="/usr/sbin:/usr/bin"), "-D", "-e", "-f", folder / "sshd_config")
    assert until(lambda: answers(PEER, 2222)), server.text
    yield ["-i", folder / "user", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    server.stop()


def test_ssh_and_scp_reach_a_host(ours, sshd, folder):  # noqa: F811
    if os.getuid() != 0:
        pytest.skip("sshd needs root")
    (folder / "file").write_bytes(Handler.body)
    assert ours("ssh", *sshd, "-p", "2222", f"root@{PEER}", "echo there") == (0, "there\n")
    status, text = ours("ssh", *sshd, "-p", "2222", f"root@{PEER}", "exit 5")
    assert status == 5, text
    status, text = ours("scp", *sshd, "-P", "2222", folder / "file", f"root@{PEER}:{folder}/copied")
    assert status == 0, text
    assert (folder / "copied").read_bytes() == Handler.body
