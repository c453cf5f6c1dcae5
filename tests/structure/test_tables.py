"""Tables that grow by hand: bits of sets, the options of a TCP header; and the number of assertions."""

import re
import unittest

import tree

ASSERTIONS_A_THOUSAND_LINES = {tree.PARTS: 5, ("netif",): 3}

# The members of struct wire_tcp that make an option, and the segments that may have it: any segment, or a SYN only. The
# former must be handled in tcp_emit_data(), which writes its options itself. The other members are fields of the fixed
# header, or values of such an option.
EACH_SEGMENT, SYN = "each segment", "SYN"
OPTIONS = {"mss": SYN, "wind_shift": SYN, "sack_permitted": SYN, "has_ts": EACH_SEGMENT, "has_fast_open": SYN,
           "sack_count": EACH_SEGMENT}
FIXED = {"src_port", "dst_port", "seq", "ack", "window", "flags", "header_bytes"}
VALUES = {"tsval", "tsecr", "fast_open_bytes", "fast_open", "sacks"}
# The functions that handle each of them. If one of them misses an option, it is never sent, never read, or sent again
# with a reused header.
KNOW_ALL_OPTIONS = {"src/wire/tcp.h": ("wire_tcp_parse", "wire_tcp_begin", "wire_tcp_bytes"),
                    "src/wire/tcp.c": ("wire_tcp_bytes_of_any", "wire_tcp_emit_any_options")}
# Files of src/tcp that set an option of a SYN.
WRITERS_OF_SYNS = {"src/tcp/send/emit.c", "src/tcp/passive/cookie.c", "src/tcp/conn/fast_open.c"}

# Functions that reuse an entry set its members one by one: (struct, its header, file, function, variable, members that
# keep their values). A member keeps its value if that is valid, or is not read before it is set.
CLEARS = (
    ("leat_http_call", "web/http/client.h", "web/http/client_call.c", "call_clear", "call", {
        "client", "head", "fields", "timer",  # for ever
        "stream", "connecting", "tls", "due_ns", "active_at_ns", "kept_at_ns", "serial", "phase", "gone", "ended",
        "secure", "port", "host", "name", "protocols", "session", "frame", "unread", "seen_taken",  # of the connection, and stay
        "head_len",  # written before
        "body"}),  # begins with the head of the reply
    ("dns_writer", "proto/wire/dns.h", "proto/wire/dns_write.c", "dns_write_start", "writer", {"known"}),  # known_count
                                                                                                     # limits them
    ("neighbour", "src/link/neighbour.h", "src/link/neighbour.c", "create", "n", {
        "older", "newer", "timer", "parked",  # set while in the list; unset and empty otherwise
        "mac", "claimed", "confirmed_ns"}),  # written before a state that reads them
    ("transfer", "src/tcp/conn/transfer.h", "src/tcp/conn/transfer.c", "tcp_transfer_get", "transfer", {
        "recovery", "congestion",  # begin()
        "told_ns"}),  # read only after told_bytes is set
    ("dns_client", "proto/dns/dns_clients.h", "proto/dns/dns_clients.c", "start_client", "client", {
        "clients", "next_free", "query", "query_at_ns", "active_at_ns", "taken"}),  # set by dns_client_progressed(), or
                                                                                   # not read
)


def body(path, name):
    """The source text of a function."""
    lines = tree.without_comments(tree.read(path)).splitlines()
    found = ["\n".join(lines[first - 1:first - 1 + count]) for function, first, count in tree.functions(path)
             if function == name]
    return found[0] if found else ""


def enums(text):
    """{enum: {member: its bit}} of the enums in a text with members such as `1 << 3`."""
    found = {}
    for match in re.finditer(r"\benum (\w+) \{(.*?)\}", text, re.S):
        bits = dict(re.findall(r"\b(\w+) = 1u? << (\d+)\b", match[2]))
        if bits:
            found[match[1]] = {member: int(bit) for member, bit in bits.items()}
    return found


class Bits(unittest.TestCase):
    def setUp(self):
        self.paths = tree.sources(*tree.PARTS, "netif", "include")
        self.enums = {}
        for path in self.paths:
            self.enums.update(enums(tree.without_comments(tree.read(path))))

    def test_each_member_of_a_set_has_a_bit_of_its_own(self):
        self.assertGreater(len(self.enums), 5)
        for name, bits in self.enums.items():
            self.assertEqual(len(bits), len(set(bits.values())), name)

    def test_a_set_fits_into_the_member_that_holds_it(self):
        held = 0
        for path in self.paths:
            for bits, member, name in re.findall(r"\buint(\d+)_t (\w+);\s*/\*(?:\*<)? (?:set of )?enum (\w+)", tree.read(path)):
                if name in self.enums:
                    held += 1
                    self.assertLess(max(self.enums[name].values()), int(bits), f"{path}: {member}, enum {name}")
        self.assertGreater(held, 5)


class Options(unittest.TestCase):
    def members(self):
        text = tree.without_comments(tree.read("src/wire/tcp.h"))
        inside = re.search(r"struct wire_tcp \{(.*?)\n\};", text, re.S)[1]
        return set(re.findall(r"\b(\w+)(?:\[\w+\])?;", inside))

    def test_each_member_of_a_header_is_a_field_an_option_or_a_value(self):
        self.assertEqual(self.members(), set(OPTIONS) | FIXED | VALUES)

    def test_each_option_is_known_where_all_are(self):
        for path, names in KNOW_ALL_OPTIONS.items():
            for name in names:
                known = set(re.findall(r"->(\w+)", body(path, name)))
                self.assertEqual(set(OPTIONS) - known, set(), f"{path}, {name}()")

    def test_each_option_is_read(self):
        text = tree.without_comments(tree.read("src/wire/tcp.c"))
        self.assertEqual(set(OPTIONS) - set(re.findall(r"header->(\w+) \|?= ", text)), set())

    def test_tcp_emit_data_knows_the_options_of_each_segment(self):
        for path in tree.sources("src/tcp"):
            set_there = set(re.findall(r"\b(?:header|syn)(?:->|\.)(\w+) = ", tree.without_comments(tree.read(path))))
            of_syns = {name for name in set_there if OPTIONS.get(name) == SYN}
            if str(path) not in WRITERS_OF_SYNS:
                self.assertEqual(of_syns, set(), path)


def members(header, struct):
    """The names of a struct's members, including those in an unnamed union."""
    text = tree.without_comments(tree.read(header))
    inside = re.search(rf"\bstruct {struct} \{{\n(.*?)\n\}}", text, re.S)[1]
    plain = re.sub(r"\[[^\]]*\]|\s:\s\d+", "", inside)
    found = set()
    for line in re.findall(r"^ +([^;{}()]+);", plain, re.M):
        found |= set(re.findall(r"(\w+)(?=,|$)", " ".join(line.split())))
    return found


class Clears(unittest.TestCase):
    def test_a_reused_entry_has_nothing_of_the_one_before(self):
        for struct, header, path, function, variable, left in CLEARS:
            text = body(path, function)
            at = rf"\b{variable}(?:->|\.)(\w+)"
            done = set(re.findall(at + r"(?:\.\w+)* =", text)) | set(re.findall(rf"[&(]{at}[,)]", text))
            kept = members(header, struct) - done - left
            if struct == "transfer":
                kept -= {"next"}  # shares a union with conn
            self.assertEqual(kept, set(), f"{path}, {function}(): struct {struct}")

    def test_members_left_out_exist(self):
        for struct, header, _, _, _, left in CLEARS:
            self.assertEqual(left - members(header, struct), set(), struct)


class Assertions(unittest.TestCase):
    def test_enough_is_asserted(self):
        for folders, wanted in ASSERTIONS_A_THOUSAND_LINES.items():
            texts = [tree.read(path) for path in tree.sources(*folders)]
            lines = sum(text.count("\n") for text in texts)
            count = sum(len(re.findall(r"\bleat_(?:debug_)?assert\(", tree.without_comments(text))) for text in texts)
            self.assertGreaterEqual(1000 * count / lines, wanted, f"{folders}: {count} assertions in {lines} lines")


if __name__ == "__main__":
    unittest.main()
