#!/usr/bin/env python3
"""Makes pages for man(1): of a program's --help, and of the public headers.

  manpages.py program [--date DATE] --name NAME --version V --output FILE --notes FILE... -- PROGRAM

  manpages.py calls [--date DATE] [--depfile FILE] --version V --output FOLDER    a page in section 3 for each main call

  manpages.py list                                               the names of these pages

A program's page has what its --help says, and sections that --help has not, of the notes: a first line with its purpose,
then "[SECTION]" and text. Notes of several files are joined, those of the first file win. Without notes of it the exit
status is that of --help. A program with commands
(NAME COMMAND --help) has a subsection for each. The main calls are those that docs/manual.md lists by task; a page has the
docstring in the header, and the members of configurations and callbacks.

The date is that of the release in CHANGELOG.md; before it is released, SOURCE_DATE_EPOCH or today.
"""

import argparse
import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "lib"))

import docstrings  # noqa: E402
import roff  # noqa: E402

ORDER = ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "ARGUMENTS", "OPTIONS", "EXAMPLES", "FILES", "ENVIRONMENT", "EXIT STATUS",
         "SEE ALSO"]
ALWAYS = {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"}
STATUS = re.compile(r"(?:The e|E)xit status|Status:")


READ = []  # files that pages depend on


class Unfit(Exception):
    """A page can't be made, with the reason in one line."""


def date_of(version):
    """The date of a page."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if released := re.search(rf"^## {re.escape(version)} - (\d{{4}}-\d\d-\d\d)$", text, re.M):
        return released[1]
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch else datetime.datetime.now()
    return now.date().isoformat()


# ---- programs -----------------------------------------------------------------------------------


def notes_of(paths):
    """(purpose, {section: text}) of notes."""
    purpose, sections = None, {}
    for path in paths:
        first, *parts = re.split(r"^\[([A-Z ]+)\]\n", Path(path).read_text(encoding="utf-8"), flags=re.M)
        purpose = purpose or first.strip()
        for heading, text in zip(parts[::2], parts[1::2]):
            sections.setdefault(heading, text)
    return purpose, sections


def help_of(program, *command):
    """A program's answer to --help."""
    try:
        done = subprocess.run([program, *command, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              env={**os.environ, "COLUMNS": "100"})
    except OSError as error:
        raise Unfit(f"{program}: {error.strerror}") from None
    if done.returncode or not done.stdout.startswith("usage: "):
        raise Unfit(f"{program} {' '.join(command)}: --help fails, or doesn't begin with its usage")
    return done.stdout


def usages(text):
    """(forms of the usage, the rest) of a help text; a form continues in lines that are indented deeper."""
    lines = text.split("\n")
    forms, name = [], lines[0].split()[1]
    while lines and (lines[0].startswith("usage: ") or lines[0].startswith(" ") and lines[0].strip()):
        line = lines.pop(0).removeprefix("usage:").strip()
        if forms and line.split()[0] != name:
            forms[-1] += " " + line
        else:
            forms.append(line)
    return forms, "\n".join(lines)


def synopsis(forms):
    """Roff of the usage: words that are typed as they stand are bold, and words that stand for others are slanted."""
    made = []
    for form in forms:
        words = form.split()
        shown = [rf"\fB{words[0]}\fR".replace("-", r"\-")]
        for word in words[1:]:
            styled = roff.escaped(word).replace("-", r"\-")
            shown.append(re.sub(r"(?<![\w.])([A-Z][A-Z_]+(?:/[A-Z]+)?)(?![\w])", r"\\fI\1\\fR", styled))
        made += [".PP", *roff.textwrap.wrap(" ".join(shown), roff.LINE, break_long_words=False, break_on_hyphens=False)]
    return made


def taken_apart(text):
    """(description, arguments, options, exit status) of the rest of a help text: blocks, and three lists.

    A list below a line that ends with a colon belongs to the description.
    """
    description, arguments, options, status = [], [], [], []
    for kind, content in roff.blocks(re.sub(r"^(positional arguments|options):\n", "", text, flags=re.M)):
        if kind == "paragraph" and STATUS.match(content[0]):
            status += statuses(" ".join(content))
        elif kind != "list" or introduced(description) and not content[0][0].startswith("-"):
            description.append((kind, content))
        else:
            for words, said in content:
                (options if words.startswith("-") else arguments).append((words, said))
    return description, arguments, options, status


def statuses(text):
    """The entries of "Exit status: 0 one thing, 1 another": pairs of a number and its meaning. Other forms are left to notes."""
    entries = re.split(r", (?=\d+ )", text.partition(":")[2].strip().rstrip("."))
    return [tuple(entry.split(" ", 1)) for entry in entries if re.match(r"\d+ ", entry)]


def introduced(parts):
    """Whether the last of these blocks announces a list."""
    return bool(parts) and parts[-1][0] == "paragraph" and parts[-1][1][-1].endswith(":")


def roff_of(parts):
    how = {"paragraph": roff.paragraph, "literal": roff.literal, "list": roff.listed}
    return [line for kind, content in parts for line in how[kind](content)]


def commands_of(program, names, common):
    """Subsections for the commands of a program, without the options that all of them have."""
    made = []
    for name in names:
        forms, rest = usages(help_of(program, name))
        description, _, options, _ = taken_apart(rest)
        description[0][1][0] = re.sub(rf"^{name}: (\w)", lambda found: found[1].upper(), description[0][1][0])
        made += [f".SS {name}", *synopsis(forms), *roff_of(description),
                 *roff.listed([option for option in options if option not in common])]
    return made


def common_options(program, names):
    """The options that all commands of a program have."""
    each = [taken_apart(usages(help_of(program, name))[1])[2] for name in names]
    return [option for option in each[0] if all(option in other for other in each)]


def program_page(name, version, date, program, notes):
    """The page of a program."""
    purpose, sections = notes_of(notes)
    forms, rest = usages(help_of(program))
    description, arguments, options, status = taken_apart(rest)
    made = {heading: roff.made_of(text) for heading, text in sections.items()}
    made["NAME"] = roff.textwrap.wrap(f"{name} \\- {purpose}", roff.LINE, break_on_hyphens=False)
    made["SYNOPSIS"] = synopsis(forms)
    made["DESCRIPTION"] = roff_of(description) + made.get("DESCRIPTION", [])
    made.setdefault("EXIT STATUS", roff.listed(status))
    if arguments and "COMMAND" in forms[0].split():
        names = [words for words, _ in arguments]
        options = common_options(program, names)
        made["COMMANDS"] = commands_of(program, names, options)
    elif arguments:
        made["ARGUMENTS"] = roff.listed(arguments)
    made["OPTIONS"] = roff.listed(options)
    missing = [heading for heading in ALWAYS if not made.get(heading)]
    if missing or not purpose:
        raise Unfit(f"{name}: the notes lack {', '.join(sorted(missing)) or 'the purpose'}")
    if unknown := set(made) - set(ORDER):
        raise Unfit(f"{name}: no section is named {', '.join(sorted(unknown))}")
    return roff.page(name, 1, date, f"leat {version}", "leat", [(heading, made[heading]) for heading in ORDER if made.get(heading)])


# ---- calls --------------------------------------------------------------------------------------


def main_calls():
    """{name: the names of its row} of the calls that docs/manual.md lists by task."""
    text = (ROOT / "docs/manual.md").read_text(encoding="utf-8").split("## By task", 1)[1].split("\n## ", 1)[0]
    rows = [re.findall(r"\b(leat_\w+)\(\)", row) for row in text.split("\n") if row.startswith("|")]
    return {name: row for row in rows for name in row}


def libraries():
    """{function: its library}, by the folders of the sources that define them. Inline functions are in none."""
    found = {}
    for folder, library in docstrings.LIBRARIES.items():
        for path in sorted((ROOT / folder).glob(docstrings.SOURCES.get(folder, "**/*.c"))):
            READ.append(path)
            names = re.findall(r"^[A-Za-z][\w *]*\b(leat_\w+)\(", path.read_text(encoding="utf-8"), re.M)
            found.update(dict.fromkeys(names, library))
    return found


def member_list(struct):
    """Roff of the members of a struct, with the header's text of each."""
    made = []
    for declaration, text in struct.members:
        shown = roff.textwrap.wrap(roff.escaped(declaration), roff.LINE * 2)
        made += [".TP", roff.guarded(r"\fB" + " ".join(shown) + r"\fR"), *(docstrings.running(text) or ["\\&"])]
    return made


def call_page(call, library, version, date, calls, headers):
    """The page of a function."""
    name = call.name
    brief, text, errors = docstrings.described(call.text)
    sections = [("NAME", roff.textwrap.wrap(rf"{name} \- {brief}", roff.LINE, break_on_hyphens=False))]
    if library:
        sections.append(("LIBRARY", [roff.guarded(library), rf"(\fBpkg\-config \-\-cflags \-\-libs {library}\fR)".replace("leat-", r"leat\-")]))
    sections.append(("SYNOPSIS", [".nf", rf"\fB#include <leat/{call.header}.h>\fR", ".PP",
                                  *(roff.guarded(rf"\fB{roff.escaped(line)}\fR") for line in call.prototype.split("\n")), ".fi"]))
    sections.append(("DESCRIPTION", text))
    if call.prototype.startswith("enum leat_err"):
        sections.append(("RETURN VALUE", ["LEAT_OK, which is 0, or an error;", r"\fBleat_err_text\fR() names each."]))
    if errors:
        sections.append(("ERRORS", errors))
    for struct in headers.structs_of(call.prototype):
        sections.append((f"struct {struct.name}", [*docstrings.running(struct.text), *member_list(struct)]))
    others = [other for other in calls[name] if other != name]
    see = [rf".BR {other} (3){',' if other != others[-1] else ''}" for other in others]
    if not see:
        see = [r".BR leat_init (3)"]
    sections.append(("SEE ALSO", see))
    return roff.page(name, 3, date, f"leat {version}", "leat", sections)


def make_calls(folder, version, date):
    headers, calls, library = docstrings.Headers(ROOT / "include/leat"), main_calls(), libraries()
    READ.extend(sorted((ROOT / "include/leat").glob("*.h")))
    folder.mkdir(parents=True, exist_ok=True)
    for name in calls:
        if name not in headers.functions:
            raise Unfit(f"docs/manual.md lists {name}(), which no header documents")
        page = call_page(headers.functions[name], library.get(name), version, date, calls, headers)
        (folder / f"{name}.3").write_text(page, encoding="utf-8")


def parse(words):
    """The command line; the program stands behind "--"."""
    words, _, program = (words[:words.index("--")], "--", words[words.index("--") + 1:]) if "--" in words else (words, "", [])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["program", "calls", "list"])
    parser.add_argument("--date", help="YYYY-MM-DD")
    parser.add_argument("--name")
    parser.add_argument("--version")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--depfile", type=Path)
    parser.add_argument("--notes", nargs="+", default=[])
    options = parser.parse_args(words)
    needed = {"program": ["version", "output", "name", "notes"], "calls": ["version", "output"], "list": []}[options.action]
    if missing := [f"--{name}" for name in needed if not getattr(options, name)]:
        parser.error(f"{options.action} needs {', '.join(missing)}")
    if options.action == "program" and len(program) != 1:
        parser.error("one program stands behind --")
    return options, program


def main():
    options, program = parse(sys.argv[1:])
    try:
        if options.action == "list":
            print("\n".join(main_calls()))
            return 0
        date = options.date or date_of(options.version)
        if options.action == "calls":
            make_calls(options.output, options.version, date)
            if options.depfile:
                options.depfile.write_text(f"{next(iter(main_calls()))}.3: " + " ".join(map(str, READ)) + "\n", encoding="utf-8")
        else:
            options.output.write_text(program_page(options.name, options.version, date, program[0], options.notes), encoding="utf-8")
    except Unfit as error:
        print(f"tools/manpages.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
