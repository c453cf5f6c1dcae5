#!/usr/bin/env python3
"""Writes files that include several sources each, so that a project compiles leat in fewer and larger pieces.

  tools/unite.py OUTPUT... -- SOURCE...

Each source is in one of the outputs, and means the same there as alone. A source has names for itself: of static
functions and variables, types, enumerators, macros. None of them occurs in another source of its output. An output is
written only if it changes. Exit status 1: there are too few outputs.
"""

import pathlib
import re
import sys

NOISE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*", re.M | re.S)
WORD = re.compile(r"[A-Za-z_]\w*|[{}()\[\];=,]")


def own_names(text):
    """The names that a source defines at the scope of the file, but for functions of others' use; text without noise."""
    names, depth, in_enum, before, is_static, last = set(MACRO.findall(text)), 0, False, [], False, ""
    for token in WORD.findall(DIRECTIVE.sub("", text)):
        if token == "{":
            if depth == 0:
                kind = next((word for word in ("enum", "struct", "union") if word in before[-2:]), None)
                if kind and before[-1] != kind and "(" not in before:
                    names.add(before[-1])
                in_enum = kind == "enum"
            depth += 1
        elif token == "}":
            depth -= 1
            if depth == 0:
                if in_enum and last not in ("{", ","):
                    names.add(last)
                if "(" in before:  # the end of a function
                    before, is_static = [], False
                in_enum = False
        elif depth == 0:
            is_static = is_static or token == "static"
            if token in "(;=[" and before and re.match(r"\w", last) and (is_static or before[0] == "typedef"):
                names.add(last)
            before = [] if token == ";" else before + [token]
            is_static = is_static and token != ";"
        elif in_enum and depth == 1 and token in ",=" and re.match(r"\w", last):
            names.add(last)
        last = token
    return names


def group(sources, count):
    """The sources in @count lists, about as many bytes in each; None if that is impossible."""
    texts = {path: path.read_text(encoding="utf-8") for path in sources}
    plain = {path: NOISE.sub(" ", text) for path, text in texts.items()}
    own = {path: own_names(text) for path, text in plain.items()}
    words = {path: set(re.findall(r"[A-Za-z_]\w*", text)) for path, text in plain.items()}
    groups = [[] for _ in range(count)]

    def may_join(path, members):
        return not any(own[path] & words[other] or own[other] & words[path] for other in members)

    for path in sorted(sources, key=lambda path: -len(texts[path])):
        fitting = [members for members in groups if may_join(path, members)]
        if not fitting:
            return None
        min(fitting, key=lambda members: sum(len(texts[other]) for other in members)).append(path)
    return groups


def main():
    words = sys.argv[1:]
    if "--" not in words:
        sys.exit(__doc__)
    at = words.index("--")
    outputs, sources = words[:at], [pathlib.Path(word).resolve() for word in words[at + 1:]]
    groups = group(sources, len(outputs))
    if groups is None:
        sys.exit(f"{len(sources)} sources don't fit into {len(outputs)} pieces: too many have the same names")
    for output, members in zip(map(pathlib.Path, outputs), groups):
        text = "/* made by tools/unite.py */\n" + "".join(f'#include "{path}"\n' for path in sorted(members))
        if not output.exists() or output.read_text(encoding="utf-8") != text:
            output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
