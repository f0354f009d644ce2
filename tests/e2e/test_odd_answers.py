"""What real servers send beside the grammar of HTTP: a platform that is well stays green, and a receiver that took the page
hears of it once, and of its end."""
import gzip
import unittest
import zlib

import harness
from harness import wait_until

BODY = b'{"status":"ok"}'


def answer(body=BODY, status=b"HTTP/1.1 200 OK", headers=(), end=b"\r\n"):
    return end.join([status, b"Content-Type: application/json", *headers, b"Content-Length: %d" % len(body), b"", body])


def bare_deflate(body):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


WELL = {
    "no-reason": answer(status=b"HTTP/1.1 200"),
    "bare-line-ends": answer(end=b"\n"),
    "control-character-in-a-cookie": answer(headers=[b"Set-Cookie: waf=\x01\x02; Path=/"]),
    "line-without-a-colon": answer(headers=[b"the proxy says hello"]),
    "blank-before-the-colon": answer(headers=[b"X-Cache : HIT"]),
    "folded": answer(headers=[b"X-Long: one\r\n two"]),
    "lower-case": answer(status=b"http/1.1 200 ok"),
    "hints-first": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer(),
    "gzip": answer(gzip.compress(BODY), headers=[b"Content-Encoding: gzip"]),
    "deflate": answer(zlib.compress(BODY), headers=[b"Content-Encoding: deflate"]),
    "bare-deflate": answer(bare_deflate(BODY), headers=[b"Content-Encoding: deflate"]),
}
TOOK = {
    "no-reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    "broken-cookie": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=\x01\r\nContent-Length: 2\r\n\r\nok",
    "continue-first": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
    "bare-line-ends": b"HTTP/1.1 204 No Content\nServer: x\n\n",
    "half-a-body": b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nok",
    "chunks-that-are-none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nok",
}
TOLD = ["firing", "recovered", "resolved"]


class Platforms(harness.Case):
    def test_a_platform_that_is_well_is_green_however_it_says_so(self):
        targets = [harness.fast_target(self.receiver(default=raw).url, name=name) for name, raw in WELL.items()]
        hook = self.receiver()
        daemon = self.daemon({"environment": "test", "targets": targets,
                              "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]}})
        daemon.start()
        self.wait_green(daemon)
        self.assertEqual({t["name"] for t in daemon.status()["targets"]}, set(WELL))
        self.assertEqual(hook.seen(), [])

    def test_what_is_bad_is_told_though_it_came_packed(self):
        body = gzip.compress(b'{"status":"degraded","components":{"postgres":{"status":"down","message":"too many clients"}}}')
        platform = self.receiver(default=answer(body, headers=[b"Content-Encoding: gzip"]))
        hook = self.receiver()
        daemon = self.daemon({"environment": "test", "targets": [harness.fast_target(platform.url)],
                              "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]}})
        daemon.start()
        self.assertIn("postgres: too many clients", hook.wait("firing")["summary"])


class Receivers(harness.Case):
    def test_a_receiver_that_took_the_page_hears_it_once_and_its_end(self):
        hooks = {name: self.receiver(default=raw) for name, raw in TOOK.items()}
        world = self.world(sinks=[{"name": name, "type": "webhook", "url": hook.url} for name, hook in hooks.items()])
        world.sim.listener("refused")
        for hook in hooks.values():
            hook.wait("firing", "outage")
        world.sim.reset()
        for name, hook in hooks.items():
            hook.wait("resolved", "outage")
            self.assertEqual([r.json["event"] for r in hook.seen()], TOLD, name)
        wait_until(lambda: world.daemon.status()["exit"] == 0, "nothing waits for a receiver any more")


if __name__ == "__main__":
    unittest.main()
