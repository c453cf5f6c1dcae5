"""The writers of each flag of a connection: conn.h lists them above each group, and no other file writes it."""

import re
import unittest
from pathlib import Path

TCP = Path(__file__).resolve().parent.parent.parent / "src/tcp"
GROUP = re.compile(r"/\*(?P<says>(?:(?!\*/).)*?[Ww]ritten by (?P<who>(?:(?!\*/).)*))\*/", re.DOTALL)
WRITES = re.compile(r"conn(?:\(\w+\))?->flags\s*(?:[|&]=|=[^=])")
TAKES = re.compile(r"\btake_flag\(conn, (CONN_\w+)")


def groups():
    """{flag: the files that may write it}, from conn.h"""
    text = (TCP / "conn/conn.h").read_text(encoding="utf-8")
    enum = text[text.index("enum conn_flag {"):text.index("};", text.index("enum conn_flag {"))]
    heads = list(GROUP.finditer(enum))
    made = {}
    for head, after in zip(heads, [*heads[1:], None]):
        who = frozenset(re.findall(r"[\w/]+\.[ch]", head["who"]))
        flags = enum[head.end():after.start() if after else len(enum)]
        made.update(dict.fromkeys(re.findall(r"^ *(CONN_\w+) =", flags, re.MULTILINE), who))
    return made


def writers():
    """{flag: the files with a statement that sets or clears it by its name}"""
    found = {}
    for path in sorted(TCP.rglob("*.[ch]")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for statement in re.split(r"[;{}]", text):
            begins = WRITES.search(statement)
            names = re.findall(r"\bCONN_\w+", statement[begins.start():] if begins else "")
            for flag in names + TAKES.findall(statement):
                found.setdefault(flag, set()).add(path.relative_to(TCP).as_posix())
    return found


class Flags(unittest.TestCase):
    def test_each_has_a_group(self):
        text = (TCP / "conn/conn.h").read_text(encoding="utf-8")
        self.assertEqual(set(groups()), set(re.findall(r"\b(CONN_\w+) =\s", text)))

    def test_only_the_listed_files_write_a_flag(self):
        named = groups()
        for flag, files in writers().items():
            with self.subTest(flag):
                self.assertLessEqual(files, named[flag])

    def test_each_listed_file_writes_one_of_the_group(self):
        done = {}
        written = writers()
        for flag, who in groups().items():
            done.setdefault(who, set()).update(written.get(flag, set()))
        for who, files in done.items():
            self.assertEqual(who, files)

    def test_each_flag_has_a_bit(self):
        text = (TCP / "conn/conn.h").read_text(encoding="utf-8")
        bits = re.findall(r"\bCONN_\w+ = 1 << (\d+)", text)
        self.assertEqual(len(bits), len(set(bits)))


if __name__ == "__main__":
    unittest.main()
