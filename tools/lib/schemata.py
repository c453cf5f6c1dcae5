"""Puts many mutants into one build: a function with mutants has a body for each, and a number chooses among them.

The number comes from the environment variable LEAT_MUTANT when a program starts; without it nothing is changed. So
programs are compiled and linked once for all mutants. LEAT_MUTANT_REACHED names a file of NUMBERS bytes, in which a
program sets the bytes of the mutants whose functions it calls: only such programs can tell a mutant from the original.
"""
import re

import mutations

NUMBERS = 4096

_PREAMBLE = f"""\
#ifndef LEAT_MUTANT
#define LEAT_MUTANT
char *getenv(const char *name);
int open(const char *path, int flags, ...);
void *mmap(void *at, __SIZE_TYPE__ bytes, int protection, int flags, int file, long offset);
__attribute__((weak)) int leat_mutant_number = -1;
__attribute__((weak)) unsigned char leat_mutant_none[{NUMBERS}];
__attribute__((weak)) unsigned char *leat_mutant_reached = leat_mutant_none;
__attribute__((weak, constructor)) void leat_mutant_begin(void);
__attribute__((weak, constructor)) void leat_mutant_begin(void)
{{
    const char *text = getenv("LEAT_MUTANT"), *path = getenv("LEAT_MUTANT_REACHED");
    void *shared = path ? mmap(0, {NUMBERS}, 3, 1, open(path, 2), 0) : (void *)-1;
    int number = 0;

    if (shared != (void *)-1)
        leat_mutant_reached = shared;
    for (; text && *text; text++)
        leat_mutant_number = number = number * 10 + (*text - '0');
}}
#endif
"""
_BODY = re.compile(r"^\{\n.*?^\}", re.M | re.S)
# labels belong to the whole function, and assembly may have some
_ALONE = re.compile(r"^ *(?!default\b)[a-z_]\w*:$|\b_*asm_*\b|\bgoto\b", re.M)
_VOID = re.compile(r"(?:^|[;}/\n])(?:static |inline |[A-Z_]+ )*void \w+\([^;{}]*\)\n$", re.S)


def body_of(mutant, text):
    """The span of the function that has @mutant; None if it can't stand beside others."""
    for body in _BODY.finditer(text):
        if body.start() < mutant.start < body.end():
            return None if _ALONE.search(body[0]) else body.span()
    return None


def combined(text, mutants):
    """@text with {number: mutant}, all of which have a body."""
    spans = {}
    for number, mutant in mutants.items():
        spans.setdefault(body_of(mutant, text), []).append((number, mutant))
    made = text
    for begin, end in sorted(spans, reverse=True):
        bodies = " ".join(f"leat_mutant_reached[{number}] = 1;" for number, _ in spans[begin, end]) + "\n"
        for number, mutant in spans[begin, end]:
            changed = mutations.applied(mutant, text)[begin:end + len(mutant.new) - (mutant.end - mutant.start)]
            over = "return;" if _VOID.search(text[:begin]) else "__builtin_trap();"
            bodies += f"if (__builtin_expect(leat_mutant_number == {number}, 0)) {{\n{changed}\n{over}\n}}\n"
        made = made[:begin] + "{\n" + bodies + text[begin:end] + "\n}" + made[end:]
    return _PREAMBLE + made
