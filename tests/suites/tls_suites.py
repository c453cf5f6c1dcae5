#!/usr/bin/env python3
"""Runs the test suites of other TLS implementations against leat, with both providers of cryptography.

    tls_suites.py [--bogo DIR] [--tlsfuzzer DIR] BUILD

The first DIR is a checkout of BoringSSL that builds with this Go, the second has checkouts of tlsfuzzer and tlslite-ng.
The page docs/lab/tls-suites.md says which commits were used. Cases that aren't for leat, and those that fail, are listed in
bogo.txt and tlsfuzzer.txt, each with its reason. A case that newly fails or newly passes makes the run fail, and so does a
report of a sanitizer, or a pass rate under 97 %.
"""
import argparse
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
PROVIDERS = ("openssl", "bearssl")
FLOOR = 0.97
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:|the host of the suite failed")
SCRIPT_LIMIT_S, SERVER_LIMIT_S = 600, 60
WHOLE = "the whole script"  # a case of its own, if it fails


class Rules:
    """A file of sections: a line "skip: REASON" or "fail[ PROVIDER]: REASON", and below it, indented, patterns of
    names, one a line. Lines "run ..." are kept as they are."""

    def __init__(self, path, provider):
        self.skip, self.fail, self.runs = {}, {}, []
        into = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            text = "" if line.startswith("#") else line.rstrip()
            if text.startswith("run "):
                self.runs.append(text)
                continue
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


# ---- tlsfuzzer ---------------------------------------------------------------------------------------------------

class Script:
    """A line "run SCRIPT [key=KIND] [provider=P] [echo] [cookie] [-- ARGUMENTS]" of tlsfuzzer.txt: the server's key, the
    only provider that can do it, and options of suite_server."""

    def __init__(self, line):
        words, _, arguments = line.partition(" -- ")
        words = words.split()
        self.name, self.arguments = words[1], shlex.split(arguments)
        self.options = [word for word in words[2:] if "=" not in word]
        named = dict(word.split("=", 1) for word in words[2:] if "=" in word)
        self.key, self.provider = named.get("key", "X509"), named.get("provider")
        self.title = " ".join([self.name, *(word for word in words[2:] if not word.startswith("provider="))])


class Conversations:
    """Runs scripts of tlsfuzzer, each against a server of its own."""

    def __init__(self, source, build, provider, rules):
        self.keys, self.server = source / "tlsfuzzer/tests", build / "tests/suites/suite_server"
        self.provider, self.rules = provider, rules
        parts = os.pathsep.join(str(source / part) for part in ("tlsfuzzer", "tlslite-ng"))
        self.environment = os.environ | {"PYTHONPATH": parts, "PYTHONPYCACHEPREFIX": str(build / "tests/suites/work")}

    def run(self, script, only=()):
        """Returns [(name, result, text)], one a conversation, and all that the server has said."""
        words = [self.server, self.keys / f"server{script.key}Cert.pem", self.keys / f"server{script.key}Key.pem",
                 *script.options]
        words += ["bearssl"] if self.provider == "bearssl" else []
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace") as serving:
            port = serving.stdout.readline().strip()
            if not port.isdigit():
                return [("the server", "fail", port)], port + serving.stdout.read()
            said = []
            reader = threading.Thread(target=lambda: said.extend(serving.stdout))
            reader.start()
            results = self.talk(script, port, only)
            serving.stdin.close()
            try:
                serving.wait(SERVER_LIMIT_S)
            except subprocess.TimeoutExpired:
                serving.kill()
            reader.join()
        if serving.returncode:
            said.append(f"the host of the suite failed: status {serving.returncode}\n")
        return results, "".join(said)

    def talk(self, script, port, only):
        """Runs the script itself, in a process that can be ended."""
        begin = f"{script.title}: "
        skip = [pattern.removeprefix(begin) for pattern in self.rules.skip if pattern.startswith(begin)]
        command = [sys.executable, "-W", "ignore", HERE / "tlsfuzzer_script.py", script.name, "-h", "127.0.0.1", "-p", port,
                   *script.arguments, *only]
        late = ""
        try:
            ran = subprocess.run(command, env=self.environment, input=json.dumps(skip), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, errors="replace", timeout=SCRIPT_LIMIT_S)
            out, err, status = ran.stdout, ran.stderr, ran.returncode
        except subprocess.TimeoutExpired as ended:
            out, err, status = (ended.stdout or b"").decode(), "", -1
            late = f"    ended after {SCRIPT_LIMIT_S} s"
        results = merge(json.loads(line) for line in out.splitlines(keepends=True) if line.endswith("\n"))
        if status or not results:
            results.append((WHOLE, "fail", late or err[-2000:]))
        return results

    def check(self, script):
        """Runs a script, and its conversations that fail and aren't listed once more, alone: a machine that is busy
        isn't leat's fault."""
        results, said = self.run(script)
        again = {name for name, result, _ in results
                 if result == "fail" and not Rules.find(self.rules.fail, f"{script.title}: {name}")}
        if 0 < len(again) < 100 and WHOLE not in again:
            second, more = self.run(script, sorted(again))
            better = {result[0]: result for result in second if result[0] in again}
            results, said = [better.get(result[0], result) for result in results], said + more
        return script, results, said


def merge(reports):
    """A conversation may run more than once, and passes if it always does."""
    merged = {}
    for name, result, why in reports:
        if merged.get(name, ("pass",))[0] != "fail":
            merged[name] = (result, f"    {why}")
    return [(name, *rest) for name, rest in merged.items()]


def tlsfuzzer(source, build):
    there = {path.name[5:-3] for path in (source / "tlsfuzzer/scripts").glob("test-*.py")}
    if not there or not (source / "tlslite-ng").exists():
        sys.exit(f"{source}: no tlsfuzzer and tlslite-ng")
    good = True
    for provider in PROVIDERS:
        rules = Rules(HERE / "tlsfuzzer.txt", provider)
        lines = [Script(line) for line in rules.runs]
        scripts = [script for script in lines if script.provider in (None, provider)]
        elsewhere = {script.title for script in lines if script not in scripts}
        tally = Tally(f"tlsfuzzer, {provider}", rules)
        for name in sorted(there ^ {script.name for script in lines}):
            pattern = Rules.find(rules.skip, name)
            tally.used.add(pattern)
            if name not in there:
                tally.wrong.append(f"{name}: there is no such script")
            elif not pattern:
                tally.wrong.append(f"{name}: no rule says whether this script is for leat")
        conversations = Conversations(source, build, provider, rules)
        with concurrent.futures.ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
            for script, results, said in pool.map(conversations.check, scripts):
                if SANITIZER.search(said):
                    tally.wrong.append(f"{script.title}: a report of a sanitizer\n{said}")
                for name, result, text in results:
                    tally.add(f"{script.title}: {name}", result, text)
                    if result == "skip":
                        tally.used.add(Rules.find(rules.skip, f"{script.title}: {name}"))
        tally.wrong += [f"{pattern}: listed as not for leat, but there is no such case" for pattern in rules.skip
                        if pattern not in tally.used and pattern.split(": ")[0] not in elsewhere]
        good &= tally.end()
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bogo", type=pathlib.Path, metavar="DIR", help="a checkout of BoringSSL")
    parser.add_argument("--tlsfuzzer", type=pathlib.Path, metavar="DIR", help="a folder with tlsfuzzer and tlslite-ng")
    parser.add_argument("build", type=pathlib.Path, help="a build with both providers")
    options = parser.parse_args()
    build = options.build.resolve()
    for program in ("bogo_shim", "suite_server"):
        if not (build / "tests/suites" / program).exists():
            sys.exit(f"{program} is missing: the build needs libssl-dev and libbearssl-dev")
    work = build / "tests/suites/work"
    work.mkdir(exist_ok=True)
    good = True
    if options.bogo:
        good &= bogo(options.bogo.resolve(), build, work)
    else:
        print("skipped: no BoringSSL given (--bogo DIR)")
    if options.tlsfuzzer:
        good &= tlsfuzzer(options.tlsfuzzer.resolve(), build)
    else:
        print("skipped: no tlsfuzzer given (--tlsfuzzer DIR)")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
