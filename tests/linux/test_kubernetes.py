"""The manifests of examples/kubernetes: they are of the API, their parts agree, and pods of them run, take new files and end in
time."""

import concurrent.futures
import copy
import functools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import stat
import tempfile
import threading
import time
import urllib.error
import urllib.request

import pytest

from conftest import LIMIT_S, Process, as_user, binary, run, until
from namespace import Namespace

yaml = pytest.importorskip("yaml", reason="python3-yaml is not installed")
jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

HERE = pathlib.Path(__file__).parent
FOLDER = pathlib.Path(os.environ["LEAT_SOURCE"]) / "examples/kubernetes"
FILES = ["httpd.yaml", "httpd-unikernel.yaml", "httpd-files.yaml", "httpd-unikernel-files.yaml"]
CONF = (FOLDER / "httpd.conf").read_text(encoding="utf-8")
GROUPS = {"v1": "core.v1", "apps/v1": "apps.v1", "node.k8s.io/v1": "node.v1"}
NODE, POD = "10.244.1.1", "10.244.1.5"
STUCK_S = 3  # until a client that sends nothing more counts as one


def objects_of(name):
    """{kind: object}"""
    return {one["kind"]: one for one in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))}


def check(one):
    schema = json.loads((HERE / "kubernetes.json").read_text(encoding="utf-8"))
    schema["$ref"] = f"#/definitions/io.k8s.api.{GROUPS[one['apiVersion']]}.{one['kind']}"
    jsonschema.Draft7Validator(schema).validate(one)


def pod_of(name):
    return objects_of(name)["Deployment"]["spec"]["template"]


def seconds_of(container):
    """(between the order to end and SIGTERM, behind it at most); a unikernel gets no SIGTERM"""
    words = container.get("args", [])
    drain_s = int(words[words.index("--drain") + 1]) if "--drain" in words else 0
    if any(mount["mountPath"] == "/etc/leat" for mount in container.get("volumeMounts", [])):
        drain_s = int(re.search(r"^drain = (\d+)$", CONF, re.M)[1])
    return container["lifecycle"]["preStop"]["sleep"]["seconds"], drain_s


@pytest.mark.parametrize("name", FILES)
def test_the_manifests_are_of_the_api(name):
    for one in objects_of(name).values():
        check(one)


@pytest.mark.parametrize("path, value", [
    (("spec", "replica"), 2),
    (("spec", "replicas"), "2"),
    (("spec", "selector"), None),
    (("spec", "template", "spec", "containers", 0, "name"), None),
    (("spec", "template", "spec", "containers", 0, "readinessProbe", "httpGet", "port"), None),
    (("spec", "template", "spec", "containers", 0, "securityContext", "capabilities", "drop"), "ALL"),
    (("spec", "template", "spec", "containers", 0, "resources", "limits", "memory"), 64),
])
def test_the_schema_refuses(path, value):
    """None: the member is missing."""
    wrong = copy.deepcopy(objects_of("httpd.yaml")["Deployment"])
    inner = wrong
    for step in path[:-1]:
        inner = inner[step]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        check(wrong)


@pytest.mark.parametrize("name", FILES)
def test_the_parts_agree(name):
    objects = objects_of(name)
    deployment, service, pod = objects["Deployment"]["spec"], objects["Service"]["spec"], pod_of(name)
    labels = pod["metadata"]["labels"].items()
    assert deployment["selector"]["matchLabels"].items() <= labels and service["selector"].items() <= labels
    program, = pod["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in program["ports"]}
    assert all(port["targetPort"] in ports for port in service["ports"])
    assert {program[probe]["httpGet"]["port"] for probe in ("readinessProbe", "livenessProbe")} <= set(ports)
    scraped = pod["metadata"]["annotations"]
    assert int(scraped["prometheus.io/port"]) == ports["dashboard"] and scraped["prometheus.io/scrape"] == "true"
    volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
    for container in (program, *pod["spec"].get("initContainers", [])):
        assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes
    assert pod["spec"].get("runtimeClassName") == objects.get("RuntimeClass", {}).get("metadata", {}).get("name")
    assert pod["spec"]["terminationGracePeriodSeconds"] > sum(seconds_of(program))


def publish(folder, files):
    """Puts files into the folder of a volume, instead of those there, as the kubelet does (its AtomicWriter). A folder has
    them, a link "..data" leads to it, and links below their names lead through that one."""
    before = os.path.realpath(folder / "..data")
    made = pathlib.Path(tempfile.mkdtemp(prefix="..2026_11_26_", dir=folder))
    made.chmod(0o755)
    for name, data in files.items():
        (made / name).write_bytes(data)
    (folder / "..data_tmp").symlink_to(made.name)
    (folder / "..data_tmp").rename(folder / "..data")
    for name in files:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    if before != str(folder / "..data"):
        shutil.rmtree(before)


class Pod:
    """The containers of a manifest as processes without capabilities, in a network namespace like a pod's, and in a PID
    namespace if they share one. Each volume is a folder."""

    def __init__(self, folder, name="httpd.yaml", address=POD):
        self.spec = pod_of(name)["spec"]
        self.folder, self.address, self.device = folder, address, f"pod{address.rpartition('.')[2]}"
        self.program = self.pause = None
        for volume in self.spec["volumes"]:
            (folder / volume["name"]).mkdir()
            (folder / volume["name"]).chmod(0o777)
        self.net = Namespace()
        run("ip", "link", "add", self.device, "type", "veth", "peer", "name", "eth0")
        run("ip", "addr", "add", f"{NODE}/32", "dev", self.device)
        run("ip", "link", "set", self.device, "up")
        run("ip", "route", "add", address, "dev", self.device)
        self.net.adopt("eth0", f"{address}/24")
        self.net.run("ip", "route", "add", "default", "via", NODE)
        self.enter = ["nsenter", f"--net={self.net.path}"]
        if self.spec.get("shareProcessNamespace"):
            self.share_processes()
        passt, *others = self.spec["initContainers"]
        entry = re.search(r"^ENTRYPOINT (\[.*\])$", (FOLDER / "passt.Containerfile").read_text(encoding="utf-8"), re.M)
        self.passt = self.start(passt, json.loads(entry[1]))
        self.others = [self.start(container, container["command"]) for container in others]
        words = self.inside(passt, passt["startupProbe"]["exec"]["command"])
        assert words[:2] == ["test", "-S"]
        self.wire = pathlib.Path(words[2])

    def share_processes(self):
        """A process that is the first of a namespace, whose end kills all of it."""
        self.pause = Process("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", "echo here; exec sleep 3600")
        self.pause.wait_for("here")
        first = pathlib.Path(f"/proc/{self.pause.pid}/task/{self.pause.pid}/children").read_text(encoding="ascii").split()[0]
        self.enter += [f"--target={first}", "--pid", "--mount"]

    def inside(self, container, words):
        """Paths of the volumes become those of the folders here."""
        paths = {mount["mountPath"]: str(self.folder / mount["name"]) for mount in container["volumeMounts"]}
        pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, paths))})\b"
        return [re.sub(pattern, lambda found: paths[found[0]], word) for word in words]

    def start(self, container, entry):
        user = as_user()
        if not user:
            pytest.skip("another user is not to be had here")
        return Process(*self.enter, *user, "--no-new-privs", *self.inside(container, entry + container["args"]))

    def begin(self):
        """Starts the program; its address is the pod's."""
        container, = self.spec["containers"]
        self.program = self.start(container, [binary("httpd")])
        self.program.wait_for(rf"{self.address}/24 on .*, port {container['ports'][0]['containerPort']}")

    def begin_and_be_ready(self):
        self.begin()
        assert until(lambda: self.ask("readinessProbe") == 200, LIMIT_S), self.program.text

    def ask(self, probe):
        """The status of a probe by its name, or of a port and a path; 0 if it gets none."""
        container, = self.spec["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        get = container[probe]["httpGet"] if isinstance(probe, str) else probe
        try:
            with urllib.request.urlopen(f"http://{self.address}:{ports[get['port']]}{get['path']}", timeout=LIMIT_S) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def end(self):
        for process in (self.pause, self.program, self.passt, *self.others):
            if process and process.running:
                process.kill()
        run("ip", "link", "del", self.device, check=False)
        self.net.close()


@pytest.fixture
def pod_by():
    """pod_by(name, ...) starts the pod of a manifest, but not its program."""
    if not shutil.which("passt"):
        pytest.skip("passt is not installed")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o777)
        started = []

        def start(name, address=POD):
            (pathlib.Path(folder) / address).mkdir()
            (pathlib.Path(folder) / address).chmod(0o777)
            made = Pod(pathlib.Path(folder) / address, name, address)
            started.append(made)
            assert until(lambda: made.wire.exists() and stat.S_ISSOCK(made.wire.stat().st_mode), LIMIT_S), made.passt.text
            return made

        try:
            yield start
        finally:
            for one in started:
                one.end()


@pytest.fixture
def pod(pod_by):
    return pod_by("httpd.yaml")


def test_a_pod_answers_its_probes_before_and_after_a_restart_of_the_program(pod):
    for _ in range(2):
        pod.begin()
        assert until(lambda: pod.ask("readinessProbe") == 200, LIMIT_S), pod.program.text
        assert pod.ask("livenessProbe") == 200
        assert pod.ask({"port": "dashboard", "path": pod_of("httpd.yaml")["metadata"]["annotations"]["prometheus.io/path"]}) == 200
        assert pod.ask({"port": "http", "path": "/"}) == 200
        pod.program.kill()
    assert pod.passt.running


def test_a_pod_ends_within_its_grace_though_a_client_never_does(pod):
    pod.begin()
    assert until(lambda: pod.ask("readinessProbe") == 200, LIMIT_S), pod.program.text
    sleep_s, drain_s = seconds_of(pod.spec["containers"][0])
    with socket.create_connection((POD, 8080), timeout=LIMIT_S) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        time.sleep(STUCK_S)
        began = time.monotonic()
        pod.program.signal(signal.SIGTERM)
        pod.program.wait_for("ending within")
        assert pod.ask("readinessProbe") != 200
        assert pod.program.wait(drain_s + LIMIT_S) == 0
        # the test of its time leaves out the time that a busy machine takes to run the program at all
        assert time.monotonic() - began < pod.spec["terminationGracePeriodSeconds"] - sleep_s, pod.program.text


def test_a_rollout_of_two_replicas_loses_no_request(pod_by):
    """The Service sends connections to the pods that are ready and haven't been told to end. A pod that has been told serves those
    that still come, until "preStop" is over."""
    pods = [pod_by("httpd.yaml", POD), pod_by("httpd.yaml", "10.244.1.6")]
    service, served, over = list(pods), {one.address: 0 for one in pods}, threading.Event()

    def all_served_since(before):
        return all(served[address] > count for address, count in before.items())

    def client():
        wrong = []
        while not over.is_set():
            one = random.choice(service)
            status = one.ask({"port": "http", "path": "/"})
            if status != 200:
                wrong.append((one.address, status))
            served[one.address] += 1
        return wrong

    for one in pods:
        one.begin_and_be_ready()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client) for _ in range(4)]
        try:
            for one in pods:
                sleep_s, drain_s = seconds_of(one.spec["containers"][0])
                service.remove(one)
                time.sleep(sleep_s)
                before = dict(served)
                one.program.signal(signal.SIGTERM)
                assert one.program.wait(drain_s + LIMIT_S) == 0, one.program.text
                one.begin_and_be_ready()
                service.append(one)
                assert until(functools.partial(all_served_since, before), LIMIT_S)
        finally:
            over.set()
        assert [wrong for each in clients for wrong in each.result()] == []


def certificate(folder, name):
    """The files of a Secret of TLS, and the certificate as DER."""
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj", f"/CN={name}",
        "-keyout", folder / "tls.key", "-out", folder / "tls.crt")
    files = {path.name: path.read_bytes() for path in (folder / "tls.key", folder / "tls.crt")}
    return files, ssl.PEM_cert_to_DER_cert(files["tls.crt"].decode())


def page_by_tls():
    """The page of the pod, and the certificate it was sent with."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((POD, 8443), LIMIT_S) as tcp, context.wrap_socket(tcp) as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n")
        got = b""
        while part := tls.recv(65536):
            got += part
        return got.partition(b"\r\n\r\n")[2], tls.getpeercert(binary_form=True)


def test_a_pod_takes_files_of_volumes_and_later_ones(pod_by, tmp_path):
    made = pod_by("httpd-files.yaml")
    container, = made.spec["containers"]
    conf, = made.inside(container, [CONF])
    (first, one), (second, other) = certificate(tmp_path, "one"), certificate(tmp_path, "other")
    publish(made.folder / "conf", {"httpd.conf": conf.encode()})
    publish(made.folder / "site", {"index.html": b"<p>one"})
    publish(made.folder / "tls", first)
    time.sleep(STUCK_S)  # "reload" has seen these
    made.begin()
    assert until(lambda: made.ask("readinessProbe") == 200, LIMIT_S), made.program.text
    assert page_by_tls() == (b"<p>one", one)
    publish(made.folder / "site", {"index.html": b"<p>two"})
    assert page_by_tls() == (b"<p>two", one)
    publish(made.folder / "tls", second)
    made.program.wait_for("SIGHUP: files read again", LIMIT_S)
    assert page_by_tls() == (b"<p>two", other)
    publish(made.folder / "tls", {"tls.key": first["tls.key"], "tls.crt": second["tls.crt"]})
    made.program.wait_for("the earlier files stay in force", LIMIT_S)
    assert page_by_tls() == (b"<p>two", other) and made.ask("livenessProbe") == 200
