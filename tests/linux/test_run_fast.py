"""leat-run --fast, where its shared memory matters. The other tests of leat-run run in this mode, too."""

import os
import pathlib
import subprocess
import textwrap

import pytest

from conftest import until
from leat_run import MODE, PYTHON, Run, device  # noqa: F401  (a fixture, too)
from patience import PATIENCE

# two ends of a connection inside of the stack
PAIR = """
    import ctypes, os, select, socket, sys, threading, time
    def pair():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            a = socket.create_connection(listener.getsockname())
            return a, listener.accept()[0]
    def filled(sock):
        sock.setblocking(False)
        count = 0
        while select.select([], [sock], [], 0.3)[1]:
            try:
                count += sock.send(bytes(65536))
            except BlockingIOError:
                pass
        return count
    a, b = pair()
    """


@pytest.fixture
def fast(device):  # noqa: F811
    made = Run([*device, *([] if MODE else ["--fast"])])
    yield made
    made.end()


def check(fast, code, *arguments):
    fast.python(textwrap.dedent(PAIR) + textwrap.dedent(code), *arguments)


def test_data_passes_without_the_kernels_socket(fast, folder):
    """No data of 200 messages is in an argument of a system call."""
    script = folder / "ping.py"
    script.write_text(textwrap.dedent(PAIR) + textwrap.dedent("""
        for _ in range(200):
            a.send(b"x" * 1000)
            assert b.recv(1000, socket.MSG_WAITALL) == b"x" * 1000
        print("good")
        """), encoding="ascii")  # fmt: skip
    trace = folder / "trace"
    status, text = fast("strace", "-f", "-o", trace, "-e", "trace=sendmsg,sendto,write,recvmsg,recvfrom,read", PYTHON, script)
    assert status == 0 and text.rstrip().endswith("good"), text
    assert trace.read_text().count("x" * 30) <= 3, "data is in arguments of system calls"  # the script itself is read


def test_epoll_tells_of_data_by_level_until_it_is_read(fast):
    check(fast, """
        epoll = select.epoll()
        epoll.register(b, select.EPOLLIN)
        assert epoll.poll(0) == []
        for _ in range(3):
            a.send(b"12345")
            for rest in (3, 1, 1):
                assert epoll.poll(20) == [(b.fileno(), select.EPOLLIN)]
                assert epoll.poll(20) == [(b.fileno(), select.EPOLLIN)]
                b.recv(rest)
            assert epoll.poll(0.05) == []
        epoll.modify(b, 0)
        a.send(b"1")
        assert epoll.poll(0.05) == []
        epoll.modify(b, select.EPOLLIN | select.EPOLLOUT)
        assert epoll.poll(20) == [(b.fileno(), select.EPOLLIN | select.EPOLLOUT)]
        epoll.unregister(b)
        a.send(b"2")
        assert epoll.poll(0.05) == []
        assert b.recv(2, socket.MSG_WAITALL) == b"12"
        print("good")
        """)  # fmt: skip


def test_epoll_tells_of_data_by_edge_once_for_each_arrival(fast):
    check(fast, """
        epoll = select.epoll()
        b.setblocking(False)
        epoll.register(b, select.EPOLLIN | select.EPOLLET | select.EPOLLRDHUP)
        for i in range(100):
            a.send(b"12345")
            assert epoll.poll(20) == [(b.fileno(), select.EPOLLIN)], i
            assert b.recv(100) == b"12345"
            assert epoll.poll(0.001) == []
        a.shutdown(socket.SHUT_WR)
        assert epoll.poll(20)[0][1] & select.EPOLLRDHUP
        assert b.recv(1) == b""
        print("good")
        """)  # fmt: skip


def test_a_bell_that_is_late_is_no_event(fast, folder):
    """The program has read the data when its bell comes, as strace delays it. Room is told of all the same, without data.
    A machine that is busier than the delay may have one of ten in time."""
    script = folder / "late.py"
    script.write_text(textwrap.dedent(PAIR) + textwrap.dedent("""
        def told(sock):  # the events of ten late bells
            found = []
            for _ in range(10):
                thread = threading.Thread(target=lambda: found.append(wait()))
                thread.start()
                time.sleep(0.01)
                a.send(b"x")
                while True:
                    try:
                        sock.recv(1, socket.MSG_DONTWAIT)
                        break
                    except BlockingIOError:
                        pass
                thread.join()
            return found
        a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        a.setblocking(False)
        epoll = select.epoll()
        epoll.register(b, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        assert epoll.poll(20) == [(b.fileno(), select.EPOLLOUT)]
        wait = lambda: epoll.poll(20)
        found = told(b)
        assert [(b.fileno(), select.EPOLLOUT)] in found, found
        print("good")
        """), encoding="ascii")  # fmt: skip
    done = subprocess.run(["strace", "-f", "-o", folder / "trace", "-e", "trace=sendto", "-e", "inject=sendto:delay_enter=100000",
                           *fast.words, PYTHON, script], env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE * 60, check=False)  # fmt: skip
    assert done.returncode == 0 and done.stdout.endswith("good\n"), done.stdout


def test_one_event_at_a_time_reaches_all_descriptors(fast):
    check(fast, """
        epoll = select.epoll()
        pairs = [pair() for _ in range(5)]
        reader, writer = os.pipe()
        epoll.register(reader, select.EPOLLIN)
        os.write(writer, b"x")
        for c, d in pairs:
            epoll.register(d, select.EPOLLIN)
            c.send(b"x")
        wanted = {reader, *(d.fileno() for _, d in pairs)}
        seen = set()
        while seen != wanted:
            seen |= {fd for fd, _ in epoll.poll(20, 1)}
        print("good")
        """)  # fmt: skip


def test_an_epoll_that_is_shared_still_wakes(fast):
    """By another number, within another epoll, in poll(), by two threads, and after fork()."""
    check(fast, """
        def begin():
            c, d = pair()
            epoll = select.epoll()
            epoll.register(d, select.EPOLLIN)
            c.send(b"x")
            assert epoll.poll(20) and d.recv(1) == b"x"
            return c, d, epoll
        def later(c):
            threading.Timer(0.1, c.send, (b"y",)).start()
        c, d, epoll = begin()
        other = select.epoll.fromfd(os.dup(epoll.fileno()))
        later(c)
        assert other.poll(20) == [(d.fileno(), select.EPOLLIN)]

        c, d, epoll = begin()
        outer = select.epoll()
        outer.register(epoll.fileno(), select.EPOLLIN)
        later(c)
        assert outer.poll(20) and epoll.poll(20) and d.recv(1) == b"y"

        c, d, epoll = begin()
        poll = select.poll()
        poll.register(epoll.fileno(), select.POLLIN)
        poll.register(d, select.POLLIN)
        later(c)
        assert poll.poll(20000) and d.recv(1) == b"y"
        later(c)
        assert select.select([d], [], [], 20)[0] and d.recv(1) == b"y"
        later(c)
        assert epoll.poll(20) and d.recv(1) == b"y"

        c, d, epoll = begin()
        found = []
        threads = [threading.Thread(target=lambda: found.append(epoll.poll(20))) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        c.send(b"y")
        for thread in threads:
            thread.join()
        assert found == 2 * [[(d.fileno(), select.EPOLLIN)]], found

        c, d, epoll = begin()
        child = os.fork()
        later(c) if child else None
        assert epoll.poll(20) == [(d.fileno(), select.EPOLLIN)]
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0 and d.recv(1) == b"y"
        print("good")
        """)  # fmt: skip


def test_a_full_ring_is_not_writable_until_there_is_room(fast):
    check(fast, """
        epoll = select.epoll()
        epoll.register(a, select.EPOLLOUT | select.EPOLLET)
        assert epoll.poll(20)
        count = filled(a)
        assert count > 200000 and select.select([], [a], [], 0.05)[1] == []
        assert epoll.poll(0.05) == []
        got = 0
        while got < count:
            got += len(b.recv(65536))
        assert epoll.poll(20) == [(a.fileno(), select.EPOLLOUT)]
        a.setblocking(True)
        threading.Thread(target=a.sendall, args=(b"z" * 3000000,)).start()
        assert b.recv(3000000, socket.MSG_WAITALL) == b"z" * 3000000
        print("good")
        """)  # fmt: skip


def test_calls_that_wait_have_their_time_limits(fast):
    check(fast, """
        b.settimeout(None)
        b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, b"".join(n.to_bytes(8, "little") for n in (0, 100000)))
        begin = time.monotonic()
        try:
            b.recv(1)
        except BlockingIOError:
            pass
        assert 0.09 < time.monotonic() - begin < 20
        count = filled(a)
        a.setblocking(True)
        a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, b"".join(n.to_bytes(8, "little") for n in (0, 100000)))
        try:
            a.sendall(bytes(10_000_000))
        except BlockingIOError:
            print("good")
        """)  # fmt: skip


def test_a_close_with_unread_data_resets(fast):
    check(fast, """
        a.send(b"x" * 10)
        b.recv(5, socket.MSG_WAITALL)
        b.close()
        try:
            a.recv(1)
        except ConnectionResetError:
            print("good")
        """)  # fmt: skip


def test_data_in_front_of_a_reset_is_read(fast):
    check(fast, """
        a.send(b"x" * 10)
        select.select([b], [], [])
        a.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\0\\0\\0\\0")
        a.close()
        time.sleep(0.2)
        assert b.recv(10) == b"x" * 10
        try:
            b.recv(1)
        except ConnectionResetError:
            pass
        try:
            b.send(b"x")
        except (BrokenPipeError, ConnectionResetError):
            print("good")
        """)  # fmt: skip


def test_numbers_that_are_closed_otherwise_are_forgotten(fast):
    """By fclose(), close_range(), syscall(SYS_close), dup2(): the next descriptor of that number isn't a connection."""
    check(fast, """
        libc = ctypes.CDLL(None, use_errno=True)
        libc.fdopen.restype = ctypes.c_void_p
        def by_fclose(fd):
            libc.fclose(ctypes.c_void_p(libc.fdopen(fd, b"r+")))
        for close in (by_fclose, lambda fd: libc.close_range(fd, fd, 0), lambda fd: libc.syscall(3, fd), lambda fd: os.dup2(0, fd)):
            c, d = pair()
            d.send(b"mine")
            fd = c.detach()
            reader, writer = os.pipe()
            close(fd)
            os.dup2(reader, fd)
            os.write(writer, b"pipe")
            assert os.read(fd, 10) == b"pipe", close
            for used in (fd, reader, writer):
                os.close(used)
        print("good")
        """)  # fmt: skip


def test_data_past_the_c_library_is_refused_and_told(fast):
    status, text = fast(PYTHON, "-c", textwrap.dedent(PAIR) + textwrap.dedent("""
        libc = ctypes.CDLL(None)
        libc.syscall(1, a.fileno(), b"past", 4)
        try:
            assert b.recv(1) == b""
        except ConnectionResetError:
            pass
        c, d = pair()
        reader, writer = os.pipe()
        os.write(writer, b"x")
        try:
            os.splice(reader, c.fileno(), 1)
        except OSError as error:
            assert error.errno == 22
            print("good")
        """))  # fmt: skip
    assert status == 0 and "good" in text and "past the C library" in text, text


def test_a_file_is_sent_by_sendfile(fast):
    check(fast, """
        path = os.path.realpath("/usr/bin/python3")
        wanted = open(path, "rb").read()
        def send():
            with open(path, "rb") as file:
                a.sendfile(file)
                a.shutdown(socket.SHUT_WR)
        threading.Thread(target=send).start()
        assert b.makefile("rb").read() == wanted
        file = os.open(path, os.O_RDONLY)
        assert os.sendfile(b.fileno(), file, None, 10) == 10 and os.lseek(file, 0, os.SEEK_CUR) == 10
        assert a.recv(10, socket.MSG_WAITALL) == wanted[:10]
        print("good")
        """)  # fmt: skip


def test_idle_connections_give_their_memory_back(fast, folder):
    """Data of 200 kB passed each of 20 connections. Seconds later their rings have no memory."""
    server = fast.begin_python(textwrap.dedent(PAIR) + textwrap.dedent("""
        pairs = [pair() for _ in range(20)]
        for c, d in pairs:
            c.sendall(bytes(200000))
        print("full")
        while not os.path.exists(sys.argv[1]):
            time.sleep(0.01)
        for c, d in pairs:
            d.recv(200000, socket.MSG_WAITALL)
        print("empty")
        c, d = pairs[0]
        while True:
            time.sleep(0.1)
        """), folder / "go")  # fmt: skip

    def blocks():
        below = subprocess.run(["pgrep", "-P", str(server.pid)], stdout=subprocess.PIPE, text=True, check=False).stdout.split()
        for pid in [server.pid, *below]:
            for fd in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
                try:
                    if "memfd:leat-run" in os.readlink(fd):
                        return os.stat(fd).st_blocks * 512
                except OSError:
                    pass
        return None

    server.wait_for("full")
    assert until(lambda: (blocks() or 0) > 20 * 100000), blocks()
    full = blocks()
    (folder / "go").touch()
    server.wait_for("empty")
    assert until(lambda: blocks() < 1_500_000), (full, blocks())


def test_a_program_with_a_small_address_space_can_use_it(fast):
    fast.python("""
        import resource, socket
        resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))
        listener = socket.create_server(("127.0.0.1", 0))
        a = socket.create_connection(listener.getsockname())
        b, _ = listener.accept()
        a.sendall(b"hello")
        assert b.recv(5) == b"hello"
        print("good")
        """)  # fmt: skip


def test_a_program_drops_its_environment(fast):
    """As nginx does: the descriptors are still sockets of leat-run."""
    fast.python("""
        import ctypes, os, socket
        ctypes.CDLL(None).clearenv()
        listener = socket.create_server(("127.0.0.1", 0))
        if os.fork() == 0:
            c = socket.create_connection(listener.getsockname())
            c.sendall(b"hello")
            os._exit(0)
        b, address = listener.accept()
        assert address[0] == "127.0.0.1" and b.recv(5, socket.MSG_WAITALL) == b"hello"
        print("good")
        """)  # fmt: skip


# a program that writes rubbish into the shared memory; its arguments are a seed and the number of rounds
VANDAL = textwrap.dedent(PAIR) + textwrap.dedent(r"""
    import random, re
    rng = random.Random(int(sys.argv[1]))
    pairs = [pair() for _ in range(16)]
    maps = []
    for line in open("/proc/self/maps"):
        if "memfd:leat-run" in line:
            words = re.split("[- ]", line)
            maps.append((int(words[0], 16), int(words[1], 16) - int(words[0], 16), int(words[4], 16)))
    (region, length), = [(start, length) for start, length, offset in maps if offset == 0]
    rings = [(start, length) for start, length, offset in maps if offset]
    assert len(rings) > 1
    slots = region + length - 4096 * 128 - 4096
    def write(at, data):
        ctypes.memmove(at, data, len(data))
    def use(socks):
        while True:
            for sock in socks:
                try:
                    sock.send(bytes(rng.randrange(1, 100000)), socket.MSG_DONTWAIT)
                    sock.recv(rng.randrange(1, 100000), socket.MSG_DONTWAIT)
                except OSError:
                    pass
    for c, d in pairs[:4]:
        threading.Thread(target=use, args=((c, d),), daemon=True).start()
    rounds = int(sys.argv[2])
    for round in range(rounds):
        write(region + 64, b"\xff" * 520)  # all slots have work
        for _ in range(50):
            # the first slots: 4 KB of the 8 KB behind the place
            at = slots + rng.randrange(2048) * 4
            if round < rounds / 2 and at % 128 in (16, 20):
                continue  # a lock: its threads would wait
            value = rng.choice([0, 1, 0xffffffff, 262144, rng.randrange(1 << 19), rng.randrange(1 << 32)])
            if rng.randrange(2):
                value = int.from_bytes(ctypes.string_at(at, 4), "little") + rng.randrange(-70000, 262144) & 0xffffffff
            write(at, value.to_bytes(4, "little"))
        start, size = rng.choice(rings)
        write(start + rng.randrange(size - 4096), rng.randbytes(4096))
        write(region + rng.randrange(length // 4) * 4, rng.randbytes(4))
        time.sleep(0.001)
    write(slots, b"\xff" * (region + length - slots))  # the locks, too
    print("wrote", flush=True)
    os.kill(os.getpid(), 9)
    """)


def test_rubbish_in_the_shared_memory_does_not_hurt_the_server(fast):
    """One program overwrites positions, the sets of slots, and at last locks. The server goes on, and others get connections."""
    text = fast.python("""
        import socket, subprocess, sys
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        vandal = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]])
        while vandal.poll() is None:
            udp.sendto(b"still there", udp.getsockname())
            assert udp.recv(100) == b"still there"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            for _ in range(40):
                a = socket.create_connection(listener.getsockname())
                b = listener.accept()[0]
                for c, d in ((a, b), (b, a)):
                    c.sendall(b"x" * 100000)
                    assert d.recv(100000, socket.MSG_WAITALL) == b"x" * 100000
        print("good")
        """, VANDAL, 1, 600)  # fmt: skip
    assert "wrote" in text, text


def test_fillers_without_end_are_refused(fast):
    """A thread that writes them faster than the server reads would keep the server."""
    status, text = fast(PYTHON, "-c", textwrap.dedent(PAIR) + textwrap.dedent("""
        libc = ctypes.CDLL(None)
        zeros = bytes(65536)
        while libc.syscall(44, a.fileno(), zeros, len(zeros), 0x4000, None, 0) > 0:
            pass
        c, d = pair()
        c.send(b"x")
        assert d.recv(1) == b"x"
        print("good")
        """))  # fmt: skip
    assert status == 0 and "good" in text and "past the C library" in text, text


def test_a_wrong_option_is_refused(fast):
    status, text = Run(["--fats"])("true")
    assert status == 2 and "--fats" in text, text
