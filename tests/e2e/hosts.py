"""Several hosts of one fleet, on one machine: servers of NATS as Debian has them, a daemon for each host, and between
each daemon and the platform, and each daemon and the servers, a way of its own that can be cut.

    fleet = Fleet(case, hosts=7, servers=3)
    fleet.start()                              # connected, green, everybody known to everybody
    fleet.hosts[2].way.cut()                   # this host alone cannot reach the platform
    page = fleet.hook.wait("firing")
"""
import asyncio
import json
import threading

import harness
from harness import free_port, program, wait_until

SILENT_AFTER = 30  # seconds; a member that is silent is told behind it


class Ways:
    """All relays of a test, in one thread of their own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, task):
        return asyncio.run_coroutine_threadsafe(task, self.loop).result(harness.LIMIT)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


class Way:
    """A relay from a port of the loopback device to another one. Cut, it refuses, and what went through it is gone."""

    def __init__(self, ways, to_port):
        self.ways, self.to_port, self.port = ways, to_port, free_port()
        self.server, self.open = None, set()
        self.mend()

    def mend(self):
        if not self.server:
            self.ways.run(self._listen())

    def cut(self):
        if self.server:
            self.ways.run(self._close())

    async def _listen(self):
        self.server = await asyncio.start_server(self._carry, "127.0.0.1", self.port, backlog=128)

    async def _close(self):
        self.server.close()
        self.server = None
        for writer in list(self.open):
            writer.transport.abort()

    async def _carry(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self.open |= both
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self.open -= both
        for each in both:
            each.transport.abort()

    @staticmethod
    async def _pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except (OSError, RuntimeError):
            writer.transport.abort()


class NatsServer:
    """One server with JetStream, of the cluster whose routes these are; may be killed and started over its storage."""

    def __init__(self, case, name, routes, accounts=None):
        self.case, self.name, self.port, self.starts, self.process = case, name, free_port(), 0, None
        self.monitor = free_port()
        self.folder = case.directory / f"nats-{name}"
        self.folder.mkdir()
        self.routes, self.accounts = routes, accounts

    def start(self):
        self.starts += 1
        lines = [f"listen: 127.0.0.1:{self.port}", f"http: 127.0.0.1:{self.monitor}", f"server_name: {self.name}",
                 f'jetstream {{ store_dir: "{self.folder}", max_mem: 64MB, max_file: 2GB }}',
                 self.accounts or "authorization { users: [{user: readback, password: secret}] }"]
        if self.routes:
            own = self.routes[self.name]
            others = ", ".join(f"nats://127.0.0.1:{port}" for name, port in self.routes.items() if name != self.name)
            lines.append(f'cluster {{ name: watchers, listen: "127.0.0.1:{own}", no_advertise: true, routes: [{others}] }}')
        config = self.folder / "nats.conf"
        config.write_text("\n".join(lines) + "\n")
        self.process = self.case.spawn([program("nats-server"), "-c", config], f"nats-{self.name}-{self.starts}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def sees(self):
        """How many other servers of its cluster it has a way to, and whether one of them leads the streams."""
        try:
            _, routes = harness.ask(self.monitor, "/routez")
            _, streams = harness.ask(self.monitor, "/jsz")
        except OSError:
            return 0, False
        others = {route["remote_id"] for route in json.loads(routes)["routes"] or []}
        return len(others), bool(json.loads(streams).get("meta_cluster", {}).get("leader"))

    def streams(self):
        """Those that this server keeps, by name, as its monitor shows them."""
        status, body = harness.ask(self.monitor, "/jsz?streams=true&config=true")
        assert status == 200, body
        return {s["name"]: s for account in json.loads(body).get("account_details", [])
                for s in account.get("stream_detail", [])}


class Host:
    """A daemon of the fleet, with its ways."""

    def __init__(self, fleet, number):
        self.fleet, self.name = fleet, f"host-{number}"
        self.way = Way(fleet.ways, fleet.platform_port)
        self.lines = [Way(fleet.ways, server.port) for server in fleet.servers]
        self.daemon = fleet.case.daemon(fleet.config_of(self), self.name)

    def cut_off(self):
        """From the servers."""
        for line in self.lines:
            line.cut()

    def reconnect(self):
        for line in self.lines:
            line.mend()

    def view(self):
        """What this host knows of the fleet: `GET /v1/fleet`."""
        status, body = self.daemon.get("/v1/fleet")
        assert status == 200, body
        return json.loads(body)


class Fleet:
    """`escalate` goes into `alerts:` of each configuration, `more` into `fleet:`."""

    def __init__(self, case, hosts=7, servers=3, accounts=None, sinks=None, escalate=(), **more):
        self.case, self.more = case, more
        self.sim, self.hook = case.sim(), case.receiver()
        self.escalate = list(escalate)
        self.sinks = sinks or [{"name": "hook", "type": "webhook", "url": self.hook.url + "/alerts"}]
        self.platform_port = int(self.sim.url.rsplit(":", 1)[1])
        self.ways = Ways()
        case.addCleanup(self.ways.close)
        routes = {f"n{i + 1}": free_port() for i in range(servers)} if servers > 1 else {}
        self.servers = [NatsServer(case, f"n{i + 1}", routes, accounts) for i in range(servers)]
        self.hosts = [Host(self, number + 1) for number in range(hosts)]

    def config_of(self, host):
        urls = [f"nats://127.0.0.1:{line.port}" for line in host.lines]
        fleet = {"name": "prod", "host": host.name, "nats": {"urls": urls, "user": "readback", "password": "secret"},
                 "replicas": 3 if len(self.servers) == 3 else 1, "agree_within": "6s",
                 "silent_after": f"{SILENT_AFTER}s",
                 "evidence": {"keep": {"size": "64MiB"}}, **self.more}
        return {"environment": "test", "host": host.name, "fleet": fleet,
                "targets": [harness.fast_target(f"http://127.0.0.1:{host.way.port}", interval="1s")],
                "alerts": {"sinks": self.sinks, "escalate": self.escalate}, "resolution": {"settle": "2s"}}

    def wait_for_servers(self):
        """Two that begin to talk at once may each close the other's way as one too many, and stay apart: then the test
        has no cluster, and starts them again."""
        def together():
            return all(server.sees() == (len(self.servers) - 1, True) for server in self.servers)

        for last in (False, False, True) if len(self.servers) > 1 else ():
            try:
                return wait_until(together, "the servers are a cluster", 20)
            except harness.Timeout:
                if last:
                    raise
                for server in self.servers:
                    server.kill()
                    server.start()

    def start(self):
        for server in self.servers:
            server.start()
        self.wait_for_servers()
        for host in self.hosts:
            host.daemon.start()
        self.wait_together()
        for host in self.hosts:
            self.case.wait_green(host.daemon)
        return self

    def wait_together(self, hosts=None):
        """Each of these is connected, and knows each of these as alive."""
        hosts = hosts or self.hosts
        names = {host.name for host in hosts}

        def together(host):
            view = host.view()
            return view["connected"] and names <= {m["host"] for m in view["members"] if m["state"] == "alive"}

        wait_until(lambda: all(together(host) for host in hosts), lambda: "the fleet is together\n" + self.story(), 60)

    def host(self, name):
        return next(host for host in self.hosts if host.name == name)

    def holder(self, boundary="outage"):
        """Who speaks, as the first host that runs knows it."""
        for host in self.hosts:
            if host.daemon.process and host.daemon.process.running():
                held = [c["holder"] for c in host.view()["claims"] if c["boundary"] == boundary and c["holder"]]
                return self.host(held[0]) if held else None
        return None

    def leader_of(self, stream):
        """The server that decides about it, once there is one that all know."""
        def known():
            leaders = {server.streams().get(stream, {}).get("cluster", {}).get("leader") for server in self.servers}
            return leaders.pop() if len(leaders) == 1 else None

        name = wait_until(known, f"the leader of {stream}")
        return next(server for server in self.servers if server.name == name)

    def published(self):
        """How many events stand on the stream of events."""
        kept = [server.streams()["READBACK_prod_EVENTS"]["state"]["messages"] for server in self.servers
                if server.process.running() and "READBACK_prod_EVENTS" in server.streams()]
        return max(kept, default=0)

    def told(self, boundary=None):
        """What the receiver took: event and who said it."""
        return [(r.json["event"], r.json["host"]) for r in self.hook.seen(boundary=boundary, accepted=True)]

    def events(self, boundary=None):
        return [event for event, _ in self.told(boundary)]

    def quiet(self, sweeps=6):
        """Until every host has read the platform, or tried to, so often again."""
        before = {host.name: self.swept(host) for host in self.hosts if host.daemon.process.running()}
        wait_until(lambda: all(self.swept(self.host(n)) >= count + sweeps for n, count in before.items()),
                   "further sweeps of every host", 60)

    @staticmethod
    def swept(host):
        return host.daemon.status()["daemon"]["sweeps_counted"]

    def story(self):
        lines = [f"the receiver: {[(r.json['event'], r.json['incident']['boundary'], r.json['host'], r.answer) for r in self.hook.seen()]}"]
        for host in self.hosts:
            log = host.daemon.log() if host.daemon.process else "never started"
            lines.append(f"--- {host.name}\n{log[-2500:]}")
        for server in self.servers:
            lines.append(f"--- {server.name}\n{server.process.stderr()[-800:] if server.process else 'never started'}")
        return "\n".join(lines)
