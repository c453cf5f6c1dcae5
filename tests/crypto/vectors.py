"""Published test vectors from python3-cryptography-vectors."""

import pathlib
import re

try:
    import cryptography_vectors
    FOLDER = pathlib.Path(cryptography_vectors.__file__).parent
except ImportError:
    FOLDER = None


def entries(path, first):
    """Entries of a file of "name = value" lines: dicts, with names in lower case. An entry begins with the
    name @first; the lines of a [section] are in the entries below it."""
    section, section_ends, entry = {}, True, None
    with open(FOLDER / path, encoding="utf-8") as file:
        for line in map(str.strip, file):
            match = re.fullmatch(r"\[(.*)\]", line)
            if match:
                if section_ends:
                    section = {}
                name, _, value = match[1].partition("=")
                section[name.strip().lower()] = value.strip()
                section_ends = False
                continue
            match = re.fullmatch(r"([\w ]+?)\s*=\s*(.*)", line)
            if not match or line.startswith("#"):
                continue
            section_ends = True
            if match[1].lower() == first:
                if entry:
                    yield entry
                entry = dict(section)
            if entry is not None:
                entry[match[1].lower()] = match[2]
    if entry:
        yield entry


def value(text):
    """Bytes of a quoted string or of hex."""
    if text.startswith('"'):
        return text.strip('"').encode()
    return bytes.fromhex(text)
