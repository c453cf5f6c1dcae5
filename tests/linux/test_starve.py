"""Attackers beside a well-behaved client that comes again and again: no client starves. These runs are short, with
small tables; tools/starve measures servers in their default settings, for minutes."""

import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import Process, binary, run, until

ELSEWHERE = 254  # the router to the attackers' addresses, outside of our networks
PATIENCE_S = 20  # of a client: the machine may be busy, while starvation lasts as long as the attack


def honest(server, name, count, *more):
    """How many of so many clients were served, and their marks."""
    said = run(binary("honest"), name, server.ip, "--count", count, "--limit", PATIENCE_S, "--interval",
               1, *more, timeout=(count + 1) * PATIENCE_S + 20).decode()
    return int(re.search(r"served (\d+)", said)[1]), said


class Attacker(Process):
    """An attack on an example of leat."""

    def __init__(self, play, name, server, *more):
        super().__init__(binary("attacker"), play, name, "--device", server.device, "--server", server.ip,
                         "--gateway", server.gateway, "--seconds", 300, "--after", 300, *more)
        self.wait_for("attacking")

    def over(self, seconds=0):
        """Lets it go on for so long and ends it; its addresses still answer."""
        until(lambda: not self.running, seconds)
        self._child.send_signal(signal.SIGTERM)
        self.wait_for("^frames_received")
        return {name: int(value) for name, value in re.findall(r"^(\w+) +(\d+)$", self.text, re.M)}


@pytest.fixture
def attacker():
    started = []

    def start(*args):
        started.append(Attacker(*args))
        return started[-1]

    yield start
    for program in started:
        program.kill()


@pytest.mark.parametrize("name", ["httpd", "echo", "dns", "chargen"])
def test_an_honest_client_is_served_without_an_attack(leat, name):
    server = leat(name)
    served, said = honest(server, name, 3, "--interval", 0.01, "--limit", PATIENCE_S)
    assert served == 3, said


@pytest.mark.parametrize("play,frames", [("Q1", 100), ("Q2", 8), ("Q3", 20), ("Q4", 8), ("Q5", 8), ("Q6", 8)])
def test_an_attacker_opens_connections_and_sends_its_data(leat, attacker, tmp_path, play, frames):
    """Eight connections, each from an address of its own, which are all open at the end."""
    (tmp_path / "large").write_bytes(bytes(1 << 20))
    server = leat("httpd", gateway=ELSEWHERE, arguments=[tmp_path / "large"])
    counts = attacker(play, "httpd", server, "--addresses", 8, "--connections", 8).over(3)
    assert counts["opened"] >= 8 and counts["frames_sent"] >= 8 + frames, counts
    assert server.stop()["tcp_opened_passive"] == counts["opened"]


@pytest.mark.parametrize("words", [
    ["attacker"], ["attacker", "Q9", "httpd"], ["attacker", "Q1", "nobody"],
    ["attacker", "Q1", "httpd", "--rate", "0"], ["attacker", "Q1", "httpd", "--server", "x"],
    ["honest"], ["honest", "nobody", "10.0.0.2"], ["honest", "echo", "x"],
    ["honest", "echo", "10.0.0.2", "--count", "0"], ["plain", "httpd"],
], ids=" ".join)  # fmt: skip
def test_a_wrong_command_line_gets_a_line_and_status_2(words):
    more = ["--device", "lo", "--server", "10.0.0.2", "--gateway", "10.0.0.1"] if words[1:2] in (["Q9"], ["Q1"]) else []
    done = subprocess.run([binary(words[0]), *words[1:], *more], capture_output=True, text=True, timeout=20,
                          check=False)  # fmt: skip
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1, done


# ---- The threats of docs/security.md -------------------------------------------------------------

SMALL = ["--buffers", 512, "--connections", 128]
LEAD_S = 3  # duration of an attack before the first client comes
CLIENTS = 3


def answer_good(ip, stop):
    """The upstream server of a forwarder: it answers names that begin with "good", and no others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind((ip, 53))
        wire.settimeout(0.2)
        while not stop.is_set():
            try:
                query, peer = wire.recvfrom(2048)
            except TimeoutError:
                continue
            if query[13:17].lower() == b"good":
                end = query.index(b"\0", 12) + 5
                wire.sendto(query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:end] +
                            b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1", peer)


@pytest.fixture
def upstream():
    """upstream(ip) starts such a server there."""
    stop, threads = threading.Event(), []

    def start(ip):
        threads.append(threading.Thread(target=answer_good, args=(ip, stop)))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()


@pytest.fixture
def besieged(leat, attacker, upstream, tmp_path):
    """besieged(play, name, addresses, ...): every client is served, during the attack and after it."""
    (tmp_path / "large").write_bytes(bytes(1 << 20))

    def hold(play, name, addresses, options=SMALL, lead_s=LEAD_S):
        server = leat(name, gateway=ELSEWHERE, options=options,
                      arguments=[tmp_path / "large"] if name == "httpd" else [])
        if "PEER" in options:
            upstream(f"{server.net}.1")
        attack = attacker(play, name, server, "--addresses", addresses)
        time.sleep(lead_s)
        during, said = honest(server, name, CLIENTS)
        attack.over()
        after, said_after = honest(server, name, CLIENTS)
        assert (during, after) == (CLIENTS, CLIENTS), said + said_after + attack.text

    return hold


@pytest.mark.parametrize("name,addresses", [("dns", 1), ("dns", 8)])
def test_threat_Q1_data_out_of_order_starves_no_client(besieged, name, addresses):
    """One byte a segment, and a hole that is never filled."""
    besieged("Q1", name, addresses)


@pytest.mark.parametrize("name,addresses", [("echo", 1), ("echo", 8)])
def test_threat_Q2_a_shut_window_that_is_answered_for_starves_no_client(besieged, name, addresses):
    besieged("Q2", name, addresses)


@pytest.mark.parametrize("name,addresses", [("httpd", 1), ("dns", 8)])
def test_threat_Q3_pipelines_behind_a_shut_window_starve_no_client(besieged, name, addresses):
    besieged("Q3", name, addresses)


@pytest.mark.parametrize("name,addresses", [("chargen", 1), ("httpd", 8)])
def test_threat_Q4_many_slow_readers_starve_no_client(besieged, name, addresses):
    besieged("Q4", name, addresses)


@pytest.mark.parametrize("name,addresses", [("httpd", 1), ("chargen", 8)])
def test_threat_Q5_silence_starves_no_client(besieged, name, addresses):
    besieged("Q5", name, addresses)


def test_threat_Q5_peers_without_acknowledgments_leave_records_free(besieged):
    """Ten segments for each of a thousand connections are more than there are records."""
    besieged("Q5", "chargen", 8, options=[], lead_s=8)


@pytest.mark.parametrize("name,play,addresses", [("resolver", "Q14-20", 1), ("sieve", "Q14-200", 8)])
def test_threat_Q14_unanswered_questions_starve_no_client(besieged, name, play, addresses):
    """There are 64 sockets; an unanswered question uses one for 14 s."""
    besieged(play, name, addresses, options=["--server", "PEER"], lead_s=5)


@pytest.mark.parametrize("name,addresses", [("resolver", 1), ("dns", 8)])
def test_threat_Q18_slow_connections_starve_no_client(besieged, name, addresses):
    besieged("Q18", name, addresses, options=["--server", "PEER"] if name == "resolver" else [])


@pytest.mark.parametrize("name,addresses", [("echo", 1), ("httpd", 8)])
def test_threat_Q6_idle_peers_lock_no_client_out(besieged, name, addresses):
    besieged("Q6", name, addresses)
