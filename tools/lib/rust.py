"""Declarations in Rust of leat's interface, made of its description (interface.py)."""

from interface import decayed, library_of

SCALARS = {"bool": "bool", "char": "c_char", "int": "i32", "unsigned": "u32", "int64_t": "i64", "ptrdiff_t": "isize",
           "size_t": "usize", "uint16_t": "u16", "uint32_t": "u32", "uint64_t": "u64", "uint8_t": "u8", "void": "c_void"}
KEYWORDS = {"as", "async", "await", "box", "const", "crate", "dyn", "fn", "impl", "in", "let", "loop", "match", "mod", "move", "mut",
            "priv", "pub", "ref", "self", "super", "trait", "type", "unsafe", "use", "virtual", "where", "yield"}
HEAD = """// Made by tools/bindings.py.
use crate::{c_char, c_void, offsets, test_offsets, zeroed};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("the description of leat's interface is that of machines with 64-bit pointers");
"""


def name_of(name):
    """A name of C; r#self is no name in Rust."""
    if name == "self":
        return "self_"
    return f"r#{name}" if name in KEYWORDS else name


def rust_type(of, types):
    """The Rust type of a type of the description."""
    if isinstance(of, str):
        bare = of.removeprefix("struct ").removeprefix("enum ")
        return SCALARS.get(bare, bare)
    if "array" in of:
        return f"[{rust_type(of['array'], types)}; {of['count'] or 0}]"
    if "function" in of:
        return function_type(of, types)
    to = of["pointer"]
    if isinstance(to, dict) and "function" in to:
        return f"Option<{function_type(to, types)}>"
    if isinstance(to, str) and isinstance(types.get(to, {}).get("type"), dict) and "function" in types[to]["type"]:
        return f"Option<{to}>"
    return f"*{'const' if of.get('const') else 'mut'} {rust_type(to, types)}"


def result(of, types):
    return "" if of == "void" else f" -> {rust_type(of, types)}"


def function_type(of, types):
    parameters = ", ".join(rust_type(decayed(p), types) for p in of["parameters"])
    return f"unsafe extern \"C\" fn({parameters}){result(of['function'], types)}"


def struct(name, described, types):
    """A struct. Members in the same place become a union of the name of the first."""
    if described["members"] is None:
        return [f"#[repr(C)]\npub struct {name} {{\n    _private: [u8; 0],\n"
                "    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,\n}"]
    places = {}
    for member in described["members"]:
        places.setdefault(member["offset"], []).append(member)
    lines, body, offsets = [], [], []
    for offset, members in places.items():
        of, first = rust_type(members[0]["type"], types), name_of(members[0]["name"])
        if len(members) > 1:
            of = f"{name}_{members[0]['name']}"
            lines.append(f"#[repr(C)]\n#[derive(Clone, Copy)]\npub union {of} {{\n" + "".join(
                f"    pub {name_of(m['name'])}: {rust_type(m['type'], types)},\n" for m in members) + "}")
        body.append(f"    pub {first}: {of},\n")
        offsets.append(f"{first} {offset}")
    lines.append(f"#[repr(C)]\n#[derive(Clone, Copy)]\npub struct {name} {{\n{''.join(body)}}}")
    lines.append(f"zeroed!({name}, {described['size']}, {described['align']});")
    lines.append(f"offsets!({name}, {', '.join(offsets)});")
    return lines


def functions(description, library):
    """Declarations of the functions and variables of a library."""
    types, lines = description["types"], []
    for name, variable in sorted(description["variables"].items()):
        if library_of(variable) == library:
            lines.append(f"    pub static {name}: {rust_type(variable['type'], types)};")
    for name, function in sorted(description["functions"].items()):
        if library_of(function) == library:
            parameters = ", ".join(f"{name_of(p['name'])}: {rust_type(decayed(p['type']), types)}" for p in function["parameters"])
            lines.append(f"    pub fn {name}({parameters}){result(function['result'], types)};")
    return "extern \"C\" {\n" + "\n".join(lines) + "\n}"


def declarations(description, libraries):
    """The source of the crate leat-sys: all types, and the functions of all libraries."""
    types, lines = description["types"], [HEAD]
    for name, value in sorted(description["constants"].items()):
        lines.append(f"pub const {name}: {'u64' if value > 0xffffffff else 'u32'} = {value};")
    for name, enum in sorted(description["enums"].items()):
        lines.append(f"pub type {name} = u32;")
        lines += [f"pub const {value}: {name} = {number};" for value, number in enum["values"].items()]
    for name, of in sorted(types.items()):
        lines.append(f"pub type {name} = {rust_type(of['type'], types)};")
    for name, described in sorted(description["structs"].items()):
        lines += struct(name, described, types)
    whole = sorted(name for name, described in description["structs"].items() if described["members"] is not None)
    lines.append("test_offsets!(" + " ".join(whole) + ");")
    lines.append(functions(description, "leat"))
    for library in libraries:
        lines.append(f"#[cfg(feature = \"{library.removeprefix('leat-crypto-')}\")]\n{functions(description, library)}")
    return "\n".join(lines) + "\n"
