"""Every bounded table has a row in docs/security.md, with its shares, or the reason why it needs none."""

import re
import unittest

import tree

# Members that are no table sizes: times, settings, lengths of items and of arrays from the program.
NO_TABLE = re.compile(r"""
    \w+_(ns|us|s_min|max_s|bits|percent) | (failure_ttl|stale|ttl_max|negative_ttl_max|ticket_lifetime|\w+_preferred|\w+_valid)_s
  | (file|route|server|own_name|domain|identity|protocol|policy|ip|member)_count
  | (client_id|duid|tcp_reply|request|reply|answer|buf|stack|memory|receive_window|send_queue|server_message
    |client_message|early|progress|record)_bytes | (head|body)_bytes_per_s
  | port | mtu | mss_max | ttl | hop_limit | queue | queues | number | seed | secret | iaid | level
  | memory_level | first | facility | ndots | rounds | keepalive_probes | records_per_key | initial_window_segments
""", re.VERBOSE)
MEMBER = re.compile(r"^    (?:u?int\d+_t|unsigned|size_t)\s+(\w+)(?:\[\w+\])?;(.*?)(?=^    (?:/\*\*|[a-z])|\Z)",
                    re.MULTILINE | re.DOTALL)


def members():
    """(struct.member, comment) of each number in a struct of the configuration."""
    for path in tree.sources("include", ends=(".h",)):
        for struct, body in re.findall(r"^struct (leat_\w*config) \{\n(.*?)^\};", tree.read(path), re.M | re.S):
            before = ""
            for match in MEMBER.finditer(body):
                comment = re.search(r"/\*\*((?:(?!\*/).)*)\*/\s*$", body[:match.start()], re.S)
                before = comment[1] if comment and "/**" not in match[2] else ""
                yield f"{struct}.{match[1]}", " ".join((before + match[2]).split())


def bounded():
    """The names of all bounded tables."""
    found = {name for name, says in members()
             if "at a time" in says or not NO_TABLE.fullmatch(name.split(".")[1]) and not name.endswith(".reserved")}
    for path in tree.sources("include", ends=(".h",)):
        found |= set(re.findall(r"^    (LEAT_\w+) = [^/\n]*/\*\*<[^/]*at a time", tree.read(path), re.MULTILINE))
    for path in sorted((tree.ROOT / "examples").glob("*.c")):
        for table in re.findall(r"^(?:static struct \w+|\}) (\w+)\[[^;=\]]+\];", path.read_text("utf-8"), re.MULTILINE):
            found.add(f"{path.name}: {table}")
    return found


class BoundedTables(unittest.TestCase):
    def setUp(self):
        page = tree.read("docs/security.md")
        section = page[page.index("## Bounded tables and their shares\n"):]
        section = section[:section.index("\n## ")]
        self.rows = [[cell.strip() for cell in line.strip("|").split("|")]
                     for line in section.splitlines() if line.startswith("| `")]
        self.named = {name for row in self.rows for name in re.findall(r"`([^`]+)`", row[0])}

    def test_they_are_found(self):
        names = bounded()
        for name in ("leat_tls_config.sessions", "leat_config.reassembly_bytes", "leat_udp_config.queue_max",
                     "leat_ipv6_config.hosts", "LEAT_DASHBOARD_VIEWS", "upload.c: uploads", "chat.c: clients"):
            self.assertIn(name, names)

    def test_each_has_a_row(self):
        self.assertEqual(bounded() - self.named, set())

    def test_each_row_is_of_one_that_exists(self):
        self.assertEqual(self.named - bounded(), set())

    def test_each_row_names_its_shares_and_limit(self):
        for row in self.rows:
            self.assertEqual(len(row), 4, row)
            for cell in row:
                self.assertTrue(cell, row)


if __name__ == "__main__":
    unittest.main()
