#!/usr/bin/env python3
"""Makes C of the files of a folder: an array of struct leat_http_file for the server.

    embed.py [--depfile FILE] [--count COUNT] [--file PATH=FILE]... NAME [FOLDER]

NAME is the array's name, and COUNT (NAME_count) that of its length. --file adds a FILE from elsewhere as PATH. The tag
is a hash of the bytes. The time is that of the file's last change, but no later than SOURCE_DATE_EPOCH if that is set.
"""

import argparse
import hashlib
import os
import pathlib
import sys

TYPES = {
    ".css": "text/css", ".gif": "image/gif", ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon", ".jpg": "image/jpeg", ".js": "text/javascript",
    ".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8", ".wasm": "application/wasm",
}
BYTES_A_LINE = 24


def literal(path):
    """A file's path on the server as a C string."""
    return '"/' + path.as_posix().replace("\\", "\\\\").replace('"', '\\"') + '"'


def array(data):
    """The bytes as the contents of an initializer."""
    for start in range(0, len(data), BYTES_A_LINE):
        yield "    " + ",".join(map(str, data[start:start + BYTES_A_LINE])) + ","


def modified(path):
    """When the file was last changed, in seconds since 1970."""
    return min(int(path.stat().st_mtime), int(os.environ.get("SOURCE_DATE_EPOCH") or 2**32))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depfile", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--count")
    parser.add_argument("--file", action="append", default=[])
    parser.add_argument("name")
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    options = parser.parse_args()
    count = options.count or f"{options.name}_count"
    pairs = (text.partition("=") for text in options.file)
    names = {pathlib.Path(path): pathlib.Path(name.lstrip("/")) for name, _, path in pairs}
    if options.folder:
        names |= {path: path.relative_to(options.folder)
                  for path in sorted(options.folder.rglob("*")) if path.is_file()}
    files = list(names)
    lines, entries = ["/* made by embed.py */", "#include <leat/http_server.h>", ""], []
    lines += [f"extern const struct leat_http_file {options.name}[];",
              f"extern const uint32_t {count};", ""]
    for number, path in enumerate(files):
        data = path.read_bytes()
        if data:
            lines += [f"static const unsigned char file_{number}[] = {{", *array(data), "};"]
        tag = hashlib.sha256(data).hexdigest()[:16]
        kind = TYPES.get(path.suffix, "application/octet-stream")
        entries.append(f'    {{{literal(names[path])}, "{kind}", '
                       f'{f"file_{number}" if data else 0}, {len(data)}, 0x{tag}u, '
                       f'{modified(path)}000000000u}},')
    if not files:
        sys.exit(f"embed.py: there are no files in {options.folder}")
    lines += ["", f"const struct leat_http_file {options.name}[] = {{", *entries, "};",
              f"const uint32_t {count} = {len(files)};"]
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if options.depfile:
        options.depfile.write_text(f"{options.output}: {' '.join(map(str, files))}\n",
                                   encoding="utf-8")


if __name__ == "__main__":
    main()
