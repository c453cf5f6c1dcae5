"""The commands that a script starts, found in its text: in Python through the syntax tree, in a shell script by
words."""

import ast
import re

PYTHON_STARTS = {"run", "Popen", "Process", "call", "check_call", "check_output", "which", "program"}
KEYWORDS = set("if then else elif while until do ! { } time".split())
BUILTINS = set("""
    . : [ [[ alias break builtin case cd continue declare done echo esac eval exit export fi for function
    getopts hash in jobs kill let local printf pwd read readonly return select set shift shopt source trap type
    ulimit umask unset wait
""".split())
# {prefix command, of the shell or of tools/: number of words to skip}
WRAPPERS = {"exec": 1, "command": 1, "report": 2, "each_source": 1, "xargs": 1}


def is_name(word):
    """True if a word can be the name of a command: no path, no option, no expansion."""
    return re.fullmatch(r"[a-z_][\w.+-]*", word) is not None


# ---- Python -------------------------------------------------------------------------------------


def first_words(node, lists):
    """The first word of a call's first argument: of a string, a list, or the name of such a list."""
    if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
        node = node.elts[0]
    if isinstance(node, ast.Starred):
        node = node.value
    if isinstance(node, ast.Name):
        return lists.get(node.id, set())
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    return set()


def lists_of(nodes):
    """{name: first words} of lists with a name, by assignment or in a loop over such lists."""
    found = {}
    for node in nodes:
        values = []
        if isinstance(node, ast.Assign):
            name, values = node.targets[0], [node.value]
        elif isinstance(node, ast.For) and isinstance(node.iter, (ast.List, ast.Tuple)):
            name, values = node.target, node.iter.elts
        for value in values:
            if isinstance(name, ast.Name) and isinstance(value, (ast.List, ast.Tuple)):
                found.setdefault(name.id, set()).update(first_words(value, {}))
    return found


def of_python(text):
    """The names of the commands that a Python source starts."""
    nodes = list(ast.walk(ast.parse(text)))
    lists = lists_of(nodes)
    started = set()
    for node in nodes:
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in PYTHON_STARTS:
                started |= first_words(node.args[0], lists)
    return set(filter(is_name, started))


# ---- the shell ----------------------------------------------------------------------------------


class Shell:
    """Splits a script into statements, including those inside of $(...) and arrays; a quoted or expanded part
    becomes a "$" in its word."""

    def __init__(self, text):
        self.text = text
        self.statements = []
        self.inside(0, "")

    def inside(self, at, end):
        """Reads from @at to the closing @end, or to the end; returns the position."""
        words, word, depth, text = [], "", 0, self.text
        line = len(self.statements)  # index of the first statement of this line
        while at < len(text):
            char = text[at]
            if char in " \t\n;|&()" or text.startswith("\\\n", at):
                if char == ")" and end == ")" and depth == 0:
                    break
                if char == "(" and word.endswith("="):
                    at = self.inside(at + 1, ")")
                    continue
                words += [word] if word else []
                word = ""
                if char == "(":
                    words = []  # the name of a function
                if char == ")" and depth == 0:
                    words, self.statements[line:] = [], []  # the patterns of a case
                if char in "\n;|&()":
                    self.statements.append(words)
                    words = []
                if char in "\n;":
                    line = len(self.statements)
                depth += {"(": 1, ")": -1 if depth else 0}.get(char, 0)
                at += 2 if char == "\\" else 1
            elif char in "<>":
                words += [word] if word and not word.isdigit() else []
                word = ""
                at = self.redirection(at)
            elif char == "#" and not word:
                at = self.find("\n", at)
            else:
                word += char if char not in "'\"$\\" else "$"
                at = self.quoted(at)
        self.statements.append(words + ([word] if word else []))
        return at + 1

    def find(self, what, at):
        """The position of the next @what, or the end."""
        place = self.text.find(what, at)
        return len(self.text) if place < 0 else place

    def redirection(self, at):
        """Skips < or > and the word after it; a here-document is left out."""
        if document := re.compile(r"<<-?'?(\w+)'?[^\n]*\n").match(self.text, at):
            return self.find(f"\n{document[1]}\n", document.end() - 1) + len(document[1]) + 1
        at = re.compile(r"[<>&]+[ ]*").match(self.text, at).end()
        if self.text.startswith("(", at):
            return self.inside(at + 1, ")")
        while at < len(self.text) and self.text[at] not in " \t\n;|&()":
            at = self.quoted(at)
        return at

    def quoted(self, at):
        """Reads one character, a quoted string, or an expansion."""
        text = self.text
        if text[at] == "\\":
            return at + 2
        if text[at] == "'":
            return self.find("'", at + 1) + 1
        if text[at] == '"':
            at += 1
            while at < len(text) and text[at] != '"':
                at = self.quoted(at) if text[at] in "\\$" else at + 1
            return at + 1
        if text.startswith("$((", at):
            return self.find("))", at) + 2
        if text.startswith("$(", at):
            return self.inside(at + 2, ")")
        if text.startswith("${", at):
            return self.find("}", at) + 1
        return at + 1


def command_of(words):
    """The command of a statement, or None."""
    while words:
        word = words[0]
        if word in KEYWORDS or re.match(r"\w+\+?=", word):
            words = words[1:]
        elif word in WRAPPERS:
            words = words[WRAPPERS[word]:]
            while words and (words[0].startswith("-") or word == "xargs" and words[0] in ("1", "$")):
                words = words[1:]
        else:
            return word if is_name(word) and word not in BUILTINS else None
    return None


def of_shell(text):
    """The names of the commands that a shell script starts."""
    own = set(re.findall(r"^\s*(\w+)\(\)", text, re.M))
    return {command for words in Shell(text).statements if (command := command_of(words))} - own
