"""Writes keys of tests/tls/keys.h as files: pem.py KEYS.H FOLDER."""

import pathlib
import re
import sys

FILES = {"authority.pem": "authority_pem", "server.pem": "ec_pem", "server.key": "ec_key"}

header, folder = map(pathlib.Path, sys.argv[1:])
for file, name in FILES.items():
    literals = re.search(rf"{name}\[\] =(.*?);", header.read_text(encoding="utf-8"), re.S)[1]
    lines = re.findall(r'"(.*?)\\n"', literals)
    (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
