"""--dashboard: every example shows its stack to curl, and to a browser with a phone's and a desktop's screen."""

import re
import socket

import pytest
from chromium import Chromium
from conftest import run, until

PORT = 8080
NAMES = ("Frames received", "Frames sent", "TCP segments sent again", "Packets dropped", "TCP connections",
         "Round-trip time", "Congestion window", "Buffers in use")


@pytest.fixture
def board(leat):
    program = leat("echo", ["--dashboard", PORT])
    program.url = f"http://{program.ip}:{PORT}/"
    return program


@pytest.fixture
def browser(board):
    chromium = Chromium()
    yield chromium
    chromium.stop()


def curl(*words):
    return run("curl", "-sS", "--max-time", 20, *words).decode()


def values(page):
    """{name of a plot: its current value}"""
    return {name: int(value) for name, value in re.findall(r"<span>([^<]+)</span><b>(\d+) ", page)}


def bright_text(browser):
    red, green, blue = map(int, re.findall(r"\d+", browser.value("getComputedStyle(document.body).color"))[:3])
    return red + green + blue > 3 * 128


def test_the_page_beside_the_programs_own(board):
    with socket.create_connection((board.ip, 7), timeout=10) as conn:
        conn.sendall(b"x" * 1000)
        assert conn.recv(1000)
        ours = f"{conn.getsockname()[0]}:{conn.getsockname()[1]}<td>7<td>ESTABLISHED"
        until(lambda: values(curl(board.url))["TCP connections"] >= 1)
        page = curl(board.url)
        assert tuple(values(page)) == NAMES
        assert page.count(ours) == 1
        assert 'leat_tcp_opened_passive_total' in curl(board.url + "metrics")
    assert curl("-o", "/dev/null", "-w", "%{http_code}", board.url + "other") == "404"
    until(lambda: ours not in curl(board.url))
    board.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width,height,is_phone,columns", [(390, 844, True, 1), (1280, 900, False, 4)])
def test_in_a_browser(board, browser, width, height, is_phone, columns, scheme):
    browser.look_like(width, height, scheme, is_phone)
    browser.open(board.url)
    assert browser.complaints == []
    assert browser.value("document.title") == "echo"
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    assert browser.value("getComputedStyle(document.querySelector('main')).gridTemplateColumns.split(' ').length") \
        == columns
    boxes = browser.value("[...document.querySelectorAll('svg')].map(s => s.getBoundingClientRect().width)")
    assert len(boxes) == len(NAMES) and min(boxes) > 200
    assert bright_text(browser) == (scheme == "dark")


def test_it_loads_itself_again(board, browser):
    browser.look_like(1280, 900, "light")
    browser.open(board.url)
    up_for = "document.querySelector('p')?.textContent ?? ''"  # None while the next page loads
    first = browser.value(up_for)
    until(lambda: browser.value(up_for) not in (None, "", first))
    board.stop()
