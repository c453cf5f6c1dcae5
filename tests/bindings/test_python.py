"""The Python module: two stacks in one process, on the ends of a UNIX socket.

Builds the module in a build of its own, and installs it into a folder; LEAT_PYTHON names a folder that has it already.
"""

import asyncio
import datetime
import gc
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("LEAT_SOURCE", Path(__file__).resolve().parents[2]))
HERE = Path(__file__).resolve().parent
CC = os.environ.get("LEAT_CC", "cc").split()
CLIENT, SERVER = "10.0.0.2", "10.0.0.1"
CONNECTIONS = 1000


def must(*command, **options):
    """Runs a command that must succeed; returns its output."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode:
        raise AssertionError(f"$ {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def setUpModule():
    """Makes the module, and the conversation in C."""
    folder = Path(tempfile.mkdtemp(prefix="leat-python-"))
    unittest.addModuleCleanup(shutil.rmtree, folder)
    place = os.environ.get("LEAT_PYTHON")
    if not place:
        build = folder / "build"
        must("meson", "setup", build, ROOT, "--buildtype", "debugoptimized", "--prefix", folder / "prefix", "-Dtests=disabled",
             "-Dimages=false", "-Dsolo5=disabled", "-Dshared=disabled", "-Dpython=enabled", "-Dpython.platlibdir=" + str(folder / "python"),
             env={**os.environ, "CC": " ".join(CC)})
        must("ninja", "-C", build, "-j2")
        must("meson", "install", "-C", build, "--no-rebuild")
        place = folder / "python"
    os.environ["LEAT_PYTHON"] = str(place)
    sys.path.insert(0, str(place))
    global leat, FOLDER  # pylint: disable=global-statement,global-variable-undefined
    import leat
    FOLDER = folder


class Two(unittest.IsolatedAsyncioTestCase):
    """Two stacks: self.server and self.client."""

    async def asyncSetUp(self):
        ends = socket.socketpair()
        self.server = leat.Stack(leat.Socket(fd=ends[0].detach()), addresses=[f"{SERVER}/24"])
        self.client = leat.Stack(leat.Socket(fd=ends[1].detach()), addresses=[f"{CLIENT}/24"], name_servers=[SERVER])
        for stack in (self.server, self.client):
            await self.enterAsyncContext(stack)
        asyncio.get_running_loop().slow_callback_duration = 60  # a busy machine is no finding
        self.errors = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.errors.append(context))

    async def asyncTearDown(self):
        self.assertEqual(self.errors, [])

    @staticmethod
    async def echo(stream):
        async for data in stream:
            await stream.write(data)

    async def test_echo_of_many_bytes_both_ways(self):
        sent = os.urandom(1 << 20)
        async with await self.server.listen(7, self.echo), await self.client.connect(SERVER, 7) as stream:
            async def send():
                for at in range(0, len(sent), 65536):
                    await stream.write(sent[at:at + 65536])
                await stream.write(bytearray(b"small and mutable"))
                stream.end()
            sending = asyncio.create_task(send())
            got = b"".join([data async for data in stream])
            await sending
        self.assertEqual(got, sent + b"small and mutable")
        self.assertEqual(stream.peer, SERVER)

    async def test_http_in_both_directions(self):
        import h11

        async def serve(stream):
            connection = h11.Connection(h11.SERVER)
            while (event := connection.next_event()) is not h11.NEED_DATA or (data := await stream.read()):
                if event is h11.NEED_DATA:
                    connection.receive_data(data)
                elif isinstance(event, h11.Request):
                    body = b"you asked for " + event.target
                    for part in (h11.Response(status_code=200, headers=[("Content-Length", str(len(body)))]), h11.Data(data=body),
                                 h11.EndOfMessage()):
                        await stream.write(connection.send(part) or b"")
                elif isinstance(event, h11.EndOfMessage):
                    return

        async with await self.server.listen(80, serve), await self.client.connect(SERVER, 80) as stream:
            connection = h11.Connection(h11.CLIENT)
            for part in (h11.Request(method="GET", target="/a", headers=[("Host", "leat")]), h11.EndOfMessage()):
                await stream.write(connection.send(part) or b"")
            events = []
            while not events or not isinstance(events[-1], h11.EndOfMessage):
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await stream.read())
                else:
                    events.append(event)
        self.assertEqual(events[0].status_code, 200)
        self.assertEqual(bytes(events[1].data), b"you asked for /a")

    async def test_datagrams_and_the_error_of_a_closed_port(self):
        with_peer, ours = self.server.datagrams(9), self.client.datagrams()
        ours.send(b"there", (SERVER, 9))
        data, peer = await with_peer.receive()
        self.assertEqual((data, peer[0]), (b"there", CLIENT))
        with_peer.send(b"", peer)
        self.assertEqual(await ours.receive(), (b"", (SERVER, 9)))
        ours.send(b"nobody", (SERVER, 10))
        with self.assertRaises(ConnectionRefusedError):
            await ours.receive()

    async def test_lookup_and_connect_by_name(self):
        async def answer(names):
            while True:
                query, peer = await names.receive()
                found = query[-15:-11] != b"\x00\x00\x1c\x00" and b"\x00\x01\x00\x01" in query[12:]
                end = query.index(b"\0", 12) + 5
                record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x01" if found else b""
                names.send(query[:2] + b"\x81\x80\x00\x01" + (b"\x00\x01" if found else b"\x00\x00") + bytes(4) + query[12:end] + record, peer)

        task = asyncio.create_task(answer(self.server.datagrams(53)))
        self.assertEqual(await self.client.lookup("host.example"), [SERVER])
        async with await self.server.listen(7, self.echo), await self.client.connect("host.example", 7) as stream:
            await stream.write(b"by name")
            self.assertEqual(await stream.readexactly(7), b"by name")
        with self.assertRaises(leat.NotFoundError):
            await self.server.lookup("host.example")  # it has no name servers
        task.cancel()

    async def test_tls_and_a_server_that_is_not_trusted(self):
        certificates, key = self_signed("server.example")
        identity = leat.Identity(certificates, key)
        async with await self.server.listen(443, self.echo, tls=identity):
            async with await self.client.connect(SERVER, 443, tls=leat.Authorities(certificates, name="server.example")) as stream:
                await stream.write(b"secret" * 10000)
                self.assertEqual(await stream.readexactly(60000), b"secret" * 10000)
            with self.assertRaises(leat.Error):
                await self.client.connect(SERVER, 443, tls=leat.Authorities(certificates, name="other.example"))

    async def test_a_deadline_ends_a_wait_and_the_stream_goes_on(self):
        async with await self.server.listen(7, self.echo), await self.client.connect(SERVER, 7) as stream:
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await stream.read()
            await stream.write(b"still")
            self.assertEqual(await stream.read(), b"still")

    async def test_cancelled_connects_and_servers_leave_nothing(self):
        waiting = [asyncio.create_task(self.client.connect("10.0.0.77", 7)) for _ in range(10)]
        await asyncio.sleep(0.02)
        for task in waiting:
            task.cancel()
        done = await asyncio.gather(*waiting, return_exceptions=True)
        self.assertTrue(all(isinstance(error, asyncio.CancelledError) for error in done))
        self.assertEqual(self.client._live, set())

    async def test_refused_and_reset_are_errors_of_python(self):
        with self.assertRaises(ConnectionRefusedError):
            await self.client.connect(SERVER, 8)

        async def reset(stream):
            stream.abort()
        async with await self.server.listen(7, reset), await self.client.connect(SERVER, 7) as stream:
            with self.assertRaises(ConnectionResetError):
                await stream.read()

    async def test_close_inside_of_a_callback(self):
        async with await self.server.listen(7, self.echo):
            stream = await self.client.connect(SERVER, 7)
            reading = asyncio.create_task(stream.read())
            reading.add_done_callback(lambda _: (stream.close(), self.client.close()))
            await stream.write(b"x")
            self.assertEqual(await reading, b"x")
            await asyncio.sleep(0)
            self.assertTrue(stream.closed)

    async def test_one_task_waits_for_a_listener(self):
        async with await self.server.listen(7) as listener:
            first = asyncio.create_task(listener.accept())
            await asyncio.sleep(0)
            with self.assertRaises(RuntimeError):
                await listener.accept()
            async with await self.client.connect(SERVER, 7), await first as stream:
                self.assertEqual(stream.peer, CLIENT)
            waiting = asyncio.create_task(listener.accept())
            await asyncio.sleep(0)
        with self.assertRaises(leat.ClosedError):
            await waiting

    async def test_a_datagram_to_no_address_takes_no_buffer(self):
        from leat._leat import lib
        ours = self.client.datagrams()
        free = lib.leat_pool_free_count(self.client._pool)
        with self.assertRaises(ValueError):
            ours.send(b"x", ("host.example", 9))
        self.assertEqual(lib.leat_pool_free_count(self.client._pool), free)

    async def test_use_after_close_is_an_error(self):
        listener = await self.server.listen(7, self.echo)
        stream, socket_ = await self.client.connect(SERVER, 7), self.client.datagrams()
        stream.close()
        stream.close()
        for call in (stream.read(), stream.write(b"x")):
            with self.assertRaises(leat.ClosedError):
                await call
        with self.assertRaises(BrokenPipeError):  # the same, by Python's name
            stream.end()
        stream = await self.client.connect(SERVER, 7)
        listener.close()
        waiting = asyncio.create_task(stream.read())
        await asyncio.sleep(0)
        self.client.close()
        self.client.close()
        for call in (waiting, stream.read(), stream.write(b"x"), self.client.connect(SERVER, 7), self.client.listen(8),
                     self.client.lookup("a"), socket_.receive()):
            with self.assertRaises((leat.ClosedError, ConnectionResetError)):
                await call
        with self.assertRaises(leat.ClosedError):
            socket_.send(b"", (SERVER, 9))
        gc.collect()

    async def test_views_are_received_data_without_a_copy(self):
        from leat._leat import lib
        sent = os.urandom(4 << 20)

        async def send(stream):
            await stream.write(sent)
        async with await self.server.listen(7, send), await self.client.connect(SERVER, 7) as stream:
            free, got = lib.leat_pool_free_count(self.client._pool), bytearray()
            while views := await stream.read_views(10000):
                self.assertLessEqual(sum(map(len, views)), 10000)
                with self.assertRaises(TypeError):
                    views[0][0] = 0  # read-only
                for view in views:
                    got += view
            del views, view
            self.assertEqual(got, sent)
            self.assertEqual(self.client._borrowed, set())
            self.assertGreaterEqual(lib.leat_pool_free_count(self.client._pool), free)

    async def test_a_view_keeps_its_bytes_and_the_window(self):
        async with await self.server.listen(7, self.echo), await self.client.connect(SERVER, 7) as stream:
            await stream.write(b"0123456789")
            view, = await stream.read_views()
            part = view[2:5]
            del view
            await stream.write(b"more")
            self.assertEqual((bytes(part), await stream.read()), (b"234", b"more"))
            self.assertEqual(len(self.client._borrowed), 1)
            thread = threading.Thread(target=part.release)  # a view may end in any thread
            thread.start()
            thread.join()
            del part
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.assertEqual(self.client._borrowed, set())

    async def test_a_view_of_what_is_closed_is_pythons_error(self):
        async with await self.server.listen(7, self.echo):
            stream, other = await self.client.connect(SERVER, 7), await self.client.connect(SERVER, 7)
            for each in stream, other:
                await each.write(b"0123456789")
            (view,), (another,) = await stream.read_views(), await other.read_views()
            part, used = view[:3], another[:]
            stream.close()
            with self.assertRaises(ValueError):
                bytes(view)
            self.assertEqual(bytes(part), b"012")
            self.client.close()
            with self.assertRaises(ValueError):
                another.tolist()
            gc.collect()
            self.assertEqual((bytes(part), bytes(used)), (b"012", b"0123456789"))
            with self.assertRaises(leat.ClosedError):
                await other.read_views()

    async def test_a_thousand_connections_at_a_time(self):
        async with await self.server.listen(7, self.echo, backlog=CONNECTIONS):
            streams = await asyncio.gather(*(self.client.connect(SERVER, 7) for _ in range(CONNECTIONS)))
            for number, stream in enumerate(streams):
                await stream.write(b"%d" % number)
            got = await asyncio.gather(*(stream.read() for stream in streams))
            self.assertEqual(got, [b"%d" % number for number in range(CONNECTIONS)])
            for stream in streams:
                stream.close()


def self_signed(name):
    """(certificate, key) in PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcnow()
    certificate = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
                   .serial_number(1).not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=9))
                   .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
                   .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Frames(unittest.TestCase):
    def test_the_frames_are_those_of_the_program_in_c(self):
        libraries = os.environ.get("LEAT_ARCHIVES")  # as for LEAT_PYTHON
        folder = Path(libraries) if libraries else FOLDER / "build"
        program = FOLDER / "conversation"
        must(*CC, "-std=gnu11", "-O1", "-I", ROOT / "include", HERE / "conversation.c", "-o", program,
             folder / "netif/link/libleat-link.a", folder / "libleat-inside.a")
        in_c = must(program)
        self.assertGreater(in_c.count("\n"), 2 * 10)
        self.assertEqual(must(sys.executable, HERE / "conversation.py", env={**os.environ, "PYTHONPATH": os.environ["LEAT_PYTHON"]}), in_c)


if __name__ == "__main__":
    unittest.main()
