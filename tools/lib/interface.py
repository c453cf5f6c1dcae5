"""The description of leat's interface (bindings/leat.json), and what is made of it: version scripts, assertions in C, and
declarations for cffi. Needs nothing but Python's own library."""

import json

# The shared libraries beside libleat, and the headers of each; NODE is the version of all symbols, for one soname.
LIBRARIES = {"leat-crypto-openssl": ("crypto_openssl",)}
NODE = "LEAT_0"
SECTIONS = "constants", "enums", "types", "structs", "variables", "functions"


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def dump(description):
    """The description as JSON, with a line for each name, so that a change is a line of a diff."""
    lines = ["{", f' "version": {json.dumps(description["version"])},', f' "headers": {json.dumps(description["headers"])},']
    for section in SECTIONS:
        entries = [f"  {json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}"
                   for name, value in sorted(description[section].items())]
        lines.append(f' "{section}": {{\n' + ",\n".join(entries) + "\n }" + ("," if section != SECTIONS[-1] else ""))
    return "\n".join([*lines, "}"]) + "\n"


def library_of(entry):
    """The shared library with a function or variable."""
    for library, headers in LIBRARIES.items():
        if entry["header"] in headers:
            return library
    return "leat"


def symbols(description, library):
    """The names that a shared library exports."""
    return sorted(name for section in ("functions", "variables") for name, entry in description[section].items()
                  if library_of(entry) == library)


def version_script(description, library):
    """A version script of the linker: exactly the public symbols."""
    return (f"/* Made by tools/bindings.py: the symbols of lib{library}.so. */\n{NODE} {{\n    global:\n" +
            "".join(f"        {name};\n" for name in symbols(description, library)) + "    local:\n        *;\n};\n")


def includes(description):
    return "".join(f"#include <leat/{name}.h>\n" for name in description["headers"])


# ---- C ----


def c_text(of, name=""):
    """A declaration in C of @name with a type."""
    if isinstance(of, str):
        return f"{of} {name}".rstrip()
    if "pointer" in of:
        to, const = of["pointer"], "const " if of.get("const") else ""
        if isinstance(to, dict) and ("array" in to or "function" in to):
            return c_text(to, f"(*{name})")
        if isinstance(to, dict):
            return c_text(to, f"{const}*{name}")
        return f"{const}{to} *{name}"
    if "array" in of:
        const = "const " if of.get("const") else ""
        return const + c_text(of["array"], f"{name}[{of['count'] if of['count'] is not None else ''}]")
    return c_text(of["function"], f"{name}({', '.join(c_text(p) for p in of['parameters']) or 'void'})")


def assertions(description):
    """A source in C that doesn't compile if a header differs from the description."""
    lines = ["/* Made by tools/bindings.py. */", includes(description), "#include <stdint.h>",
             "#define IS(what, is) _Static_assert((what) == (is), #what)",
             "#define TYPE(what, ...) _Static_assert(__builtin_types_compatible_p(__typeof__(what), __VA_ARGS__), #what)",
             "#if UINTPTR_MAX == UINT64_MAX"]
    lines += [f"IS((uint64_t)({name}), UINT64_C({value}));" for name, value in description["constants"].items()]
    for name, enum in description["enums"].items():
        lines.append(f"IS(sizeof(enum {name}), 4);")
        lines += [f"IS({value}, {number});" for value, number in enum["values"].items()]
    for name, struct in description["structs"].items():
        if struct["members"] is None:
            continue
        lines += [f"IS(sizeof(struct {name}), {struct['size']});", f"IS(_Alignof(struct {name}), {struct['align']});"]
        for member in struct["members"]:
            place = f"((struct {name} *)0)->{member['name']}"
            lines += [f"IS(offsetof(struct {name}, {member['name']}), {member['offset']});",
                      f"IS(sizeof({place}), {member['size']});", f"TYPE({place}, {c_text(member['type'])});"]
    for name, function in description["functions"].items():
        of = {"function": function["result"], "parameters": [decayed(p["type"]) for p in function["parameters"]]}
        lines.append(f"TYPE({name}, {c_text(of)});")
    return "\n".join([*lines, "#endif", ""])


def decayed(of):
    """A parameter's type: an array is a pointer to its first element (C11 6.7.6.3)."""
    if isinstance(of, dict) and "array" in of:
        return {"pointer": of["array"]} | ({"const": True} if of.get("const") else {})
    return of


# ---- Python ----


def cffi_struct(name, struct):
    """A struct for cffi, which asks the compiler for the layout: overlapping members may stand in a row."""
    if struct["members"] is None:
        return f"struct {name};"
    body = "".join(f"    {c_text(m['type'], m['name'])};\n" for m in struct["members"])
    return f"struct {name} {{\n{body}    ...;\n}};"


def by_value(of):
    """The structs whose size a member's type needs."""
    while isinstance(of, dict) and "array" in of:
        of = of["array"]
    return [of.removeprefix("struct ")] if isinstance(of, str) and of.startswith("struct ") else []


def in_order(structs):
    """The names of structs, each behind those that its members hold by value."""
    done, waiting = [], list(structs)
    while waiting:
        name = waiting.pop(0)
        needed = [other for m in structs[name]["members"] or () for other in by_value(m["type"])]
        if all(other in done for other in needed):
            done.append(name)
        else:
            waiting.append(name)
    return done


def cffi(description, headers):
    """Declarations for cffi: all structs and enums, and the functions of the named headers."""
    lines = [f"#define {name} {value}" for name, value in description["constants"].items()]
    lines += [f"enum {name} {{ {', '.join(f'{k} = {v}' for k, v in enum['values'].items())} }};"
              for name, enum in description["enums"].items()]
    lines += [f"struct {name};" for name in description["structs"]]
    lines += [f"typedef {c_text(of['type'], name)};" for name, of in description["types"].items()]
    lines += [cffi_struct(name, description["structs"][name]) for name in in_order(description["structs"])
              if description["structs"][name]["members"] is not None]
    for name, function in description["functions"].items():
        if function["header"] in headers:
            of = {"function": function["result"], "parameters": [p["type"] for p in function["parameters"]]}
            lines.append(f"{c_text(of, name)};")
    return "\n".join(lines) + "\n"
