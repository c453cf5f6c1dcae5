"""leat-run: unmodified programs whose sockets are leat's, as clients of the kernel's servers."""

import shutil
import signal
import ssl
import textwrap

import pytest

from conftest import Process, run
from leat_run import PEER, PEER6, PYTHON, Handler, Run, device, ours, web  # noqa: F401  (fixtures, too)


@pytest.fixture
def certificate(folder):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9",
        "-subj", "/CN=run.test", "-addext", f"subjectAltName=DNS:run.test,IP:{PEER}", "-keyout", folder / "key.pem",
        "-out", folder / "cert.pem")  # fmt: skip
    return folder / "cert.pem", folder / "key.pem"


# ---- the program itself ---------------------------------------------------------------------------------------------


def test_the_exit_status_is_the_programs(ours):
    assert ours("sh", "-c", "exit 7")[0] == 7
    assert ours("sh", "-c", "kill -9 $$")[0] == -9
    assert ours("no-such-program")[0] == 127
    assert ours("/etc/passwd")[0] == 126


def test_wrong_words_are_told(ours):
    assert ours("--no-such-option", "true")[0] == 2
    status, text = ours()
    assert status == 2 and "which program" in text
    status, text = ours("--help")
    assert status == 0 and "PROGRAM" in text


def test_signals_reach_the_program(ours):
    program = ours.begin("sh", "-c", 'trap "echo caught; exit 3" TERM; echo ready; while :; do sleep 0.1; done')
    program.wait_for("ready")
    program.signal(signal.SIGTERM)
    assert program.wait() == 3
    assert "caught" in program.text


def test_words_of_the_program_are_its_own(ours):
    assert ours(PYTHON, "-c", "import sys; print(*sys.argv)", "--help", "--tap", "-x")[1] == "-c --help --tap -x\n"
    assert ours("--", PYTHON, "-c", "import sys; print(*sys.argv)", "--version")[1] == "-c --version\n"


# ---- clients ----------------------------------------------------------------------------------------------------------


def test_curl_gets_all_bytes(ours, web, folder):
    status, text = ours("curl", "-sS", "-o", folder / "got", f"http://{PEER}:{web()}/big")
    assert status == 0, text
    assert (folder / "got").read_bytes() == Handler.body


def test_curl_gets_twenty_at_once(ours, web, folder):
    url = f"http://{PEER}:{web()}/[1-20]"
    status, text = ours("curl", "-sS", "--parallel", "--parallel-max", "20", "-o", f"{folder}/#1", url)
    assert status == 0, text
    assert all((folder / str(i)).read_text() == f"/{i}" for i in range(1, 21))


def test_curl_gets_by_https(ours, web, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    port = web(context)
    status, text = ours("curl", "-sS", "--cacert", certificate[0], f"https://{PEER}:{port}/secret")
    assert (status, text) == (0, "/secret")


def test_wget_gets_all_bytes(ours, web, folder):
    if not shutil.which("wget"):
        pytest.skip("no wget")
    status, text = ours("wget", "-q", "-O", folder / "got", f"http://{PEER}:{web()}/big")
    assert status == 0, text
    assert (folder / "got").read_bytes() == Handler.body


def test_python_asks_by_http_client(ours, web):
    ours.python("""
        import http.client, sys
        c = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]))
        for i in range(5):
            c.request("GET", f"/{i}")
            assert c.getresponse().read() == f"/{i}".encode()
        print("good")
        """, PEER, web())  # fmt: skip


def test_a_closed_port_refuses(ours):
    ours.python("""
        import errno, select, socket, sys
        s = socket.socket()
        try:
            s.connect((sys.argv[1], 9))
        except ConnectionRefusedError:
            pass
        else:
            raise SystemExit("connected")
        s = socket.socket()
        s.setblocking(False)
        now = s.connect_ex((sys.argv[1], 9))
        p = select.poll()
        p.register(s, select.POLLOUT)
        (_, events), = p.poll()
        assert events & select.POLLHUP, events
        later = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        # the peer may refuse before connect() returns, as on Linux's loopback
        assert (now, later) in ((errno.EINPROGRESS, errno.ECONNREFUSED), (errno.ECONNREFUSED, 0)), (now, later)
        assert s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        print("good")
        """, PEER)  # fmt: skip


def test_threads_open_sockets_of_udp_at_once(ours):
    """A call about a socket may reach the server in the same turn as the socket."""
    ours.python("""
        import socket, threading
        wrong = []
        def make():
            for _ in range(200):
                try:
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                        sock.bind(("127.0.0.1", 0))
                except OSError as error:
                    wrong.append(error)
        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong, (len(wrong), wrong[0])
        print("good")
        """)  # fmt: skip


def test_a_name_that_cannot_be_is_known_without_a_server(device):  # noqa: F811
    status, text = Run(device[:4])(PYTHON, "-c", textwrap.dedent("""
        import socket
        for name, wanted in ((b"*" * 64, socket.EAI_NONAME), (b"a..b", socket.EAI_NONAME), (b"a.example", socket.EAI_AGAIN)):
            try:
                socket.getaddrinfo(name, 80)
            except socket.gaierror as error:
                assert error.errno == wanted, (name, error)
        print("good")
        """))  # fmt: skip
    assert status == 0 and text.endswith("good\n"), text


def test_each_family_has_its_socket_of_udp(ours):
    """0.0.0.0 and :: with IPV6_V6ONLY share a port (RFC 3493 5.3)."""
    ours.python("""
        import socket
        four, six = (socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6))
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        four.bind(("0.0.0.0", 0))
        port = four.getsockname()[1]
        six.bind(("::", port))
        for _ in range(2):
            for family, home, taker, other in ((socket.AF_INET, "127.0.0.1", four, six), (socket.AF_INET6, "::1", six, four)):
                with socket.socket(family, socket.SOCK_DGRAM) as sender:
                    sender.sendto(b"x", (home, port))
                    assert taker.recv(10) == b"x"
                    try:
                        assert other.recv(10, socket.MSG_DONTWAIT) == b"nothing"
                    except BlockingIOError:
                        pass
        print("good")
        """)  # fmt: skip


def test_what_was_written_in_front_of_a_reset_arrives(ours):
    """A socket that is closed with data unread resets its connection, after what it sent."""
    ours.python("""
        import socket
        listener = socket.create_server(("127.0.0.1", 0))
        for i in range(200):
            a = socket.create_connection(listener.getsockname())
            b, _ = listener.accept()
            a.send(b"unread")
            assert b.recv(1) == b"u"
            b.send(b"last words")
            b.close()
            got = a.recv(100)
            assert got == b"last words", (i, got)
            try:
                assert a.recv(100) == b"reset", i
            except ConnectionResetError:
                pass
            a.close()
        print("good")
        """)  # fmt: skip


def test_a_socket_that_connects_again_keeps_its_watches(ours):
    ours.python("""
        import select, socket
        s, listener = socket.socket(), socket.socket()
        listener.bind(("127.0.0.1", 0))
        s.setblocking(False)
        epolls = [select.epoll() for _ in range(2)]
        for epoll in epolls:
            epoll.register(s, select.EPOLLOUT)
        s.connect_ex(listener.getsockname())
        # there is no EPOLLERR if connect_ex() itself was told of the refusal, as on Linux's loopback
        while not epolls[0].poll(20)[0][1] & select.EPOLLHUP:
            pass
        assert s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 111
        listener.listen()
        assert s.connect_ex(listener.getsockname()) == 115
        assert [epoll.poll(20) for epoll in epolls] == 2 * [[(s.fileno(), select.EPOLLOUT)]]
        peer, _ = listener.accept()
        for epoll in epolls:
            epoll.modify(s, select.EPOLLIN)
            assert epoll.poll(0) == []
        peer.send(b"x")
        assert [epoll.poll(20) for epoll in epolls] == 2 * [[(s.fileno(), select.EPOLLIN)]]
        print("good")
        """)  # fmt: skip


def test_a_timeout_ends_the_wait_for_a_silent_host(ours):
    ours.python("""
        import errno, socket, sys
        s = socket.socket()
        s.settimeout(0.2)
        try:
            s.connect((sys.argv[1], 9))
        except TimeoutError:
            pass
        else:
            raise SystemExit("connected")
        print("good")
        """, "10.91.0.77")  # fmt: skip


def test_a_connection_is_writable_only_when_it_is_there(ours):
    """The order of events that servers with epoll rely on: registered before connect(), no EPOLLOUT before the end."""
    ours.python("""
        import errno, select, socket, sys
        s = socket.socket()
        s.setblocking(False)
        e = select.epoll()
        e.register(s, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        e.poll(0)
        assert s.connect_ex(("10.91.0.77", 9)) == errno.EINPROGRESS
        assert e.poll(0.3) == [], "writable before there is a connection"
        assert s.connect_ex(("10.91.0.77", 9)) == errno.EALREADY
        print("good")
        """)  # fmt: skip


@pytest.fixture
def names(device):
    """A name server on the kernel's side: a.run.test is the peer, all other names don't exist."""
    if not shutil.which("dnsmasq"):
        pytest.skip("no dnsmasq")
    process = Process("dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--port=53", "--user=", "--conf-file=/dev/null",
                      f"--listen-address={PEER}", "--bind-interfaces", "--local=/test/",
                      f"--host-record=a.run.test,{PEER},{PEER6}", "--cname=alias.run.test,a.run.test")  # fmt: skip
    process.wait_for("started")
    yield process
    process.stop()


def test_names_are_looked_up_by_leat(ours, names, web):
    port = web()
    status, text = ours("curl", "-sS", "-4", f"http://a.run.test:{port}/by-name")
    assert (status, text) == (0, "/by-name")
    ours.python("""
        import socket, sys
        def all_of(*arguments, **more):
            return sorted({entry[4][0] for entry in socket.getaddrinfo(*arguments, **more)})
        assert all_of("a.run.test", 80) == ["10.91.0.1", "fd91::1"], all_of("a.run.test", 80)
        assert all_of("a.run.test", "http", socket.AF_INET) == ["10.91.0.1"]
        entry = socket.getaddrinfo("alias.run.test", 80, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)[0]
        assert entry[3] == "a.run.test", entry
        assert socket.gethostbyname("a.run.test") == "10.91.0.1"
        assert socket.gethostbyaddr("10.91.0.1")[0] == "a.run.test"
        assert socket.getnameinfo(("10.91.0.1", 80), 0) == ("a.run.test", "http")
        assert all_of("localhost", 1, socket.AF_INET) == ["127.0.0.1"]
        assert all_of("192.0.2.7", 1) == ["192.0.2.7"]
        try:
            socket.getaddrinfo("none.run.test", 80)
        except socket.gaierror as error:
            assert error.errno == socket.EAI_NONAME, error
            print("good")
        """)  # fmt: skip
