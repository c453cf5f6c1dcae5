#!/usr/bin/env python3
"""Checks the models in tcp.pml and tls.pml with Spin: every scene exhaustively, and mutants of the table.

    model.py tcp_fsm.pml             no scene may fail; lists the rows of the table that were taken

    model.py tcp_fsm.pml --mutants   changes each row of the table; lists the mutants that no scene
                                     detects, which docs/lab/model.md must list, too

tcp_fsm.pml is the table, made from tcp.rl by tools/fsmgen.py; tls_fsm.pml likewise.  --long adds larger
scenes (minutes).
Exit status 0: passed. 1: failed. 77: Spin or a C compiler is missing.
"""

import argparse
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# The faults that each scene allows; see the budgets in tcp.pml.
TCP_SCENES = {
    "calm": "DATA1=1",
    "loss": "LOSSES=1",
    "disorder": "DUPLICATES=1 SWAPS=1",
    "haste": "SPURIOUS=1 ACTIVE1=1",
    "cut": "CUTS=1 IDLES=1 ACTIVE1=1",
    "cut while leaving": "CUTS=1 LEAVES=1",
    "misuse": "MISUSES=1 LEAVES=1 ACTIVE1=1",
    "abort": "ABORTS=1 ICMPS=1 ACTIVE1=1",
    "small window": "DATA0=2 DATA1=1 WINDOW=1 SPURIOUS=1",
    "attack": "ATTACKS=1",
    "text in the SYN": "COOKIE=1 DATA1=1 SPURIOUS=1",
    "text in the SYN, trouble": "COOKIE=1 LOSSES=1 ABORTS=1 ICMPS=1",
}
TCP_LONG_SCENES = {
    "much loss": "LOSSES=2 DUPLICATES=1 SWAPS=1 SPURIOUS=1",
    "attack while both open": "ATTACKS=1 LEAVES=1 ACTIVE1=1",
    "small window and loss": "DATA0=2 WINDOW=1 LOSSES=1 SPURIOUS=1",
    "text in both SYNs": "COOKIE=1 DATA1=1 ACTIVE1=1 LOSSES=1 DUPLICATES=1",
    "text in the SYN, attack": "COOKIE=1 DATA0=2 ATTACKS=1 LEAVES=1",
}
# see the variables of the scene in tls.pml
TLS_SCENES = {
    "calm": "PAYLOADS=1 WEARS=1",
    "another share": "RETRY=1 PAYLOADS=1",
    "by a ticket": "RESUME=1 RETRY=1 PAYLOADS=1",
    "a certificate is asked for": "ASK=1 PAYLOADS=1",
    "cancelled": "CANCELS=1 RETRY=1",
    "cut": "CUTS=1 PAYLOADS=2 RETRY=1",
    "deleted": "DELETES=2 PAYLOADS=1 RESUME=1",
    "deleted, another share": "DELETES=2 RETRY=1",
    "deleted, keys worn": "DELETES=1 PAYLOADS=1 WEARS=1",
    "repeated": "REPEATS=1 PAYLOADS=1 WEARS=1",
    "repeated, another share": "REPEATS=2 RETRY=1 RESUME=1",
    "reordered": "SWAPS=1 PAYLOADS=1 WEARS=1",
    "reordered, another share": "SWAPS=2 RETRY=1",
    "reflected": "REFLECTS=2 PAYLOADS=1 RETRY=1",
    "of another connection": "OLDS=2 RETRY=1 PAYLOADS=1",
    "a lie": "LIES=1 PAYLOADS=1",
    "a lie, another share": "LIES=1 RETRY=1",
    "a lie, by a ticket": "LIES=1 RESUME=1",
    "a lie, asked": "LIES=1 ASK=1",
    "the rest deleted, asked": "DELETES=4 ASK=1",
    "deleted and cut, asked": "DELETES=3 CUTS=1 ASK=1",
    "cut or cancelled, asked": "CUTS=1 CANCELS=1 ASK=1",
    "cut or cancelled, by a ticket": "CUTS=1 CANCELS=1 RESUME=1 RETRY=1",
    "all of it": "DELETES=1 REPEATS=1 SWAPS=1 CUTS=1",
}
TLS_LONG_SCENES = {
    "keys worn": "PAYLOADS=2 WEARS=2",
    "deleted and repeated, keys worn": "DELETES=2 REPEATS=1 PAYLOADS=1 WEARS=1",
    "all of it, another share": "DELETES=2 REPEATS=1 SWAPS=2 REFLECTS=1 OLDS=1 CUTS=1 RETRY=1 RESUME=1 PAYLOADS=1",
    "two lies": "LIES=2 RETRY=1 RESUME=1",
    "two lies, asked": "LIES=2 ASK=1",
    "all of it, asked": "DELETES=2 REPEATS=2 SWAPS=2 CUTS=1 ASK=1 PAYLOADS=2 WEARS=1",
}
SCENES = {"tcp": TCP_SCENES, "tls": TLS_SCENES}
LONG_SCENES = {"tcp": TCP_LONG_SCENES, "tls": TLS_LONG_SCENES}
# -DSAFETY searches for failed assertions and deadlocks, -DNP for livelocks
SEARCHES = {"safety": (["-DSAFETY"], []), "cycles": (["-DNP"], ["-l"])}
# actions without an effect: a mutant without them would be equivalent
NOTHING = ("drop", "soft_error", "await")
# events that an attacker can cause without knowledge of the sequence numbers
BLIND = ("rcv_unacceptable", "rcv_RST_in_window", "rcv_bad_RST", "rcv_SYN_in_window", "rcv_no_ACK", "rcv_bad_ACK")
ROW = re.compile(r"(\s*:: ev == )(\w+)( -> hit\((\d+)\);)(.*go\(\d+, (\w+)\).*)")
HERE = Path(__file__).resolve().parent
FOUND = re.compile(r"assertion violated.*|non-progress cycle \(.*|invalid end state \(.*")


def name_of(table):
    """The protocol of the table: "tcp" or "tls"."""
    return table.name.split("_")[0]


class Verifier:
    """The model, compiled for one kind of search."""

    def __init__(self, table, folder, search):
        self.name = name_of(table)
        self.folder = Path(folder) / search
        self.folder.mkdir()
        shutil.copy(table, self.folder / f"{self.name}_fsm.pml")
        shutil.copy(HERE / f"{self.name}.pml", self.folder)
        options, self.arguments = SEARCHES[search]
        self.call("spin", "-a", f"{self.name}.pml")
        self.call(*os.environ.get("CC", "cc").split(), "-O0", "-w", "-DNOREDUCE", "-DCOLLAPSE",
                  "-DMEMLIM=2000", *options, "-o", "pan", "pan.c")

    def call(self, *command, env=None):
        """Runs a command in the scene's folder and returns its output."""
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.PIPE, check=False, text=True,
                              stderr=subprocess.STDOUT, env=env)
        if done.returncode and command[0] != "./pan":
            sys.exit(f"{' '.join(command)}\n{done.stdout}")
        return done.stdout

    def search(self, scene, bend=None):
        """Searches a scene; returns (the failure or None, rows taken, number of states)."""
        env = {**os.environ, "SCENE": {**SCENES[self.name], **LONG_SCENES[self.name]}[scene],
               **({"BEND": " ".join(map(str, bend))} if bend else {})}
        out = self.call("./pan", "-n", "-m1000000", "-w20", *self.arguments, env=env)
        wrong = FOUND.search(out)
        states = re.search(r"(\d+) states, stored", out)
        if not states or "Search not completed" in out and not wrong:
            sys.exit(f"the search did not end:\n{out}")
        if wrong and not bend:
            print(self.call("./pan", "-r", "-n", env=env))
        return (wrong[0] if wrong else None), set(map(int, re.findall(r"^took (\d+)$", out, re.M))), \
            int(states[1])


def read_rows(table):
    """The rows of the table: [(state, event, actions, next state)]."""
    rows = {}
    state = None
    for line in table.read_text("utf-8").splitlines():
        if match := re.match(r"inline fsm_(\w+)\(\)", line):
            state = match[1]
        elif match := ROW.match(line):
            rows[int(match[4])] = state, match[2], re.findall(r"act\(\d+, \d+, (\w+)\(\)\)", line), match[6]
    return [rows[number] for number in sorted(rows)]


def states_of(table):
    """The names of the states in the order of their numbers."""
    names = re.findall(r"^inline fsm_(\w+)\(\)", table.read_text("utf-8"), re.M)
    return list(names)


def check(table, folder, scenes):
    """Searches all scenes; True if none fails."""
    rows = read_rows(table)
    taken = set()
    good = True
    for search in SEARCHES:
        verifier = Verifier(table, folder, search)
        for scene in scenes:
            wrong, more, states = verifier.search(scene)
            taken |= more
            print(f"{scene:30} {search:8} {states:9} states  {wrong or 'nothing wrong'}", flush=True)
            good = good and not wrong
    print(f"{len(taken)} of {len(rows)} rows of the table taken; never:")
    for number, (state, event, _, _) in enumerate(rows):
        if number not in taken:
            print(f"    {state} {event}")
    return good


def bends(rows, states):
    """Yields mutants as (row, the three numbers of BEND, description): without the row, with another next state, or
    without one of its actions."""
    for number, (state, event, actions, target) in enumerate(rows):
        yield number, (number, 254, 255), f"{state} {event}: removed"
        for other, name in enumerate(states):
            if name != target:
                yield number, (number, other, 255), f"{state} {event}: -> {name}"
        for place, action in enumerate(actions):
            if action not in NOTHING:
                yield number, (number, 255, place), f"{state} {event}: without {action}"


def blind_resets(table, rows):
    """Yields mutants as (description, table): an event of BLIND ends the connection in one state, like a RST."""
    text = table.read_text("utf-8")
    lines = {int(match[4]): match for match in map(ROW.match, text.splitlines()) if match}
    for number, (state, event, _, _) in enumerate(rows):
        resets = [other for other, (place, what, actions, _) in enumerate(rows)
                  if place == state and what == "rcv_RST" and "delete_TCB" in actions]
        if event in BLIND and resets:
            row = lines[number]
            yield f"{state} {event}: as rcv_RST", text.replace(row[0], row[1] + event + row[3] + lines[resets[0]][5])


def known_survivors():
    """The survivors {"STATE EVENT: without ACTION"} that docs/lab/model.md explains."""
    found = set()
    for line in (HERE.parent.parent / "docs/lab/model.md").read_text("utf-8").splitlines():
        if not (match := re.match(r"\| ([^|]+): (\w+) \|", line)):
            continue
        states = []
        for place in match[1].split(", "):
            states.append(place.split()[0])
            if len(place.split()) > 1:
                found |= {f"{state} {place.split()[1]}: without {match[2]}" for state in states}
                states = []
    return found


def mutate(table, folder, scenes, part):
    """Tries all mutants of the table and lists the survivors; True if docs/lab/model.md knows all of them.
    @part: (number of the part, number of parts)."""
    rows, states = read_rows(table), states_of(table)
    known = known_survivors()
    good = True
    verifier = Verifier(table, folder, "safety")
    sound = {scene: verifier.search(scene) for scene in scenes}
    scenes = sorted(scenes, key=lambda scene: sound[scene][2])  # the quickest first
    taken = {scene: sound[scene][1] for scene in scenes}
    caught = survivors = untaken = 0
    for row, bend, what in itertools.islice(bends(rows, states), part[0], None, part[1]):
        if not any(row in taken[scene] for scene in scenes):  # docs/lab/model.md lists these
            untaken += 1
        elif any(row in taken[scene] and verifier.search(scene, bend)[0] for scene in scenes):
            caught += 1
        else:
            survivors += 1
            good = good and what in known
            print(f"survives: {what}{'' if what in known else ', which docs/lab/model.md does not say'}", flush=True)
    for what, text in itertools.islice(blind_resets(table, rows), part[0], None, part[1]):
        with tempfile.TemporaryDirectory() as place:
            bent = Path(place) / table.name
            bent.write_text(text, "utf-8")
            if Verifier(bent, place, "safety").search("attack", (255, 255, 255))[0]:
                caught += 1
            else:
                survivors += 1
                good = False
                print(f"survives: {what}", flush=True)
    print(f"{caught} mutants caught, {survivors} survive" + (f", {untaken} in rows that no scene takes" if untaken else ""))
    return good


def main():
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--mutants", action="store_true")
    parser.add_argument("--part", default="0/1", metavar="I/N", help="each Nth mutant, from number I on")
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    compiler = os.environ.get("CC", "cc").split()[0]
    for tool in "spin", compiler:
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            return 77
    name = name_of(options.table)
    scenes = [*SCENES[name], *(LONG_SCENES[name] if options.long else [])]
    with tempfile.TemporaryDirectory() as folder:
        if options.mutants:
            which, count = map(int, options.part.split("/"))
            return 0 if mutate(options.table, folder, scenes, (which, count)) else 1
        return 0 if check(options.table, folder, scenes) else 1


if __name__ == "__main__":
    sys.exit(main())
