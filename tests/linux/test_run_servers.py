"""leat-run: unmodified servers, and both ends under leat-run."""

import http.server
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import Process, as_user, run, until
from leat_run import OURS, OURS6, PEER, PYTHON, Handler, command, device, leat_run, ours  # noqa: F401  (fixtures, too)
from patience import LIMIT_S, PATIENCE


# ---- servers --------------------------------------------------------------------------------------------------------------


def fetch(port, path="/", host=OURS):
    with socket.create_connection((host, port), LIMIT_S) as sock:
        sock.sendall(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        got = b""
        while data := sock.recv(65536):
            got += data
        return got


def test_python_serves_by_asyncio(ours):
    server = ours.begin_python("""
        import asyncio
        async def serve(reader, writer):
            while data := await reader.read(10000):
                writer.write(data)
                await writer.drain()
            writer.close()
        async def main():
            server = await asyncio.start_server(serve, None, 7000)
            print("ready")
            await server.serve_forever()
        asyncio.run(main())
        """)  # fmt: skip
    server.wait_for("ready")
    socks = [socket.create_connection((OURS, 7000), LIMIT_S) for _ in range(50)]
    for i, sock in enumerate(socks):
        sock.sendall(b"%d " % i * 3000)
        sock.shutdown(socket.SHUT_WR)
    for i, sock in enumerate(socks):
        got = b""
        while data := sock.recv(65536):
            got += data
        assert got == b"%d " % i * 3000
        sock.close()
    with socket.create_connection((OURS6, 7000), LIMIT_S) as sock:
        sock.sendall(b"six")
        assert sock.recv(3) == b"six"


def test_forked_children_accept_from_one_listener(ours):
    server = ours.begin_python("""
        import os, socket
        s = socket.create_server(("", 7001), backlog=64)
        for _ in range(3):
            if os.fork() == 0:
                while True:
                    c, a = s.accept()
                    assert a[0] == "10.91.0.1", a
                    c.sendall(b"%d" % os.getpid())
                    c.close()
        print("ready")
        os.wait()
        """)  # fmt: skip
    server.wait_for("ready")
    seen = set()

    def ask():
        with socket.create_connection((OURS, 7001), LIMIT_S) as sock:
            seen.add(sock.recv(100))
        return len(seen) >= 2

    assert until(ask), seen
    server.signal(signal.SIGTERM)
    # the children stay, and leat-run with them, until they end, too
    for pid in run("pgrep", "-f", "7001.*backlog").split():
        try:
            os.kill(int(pid), signal.SIGTERM)
        except ProcessLookupError:
            pass
    server.wait()


def test_a_child_gets_a_connection_by_exec(ours):
    server = ours.begin_python("""
        import socket, subprocess
        s = socket.create_server(("", 7002))
        print("ready")
        c, _ = s.accept()
        subprocess.run(["/bin/sh", "-c", "read line; echo you said $line"], stdin=c, stdout=c)
        c.close()
        """)  # fmt: skip
    server.wait_for("ready")
    with socket.create_connection((OURS, 7002), LIMIT_S) as sock:
        sock.sendall(b"hello\n")
        assert sock.makefile("rb").read() == b"you said hello\n"


def test_a_closed_listener_refuses_and_its_port_is_free(ours):
    server = ours.begin_python("""
        import socket, sys, time
        s = socket.create_server(("", 7003))
        t = socket.socket()
        try:
            t.bind(("", 7003))
        except OSError as error:
            print(error.errno)
        s.close()
        print("closed")
        time.sleep(1.5)
        s = socket.create_server(("", 7003))
        print("again")
        s.accept()[0].sendall(b"hi")
        """)  # fmt: skip
    server.wait_for("98")
    server.wait_for("closed")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((OURS, 7003), LIMIT_S)
    server.wait_for("again")
    with socket.create_connection((OURS, 7003), LIMIT_S) as sock:
        assert sock.recv(2) == b"hi"


def test_nginx_serves_files(ours, folder):
    if not shutil.which("nginx"):
        pytest.skip("no nginx")
    (folder / "index.html").write_text("from nginx\n", encoding="ascii")
    (folder / "big").write_bytes(Handler.body)
    (folder / "nginx.conf").write_text(f"""
        daemon off; worker_processes 2; user root; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 512; }}
        http {{ access_log off; sendfile on; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
                fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
                server {{ listen 8080; listen [::]:8080; root {folder}; }} }}
        """, encoding="ascii")  # fmt: skip
    nginx = ours.begin("nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log")

    def answers():
        try:
            return fetch(8080).endswith(b"from nginx\n")
        except OSError:
            return False

    assert until(answers), nginx.text + (folder / "error.log").read_text()
    assert fetch(8080, "/big").endswith(Handler.body)
    assert fetch(8080, host=OURS6).endswith(b"from nginx\n")
    assert not [line for line in (folder / "error.log").read_text().splitlines() if "[alert]" in line]


# ---- both ends under leat-run -------------------------------------------------------------------------------------------------


def test_loopback_is_the_stacks_own(ours):
    """127.0.0.1 is inside of leat-run: the kernel's isn't reached, and two programs of one run reach each other."""
    with socket.create_server(("127.0.0.1", 7010)):
        ours.python("""
            import socket
            for host in ("127.0.0.1", "10.91.0.2", "::1"):
                try:
                    socket.create_connection((host, 7010))
                except ConnectionRefusedError:
                    pass
                else:
                    raise SystemExit("reached the kernel")
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                with socket.create_server((host, 0), family=family) as server:
                    c = socket.create_connection(server.getsockname()[:2])
                    d, source = server.accept()
                    assert source == c.getsockname(), (source, c.getsockname())
                    c.sendall(b"x" * 100000)
                    assert d.recv(100000, socket.MSG_WAITALL) == b"x" * 100000
                    c.close()
                    assert d.recv(1) == b""
            print("good")
            """)  # fmt: skip


def test_two_runs_meet_at_a_socket_without_root(folder):
    """No device, no capability: the link is a UNIX socket."""
    os.chmod(folder, 0o777)
    wire = folder / "wire"
    server = Process(*as_user(*command(), "--socket", wire, "--listen", "--ip", "10.92.0.1/24", PYTHON, "-u", "-c",
                              "import socket; s = socket.create_server(('', 7020)); print('ready');"
                              "c, a = s.accept(); print(a); c.sendfile(open('/proc/self/exe', 'rb'))"))  # fmt: skip
    server.wait_for("ready")
    got = subprocess.run(as_user(*command(), "--socket", str(wire), "--ip", "10.92.0.2/24", PYTHON, "-c",
                                 "import socket, sys; s = socket.create_connection(('10.92.0.1', 7020));"
                                 "sys.stdout.buffer.write(s.makefile('rb').read())"),
                         stdout=subprocess.PIPE, timeout=PATIENCE * 60, check=True).stdout  # fmt: skip
    assert got == pathlib.Path(os.path.realpath(PYTHON)).read_bytes()
    server.stop()
    assert "10.92.0.2" in server.text


@pytest.mark.parametrize("sender", ["client", "server"])
def test_data_is_sent_after_the_end_of_its_program(ours, sender):
    """More than TCP's queue takes: the rest waits in the kernel's socket when the program ends."""
    receive = socket.create_server((PEER, 0))
    receive.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    if sender == "client":
        process = ours.begin_python(f"""
            import socket
            socket.create_connection(('{PEER}', {receive.getsockname()[1]})).sendall(bytes(250000))
            """)  # fmt: skip
        peer, _ = receive.accept()
    else:
        process = ours.begin_python("""
            import socket
            s = socket.create_server(('', 7022))
            print('ready')
            s.accept()[0].sendall(bytes(250000))
            """)  # fmt: skip
        process.wait_for("ready")
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect((OURS, 7022))
    time.sleep(0.5)  # the program ends meanwhile
    got = 0
    while data := peer.recv(65536):
        got += len(data)
    assert got == 250000
    assert process.wait() == 0


ECHO = """
import socket
listener = socket.create_server(("", 7022))
print("ready")
c, _ = listener.accept()
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
while data := c.recv(1000):
    c.sendall(data)
print("end")
"""
# answers that come while the program is awake, and when it sleeps already; rests of data have no bell of their own
ASK = """
import os, select, socket, threading, time
c = socket.create_connection(("10.92.0.1", 7022))
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
epoll = select.epoll()
epoll.register(c, select.EPOLLIN)
other = select.epoll()
other.register(c, select.EPOLLIN)
for i in range(300):
    time.sleep(0.003 if i % 10 == 0 else 0)
    c.send(b"%10d" % i)
    assert c.recv(4, socket.MSG_WAITALL) == b"    ", i
    assert select.select([c], [], [], 20)[0] == [c], i
    assert c.recv(6, socket.MSG_WAITALL) == b"%6d" % i
for i in range(20):
    c.send(b"%10d" % i)
    first = c.recv(1)
    assert epoll.poll(20) and other.poll(20), i
    assert first + c.recv(9, socket.MSG_WAITALL) == b"%10d" % i
begin = os.times()
time.sleep(1)
assert os.times().user + os.times().system - begin.user - begin.system < 0.2, "it stays awake for ever"
c.shutdown(socket.SHUT_WR)
assert c.recv(1) == b""
print("good")
"""


def test_both_sides_stay_awake_for_a_while(folder):
    """--busy-poll with --fast, over shared memory."""
    words = [leat_run(), "--fast", "--busy-poll", "1000", "--shm", folder / "wire"]
    server = Process(*words, "--listen", "--ip", "10.92.0.1/24", PYTHON, "-u", "-c", ECHO)
    server.wait_for("ready")
    client = Process(*words, "--ip", "10.92.0.2/24", PYTHON, "-u", "-c", ASK)
    assert client.wait() == 0 and "good" in client.text, client.text + server.text
    assert server.wait() == 0, server.text
    assert "Sanitizer" not in client.text + server.text


def test_a_program_reads_on_after_its_device_has_gone(folder):
    """The peer's end of the UNIX socket closes while data waits in our receive buffers."""
    os.chmod(folder, 0o777)
    wire, gone = folder / "wire", folder / "gone"
    server = Process(*as_user(*command(), "--socket", wire, "--listen", "--ip", "10.92.0.1/24", PYTHON, "-u", "-c",
                              "import socket; s = socket.create_server(('', 7021)); print('ready');"
                              "c, a = s.accept(); c.sendall(bytes(400000)); c.close()"))  # fmt: skip
    server.wait_for("ready")
    client = Process(*as_user(*command(), "--socket", wire, "--ip", "10.92.0.2/24", PYTHON, "-u", "-c", f"""
import errno, os, socket, time
s = socket.create_connection(('10.92.0.1', 7021))
while not os.path.exists('{gone}'):
    time.sleep(0.01)
print('read', len(s.makefile('rb').read()))
s.close()
try:
    socket.create_connection(('10.92.0.1', 7021))
except OSError as error:
    print('then', errno.errorcode[error.errno])
"""))  # fmt: skip
    assert server.wait() == 0
    client.wait_for("leat-run: .*")
    gone.touch()
    assert client.wait() == 0, client.text
    assert "read 400000" in client.text
    assert "then ENETDOWN" in client.text


def test_curl_goes_through_passt(outside, folder):
    if not shutil.which("passt"):
        pytest.skip("no passt")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    done = subprocess.run([*as_user(*command(), "--passt", "--ip", "10.0.2.15/24", "--gateway", "10.0.2.2"), "curl", "-sS",
                           f"http://10.0.2.2:{server.server_port}/by-passt"],
                          capture_output=True, timeout=PATIENCE * 60, check=False)  # fmt: skip
    server.shutdown()
    server.server_close()
    assert done.stdout == b"/by-passt", done
