"""A server of Debian's, with picolibc, as an image: Mosquitto, with Debian's clients."""

import io
import subprocess
import tarfile

from conftest import free_port

CLIENT_S = 240
CONFIGURATION = b"listener 1883 0.0.0.0\nallow_anonymous true\nlog_dest stdout\n"
BIG = bytes(range(256)) * 400


def archive(path, name, data):
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return str(path)


def client(name, port, *words, given=None):
    """Runs mosquitto_pub or mosquitto_sub; returns its output."""
    command = [f"mosquitto_{name}", "-h", "127.0.0.1", "-p", str(port), *words]
    return subprocess.run(command, input=given, capture_output=True, timeout=CLIENT_S, check=True).stdout


def test_mosquitto_serves(guest, tmp_path):
    files = archive(tmp_path / "files.tar", "mosquitto.conf", CONFIGURATION)
    port = free_port()
    network = f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:1883"
    broker = guest("mosquitto", None, network, memory=128, extra=["-initrd", files], seconds=600)
    broker.wait_for(r"\d+: mosquitto version \S+ running", CLIENT_S)
    # a message that the broker keeps, and one of many packets
    client("pub", port, "-t", "kept/a", "-r", "-m", "hello")
    assert client("sub", port, "-t", "kept/#", "-C", "1", "-v") == b"kept/a hello\n"
    client("pub", port, "-t", "big", "-r", "-q", "1", "-s", given=BIG)
    assert client("sub", port, "-t", "big", "-C", "1", "-N") == BIG
    # one subscriber, ten publishers
    command = ["stdbuf", "-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-t", "many/#", "-C", "10", "-q", "1", "-i", "reader",
               "-d"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        broker.wait_for(r"\d+: New client connected from .* as reader .*", CLIENT_S)
        assert any("SUBACK" in line for line in reader.stdout)
        for i in range(10):
            client("pub", port, "-t", f"many/{i}", "-q", "1", "-m", f"number {i}")
        said = reader.communicate(timeout=CLIENT_S)[0]
    assert [line for line in said.splitlines() if line.startswith("number")] == [f"number {i}" for i in range(10)]
    broker.stop()  # Mosquitto's handler of SIGTERM
    broker.wait_for(r"\d+: mosquitto version \S+ terminating")
