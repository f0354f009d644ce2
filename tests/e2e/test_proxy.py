"""Alerts through an HTTP proxy: https by CONNECT, so that the proxy sees no alert, http by the whole address; who is asked
for a login gives it, and what the proxy refuses is told as the proxy's."""
import base64
import json
import socket
import ssl
import subprocess
import threading
import unittest

import harness
from harness import wait_until

LOGIN = "readback:not-to-be-seen"


class Proxy:
    """Takes one request a connection: a CONNECT is joined to `way`, whatever it names; anything else goes to `way` as it
    came. `refuse` is answered instead."""

    def __init__(self, way, refuse=None):
        self.way, self.refuse, self.heads, self.seen = way, refuse, [], b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(4096)
                if not piece:
                    return
                head += piece
            self.heads.append(head.decode())
            if self.refuse == "hang":
                client.recv(1)
                return
            if self.refuse:
                client.sendall(self.refuse)
                return
            with socket.create_connection(("127.0.0.1", self.way)) as far:
                if head.startswith(b"CONNECT "):
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    far.sendall(head)
                back = threading.Thread(target=self.copy, args=(far, client), daemon=True)
                back.start()
                self.copy(client, far, keep=True)
                back.join(harness.LIMIT)

    def copy(self, from_, to, keep=False):
        try:
            while piece := from_.recv(65536):
                if keep:
                    self.seen += piece
                to.sendall(piece)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


class Proxies(harness.Case):
    def proxy(self, way, refuse=None):
        proxy = Proxy(way, refuse)
        self.addCleanup(proxy.close)
        return proxy

    def world_behind(self, proxy, url, login=True, **sink):
        entry = {"name": "hook", "type": "webhook", "url": url, "proxy": {"url": proxy.url}, **sink}
        if login:
            user, _, password = LOGIN.partition(":")
            (self.directory / "proxy-password").write_text(password + "\n")
            entry["proxy"].update(user=user, password={"file": str(self.directory / "proxy-password")})
        return self.world(sinks=[entry])

    def tell(self, world):
        return world.daemon.client("test-alert").stdout

    def assert_gives_the_login(self, head):
        want = "Basic " + base64.b64encode(LOGIN.encode()).decode()
        self.assertIn(f"Proxy-Authorization: {want}\r\n", head)

    def test_https_goes_through_a_tunnel(self):
        hook = self.receiver()
        key, cert = self.directory / "k.pem", self.directory / "c.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days",
                        "2", "-subj", "/CN=pager.example", "-addext", "subjectAltName=DNS:pager.example"], check=True,
                       capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        hook.server.socket = context.wrap_socket(hook.server.socket, server_side=True)
        proxy = self.proxy(hook.port)
        # The name exists nowhere: only the proxy is asked for it.
        world = self.world_behind(proxy, "https://pager.example/alerts", tls={"ca_file": str(cert)})
        self.tell(world)
        wait_until(lambda: hook.requests, lambda: f"the test arrives: {world.daemon.get('/v1/sinks')}")
        self.assertEqual(hook.requests[0].path, "/alerts")
        self.assertNotIn("Proxy-Authorization", hook.requests[0].headers)
        self.assertTrue(proxy.heads[0].startswith("CONNECT pager.example:443 HTTP/1.1\r\n"), proxy.heads[0])
        self.assertIn("Host: pager.example:443\r\n", proxy.heads[0])
        self.assert_gives_the_login(proxy.heads[0])
        self.assertNotIn(b"readback.alert/v1", proxy.seen)

    def test_http_asks_the_proxy_for_the_whole_address(self):
        hook = self.receiver()
        proxy = self.proxy(hook.port)
        world = self.world_behind(proxy, "http://pager.example:8080/alerts?x=1")
        self.tell(world)
        wait_until(lambda: hook.requests, lambda: f"the test arrives: {world.daemon.get('/v1/sinks')}")
        self.assertTrue(proxy.heads[0].startswith("POST http://pager.example:8080/alerts?x=1 HTTP/1.1\r\n"), proxy.heads[0])
        self.assertIn("Host: pager.example:8080\r\n", proxy.heads[0])
        self.assert_gives_the_login(proxy.heads[0])

    def test_what_the_proxy_refuses_is_told_as_its_own_and_tried_again(self):
        asks = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        forbids = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
        free = harness.free_port()
        hook = self.receiver()
        asking, forbidding = self.proxy(hook.port, asks), self.proxy(hook.port, forbids)
        quiet = self.proxy(hook.port, "hang")
        sinks, want = [], {}

        def sink(name, proxy, url, text, **more):
            sinks.append({"name": name, "type": "webhook", "url": url, "proxy": {"url": proxy}, "timeout": "1s", **more})
            want[name] = f"the proxy {proxy.removeprefix('http://')}: {text}"
        sink("asked", asking.url, "https://pager.example/", "it asks for a login: 407")
        sink("asked-plain", asking.url, "http://pager.example/", "it asks for a login: 407")
        sink("forbidden", forbidding.url, "https://pager.example/", "it refuses the way: 403 Forbidden")
        sink("nobody", f"http://127.0.0.1:{free}", "https://pager.example/", "connection refused")
        sink("quiet", quiet.url, "https://pager.example/", "no whole answer in time")
        world = self.world(sinks=sinks)
        self.tell(world)

        def told(name):
            return {s["name"]: s for s in json.loads(world.daemon.get("/v1/sinks")[1])["sinks"]}[name]
        for name, text in want.items():
            wait_until(lambda n=name, t=text: t in (told(n)["detail"] or ""), lambda n=name: f"{want[n]}; {told(n)}")
            self.assertEqual(told(name)["state"], "retrying", name)
        self.assertEqual(hook.requests, [])

    def test_the_password_is_shown_nowhere_and_the_environment_is_not_asked(self):
        hook = self.receiver()
        elsewhere = self.proxy(hook.port)
        text = self.directory / "f.yaml"
        text.write_text("targets: [{name: fabric, base_url: 'http://127.0.0.1:1'}]\nalerts: {sinks: [{name: hook, type: webhook, "
                        "url: 'http://127.0.0.1:1/', proxy: {url: 'http://127.0.0.1:2', user: readback, password: seen-by-all}}]}\n")
        text.chmod(0o600)
        done = subprocess.run([harness.DAEMON, "--config", text, "--check-config", "--print"], capture_output=True, text=True,
                              timeout=harness.LIMIT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("seen-by-all", done.stdout + done.stderr)
        self.assertIn("the secret stands here in plain text", done.stderr)
        world = self.world(start=False)
        world.daemon.env.update(http_proxy=elsewhere.url, HTTP_PROXY=elsewhere.url, ALL_PROXY=elsewhere.url)
        world.daemon.start()
        self.tell(world)
        wait_until(lambda: world.hook.requests, "the test arrives")
        self.assertEqual(elsewhere.heads, [])


if __name__ == "__main__":
    unittest.main()
