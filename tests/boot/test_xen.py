"""leat as a guest of a real Xen, with Linux' backends, under QEMU's TCG: two boots, each with a time limit and one retry."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest
from conftest import BUILD

ROOT = pathlib.Path(os.environ.get("LEAT_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "tools/lib"))
import xen  # noqa: E402

BOOT_S = 300  # of QEMU's processor time: a boot needs 40 to 100
HANG_S = 4 * BOOT_S  # by the clock, of a busy machine
TRIES = 2  # a program of the first domain died once in ten boots, of a fault in TCG or of its own
PACKAGES = os.environ.get("LEAT_XEN", ROOT / "build-test/xen")
BYTES = 2000000
PINGS = (0, 1, 100, 1400, 1472, 1473, 4000, 16000)
CONNECTIONS = 1000
DISK_BYTES = 32768
IDLE_S = 5
CLOCK_SHARE = 0.001  # how far leat's clock may be from Xen's

# Words of the first domain's script. Each line that begins with "= " is looked at below.
BEGIN = f"""
ip addr add 10.0.0.1/24 dev xenbr0
ip -6 addr add fd00::1/64 dev xenbr0
head -c {BYTES} /dev/urandom > /tmp/in
up() {{ cut -d' ' -f1 /proc/uptime; }}
reach() {{ until_so ping -c 1 -W 1 $1; }}
until_so() {{ i=0; while [ $i -lt 300 ]; do "$@" >/dev/null 2>&1 && return 0; i=$((i+1)); sleep 0.2; done; return 1; }}
not() {{ ! "$@"; }}
gone() {{ until_so not xl domid $1; }}
alone() {{ [ $(xl list | wc -l) = 2 ]; }}
has_ended() {{ gone $1 && grep -q "has shut down, reason code $2" /var/log/xen/xl-$1.log && echo "= $1 has ended by $3"; }}
start() {{ xl create -q $2 /guest/$1.cfg && echo "= $1 was created"; }}
offer() {{ xenstore-write /local/domain/0/backend/vif/$1/0/$2 $3; }}
seconds_of() {{ xl list | awk -v name=$1 '$1 == name {{ print $6 }}'; }}
uptime_of() {{ echo "= clock $(up) $(curl -s -m 100 http://$1:81/metrics | awk '/^leat_uptime_seconds/ {{ print $2 }}') $(up)"; }}
is_complete() {{ [ $(wc -c < /tmp/out) -ge {BYTES} ]; }}
same() {{
    rm -f /tmp/out; touch /tmp/out
    nc $1 7 < /tmp/in > /tmp/out & pid=$!
    until_so is_complete
    kill $pid 2>/dev/null
    cmp /tmp/in /tmp/out && echo "= the same over $2"
}}
"""
# A guest that answers pings, and returns bytes over both families.
ECHO = f"""
start echo
reach 10.0.0.2 && echo "= reached"
uptime_of 10.0.0.2
for size in {" ".join(map(str, PINGS))}; do
    ping -c 3 -i 0.2 -s $size 10.0.0.2 | grep -q ' 0% packet loss' && echo "= ping of $size"
done
same 10.0.0.2 IPv4
reach fd00::2 && same fd00::2 IPv6
curl -s -m 100 http://10.0.0.2:81/metrics | grep -E '^leat_(copied_)?xen'
echo "= before $(seconds_of echo)"; sleep {IDLE_S}; echo "= after $(seconds_of echo)"
"""
# HTTP, and one connection after the other.
HTTP = f"""
start httpd
reach 10.0.0.3
for where in 10.0.0.3 '[fd00::3]'; do curl -s -g -m 100 http://$where/ | cmp - /guest/index.html && echo "= page of $where"; done
curl -s -m 100 -H 'Connection: close' -w '%{{http_code}}\\n' -o /dev/null "http://10.0.0.3/?[1-{CONNECTIONS}]" | sort | uniq -c |
    while read count code; do echo "= $count times $code"; done
"""
# A backend that offers nothing, and that the tool stack doesn't trust: the keys change before the guest reads them.
PLAIN = """
start plain -p
for key in feature-sg feature-gso-tcpv4 feature-gso-tcpv6 feature-ipv6-csum-offload; do offer $(xl domid plain) $key 0; done
xenstore-write /local/domain/$(xl domid plain)/device/vif/0/trusted 0
xl unpause plain
reach 10.0.0.4 && same 10.0.0.4 "IPv4, without offloads"
reach fd00::4 && same fd00::4 "IPv6, without offloads"
curl -s -m 100 http://10.0.0.4:81/metrics | grep -E '^leat_(copied_)?xen'
"""
# The end of guests: a domain stays in the list, as (null), as long as another one has a page of it mapped.
END = """
uptime_of 10.0.0.2
nc 10.0.0.2 7 < /dev/zero > /dev/null & busy=$!
moves() { [ $(cat /sys/class/net/$vif/statistics/rx_bytes) -gt $((before + 100000)) ]; }
vif=vif$(xl domid echo).0; before=$(cat /sys/class/net/$vif/statistics/rx_bytes); until_so moves && echo "= data move"
xl destroy echo && gone echo && echo "= echo was destroyed in mid-transfer"
kill $busy 2>/dev/null
start help
has_ended help 0 itself
until_so alone && echo "= the first domain is alone"
xl list
"""
# Ends that the tool stack and the console ask for.
ASKED = """
start echo
reach 10.0.0.2
xl shutdown httpd; has_ended httpd 0 xl-shutdown
xl reboot plain; has_ended plain 1 xl-reboot
printf '\\004' > $(xenstore-read /local/domain/$(xl domid echo)/console/tty); has_ended echo 0 Ctrl-D
until_so alone && echo "= the first domain is alone"
xl list
"""
# A disk, which each boot of its guest changes.
DISK = f"""
dd if=/dev/zero of=/tmp/disk bs={DISK_BYTES} count=1 2>/dev/null; losetup /dev/loop0 /tmp/disk
for boot in 1 2 3; do start store; gone store; done
until_so alone && echo "= the disk is released"
"""
LOGS = """
for log in /var/log/xen/guest-*.log; do echo "log $log"; cat $log; done
echo "= end"
"""
ECHO_WANTED = ["echo was created", "reached", *(f"ping of {size}" for size in PINGS), "the same over IPv4",
               "the same over IPv6", "data move", "echo was destroyed in mid-transfer", "help was created", "help has ended by itself",
               "the first domain is alone", "end"]
HTTP_WANTED = ["httpd was created", "page of 10.0.0.3", "page of [fd00::3]", f"{CONNECTIONS} times 200", "plain was created",
               "the same over IPv4, without offloads", "the same over IPv6, without offloads", "httpd has ended by xl-shutdown",
               "plain has ended by xl-reboot", "echo has ended by Ctrl-D", "the first domain is alone", "the disk is released", "end"]


def guests():
    """The files of the guests."""
    files = {name + ".elf": BUILD / f"examples/{name}.elf" for name in ("echo", "httpd")}
    files["store.elf"] = BUILD / "tests/boot/store.elf"
    files["store.cfg"] = xen.config("store", "", more="disk = ['phy:/dev/loop0,xvda,w']", vif="")
    for number, (name, image, arguments) in enumerate([("echo", "echo", "--dashboard=81"), ("httpd", "httpd", ""),
                                                       ("plain", "echo", "--dashboard=81"), ("help", "echo", "--help")], 2):
        if name != "help":
            arguments += f" --ip=10.0.0.{number}/24 --ip6=fd00::{number}/64"
        files[name + ".cfg"] = xen.config(name, arguments, image=image)
    files["index.html"] = ROOT / "examples/site/index.html"
    return files


def processor_s(process):
    """Processor time that a process has used."""
    words = pathlib.Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def boot(folder, packages, script):
    """The lines of the first domain's console, and Xen's."""
    initrd = folder / "first.gz"
    initrd.write_bytes(xen.first_domain(packages, BEGIN + script + LOGS, guests(), [shutil.which("curl")]))
    log = folder / "serial.log"
    end = time.monotonic() + HANG_S
    with subprocess.Popen([*xen.command(packages, initrd, "all"), "-serial", f"file:{log}"], stdin=subprocess.DEVNULL) as qemu:
        while True:
            try:
                qemu.wait(1)
                break
            except subprocess.TimeoutExpired:
                if time.monotonic() > end or processor_s(qemu.pid) > BOOT_S:
                    qemu.kill()
    return log.read_text("utf-8", "replace").replace("\r", "").splitlines()


def try_boot(folder, script, wanted):
    """All lines, and those that begin with "= ", of a boot that said all that is @wanted."""
    try:
        packages = xen.packages(PACKAGES)
    except xen.Missing as why:
        pytest.skip(str(why))
    for left in reversed(range(TRIES)):
        lines = boot(folder, packages, script)
        said = [line[2:] for line in lines if line.startswith("= ")]
        missing = [line for line in wanted if line not in said]
        if not missing:
            break
        assert left > 0, f"{missing} of {said}\n" + "\n".join(lines[-200:])
    assert not any("Triple fault" in line for line in lines)
    return lines, said


def check_clock(said):
    """Two readings of leat's clock, each between two of Xen's."""
    (early, first, late), (early_2, second, late_2) = (
        map(float, line.split()[1:]) for line in said if line.startswith("clock "))
    went, least, most = second - first, early_2 - late, late_2 - early
    assert least * (1 - CLOCK_SHARE) <= went <= most * (1 + CLOCK_SHARE), f"{went} s of leat's, {least} to {most} of Xen's"


def check_idle(said):
    """The guest's processor time before and after it had nothing to do."""
    before, after = (float(line.split()[1]) for line in said if re.match("(before|after) [0-9]", line))
    assert after - before <= 0.1 * IDLE_S, f"{after - before} s of processor time in {IDLE_S} s"


def test_the_image_of_QEMU_is_a_guest_of_Xen(tmp_path):
    lines, said = try_boot(tmp_path, ECHO + END, ECHO_WANTED)
    check_clock(said)
    check_idle(said)
    assert any("--dashboard" in line for line in lines), "the console of the guest has its output"


def test_a_guest_of_Xen_serves_HTTP_ends_as_it_is_asked_and_has_a_disk(tmp_path):
    lines, _ = try_boot(tmp_path, HTTP + PLAIN + ASKED + DISK, HTTP_WANTED)
    assert [line for line in lines if line.startswith("boot ")] == ["boot 1", "boot 2", "boot 3"]
