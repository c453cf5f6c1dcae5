"""The docstrings of leat's public headers: of functions, and of structs with their members. Plain reading by regular
expressions, which relies on the layout that .clang-format gives; the test `man` fails if it misses one."""

import re
from dataclasses import dataclass

import roff

# the folders whose sources define public functions, with their libraries; SOURCES where not all files count
LIBRARIES = {
    "src": "leat", "proto": "leat-proto", "tls": "leat-tls", "web": "leat-web", "web/acme": "leat-acme", "task": "leat-task", "files": "leat-files",
    "sockets/calls": "leat-sockets",
    "block": "leat-block", "crypto": "leat-crypto", "crypto/openssl": "leat-crypto-openssl", "netif/link": "leat-link",
    "netif/vlan": "leat-vlan", "netif/flight": "leat-flight", "netif/pcap": "leat-posix", "netif/tap": "leat-posix",
    "netif/socket": "leat-posix", "netif/shm": "leat-posix", "compress/zlib": "leat-deflate", "http2/nghttp2": "leat-http2", "main": "leat-main",
}
SOURCES = {"crypto": "*.c", "web": "[dhz]*/*.[cr]*", "proto": "**/*.[cr]*"}

COMMENT = re.compile(r"/\*\*(?!<)((?:(?!\*/).)*)\*/\n", re.S)
FUNCTION = re.compile(r"(?:LEAT_INLINE )?([a-z][\w *]*?\b(leat_\w+)\([^;{]*\))\s*[;{]")
STRUCT = re.compile(r"struct (leat_\w+)\s*\{")
PURPOSE_MIN, PURPOSE_MAX = 16, 68
TAKEN = re.compile(r"struct (leat_(?:\w+_)?(?:config|events)|leat_app)\b")


@dataclass
class Call:
    name: str
    header: str
    prototype: str
    text: str


@dataclass
class Struct:
    name: str
    text: str
    body: str

    @property
    def members(self):
        """[(declaration, text)] of the members, but the reserved words."""
        return members_of(self.body)


def cleaned(comment):
    """The text of a comment, without its stars."""
    lines = [re.sub(r"^\s*\*? ?", "", line, count=1) if number else line.strip() for number, line in enumerate(comment.split("\n"))]
    return "\n".join(line.rstrip() for line in lines).strip()


def closing(text, at):
    """The place behind the brace that closes the one before @at."""
    depth = 1
    while depth:
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return at


def end_of_declaration(body, at):
    """The place of the semicolon that ends a declaration, which may have braces."""
    while body[at] != ";":
        at = closing(body, at + 1) if body[at] == "{" else at + 1
    return at


def members_of(body):
    """[(declaration, text)] of the body of a struct, but the reserved words."""
    made, before, at = [], "", 0
    while at < len(body):
        if body[at].isspace():
            at += 1
        elif body.startswith("/*", at):
            end = body.index("*/", at)
            if body.startswith("/**<", at) and made:
                made[-1] = (made[-1][0], cleaned(body[at + 4:end]))
            else:
                before = cleaned(body[at + 3:end])
            at = end + 2
        else:
            end = end_of_declaration(body, at)
            declaration = re.sub(r"/\*.*?\*/", " ", body[at:end], flags=re.S)
            made.append((" ".join(declaration.split()), before))
            before, at = "", end + 1
    return [member for member in made if not re.search(r"\breserved\[", member[0])]


class Headers:
    """The declarations in the headers of a folder, with their docstrings."""

    def __init__(self, folder):
        self.functions, self.structs = {}, {}
        for path in sorted(folder.glob("*.h")):
            text = path.read_text(encoding="utf-8")
            documented = {found.end(): cleaned(found[1]) for found in COMMENT.finditer(text)}
            for at, comment in documented.items():
                if found := FUNCTION.match(text, at):
                    self.functions[found[2]] = Call(found[2], path.stem, found[1] + ";", comment)
            for found in STRUCT.finditer(text):
                end = closing(text, found.end())
                self.structs[found[1]] = Struct(found[1], documented.get(found.start(), ""), text[found.end():end - 1])

    def structs_of(self, prototype):
        """The configurations and tables of callbacks that a function takes."""
        names = dict.fromkeys(found[1] for found in TAKEN.finditer(prototype))
        return [self.structs[name] for name in names if name in self.structs]


def marked(line):
    """A line of roff whose marks of Doxygen and names of functions have their fonts."""
    line = line.replace("\1", r"\fI").replace("\2", r"\fB").replace("\3", r"\fR")
    return re.sub(r"\b(leat_\w+)\(\)", r"\\fB\\%\1\\fR()", line)


def running(text):
    """A docstring as lines of roff, without a first paragraph macro."""
    text = re.sub(r"@p\s+(\w+)", "\1\\1\3", text)
    text = re.sub(r"@c\s+(\w+)|`([^`\n]+)`", "\2\\1\\2\3", text)
    lines = [marked(line) for line in roff.made_of(text)]
    return [re.sub(r"^\.PP$", ".sp", line) for line in lines[1 if lines and lines[0] == ".PP" else 0:]]


def brief(text):
    """The first sentence of a docstring as the purpose of a page. A long one is given without its parentheses, then without what
    follows a colon, then without clauses at its end."""
    first = re.split(r"(?<!\.)[.;](?:\s|$)", " ".join(text.split()), maxsplit=1)[0]
    first = re.sub(r"@[pc] ", "", first).replace("`", "").strip(" .")
    if first.count("(") > first.count(")"):
        first = first[:first.rfind(" (")]
    if len(first) > PURPOSE_MAX:
        first = re.sub(r" \([^()]*\)", "", first)
    if len(first) > PURPOSE_MAX and (colon := first.find(": ", PURPOSE_MIN)) > 0:
        first = first[:colon]
    while len(first) > PURPOSE_MAX and (cut := first.rfind(", ")) > 0:
        first = first[:cut]
    word = first.split()[0]
    if word[1:].islower() or len(word) == 1:
        first = first[0].lower() + first[1:]
    return roff.escaped(first)


def described(text):
    """(purpose, description, errors) of a docstring; the last two as lines of roff."""
    found = re.search(r"\bErrors: ((?:(?!\n\n).)*)", text, re.S)
    errors = running(found[1][0].upper() + found[1][1:]) if found else []
    rest = text[:found.start()] + text[found.end():] if found else text
    return brief(text), running(rest), errors
