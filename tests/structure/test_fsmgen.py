"""fsmgen.py on a machine of three states: its output, and the errors that it reports."""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import fsmgen  # noqa: E402

sys.path.insert(0, str(ROOT / "tools/lib"))
import fsmspec  # noqa: E402

SPEC = """%%{
# door.rl -- the Door of RFC 1234
machine door;
alphtype unsigned char;
export open   = 0;
export close  = 1;
export lock   = 2;
export unlock = 3;
hands = open | close;

main := (
start: '' -> SHUT,

SHUT: (
    open           @swing          -> OPEN    # 1.1
  | lock           @turn @click    -> LOCKED  # 1.2
  | close          @bump           -> SHUT    # 1.3
) >/labels,

OPEN: (
    close          @swing          -> SHUT    # 2.1
),

LOCKED: (
    ( hands - close ) @rattle      -> LOCKED  # 3.1
  | unlock         @turn           -> SHUT    # 3.2
)
);
}%%
"""

GLUE = """%%{
    machine door;
    action labels { (void)fentry(SHUT); (void)fentry(OPEN); (void)fentry(LOCKED); }
    action swing { swing(); } action turn { turn(); } action click { click(); }
    action bump { bump(); } action rattle { rattle(); }
    include door "door.rl";
}%%
%% write data;
"""


def generate(command, spec, glue=GLUE):
    """Compiles @spec with Ragel and runs fsmgen: (exit status, stdout, stderr)."""
    out, err = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "door.rl").write_text(spec, encoding="utf-8")
        (path / "glue.rl").write_text(glue, encoding="utf-8")
        subprocess.run(["ragel", "-x", "-o", "door.xml", "glue.rl"], cwd=path, check=True)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = fsmgen.main([command, str(path / "door.xml"), str(path / "door.rl")])
    return status, out.getvalue(), err.getvalue()


DOOR_PROGRAM = r"""
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#define leat_debug_assert(condition) ((void)(condition))
HEADER
#define DOOR_PARAMETERS uint8_t *door
#define DOOR_ARGUMENTS door
typedef void door_action(DOOR_PARAMETERS);
#define DOOR_ACTION(name) static door_action door_##name;
ACTIONS
#undef DOOR_ACTION
#define DOOR_STATE_FIRST FIRST
#define DOOR_OBSERVE(from, event, next) \
    printf("%d -%s-> %d\n", number(from), event == DOOR_lock ? "lock" : "?", number(next))
static int number(uint8_t state) { return state == DOOR_SHUT ? 0 : state == DOOR_OPEN ? 1 : 2; }
TABLE
static void door_swing(uint8_t *state) { (void)state; }
static void door_bump(uint8_t *state) { (void)state; }
static void door_rattle(uint8_t *state) { (void)state; }
static void door_turn(uint8_t *state) { printf("turn sees %d\n", number(*state)); }
static void door_click(uint8_t *state) { (void)state; printf("click\n"); }
int main(void)
{
    uint8_t state = DOOR_FIRST_STATE;
    bool took = door_take(&state, &state, DOOR_lock);
    printf("took %d state %d\n", took, number(state));
    took = door_take(&state, &state, DOOR_lock);
    printf("took %d state %d\n", took, number(state));
}
"""


def run_door(command, first, header, actions, table):
    """The output of a program that takes `lock` twice, with the table that @command made."""
    program = DOOR_PROGRAM
    for word, text in ("STATE_FIRST FIRST", f"STATE_FIRST {first}"), ("HEADER", header), ("ACTIONS", actions), ("TABLE", table):
        program = program.replace(word, text, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, command + ".c")
        path.write_text(program, encoding="utf-8")
        subprocess.run([*os.environ.get("LEAT_CC", "cc").split(), "-std=c11", "-o", path.with_suffix(""), path], check=True)
        return subprocess.run([path.with_suffix("")], check=True, capture_output=True, text=True).stdout.splitlines()


def line_of(text, spec=SPEC):
    """The number of the first line that contains @text."""
    return next(i for i, line in enumerate(spec.splitlines(), 1) if text in line)


class Makes(unittest.TestCase):
    def lines(self, command):
        status, out, err = generate(command, SPEC)
        self.assertEqual((status, err), (0, ""))
        return out.splitlines()

    def test_check_prints_the_counts(self):
        self.assertEqual(self.lines("check"), [
            "3 states, 4 events, 6 transitions, 6 pairs claimed impossible"])

    def test_actions_come_once_each(self):
        self.assertEqual(self.lines("actions"), [
            f"DOOR_ACTION({a})" for a in ("swing", "bump", "turn", "click", "rattle")])

    def test_actions_of_a_transition_run_in_order(self):
        text = "\n".join(self.lines("table"))
        begin = text.index("static void door_turn_then_click(")
        self.assertEqual(text[begin:].split("\n}")[0].splitlines()[2:],
                         ["    door_turn(DOOR_ARGUMENTS);", "    door_click(DOOR_ARGUMENTS);"])

    def test_table_has_a_row_for_each_transition(self):
        lines = self.lines("table")
        runs = lines[lines.index("static door_action *const door_runs[] = {") + 1:]
        place = runs.index("    door_turn_then_click,")
        self.assertIn(f"    [DOOR_SHUT][DOOR_lock] = {{{place}, DOOR_LOCKED}},", lines)
        self.assertEqual(sum(line.startswith("    [DOOR_") for line in lines), 6)

    def test_places_lead_to_each_transition_that_differs(self):
        lines = self.lines("places")
        runs = lines[lines.index("static door_action *const door_runs[] = {") + 1:]
        begin = lines.index("static const struct door_transition door_transitions[] = {") + 1
        differ = lines[begin:lines.index("};", begin)]
        self.assertEqual((differ[0], len(set(differ))), ("    {0, 0},", len(differ)))
        places = dict(re.findall(r"^    \[DOOR_(\w+\]\[DOOR_\w+)\] = (\d+),$", "\n".join(lines), re.M))
        self.assertEqual(len(places), 6)
        self.assertEqual(differ[int(places["SHUT][DOOR_lock"])],
                         f"    {{{runs.index('    door_turn_then_click,')}, DOOR_LOCKED}},")

    def test_take_stores_the_state_once_and_then_tells_the_observer(self):
        """The generated function, compiled and run, with the state stored before or after the actions."""
        for command in "table", "places":
            for first, seen in ("true", "2"), ("false", "0"):
                said = run_door(command, first, "\n".join(self.lines("header")), "\n".join(self.lines("actions")),
                                "\n".join(self.lines(command)))
                self.assertEqual(said, ["0 -lock-> 2", f"turn sees {seen}", "click", "took 1 state 2", "took 0 state 2"]
                                 if first == "true" else
                                 [f"turn sees {seen}", "click", "0 -lock-> 2", "took 1 state 2", "took 0 state 2"])

    def test_cover_has_every_transition(self):
        self.assertEqual(self.lines("cover"), [
            'DOOR_TRANSITION(SHUT, open, OPEN, "swing")',
            'DOOR_TRANSITION(SHUT, close, SHUT, "bump")',
            'DOOR_TRANSITION(SHUT, lock, LOCKED, "turn click")',
            'DOOR_TRANSITION(OPEN, close, SHUT, "swing")',
            'DOOR_TRANSITION(LOCKED, open, LOCKED, "rattle")',
            'DOOR_TRANSITION(LOCKED, unlock, SHUT, "turn")'])

    def test_header_names_states_and_events(self):
        text = "\n".join(self.lines("header"))
        for name in "DOOR_SHUT", "DOOR_OPEN", "DOOR_LOCKED", "DOOR_open = 0", "DOOR_unlock = 3":
            self.assertIn(name, text)
        self.assertIn("#define DOOR_NEVENTS 4", text)

    def test_table_gives_the_section(self):
        self.assertIn("| lock | turn, click | LOCKED | 1.2 |", self.lines("md"))

    def test_table_is_named_after_the_machine_and_its_rfc(self):
        text = "\n".join(self.lines("md"))
        self.assertIn("# The transitions of Door\n", text)
        self.assertIn("of [door.rl](../../door.rl)", text)
        self.assertIn("are RFC 1234's. The [picture](door.svg)", text)

    def test_picture_has_one_edge_a_pair_and_no_loops(self):
        edges = [line.split("[")[0].strip() for line in self.lines("dot") if "->" in line]
        self.assertEqual(edges, ["SHUT -> OPEN", "SHUT -> LOCKED", "OPEN -> end",
                                 "LOCKED -> end"])

    def test_an_event_that_leads_to_a_state_from_several_others_is_in_a_note(self):
        spec = SPEC.replace("export unlock = 3;", "export unlock = 3;\nexport axe = 4;")
        spec = spec.replace("\n) >/labels,", "\n  | axe @bump -> FAILED # 9\n) >/labels,", 1)
        spec = spec.replace("# 2.1\n)", "# 2.1\n  | axe @bump -> FAILED # 9\n)").replace(
            "# 3.2\n)", "# 3.2\n  | axe @bump -> FAILED # 9\n),\n\nFAILED: (\n    axe @bump -> FAILED # 9\n)")
        status, out, err = generate("dot", spec, GLUE.replace("fentry(LOCKED);", "fentry(LOCKED); (void)fentry(FAILED);"))
        self.assertEqual((status, err), (0, ""))
        self.assertNotIn("SHUT -> FAILED", out)
        self.assertIn('any_FAILED [label=<&#160;<b>any error, from SHUT,</b><br align="left"/>&#160;<b>OPEN, LOCKED:</b>'
                      '<br align="left"/>&#160;axe<br align="left"/>>, class="note"', out)
        self.assertIn("  FAILED -> any_FAILED [dir=back, class=\"end\", style=dashed];", out)

    def test_other_forms_are_made(self):
        self.assertIn('SHUT,lock,turn click,LOCKED,"1.2"', self.lines("csv"))
        self.assertIn("#define LOCKED 2", self.lines("promela"))


class Refuses(unittest.TestCase):
    def refused(self, old, new, line, text):
        """Replacing @old by @new must be refused, at @line, with a message that contains @text."""
        self.assertIn(old, SPEC)
        status, out, err = generate("check", SPEC.replace(old, new))
        self.assertEqual((status, out), (1, ""))
        self.assertIn(text, err)
        if line:
            self.assertIn(f"door.rl:{line}: ", err)

    def test_pair_listed_twice(self):
        line = line_of("close          @bump")
        self.refused("close          @bump ", "open @bump ", line, "SHUT lists open again (first")

    def test_two_targets(self):
        line = line_of("close          @bump")
        self.refused("close          @bump           -> SHUT ", "open @bump -> LOCKED ", line,
                     "SHUT lists open again")

    def text_refused(self, old, new, line, text):
        """The same for mistakes that Ragel would also refuse: the message must be ours."""
        self.assertIn(old, SPEC)
        spec = fsmgen.read_spec(SPEC.replace(old, new), "door.rl")
        fsmgen.check_text(spec)
        self.assertEqual(spec.errors[0], f"door.rl:{line}: {text}")

    def test_arrow_missing(self):
        self.text_refused("@turn           -> SHUT", "@turn SHUT", line_of("# 3.2"),
                          "expected 'event @action -> STATE', found '| unlock         @turn SHUT'")

    def test_unknown_state(self):
        self.text_refused("@swing          -> SHUT ", "@swing -> SHUTT ", line_of("# 2.1"),
                          "there is no state SHUTT")

    def test_unknown_event(self):
        self.text_refused("unlock         @turn", "unlok @turn", line_of("# 3.2"),
                          "'unlok' is neither an event nor a set of events")

    def test_unbalanced_expression(self):
        self.text_refused("( hands - close )", "( hands - close", line_of("# 3.1"),
                          "unbalanced parentheses in '( hands - close'")

    def test_unused_event(self):
        self.refused("export unlock = 3;", "export unlock = 3;\nexport kick = 4;",
                     line_of("export unlock") + 1, "event kick is used nowhere")

    def test_machine_without_a_name(self):
        self.text_refused("machine door;\n", "", 1, "there is no 'machine NAME;'")

    def test_unreachable_state(self):
        self.refused("lock           @turn @click    -> LOCKED", "lock @turn @click -> OPEN",
                     line_of("LOCKED: ("), "LOCKED can't be reached from SHUT")

    def test_reference_missing(self):
        self.refused("-> SHUT    # 3.2", "-> SHUT", line_of("# 3.2"), "no reference")

    def test_text_and_compiled_machine_differ(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            (path / "glue.rl").write_text(GLUE, encoding="utf-8")
            (path / "door.rl").write_text(SPEC, encoding="utf-8")
            subprocess.run(["ragel", "-x", "-o", "door.xml", "glue.rl"], cwd=path, check=True)
            (path / "door.rl").write_text(SPEC.replace("@bump", "@rattle"), encoding="utf-8")
            with self.assertRaisesRegex(fsmgen.SpecError, "SHUT close: Ragel made"):
                fsmgen.load(path / "door.xml", path / "door.rl")

    def test_no_file(self):
        with contextlib.redirect_stderr(io.StringIO()) as err:
            self.assertEqual(fsmgen.main(["check", "no.xml", "no.rl"]), 1)
        self.assertIn("no.rl", err.getvalue())


class OfTCP(unittest.TestCase):
    def test_an_action_that_ends_a_TCB_is_the_last_of_its_line(self):
        path = ROOT / "src/tcp/machine/tcp.rl"
        spec = fsmspec.read_spec(path.read_text(encoding="utf-8"), path.name)
        self.assertGreater(len(spec.transitions), 150)
        for made in spec.transitions:
            with self.subTest(f"{made.state} {made.event}"):
                self.assertFalse({"delete_TCB", "start_2MSL"} & set(made.actions[:-1]))


if __name__ == "__main__":
    unittest.main()
