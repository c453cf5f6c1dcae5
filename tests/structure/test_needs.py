"""Commands that tests and tools start are in Debian's essential packages, or in tools/lib/need.sh."""

import re
import unittest

import commands
import tree

NEED = "tools/lib/need.sh"
# commands of the packages that every Debian system has
ESSENTIAL = set("""
    awk basename bash cat chmod chroot cmp cp cut date df diff dirname dpkg dpkg-deb dpkg-query du env expr false find flock getconf grep
    gzip head hostname id install ldd ln ls mkdir mkfifo mktemp mount mv nice nproc nsenter od paste perl
    readlink realpath rm rmdir sed setarch seq setpriv setsid sh sha256sum sleep sort split stat stdbuf stty tac tail tar tee
    test timeout touch tr true tty umount uname uniq unshare wc yes
""".split())
# further commands of the packages in need.sh, and of their dependencies
BRINGS = {
    "gcc": {"cc", "ar", "nm", "objcopy", "size"},
    "clang": {"clang"},
    "iproute2": {"bridge"},
    "pkg-config": {"pkg-config"},
    "qemu-user": {"qemu-riscv64"},
    "unzip": {"funzip"},
    "default-jdk-headless": {"java"},
    "mtools": {"mcopy", "mmd"},
    "pebble": {"pebble-challtestsrv"},
    "tshark": {"sharkd"},
    "procps": {"pgrep"},
    "bind9": {"dnssec-keygen", "dnssec-signzone"},
    "bind9-dnsutils": {"delv"},
    "cargo": {"cargo"},
    "nghttp2-client": {"nghttp"},
    "gcc-arm-none-eabi": {"arm-none-eabi-size"},
    "qemu-system-arm": {"qemu-system-arm"},
}
# run by CI systems that provide their commands, or skipped with a message
ELSEWHERE = {
    "ccache": "tools/test is only faster with it",
    "ld.lld": "tools/mutants is only faster with it",
    "git": "without it tools/test calls a commit unknown",
    "apt-get": "need.sh asks whether it is there",
    "apt-cache": "a part of apt; without it the test of Xen is skipped",
    "h2spec": "not in Debian; docs/lab/h2spec.md says how to build it, and its test is skipped",
    "firecracker": "not in Debian; tools/boot says so",
    "solo5-hvt": "not in Debian; the tests of Solo5 are skipped",
    "solo5-spt": "not in Debian; the tests of Solo5 are skipped",
    "promtool": "metrics are checked by it where it is installed",
    "systemd-analyze": "a part of systemd; the test of the unit is skipped",
    "zip": "fuzz/build.sh runs in an image of its own",
}

# folders whose other tests are in the gate
LATER = {"tests/bindings/test_rust.py", "tests/crypto/test_vectors.py", "tests/replay/judge.py", "tests/suites/tls_suites.py",
         "tests/replay/test_flows.py", "tests/replay/test_judges.py",
         "tests/structure/test_install.py", "tests/structure/test_man.py",
         "tests/structure/test_manual.py", "tests/structure/test_shared.py"}
# commands without which a test of the gate is skipped with a message, or which helpers start for other tests;
# tools/test --all needs them
SKIPPED_WITHOUT = {
    "tests/linux/conftest.py: ethtool", "tests/linux/test_dns.py: nsd", "tests/linux/services.py: chronyd", "tests/linux/test_http.py: wrk",
    "tests/linux/test_tls.py: gnutls-cli", "tests/linux/test_tls.py: gnutls-serv", "tests/perf/test_text.py: arm-none-eabi-gcc",
}


def needs():
    """{list of need.sh: {package: the command that checks it}}."""
    return {name: dict(line.split(maxsplit=1) for line in lines.splitlines()) for name, lines in
            re.findall(r"^need_to_(\w+)='\n(.*?)^'", tree.read(NEED), re.S | re.M)}


def brought_by(packages):
    """The commands of some of the lists of need.sh."""
    found = set()
    for package, shows in packages.items():
        found |= BRINGS.get(package, set()) | set(re.findall(r"command -v (\S+)", shows))
    return found


def lists_of(path, text):
    """The lists that are checked before a file's commands run: those that it names itself; for a test those of
    tools/test; for shared parts of tools any."""
    named = set(re.findall(r"\$need_to_(\w+)", text))
    if not named and path.parts[0] == "tests":
        return set(re.findall(r"\$need_to_(\w+)", tree.read("tools/test")))
    return named or set(needs())


def scripts():
    """(path, text, commands that it starts) of all scripts."""
    folders = ("tests", "tools", "bench", "fuzz", ".ci")
    for path in tree.sources(*folders, ends=("", ".py", ".sh")):
        with open(tree.ROOT / path, "rb") as file:
            first = file.readline()
        if path.suffix == ".py" or re.match(rb"#!.*python", first):
            yield path, commands.of_python
        elif path.suffix == ".sh" or re.match(rb"#!.*sh\b", first):
            yield path, commands.of_shell


def gate_scripts():
    """Those of scripts() that tools/test runs without --all."""
    names = re.search(r"linux_gate = \[(.*?)\]", tree.read("tests/linux/meson.build"), re.S)[1]
    names = {f"test_{name.removeprefix('ipv6_')}.py" for name in re.findall(r"'(\w+)'", names)}
    for path, started in scripts():
        folder = path.parts[1] if path.parts[0] == "tests" else None
        if folder in (None, "boot", "book", "model") or str(path) in LATER:
            continue
        if folder != "linux" or path.name in names or not path.name.startswith("test_") and path.name != "chromium.py":
            yield path, started


class Needs(unittest.TestCase):
    def test_the_gate_wants_its_own_packages_alone(self):
        """Commands of later tests only are in the list of tools/test --all."""
        there = ESSENTIAL | set(ELSEWHERE)
        for name in ("build", "show", "test"):
            there |= brought_by(needs()[name])
        wrong = {f"{path}: {name}" for path, started in gate_scripts() for name in started(tree.read(path)) - there}
        self.assertEqual(sorted(wrong - SKIPPED_WITHOUT), [])
        self.assertEqual(sorted(SKIPPED_WITHOUT - wrong), [], "these are started no more")

    def test_commands_of_c_programs_are_there(self):
        """Commands of system() in tests of the gate: the first word of a string."""
        there = set().union(*(brought_by(needs()[name]) for name in ("build", "show", "test")))
        known = set().union(*map(brought_by, needs().values()))
        wrong = []
        for path in tree.sources("tests", "fuzz", ends=(".c",)):
            text = tree.read(path)
            if "system(" in text and "linux" not in path.parts:
                wrong += [f"{path}: {word}" for word in re.findall(r'"([\w.-]+) ', text) if word in known - there]
        self.assertEqual(wrong, [])

    def test_commands_of_scripts_are_there(self):
        functions = set(re.findall(r"^(\w+)\(\)", tree.read(NEED), re.M))
        wrong = []
        for path, started in scripts():
            text = tree.read(path)
            there = ESSENTIAL | set(ELSEWHERE) | functions
            for name in lists_of(path, text):
                there |= brought_by(needs()[name])
            wrong += [f"{path}: {name}" for name in sorted(started(text) - there)]
        self.assertEqual(wrong, [])


class Commands(unittest.TestCase):
    def test_of_python(self):
        text = """
for words in (["ethtool", "-k"], ["ip", "link"]):
    run(*words)
drop = ["setpriv", "--clear-groups"]
subprocess.run([*drop, "true"])
here.run("sysctl", "-q", name)
print("ls")
"""
        self.assertEqual(commands.of_python(text), {"ethtool", "ip", "setpriv", "sysctl"})

    def test_of_the_shell(self):
        text = """
# zcat: no command
setup=(meson setup)
own() { local name; name=$(readlink -f "$(realpath "$1")") && "$name" >"$log" 2>&1; }
case ${1:-} in
-h | --help) sed -n 2p "$0" ;;
*) if ! command -v wrk >/dev/null; then own; fi ;;
esac
(cd /tmp && tar c .) | FAST=1 gzip \\
    --best | sort <<<"$(tac file)"
awk '/ls/ { print "cp" }' <<END
mv nothing
END
exec nice -n 19 tail
"""
        self.assertEqual(commands.of_shell(text), {
            "meson", "readlink", "realpath", "sed", "wrk", "tar", "gzip", "sort", "tac", "awk", "nice"})

    def test_every_test_that_starts_something_is_read(self):
        self.assertIn("tests/linux/namespace.py", [str(path) for path, _ in scripts()])
        self.assertIn("sysctl", commands.of_python(tree.read("tests/linux/namespace.py")))
        self.assertIn("meson", commands.of_shell(tree.read("tools/test")))


if __name__ == "__main__":
    unittest.main()
