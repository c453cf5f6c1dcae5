"""Finds the places in a C source where a small mistake can be made, and the resulting text.

It relies on clang-format's layout: binary operators stand between spaces, and the braces of a body stand at the
beginning of a line. Comments, strings, directives and assertions are left alone; no test could notice a dropped
assertion.
"""
import collections
import re

KINDS = ("operator", "constant", "condition", "statement")

# a place in a file, and its replacement
Mutant = collections.namedtuple("Mutant", "path start end old new kind")

_OPERATORS = {
    "<": ("<=", ">"), "<=": ("<", ">"), ">": (">=", "<"), ">=": (">", "<"), "==": ("!=",), "!=": ("==",),
    "&&": ("||",), "||": ("&&",), "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("/",),
    "<<": (">>",), ">>": ("<<",), "&": ("|",), "|": ("&",), "^": ("|",),
    "+=": ("-=", "="), "-=": ("+=", "="), "*=": ("=",), "/=": ("=",), "|=": ("=", "&="), "&=": ("=", "|="),
    "<<=": (">>=",), ">>=": ("<<=",), "^=": ("|=",),
}
_STEPS = {"++": "--", "--": "++"}
_BINARY = re.compile(r"(?<= )(" + "|".join(sorted(map(re.escape, _OPERATORS), key=len, reverse=True)) + r")(?=[ \n])")
_STEP = re.compile(r"(?<=[\w)\]])(\+\+|--)|(\+\+|--)(?=[\w(*])")
_NUMBER = re.compile(r"(?<![\w.])(0x[0-9a-fA-F]+|\d+)([uUlL]*)(?![\w.])")
_TRUTH = re.compile(r"\b(true|false)\b")
_CONDITION = re.compile(r"\b(if|while) (?=\()")
_BODY = re.compile(r"^\{\n.*?^\}", re.M | re.S)
_TABLE = re.compile(r"^static const [^;{()]*=.*?;\n", re.M | re.S)
_STATEMENT = re.compile(r"^ +(?!return\b[^;]|(?:case|default|goto|else|do|if|for|while|switch|const|struct|static|enum|union)\b)"
                        r"([^\s;{}][^;{}]*;) *$", re.M)
_DECLARATION = re.compile(r"(?:unsigned |struct |enum )?\w+ \**\w+(?:\[[^]]*\])?(?: = .*)?(?:, .*)?;", re.S)
_SKIPPED = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'|^#(?:[^\n]*\\\n)*[^\n]*", re.M | re.S)
_ASSERTION = re.compile(r"\b(?:leat_assert|leat_debug_assert|_Static_assert)\(")


def closing(text, start):
    """The position after the parenthesis that closes the one at @start."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return len(text)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def _code_of(text):
    """@text with blanks in place of everything that must not change: same length, same lines."""
    code = _SKIPPED.sub(lambda match: _blank(match[0]), text)
    for match in reversed(list(_ASSERTION.finditer(code))):
        end = closing(code, match.end() - 1)
        code = code[:match.start()] + _blank(code[match.start():end + 1]) + code[end + 1:]
    return code


def _operators(code):
    for match in _BINARY.finditer(code):
        for new in _OPERATORS[match[1]]:
            yield match.start(), match.end(), new
    for match in _STEP.finditer(code):
        yield match.start(), match.end(), _STEPS[match[0]]


def _constants(code):
    for match in _NUMBER.finditer(code):
        value = int(match[1], 0) if match[1].startswith("0x") or match[1] == "0" else int(match[1])
        near = {value + 1, value - 1} if value <= 1 << 16 else {value * 2}
        for new in sorted((near | {0}) - {value, -1}):
            yield match.start(), match.end(), (hex(new) if match[1].startswith("0x") else str(new)) + match[2]
    for match in _TRUTH.finditer(code):
        yield match.start(), match.end(), "false" if match[1] == "true" else "true"


def _conditions(code):
    for match in _CONDITION.finditer(code):
        end = closing(code, match.end())
        inside = code[match.end() + 1:end - 1]
        yield match.end(), end, f"(!({inside}))"
        yield match.end(), end, f"(({inside}) || 1)"
        yield match.end(), end, f"(({inside}) && 0)"


def _statements(code):
    for match in _STATEMENT.finditer(code):
        before = code[:match.start()].rstrip()
        begins = before.endswith((";", "{", "}", ":", ")", " else", " do"))
        if begins and not _DECLARATION.fullmatch(match[1]):
            yield match.start(1), match.end(1), ";"


_MAKERS = dict(zip(KINDS, (_operators, _constants, _conditions, _statements)))


def mutants_of(path, text):
    """All mutants of a file, in the order of KINDS and of their places."""
    code = _code_of(text)
    for kind in KINDS:
        for pattern in (_BODY, _TABLE):
            for body in pattern.finditer(code):
                for start, end, new in _MAKERS[kind](body[0]):
                    start, end = start + body.start(), end + body.start()
                    if kind == "condition":  # from the text itself, because a comment in it does no harm
                        new = new.replace(code[start + 1:end - 1], text[start + 1:end - 1])
                    yield Mutant(path, start, end, text[start:end], new, kind)


def applied(mutant, text):
    return text[:mutant.start] + mutant.new + text[mutant.end:]


def place_of(mutant, text):
    """(line number, function) of a mutant; "" outside functions."""
    before = text[:mutant.start]
    heads = re.findall(r"^(?![ #/*}])[^\n;=]*?\b(?!__attribute__\b)(\w+)\((?:[^;{}]*)\)\n\{$", before + text[mutant.start:mutant.end], re.M)
    inside = before.rfind("\n{\n") > before.rfind("\n}")
    return before.count("\n") + 1, heads[-1] if heads and inside else ""


def lines_of(mutant, text):
    """The old and new lines of the statement, each joined into one."""
    begin = text.rfind("\n", 0, mutant.start) + 1
    end = text.find("\n", mutant.end)
    new = text[begin:mutant.start] + mutant.new + text[mutant.end:end]
    return " ".join(text[begin:end].split()), " ".join(new.split())
