"""Plain text as roff, with the macros of man(7): paragraphs, lists of terms, and lines that stay as they are.

Plain text is the form of --help and of docstrings. Paragraphs lie between empty lines. A term is indented by two or more
columns, and its text follows after two spaces or in deeper lines. Lines that are indented by four or more are shown as they are.
"""

import re
import textwrap

LINE = 62  # marks make a line longer, and mandoc wants at most 80 bytes
LITERAL_INDENT = 4  # a line that begins there is shown as it is ...
TERM_INDENT = 8  # ... but a line that is an option, and stands left of this, begins an entry of a list
ARGUMENT = r"(?:'[^']*'|\{\S+\}|[^\s-]*[A-Z]\S*|N)"
OPTION = rf"--?\w[\w-]*(?:\[?=\S+| {ARGUMENT})*"
OPTIONS = re.compile(rf"{OPTION}(?:, {OPTION})*")


def escaped(text):
    """Text whose backslashes are no escapes."""
    return text.replace("\\", "\\e")


def pages_in(text):
    """@text with the names of other pages in bold."""
    return re.sub(r"\b([a-z][\w.+-]*)\((\d)\)", r"\\fB\1\\fR(\2)", text)


def options_in(text):
    """@text, escaped, with the hyphens of its options as they are typed."""
    return re.sub(r"(?<![\w-])--?(?=\w)[\w-]*", lambda found: found[0].replace("-", r"\-"), text)


def guarded(line):
    """A line of text that is no request."""
    return "\\&" + line if line[:1] in (".", "'") else line


def sentences(text):
    """The sentences of a paragraph: man(7) wants each to begin a line."""
    return re.split(r"(?<=[.:?!])(?<!e\.g\.)(?<!i\.e\.)\s+(?=[A-Z\"'(@`\\-])", text)


def running(text):
    """Running text, as lines of roff."""
    made = []
    for sentence in sentences(" ".join(text.split())):
        made += textwrap.wrap(pages_in(options_in(escaped(sentence))), LINE, break_long_words=False, break_on_hyphens=False)
    return [guarded(line) for line in made]


def literal(lines):
    """Lines that stay as they are, without the indentation that all have."""
    text = textwrap.dedent("\n".join(lines)).expandtabs()
    for character, name in (("\\", "e"), ("-", "-"), ("'", "(aq"), ("`", "(ga"), ("^", "(ha"), ("~", "(ti")):
        text = text.replace(character, "\\" + name)
    return [".IP", ".nf", *(guarded(line) if line else "\\&" for line in text.split("\n")), ".fi"]


def term(words):
    """The term of a list: options are bold, their arguments slanted, other terms bold."""
    if not OPTIONS.fullmatch(words):
        return r"\fB" + escaped(words).replace("-", r"\-") + r"\fR"
    made = []
    for word in re.split(r"([ =,\[\]]+)", words):
        if word.startswith("-"):
            made.append(r"\fB" + word.replace("-", r"\-") + r"\fR")
        elif re.fullmatch(r"[ =,\[\]]*", word):
            made.append(word)
        else:
            made.append(r"\fI" + escaped(word).replace("-", r"\-") + r"\fR")
    return guarded("".join(made))


def entry(line):
    """(term, start of its text) of an indented line that begins an entry of a list, or None."""
    text = line.strip()
    begin, gap, rest = re.fullmatch(r"(\S+(?: \S+)*?)(?:(  +)(\S.*))?", text).groups()
    if OPTIONS.fullmatch(begin):
        return begin, rest or ""
    if text.startswith("-"):  # an option that is as wide as its column: one space separates its text
        found = re.match(rf"{OPTION}(?= )", text)
        return (found[0], text[found.end():].strip()) if found else None
    return (begin, rest) if gap else None


def paragraph(lines):
    return [".PP", *running(" ".join(lines))]


def listed(entries):
    made = []
    for words, text in entries:
        made += [".TP", term(words), *(running(text) or ["\\&"])]
    return made


def indent(line):
    return len(line) - len(line.lstrip())


def blocks(text):
    """(kind, content) of the blocks of plain text: "paragraph" and "literal" with their lines, "list" with its entries."""
    made = []
    for part in re.split(r"\n\s*\n", text.strip("\n")):
        kind = None
        for line in part.split("\n"):
            if not line.strip():
                continue
            new, begins = ("paragraph", None) if indent(line) == 0 else ("literal", None)
            if kind == "list" and indent(line) > first:
                content = made[-1][1]
                content[-1] = (content[-1][0], f"{content[-1][1]} {line.strip()}".strip())
                continue
            is_term = 2 <= indent(line) < (TERM_INDENT if line.strip().startswith("-") else LITERAL_INDENT)
            if is_term and kind != "literal" and (begins := entry(line)):
                new, first = "list", indent(line)
            if new != kind:
                # a list goes on after an empty line
                if not (new == "list" and kind is None and made and made[-1][0] == "list"):
                    made.append((new, []))
                kind = new
            made[-1][1].append(begins or line)
    return made


def made_of(text):
    """Lines of roff of plain text."""
    how = {"paragraph": paragraph, "literal": literal, "list": listed}
    return [line for kind, content in blocks(text) for line in how[kind](content)]


def page(name, section, date, source, manual, sections):
    """A page: sections are pairs of a heading and lines of roff, or plain text."""
    lines = [f'.TH {name.upper()} {section} {date} "{source}" "{manual}"']
    for heading, body in sections:
        lines.append(f".SH {heading}" if " " not in heading else f'.SH "{heading}"')
        lines += body if isinstance(body, list) else made_of(body)
    return "\n".join(without_empty(lines)) + "\n"


def without_empty(lines):
    """Without a paragraph macro that stands right after a heading, where it does nothing."""
    return [line for number, line in enumerate(lines)
            if not (line == ".PP" and number and lines[number - 1].startswith((".SH", ".SS", ".PP")))]
