"""Which changes of leat's interface break programs that are not rebuilt, by the rules of docs/abi.md. Compares two
descriptions (bindings/leat.json); the older one is recorded for each soname in bindings/abi."""

import json
import lzma

import interface

# the number of an enum's values, which grows with them, and which no program passes to the library
COUNT = "_COUNT"


def record_name(node=interface.NODE):
    """The file of the recorded description of a soname."""
    return f"libleat.so.{node.removeprefix('LEAT_')}.json.xz"


def recorded(path):
    """The description in a record; None if there is none."""
    return json.loads(lzma.decompress(path.read_bytes())) if path.is_file() else None


def record(path, description):
    """Writes a record; the same bytes for the same description."""
    path.write_bytes(lzma.compress(interface.dump(description).encode(), preset=9 | lzma.PRESET_EXTREME))


# ---- structs that only the library makes ------------------------------------------------------------


def structs_in(of, const=False, pointed=False):
    """(name, const, pointed to) of each struct in a type."""
    if isinstance(of, str):
        if of.startswith("struct "):
            yield of[len("struct "):], const, pointed
    elif "pointer" in of:
        yield from structs_in(of["pointer"], of.get("const", False), True)
    elif "array" in of:
        yield from structs_in(of["array"], of.get("const", False), pointed)
    else:
        for parameter in of["parameters"]:
            yield from structs_in(parameter)


def made_by_the_library(description):
    """The structs that programs only read: results by a pointer to const, and nowhere else by value or for writing."""
    results, others = set(), set()
    for function in description["functions"].values():
        for name, const, pointed in structs_in(function["result"]):
            (results if const and pointed else others).add(name)
        for parameter in function["parameters"]:
            others |= {name for name, const, _ in structs_in(parameter["type"]) if not const}
    for struct in description["structs"].values():
        others |= {name for member in struct["members"] or [] for name, _, pointed in structs_in(member["type"]) if not pointed}
    return results - others


# ---- the rules ------------------------------------------------------------------------------------------


def first_of(lines):
    """The first line, with the number of further ones: one new member moves all behind it."""
    if lines:
        yield lines[0] + (f"; {len(lines) - 1} further ones have moved" if len(lines) > 1 else "")


def changed_members(old, new):
    """The changes of members of a struct; @new may have more of them."""
    found = {member["name"]: member for member in new["members"]}
    moved = []
    for member in old["members"]:
        if member["name"] == "reserved":
            continue
        if member["name"] not in found:
            yield f"{member['name']} is gone"
        elif (there := found[member["name"]]) != member:
            line = f"{member['name']} was {interface.c_text(member['type'], '')} at {member['offset']}, and is " \
                   f"{interface.c_text(there['type'], '')} at {there['offset']}"
            if there["type"] != member["type"]:
                yield line
            else:
                moved.append(line)
    yield from first_of(moved)


def added_members(old, new):
    """The members that @new has in addition."""
    names = {member["name"] for member in old["members"]}
    return [member for member in new["members"] if member["name"] not in names]


def changed_struct(old, new, ours):
    """Why a struct doesn't fit; @ours: only the library makes it."""
    if old["members"] is None:
        return  # a handle: programs know nothing of it
    if new["members"] is None:
        yield "has no members any more"
        return
    yield from changed_members(old, new)
    if ours:
        end = max(member["offset"] + member["size"] for member in old["members"])
        yield from (f"{member['name']} is not behind the older members" for member in added_members(old, new)
                    if member["offset"] < end)
        return
    if (old["size"], old["align"]) != (new["size"], new["align"]):
        yield f"had {old['size']} bytes, and has {new['size']}"
    last = old["members"][-1]
    for member in added_members(old, new):
        if last["name"] != "reserved" or member["offset"] < last["offset"]:
            yield f"{member['name']} was not there, and its place was not reserved"


def changed_function(old, new):
    """Why a function doesn't fit; names of parameters may change."""
    if old["result"] != new["result"]:
        yield "has another result"
    if [parameter["type"] for parameter in old["parameters"]] != [parameter["type"] for parameter in new["parameters"]]:
        yield "has other parameters"


def changed_enum(old, new):
    moved = []
    for name, value in old["values"].items():
        if name not in new["values"]:
            yield f"{name} is gone"
        elif new["values"][name] != value and not name.endswith(COUNT):
            moved.append(f"{name} was {value}, and is {new['values'][name]}")
    yield from first_of(moved)


def changed_type(old, new):
    if old["type"] != new["type"]:
        yield "is another type"


def changed_constant(old, new):
    if old != new:
        yield f"was {old}, and is {new}"


def breaks(old, new):
    """Lines about the changes that need another soname."""
    ours = made_by_the_library(old)
    rules = {
        "functions": changed_function, "variables": changed_type, "types": changed_type, "enums": changed_enum,
        "constants": changed_constant,
    }
    found = []
    for section in interface.SECTIONS:
        for name, entry in old[section].items():
            if name not in new[section]:
                found.append(f"{name} is gone")
            elif section == "structs":
                found += [f"struct {name}: {why}" for why in changed_struct(entry, new[section][name], name in ours)]
            else:
                found += [f"{name}: {why}" for why in rules[section](entry, new[section][name])]
    return found
