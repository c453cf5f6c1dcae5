"""OCI images of tools/oci: read by skopeo, and started as container runtimes and urunc do."""

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import ssl
import socket
import subprocess
import sys
import tarfile
import tempfile
import urllib.request

import pytest
import solo5
import test_solo5

from conftest import ARCH, BUILD, END_OF_TRANSMISSION, IP, PEER, Guest, echo_tcp, free_port

SOURCE = pathlib.Path(os.environ.get("LEAT_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
STATIC = BUILD / "static"
BUILD_S = 1500  # the Linux program is a build of its own

pytestmark = pytest.mark.skipif(ARCH != "x86_64" or not shutil.which("objcopy"), reason="no objcopy")


def make(path, *words):
    return subprocess.run([sys.executable, "-B", SOURCE / "tools/oci", "--build", BUILD, "--static-build", STATIC,
                           "--output", path, *words], capture_output=True, text=True, timeout=BUILD_S, check=False)


def blob(layout, descriptor):
    """The bytes of a blob, which have the promised size and digest."""
    kind, name = descriptor["digest"].split(":")
    data = (layout / "blobs" / kind / name).read_bytes()
    assert len(data) == descriptor["size"] and hashlib.sha256(data).hexdigest() == name
    return data


def unpack(layout, tag, folder):
    """Unpacks the image of a tag; returns its manifest and its configuration."""
    index = json.loads((layout / "index.json").read_bytes())
    descriptor, = [one for one in index["manifests"]
                   if one["annotations"]["org.opencontainers.image.ref.name"] == tag]
    manifest = json.loads(blob(layout, descriptor))
    config = json.loads(blob(layout, manifest["config"]))
    layer, = manifest["layers"]
    path = folder / "layer.tar.gz"
    path.write_bytes(blob(layout, layer))
    with tarfile.open(path) as archive:
        archive.extractall(folder / tag)
    return manifest, config


@pytest.mark.parametrize("kind", ["linux", "unikernel"])
def test_skopeo_reads_both_and_the_same_input_gives_the_same_bytes(tmp_path, kind):
    program = "echo"
    if kind == "linux":  # a smaller one, which is built sooner
        program = tmp_path / "program"
        (tmp_path / "program.c").write_text("int main(void) { return 0; }\n")
        subprocess.run(["cc", "-static", "-o", program, tmp_path / "program.c"], check=True, timeout=60)
    for name in ("one", "two"):
        made = make(tmp_path / name, "--kind", kind, program, "--", "--stats")
        assert made.returncode == 0, made.stderr
    assert (tmp_path / "one/index.json").read_bytes() == (tmp_path / "two/index.json").read_bytes()
    if not shutil.which("skopeo"):
        pytest.skip("no skopeo (apt-get install skopeo)")
    seen = subprocess.run(["skopeo", "inspect", f"oci:{tmp_path}/one:{kind}"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert seen.returncode == 0, seen.stderr
    assert json.loads(seen.stdout)["Architecture"] == "amd64"


def add_mounts(initrd, mounts):
    """Adds an archive with mounted files to an initrd, as urunc 0.7 does (its CopyFileMountsToInitrd(), and cavaliergopher/cpio
    1.0.1): with absolute names, and without records of folders. @mounts: destination to source."""
    with initrd.open("ab") as archive:
        for number, (name, source) in enumerate([*mounts.items(), ("TRAILER!!!", None)], 1):
            if source and not source.is_file():
                continue  # urunc passes over folders
            data = source.read_bytes() if source else b""
            state = source.stat() if source else None
            fields = [number, state.st_mode, state.st_uid, state.st_gid, 1, int(state.st_mtime)] if state else [0, 0, 0, 0, 1, 0]
            fields += [len(data), 0, 0, 0, 0, len(name) + 1, 0]
            head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
            archive.write(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))


def read_as_urunc_does(layout, folder, hypervisor="qemu"):
    """Unpacks the unikernel of an image. Returns its root, its annotations, and its command line."""
    manifest, config = unpack(layout, "unikernel", folder)
    root = folder / "unikernel"
    # urunc reads the annotations of the image or, where its caller drops them, this file
    said = json.loads((root / "urunc.json").read_bytes())
    assert said == manifest["annotations"]
    said = {key.rpartition(".")[2]: base64.b64decode(value).decode() for key, value in said.items()}
    assert (said["unikernelType"], said["hypervisor"]) == ("mirage", hypervisor)
    # the command line is the container's, with its entry point; older versions take the annotation
    process = config["config"]
    words = [*process.get("Entrypoint", []), *process["Cmd"]]
    assert words and said["cmdline"] == " ".join(words)
    # the type "mirage" puts these in front of it
    return root, said, [f"--ipv4={IP}/24", f"--ipv4-gateway={PEER}", *words]


def boot_as_urunc_does(layout, folder, forward, mounts=None, qmp=None):
    """A guest with the command line of QEMU that urunc builds of an image. The image gets the files @mounts of a container. @qmp is
    the socket of a urunc that is newer than 0.7."""
    root, said, words = read_as_urunc_does(layout, folder)
    if mounts:
        add_mounts(root / said["initrd"].lstrip("/"), mounts)
    device = ["-net", "nic,model=virtio", "-net", f"user{forward}"]
    if qmp:
        device = ["-monitor", "null", "-netdev", f"user,id=net0{forward}", "-device",
                  "virtio-net-pci,netdev=net0,host_mtu=1500,mac=02:6c:65:61:74:07", "-qmp", f"unix:{qmp},server=on,wait=off"]
    return Guest(None, "pc", netdev=None, memory=256, extra=[
        "-vga", "none", "-kernel", f"{root}{said['binary']}", *device,
        "-initrd", f"{root}{said['initrd']}", "-append", " ".join(words)])  # fmt: skip


def end(guest):
    guest.type(END_OF_TRANSMISSION)
    assert guest.wait() == 0, guest.text


@pytest.mark.parametrize("arguments", [[], ["--", "--stats", "--drain=3"]])
def test_a_unikernel_boots_by_the_command_line_of_urunc(tmp_path, arguments):
    made = make(tmp_path / "echo.oci", "--kind", "unikernel", "echo", *arguments)
    assert made.returncode == 0, made.stderr
    port = free_port()
    guest = boot_as_urunc_does(tmp_path / "echo.oci", tmp_path, f",hostfwd=tcp:127.0.0.1:{port}-:7")
    try:
        guest.up()
        echo_tcp(("127.0.0.1", port), b"from a registry" * 1000)
        end(guest)
    finally:
        guest.remove()


def test_a_newer_urunc_ends_a_unikernel_by_the_power_button(tmp_path):
    """It asks QEMU for that by QMP; the program then drains."""
    made = make(tmp_path / "echo.oci", "--kind", "unikernel", "echo", "--", "--drain=60")
    assert made.returncode == 0, made.stderr
    port = free_port()
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        guest = boot_as_urunc_does(tmp_path / "echo.oci", tmp_path, f",hostfwd=tcp:127.0.0.1:{port}-:7", qmp=f"{short}/qmp")
        try:
            guest.up()
            with socket.create_connection(("127.0.0.1", port), timeout=60) as client, socket.socket(socket.AF_UNIX) as qmp:
                client.sendall(b"before")
                assert client.recv(100) == b"before"
                qmp.settimeout(60)
                qmp.connect(f"{short}/qmp")
                answers = qmp.makefile("rb")
                assert b"QMP" in answers.readline()
                for order in "qmp_capabilities", "system_powerdown":
                    qmp.sendall(json.dumps({"execute": order}).encode())
                    while b"return" not in answers.readline():
                        continue  # events
                guest.wait_for("ending within")
                client.sendall(b"after")
                assert client.recv(100) == b"after"
            assert guest.wait() == 0, guest.text
        finally:
            guest.remove()


@pytest.mark.parametrize("in_one", [False, True])
@pytest.mark.parametrize("tender", ["spt", "hvt"])
def test_a_unikernel_runs_by_the_command_lines_of_urunc_for_solo5(tmp_path, tender, in_one):
    """urunc splits its whole command line at spaces; newer ones put -- in front of the program, and give it one argument."""
    if not shutil.which(f"solo5-{tender}") or not (BUILD / f"examples/echo.{tender}").is_file():
        pytest.skip("Solo5 is not installed")
    if os.environ.get("LEAT_HOST_NETWORK"):
        pytest.skip("TAP devices are not allowed here")
    if tender == "hvt" and (trouble := test_solo5.hvt_trouble()):
        pytest.skip(f"hvt: {trouble}")
    made = make(tmp_path / "echo.oci", "--kind", "unikernel", "--hypervisor", tender, "echo", "--", "--drain=0")
    assert made.returncode == 0, made.stderr
    root, said, words = read_as_urunc_does(tmp_path / "echo.oci", tmp_path, tender)
    assert "initrd" not in said
    solo5.tools.make_tap("urunc0", 1500, f"{PEER}/24")
    program = f"{root}{said['binary']}"
    process = solo5.tools.Process(f"solo5-{tender}", "--mem=256", "--net:service=urunc0", "--net-mac:service=02:6c:65:61:74:07",
                                  *(["--", program, " ".join(words)] if in_one else [program, *words]))
    try:
        process.wait_for(rf"{re.escape(IP)}/24 on service, MTU 1500, port 7", solo5.START_S)
        echo_tcp((IP, 7), b"from a registry" * 1000)
        assert b"02:6c:65:61:74:07" in solo5.tools.run("ip", "neigh", "show", IP)
    finally:
        process.stop()
        solo5.tools.run("ip", "link", "del", "urunc0", check=False)


def test_files_go_along(tmp_path):
    files = tmp_path / "files"
    (files / "site").mkdir(parents=True)
    (files / "site/index.html").write_bytes(b"<p>from an image")
    (files / "notes.txt").write_bytes(b"beside it")
    made = make(tmp_path / "httpd.oci", "--kind", "unikernel", "--files", files, "httpd", "--", "--files=site")
    assert made.returncode == 0, made.stderr
    port = free_port()
    guest = boot_as_urunc_does(tmp_path / "httpd.oci", tmp_path, f",hostfwd=tcp:127.0.0.1:{port}-:80")
    try:
        guest.up()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as reply:
            assert reply.read() == b"<p>from an image"
        end(guest)
    finally:
        guest.remove()


def test_mounted_files_lie_over_those_of_the_image(tmp_path):
    """The files are those of examples/kubernetes/httpd-unikernel-files.yaml, and one of the node."""
    kubernetes = SOURCE / "examples/kubernetes"
    text = (kubernetes / "httpd-unikernel-files.yaml").read_text(encoding="utf-8")
    volumes, image, node = tmp_path / "volumes", tmp_path / "image", tmp_path / "node"
    for folder in (volumes, image / "site", node):
        folder.mkdir(parents=True)
    (image / "site/index.html").write_bytes(b"<p>image")
    (image / "site/other.html").write_bytes(b"<p>other")
    (volumes / "index.html").write_bytes(b"<p>mounted")
    shutil.copy(kubernetes / "httpd.conf", volumes)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj",
                    "/CN=pod.test", "-addext", "subjectAltName=DNS:pod.test", "-keyout", volumes / "tls.key", "-out",
                    volumes / "tls.crt"], check=True, capture_output=True)
    mounts = {path: volumes / name for path, name in re.findall(r"mountPath: (\S+), subPath: (\S+?),", text)}
    assert len(mounts) == 4
    (node / "resolv.conf").write_text("nameserver 10.96.0.10\n")
    mounts |= {"/etc/resolv.conf": node / "resolv.conf", "/var/run/secrets": volumes}
    command = re.search(r"^#   tools/oci (.*)$", text, re.M)[1].split()
    made = make(tmp_path / "httpd.oci", "--files", image, *command)
    assert made.returncode == 0, made.stderr
    port = free_port()
    guest = boot_as_urunc_does(tmp_path / "httpd.oci", tmp_path, f",hostfwd=tcp:127.0.0.1:{port}-:8443", mounts)
    try:
        guest.up()
        trust = ssl.create_default_context(cafile=str(volumes / "tls.crt"))
        trust.check_hostname = False
        for name, page in ("", b"<p>mounted"), ("other.html", b"<p>other"):
            with urllib.request.urlopen(f"https://127.0.0.1:{port}/{name}", timeout=60, context=trust) as reply:
                assert reply.read() == page
        end(guest)
    finally:
        guest.remove()


def test_the_unikernel_of_kubernetes_answers_the_probes_of_its_manifest(tmp_path):
    text = (SOURCE / "examples/kubernetes/httpd-unikernel.yaml").read_text(encoding="utf-8")
    command = re.search(r"^#   tools/oci (.*)$", text, re.M)[1].split()
    made = make(tmp_path / "httpd.oci", *command)
    assert made.returncode == 0, made.stderr
    inside = {name: int(port) for name, port in re.findall(r"\{name: (\w+), containerPort: (\d+)\}", text)}
    ports = {name: free_port() for name in inside}
    guest = boot_as_urunc_does(tmp_path / "httpd.oci", tmp_path,
                               "".join(f",hostfwd=tcp:127.0.0.1:{ports[name]}-:{inside[name]}" for name in inside))
    try:
        guest.up()
        asked = [("http", "/"), *((port, path) for path, port in re.findall(r"httpGet: \{path: (\S+), port: (\w+)\}", text)),
                 ("dashboard", re.search(r"prometheus.io/path: (\S+)", text)[1])]
        assert len(asked) == 4
        for name, path in asked:
            with urllib.request.urlopen(f"http://127.0.0.1:{ports[name]}{path}", timeout=60) as reply:
                assert reply.status == 200 and reply.read()
        end(guest)
    finally:
        guest.remove()


def test_the_linux_program_is_static_and_runs_alone_in_its_root(tmp_path):
    if os.geteuid():
        pytest.skip("changing the root folder needs root")
    made = make(tmp_path / "echo.oci", "--kind", "linux", "echo", "--", "--stats")
    assert made.returncode == 0, made.stdout + made.stderr
    _, config = unpack(tmp_path / "echo.oci", "linux", tmp_path)
    process = config["config"]
    assert process["Cmd"] == ["--stats"] and process["StopSignal"] == "SIGTERM"
    user, group = process["User"].split(":")
    command = ["chroot", f"--userspec={user}:{group}", str(tmp_path / "linux"), *process["Entrypoint"]]
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        os.chmod(folder, folder.stat().st_mode | 0o055)  # that another user gets there
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=30, check=False)
    assert shown.returncode == 0 and re.search("--passt", shown.stdout), shown.stderr
    # without a device it says what it needs, instead of "no such file": the loader of shared libraries is not missed
    failed = subprocess.run([*command, "--tap", "leat0"], capture_output=True, text=True, timeout=30, check=False)
    assert failed.returncode == 2 and "leat0" in failed.stderr, failed.stderr


@pytest.mark.skipif(not shutil.which("podman"), reason="podman is not installed (apt-get install podman)")
def test_podman_takes_the_image_as_the_help_says(tmp_path):
    made = make(tmp_path / "echo.oci", "echo", "--", "--stats")
    assert made.returncode == 0, made.stdout + made.stderr
    said = subprocess.run([sys.executable, SOURCE / "tools/oci", "--help"], capture_output=True, text=True, check=True).stdout
    words = re.search(r"^ +podman (.*)$", said, re.M)[1].replace("echo.oci", f"{tmp_path}/echo.oci").split()
    with tempfile.TemporaryDirectory(dir="/tmp") as short:  # podman's runroot may have 50 characters
        podman = ["podman", "--root", f"{short}/images", "--runroot", f"{short}/run", "--storage-driver", "vfs"]
        done = subprocess.run([*podman, *words], capture_output=True, text=True, check=False, timeout=300)
        if "permitted" in done.stderr or "mount" in done.stderr:
            pytest.skip(f"podman can't work here: {done.stderr.splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
        image = done.stdout.split()[-1]
        seen = subprocess.run([*podman, "image", "inspect", image], capture_output=True, check=True, timeout=60).stdout
        config = json.loads(seen)[0]["Config"]
        assert (config["User"], config["Cmd"], config["StopSignal"]) == ("65534:65534", ["--stats"], "SIGTERM")
        ran = subprocess.run([*podman, "run", "--rm", "--network=none", "--cgroups=disabled", image, "--version"],
                             capture_output=True, text=True, check=False, timeout=120)
        subprocess.run([*podman, "rmi", "--all", "--force"], capture_output=True, check=True, timeout=120)
        if ran.returncode in (125, 126):
            print(f"podman can't run containers here: {ran.stderr}")
        else:
            assert ran.returncode == 0 and "leat" in ran.stdout, ran.stderr


@pytest.mark.parametrize("words, told", [
    (["nothing"], "there is no"),
    (["--kind", "linux", "/etc/passwd"], "no 64-bit ELF file"),
    (["--kind", "linux", str(SOURCE / "tests/boot/store")], "there is no example"),
    (["--kind", "linux", "/bin/true"], "needs shared libraries"),
    (["--kind", "unikernel", "echo", "--", "two words"], "splits a unikernel's command line at spaces"),
])
def test_says_what_can_not_be_made(tmp_path, words, told):
    made = make(tmp_path / "x", *words)
    assert made.returncode == 2 and told in made.stderr and made.stderr.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_replaces_a_layout_and_nothing_else(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("kept")
    made = make(tmp_path / "kept", "--kind", "unikernel", "echo")
    assert made.returncode == 2 and "is no OCI image layout" in made.stderr
    assert (tmp_path / "kept/file").read_text() == "kept"
    for _ in range(2):
        assert make(tmp_path / "echo.oci", "--kind", "unikernel", "echo").returncode == 0
