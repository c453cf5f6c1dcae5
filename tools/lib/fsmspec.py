"""State machines: parses a specification and Ragel's result, and checks both.

Used by tools/fsmgen.py.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class SpecError(Exception):
    """Errors of a specification, one message a line."""


@dataclass(frozen=True)
class Transition:
    """A (state, event) pair that has a line in the specification."""

    state: str
    event: str
    actions: tuple
    target: str
    reference: str = ""
    line: int = 0


@dataclass
class Spec:
    """The specification, as parsed from its text."""

    name: str
    machine: str = ""  # "tcp": the prefix of its names in C
    title: str = ""  # "TCP": its name in documents
    rfc: str = ""  # "RFC 9293": the RFC of all sections that are cited without one
    path: str = ""  # from the root of the tree
    events: dict = field(default_factory=dict)  # name -> (number, line)
    sets: dict = field(default_factory=dict)  # name -> set of events
    states: dict = field(default_factory=dict)  # name -> line, in the order of the text
    transitions: list = field(default_factory=list)
    errors: list = field(default_factory=list)

    def made(self):
        """The opening comment of a generated file."""
        return f"made by tools/fsmgen.py from {self.path}"

    def error(self, line, text):
        """Notes an error at @line; parsing goes on, so that all errors are shown at once."""
        self.errors.append(f"{self.name}:{line}: {text}")


@dataclass
class Compiled:
    """The machine as Ragel compiled it."""

    events: dict  # number -> name
    states: dict  # number -> name
    start: str
    transitions: dict  # (state, event) -> (actions, target)
    errors: list


# ---- Reading the text ----------------------------------------------------------------------

HEAD = re.compile(r"#\s*\S+ -- the (\w+) .*?\b(RFC \d+)")
MACHINE = re.compile(r"machine\s+(\w+)\s*;$")
EXPORT = re.compile(r"export\s+(\w+)\s*=\s*(\d+)\s*;$")
DEFINITION = re.compile(r"(\w+)\s*=\s*([^;]*);$")
STATE = re.compile(r"(\w+)\s*:\s*\($")
STATE_END = re.compile(r"\)(\s*>/\w+)?\s*,?$")
TRANSITION = re.compile(r"\|?\s*(.*?)((?:\s*@\w+)*)\s*->\s*(\w+)$")


def events_of(expression, spec):
    """The events of `a | set | ( b - c )`; raises ValueError with the error.

    As in Ragel, | and - have equal precedence and associate to the left.
    """
    tokens = re.findall(r"\w+|[^\s\w]", expression)

    def operand():
        token = tokens.pop(0) if tokens else "nothing"
        if token == "(":
            events = union()
            if not tokens or tokens.pop(0) != ")":
                raise ValueError(f"unbalanced parentheses in '{expression}'")
            return events
        if token in spec.sets:
            return spec.sets[token]
        if token in spec.events:
            return {token}
        raise ValueError(f"'{token}' is neither an event nor a set of events")

    def union():
        events = operand()
        while tokens and tokens[0] in "|-":
            events = events | operand() if tokens.pop(0) == "|" else events - operand()
        return events

    events = union()
    if tokens:
        raise ValueError(f"'{tokens[0]}' was not expected in '{expression}'")
    return events


def read_declaration(spec, number, code):
    """Parses a line before `main`: an event, or a named set of events."""
    if match := EXPORT.match(code):
        name, letter = match[1], int(match[2])
        if name in spec.events:
            spec.error(number, f"event {name} is defined twice (line {spec.events[name][1]})")
        spec.events[name] = (letter, number)
    elif match := MACHINE.match(code):
        spec.machine = match[1]
    elif code.startswith(("alphtype", "%%")):
        return
    elif match := DEFINITION.match(code):
        try:
            spec.sets[match[1]] = events_of(match[2], spec)
        except ValueError as error:
            spec.error(number, error)


def read_transition(spec, state, number, code, reference):
    """Parses a line of a state: events, actions, the next state."""
    match = TRANSITION.match(code)
    if not match:
        spec.error(number, f"expected 'event @action -> STATE', found '{code}'")
        return
    if not reference:
        spec.error(number, "no reference (# RFC section, or why) behind the transition")
    try:
        events = events_of(match[1], spec)
    except ValueError as error:
        spec.error(number, error)
        return
    actions = tuple(re.findall(r"@(\w+)", match[2]))
    for event in sorted(events, key=lambda name: spec.events[name]):
        spec.transitions.append(Transition(state, event, actions, match[3], reference, number))


def read_spec(text, name):
    """Parses the text into a Spec; its errors list what it can't parse."""
    spec = Spec(name)
    state, in_main = None, False
    for number, line in enumerate(text.splitlines(), 1):
        if not spec.title and (match := HEAD.match(line)):
            spec.title, spec.rfc = match[1], match[2]
        code, _, note = line.partition("#")
        code = code.strip()
        if not code:
            continue
        if not in_main:
            in_main = code.startswith("main")
            if not in_main:
                read_declaration(spec, number, code)
        elif state is None:
            if match := STATE.match(code):
                state = match[1]
                if state in spec.states:
                    spec.error(number, f"state {state} is defined twice")
                spec.states.setdefault(state, number)
        elif STATE_END.match(code):
            state = None
        else:
            read_transition(spec, state, number, code, note.strip())
    if not in_main:
        spec.error(1, "there is no 'main :='")
    if not spec.machine:
        spec.error(1, "there is no 'machine NAME;'")
    if state:
        spec.error(spec.states[state], f"state {state} has no closing parenthesis")
    return spec


# ---- Reading Ragel's XML -------------------------------------------------------------------


def read_labels(machine):
    """The names of the states by number; adds errors."""
    labels, errors = {}, []
    for entry in machine.find("entry_points"):
        number, name = int(entry.text), entry.get("name").removeprefix("main_")
        if name == "main":
            continue
        if number in labels:
            errors.append(f"states {labels[number]} and {name} behave alike: Ragel merged them")
        labels[number] = name
    return labels, errors


def read_action_lists(machine):
    """The lists of action names, by number."""
    names = {int(a.get("id")): a.get("name") for a in machine.find("action_list")}
    return {int(row.get("id")): tuple(names[int(i)] for i in row.text.split())
            for row in machine.find("action_table_list")}


def read_state(element, machine):
    """All (letter, target number, action list number or None) of one state."""
    error = int(machine.find("error_state").text)
    for transition in element.find("trans_list"):
        low, high, target, actions = transition.text.split()
        if target == "x" or int(target) == error:
            continue
        for letter in range(int(low), int(high) + 1):
            yield letter, int(target), None if actions == "x" else int(actions)


def read_xml(path):
    """Parses the output of `ragel -x` into a Compiled."""
    definition = ElementTree.parse(path).getroot().find("ragel_def")
    if definition is None or definition.find("exports") is None:
        raise SpecError(f"{path}: holds no machine with exported events")
    machine = definition.find("machine")
    events = {int(export.text): export.get("name") for export in definition.find("exports")}
    labels, errors = read_labels(machine)
    lists = read_action_lists(machine)
    error_state = int(machine.find("error_state").text)
    transitions = {}
    for element in machine.find("state_list"):
        number = int(element.get("id"))
        if number == error_state:
            continue
        if number not in labels:
            errors.append(f"Ragel made a state {number} without a name: some (state, event) has "
                          "two targets, or a line lacks '->'")
            continue
        for letter, target, actions in read_state(element, machine):
            pair = labels[number], events.get(letter, f"letter {letter}")
            transitions[pair] = lists.get(actions, ()), labels.get(target, f"state {target}")
    start = labels[int(machine.find("start_state").text)]
    return Compiled(events, labels, start, transitions, errors)


# ---- Checks ---------------------------------------------------------------------------------


def check_text(spec):
    """Checks the text alone: bad targets, pairs listed twice, unused events."""
    seen = {}
    for t in spec.transitions:
        if t.target not in spec.states:
            spec.error(t.line, f"there is no state {t.target}")
        if (t.state, t.event) in seen:
            spec.error(t.line, f"{t.state} lists {t.event} again (first in line "
                               f"{seen[t.state, t.event]})")
        seen.setdefault((t.state, t.event), t.line)
    used = {t.event for t in spec.transitions}
    for event, (_, line) in spec.events.items():
        if event not in used:
            spec.error(line, f"event {event} is used nowhere")


def check_reachable(spec, start):
    """Checks that every state can be reached."""
    targets = defaultdict(set)
    for t in spec.transitions:
        targets[t.state].add(t.target)
    reached, todo = set(), [start]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += targets[state]
    for state, line in spec.states.items():
        if state not in reached:
            spec.error(line, f"{state} can't be reached from {start}")


def check_same(spec, compiled):
    """Checks that text and compiled machine agree."""
    meant = {(t.state, t.event): t for t in spec.transitions}
    for pair, t in meant.items():
        made = compiled.transitions.get(pair)
        if made != (t.actions, t.target):
            spec.error(t.line, f"{t.state} {t.event}: Ragel made {made} of it")
    for state, event in compiled.transitions.keys() - meant.keys():
        spec.errors.append(f"{spec.name}: Ragel has {state} {event}, the text does not")


def load(xml_path, spec_path):
    """Parses and checks both; raises SpecError with all errors."""
    spec = read_spec(Path(spec_path).read_text(encoding="utf-8"), Path(spec_path).name)
    place = Path(spec_path).resolve()
    spec.path = str(place.relative_to(ROOT)) if place.is_relative_to(ROOT) else spec.name
    check_text(spec)
    if spec.errors:
        raise SpecError("\n".join(spec.errors))
    compiled = read_xml(xml_path)
    check_reachable(spec, compiled.start)
    check_same(spec, compiled)
    errors = compiled.errors + spec.errors
    if errors:
        raise SpecError("\n".join(f"{spec.name}: {e}" if e in compiled.errors else e
                                  for e in errors))
    return spec, compiled
