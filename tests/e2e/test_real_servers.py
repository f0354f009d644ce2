"""Readback against servers that nobody here wrote: what their own health routes say must be understood as it stands."""
import json
import os
import socket
import subprocess
import unittest
import urllib.request

import harness
from harness import program

FASTAPI_APP = '''
import os, pathlib
from datetime import datetime, timezone
from fastapi import FastAPI, HTTPException, Header
from fastapi.responses import HTMLResponse, JSONResponse
from typing import Optional

app = FastAPI()
mode_file = pathlib.Path(os.environ["MODE_FILE"])

def mode():
    return mode_file.read_text().strip() if mode_file.exists() else ""

def guard(key):
    if key != "fabric-key":
        raise HTTPException(status_code=401, detail="Invalid or missing API key")

def stamp():
    return datetime.now(timezone.utc).isoformat()

@app.get("/health")
def health():
    return {"status": "ok", "service": "jhf-fabric", "version": "2026.11.3"}

@app.get("/api/v1/platform/services")
def services(x_api_key: Optional[str] = Header(default=None)):
    guard(x_api_key)
    if mode() == "raise":
        raise RuntimeError("database is gone")
    return {"generated_at": stamp(), "services": [{"name": n, "status": "up"} for n in ("jhf-fabric-api", "nats-jetstream")]}

@app.get("/api/v1/observability/readiness")
def observability(x_api_key: Optional[str] = Header(default=None)):
    guard(x_api_key)
    body = {"status": "ready", "generated_at": stamp(), "checks": [], "blockers": [], "warnings": []}
    if mode() == "not_ready":
        return JSONResponse({**body, "status": "not_ready", "blockers": ["otel exporter down"]}, status_code=503)
    return body

@app.get("/api/v1/security/readiness")
def security(x_api_key: Optional[str] = Header(default=None)):
    guard(x_api_key)
    return {"status": "blocked" if mode() == "insecure" else "ready", "generated_at": stamp()}

@app.get("/app/checkout", response_class=HTMLResponse)
def checkout():
    return "<main data-state='ready'>Checkout ready</main>"
'''

# One route, four times: a server that has a single health route is watched through it alone.
def single(path, **more):
    return {"health": {"path": path, "role": "health", **more}, "services": None, "observability": None, "security": None}


class RealServers(harness.Case):
    def answers(self, url, context=None):
        def ask():
            try:
                with urllib.request.urlopen(url, timeout=1, context=context) as answer:
                    return answer.status == 200
            except OSError:
                return False
        return ask

    def serve(self, argv, name, url, env=None):
        process = self.spawn(argv, name, env=env)
        harness.wait_until(lambda: self.answers(url)() or not process.running(),
                           lambda: f"{name} answers {url}\n{process.stderr()[-2000:]}")
        self.assertTrue(process.running(), process.stderr()[-2000:])
        return process

    def watch(self, base_url, surfaces, **target):
        """A daemon on this server, seen green, and its receiver."""
        hook = self.receiver()
        daemon = self.daemon({"environment": "test",
                              "targets": [harness.fast_target(base_url, surfaces=surfaces, **target)],
                              "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]},
                              "resolution": {"settle": "500ms"}}).start()
        self.wait_green(daemon)
        return daemon, hook

    def down_and_up(self, start, base_url, surfaces):
        """Green, then killed -9: one total outage; started again: recovered. The name of the surface is `health`."""
        server = start()
        daemon, hook = self.watch(base_url, surfaces)
        server.kill()
        page = hook.wait("firing")
        self.assertEqual((page["incident"]["boundary"], page["incident"]["extent"], page["incident"]["severity"]),
                         ("outage", "total", "critical"))
        self.assertEqual(page["incident"]["first_failure"]["read"], "health")
        self.assertIn("refused", page["incident"]["first_failure"]["reason"])
        daemon.client("status", expect=2)
        server.wait()
        start()
        hook.wait("recovered")
        hook.wait("resolved")
        self.assertEqual(len(hook.seen("firing")), 1, hook.told())
        daemon.client("status", expect=0)

    def test_nats_server(self):
        nats, port, monitor = program("nats-server"), harness.free_port(), harness.free_port()
        url = f"http://127.0.0.1:{monitor}"
        self.down_and_up(lambda: self.serve([nats, "-a", "127.0.0.1", "-p", port, "-m", monitor, "-js", "-sd",
                                             self.directory / "jetstream"], "nats", url + "/healthz"),
                         url, single("/healthz"))

    def test_etcd(self):
        etcd, port, peers = program("etcd"), harness.free_port(), harness.free_port()
        url = f"http://127.0.0.1:{port}"
        self.down_and_up(lambda: self.serve([etcd, "--data-dir", self.directory / "etcd", "--listen-client-urls", url,
                                             "--advertise-client-urls", url, "--listen-peer-urls",
                                             f"http://127.0.0.1:{peers}"], "etcd", url + "/health"),
                         url, single("/health"))

    def test_prometheus_and_its_text_answers(self):
        prometheus, port = program("prometheus"), harness.free_port()
        (self.directory / "prometheus.yml").write_text("global: {scrape_interval: 60s}\n")
        url = f"http://127.0.0.1:{port}"
        self.serve([prometheus, f"--config.file={self.directory}/prometheus.yml", f"--web.listen-address=127.0.0.1:{port}",
                    f"--storage.tsdb.path={self.directory}/tsdb"], "prometheus", url + "/-/ready")
        # "Prometheus Server is Healthy." is a sentence that ends in a word.
        self.assertIn('"word": "pass"', self.readings(url, single("/-/healthy"))["health"])
        self.paths_hold(url, "Prometheus Server is")

    def test_alertmanager_and_its_words(self):
        alertmanager, port = program("prometheus-alertmanager"), harness.free_port()
        (self.directory / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        url = f"http://127.0.0.1:{port}"
        start = lambda: self.serve([alertmanager, f"--config.file={self.directory}/am.yml", "--cluster.listen-address=",
                                    f"--web.listen-address=127.0.0.1:{port}", f"--storage.path={self.directory}/am"],
                                   "alertmanager", url + "/-/ready")
        self.down_and_up(start, url, {**single("/-/healthy"), "ready": {"path": "/-/ready", "role": "readiness"}})

    def readings(self, base_url, surfaces, **target):
        """What one sweep of `readbackd --once` read, by surface."""
        daemon = self.daemon({"environment": "test",
                              "targets": [harness.fast_target(base_url, surfaces=surfaces, **target)]}, name="once")
        daemon.state.mkdir()
        done = subprocess.run([harness.DAEMON, "--config", daemon.config_path, "--once"], capture_output=True, text=True,
                              timeout=harness.LIMIT)
        return {r["name"]: json.dumps(r) for r in json.loads(done.stdout)["targets"][0]["reads"]}

    def paths_hold(self, url, text):
        hook = self.receiver()
        daemon = self.daemon({"environment": "test", "targets": [harness.fast_target(
            url, surfaces=single("/-/healthy", words={"pass": ["ok"]}),
            paths=[{"name": "healthy", "kind": "user", "url": "/-/healthy",
                    "expect": {"status": [200], "body_contains": text}},
                   {"name": "ready", "kind": "user", "url": "/-/ready"}])],
            "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]}}).start()
        self.wait_green(daemon)
        target = daemon.status()["targets"][0]
        self.assertEqual({r["word"] for r in target["reads"] if r["kind"] == "path"}, {"pass"})

    def certificate(self, name, days, cn="localhost"):
        key, cert = self.directory / f"{name}.key", self.directory / f"{name}.pem"
        if days > 0:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days",
                            str(days), "-subj", f"/CN={cn}", "-addext", f"subjectAltName=DNS:{cn},IP:127.0.0.1"],
                           check=True, capture_output=True)
            return cert, key
        # An expired one: `openssl ca` is the tool of this version that takes both ends of the validity.
        folder = self.directory / "ca"
        folder.mkdir(exist_ok=True)
        (folder / "index.txt").write_text("")
        (folder / "serial").write_text("01\n")
        (folder / "ca.cnf").write_text(f"""[ca]
default_ca = d
[d]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = p
copy_extensions = copy
[p]
commonName = supplied
""")
        request = self.directory / f"{name}.csr"
        subprocess.run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj",
                        f"/CN={cn}", "-addext", f"subjectAltName=DNS:{cn},IP:127.0.0.1"], check=True, capture_output=True)
        subprocess.run(["openssl", "ca", "-batch", "-config", folder / "ca.cnf", "-selfsign", "-keyfile", key, "-in", request,
                        "-out", cert, "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-notext"],
                       check=True, capture_output=True)
        return cert, key

    def nginx(self, cert, key, platform):
        port = harness.free_port()
        conf = self.directory / "nginx.conf"
        conf.write_text(f"""daemon off; master_process off; pid {self.directory}/nginx.pid; error_log stderr;
events {{}}
http {{
  access_log off; client_body_temp_path {self.directory}/b; proxy_temp_path {self.directory}/p;
  fastcgi_temp_path {self.directory}/f; uwsgi_temp_path {self.directory}/u; scgi_temp_path {self.directory}/s;
  server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {cert}; ssl_certificate_key {key};
    location / {{ proxy_pass {platform}; proxy_connect_timeout 1s; }} }}
}}
""")
        process = self.spawn([program("nginx"), "-c", conf, "-e", "stderr", "-p", self.directory], "nginx")

        def listens():
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                return not process.running()
        harness.wait_until(listens, lambda: "nginx listens\n" + process.stderr())
        self.assertTrue(process.running(), process.stderr())
        return process, f"https://127.0.0.1:{port}"

    def test_nginx_with_tls_as_a_gateway(self):
        cert, key = self.certificate("good", 90)
        sim = self.sim()
        _, url = self.nginx(cert, key, sim.url)
        daemon, hook = self.watch(url, {}, tls={"ca_file": str(cert)})
        sim.listener("refused")  # nginx now answers 502 with its page: their gateway's answer, and no `refused`
        page = hook.wait("firing")
        self.assertEqual((page["incident"]["boundary"], page["incident"]["extent"]), ("outage", "total"))
        self.assertIn("502", page["summary"] + json.dumps(page["why"]))
        sim.listener("open")
        hook.wait("recovered")
        self.assertEqual([e for e, _ in hook.told() if e == "firing"], ["firing"])

    def test_nginx_with_a_certificate_that_ends_soon(self):
        cert, key = self.certificate("good", 90)
        _, url = self.nginx(cert, key, self.sim().url)
        hook = self.receiver()
        daemon = self.daemon({"environment": "test", "targets": [harness.fast_target(
            url, tls={"ca_file": str(cert), "expires_within": "100d"})],
                              "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]}}).start()
        page = hook.wait("firing")
        self.assertEqual((page["incident"]["boundary"], page["incident"]["severity"]), ("security", "warning"))
        self.assertRegex(page["summary"], r"^SECURITY fabric: the certificate of 127\.0\.0\.1:\d+ ends in \d+d ")
        self.assertRegex(daemon.client("status", expect=1).text, r"health +pass +health: the certificate expires on \d{4}-")
        self.assertIn("expires on", daemon.log())

    def test_nginx_with_an_expired_certificate(self):
        cert, key = self.certificate("expired", 0)
        _, url = self.nginx(cert, key, self.sim().url)
        hook = self.receiver()
        daemon = self.daemon({"environment": "test",
                              "targets": [harness.fast_target(url, tls={"ca_file": str(cert)})],
                              "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]}}).start()
        page = hook.wait("firing")
        self.assertEqual(page["incident"]["boundary"], "outage")
        self.assertIn("expired", json.dumps(page).lower())

    def test_nginx_with_an_unknown_authority(self):
        cert, key = self.certificate("good", 90)
        other, _ = self.certificate("other", 90)
        _, url = self.nginx(cert, key, self.sim().url)
        text = json.dumps(self.readings(url, {}, tls={"ca_file": str(other)}))
        self.assertIn("tls", text)
        self.assertIn("unreachable", text)

    def fastapi(self):
        program("uvicorn")
        app = self.directory / "app"
        app.mkdir()
        (app / "platform_app.py").write_text(FASTAPI_APP)
        port, mode = harness.free_port(), self.directory / "mode"
        url = f"http://127.0.0.1:{port}"
        self.serve([harness.PYTHON, "-B", "-m", "uvicorn", "--app-dir", app, "--host", "127.0.0.1", "--port", port,
                    "--log-level", "warning", "platform_app:app"], "uvicorn", url + "/health",
                   env={"MODE_FILE": str(mode)})
        return url, mode

    def test_fastapi_readiness_and_security(self):
        url, mode = self.fastapi()
        daemon, hook = self.watch(url, {}, headers={"X-API-Key": "fabric-key"},
                                  paths=[{"name": "checkout", "kind": "user", "url": "/app/checkout",
                                          "expect": {"status": [200], "body_contains": "ready"}}])
        mode.write_text("not_ready")
        page = hook.wait("firing", "readiness")
        self.assertIn("otel exporter down", json.dumps(page["why"]))
        mode.write_text("")
        hook.wait("resolved", "readiness")
        mode.write_text("insecure")
        page = hook.wait("firing", "security")
        self.assertEqual(page["incident"]["severity"], "critical")
        mode.write_text("")
        hook.wait("resolved", "security")
        mode.write_text("raise")  # a real 500 out of starlette, in plain text
        page = hook.wait("firing", "outage")
        self.assertEqual(page["incident"]["extent"], "degraded")
        self.assertEqual([e for e, _ in hook.told()].count("firing"), 3, hook.told())

    def test_fastapi_with_a_wrong_key_is_our_trouble_and_no_outage(self):
        url, _ = self.fastapi()
        hook = self.receiver()
        self.daemon({"environment": "test", "targets": [harness.fast_target(url, headers={"X-API-Key": "wrong"})],
                     "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]}}).start()
        page = hook.wait("firing")
        self.assertEqual(page["incident"]["boundary"], "observer")
        self.assertEqual(page["incident"]["severity"], "warning")
        self.assertNotIn("wrong", json.dumps(page["why"]).replace("wrong key", ""))


if __name__ == "__main__":
    unittest.main()
