"""The control socket as a script uses it, with curl: each route of the OpenAPI file is asked of a real daemon with a real
incident, each answer is held against the file by a validator that nobody here wrote, and the limits hold."""
import importlib.util
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import unittest

import harness
import openapi_client

try:
    import jsonschema
except ImportError:
    jsonschema = None

OPENAPI = json.loads((harness.ROOT / "packaging" / "openapi" / "readback.json").read_text())
MISSING = "019abcde-0000-7000-8000-000000000000"


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class SocketApi(harness.Case):
    def setUp(self):
        super().setUp()
        self.lived = self.world()
        self.daemon_ = self.lived.daemon

    def curl(self, method, path, body=None, *more):
        """(status, content type, body) as curl sees them."""
        words = ["curl", "--silent", "--show-error", "--unix-socket", str(self.daemon_.socket), "--request", method, *more,
                 "--write-out", "\n%{http_code} %{content_type}", f"http://localhost{path}"]
        if body is not None:
            words += ["--data", body if isinstance(body, str) else json.dumps(body)]
        done = subprocess.run(words, capture_output=True, timeout=harness.LIMIT)
        text, _, told = done.stdout.rpartition(b"\n")
        status, _, kind = told.decode().partition(" ")
        return int(status), kind, text

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        self.addCleanup(connection.close)
        connection.settimeout(harness.LIMIT)
        connection.connect(str(self.daemon_.socket))
        return connection

    def problem(self, answer, status):
        self.assertEqual(answer[:2], (status, "application/problem+json"), answer)
        told = json.loads(answer[2])
        self.assertEqual((told["status"], told["type"]), (status, "about:blank"))
        self.assertTrue(told["title"] and told["detail"])
        return told

    def test_every_operation_has_an_id_error_answers_and_says_who_may(self):
        ids = []
        for path, operations in OPENAPI["paths"].items():
            for method, operation in operations.items():
                with self.subTest(f"{method} {path}"):
                    ids.append(operation["operationId"])
                    self.assertEqual(operation["security"], [])
                    self.assertIn("group readback", operation["x-readback-access"])
                    for status, answer in operation["responses"].items():
                        if status == "default" or int(status) >= 400:
                            self.assertIn("application/problem+json", answer["content"])
                    self.assertTrue(any(status.startswith(("4", "5")) for status in operation["responses"]))
        self.assertEqual(len(ids), len(set(ids)))

    def generated_client(self):
        file = self.directory / "generated.py"
        file.write_text(openapi_client.generate(OPENAPI))
        spec = importlib.util.spec_from_file_location("generated", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module, module.Client(str(self.daemon_.socket))

    def test_a_client_that_is_generated_from_the_file_works(self):
        module, client = self.generated_client()
        self.assertEqual(client.get_status()["status"], "green")
        self.lived.sim.fault("/health", "not_ready")
        page = self.lived.hook.wait("firing")
        incident = page["incident"]["id"]
        self.assertEqual([i["id"] for i in client.list_incidents(state="open")["incidents"]], [incident])
        client.acknowledge_incident(incident)
        self.lived.hook.wait("acknowledged")
        self.assertTrue(client.get_incident(incident)["acknowledged_at"])
        self.assertGreater(len(client.pull_snapshot(page["evidence"]["snapshot"])), 1000)
        silence = client.add_silence({"for": "1h", "reason": "generated"})["id"]
        self.assertEqual([s["id"] for s in client.list_silences()["silences"]], [silence])
        client.end_silence(silence)
        self.assertIn(b'"read":"health"', client.export_reads(since="1h"))

    def test_what_goes_wrong_is_named_in_the_file(self):
        module, client = self.generated_client()
        for status, call in ((404, lambda: client.get_incident(MISSING)), (404, lambda: client.get_target("nobody")),
                             (404, lambda: client.pull_snapshot(MISSING)), (404, lambda: client.end_silence(MISSING)),
                             (404, lambda: client.acknowledge_incident(MISSING)), (404, lambda: client.verify_incident(MISSING)),
                             (404, lambda: client.resolve_incident(MISSING, {"runbook": "x"})), (404, client.get_fleet),
                             (422, lambda: client.add_silence({"for": "moon", "reason": "x"})),
                             (422, lambda: client.record_symptom({"text": ""})), (422, lambda: client.export_reads(since="x")),
                             (422, lambda: client.list_incidents(state="x")), (404, lambda: client.sweep_now({"target": "nobody"})),
                             (404, lambda: client.capture_snapshot({"target": "nobody"})),
                             (404, lambda: client.send_test_alert({"sink": "nobody"})),
                             (422, lambda: client.sweep_now([])), (422, lambda: client.sweep_now({"tarket": "x"}))):
            with self.assertRaises(module.Problem) as met:
                call()
            self.assertEqual(met.exception.status, status, met.exception)

    @unittest.skipIf(jsonschema is None, "python3-jsonschema is not installed")
    def test_every_route_answers_as_the_file_says(self):
        self.lived.sim.fault("/health", "not_ready")
        page = self.lived.hook.wait("firing")
        incident, snapshot = page["incident"]["id"], page["evidence"]["snapshot"]
        silence = json.loads(self.curl("POST", "/v1/silences", {"for": "1h", "reason": "to be ended"})[2])["id"]
        asked = [
            ("GET", "/v1/status", "/v1/status", None, 200),
            ("GET", "/v1/targets/fabric?history=20", "/v1/targets/{target}", None, 200),
            ("GET", "/v1/targets/fabrik", "/v1/targets/{target}", None, 404),
            ("GET", "/v1/incidents", "/v1/incidents", None, 200),
            ("GET", "/v1/incidents?state=all", "/v1/incidents", None, 200),
            ("GET", "/v1/incidents?state=asleep", "/v1/incidents", None, 422),
            ("GET", f"/v1/incidents/{incident}", "/v1/incidents/{id}", None, 200),
            ("GET", "/v1/incidents/latest", "/v1/incidents/{id}", None, 200),
            ("GET", f"/v1/incidents/{MISSING}", "/v1/incidents/{id}", None, 404),
            ("POST", f"/v1/incidents/{incident}/ack", "/v1/incidents/{id}/ack", {}, 200),
            ("POST", f"/v1/incidents/{incident}/verify", "/v1/incidents/{id}/verify", {}, 200),
            ("POST", f"/v1/incidents/{incident}/resolve", "/v1/incidents/{id}/resolve",
             {"runbook": "Check stack health", "note": "looked at the database"}, 200),
            ("POST", f"/v1/incidents/{incident}/resolve", "/v1/incidents/{id}/resolve", {"note": "which one?"}, 422),
            ("POST", f"/v1/incidents/{MISSING}/ack", "/v1/incidents/{id}/ack", {}, 404),
            ("GET", "/v1/history", "/v1/history", None, 200),
            ("GET", "/v1/history?step=hour&since=24h&target=fabric", "/v1/history", None, 200),
            ("GET", "/v1/history?step=week", "/v1/history", None, 422),
            ("GET", "/v1/snapshots", "/v1/snapshots", None, 200),
            ("POST", "/v1/snapshots", "/v1/snapshots", {"reason": "a look", "target": "fabric"}, 201),
            ("GET", f"/v1/snapshots/{snapshot}", "/v1/snapshots/{id}", None, 200),
            ("GET", "/v1/snapshots/latest?form=public-safe", "/v1/snapshots/{id}", None, 200),
            ("GET", "/v1/snapshots/latest?form=huge", "/v1/snapshots/{id}", None, 422),
            ("GET", f"/v1/snapshots/{MISSING}", "/v1/snapshots/{id}", None, 404),
            ("GET", "/v1/snapshots/key", "/v1/snapshots/key", None, 200),
            ("GET", "/v1/reads?since=1h", "/v1/reads", None, 200),
            ("GET", "/v1/reads?since=yesterday", "/v1/reads", None, 422),
            ("GET", "/v1/silences", "/v1/silences", None, 200),
            ("POST", "/v1/silences", "/v1/silences", {"for": "2h", "boundary": "drift", "target": "fabric", "reason": "why"}, 201),
            ("POST", "/v1/silences", "/v1/silences", {"for": "2h"}, 422),
            ("DELETE", f"/v1/silences/{silence}", "/v1/silences/{id}", None, 200),
            ("DELETE", f"/v1/silences/{MISSING}", "/v1/silences/{id}", None, 404),
            ("GET", "/v1/sinks", "/v1/sinks", None, 200),
            ("GET", "/v1/fleet", "/v1/fleet", None, 404),
            ("POST", "/v1/sweeps", "/v1/sweeps", {"target": "fabric"}, 202),
            ("POST", "/v1/sweeps", "/v1/sweeps", "{", 400),
            ("POST", "/v1/symptoms", "/v1/symptoms", {"text": "checkout hangs", "extent": "degraded",
                                                      "exposed_by": "user:checkout"}, 201),
            ("POST", "/v1/symptoms", "/v1/symptoms", {"text": "checkout hangs", "size": 3}, 422),
            ("POST", "/v1/test-alerts", "/v1/test-alerts", {"sink": "hook"}, 200),
            ("POST", "/v1/test-alerts", "/v1/test-alerts", {"sink": "hok"}, 404),
        ]
        resolver = jsonschema.RefResolver.from_schema(OPENAPI)
        for method, path, shape, body, status in asked:
            with self.subTest(f"{method} {path}"):
                answer = self.curl(method, path, body)
                self.assertEqual(answer[0], status, answer)
                responses = OPENAPI["paths"][shape][method.lower()]["responses"]
                content = responses[str(status) if status < 300 else "default"]["content"]
                self.assertIn(answer[1], content)
                if "json" in answer[1] and "jsonl" not in answer[1]:
                    jsonschema.Draft202012Validator(content[answer[1]]["schema"], resolver=resolver).validate(json.loads(answer[2]))
                if status >= 400:
                    self.problem(answer, status)
        # What is not in this list is the stream of events, which has no end.
        routes = {(m.upper(), p) for p, methods in OPENAPI["paths"].items() for m in methods if m != "parameters"}
        self.assertEqual(routes - {(m, s) for m, _, s, _, _ in asked}, {("GET", "/v1/events")})

    def test_what_changes_something_is_logged_with_who_did_it(self):
        self.curl("POST", "/v1/silences", {"for": "1h", "reason": "a look at the log"})
        self.curl("GET", "/v1/status")
        lines = [line for line in self.daemon_.log().splitlines() if f"(uid {os.getuid()}, pid " in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], r"info +\S+ \(uid \d+, pid \d+\): silence [0-9a-f-]{36}: ")

    def test_an_unknown_route_and_a_wrong_method_are_problems(self):
        self.problem(self.curl("GET", "/v2/status"), 404)
        self.problem(self.curl("GET", "/v1/targets/../status", None, "--path-as-is"), 400)
        self.assertIn("GET", self.problem(self.curl("PUT", "/v1/status", {}), 405)["detail"])

    def test_an_answer_that_is_unchanged_is_not_sent_again(self):
        self.curl("POST", "/v1/snapshots", {"reason": "for its tag"})
        head = self.curl("GET", "/v1/snapshots/latest", None, "--head")[2].decode()
        tag = re.search(r'(?mi)^etag: ("[0-9a-f]{64}")', head)[1]
        self.assertEqual(self.curl("GET", "/v1/snapshots/latest", None, "--header", f"If-None-Match: {tag}")[0], 304)

    def test_a_request_holds_a_mebibyte(self):
        self.problem(self.curl("POST", "/v1/symptoms", None, "--header", "Expect:", "--data-binary",
                               "@" + str(self.written("large", b'{"text":"' + b"x" * (1 << 20) + b'"}'))), 413)
        self.problem(self.curl("POST", "/v1/symptoms", None, "--header", "Expect:", "--data-binary",
                               "@" + str(self.written("allowed", b'{"text":"' + b"x" * 900_000 + b'"}'))), 422)

    def written(self, name, content):
        path = self.directory / name
        path.write_bytes(content)
        return path

    def test_the_sixty_fifth_connection_gets_the_place_of_the_longest_silent_and_the_others_go_on(self):
        held = [self.connect() for _ in range(64)]
        for connection in held:  # each is served, not merely queued
            connection.sendall(b"GET /v1/sinks HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(connection.recv(65536).startswith(b"HTTP/1.1 200 "))
        self.assertEqual(self.curl("GET", "/v1/status")[0], 200)
        self.assertEqual(held[0].recv(65536), b"")
        for connection in held[1:]:
            connection.sendall(b"GET /v1/sinks HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(connection.recv(65536).startswith(b"HTTP/1.1 200 "))
        for connection in held:
            connection.close()
        harness.wait_until(lambda: self.curl("GET", "/v1/status")[0] == 200, "there is room again")

    def test_who_says_nothing_or_stops_in_the_middle_is_let_go(self):
        silent, halfway = self.connect(), self.connect()
        halfway.sendall(b"POST /v1/sweeps HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        self.assertEqual(silent.recv(4096), b"")
        self.assertEqual(halfway.recv(4096), b"")

    def test_it_is_for_its_group_alone(self):
        told = os.stat(self.daemon_.socket)
        self.assertTrue(stat.S_ISSOCK(told.st_mode))
        self.assertEqual(stat.S_IMODE(told.st_mode), 0o660)


if __name__ == "__main__":
    unittest.main()
