"""Reads leat's public headers into a description of its interface: functions, structs with sizes and offsets, enums,
constants. Needs pycparser (Debian: python3-pycparser) and a C compiler, which computes every number."""

import re
import subprocess
import tempfile
from pathlib import Path

from pycparser import c_ast, c_generator, c_parser

import interface


# Headers that no shared library implements: those of images, and of libraries that are archives only.
NOT_SHARED = {"crypto_bearssl", "deflate", "http2", "lan9118", "main", "metal", "sockets", "sockets_numbers", "solo5", "virtio",
              "virtio_block", "xdp", "xen", "xen_block"}

# The system headers that public headers include, as pycparser can read them.
SYSTEM = {
    "stddef.h": "typedef unsigned long size_t;\ntypedef long ptrdiff_t;\n#define NULL ((void *)0)\n",
    "stdbool.h": "#define bool _Bool\n#define true 1\n#define false 0\n",
    "stdint.h": "".join(f"typedef {c} {name}_t;\n" for name, c in (
        ("int8", "signed char"), ("uint8", "unsigned char"), ("int16", "short"), ("uint16", "unsigned short"),
        ("int32", "int"), ("uint32", "unsigned"), ("int64", "long"), ("uint64", "unsigned long"),
        ("uintptr", "unsigned long"))) + "#define UINT64_MAX 0xffffffffffffffffUL\n#define UINT16_MAX 0xffff\n"
        "#define UINT32_MAX 0xffffffffU\n#define UINT64_C(c) c##UL\n",
    "string.h": "typedef unsigned long size_t;\nint memcmp(const void *a, const void *b, size_t n);\n",
}


class Unreadable(Exception):
    """A header has something that has no place in the description."""


def header_names(include):
    """The headers that the description covers, by name without ".h"."""
    return sorted(path.stem for path in (include / "leat").glob("*.h") if path.stem not in NOT_SHARED)


def run_compiler(cc, *words, text):
    """Gives @text to the compiler; returns its output."""
    done = subprocess.run([*cc, *map(str, words), "-x", "c", "-"], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unreadable(done.stderr)
    return done.stdout


def parse(include, names, cc):
    """The syntax tree of all headers, with line markers that tell the header of each declaration."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in SYSTEM.items():
            Path(folder, name).write_text(f"#ifndef {name[:-2]}_h\n#define {name[:-2]}_h\n{text}#endif\n", encoding="utf-8")
        text = run_compiler(cc, "-E", "-nostdinc", "-I", folder, "-I", include, "-D__attribute__(x)=", "-D__inline=inline",
                            text="".join(f"#include <leat/{name}.h>\n" for name in names))
    return c_parser.CParser().parse(re.sub(r"^#pragma.*$", "", text, flags=re.M))


def header_of(node):
    """The name of the header that declares @node."""
    return Path(node.coord.file).stem


class Reader:
    """Collects the declarations of a syntax tree."""

    def __init__(self):
        self.generator = c_generator.CGenerator()
        self.functions, self.variables, self.types = {}, {}, {}
        self.structs, self.enums, self.nameless = {}, {}, []

    def read(self, tree):
        for node in tree.ext:
            if header_of(node) + ".h" in SYSTEM:
                continue
            if isinstance(node, c_ast.FuncDef):
                self.function(node.decl, True)
            elif isinstance(node, c_ast.Typedef):
                self.types[node.name] = {"header": header_of(node), "type": self.type_of(node.type)}
            elif isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl):
                self.function(node, False)
            elif isinstance(node, c_ast.Decl) and node.name:
                self.variables[node.name] = {"header": header_of(node), "type": self.type_of(node.type)}
            elif isinstance(node, c_ast.Decl):
                self.type_of(node.type)

    def function(self, decl, inline):
        of = self.type_of(decl.type)
        parameters = [{"name": p.name, "type": t} for p, t in zip(self.parameters(decl.type), of["parameters"])]
        self.functions[decl.name] = {"header": header_of(decl), "inline": inline, "result": of["function"],
                                     "parameters": parameters}

    @staticmethod
    def parameters(node):
        listed = node.args.params if node.args else []
        return [p for p in listed if not (isinstance(p.type, c_ast.TypeDecl) and p.name is None
                                          and isinstance(p.type.type, c_ast.IdentifierType)
                                          and p.type.type.names == ["void"])]

    def type_of(self, node):
        """A type: the name of a basic one, "struct leat_ip", or a dict with pointer, array or function."""
        if isinstance(node, (c_ast.Decl, c_ast.Typename)):
            return self.type_of(node.type)
        if isinstance(node, c_ast.PtrDecl):
            return {"pointer": self.type_of(node.type)} | self.const(node.type)
        if isinstance(node, c_ast.ArrayDecl):
            count = self.generator.visit(node.dim) if node.dim else None
            return {"array": self.type_of(node.type), "count": count} | self.const(node.type)
        if isinstance(node, c_ast.FuncDecl):
            return {"function": self.type_of(node.type), "parameters": [
                interface.decayed(self.type_of(p.type)) for p in self.parameters(node)]}
        if isinstance(node, c_ast.TypeDecl):
            return self.type_of(node.type)
        if isinstance(node, c_ast.IdentifierType):
            return " ".join(node.names).replace("_Bool", "bool")
        return self.tagged(node)

    @staticmethod
    def const(node):
        """The note of a pointer or an array about its elements."""
        return {"const": True} if "const" in getattr(node, "quals", ()) else {}

    def tagged(self, node):
        """The type of a struct, union or enum, whose members are kept where they are listed."""
        if isinstance(node, c_ast.Enum):
            names = [e.name for e in node.values.enumerators] if node.values else []
            if node.name and names:
                self.enums[node.name] = {"header": header_of(node), "values": names}
            elif names:
                self.nameless += names
            return f"enum {node.name}" if node.name else "int"
        if not isinstance(node, c_ast.Struct) or not node.name:
            raise Unreadable(f"{node.coord}: a union or a struct without a name")
        known = self.structs.setdefault(node.name, {"header": header_of(node), "members": None})
        if node.decls is not None:
            known |= {"header": header_of(node), "members": list(self.members(node.decls))}
        return f"struct {node.name}"

    def members(self, decls):
        """The members; those of a nameless union are members of the struct that overlap."""
        for decl in decls:
            if decl.name is None and isinstance(decl.type, c_ast.Union):
                yield from self.members(decl.type.decls)
            else:
                yield {"name": decl.name, "type": self.type_of(decl.type)}


def macros(include, names, cc):
    """The macros of the headers that are numbers, by name."""
    text = run_compiler(cc, "-E", "-dM", "-I", include, text="".join(f"#include <leat/{name}.h>\n" for name in names))
    found = sorted(set(re.findall(r"^#define (LEAT_\w+) +(?:UINT64_C\(\d+\)|[\w() +*<-]+)$", text, re.M)))
    return [name for name in found if not name.endswith("_H") and name not in {
        "LEAT_INLINE", "LEAT_SOURCE_NAME", "LEAT_CRYPTO_CHECKED", "LEAT_RESERVED_WHY"} and not re.search(
        rf"^#define {name} .*(LEAT_IP|struct)", text, re.M)]


def evaluate(include, names, cc, expressions):
    """The values of C expressions, by one program. The result's order is that of @expressions."""
    lines = [f'printf("%lld\\n", (long long)({e}));' for e in expressions]
    source = "".join(f"#include <leat/{name}.h>\n" for name in names) + \
        "#include <stdio.h>\n#include <stddef.h>\nint main(void) {\n" + "\n".join(lines) + "\nreturn 0; }\n"
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "values")
        run_compiler(cc, "-I", include, "-O0", "-o", program, text=source)
        said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return [int(line) for line in said.split()]


def counts_of(described, of):
    """All array types inside of @of."""
    if isinstance(of, dict):
        if of.get("count"):
            described.append(of)
        for key in ("pointer", "array", "function"):
            if key in of:
                counts_of(described, of[key])
        for parameter in of.get("parameters", ()):
            counts_of(described, parameter)


def measure(include, names, cc, reader):
    """Fills in all numbers: sizes, offsets, values, counts of arrays; returns the constants."""
    constants = sorted({*macros(include, names, cc), *reader.nameless})
    asked, places = [], []

    def ask(expression, place, key):
        asked.append(expression)
        places.append((place, key))

    values = {}
    for name in constants:
        ask(name, values, name)
    for enum in reader.enums.values():
        enum["values"], listed = {}, enum["values"]
        for name in listed:
            ask(name, enum["values"], name)
    arrays = []
    for name, struct in reader.structs.items():
        if struct["members"] is None:
            continue
        ask(f"sizeof(struct {name})", struct, "size")
        ask(f"_Alignof(struct {name})", struct, "align")
        for member in struct["members"]:
            ask(f"offsetof(struct {name}, {member['name']})", member, "offset")
            ask(f"sizeof(((struct {name} *)0)->{member['name']})", member, "size")
            counts_of(arrays, member["type"])
    for function in reader.functions.values():
        for parameter in function["parameters"]:
            counts_of(arrays, parameter["type"])
    for of in arrays:
        ask(of["count"], of, "count")
    for (place, key), value in zip(places, evaluate(include, names, cc, asked)):
        place[key] = value
    return {name: value & (2 ** 64 - 1) if value < 0 else value for name, value in values.items()}


def describe(include, version, cc=("cc",)):
    """The description of all headers in @include, for a machine with 64-bit pointers."""
    names = header_names(include)
    reader = Reader()
    reader.read(parse(include, names, cc))
    constants = measure(include, names, cc, reader)
    return {"version": version, "headers": names, "constants": constants, "enums": reader.enums, "types": reader.types,
            "structs": reader.structs, "variables": reader.variables, "functions": reader.functions}
