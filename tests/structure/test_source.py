"""What the source may contain: who includes whom, how long things are, who writes a state."""

import re
import shutil
import subprocess
import unittest

import tree

# Which folders the files of a folder may include; those of src/ without that name, "" is src/ itself (stack.h).
# A library sees of src/ only service.h and the helpers of core/ and wire/; beside that, include/leat.
MAY_INCLUDE = {
    "core": {"core"},
    "wire": {"wire", "core"},
    "link": {"link", "wire", "core", ""},
    "ip": {"ip", "link", "wire", "core", ""},
    "udp": {"udp", "ip", "link", "wire", "core", ""},
    "tcp": {"tcp", "ip", "link", "wire", "core", ""},
    "proto/wire": {"proto/wire", "wire", "core"},
    # these two still see addresses, routes and struct leat: nothing may be added
    "proto/dhcp": {"proto/dhcp", "proto/wire", "link", "wire", "core", ""},
    "proto/autoconf": {"proto/autoconf", "ip", "link", "wire", "core", ""},
    "proto/dns": {"proto/dns", "proto/wire", "wire", "core", "service"},
    "proto/time": {"proto/time", "proto/wire", "core", "service"},
    "proto/connect": {"proto/connect", "core", "service"},
    "proto/syslog": {"proto/syslog", "core"},
    "tls": {"tls", "tls/wire", "wire", "core", "service"},
    "tls/wire": {"tls/wire", "wire", "core"},
    "web/http": {"web/http", "core", "service"},
    "web/zip": {"web/zip", "core"},
    "task": {"task", "core", "service"},
    "crypto": set(),  # what is made of a provider's table
    "": {"link", "ip", "core", "wire", "", "service"},  # stack.c puts all together, but no transport
}
SYSTEM_HEADERS = {"stddef.h", "stdint.h", "stdbool.h", "stdalign.h", "string.h"}
MADE = re.compile(r"[a-z0-9]+_(states\.h|actions\.inc|table\.inc)")  # by fsmgen.py, in the build directory

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 500
BRANCHES_MAX = 15  # McCabe's number; a switch counts once: each of its cases is as simple as the first
CODE = (*tree.PARTS, "include", "netif", "crypto", "compress", "examples", "fuzz", "tools", "tests")
# what deserves to be longer, and why
LONG_FUNCTIONS = set()
LONG_FILES = set()

# Who makes events of segments: the classifier; who was told by it that a FIN is due; and the end of a handshake, which
# shows that the SYN in TIME-WAIT was no old duplicate.
SEGMENT_EVENTS = {("src/tcp/machine/classify.c", "any"), ("src/tcp/input.c", "rcv_FIN"),
                  ("src/tcp/passive_open.c", "rcv_newer_SYN")}

# The only functions that store the state of a connection: where the table begins, and its caller.
STATE_WRITERS = [("src/tcp/conn/first_state.c", "tcp_fsm_start"), ("src/tcp/machine/events.c", "take")]
# "state" of something that is no connection: (file, "variable.state")
# of struct leat_tcp_info, which tells it, and BBR's own
OTHER_STATES = {("src/tcp/info.c", ".state"), ("src/tcp/bbr/states.c", "bbr.state")}


def folder_of(path):
    """The folder that @path, relative to ROOT, lies in, as MAY_INCLUDE names it."""
    if path.parts[0] == "src":
        return path.parts[1] if len(path.parts) > 2 else ""
    return str(path.parent)


def named_folder(name):
    """The folder of an include, as MAY_INCLUDE names it."""
    folder = "service" if name == "service.h" else name.rpartition("/")[0]
    return folder if folder in MAY_INCLUDE else folder.partition("/")[0]


class Includes(unittest.TestCase):
    def check(self, paths, allowed):
        """All includes of @paths must be @allowed(path, what); says which are not."""
        wrong = [f"{path}:{line}: {what}" for path in paths for line, what in tree.includes(path)
                 if not allowed(path, what)]
        self.assertEqual(wrong, [])

    def test_arrows_run_down_only(self):
        def allowed(path, what):
            name = what[1:-1]
            if what[0] == "<" or MADE.fullmatch(name):
                return True
            return named_folder(name) in MAY_INCLUDE[folder_of(path)]
        self.check(tree.archived(ends=(".c", ".h", ".rl")), allowed)

    def test_the_arithmetic_of_tcp_knows_no_connection(self):
        self.check(tree.sources("src/tcp/math"), lambda _, what: what[0] == "<"
                   or what[1:-1].rpartition("/")[0] in {"tcp/math", "wire", "core"})

    def test_the_stack_includes_no_system_header_but_five(self):
        self.check(tree.archived(ends=(".c", ".h", ".rl")), lambda _, what: what[0] == '"'
                   or what[1:-1] in SYSTEM_HEADERS or what.startswith("<leat/"))

    def test_public_headers_include_public_headers_only(self):
        self.check(tree.sources("include"), lambda _, what: what[0] == "<" and (
            what.startswith("<leat/") or what[1:-1] in SYSTEM_HEADERS))

    def test_backends_and_providers_see_public_headers_only(self):
        def allowed(path, what):
            return what[0] == "<" or (tree.ROOT / path.parent / what[1:-1]).is_file()
        self.check(tree.sources("netif", "crypto", "compress"), allowed)

    def test_every_folder_has_its_place(self):
        self.assertEqual({folder_of(path) for path in tree.archived()}, set(MAY_INCLUDE))


class Sizes(unittest.TestCase):
    def test_functions_fit_on_a_screen(self):
        long = [f"{path}:{line}: {name} has {lines} lines"
                for path in tree.sources(*CODE) for name, line, lines in tree.functions(path)
                if lines > FUNCTION_LINES_MAX and (str(path), name) not in LONG_FUNCTIONS]
        self.assertEqual(long, [])

    def test_files_are_short(self):
        counts = {str(path): tree.read(path).count("\n")
                  for path in tree.sources(*CODE, ends=(".c", ".h", ".py", ".rl"))}
        self.assertEqual({path: lines for path, lines in counts.items()
                          if lines > FILE_LINES_MAX and path not in LONG_FILES}, {})

    @unittest.skipUnless(shutil.which("pmccabe"), "pmccabe is not installed")
    def test_functions_branch_little(self):
        paths = [str(path) for path in tree.sources(*tree.PARTS, "include", "netif", "crypto", "compress", ends=(".c", ".h"))]
        said = subprocess.run(["pmccabe", *paths], cwd=tree.ROOT, check=True, capture_output=True,
                              text=True).stdout.splitlines()
        rows = [line.split("\t") for line in said]
        self.assertGreater(len(rows), 1000)
        self.assertEqual([f"{row[5]}: {row[0]} branches" for row in rows
                          if int(row[0]) > BRANCHES_MAX], [])

    def test_the_lists_of_exceptions_hold_nothing_old(self):
        found = {(str(path), name): lines for path in tree.sources(*CODE)
                 for name, _, lines in tree.functions(path)}
        self.assertEqual([key for key in LONG_FUNCTIONS
                          if found.get(key, 0) <= FUNCTION_LINES_MAX], [])
        self.assertEqual([path for path in LONG_FILES
                          if tree.read(path).count("\n") <= FILE_LINES_MAX], [])

    def test_functions_are_found_at_all(self):
        names = {name: lines for name, _, lines in tree.functions("src/stack.c")}
        self.assertIn("leat_poll", names)
        self.assertIn("links_flush", names)
        self.assertGreater(names["leat_init"], 20)


class States(unittest.TestCase):
    def writers(self):
        """(file, function) of each assignment to a member `state`, of each initializer, and of each `&...state`."""
        assigned = r"(?<!&)(?<![\w&])(\w*)(?:->|\.)state\s*(?:=(?!=)|[-+|&^]=|\+\+|--)|(?<!&)&(\w+)(?:->|\.)state\b"
        made = sorted((tree.BUILD / "src").glob("tcp_*.[hi]*")) if tree.BUILD else []
        for path in [*tree.sources("src/tcp", ends=(".c", ".h", ".rl")), *made]:
            text = tree.without_comments(tree.read(path))
            bodies = list(tree.functions(path))
            for number, line in enumerate(text.splitlines(), 1):
                for match in re.finditer(assigned, line):
                    if (str(path), (match[1] or match[2] or "") + ".state") not in OTHER_STATES:
                        inside = [name for name, first, lines in bodies
                                  if first <= number < first + lines]
                        yield str(path), inside[0] if inside else f"line {number}"

    def test_only_the_table_moves_a_connection(self):
        self.assertEqual(sorted(self.writers()), STATE_WRITERS)

    def test_only_the_classifier_says_which_events_a_segment_is(self):
        given = set()
        for path in tree.sources("src/tcp"):
            text = tree.without_comments(tree.read(path))
            given |= {(str(path), name) for name in re.findall(r"tcp_event\([^;]*?\bTCP_(rcv_\w+)", text)}
            if re.search(r"\bevents\[[^]]*\]\s*=(?!=)", text):
                given.add((str(path), "any"))
        self.assertEqual(given, SEGMENT_EVENTS)


# (file, function): what an attacker chooses is compared there with a secret, as long for any difference
SECRETS = {
    ("cookie.c", "dns_cookie_judge"): "edns->cookie, sent->client",
    ("cookie_keeper.c", "is_ours"): "right, server + HASH_AT",
    ("client.c", "is_pinned"): "client->pins[i].digest, pin",
    ("cookie.c", "tls_cookie_read"): "mac, cookie.at + MAC_AT",
    ("end.c", "is_right"): "mac, handshake->message",
    ("resume.c", "check_binder"): "mac, binder.at",
    ("secret.c", "leat_crypto_equal"): "",
}


class Secrets(unittest.TestCase):
    def body(self, path, name):
        lines = tree.without_comments(tree.read(path)).splitlines()
        return "".join("\n".join(lines[first - 1:first - 1 + count])
                       for function, first, count in tree.functions(path) if function == name)

    def test_secrets_are_compared_in_constant_time(self):
        files = tree.archived()
        for (file, function), compared in SECRETS.items():
            bodies = [self.body(path, function) for path in files if path.name == file]
            text = "".join(bodies)
            if compared:
                self.assertIn(f"leat_crypto_equal({compared}", text, (file, function))
            else:  # the comparison itself: one loop, which nothing ends early
                self.assertRegex(text, r"\|=|\|")
                self.assertNotRegex(text, r"\bif\b|\bbreak\b|&&|memcmp", (file, function))


# declared, not defined: a backend's header names what it is made for
FOREIGN = {"solo5_start_info"}


class Names(unittest.TestCase):
    def test_public_names_begin_with_leat(self):
        wrong = []
        for path in tree.sources("include"):
            for number, line in enumerate(tree.without_comments(tree.read(path)).splitlines(), 1):
                match = re.match(r"#define\s+(\w+)|(?:enum|struct|union)\s+(\w+)\s*[{;]", line)
                name = match and (match[1] or match[2])
                if name and name not in FOREIGN and not re.match("leat(_|$)", name.lower()):
                    wrong.append(f"{path}:{number}: {name}")
        self.assertEqual(wrong, [])

    def test_guards_are_named_after_their_files(self):
        for path in tree.sources("include/leat"):
            self.assertIn(f"#ifndef LEAT_{path.stem.upper()}_H\n", tree.read(path), path)

    def test_every_file_says_what_it_is(self):
        missing = [str(path) for path in tree.sources(*tree.PARTS, "include", "netif", "crypto", "compress", "examples", "fuzz")
                   if not re.match(rf"/\*\s+(\* )?{re.escape(path.name)} -- ", tree.read(path))]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
