#!/usr/bin/env python3
"""Runs the test suite of BoringSSL against leat's TLS, with both providers of cryptography.

    tls_suites.py [--bogo DIR] BUILD

DIR is a checkout of BoringSSL that builds with this Go; docs/lab/tls-suites.md says which commit was used.

bogo.txt lists the cases that aren't for leat, and those that fail, each with its reason. A case that newly fails or newly
passes makes the run fail, and so does a report of a sanitizer, or a pass rate under 97 %.
"""
import argparse
import fnmatch
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROVIDERS = ("openssl", "bearssl")
FLOOR = 0.97
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:|the host of the suite failed")


class Rules:
    """A file of sections: a line "skip: REASON" or "fail[ PROVIDER]: REASON", and below it, indented, patterns of
    names, one a line."""

    def __init__(self, path, provider):
        self.skip, self.fail = {}, {}
        into = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            text = line.split("#")[0].rstrip() if line.startswith("#") else line.rstrip()
            if not text:
                continue
            head = re.fullmatch(r"(skip|fail)( \w+)?: (.+)", text)
            if head:
                kind, only, reason = head.groups()
                wanted = only is None or only.strip() == provider
                into = (self.skip if kind == "skip" else self.fail) if wanted else {}
                continue
            if into is None or not text.startswith("    "):
                sys.exit(f"{path}:{number}: no rule: {text}")
            into[text.strip()] = reason

    @staticmethod
    def find(rules, name):
        """The pattern that matches, or None."""
        return next((pattern for pattern in rules if fnmatch.fnmatchcase(name, pattern)), None)


class Tally:
    """Compares results with the rules."""

    def __init__(self, title, rules):
        self.title, self.rules = title, rules
        self.passed, self.failed, self.skipped, self.wrong = 0, 0, 0, []
        self.used = set()

    def add(self, name, result, text=""):
        if SANITIZER.search(text):
            self.wrong.append(f"{name}: a report of a sanitizer\n{text}")
        pattern = Rules.find(self.rules.fail, name)
        self.used.add(pattern)
        if result == "skip":
            self.skipped += 1
            if pattern:
                self.wrong.append(f"{name}: listed as failing, but was skipped")
        elif result == "pass":
            self.passed += 1
            if pattern:
                self.wrong.append(f"{name}: newly passes; take it off the list")
        else:
            self.failed += 1
            if not pattern:
                self.wrong.append(f"{name}: newly fails\n{text}")

    def end(self):
        """Prints the sums; returns whether all is as listed."""
        for pattern in self.rules.fail:
            if pattern not in self.used:
                self.wrong.append(f"{pattern}: listed as failing, but there is no such case")
        apply = self.passed + self.failed
        rate = self.passed / apply if apply else 0
        if rate < FLOOR:
            self.wrong.append(f"{100 * rate:.1f} % pass, fewer than {100 * FLOOR:.0f} %")
        for line in self.wrong:
            print(f"{self.title}: {line}")
        print(f"{self.title}: {self.passed} of {apply} cases pass ({100 * rate:.1f} %), {self.failed} fail as listed or not, "
              f"{self.skipped} aren't for leat", flush=True)
        return not self.wrong


# ---- BoringSSL ---------------------------------------------------------------------------------------------------

def build_runner(source, work):
    """Builds the runner with Debian's packages of Go instead of modules, so that no network is needed."""
    go = shutil.which("go")
    if not go:
        sys.exit("BoringSSL's runner needs Go: package golang-go")
    place = work / "go/src/boringssl.googlesource.com"
    place.mkdir(parents=True, exist_ok=True)
    link = place / "boringssl"
    if link.is_symlink():
        link.unlink()
    link.symlink_to(source)
    runner = work / "bogo-runner"
    environment = os.environ | {"GO111MODULE": "off", "GOPATH": f"{work}/go:/usr/share/gocode", "GOCACHE": f"{work}/go-cache",
                                "GOFLAGS": ""}
    made = subprocess.run([go, "test", "-c", "-o", runner, "."], cwd=link / "ssl/test/runner", env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        sys.exit(f"BoringSSL's runner can't be built:\n{made.stdout}")
    return runner


def run_bogo(runner, source, shim, provider, work, rules, only=None):
    """Runs the cases; returns {name: (result, text)}."""
    config, results = work / "bogo.json", work / "bogo-results.json"
    results.unlink(missing_ok=True)
    config.write_text(json.dumps({"DisabledTests": {} if only else rules.skip,
                                  "HalfRTTTickets": 0,  # RFC 8446 4.6.1: tickets come after the client's Finished
                                  "AllCurves": [23, 24, 29]}))
    command = [runner, "-shim-path", shim, "-shim-config", config, "-json-output", results, "-pipe", "-loose-errors",
               "-allow-unimplemented", "-idle-timeout", "60s", "-shim-extra-flags",
               "-provider-bearssl" if provider == "bearssl" else "-async"]
    command += ["-num-workers", "1", "-test", ";".join(only)] if only else ["-num-workers", str(2 * (os.cpu_count() or 1))]
    ran = subprocess.run(command, cwd=source / "ssl/test/runner", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, errors="replace")
    if not results.exists():
        sys.exit(f"BoringSSL's runner has failed:\n{ran.stdout[-4000:]}")
    texts = dict(re.findall(r"^FAILED \((.*?)\)\n(.*?)(?=\n(?:PASSED|FAILED|UNIMPLEMENTED) \(|\Z)", ran.stdout, re.S | re.M))
    names = {"PASS": "pass", "SKIP": "skip"}
    return {name: (names.get(result["actual"], "fail"), texts.get(name, ""))
            for name, result in json.loads(results.read_text())["tests"].items()}


def bogo(source, build, work):
    runner = build_runner(source, work)
    shim = build / "tests/suites/bogo_shim"
    good = True
    for provider in PROVIDERS:
        rules = Rules(HERE / "bogo.txt", provider)
        results = run_bogo(runner, source, shim, provider, work, rules)
        # again, one at a time: a machine that is busy isn't leat's fault
        again = [name for name, (result, _) in results.items() if result == "fail" and not Rules.find(rules.fail, name)]
        if 0 < len(again) < 100:
            results |= run_bogo(runner, source, shim, provider, work, rules, again)
        tally = Tally(f"BoringSSL's runner, {provider}", rules)
        for name, (result, text) in sorted(results.items()):
            tally.add(name, result, text)
        good &= tally.end()
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bogo", type=pathlib.Path, metavar="DIR", help="a checkout of BoringSSL")
    parser.add_argument("build", type=pathlib.Path, help="a build with both providers")
    options = parser.parse_args()
    build = options.build.resolve()
    if not (build / "tests/suites/bogo_shim").exists():
        sys.exit("bogo_shim is missing: the build needs libssl-dev and libbearssl-dev")
    work = build / "tests/suites/work"
    work.mkdir(exist_ok=True)
    good = True
    if options.bogo:
        good &= bogo(options.bogo.resolve(), build, work)
    else:
        print("skipped: no BoringSSL given (--bogo DIR)")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
