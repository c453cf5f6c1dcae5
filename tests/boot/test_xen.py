"""leat as a guest of a real Xen, with Linux' backends, under QEMU's TCG: two boots, each with a time limit and one retry, and
one of tools/boot --xen."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings

import pytest
from conftest import BUILD, echo_tcp, free_port

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
QUEUES_OFFERED = 3
FLOWS = 60  # so many connections take each queue
DISK_BYTES = 32768
IDLE_S = 5
CLOCK_SHARE = 0.001  # how far the rate of leat's clock may be from that of Xen's
CIVIL_NS = 10**9  # how far civil time may be from the first domain's
FRAME_BYTES = 1514  # of the longest one that is no super-frame
COPIED_SHARE = 0.05  # of the bytes of a transfer, which comes in long frames: the rest are acknowledgements

# Words of the first domain's script. Each line that begins with "= " is looked at below. At the first failure `explain` prints
# what both domains know of it, asks the guests for their end, at which they print their counters, and ends the boot.
BEGIN = f"""
ip addr add 10.0.0.1/24 dev xenbr0
ip -6 addr add fd00::1/64 dev xenbr0
date -s '2031-02-03 04:05:06' >/dev/null
head -c {BYTES} /dev/urandom > /tmp/in
reach() {{ until_so ping -c 1 -W 1 $2 || explain $1 "does not answer"; }}
until_so() {{ i=0; while [ $i -lt 300 ]; do "$@" >/dev/null 2>&1 && return 0; i=$((i+1)); sleep 0.2; done; return 1; }}
not() {{ ! "$@"; }}
gone() {{ until_so not xl domid $1; }}
alone() {{ [ $(xl list | wc -l) = 2 ]; }}
has_ended() {{ gone $1 && grep -q "has shut down, reason code $2" /var/log/xen/xl-$1.log && echo "= $1 has ended by $3" || explain $1 "has not ended by $3"; }}
start() {{ xl create -q $2 /guest/$1.cfg && echo "= $1 was created"; }}
offer() {{ xenstore-write /local/domain/0/backend/vif/$1/0/$2 $3; }}
seconds_of() {{ xl list | awk -v name=$1 '$1 == name {{ print $6 }}'; }}
clock_of() {{ xen_peer $1 clock $2 $3 > /tmp/clock && sed 's/^/= /' /tmp/clock; }}
count_of() {{ cat /sys/class/net/vif$(xl domid $1).0/statistics/$2; }}
frames_of() {{ echo "= frames of $1: $(count_of $1 rx_packets) $(count_of $1 rx_bytes) $(count_of $1 tx_packets) $(count_of $1 tx_bytes)"; }}
come() {{ wc -c < /tmp/out; }}
logs() {{ for log in /var/log/xen/guest-*.log; do echo "log $log"; cat $log; echo; done; }}
part() {{ echo "-- $*"; "$@" 2>&1; }}
explain() {{
    echo "= failed: $*"
    part xl list; part xl vcpu-list; part ps; part uptime
    part dmesg | tail -n 80
    part ip neigh; part cat /proc/net/dev; part grep -e CPU -e vif /proc/interrupts
    mount -t debugfs none /sys/kernel/debug
    for rings in /sys/kernel/debug/xen-netback/*/*; do part cat $rings; done
    part xenstore-ls -f /local/domain/0/backend; part xenstore-ls -f /local/domain/$(xl domid $1)/device
    for key in q e v g; do xl debug-keys $key; sleep 1; done
    for name in $(xl list | awk 'NR > 2 {{ print $1 }}'); do printf '\\004' > $(xenstore-read /local/domain/$(xl domid $name)/console/tty); done
    sleep 5
    part xl list; part tail -n 40 /var/log/xen/xl-*.log
    logs
    echo "= end of the explanation"
    poweroff -f
}}
more_come() {{ [ $(come) -gt $had ]; }}
same() {{
    rm -f /tmp/out; touch /tmp/out
    nc $2 7 < /tmp/in > /tmp/out & pid=$!
    while had=$(come); [ $had -lt {BYTES} ]; do until_so more_come || break; done
    kill $pid 2>/dev/null
    cmp /tmp/in /tmp/out && echo "= the same over $3" || explain $1 "returned $(come) bytes"
}}
"""
# A guest that answers pings, and returns bytes over both families; and one that takes no super-frames and tells its clocks.
ECHO = f"""
start answer
reach answer 10.0.0.6 && clock_of 10.0.0.6 && echo "= the clock was read"
set -- $(cat /tmp/clock); early=$2; late=$4
same answer 10.0.0.6 "IPv4, without super-frames"
frames_of answer
start echo
reach echo 10.0.0.2 && echo "= reached"
for size in {" ".join(map(str, PINGS))}; do
    ping -c 3 -i 0.2 -s $size 10.0.0.2 | grep -q ' 0% packet loss' && echo "= ping of $size"
done
same echo 10.0.0.2 IPv4
reach echo fd00::2 && same echo fd00::2 IPv6
frames_of echo
echo "= before $(seconds_of echo)"; sleep {IDLE_S}; echo "= after $(seconds_of echo)"
"""
# HTTP, and one connection after the other.
HTTP = f"""
start httpd
reach httpd 10.0.0.3
for where in 10.0.0.3 '[fd00::3]'; do curl -s -g -m 100 http://$where/ | cmp - /guest/index.html && echo "= page of $where"; done
curl -s -m 100 --fail-early -H 'Connection: close' -w '%{{http_code}} %{{errormsg}}\\n' -o /dev/null "http://10.0.0.3/?[1-{CONNECTIONS}]" > /tmp/codes
answered=$(grep -c ^200 /tmp/codes)
[ $answered = {CONNECTIONS} ] && echo "= all requests were answered" || explain httpd "answered $answered requests: $(tail -n 1 /tmp/codes)"
"""
# A backend that offers nothing, and that the tool stack doesn't trust: the keys change before the guest reads them. And
# one with everything.
OFFERS = """
start plain -p
for key in feature-sg feature-gso-tcpv4 feature-gso-tcpv6 feature-ipv6-csum-offload; do offer $(xl domid plain) $key 0; done
xenstore-write /local/domain/$(xl domid plain)/device/vif/0/trusted 0
xl unpause plain
reach plain 10.0.0.4 && same plain 10.0.0.4 "IPv4, without offloads"
reach plain fd00::4 && same plain fd00::4 "IPv6, without offloads"
frames_of plain
start echo
reach echo 10.0.0.2 && same echo 10.0.0.2 "IPv4, with offloads"
"""
# A backend with several queues, which the guest has memory for: bytes in both directions, and a few connections. Each queue
# has an interrupt of its own in the first domain.
QUEUES = f"""
echo {QUEUES_OFFERED} > /sys/module/xen_netback/parameters/max_queues
start wide
reach wide 10.0.0.8 && same wide 10.0.0.8 "IPv4, with queues"
same wide fd00::8 "IPv6, with queues"
curl -s -m 100 -o /dev/null "http://10.0.0.8:7/?[1-{FLOWS}]"
echo "= queues of wide: $(xenstore-read /local/domain/$(xl domid wide)/device/vif/0/multi-queue-num-queues)"
awk -v name="vif$(xl domid wide).0-q" 'index($NF, name) == 1 {{ print "= interrupts of " $NF ": " $2 }}' /proc/interrupts
xl shutdown wide; has_ended wide 0 xl-shutdown
"""
# One guest asks another for its address by multicast. The backend of the second one hands over frames of its groups, and
# drops others, such as reports of groups.
GROUPS = """
start fetch
has_ended fetch 0 "itself"
grep -q "$(grep -m 1 '<title>' /guest/index.html)" /var/log/xen/guest-fetch.log && echo "= a page went from guest to guest"
[ $(count_of httpd tx_dropped) -gt 0 ] && echo "= frames of other groups were dropped"
"""
# The end of guests, by a crash and by force, while data move: a domain stays in the list, as (null), as long as another one
# has a page of it mapped. Xen itself lists mapped grants (its key g). While xenconsoled is stopped, a guest writes more than
# the page of its console holds.
END = """
xl debug-keys g
date -s '2031-02-10 04:05:06' >/dev/null
clock_of 10.0.0.6 $early $late && echo "= the clocks were compared"
ping -i 0.01 -s 1400 10.0.0.6 > /dev/null & busy=$!
xen_peer 10.0.0.6 crash
has_ended answer 3 "its crash"
kill $busy 2>/dev/null
nc 10.0.0.2 7 < /dev/zero > /dev/null & busy=$!
moves() { [ $(count_of echo rx_bytes) -gt $((before + 100000)) ]; }
before=$(count_of echo rx_bytes); until_so moves && echo "= data move"
xl destroy echo && gone echo && echo "= echo was destroyed in mid-transfer"
kill $busy 2>/dev/null
start help
has_ended help 0 itself
start mute -p
kill -STOP $(cat /run/xenconsoled.pid)
xl unpause mute
has_ended mute 0 itself
kill -CONT $(cat /run/xenconsoled.pid)
until_so alone && echo "= the first domain is alone"
xl debug-keys g
xl list
"""
# Ends that the tool stack and the console ask for.
ASKED = """
xl shutdown httpd; has_ended httpd 0 xl-shutdown
xl reboot plain; has_ended plain 1 xl-reboot
printf '\\004' > $(xenstore-read /local/domain/$(xl domid echo)/console/tty); has_ended echo 0 Ctrl-D
until_so alone && echo "= the first domain is alone"
xl list
"""
# A disk, which each boot of its guest changes; and one whose writes fail, because it lies in a full file system.
DISK = f"""
dd if=/dev/zero of=/tmp/disk bs={DISK_BYTES} count=1 2>/dev/null; losetup /dev/loop0 /tmp/disk
for boot in 1 2 3; do start store; gone store; done
mkdir /full; mount -t tmpfs -o size=4k none /full; echo > /full/other; dd if=/dev/zero of=/full/disk bs={DISK_BYTES} seek=1 count=0 2>/dev/null
losetup -d /dev/loop0; losetup /dev/loop0 /full/disk
start store; gone store; grep -q "the store: device failed" /var/log/xen/guest-store.log && echo "= a disk that fails is told"
until_so alone && echo "= the disk is released"
"""
LOGS = """
logs
echo "= end"
"""
ECHO_WANTED = ["echo was created", "reached", *(f"ping of {size}" for size in PINGS), "the same over IPv4",
               "the same over IPv6", "answer was created", "the clock was read", "the same over IPv4, without super-frames",
               "the clocks were compared", "answer has ended by its crash", "data move",
               "echo was destroyed in mid-transfer", "help was created", "help has ended by itself",
               "mute was created", "mute has ended by itself", "the first domain is alone",
               "end"]
HTTP_WANTED = ["httpd was created", "page of 10.0.0.3", "page of [fd00::3]", "all requests were answered", "plain was created",
               "the same over IPv4, without offloads", "the same over IPv6, without offloads", "echo was created",
               "the same over IPv4, with offloads", "wide was created", "the same over IPv4, with queues",
               "the same over IPv6, with queues", f"queues of wide: {QUEUES_OFFERED}", "wide has ended by xl-shutdown",
               "fetch was created", "fetch has ended by itself",
               "a page went from guest to guest", "frames of other groups were dropped", "httpd has ended by xl-shutdown",
               "plain has ended by xl-reboot", "echo has ended by Ctrl-D", "the first domain is alone", "a disk that fails is told",
               "the disk is released", "end"]


def guests():
    """The files of the guests."""
    files = {name + ".elf": BUILD / f"examples/{name}.elf" for name in ("echo", "httpd", "fetch")}
    files["store.elf"] = BUILD / "tests/boot/store.elf"
    files["answer.elf"] = BUILD / "tests/boot/xen_guest.elf"
    files["store.cfg"] = xen.config("store", "", more="disk = ['phy:/dev/loop0,xvda,w']", vif="")
    for number, (name, image, arguments) in enumerate([("echo", "echo", "--stats"), ("httpd", "httpd", "--stats"),
                                                       ("plain", "echo", "--stats"), ("help", "echo", "--help"),
                                                       ("answer", "answer", ""), ("fetch", "fetch", "http://[fd00::3]/"),
                                                       ("wide", "echo", "--stats"), ("mute", "echo", "--help")], 2):
        if arguments != "--help":
            arguments += f" --ip=10.0.0.{number}/24 --ip6=fd00::{number}/64"
        vif = xen.VIF_OF.replace("65:61", f"65:{number:02}")  # each has an address of its own on the bridge
        files[name + ".cfg"] = xen.config(name, arguments, memory=160 if name == "wide" else 64, image=image, vif=vif)
    files["index.html"] = ROOT / "examples/site/index.html"
    return files


def processor_s(process):
    """Processor time that a process has used."""
    words = pathlib.Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def boot(folder, packages, script):
    """The lines of the first domain's console, and Xen's."""
    initrd = folder / "first.gz"
    initrd.write_bytes(xen.first_domain(packages, BEGIN + script + LOGS, guests(), [shutil.which("curl"), BUILD / "tests/boot/xen_peer"]))
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
        begin = next((at for at, line in enumerate(lines) if line.startswith("= failed: ")), -200)
        shutil.copy(folder / "serial.log", BUILD / "xen-failed.log")
        why = f"{missing} of {said}\n" + "\n".join(lines[begin:])
        assert left > 0, why
        warnings.warn(f"the first try failed: {why}", stacklevel=2)
    assert not any("Triple fault" in line for line in lines)
    return lines, said


def check_clock(said):
    """Two readings of a guest's clocks, each between two of the first domain's."""
    first, second = (list(map(int, line.split()[1:])) for line in said if line.startswith("clock "))
    went, least, most = second[1] - first[1], second[0] - first[2], second[2] - first[0]
    assert most - least <= CLOCK_SHARE * least, "the readings are too far apart to say anything"
    assert least * (1 - CLOCK_SHARE) <= went <= most * (1 + CLOCK_SHARE), f"{went} ns of leat's, {least} to {most} of Xen's"
    for early, civil, late in (first[3:], second[3:]):
        assert early - CIVIL_NS <= civil <= late + CIVIL_NS, f"it is {civil} there, {early} to {late} in the first domain"
    assert second[4] - first[4] > 6 * 86400 * 10**9, "the first domain has set its clock a week ahead"


def mapped(lines):
    """{domain: grants that another domain has mapped}, of each list of Xen's."""
    lists = []
    for line in lines:
        table = re.search(r"\(XEN\) grant-table for remote d(\d+) ", line)
        if re.search(r"\(XEN\) gnttab_usage_print_all \[", line):
            lists.append({})
        elif table:
            domain = int(table[1])
            lists[-1][domain] = 0
        elif re.search(r"\(XEN\) \[0x[0-9a-f]+\]  ", line):
            lists[-1][domain] += 1
    return lists


def frames(said, guest):
    """Bytes of the mean frame from a guest, and to it; a super-frame counts as one."""
    line = next(line for line in said if line.startswith(f"frames of {guest}: "))
    rx_packets, rx_bytes, tx_packets, tx_bytes = map(int, line.split()[3:])
    return rx_bytes / rx_packets, tx_bytes / tx_packets


def counters(lines, guest):
    """A guest's counters, which its console had at its end."""
    begin = lines.index(f"log /var/log/xen/guest-{guest}.log")
    found = {}
    for line in lines[begin + 1:]:
        if line.startswith(("log ", "= ")):
            break
        counter = re.match(r"([a-z][a-z0-9_]*) +(\d+)  ", line)
        if counter:
            found[counter[1]] = int(counter[2])
    return found


def check_idle(said):
    """The guest's processor time before and after it had nothing to do."""
    before, after = (float(line.split()[1]) for line in said if re.match("(before|after) [0-9]", line))
    assert after - before <= 0.1 * IDLE_S, f"{after - before} s of processor time in {IDLE_S} s"


def test_the_image_of_QEMU_is_a_guest_of_Xen(tmp_path):
    lines, said = try_boot(tmp_path, ECHO + END, ECHO_WANTED)
    check_clock(said)
    check_idle(said)
    assert any("--dashboard" in line for line in lines), "the console of the guest has its output"
    assert any(re.search(r"\(d\d+\) .*--version", line) for line in lines), "Xen's log has what a console without a reader doesn't take"
    assert min(frames(said, "echo")) > FRAME_BYTES, "super-frames moved in both directions"
    assert max(frames(said, "answer")) <= FRAME_BYTES, "no super-frame moved"
    before, after = mapped(lines)
    guests_mapped = [count for domain, count in before.items() if domain > 0]
    assert len(guests_mapped) == 2 and min(guests_mapped) >= 2, "both guests have at least rings that are mapped"
    assert set(after) == {0}, f"{after}: the guests that crashed and were destroyed have left grants"


def test_a_guest_of_Xen_serves_HTTP_ends_as_it_is_asked_and_has_a_disk(tmp_path):
    lines, said = try_boot(tmp_path, HTTP + OFFERS + QUEUES + GROUPS + ASKED + DISK, HTTP_WANTED)
    assert [line for line in lines if line.startswith("boot ")] == ["boot 1", "boot 2", "boot 3"]
    assert frames(said, "plain")[0] <= FRAME_BYTES, "the backend takes no super-frame"
    interrupts = [int(line.split()[-1]) for line in said if line.startswith("interrupts of vif")]
    assert len(interrupts) == QUEUES_OFFERED and min(interrupts) > 0, f"{interrupts}: each queue is used"
    plain, echo, wide = counters(lines, "plain"), counters(lines, "echo"), counters(lines, "wide")
    assert plain["copied_xen_tx_bytes"] >= 2 * BYTES, "nothing but copies for a domain that isn't trusted"
    assert echo["copied_xen_tx_bytes"] <= COPIED_SHARE * BYTES, "Ethernet headers that lie in two pages"
    # "the pages of received frames are lent": short frames are copied, which are acknowledgements here
    assert plain["copied_xen_rx_bytes"] <= COPIED_SHARE * 2 * BYTES and echo["copied_xen_rx_bytes"] <= COPIED_SHARE * BYTES
    for counts in (plain, echo, wide):
        assert not {"xen_rx_refused", "xen_rx_length", "xen_tx_refused", "xen_pages_kept", "xen_broken_rules"} & set(counts), counts


def test_tools_boot_starts_an_image_in_Xen():
    try:
        xen.packages(PACKAGES)
    except xen.Missing as why:
        pytest.skip(str(why))
    data = os.urandom(100000)
    port = free_port()
    command = [sys.executable, "-B", ROOT / "tools/boot", "--build", BUILD, "--xen", "--forward", f"tcp:{port}:7", "echo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "LEAT_XEN": str(PACKAGES)}) as child:
        limit = threading.Timer(HANG_S, child.kill)
        limit.start()
        try:
            said = []
            for line in child.stdout:
                said.append(line)
                if re.search(r"/24 on xen0, MTU \d+, port 7", line):
                    break
            assert said and "on xen0" in said[-1], "".join(said)
            assert echo_tcp(("127.0.0.1", port), data, HANG_S) == data
            child.send_signal(signal.SIGINT)
            rest = child.stdout.read()
            assert child.wait() == 0, rest
        finally:
            limit.cancel()
            child.kill()
