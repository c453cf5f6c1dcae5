"""leat from a user's view: installed, found by pkg-config, or as a subproject.

Builds the library once more, plain and without tests, regardless of this build's options, to check the delivered files
without a sanitizer's helpers.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import tree

# gcc and clang may call the first four in any code (freestanding or not), the others on machines that lack the
# instructions
NEEDED_MAX = {"memcpy", "memmove", "memset", "memcmp", "_GLOBAL_OFFSET_TABLE_"}
COMPILERS_OWN = re.compile(r"__(u?div|u?mod|mul|ashl|ashr|lshr|clz|ctz|popcount|bswap)\w*[sdt]i[23]?")

# code of a machine without a libc, and the start of its loader
METALS_OWN = {"_start", "__dso_handle"} | {
    name for header in [*tree.sources("main/libc/include"), "main/libc/runtime.h"] for name in re.findall(
        r"\b(\w+)\((?!\()", re.sub(r"__attribute__.*|^#.*", "", tree.without_comments(tree.read(header)), flags=re.M))}

# parts of IPv6: a program that doesn't register it doesn't link them
IPV6 = re.compile(r"(leat_+)?(ipv6|icmpv?6|ndp|slaac|dhcp6|transport6|(address|neighbour|route|path|host|fragment)s?6)")

# parts of multicast: a program that joins no group doesn't link them
GROUPS = re.compile(r"(leat_+)?(igmp|mld|groups)|leat_udp_(join|leave)")

# congestion control beside CUBIC: a program that doesn't name it doesn't link it
OTHER_CONGESTION = re.compile(r"(leat_+)?(tcp_)?(bbr|newreno|rate)(_|$)")

UDP_ONLY = """
#include <leat/leat.h>

static uint8_t block[4 << 20];

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    (void)local, (void)arg;
    leat_udp_send_to(udp, payload, peer);
}

static const struct leat_udp_events events = {.on_datagram = on_datagram};

int main(void)
{
    struct leat_config config = {.seed = {1}, .buf_count = 64};
    struct leat *stack;
    struct leat_udp *udp;

    if (leat_init(&stack, block, sizeof block, &config) || leat_udp_register(stack, NULL) ||
        leat_udp_open(stack, &udp, &events, NULL) || leat_udp_bind(udp, LEAT_IP_ANY, 7))
        return 1;
    return leat_poll(stack, 0) == LEAT_NEVER_NS ? 0 : 2;
}
"""

NAMES_BBR = """
#include <leat/leat.h>

static uint8_t block[16 << 20];

int main(void)
{
    const struct leat_tcp_config tcp = {.congestion = &leat_tcp_bbr};
    struct leat_config config = {.seed = {1}, .buf_count = 64};
    struct leat *stack;

    return leat_init(&stack, block, sizeof block, &config) || leat_tcp_register(stack, &tcp) ||
           leat_poll(stack, 0) != LEAT_NEVER_NS;
}
"""

# For each library one of its functions, and the header that declares it.
LIBRARIES = {
    "leat-crypto": ("crypto", "leat_crypto_hkdf_expand"),
    "leat-proto": ("dns_server", "leat_dns_server_open"),
    "leat-tls": ("tls", "leat_tls_open"),
    "leat-web": ("http_server", "leat_http_server_open"),
    "leat-acme": ("acme", "leat_acme_open"),
    "leat-task": ("task", "leat_tasks_open"),
    "leat-sockets": ("sockets", "leat_sockets_open"),
    "leat-files": ("files", "leat_archive_open"),
    "leat-block": ("block", "leat_block_open"),
}
NAMES_ONE = """
#include <leat/{header}.h>

static void (*volatile named)(void) = (void (*)(void)){function};

int main(void)
{{
    return named == 0;
}}
"""

LINK = """
#include <leat/leat.h>
#include <leat/link.h>

int main(void)
{
    return leat_link_memory_bytes(8, 1514) == 0;
}
"""

DEFLATE = """
#include <leat/deflate.h>

int main(void)
{
    static unsigned char memory[LEAT_DEFLATE_BYTES(15, 8)], to[100];
    const struct leat_deflate_config config = {.level = 9};
    struct leat_deflate *deflate;

    if (leat_deflate_open(&deflate, memory, sizeof memory, &config))
        return 1;
    leat_deflate_give(deflate, "text text text", 14);
    leat_deflate_end(deflate);
    return leat_deflate_take(deflate, to, sizeof to) >= 14;
}
"""

TIME_GOES_BACK = """
#include <leat/leat.h>
#include <leat/posix.h>

static uint8_t block[4 << 20];

int main(void)
{
    struct leat_config config = {.seed = {1}, .buf_count = 64};
    struct leat_posix *posix;
    struct leat *stack;

    if (leat_posix_open(&posix) || leat_init(&stack, block, sizeof block, &config))
        return 1;
    leat_poll(stack, 2);
    leat_poll(stack, 1);
    return 0;
}
"""

SUBPROJECT_BUILD = """
project('stranger', 'c', default_options: ['c_std=c11', 'warning_level=3', 'werror=true'])
leat = dependency('leat', fallback: 'leat')
test('echo', executable('echo', 'main.c', 'other.c', dependencies: leat))
"""

# The names of a program's own functions must not matter.
SAME_NAMES = """
int stack_ready(void), pool_init(void), checksum_list(void), timer_set(void), ipv4_input(void);
int stack_ready(void) { return 1; }
int pool_init(void) { return 1; }
int checksum_list(void) { return 1; }
int timer_set(void) { return 1; }
int ipv4_input(void) { return 1; }
"""


def must(*command, **options):
    """Runs a command that must succeed; returns its output."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode:
        raise AssertionError(f"$ {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def readme_program():
    """The program in README.md: all its blocks of C, in order."""
    return "\n".join(re.findall(r"^```c\n(.*?)^```", tree.read("README.md"), re.S | re.M))


class Delivered(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="leat-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.prefix = cls.folder / "prefix"
        build = cls.folder / "build"
        must("meson", "setup", build, tree.ROOT, "--prefix", cls.prefix, "--libdir", "lib",
             "--buildtype", "release", "-Dtests=disabled", "-Dwerror=true",
             env={**os.environ, "CC": " ".join(tree.CC)})
        told = json.loads(must("meson", "introspect", "--targets", build))
        # installs the library without the examples
        made = [os.path.relpath(name, build) for target in told if target["installed"]
                for name in target["filename"]]
        must("ninja", "-C", build, "-j2", *made)
        must("meson", "install", "-C", build, "--no-rebuild")
        cls.archive = cls.prefix / "lib/libleat.a"
        cls.archives = [cls.archive, *(cls.prefix / f"lib/lib{name}.a" for name in LIBRARIES)]
        cls.environ = {**os.environ, "PKG_CONFIG_PATH": str(cls.prefix / "lib/pkgconfig")}

    def flags(self, package):
        """The output of pkg-config."""
        return must("pkg-config", "--cflags", "--libs", package,
                    env=self.environ).split()

    def compile(self, name, text, package="leat", *more):
        """Compiles and links one program against the installed library; returns its path."""
        source, program = self.folder / f"{name}.c", self.folder / name
        source.write_text(text, encoding="utf-8")
        must(*tree.CC, "-std=c11", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
             "-ffunction-sections", source, "-o", program, "-Wl,--gc-sections", *more,
             *self.flags(package))
        return program

    def symbols(self, *options, of=None):
        """nm -P: [(name, type)]."""
        lines = must("nm", "--format=posix", *options, *([of] if of else self.archives)).splitlines()
        return [tuple(line.split()[:2]) for line in lines if line and not line.endswith(":")]

    def test_the_archives_need_four_functions(self):
        defined = {name for name, _ in self.symbols("--defined-only")}
        needed = {name for name, _ in self.symbols("-u")} - defined - NEEDED_MAX
        self.assertEqual({name for name in needed if not COMPILERS_OWN.fullmatch(name)}, set())

    def test_the_stack_needs_none_of_the_libraries(self):
        defined = {name for name, _ in self.symbols("--defined-only", of=self.archive)}
        needed = {name for name, _ in self.symbols("-u", of=self.archive)} - defined - NEEDED_MAX
        self.assertEqual({name for name in needed if not COMPILERS_OWN.fullmatch(name)}, set())

    def test_a_program_of_each_library_links_that_and_those_below(self):
        for package, (header, function) in LIBRARIES.items():
            program = self.compile(package, NAMES_ONE.format(header=header, function=function), package)
            must(program)
            self.assertIn(function, {name for name, _ in self.symbols("--defined-only", of=program)})
            with self.assertRaisesRegex(AssertionError, function):  # the stack alone doesn't have it
                self.compile(package + "_not", NAMES_ONE.format(header=header, function=function), "leat")

    def test_the_archives_hold_no_writable_symbol(self):
        # value, flags, section, size, name; .data.rel.ro is constant once its pointers are relocated
        found = re.findall(r"^[0-9a-f]+ .{7} (\S+)\s+[0-9a-f]+ (\S+)",
                           must("objdump", "-t", *self.archives), re.M)
        self.assertIn((".text.leat_poll", "leat_poll"), found)
        self.assertEqual([name for section, name in found
                          if re.match(r"\.data(?!\.rel\.ro)|\.t?bss|\.tdata|\*COM", section)
                          and not name.startswith(".")], [])

    def test_the_archives_have_no_writable_section(self):
        sections = must("readelf", "-SW", *self.archives)
        # name, type, address, offset, size, entry size, flags
        found = re.findall(r"\] (\S+)\s+\w+\s+\w+ \w+ (\w+) \w+\s+(\w+)", sections)
        self.assertTrue(found)
        # .data.rel.ro is made read-only by the loader, and is constant in a static program
        self.assertEqual([name for name, size, flags in found if "W" in flags and int(size, 16)
                          and not name.startswith(".data.rel.ro")], [])

    def test_global_names_begin_with_leat(self):
        names = [name for name, _ in self.symbols("-g", "--defined-only")]
        self.assertIn("leat_init", names)
        self.assertEqual([name for name in names if not name.startswith("leat_")], [])

    def test_global_names_begin_with_leat_where_the_build_optimizes_at_link_time(self):
        build = self.folder / "lto"
        must("meson", "setup", build, tree.ROOT, "--buildtype", "release", "-Dtests=disabled", "-Dimages=false", "-Dsolo5=disabled",
             "-Db_lto=true", env={**os.environ, "CC": " ".join(tree.CC)})
        archives = sorted({path.name for path in self.archives})
        must("ninja", "-C", build, "-j2", *archives)
        names = {name for archive in archives for name, _ in self.symbols("-g", "--defined-only", of=build / archive)}
        self.assertLessEqual({"leat_init", "leat_tls_open"}, names)
        self.assertEqual({name for name in names if not name.startswith("leat_")}, set())

    def test_the_backends_global_names_begin_with_leat(self):
        for archive in sorted((self.prefix / "lib").glob("libleat-*.a")):
            names = {name for name, _ in self.symbols("-g", "--defined-only", of=archive)}
            own = METALS_OWN if archive.name == "libleat-metal.a" else set()
            self.assertEqual({name for name in names - own if not name.startswith("leat_")}, set())

    def test_a_program_with_udp_holds_no_tcp(self):
        program = self.compile("udp_only", UDP_ONLY)
        must(program)
        names = [name for name, _ in self.symbols("--defined-only", of=program)]
        self.assertIn("leat_udp_send_to", names)
        self.assertEqual([name for name in names if re.match("(leat_+)?(tcp|dns|resolver|task|flow|channel)", name)],
                         [])
        self.assertEqual([name for name in names if IPV6.match(name)], [])
        self.assertEqual([name for name in names if GROUPS.match(name)], [])

    def test_a_strangers_names_do_not_collide(self):
        self.compile("same_names", SAME_NAMES + UDP_ONLY)

    def test_the_program_of_the_readme(self):
        program = self.compile("readme", readme_program(), "leat-posix")
        self.assertLessEqual(readme_program().index("int main"), 2000, "the echo comes first")
        names = [name for name, _ in self.symbols("--defined-only", of=program)]
        self.assertIn("leat_tcp_listen", names)
        self.assertEqual([name for name in names if IPV6.match(name)], [])
        self.assertEqual([name for name in names if OTHER_CONGESTION.match(name)], [])
        # without a device it prints an error, and fails
        done = subprocess.run([program], capture_output=True, text=True, check=False, timeout=20)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("leat0", done.stderr)

    def test_a_program_that_names_bbr_holds_it(self):
        program = self.compile("bbr", NAMES_BBR)
        names = [name for name, _ in self.symbols("--defined-only", of=program)]
        found = {name for name in names if OTHER_CONGESTION.match(name)}
        self.assertTrue(any(name.endswith("bbr_acked") for name in found), found)
        self.assertFalse(any("newreno" in name for name in found), found)

    def test_an_assertion_of_a_program_says_where(self):
        program = self.compile("time_goes_back", TIME_GOES_BACK, "leat-posix")
        done = subprocess.run([program], capture_output=True, text=True, check=False, timeout=20)
        self.assertLess(done.returncode, 0)
        self.assertRegex(done.stderr, r"^leat: assertion failed: stack\.c:\d+$")

    def test_every_public_header_is_installed(self):
        installed = {path.name for path in (self.prefix / "include/leat").iterdir()}
        self.assertEqual(installed, {path.name for path in tree.sources("include/leat")})

    def test_the_replayer_has_its_completion_and_its_page(self):
        completion = self.prefix / "share/bash-completion/completions/leat-replay"
        program = self.prefix / "bin/leat-replay"
        ask = (f"source {completion}; COMP_WORDS=({program} $1 $2); COMP_CWORD=$#; "
               f"_leat {program}; echo ${{COMPREPLY[*]}}")
        self.assertEqual(must("bash", "-c", ask, "bash", "unh").strip(), "unhex")
        self.assertEqual(must("bash", "-c", ask, "bash", "unhex", "--rec").strip(), "--record")
        other = self.prefix / "bin/other"
        other.write_text("#!/bin/sh\necho '  --ip_version=V  what is on the wire'\n", encoding="utf-8")
        other.chmod(0o755)
        self.assertEqual(must("bash", "-c", ask.replace(str(program), str(other)), "bash", "--ip").strip(), "--ip_version")
        page = (self.prefix / "share/man/man1/leat-replay.1").read_text(encoding="utf-8")
        self.assertIn("epeats a run that leat recorded", page)
        self.assertTrue((self.prefix / "share/man/man3/leat_tcp_listen.3").is_file())

    def test_the_wire_between_two_stacks_is_found(self):
        program = self.compile("link", LINK, "leat-link")
        must(program)

    def test_compression_is_found(self):
        if not (self.prefix / "lib/pkgconfig/leat-deflate.pc").exists():
            self.skipTest("built without zlib")
        program = self.compile("deflate", DEFLATE, "leat-deflate")
        must(program)

    def test_http2_is_found(self):
        if not (self.prefix / "lib/pkgconfig/leat-http2.pc").exists():
            self.skipTest("built without nghttp2")
        program = self.compile("http2", NAMES_ONE.format(header="http2", function="leat_http2_open"), "leat-http2")
        must(program)

    def test_the_image_of_embedding_md(self):
        package = self.prefix / "lib/pkgconfig/leat-metal.pc"
        if not package.exists():
            self.skipTest("this machine makes no images")
        text, = (block for block in re.findall(r"^```c\n(.*?)^```", tree.read("docs/embedding.md"), re.S | re.M)
                 if "int leat_metal_main(" in block)
        image = self.compile("mykernel", text, "leat-metal")
        names = {name for name, _ in self.symbols("--defined-only", of=image)}
        self.assertLessEqual({"_start", "leat_metal_main", "memcpy"}, names)
        self.assertNotIn("tcp_input", names)
        self.assertIn("Xen", must("readelf", "-n", image), "the note of the PVH entry")

    def test_as_a_subproject(self):
        stranger = self.folder / "stranger"
        (stranger / "subprojects").mkdir(parents=True)
        (stranger / "subprojects/leat").symlink_to(tree.ROOT)
        (stranger / "meson.build").write_text(SUBPROJECT_BUILD, encoding="utf-8")
        (stranger / "main.c").write_text(UDP_ONLY, encoding="utf-8")
        (stranger / "other.c").write_text(SAME_NAMES, encoding="utf-8")
        environ = {**os.environ, "PKG_CONFIG_PATH": ""}
        must("meson", "setup", stranger / "build", stranger, env=environ)
        must("ninja", "-C", stranger / "build", "-j2")
        must("meson", "test", "-C", stranger / "build", "--no-rebuild", "echo")


if __name__ == "__main__":
    unittest.main()
