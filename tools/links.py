"""Links between members on loopback that can be held up, slowed and cut: TCP forwarders, on a thread of their own."""

import asyncio
import threading

BUFFER = 1 << 16


class Link:
    """What one member sends another, on the connections that it dials; and what comes back on these."""

    def __init__(self, target):
        self.target = target
        self.delay = 0.0
        self.is_cut = False
        # By direction: what is sent, and what comes back.
        self.passes = [asyncio.Event(), asyncio.Event()]
        for event in self.passes:
            event.set()
        self.writers = set()

    async def serve(self, reader, writer):
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, other_writer}
        pumps = [asyncio.ensure_future(self.pump(0, reader, other_writer)),
                 asyncio.ensure_future(self.pump(1, other_reader, writer))]
        # The end of one direction ends the connection, as for the members.
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        for one in (writer, other_writer):
            one.transport.abort()
            self.writers.discard(one)

    async def pump(self, direction, reader, writer):
        try:
            while data := await reader.read(BUFFER):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self.passes[direction].wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass

    def cut(self):
        self.is_cut = True
        for writer in list(self.writers):
            writer.transport.abort()


class Links:
    """One for each pair of members, in each direction."""

    def __init__(self, ports, targets):
        """`ports[(i, j)]` is where member i reaches member j, `targets[j]` where member j listens."""
        self._links = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._open(ports, targets))

    async def _open(self, ports, targets):
        self._servers = []
        for pair, port in ports.items():
            link = self._links[pair] = Link(targets[pair[1]])
            self._servers.append(await asyncio.start_server(link.serve, "127.0.0.1", port))

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def _with(self, pairs, change):
        async def run():
            for pair in pairs:
                change(self._links[pair])
        self._call(run())

    def of(self, member, outgoing=True, incoming=True):
        """The pairs that begin or end there."""
        return [pair for pair in self._links
                if (outgoing and pair[0] == member) or (incoming and pair[1] == member)]

    def hold(self, pairs):
        """Nothing passes, and nobody is told."""
        self._with(pairs, lambda link: [event.clear() for event in link.passes])

    def cut(self, pairs):
        """Connections end, and new ones are refused."""
        self._with(pairs, Link.cut)

    def slow(self, pairs, seconds):
        def change(link):
            link.delay = seconds
        self._with(pairs, change)

    def mend(self, pairs):
        def change(link):
            link.delay = 0.0
            link.is_cut = False
            for event in link.passes:
                event.set()
        self._with(pairs, change)

    def close(self):
        async def end():
            for server in self._servers:
                server.close()
            for link in self._links.values():
                link.cut()
        self._call(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
