"""The daemon in the hands of whoever starts and asks it: masks of files, probes of our own health, forms of addresses."""
import os
import socket
import ssl
import stat
import subprocess
import threading
import unittest

import harness
from harness import wait_until


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


class Masks(harness.Case):
    def test_nobody_else_may_read_or_replace_what_is_ours(self):
        for mask in (0, 0o077):
            with self.subTest(mask=oct(mask)):
                folder = self.directory / f"under-{mask}"
                folder.mkdir()
                daemon = self.daemon({"environment": "test", "targets": [harness.fast_target(self.sim().url)],
                                      "control": {"socket": str(folder / "run" / "control.sock")},
                                      "store": {"path": str(folder / "state")}}, name=f"daemon-{mask}")
                daemon.socket = folder / "run" / "control.sock"
                before = os.umask(mask)
                try:
                    daemon.start()
                finally:
                    os.umask(before)
                self.wait_green(daemon)
                daemon.client("snapshot", "capture", expect=0)
                wait_until(lambda: list((folder / "state" / "snapshots").glob("*.tar.zst")), "a snapshot is kept")
                self.assertEqual(mode(folder / "run"), 0o755)
                self.assertEqual(mode(daemon.socket), 0o660)
                for path in [folder / "state", *(folder / "state").rglob("*")]:
                    want = 0o700 if path.is_dir() else 0o600
                    self.assertEqual(oct(mode(path)), oct(want), path)


class MutualTls:
    """A platform that is green for whoever shows a certificate of its authority, and knows who that was."""

    def __init__(self, case):
        self.folder, self.seen, self.refused = case.directory, [], set()
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
                      "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.folder / "ca.pem", self.folder / "ca.key")
        self.context.load_verify_locations(self.folder / "ca.pem")
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"https://localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()
        case.addCleanup(self.listener.close)

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.folder)

    def issue(self, name):
        """NAME.pem and NAME.key."""
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                      "-subj", f"/CN={name}")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", "1", "-out", f"{name}.pem")

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(harness.LIMIT)
            try:
                with self.context.wrap_socket(connection, server_side=True) as tls:
                    name = dict(each[0] for each in tls.getpeercert()["subject"])["commonName"]
                    while b"\r\n\r\n" not in tls.recv(4096):
                        pass
                    self.seen.append(name)
                    status = "401 Unauthorized" if name in self.refused else "200 OK"
                    body = '{"status":"ok"}'
                    tls.sendall(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
                                f"\r\nConnection: close\r\n\r\n{body}".encode())
            except OSError:
                pass


class Rotation(harness.Case):
    def test_a_client_certificate_that_is_replaced_on_the_disk_is_used_without_a_reload(self):
        platform, hook = MutualTls(self), self.receiver()
        for name in ("first", "second"):
            platform.issue(name)
        for kind in ("pem", "key"):
            (self.directory / f"client.{kind}").write_bytes((self.directory / f"first.{kind}").read_bytes())
        tls = {"ca_file": str(self.directory / "ca.pem"), "cert_file": str(self.directory / "client.pem"),
               "key_file": str(self.directory / "client.key")}
        daemon = self.daemon({"environment": "test", "targets": [harness.fast_target(platform.url, tls=tls)],
                              "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]}})
        daemon.start()
        self.wait_green(daemon)
        for kind in ("pem", "key"):  # between the two the pair does not fit
            before = len(platform.seen)
            (self.directory / f"second.{kind}").replace(self.directory / f"client.{kind}")
            wait_until(lambda: len(platform.seen) > before + 8, "sweeps go on")
        wait_until(lambda: platform.seen[-1] == "second", "the new one is shown")
        platform.refused.add("first")
        before = len(platform.seen)
        wait_until(lambda: len(platform.seen) > before + 20, "sweeps go on")
        self.assertEqual(set(platform.seen[before:]), {"second"})
        self.assertEqual(daemon.status()["exit"], 0)
        self.assertEqual(hook.seen(), [])

    def test_a_token_that_is_replaced_on_the_disk_is_used_without_a_reload(self):
        token = self.directory / "token"
        replaced = self.directory / "token.new"
        token.write_text("first-of-all-tokens\n")
        seen, accepted = [], {"first-of-all-tokens", "second-of-all-tokens"}

        def answer(request):
            seen.append(request["headers"].get("X-API-Key"))
            good = seen[-1] in accepted
            return {"status": 200 if good else 401, "headers": {"Content-Type": "application/json"},
                    "body": '{"status":"ok"}' if good else '{"error":"token expired"}'}

        platform, hook = self.receiver(default=answer), self.receiver()
        daemon = self.daemon({"environment": "test",
                              "targets": [harness.fast_target(platform.url, headers={"X-API-Key": {"file": str(token)}})],
                              "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]}})
        daemon.start()
        self.wait_green(daemon)
        token.write_text("")  # half of a replacement: the one before stays
        wait_until(lambda: "the one before stays" in daemon.log(), "it says that the file cannot be used")
        replaced.write_text("second-of-all-tokens\n")
        replaced.replace(token)
        wait_until(lambda: seen[-1] == "second-of-all-tokens", "the new one is used")
        accepted.remove("first-of-all-tokens")
        before = len(seen)
        wait_until(lambda: len(seen) > before + 20, "sweeps go on")
        self.assertEqual(daemon.status()["exit"], 0)
        self.assertEqual(hook.seen(), [])
        self.assertNotIn("of-all-tokens", daemon.log())


class Probes(harness.Case):
    def test_a_balancer_that_speaks_http_1_0_is_answered(self):
        port = harness.free_port()
        self.world(http={"listen": f"127.0.0.1:{port}"})
        for asked in (b"GET /healthz HTTP/1.0\r\n\r\n", b"HEAD /metrics HTTP/1.0\r\n\r\n", b"OPTIONS / HTTP/1.0\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=harness.LIMIT) as connection:
                connection.sendall(asked)
                answer = b"".join(iter(lambda: connection.recv(4096), b""))
            head, _, body = answer.partition(b"\r\n\r\n")
            status = int(head.split()[1])
            self.assertEqual(status, 405 if asked.startswith(b"OPTIONS") else 200, asked)
            self.assertEqual(body == b"", asked.startswith(b"HEAD"), asked)


if __name__ == "__main__":
    unittest.main()
