#!/usr/bin/env python3
"""Makes a list of 250,000 names to block, of LIST_BYTES: names.py BENCH OUTPUT. test_user.py asks for the last name."""

import pathlib
import sys

NAMES = 250_000
LIST_BYTES = 7_000_000  # the same as in names.c

sys.path.insert(0, sys.argv[1])
import blocklists  # noqa: E402

text = "".join(f"{name}\n" for name in blocklists.names(NAMES - 1)) + "last.example.test\n"
pathlib.Path(sys.argv[2]).write_text(text + "#" * (LIST_BYTES - len(text) - 1) + "\n", encoding="ascii")
