"""The members of a public struct, and the constants of the header's enums, as lines of C macros.

    fields.py HEADER STRUCT...

Writes, to standard output,
    FIELD(struct, field)               of an integer or a bool
    ENUM_FIELD(struct, field, enum)    of an enum
    CONSTANT(enum, constant)
so that a script can use all current names of the stack.
"""

import re
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", " ", file.read(), flags=re.S)
    print(f"/* made from {sys.argv[1].rpartition('/')[2]} by fields.py */")
    for struct in sys.argv[2:]:
        body = re.search(rf"struct {struct} {{(.*?)\n}};", text, re.S)[1]
        for declaration in body.split(";"):
            match = re.fullmatch(r"\s*(u?int\d+_t|bool|enum \w+)\s+(\w+)\s*", declaration)
            if match and match[1].startswith("enum"):
                print(f"ENUM_FIELD({struct}, {match[2]}, {match[1].split()[1]})")
            elif match:
                print(f"FIELD({struct}, {match[2]})")
    for name, body in re.findall(r"enum (\w+) {(.*?)}", text, re.S):
        for constant in re.findall(r"\b(LEAT_\w+)", re.sub(r"=[^,]*", "", body)):
            print(f"CONSTANT({name}, {constant})")


main()
