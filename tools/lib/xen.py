#!/usr/bin/env python3
"""Xen, its first domain and its tools out of Debian's packages: unpacked, not installed, and run by QEMU.

  tools/lib/xen.py fetch DIR    downloads them with apt-get (76 MB) and unpacks what is used, unless DIR has all of it

The first domain is a Linux with busybox, xenstored, xenconsoled and xl in memory.  A script of the caller's runs in it.
"""

import gzip
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

VERSION = "4.17"
PROGRAMS = f"usr/lib/xen-{VERSION}/bin"
# The kernel of Debian's cloud images can't be the first domain; the name of this one changes with each update.
KERNEL_OF = "linux-image-amd64"
PACKAGES = [f"xen-hypervisor-{VERSION}-amd64", f"xen-utils-{VERSION}", "xenstore-utils", f"libxenmisc{VERSION}", "libxenstore4",
            "libxencall1", "libxendevicemodel1", "libxenevtchn1", "libxenforeignmemory1", "libxengnttab1", "libxenhypfs1",
            "libxentoolcore1", "libxentoollog1", "libyajl2", "busybox-static"]
MODULES = ["drivers/xen/xen-privcmd", "drivers/xen/xen-evtchn", "drivers/xen/xen-gntdev", "drivers/xen/xen-gntalloc",
           "drivers/xen/xenfs/xenfs", "drivers/net/xen-netback/xen-netback", "net/llc/llc", "net/802/stp",
           "net/bridge/bridge", "drivers/net/ethernet/intel/e1000/e1000",
           "drivers/block/loop", "drivers/block/xen-blkback/xen-blkback"]
FOLDERS = ["proc", "sys", "dev", "run/xen", "run/xenstored", "tmp", "var/log/xen", "var/lib/xen", "var/lib/xenstored", "var/lock",
           "etc/xen/scripts", "guest"]
# TCG doesn't give Xen the length of RDTSCP, so a guest that uses it would be killed; its SMAP, SMEP, MONITOR and x2APIC
# aren't those that Xen expects.
QEMU = ["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-cpu", "EPYC,+svm,-x2apic,-smap,-smep,-monitor,-rdtscp",
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
MEMORY = 960  # MiB of Xen and the first domain
XEN = "com1=115200,8n1 console=com1 dom0_mem=384M smap=0 smep=0 cpuidle=0 mwait-idle=0 spec-ctrl=no loglvl=warning guest_loglvl={}"
LINUX = "console=hvc0 panic=-1 mitigations=off quiet loglevel=3"

INIT = """#!/bin/sh
/bin/busybox --install -s /bin
export PATH=/{programs}:/bin:/usr/bin
mount -t devtmpfs none /dev; mount -t proc none /proc; mount -t sysfs none /sys
mkdir -p /dev/pts; mount -t devpts none /dev/pts
exec </dev/console >/dev/console 2>&1
for module in {modules}; do insmod /lib/modules/$module.ko; done
mount -t xenfs none /proc/xen
xenstored --pid-file=/run/xenstored.pid
xen-init-dom0 >/dev/null
xenconsoled --log=guest --log-dir=/var/log/xen --pid-file=/run/xenconsoled.pid
ip link set lo up
brctl addbr xenbr0
ip link set xenbr0 up
. /guest/script
sync
poweroff -f
"""

# The backend doesn't connect without the key.
VIF = """#!/bin/sh
case "$1" in
online | add)
    brctl addif xenbr0 "$vif"
    ip link set "$vif" up
    xenstore-write "$XENBUS_PATH/hotplug-status" connected
    ;;
esac
"""

# The backend of a disk wants the numbers of its device.
BLOCK = """#!/bin/sh
if [ "$1" = add ]; then
    device=$(xenstore-read "$XENBUS_PATH/params")
    xenstore-write "$XENBUS_PATH/physical-device" "$(stat -c %t:%T "$device")"
    xenstore-write "$XENBUS_PATH/hotplug-status" connected
fi
"""

# Without "destroy" a guest that crashes, or ends by a reset, would be started again for ever.
CONFIG = """name = "{name}"
type = "pvh"
kernel = "/guest/{image}.elf"
cmdline = "{arguments}"
memory = {memory}
vcpus = 1
{more}
on_reboot = "destroy"
on_crash = "destroy"
{vif}
"""
VIF_OF = "vif = ['mac=00:16:3e:6c:65:61,bridge=xenbr0,script=vif']"


class Missing(Exception):
    """Packages or programs that are missing, in one line."""


def is_complete(folder):
    """False: nothing was fetched into @folder, or by an earlier version of this program, with fewer modules."""
    return (folder / "complete").is_file() and all((folder / "modules" / (pathlib.Path(module).name + ".ko")).is_file()
                                                   for module in MODULES)


def fetch(folder):
    """Downloads the packages and unpacks them into @folder."""
    folder = pathlib.Path(folder)
    if is_complete(folder):
        return
    says = subprocess.run(["apt-cache", "depends", KERNEL_OF], check=True, capture_output=True, text=True).stdout
    kernel = [line.split()[-1] for line in says.splitlines() if "Depends: linux-image-" in line]
    if not kernel:
        raise Missing(f"apt-cache knows no kernel of {KERNEL_OF}")
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["apt-get", "download", "-q", kernel[0], *PACKAGES], check=True, cwd=place)
        made = pathlib.Path(place) / "root"
        for package in sorted(pathlib.Path(place).glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", package, made], check=True)
        keep_used(made, folder)


def keep_used(made, folder):
    """Moves from @made to @folder what is used: 60 MB of 400."""
    modules = next((made / "lib/modules").iterdir())
    for module in MODULES:
        target = folder / "modules" / (pathlib.Path(module).name + ".ko")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(modules / "kernel" / (module + ".ko"), target)
    shutil.copy(next((made / "boot").glob("vmlinuz-*")), folder / "vmlinuz")
    with gzip.open(made / f"boot/xen-{VERSION}-amd64.gz") as packed:
        (folder / "xen").write_bytes(packed.read())
    for place in ("usr/bin", "usr/lib", "bin", "lib/x86_64-linux-gnu"):
        if (made / place).is_dir():
            shutil.copytree(made / place, folder / "root" / place, symlinks=True, dirs_exist_ok=True)
    (folder / "complete").write_text("")


def packages(folder):
    """The folder of fetch(), or Missing."""
    if not shutil.which(QEMU[0]):
        raise Missing("QEMU is not installed: apt-get install qemu-system-x86")
    folder = pathlib.Path(folder)
    if not is_complete(folder):
        raise Missing(f"Xen's packages are not in {folder}: tools/lib/xen.py fetch {folder}")
    return folder


# ---- the first domain's files -----------------------------------------------------------------


def libraries(folder, programs):
    """{path in the root: file here} of what @programs are linked with."""
    places = [folder / "root" / place for place in ("usr/lib/x86_64-linux-gnu", f"usr/lib/xen-{VERSION}/lib/x86_64-linux-gnu")]
    env = {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, places))}
    found = {}
    for program in programs:
        says = subprocess.run(["ldd", program], check=True, capture_output=True, text=True, env=env).stdout
        for line in says.splitlines():
            words = line.split()
            path = words[2] if "=>" in words else words[0]
            if path.startswith("/"):
                found["lib64/" + os.path.basename(path) if "ld-linux" in path else
                      "lib/x86_64-linux-gnu/" + os.path.basename(path)] = path
    # for the end of a thread, which the loader looks up only then
    found["lib/x86_64-linux-gnu/libgcc_s.so.1"] = "/lib/x86_64-linux-gnu/libgcc_s.so.1"
    return found


class Archive:
    """A cpio archive in the form "newc", which Linux unpacks into its first file system."""

    def __init__(self):
        self.parts = []
        self.folders = set()

    def entry(self, name, mode, data=b""):
        """One file, folder or link."""
        for parent in reversed(pathlib.PurePosixPath(name).parents[:-1]):
            if str(parent) not in self.folders:
                self.folders.add(str(parent))
                self.entry(str(parent), stat.S_IFDIR | 0o755)
        fields = [len(self.parts) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        self.parts.append(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))

    def file(self, name, data, mode=0o755):
        """A file with these bytes, or with those of a path."""
        self.entry(name, stat.S_IFREG | mode, data if isinstance(data, bytes) else pathlib.Path(data).read_bytes())

    def folder(self, name):
        """An empty folder, unless it is there."""
        if name not in self.folders:
            self.folders.add(name)
            self.entry(name, stat.S_IFDIR | 0o755)

    def link(self, name, to):
        """A symbolic link."""
        self.entry(name, stat.S_IFLNK | 0o777, to.encode())

    def packed(self):
        """All of it, compressed."""
        self.entry("TRAILER!!!", 0)
        return gzip.compress(b"".join(self.parts), 1)


def first_domain(folder, script, files, further=()):
    """The first domain's files: its programs, @script (sh), and @files, {name in /guest: bytes or path}.  @further:
    paths of programs of this machine, for its /bin."""
    root = folder / "root"
    archive = Archive()
    programs = [root / PROGRAMS / name for name in ("xl", "xenstored", "xenconsoled", "xen-init-dom0", "xenconsole")]
    programs += [root / "usr/bin" / name for name in ("xenstore-write", "xenstore-read", "xenstore-ls")]
    for name in FOLDERS:
        for parent in [*reversed(pathlib.PurePosixPath(name).parents[:-1]), name]:
            archive.folder(str(parent))
    archive.link("var/run", "/run")
    archive.file("bin/busybox", root / "bin/busybox" if (root / "bin/busybox").exists() else root / "usr/bin/busybox")
    archive.link("bin/sh", "busybox")
    for program in programs:
        archive.file(str(program.relative_to(root)), program)
    for program in further:
        archive.file("bin/" + pathlib.Path(program).name, program)
    for name, path in libraries(folder, [*programs, *further]).items():
        archive.file(name, path)
    for module in MODULES:
        name = pathlib.Path(module).name + ".ko"
        archive.file("lib/modules/" + name, folder / "modules" / name)
    archive.file("init", INIT.format(programs=PROGRAMS, modules=" ".join(pathlib.Path(m).name for m in MODULES)).encode())
    archive.file("etc/xen/scripts/vif", VIF.encode())
    archive.file("etc/xen/scripts/block", BLOCK.encode())
    archive.file("etc/xen/xl.conf", b"")  # or xl would complain
    archive.file("guest/script", script.encode())
    for name, data in files.items():
        archive.file("guest/" + name, data)
    return archive.packed()


def config(name, arguments, memory=64, image=None, more="", vif=VIF_OF):
    """The configuration of a guest for xl, whose image is /guest/<image or name>.elf.  @more: further lines.  @vif: the line
    of its network interface."""
    arguments = arguments.replace("\\", "\\\\").replace('"', '\\"')
    return CONFIG.format(name=name, image=image or name, arguments=arguments, memory=memory, more=more, vif=vif).encode()


def command(folder, initrd, logs="warning", memory=64):
    """QEMU's command line, without its serial port and network.  @memory: MiB of all guests."""
    return [*QEMU, "-m", str(MEMORY + memory), "-kernel", str(folder / "xen"), "-append", XEN.format(logs), "-initrd",
            f"{folder / 'vmlinuz'} {LINUX},{initrd}"]


def main():
    """Returns the exit status."""
    if len(sys.argv) != 3 or sys.argv[1] != "fetch":
        sys.exit(__doc__)
    try:
        fetch(sys.argv[2])
    except (Missing, OSError, subprocess.CalledProcessError) as why:
        print(f"tools/lib/xen.py: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
