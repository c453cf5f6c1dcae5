"""dig against the dns example with its built-in zone."""

import pytest

from conftest import LIMIT_S, run

ZONE = "example.com"


@pytest.fixture
def dig(leat):
    server = leat("dns")

    def ask(*words):
        return run("dig", "+norecurse", "+tries=1", f"+timeout={LIMIT_S}", f"@{server.ip}", *words, check=False).decode()

    ask.server = server
    return ask


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize("kind", ["SOA", "NS"])
def test_the_zone_itself(dig, transport, kind):
    text = dig(transport, ZONE, kind)
    assert "status: NOERROR" in text and " aa" in text, text
    assert f"IN\t{kind}" in text, text


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_address(dig, transport):
    text = dig(transport, f"www.{ZONE}", "A")
    assert "status: NOERROR" in text and "IN\tA\t" in text, text


def test_no_such_name(dig):
    text = dig(f"no-such-name.{ZONE}", "A")
    assert "status: NXDOMAIN" in text and "SOA" in text, text


def test_a_name_of_others(dig):
    assert "status: REFUSED" in dig("www.example.org", "A")


def test_edns_is_answered(dig):
    assert "EDNS: version: 0" in dig("+bufsize=1232", f"www.{ZONE}", "A")


def test_letter_case_of_the_question_comes_back(dig):
    """0x20: the reply keeps the case, by which a resolver detects forgeries."""
    assert "wWw.ExAmPlE.cOm." in dig("wWw.ExAmPlE.cOm", "A")


def test_many_questions_on_one_connection(dig):
    names = [word for _ in range(20) for word in (f"www.{ZONE}", "A")]
    text = dig("+tcp", "+keepopen", *names)
    assert text.count("status: NOERROR") == 20
    assert dig.server.stop()["tcp_opened_passive"] == 1
