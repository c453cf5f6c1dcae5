"""leat-run: streams and datagrams of an unmodified program, against the kernel's."""

import hashlib
import socket
import socketserver
import struct
import textwrap
import threading
import time

import pytest

from conftest import until
from leat_run import BIG_BYTES, OURS, OURS6, PEER, PEER6, device, ours  # noqa: F401  (fixtures, too)
from patience import LIMIT_S, PATIENCE


# ---- streams ------------------------------------------------------------------------------------------------------------


class Stream(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(LIMIT_S * PATIENCE)
        self.server.play(self.request)


@pytest.fixture
def peer(device):
    """Starts a server on the kernel's side whose connections play(socket); returns its port."""
    servers = []

    def start(play):
        server = socketserver.ThreadingTCPServer((PEER, 0), Stream)
        server.daemon_threads = True
        server.play = play
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_address[1]

    yield start
    for server in servers:
        server.shutdown()
        server.socket.close()


CONNECT = """
import errno, hashlib, os, select, socket, struct, sys, time
peer = (sys.argv[1], int(sys.argv[2]))
s = socket.create_connection(peer)
"""


def play_ours(ours, port, code, host=PEER):
    ours.python(CONNECT + textwrap.dedent(code) + "\nprint('good')\n", host, port)


def test_a_slow_reader_gets_all_bytes_and_stops_the_sender(ours, peer):
    sent = []

    def play(sock):
        sock.setblocking(False)
        total = 0
        end = time.monotonic() + 1.5
        while time.monotonic() < end:  # until everything between is full
            try:
                total += sock.send(b"x" * 65536)
            except BlockingIOError:
                time.sleep(0.05)
        sent.append(total)
        sock.setblocking(True)
        sock.sendall(bytes(range(256)) * (BIG_BYTES // 256))

    play_ours(ours, peer(play), f"""
        time.sleep(2)
        h = hashlib.sha256()
        total = 0
        while True:
            data = s.recv(20000)
            if not data:
                break
            total += len(data)
        assert total >= {BIG_BYTES // 256 * 256}, total
        """)  # fmt: skip
    # the kernel's send buffer, the window of 4 MiB, and the UNIX socket
    assert sent[0] < 24_000_000, sent


def test_a_sender_is_stopped_by_a_slow_peer(ours, peer):
    digests = []

    def play(sock):
        time.sleep(2)
        digest, total = hashlib.sha256(), 0
        while data := sock.recv(65536):
            digest.update(data)
            total += len(data)
        digests.append((digest.hexdigest(), total))
        sock.sendall(b"done")

    play_ours(ours, peer(play), """
        h = hashlib.sha256()
        s.setblocking(False)
        total, end = 0, time.monotonic() + 1.5
        while time.monotonic() < end:
            try:
                n = s.send(os.urandom(1) * 65536 if total % 2 else b"y" * 65536)
                total += n
            except BlockingIOError:
                time.sleep(0.05)
        assert total < 24000000, total
        s.setblocking(True)
        rest = os.urandom(1000000)
        s.sendall(rest)
        s.shutdown(socket.SHUT_WR)
        assert s.recv(10) == b"done"
        assert s.recv(10) == b""
        """)  # fmt: skip
    assert until(lambda: digests)


def test_bytes_are_the_same_in_both_directions(ours, peer):
    def play(sock):
        digest = hashlib.sha256()
        while data := sock.recv(65536):
            digest.update(data)
            sock.sendall(data)
        sock.sendall(digest.digest())

    play_ours(ours, peer(play), f"""
        import threading
        h, back = hashlib.sha256(), hashlib.sha256()
        def send():
            for i in range({BIG_BYTES} // 50000):
                data = os.urandom(50000)
                h.update(data)
                s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        t = threading.Thread(target=send)
        t.start()
        kept = b""
        while data := s.recv(100000):
            kept += data
            if len(kept) > 32:
                back.update(kept[:-32])
                kept = kept[-32:]
        t.join()
        assert back.digest() == h.digest() == kept
        """)  # fmt: skip


def test_half_closed_connections_carry_the_other_direction(ours, peer):
    def play(sock):
        sock.sendall(b"from the peer")
        sock.shutdown(socket.SHUT_WR)
        got = b""
        while data := sock.recv(100):
            got += data
        assert got == b"from us, later"

    play_ours(ours, peer(play), """
        got = b""
        while data := s.recv(100):
            got += data
        assert got == b"from the peer"
        time.sleep(0.1)
        s.sendall(b"from us, later")
        s.close()
        """)  # fmt: skip


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_a_reset_is_an_error_once_and_then_the_end(ours, peer):
    def play(sock):
        sock.sendall(b"last words")
        sock.recv(1)
        reset(sock)

    play_ours(ours, peer(play), """
        assert s.recv(100) == b"last words"
        s.sendall(b".")
        try:
            assert s.recv(1), "no error"
        except ConnectionResetError:
            pass
        assert s.recv(1) == b""
        try:
            s.sendall(b"x")
            s.sendall(b"x")
        except BrokenPipeError:
            pass
        else:
            raise SystemExit("sent")
        """)  # fmt: skip


def test_unread_data_and_linger_reset(ours, peer):
    ends = []

    def play(sock):
        sock.sendall(b"x" * 1000)
        try:
            ends.append(sock.recv(100))
        except ConnectionResetError:
            ends.append("reset")

    port = peer(play)
    play_ours(ours, port, """
        s.recv(1)
        s.close()
        s = socket.create_connection(peer)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert s.recv(1000, socket.MSG_WAITALL) == b"x" * 1000
        s.close()
        time.sleep(0.5)
        """)  # fmt: skip
    assert until(lambda: len(ends) == 2)
    assert ends == ["reset", "reset"]


def test_names_of_both_ends(ours, peer):
    seen = []

    def play(sock):
        seen.append(sock.getpeername())
        sock.recv(1)

    play_ours(ours, peer(play), f"""
        assert s.getpeername() == peer
        host, port = s.getsockname()
        assert host == "{OURS}" and port > 0
        assert s.family == socket.AF_INET and s.type == socket.SOCK_STREAM and s.proto in (0, socket.IPPROTO_TCP)
        t = socket.socket()
        t.bind(("", 0))
        assert t.getsockname()[1] > 0
        print("port", port)
        s.sendall(b".")
        """)  # fmt: skip
    assert until(lambda: seen) and seen[0][0] == OURS


def test_options_are_kept_and_unknown_ones_refused(ours, peer):
    play_ours(ours, peer(lambda sock: sock.recv(1)), """
        for level, name, value in ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
                                   (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1), (socket.IPPROTO_IP, socket.IP_TOS, 0x10),
                                   (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 5000)):
            assert s.getsockopt(level, name) == 0, name
            s.setsockopt(level, name, value)
            assert s.getsockopt(level, name) == value, name
        info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        assert info[0] == 1 and struct.unpack_from("I", info, 16)[0] > 500
        assert s.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\\0") == b"cubic"
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
        assert s.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\\0") == b"reno"
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 50000))
        try:
            s.recv(1)
        except BlockingIOError:
            pass
        for level, name in ((socket.SOL_SOCKET, socket.SO_MARK), (socket.IPPROTO_TCP, socket.TCP_CORK), (6, 99)):
            try:
                s.setsockopt(level, name, 1)
            except OSError as error:
                assert error.errno == errno.ENOPROTOOPT, (name, error)
            else:
                raise SystemExit(f"{name} was taken")
        """)  # fmt: skip


# ---- datagrams and names ----------------------------------------------------------------------------------------------------


def test_datagrams_pass_in_both_directions(ours):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((PEER, 0))
        sock.settimeout(LIMIT_S)
        echo = threading.Thread(target=lambda: [sock.sendto(*sock.recvfrom(70000)) for _ in range(8)], daemon=True)
        echo.start()
        ours.python("""
            import errno, fcntl, select, socket, struct, sys, termios
            peer = (sys.argv[1], int(sys.argv[2]))
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(20)
            for size in (0, 1, 1472, 1473, 65507):
                s.sendto(b"d" * size, peer)
                data, source = s.recvfrom(70000)
                assert data == b"d" * size and source == peer, (size, len(data), source)
            try:
                s.sendto(b"d" * 65508, peer)
            except OSError as error:
                assert error.errno == errno.EMSGSIZE
            try:
                s.send(b"x")
            except OSError as error:
                assert error.errno == errno.EDESTADDRREQ
            s.connect(peer)
            assert s.getpeername() == peer
            s.send(b"connected")
            assert select.select([s], [], [], 20)[0] == [s]
            assert struct.unpack("i", fcntl.ioctl(s, termios.FIONREAD, b"1234"))[0] == 9
            assert s.recv(4, socket.MSG_PEEK) == b"conn" and s.recv(4) == b"conn"
            s.sendmsg([b"two ", b"pieces"])
            data, _, flags, source = s.recvmsg(5)
            assert data == b"two p" and flags & socket.MSG_TRUNC and source == peer
            s.setblocking(False)
            try:
                s.recv(1)
            except BlockingIOError:
                print("good")
            """, PEER, sock.getsockname()[1])  # fmt: skip

def test_sockets_of_udp_share_a_port_as_on_linux(ours):
    clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
    for client in clients:
        client.bind((PEER, 0))
        client.settimeout(LIMIT_S)
    server = ours.begin_python("""
        import select, socket

        def opened(option):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(60)
            if option:
                s.setsockopt(socket.SOL_SOCKET, option, 1)
            s.bind(("", 5000))
            return s

        def answer(s, name):
            data, source = s.recvfrom(100)
            s.sendto(name + data, source)
            return source

        one = opened(socket.SO_REUSEADDR)
        print("ready")
        source = answer(one, b"one ")
        one.connect(source)
        two = opened(socket.SO_REUSEADDR)
        for option in (0, socket.SO_REUSEPORT):
            try:
                opened(option)
                print("shared")
            except OSError as error:
                assert error.errno == 98
        print("both")
        answer(two, b"two ")
        assert one.recv(100) == b"again"
        one.send(b"connected")
        one.close()
        answer(two, b"alone ")
        two.close()
        both = [opened(socket.SO_REUSEPORT) for _ in range(2)]
        print("ports")
        which = {}
        for _ in range(24):
            s = select.select(both, [], [], 60)[0][0]
            source = answer(s, b"%d " % both.index(s))
            assert which.setdefault(source, s) is s
        assert len(set(which.values())) == 2
        print("good")
        """)  # fmt: skip

    def ask(client, data):
        client.sendto(data, (OURS, 5000))
        return client.recv(100)

    server.wait_for("ready")
    assert ask(clients[0], b"first") == b"one first"
    server.wait_for("both")
    assert ask(clients[1], b"other") == b"two other"
    assert ask(clients[0], b"again") == b"connected"
    assert ask(clients[0], b"now") == b"alone now"
    server.wait_for("ports")
    for _ in range(3):
        for client in clients:
            assert ask(client, b"x")[1:] == b" x"
    server.wait_for("good")
    assert "shared" not in server.text
    for client in clients:
        client.close()


IP_RECVTTL = 12  # Python 3.11 has no name for it


@pytest.mark.parametrize("family", [4, 6])
def test_control_data_of_datagrams_is_that_of_their_packets(ours, family):
    """A TTL, a TOS and a source address by sendmsg() are those of the packet that the kernel gets; and the other way."""
    inet = socket.AF_INET6 if family == 6 else socket.AF_INET
    ip, receive = (socket.IPPROTO_IPV6, [socket.IPV6_RECVHOPLIMIT, socket.IPV6_RECVTCLASS]) if family == 6 else (
        socket.IPPROTO_IP, [IP_RECVTTL, socket.IP_RECVTOS])  # fmt: skip
    with socket.socket(inet, socket.SOCK_DGRAM) as sock:
        sock.bind((PEER6 if family == 6 else PEER, 0))
        sock.settimeout(LIMIT_S)
        for name in receive:
            sock.setsockopt(ip, name, 1)
        if family == 6:
            sock.setsockopt(ip, socket.IPV6_UNICAST_HOPS, 9)
            sock.setsockopt(ip, socket.IPV6_TCLASS, 0x48)
        else:
            sock.setsockopt(ip, socket.IP_TTL, 9)
            sock.setsockopt(ip, socket.IP_TOS, 0x48)
        program = ours.begin_python("""
            import errno, socket, struct, sys, time
            host, port, six = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "6"
            s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(60)
            if six:
                ip, options = socket.IPPROTO_IPV6, (socket.IPV6_RECVHOPLIMIT, socket.IPV6_RECVTCLASS, socket.IPV6_RECVPKTINFO)
                ttl, tos, info = socket.IPV6_HOPLIMIT, socket.IPV6_TCLASS, socket.IPV6_PKTINFO
                ours = socket.inet_pton(socket.AF_INET6, sys.argv[4]) + bytes(4)
                while True:
                    try:
                        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).bind((sys.argv[4], 0))
                        break
                    except OSError:  # duplicate address detection isn't over
                        time.sleep(0.1)
            else:
                ip, options = socket.IPPROTO_IP, (12, socket.IP_RECVTOS, 8)
                ttl, tos, info = socket.IP_TTL, socket.IP_TOS, 8
                ours = bytes(4) + socket.inet_aton(sys.argv[4]) + bytes(4)
            number = lambda n: struct.pack("i", n)
            for name in options:
                assert s.getsockopt(ip, name) == 0
                s.setsockopt(ip, name, 1)
                assert s.getsockopt(ip, name) == 1
            s.sendmsg([b"one"], [(ip, ttl, number(3)), (ip, tos, number(0xb8)), (ip, info, ours)], 0, (host, port))
            s.sendmsg([b"two"], [], 0, (host, port))
            for wrong in ((ip, ttl, b"x"), (ip, ttl, number(256)), (ip, 99, number(1)), (ip, info, b"short")):
                try:
                    s.sendmsg([b"x"], [wrong], 0, (host, port))
                except OSError as error:
                    assert error.errno == errno.EINVAL
                else:
                    raise SystemExit(f"{wrong} was sent")
            data, parts, flags, _ = s.recvmsg(100, 1000)
            got = {kind: data for level, kind, data in parts if level == ip}
            assert set(got) == {ttl, tos, info} and not flags & socket.MSG_CTRUNC, (parts, flags)
            assert got[ttl] == number(9), got
            assert got[tos] == (number(0x48) if six else b"\\x48"), got
            assert (got[info][:16] == ours[:16]) if six else (got[info][8:] == ours[4:8]), got
            s.setsockopt(ip, options[0], 0)
            data, parts, flags, _ = s.recvmsg(100, socket.CMSG_SPACE(len(ours)))
            assert [kind for _, kind, _ in parts] == [info] and flags & socket.MSG_CTRUNC, (parts, flags)
            print("good")
            """, PEER6 if family == 6 else PEER, sock.getsockname()[1], family, OURS6 if family == 6 else OURS)  # fmt: skip
        seen = []
        for _ in range(2):
            try:
                data, parts, _, source = sock.recvmsg(100, 1000)
            except TimeoutError:
                pytest.fail(f"after {seen}:\n{program.text}")
            numbers = [int.from_bytes(part[2], "little") for part in sorted(parts, key=lambda part: part[1] in (socket.IP_TOS, socket.IPV6_TCLASS))]
            seen.append((data, numbers))
            assert source[0] == (OURS6 if family == 6 else OURS)
            sock.sendto(b"back", source)
        assert seen == [(b"one", [3, 0xB8]), (b"two", [64, 0])]
        assert program.wait() == 0 and "good" in program.text, program.text


def test_a_socket_without_the_token_sends_nothing(ours):
    """Another user of this machine sees the names of the UNIX sockets, and no more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((PEER, 0))
        sock.settimeout(1)
        ours.python("""
            import os, socket, struct, sys, time
            run = os.environ["LEAT_RUN"][:25].encode()
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.bind(b"\\0" + run + b"p4d\\0" + b"stranger")
            s.connect(b"\\0" + run + b"d")
            to = bytes(10) + b"\\xff\\xff" + socket.inet_aton(sys.argv[1])
            none = bytes(10) + b"\\xff\\xff" + bytes(4)
            ends = to + struct.pack("=IHH", 0, int(sys.argv[2]), 0) + none + struct.pack("=IHH", 0, 0, 0)
            s.send(ends + struct.pack("=ihhII", 0, -1, -1, 0, 0) + b"stolen")
            time.sleep(0.5)
            print("good")
            """, PEER, sock.getsockname()[1])  # fmt: skip
        with pytest.raises(TimeoutError):
            sock.recv(100)


def test_a_datagram_to_a_closed_port_is_refused(ours):
    ours.python("""
        import socket, sys
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(20)
        s.connect((sys.argv[1], 9))
        s.send(b"x")
        try:
            s.recv(1)
        except ConnectionRefusedError:
            print("good")
        """, PEER)  # fmt: skip
