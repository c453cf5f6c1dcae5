"""The numbers of sieve, in its page and in JSON, with all of clients or less."""

import ipaddress
import json

import pytest

from conftest import Process, binary
from test_sieve import curl, dig


@pytest.mark.parametrize("word,client", [(None, "whole"), ("statistics=whole", "whole"), ("statistics=network", "network"),
                                         ("statistics=none", "none")])
def test_statistics_in_json(leat, tmp_path, word, client):
    """The word stands in a configuration file."""
    conf = tmp_path / "conf"
    (tmp_path / "list").write_text("ads.plain.test\n")
    conf.write_text("".join(f"argument = {each}\n" for each in (tmp_path / "list", "host=nas.test=192.168.1.9", word) if each))
    program = leat("sieve", options=["--config", conf])
    for name in ("ads.plain.test", "ADS.plain.test", r'\"x.ads.plain.test', "nas.test"):
        dig(program, name)
    shown = json.loads(curl(f"http://{program.ip}/sieve.json"))
    assert (shown["questions"], shown["blocked"], shown["clients_are"]) == (4, 3, client)
    assert [(hour["questions"], hour["blocked"]) for hour in shown["hours"]] == [(4, 3)] or len(shown["hours"]) == 2
    peer = ipaddress.ip_address(program.peer)
    network = ipaddress.ip_network(f"{peer}/{24 if peer.version == 4 else 56}", strict=False).network_address
    assert [(row["client"], row["blocked"]) for row in shown["clients"]] == {
        "whole": [(str(peer), 3)], "network": [(str(network), 3)], "none": []}[client]
    assert [(row["name"], row["blocked"]) for row in shown["names"]] == (
        [] if client == "none" else [("ads.plain.test.", 2), (r'\"x.ads.plain.test.', 1)])
    assert "all_runs" not in shown
    latest = [("nas.test.", "local"), ('"x.ads.plain.test.', "blocked"), ("ADS.plain.test.", "blocked"), ("ads.plain.test.", "blocked")]
    assert [(row["name"], row["type"], row["how"], row["client"]) for row in shown["latest"]] == (
        [] if client == "none" else [(name, "A", how, str(peer if client == "whole" else network)) for name, how in latest])
    page = curl(f"http://{program.ip}/sieve")
    assert ("<h2>Latest questions (UTC)</h2>" in page) == (client != "none")
    assert "<h2>Hours (UTC)</h2>" in page and (str(peer) in page) == (client == "whole")


def test_the_latest_questions_are_kept(leat, tmp_path):
    """64 of them, beside the log."""
    (tmp_path / "list").write_text("ads.plain.test\n")
    log = tmp_path / "log"
    program = leat("sieve", options=["--access-log", log], arguments=[tmp_path / "list"])
    for number in range(70):
        dig(program, f"n{number}.ads.plain.test")
    shown = json.loads(curl(f"http://{program.ip}/sieve.json"))["latest"]
    assert [row["name"] for row in shown] == [f"n{number}.ads.plain.test." for number in range(69, 5, -1)]
    assert {row["rcode"] for row in shown} == {"NXDOMAIN"} and all(row["time"] for row in shown)
    assert log.read_text().count("blocked") == 70
    assert curl(f"http://{program.ip}/sieve").count("<td>blocked<td>") >= 60


@pytest.mark.parametrize("check", [[], ["--check-config"]])
def test_statistics_of_another_kind_are_refused(check):
    child = Process(binary("sieve"), "--tap", "odd7", "--create", "--ip", "10.9.7.2/24", "--server", "10.9.7.1", *check, "statistics=some")
    assert child.wait() == 2
    assert "statistics= has whole, network or none" in child.text
