"""A TCP proxy on loopback that is slow, changes what passes, or breaks off in the middle."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 65_536
_CHUNKS_ON_THE_WAY = 1024
_THREAD_SECONDS = 5.0


class Proxy:
    """Passes connections to ``port`` on to a server; it runs, in a thread of its own, inside a ``with`` block.

    ``cut_after``: a connection ends for the client after exactly so many bytes from the server (0: before the first),
    and for the server at the same time. ``delay_s``: how much later everything arrives, each way; the rate is not
    limited. ``rewrite``: changes what comes from the server, in the pieces in which it happens to come, before it is
    counted and cut; ``rewriter`` makes one for each connection, which may then remember what came before. All of them
    may be changed at any time and hold for the connections that begin afterwards. ``cuts``, if it is not empty, says
    for the next connections one by one where to cut them (None: nowhere) and is used up.

    The counts are of bytes that were passed on, over all connections, and ``sent`` is what clients sent. If ``rewrite``
    raises, its connection ends and the error is raised at the end of the block.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        host: str,
        port: int,
        *,
        cut_after: int | None = None,
        delay_s: float = 0.0,
        rewrite: Callable[[bytes], bytes] | None = None,
        rewriter: Callable[[], Callable[[bytes], bytes]] | None = None,
    ) -> None:
        self.cut_after = cut_after
        self.cuts: list[int | None] = []
        self.delay_s = delay_s
        self.rewrite = rewrite
        self.rewriter = rewriter
        self.sent = bytearray()
        self.port = 0
        self.connections = 0
        self.bytes_from_server = 0
        self.bytes_from_client = 0
        self._target = (host, port)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._handlers: set[asyncio.Task[None] | None] = set()  # the loop's own references to tasks are weak
        self._thread = threading.Thread(target=self._run, name="test-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(_THREAD_SECONDS)
        if self.port == 0:
            raise RuntimeError("the proxy did not start") from self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_THREAD_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError("the proxy did not stop")
        if self._failure is not None and error is None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, self.host, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _connection(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._handlers.add(asyncio.current_task())
        try:
            server_in, server_out = await asyncio.open_connection(*self._target)
        except OSError:
            client_out.close()
            return
        try:
            await asyncio.gather(self._down(server_in, client_out, server_out), self._up(client_in, server_out))
        except asyncio.CancelledError:
            pass  # The block has ended. Passed on, it would be reported as a failure of this handler.
        except Exception as error:  # noqa: BLE001 - whatever a test's rewrite raises
            self._failure = error
        finally:
            for writer in (client_out, server_out):
                writer.transport.abort()

    async def _down(
        self, server_in: asyncio.StreamReader, client_out: asyncio.StreamWriter, server_out: asyncio.StreamWriter
    ) -> None:
        left = self.cuts.pop(0) if self.cuts else self.cut_after
        rewrite = self.rewriter() if self.rewriter else self.rewrite
        with suppress(OSError):  # ConnectionError, or ENOTCONN where the client has gone first, which is none
            async with aclosing(_delayed(server_in, self.delay_s)) as chunks:
                while left != 0 and (chunk := await anext(chunks, b"")):
                    passed = (rewrite(chunk) if rewrite else chunk)[:left]
                    client_out.write(passed)
                    await client_out.drain()
                    self.bytes_from_server += len(passed)
                    left = None if left is None else left - len(passed)
            # Only our direction ends here. To close while the client still sends would reset the connection, and a
            # reset can take bytes from the client that it has not read yet.
            with suppress(OSError):  # a client that has closed already is no longer connected (ENOTCONN)
                client_out.write_eof()
        if left == 0:
            server_out.transport.abort()

    async def _up(self, client_in: asyncio.StreamReader, server_out: asyncio.StreamWriter) -> None:
        async with aclosing(_delayed(client_in, self.delay_s)) as chunks:
            async for chunk in chunks:
                # After a cut what the client sends is read and dropped, until it closes.
                if not server_out.is_closing():
                    with suppress(ConnectionError):
                        server_out.write(chunk)
                        await server_out.drain()
                        self.bytes_from_client += len(chunk)
                        self.sent += chunk
        with suppress(OSError, RuntimeError):
            server_out.write_eof()


async def _delayed(reader: asyncio.StreamReader, delay_s: float) -> AsyncGenerator[bytes, None]:
    """What the reader gives, piece by piece, each so much later than it came."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_ON_THE_WAY)

    async def read() -> None:
        chunk = b"unread"
        while chunk:
            try:
                chunk = await reader.read(_CHUNK_BYTES)
            except ConnectionError:
                chunk = b""
            await queue.put((loop.time() + delay_s, chunk))

    reading = asyncio.create_task(read())
    try:
        while True:
            due, chunk = await queue.get()
            if (early := due - loop.time()) > 0:
                await asyncio.sleep(early)
            if not chunk:
                return
            yield chunk
    finally:
        reading.cancel()
