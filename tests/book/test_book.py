"""The book: its listings are those of the tree, its commands work as printed, and the names in its tables exist.

A mark stands in front of a block: <!-- listing: FILE --> is text of that file; <!-- run --> is commands after "$ ",
each with its output; "..." stands for any text. A command that ends with " &" is a server, and has started when it
prints its port. The commands run in a namespace with leat0 and a dnsmasq at 10.0.0.1.
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

SOURCE = pathlib.Path(os.environ["LEAT_SOURCE"])
BUILD = pathlib.Path(os.environ["LEAT_BUILD"])
PAGES = sorted((SOURCE / "docs/book").glob("*.md"))
BLOCK = re.compile(r"^<!-- (listing: (?P<file>\S+)|run) -->\n```\w*\n(?P<text>.*?)^```$", re.M | re.S)
WAIT_S = 60

sys.path.insert(0, str(SOURCE / "tests/linux"))
from conftest import Process, make_tap, run  # noqa: E402


def blocks(listings):
    """(page:line, file or None, text) of all marked blocks of a kind."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            if bool(found["file"]) == listings:
                yield pytest.param(found["file"], found["text"], id=f"{page.name}:{text.count(chr(10), 0, found.start()) + 1}")


@pytest.mark.parametrize("file,text", blocks(True))
def test_a_listing_is_in_its_file(file, text):
    assert text in (SOURCE / file).read_text(encoding="utf-8")


def commands_of(text):
    """(command, lines of output) of a block."""
    commands = []
    for line in text.replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            commands[-1][1].append(line)
    return commands


class Shell:
    """A bash in a working folder with links to the tree's folders."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("examples", "tools", "tests", "README.md"):
            (folder / name).symlink_to(SOURCE / name)
        (folder / "build").symlink_to(BUILD)
        self.servers = 0
        self.said = folder / "said"
        self.child = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=self.said.open("w"), stderr=subprocess.STDOUT,
                                      cwd=folder, text=True, start_new_session=True)

    def tell(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def until(self, condition):
        end = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < end and self.child.poll() is None, self.said.read_text()
            time.sleep(0.05)

    def run(self, command):
        """The output of a command."""
        if command.endswith(" &"):
            return self.serve(command)
        before = len(self.said.read_text())
        self.tell(f"{command}\necho @over@")
        self.until(lambda: "@over@\n" in self.said.read_text()[before:])
        return self.said.read_text()[before:].split("@over@\n")[0].splitlines()

    def serve(self, command):
        """A server; its output goes to a file, or where the command redirects it."""
        self.servers += 1
        told = re.search(r" > (\S+) &$", command)
        path = self.folder / (told[1] if told else f"server{self.servers}")
        self.tell(command if told else f"{command[:-2]} > {path.name} 2>&1 &")
        self.until(lambda: path.exists() and re.search(r"port \d+\b", path.read_text()))
        return []

    def end(self):
        with contextlib.suppress(ProcessLookupError):  # the servers are in its session
            os.killpg(self.child.pid, signal.SIGTERM)
        self.child.stdin.close()
        self.child.wait(20)


@pytest.fixture
def shell(tmp_path):
    make_tap("leat0", address="10.0.0.1/24")
    names = Process("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--no-resolv", "--no-hosts",
                    "--bind-interfaces", "--listen-address=10.0.0.1", "--address=/home.test/192.0.2.7")
    run("ip", "-6", "addr", "add", "fd00::1/64", "dev", "leat0", "nodad")
    names.wait_for("started")
    made = Shell(tmp_path)
    yield made
    made.end()
    names.stop()
    run("ip", "link", "del", "leat0", check=False)


def fits(line, wanted):
    return re.fullmatch(".*".join(map(re.escape, wanted.rstrip().split("..."))), line.rstrip()) is not None


@pytest.mark.parametrize("file,text", blocks(False))
def test_commands_print_their_output(shell, file, text):
    assert file is None
    for command, wanted in commands_of(text):
        lines = shell.run(command)
        print(f"$ {command}\n" + "\n".join(lines))
        rest = iter(lines)
        for line in wanted:
            assert line == "..." or any(fits(said, line) for said in rest), (command, line, lines)


# commands of a basic installation, and of bash itself
AT_HAND = {"echo", "printf", "test", "kill", "grep", "ls", "seq", "tail", "head", "cat", "sleep", "wait", "stat"}
PACKAGES = {"curl": "curl", "ping": "iputils-ping", "nc": "netcat-openbsd", "unzip": "unzip", "dig": "bind9-dnsutils", "openssl": "openssl",
            "python3": "python3", "dnsmasq": "dnsmasq-base", "ip": "iproute2"}


def test_it_names_the_packages_to_install():
    installed = set()
    for page in PAGES:
        for line in re.findall(r"^    sudo apt-get install (.*)$", page.read_text(encoding="utf-8"), re.M):
            installed |= set(line.split())
    used = set()
    for _, text in (block.values for block in blocks(False)):
        for command, _ in commands_of(text):
            used |= set(re.findall(r"(?:^|\| |\(|; |&& )([a-z][a-z0-9]*)(?= )", command))
    used |= {word for page in PAGES for word in re.findall(r"^ +sudo ([a-z]+) ", page.read_text(encoding="utf-8"), re.M)} - {"apt"}
    unknown = used - AT_HAND - set(PACKAGES)
    assert not unknown
    assert {PACKAGES[word] for word in used & set(PACKAGES)} <= installed


@pytest.mark.skipif(not pathlib.Path("/usr/include/lwip").is_dir(), reason="liblwip-dev is not installed")
def test_names_of_lwip_are_its_own():
    words = set()
    for header in pathlib.Path("/usr/include/lwip").rglob("*.h"):
        words |= set(re.findall(r"\w+", header.read_text(encoding="utf-8", errors="replace")))
    text = (SOURCE / "docs/book/10-moving.md").read_text(encoding="utf-8")
    table = re.search(r"^<!-- names: /usr/include/lwip -->\n((?:\|.*\n)+)", text, re.M)[1]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert len(named) > 30 and named <= words, named - words


def test_each_chapter_is_in_the_contents():
    contents = (SOURCE / "docs/book/README.md").read_text(encoding="utf-8")
    linked = re.findall(r"^\d+\. \[(.+)\]\((.+)\)$", contents, re.M)
    assert [name for _, name in linked] == sorted((page.name for page in PAGES if page.name != "README.md"),
                                                  key=lambda name: int(name.split("-")[0]))
    for number, (title, name) in enumerate(linked, 1):
        first = (SOURCE / "docs/book" / name).read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# {number}. {title}"
