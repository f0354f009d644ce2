"""The daemon in the hands of whoever starts and asks it: masks of files, probes of our own health, forms of addresses."""
import os
import socket
import stat
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


class Rotation(harness.Case):
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
