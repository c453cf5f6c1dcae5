#!/usr/bin/python3
"""Checks that the prose of the repository is plain English: comments, docstrings, documents and messages.

usage: tools/lib/prose.py [--sum] [PATH...]

Prints `file:line: rule: sentence` for each finding; without PATH, for every file of the repository. --sum prints
one line per folder instead. The rules:

  start    a sentence begins with a free `Who`, `Whom`, `Whose`, `What` or `Of`. Questions may.
  who      `who` or `whom` without a person in front of it; `whose` without any noun
  body     `nobody`, `somebody`, `anybody` or `everybody`, for programs and machines
  clause   a clause begins with a free `what` or `who`, after a comma, a colon, a semicolon or a preposition
  long     more than 30 words in one sentence. Code, numbers, tables and lists of errors don't count.
  word     a word that the field doesn't use, from WORDS, which says the usual one

Exit status 0: no finding. 1: findings. 2: it could not start.
"""

import argparse
import ast
import io
import pathlib
import re
import subprocess
import sys
import tokenize
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS_MAX = 30
SKIPPED = ("fuzz/corpus/", "LICENSE")
COMMENTED = {".c", ".h", ".rl", ".S", ".ld", ".bpf"}
HASHED = {".sh", ".build", ".txt", ""}
PERSONS = """people person persons user users reader readers engineer engineers attacker attackers author authors
    programmer programmers maintainer maintainers developer developers somebody someone anyone everyone those one
    operator operators administrator administrators owner owners stranger strangers newcomer newcomers customer
    customers visitor visitors human humans contributor contributors publisher you us others friend colleague
    and or""".split()
PREPOSITIONS = "of for to by from with than in on at and or but".split()
# Words that the field doesn't use, with the usual one.
WORDS = {
    "anew": "again", "whoever": "the noun", "whomever": "the noun", "thereupon": "then", "hearken": "read",
    "thereof": "of it", "whereof": "of which", "nought": "0", "amongst": "among", "whilst": "while",
}
ABBREVIATIONS = re.compile(r"\b(e\.g|i\.e|etc|cf|vs|Nr|No|resp|approx|incl|Fig|Mr|St|ca)\.$")

# A sentence may begin with a name or an option of the program: "@p memory", "wait() returns", "snd_una", "--json".
IDENTIFIER = re.compile(r"@p$|--\w|[\"'(]*\w+\(\)|[a-z0-9]+_\w+")

# Code in a sentence: CODE from `plain`, a name with an underscore, a call.
CODE = re.compile(r"\bCODE\b|\w_\w|\w\(\)")
# A line of a diagram or of code in a comment: indented, as in Markdown.
DIAGRAM = re.compile(r"\s*\*\s{5,}\S")
BODY = re.compile(r"\b(nobody|somebody|anybody|everybody)(?:'s)?\b(?!\.invalid)", re.I)  # RFC 6303 3 has that name
WHO = re.compile(r"(?:([\w'-]+)([,;:(]*)\s+)?\b(who|whom|whose)\b", re.I)
CLAUSE = re.compile(r"(?:[,;:(]|\b(?:of|for|to|by|from|with|than|in|on|at))\s+(what|who|whom)\s+(?!if\b|follows\b)\w", re.I)
START = re.compile(r"^[\"'(*_]*(Who|Whom|Whose|What|Of)\b")


class Sentence:
    def __init__(self, line, text):
        self.line, self.text = line, text


def plain(text):
    """@text without code, links' targets and markup."""
    text = re.sub(r"`[^`]*`", "CODE", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://\S+", "LINK", text)
    return re.sub(r"[*_]{2}", "", text)


def sentences(lines):
    """Sentence by sentence from (number, text) of consecutive lines; an empty line or an item of a list begins a
    new paragraph."""
    paragraph = []
    for number, text in [*lines, (0, "")]:
        text = text.strip()
        item = re.match(r"(?:[-*+]|\d+[.)])\s+|@\w+:?\s{2,}|@\w+:\s|\||--\w.*?\s{2,}|--\w+ [A-Z]+\.\.\.(?: |$)|[\w-]+\s{3,}", text)
        if not text or item:
            yield from split(paragraph)
            paragraph = []
        if text:
            paragraph.append((number, text[item.end():] if item else text))


def split(paragraph):
    words = [(number, word) for number, text in paragraph for word in plain(text).split()]
    begun = []
    for place, (number, word) in enumerate(words):
        begun.append((number, word))
        last = place + 1 == len(words)
        following = "" if last else words[place + 1][1].lstrip("\"'(*_@")
        ended = re.search(r"[.!?][\"')*_]*$", word) and not ABBREVIATIONS.search(word)
        if last or (ended and (following[:1].isupper() or IDENTIFIER.match(words[place + 1][1]))):
            yield Sentence(begun[0][0], " ".join(word for _, word in begun))
            begun = []


def comments_of_c(text):
    """Runs of (number, text): each comment of C, and each string of several words."""
    for match in re.finditer(r'/\*(.*?)\*/|((?://[^\n]*(?:\n[ \t]*(?=//))?)+)|"((?:\\.|[^"\\\n])*)"', text, flags=re.S):
        number = text.count("\n", 0, match.start()) + 1
        if match[3] is not None:
            continue
        body = match[1] if match[1] is not None else match[2]
        yield [(number + index, "" if DIAGRAM.match(line) else re.sub(r"^\s*(?:\*+|//+[/!<]*)\s?", "", line))
               for index, line in enumerate(body.splitlines())]


def messages_of_c(text):
    """Strings of several words, neighbours together, that a person reads."""
    bare = re.sub(r"/\*.*?\*/|//[^\n]*", lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.S)
    for match in re.finditer(r'"(?:\\.|[^"\\\n])*"(?:\s*(?:PRI\w+\s*)?"(?:\\.|[^"\\\n])*")*', bare):
        number = bare.count("\n", 0, match.start()) + 1
        said = "".join(re.findall(r'"((?:\\.|[^"\\\n])*)"', match[0]))
        if len(said.split()) >= 4:
            yield [(number, line) for line in said.replace("\\n", "\n\n").splitlines()]


def hashes(text):
    """Runs of comments that # begins."""
    run = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"\s*#(?!!)\s?(.*)", line)
        if match:
            run.append((number, match[1]))
        elif run:
            yield run
            run = []
    if run:
        yield run


def of_python(text):
    try:
        tree = ast.parse(text)
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (SyntaxError, tokenize.TokenError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
                yield [(first.lineno + index, line) for index, line in enumerate(first.value.value.splitlines())]
    run = []
    for token in tokens:
        if token.type == tokenize.COMMENT:
            own = not token.line[:token.start[1]].strip()
            if run and (run[-1][0] + 1 != token.start[0] or not own):
                yield run
                run = []
            run.append((token.start[0], token.string.lstrip("#! ")))
    if run:
        yield run


def of_markdown(text):
    fenced, run = False, []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
            line = ""
        if fenced or line.startswith("    "):
            line = ""
        if line.lstrip().startswith("|"):
            if run:
                yield run
            run = []
            for cell in re.split(r"(?<!\\)\|", line.strip().strip("|")):
                yield [(number, cell)]
            continue
        run.append((number, re.sub(r"^\s*(?:#+|>)\s*", "", line)))
        if line.startswith("#"):
            run.append((number, ""))
    if run:
        yield run


def runs(path, text):
    if path.suffix in COMMENTED:
        yield from comments_of_c(text)
        yield from messages_of_c(text)
    elif path.suffix == ".md":
        yield from of_markdown(text)
    elif path.suffix == ".py" or text.startswith(("#!/usr/bin/python", "#!/usr/bin/env python")):
        yield from of_python(text)
    elif path.suffix in (".sh", ".build") or path.name == "meson_options.txt" or text.startswith("#!"):
        yield from hashes(text)


def findings(path, text):
    """(line, rule, sentence) of each."""
    for run in runs(path, text):
        for sentence in sentences(run):
            said, question = sentence.text, sentence.text.rstrip("\"')*_ ").endswith("?")
            if START.match(said) and not question and len(said.split()) > 2 and not re.match(r"\W*Of course", said):
                yield sentence.line, "start", said
            for match in WHO.finditer(said):
                before = (match[1] or "").lower()
                owned = match[3].lower() == "whose" and before and before not in PREPOSITIONS
                # WHO is the name of a value, as in "--dot WHO"
                if before not in PERSONS and not question and not owned and not match[3].isupper():
                    yield sentence.line, "who", said
                    break
            if BODY.search(said):
                yield sentence.line, "body", said
            clause = CLAUSE.search(said)
            if clause and not question and not clause[1].isupper():
                yield sentence.line, "clause", said
            count = sum(1 for word in said.split() if re.search(r"[A-Za-z]{2}", word) and not CODE.search(word))
            if count > WORDS_MAX and path.suffix != ".rl" and not re.match(r"Errors?:", said):
                yield sentence.line, "long", said
            for word in re.findall(r"[a-z]+", said.lower()):
                if word in WORDS:
                    yield sentence.line, f"word ({word}: {WORDS[word]})", said


def files():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [pathlib.Path(name) for name in listed.splitlines() if not name.startswith(SKIPPED)]


def of_file(path):
    try:
        text = (ROOT / path).read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return []
    return list(findings(path, text))


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("--sum", action="store_true")
    parser.add_argument("paths", nargs="*", type=pathlib.Path)
    asked = parser.parse_args()
    chosen = files()
    if asked.paths:
        wanted = [path.resolve().relative_to(ROOT) for path in asked.paths]
        chosen = [path for path in chosen if any(path.is_relative_to(want) for want in wanted)]
    sums, found = {}, 0
    for path in chosen:
        for line, rule, said in of_file(path):
            found += 1
            sums.setdefault("/".join(path.parts[:2]) if len(path.parts) > 2 else path.parts[0], Counter())[rule.split()[0]] += 1
            if not asked.sum:
                print(f"{path}:{line}: {rule}: {said[:240]}")
    if asked.sum:
        for place, counted in sorted(sums.items()):
            print(f"{place:24} {sum(counted.values()):5}  " + ", ".join(f"{rule} {n}" for rule, n in counted.most_common()))
    print(f"{found} findings", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
