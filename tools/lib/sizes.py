"""The size of leat's code in a program: the parts that the linker took of the archive, by module."""

import collections
import re
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent
# {name: (program in bench/, meson's optimization, arguments of the compiler)}
SIZES = {"os": ("size_tcp.c", "s"), "os_ipv6": ("size_tcp.c", "s", "-DWITH_IPV6"), "o2": ("size_tcp.c", "2"),
         "udp_only": ("size_udp.c", "s")}


def archive(build, optimization):
    """Builds the stack as a release, with one optimization level."""
    folder = build.parent / f"{build.name}-O{optimization}"
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, SOURCE, f"-Doptimization={optimization}",
                        "-Ddebug=false", "-Db_ndebug=true", "-Dtests=disabled", "-Dposix=disabled",
                        "-Dsolo5=disabled"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", folder, "libleat-inside.a"], check=True,
                   stdout=subprocess.DEVNULL)
    return folder / "libleat-inside.a"


def linked(program, library, optimization, *flags):
    """{module: bytes} of code and constants in the program; modules are folders of src/."""
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "map"
        subprocess.run(["cc", f"-O{optimization}", *flags, "-ffunction-sections", "-fdata-sections", "-no-pie",
                        "-fno-asynchronous-unwind-tables", f"-I{SOURCE}/include",
                        SOURCE / "bench" / program, library, "-Wl,--gc-sections",
                        f"-Wl,-Map={listing}", "-o", Path(folder) / "program"], check=True)
        text = listing.read_text()
    sizes = collections.Counter()
    text = text[text.index("Memory Configuration"):]  # the list of discarded sections comes before
    pattern = (r"^ (\.text|\.rodata)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+) "
               r"\S*libleat-inside\.a(?:\.p/|\()(\S+?)\.c\.o\)?$")
    for kind, size, member in re.findall(pattern, text, re.M):
        folder = member.rpartition("/")[2].removeprefix("src_").partition("_")  # core_buf; stack.c and err.c have none
        module = folder[0] if folder[1] else "stack"
        sizes["tcp" if module == "meson-generated" else module, kind] += int(size, 16)
    return sizes


def measure(build):
    """{name: {(module, section): bytes}}."""
    return {name: linked(program, archive(build, optimization), optimization, *flags)
            for name, (program, optimization, *flags) in SIZES.items()}
