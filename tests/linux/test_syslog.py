"""--syslog: an example's lines reach rsyslogd, by UDP and by TCP, as soon as it is there."""

import datetime
import re
import socket

import pytest

from conftest import Process, run, until

SERVER = "192.0.2.53"
CONFIG = """
module(load="imudp")
module(load="imtcp")
input(type="imudp" address="{server}" port="514")
input(type="imtcp" address="{server}" port="601")
template(name="fields" type="string"
    string="%pri%|%protocol-version%|%timereported:::date-rfc3339%|%hostname%|%app-name%|%msg%\\n")
action(type="omfile" file="{log}" template="fields")
"""


class Rsyslog(Process):
    def __init__(self, folder):
        self.log = folder / "log"
        config = folder / "conf"
        config.write_text(CONFIG.format(log=self.log, server=SERVER), encoding="ascii")
        super().__init__("rsyslogd", "-n", "-f", config, "-i", folder / "pid")
        until(self.listens)

    @staticmethod
    def listens():
        try:
            socket.create_connection((SERVER, 601), timeout=1).close()
        except OSError:
            return False
        return True

    def logged(self):
        text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        return [line.split("|") for line in text.splitlines() if "rsyslogd" not in line]


@pytest.fixture
def place():
    run("ip", "addr", "add", f"{SERVER}/32", "dev", "lo")
    yield SERVER
    run("ip", "addr", "del", f"{SERVER}/32", "dev", "lo")


@pytest.mark.parametrize("where", [f"{SERVER}:514", f"tcp:{SERVER}:601"])
def test_lines_come_whole_and_dated(leat, place, tmp_path, where):
    server = Rsyslog(tmp_path)
    echo = leat("echo", ["--syslog", where, "--verbose"])
    until(lambda: len(server.logged()) >= 2)
    first, second = server.logged()
    for pri, version, time, _, app, _ in (first, second):
        assert (pri, version, app) == ("30", "1", "echo")
        assert re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", time)
    assert first[5].strip() == f"echo: {echo.ip}/24 on {echo.device}, MTU 1500, port 7"
    assert " buffers of " in second[5]
    echo.stop()
    server.kill()


@pytest.mark.parametrize("name", ["echo", "httpd"])
def test_no_line_has_a_wrong_time(leat, place, name):
    """The first line may have no timestamp, because it is written before the first poll."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((SERVER, 514))
        server.settimeout(20)
        began = datetime.datetime.now(datetime.timezone.utc)
        program = leat(name, ["--syslog", f"{SERVER}:514"])
        said = server.recv(2048).decode().split()[1]
        if said != "-":
            at = datetime.datetime.strptime(said, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
            assert datetime.timedelta(seconds=-1) < at - began < datetime.timedelta(seconds=60), said
    program.stop()


def test_by_tcp_lines_wait_for_the_server(leat, place, tmp_path):
    echo = leat("echo", ["--syslog", f"tcp:{SERVER}:601"])
    server = Rsyslog(tmp_path)
    until(lambda: server.logged(), timeout=20)
    assert server.logged()[0][5].strip().startswith(f"echo: {echo.ip}/24")
    echo.stop()
    server.kill()
