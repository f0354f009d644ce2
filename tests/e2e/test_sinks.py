"""The sinks as their receivers see them: every answer of the contract's table, the limits that PagerDuty and Slack
publish, one routing key for two hosts, filters, secrets, silences and the dead man's switch."""
import base64
import datetime
import email.utils
import json
import os
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import harness
from harness import wait_until

LONG = True

LONG = "Prüfschlüssel ➜ 検証に失敗しました " * 80
LONG = LONG.encode()[:4096].decode(errors="ignore")  # as much as the control socket takes


def webhook(name, receiver, **more):
    return {"name": name, "type": "webhook", "url": receiver.url + "/alerts", "timeout": "1s", **more}


def pagerduty(name, receiver, **more):
    return {"name": name, "type": "pagerduty", "url": receiver.url + "/v2/enqueue", "routing_key": "R" * 32, **more}


def bodies(receiver, path=None):
    with receiver.lock:
        return [r.json for r in receiver.requests if r.json is not None and path in (None, r.path)]


class Sinks(harness.Case):
    def sinks(self, world):
        answer = json.loads(world.daemon.get("/v1/sinks")[1])
        return {s["name"]: s for s in (answer["sinks"] if isinstance(answer, dict) else answer)}

    def wait_state(self, world, sink, state):
        wait_until(lambda: self.sinks(world)[sink]["state"] == state, lambda: f"{sink} is {state}: {self.sinks(world)[sink]}")

    def large_page(self, world, hook=None):
        """The page of an incident whose symptom somebody has told at length."""
        silence = world.daemon.json("silence", "add", "--for", "1h", "--reason", "until the symptom is told")["id"]
        world.sim.fault("/health", "not_ready")
        wait_until(lambda: [i for i in world.daemon.status()["incidents"] if i["state"] == "muted"], "the muted incident")
        status, answer = world.daemon.request("POST", "/v1/symptoms", {"text": LONG, "target": "fabric"})
        self.assertIn(status, (200, 201, 202), answer)
        world.daemon.client("silence", "expire", silence, expect=0)
        return hook.wait("firing", boundary="outage") if hook else None

    # ---- the answer table

    def test_every_answer_leads_where_the_contract_says(self):
        in_two_minutes = email.utils.formatdate(time.time() + 120, usegmt=True)
        long_ago = email.utils.formatdate(time.time() - 3600, usegmt=True)

        def asks(value):
            return {"status": 429, "headers": {"Retry-After": value}}
        elsewhere = self.receiver()
        programs = {
            "good": [], "s503": [503, 503], "s408": [408], "s425": [425], "bare": [429], "seconds": [asks("1")],
            "date": [asks(in_two_minutes)], "past": [asks(long_ago)], "absurd": [asks("99999999999999999999")],
            "big413": [413], "big400": [400], "gone": [410], "notfound": [404] * 9, "silent": ["hang"], "rude": ["close"],
            "moved": [{"status": 307, "headers": {"Location": elsewhere.url + "/alerts"}}] * 9,
        }
        hooks = {name: self.receiver() for name in programs}
        for name, program in programs.items():
            hooks[name].program = program
        port = harness.free_port()
        sinks = [webhook(name, hook) for name, hook in hooks.items()]
        sinks.append({"name": "closed", "type": "webhook", "url": f"http://127.0.0.1:{port}/alerts"})
        sinks.append({"name": "tls", "type": "webhook", "url": hooks["good"].url.replace("http:", "https:") + "/alerts"})
        sinks.append({"name": "noname", "type": "webhook", "url": "http://no-such-name.invalid/alerts"})
        world = self.world(sinks=sinks, target={"runbooks": {"outage": {"title": "Prüfung " * 100, "next_safe_step": LONG}}})
        page = self.large_page(world, hooks["good"])

        # Retried until taken, always the same event with the same key.
        for name in ("s503", "s408", "s425", "bare", "seconds", "past", "silent", "rude", "big413", "big400"):
            taken = wait_until(lambda n=name: hooks[n].seen("firing", boundary="outage", accepted=True),
                               lambda n=name: f"{n} takes the page: {self.sinks(world)[n]}")[0]
            tried = hooks[name].seen("firing", boundary="outage")
            for request in tried:
                self.assertEqual(request.json["dedup_key"], page["dedup_key"], name)
                headers = {k.lower(): v for k, v in request.headers.items()}
                self.assertEqual(headers["webhook-id"], page["id"], name)
            self.assertEqual(taken.json["incident"]["id"], page["incident"]["id"])
        first, second = hooks["seconds"].seen("firing", boundary="outage")[:2]
        self.assertGreaterEqual(second.at - first.at, 1)
        for name in ("big413", "big400"):
            full, small = hooks[name].seen("firing", boundary="outage")[:2]
            self.assertGreater(len(full.body), 8192, name)
            self.assertLess(len(small.body), 8192, name)
            self.assertEqual(len(hooks[name].seen("firing", boundary="outage")), 2, name)

        # Told to wait: not a moment earlier, but never for longer than five minutes.
        for name, least, most in (("date", 60, 121), ("absurd", 200, 301)):
            view = self.sinks(world)[name]
            self.assertEqual(view["state"], "retrying", view)
            due = datetime.datetime.fromisoformat(view["next_attempt_at"]).timestamp() - time.time()
            self.assertTrue(least <= due <= most, (name, view))
            self.assertEqual(len(hooks[name].seen()), 1, name)

        # What nobody will ever take is parked, said once through the others, and red.
        for name, state in (("gone", "off"), ("notfound", "broken"), ("moved", "broken")):
            self.wait_state(world, name, state)
            alarm = wait_until(lambda n=name: [r.json for r in hooks["good"].seen("firing")
                                               if r.json["incident"]["id"] == f"sink-broken/{n}"], f"the alarm about {name}")
            self.assertEqual(len(alarm), 1, name)
            self.assertIn(f"sink broken: {name}", alarm[0]["summary"])
        self.assertEqual(elsewhere.seen(), [])
        for name in ("closed", "tls", "noname"):
            self.wait_state(world, name, "retrying")
        self.assertIn("TLS", self.sinks(world)["tls"]["detail"])
        self.assertIn("connection refused", self.sinks(world)["closed"]["detail"])
        self.assertIn("no such name", self.sinks(world)["noname"]["detail"])
        status = world.daemon.client("status", expect=2).text
        self.assertIn("sink gone is off", status)
        self.assertIn("sink notfound is broken", status)

        # A reload turns the one that was off on again, and it gets what it missed.
        world.daemon.reload()
        wait_until(lambda: [r for r in hooks["gone"].seen("firing", accepted=True) if r.json["id"] == page["id"]],
                   "the page of the sink that was off")
        # What is over is told to whom it was opened, and to nobody else; a receiver that comes late hears both, in order.
        world.sim.reset()
        hooks["good"].wait("resolved", boundary="outage")
        late = self.receiver(port=port)
        late.wait("resolved", boundary="outage", limit=90)
        told = [r.json for r in late.seen(boundary="outage")]
        self.assertEqual([e["event"] for e in told if e["event"] in ("firing", "resolved")], ["firing", "resolved"])
        self.assertEqual({e["dedup_key"] for e in told}, {page["dedup_key"]})
        self.assertGreaterEqual(told[0]["delayed_s"], 1)
        self.assertEqual([r for r in hooks["notfound"].seen("resolved") if r.json["target"] == "fabric"], [])

    # ---- the limits that the receivers publish

    def check_pagerduty(self, body, size):
        self.assertLessEqual(size, 512 * 1024)
        self.assertIn(body["event_action"], ("trigger", "acknowledge", "resolve"))
        self.assertTrue(1 <= len(body["dedup_key"].encode()) <= 255)
        payload = body["payload"]
        self.assertTrue(1 <= len(payload["summary"]) <= 1024)
        self.assertTrue(payload["source"])
        self.assertIn(payload["severity"], ("critical", "error", "warning", "info"))
        self.assertRegex(payload["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
        self.assertIsInstance(payload["custom_details"], dict)
        for link in body["links"]:
            self.assertTrue(link["href"].startswith(("https://", "http://")) and link["text"], link)
        self.assertLessEqual(set(body), {"routing_key", "event_action", "dedup_key", "payload", "links", "images", "client", "client_url"})
        self.assertLessEqual(set(payload), {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"})

    def check_slack(self, body):
        self.assertTrue(body["text"] and len(body["text"]) <= 4000)
        self.assertTrue(1 <= len(body["blocks"]) <= 50)
        for block in body["blocks"]:
            if block["type"] == "header":
                self.assertEqual(block["text"]["type"], "plain_text")
                self.assertTrue(1 <= len(block["text"]["text"]) <= 150)
            elif block["type"] == "section":
                self.assertIn(block["text"]["type"], ("mrkdwn", "plain_text"))
                self.assertTrue(1 <= len(block["text"]["text"]) <= 3000)
            elif block["type"] == "context":
                self.assertTrue(1 <= len(block["elements"]) <= 10)
            else:
                self.fail(f"a block of type {block['type']}")

    def test_long_texts_of_many_bytes_fit_pagerduty_and_slack(self):
        pager, chat = self.receiver(default=202), self.receiver(default=200)
        sinks = [pagerduty("pager", pager), {"name": "chat", "type": "slack", "url": chat.url + "/services/T0/B0/x"}]
        world = self.world(sinks=sinks, target={"runbooks": {"outage": {"title": "Prüfung " * 100, "next_safe_step": LONG, "url": "https://runbooks.example/a|b"}}})
        self.large_page(world)
        wait_until(lambda: bodies(pager) and bodies(chat), "both are told")
        incident = world.daemon.status()["incidents"][0]["id"]
        world.daemon.client("ack", incident, expect=0)
        wait_until(lambda: "acknowledge" in [b["event_action"] for b in bodies(pager)], "the acknowledgement")
        world.sim.reset()
        wait_until(lambda: "resolve" in [b["event_action"] for b in bodies(pager)], "the resolve")
        wait_until(lambda: len(bodies(chat)) >= 4, lambda: f"firing, acknowledged, recovered, resolved: {len(bodies(chat))}")
        with pager.lock:
            for request in pager.requests:
                self.check_pagerduty(request.json, len(request.body))
        for body in bodies(chat):
            self.check_slack(body)
        self.assertEqual([b["event_action"] for b in bodies(pager)], ["trigger", "acknowledge", "resolve"])
        self.assertEqual(len({b["dedup_key"] for b in bodies(pager)}), 1)
        with chat.lock:
            times = [r.at for r in chat.requests]
        for before, after in zip(times, times[1:]):
            self.assertGreaterEqual(after - before, 0.95)  # one message a second, as we count seconds

    # ---- who hears what

    def test_two_hosts_with_one_routing_key_do_not_close_each_others_incident(self):
        pager = self.receiver(default=202)
        worlds = []
        for name in ("host-a", "host-b"):
            sim = self.sim(name=f"sim-{name}")
            daemon = self.daemon({"environment": "prod", "host": name, "targets": [harness.fast_target(sim.url)],
                                  "alerts": {"sinks": [pagerduty("pager", pager)]}, "resolution": {"settle": "300ms"}}, name=name)
            daemon.start()
            self.wait_green(daemon)
            worlds.append((sim, daemon))
        for sim, _ in worlds:
            sim.listener("refused")
        keys = wait_until(lambda: (found := {b["dedup_key"] for b in bodies(pager) if b["event_action"] == "trigger"})
                          and len(found) == 2 and found, "both page")
        self.assertEqual(keys, {"prod/fabric/outage/host-a", "prod/fabric/outage/host-b"})
        worlds[0][0].listener("open")
        wait_until(lambda: [b for b in bodies(pager) if b["event_action"] == "resolve"], "the first host resolves")
        self.assertEqual([b["dedup_key"] for b in bodies(pager) if b["event_action"] == "resolve"], ["prod/fabric/outage/host-a"])
        worlds[1][0].listener("open")
        wait_until(lambda: len([b for b in bodies(pager) if b["event_action"] == "resolve"]) == 2, "the second host resolves")

    def test_renamed_while_open_the_resolve_has_the_key_of_the_page(self):
        pager, hook = self.receiver(default=202), self.receiver()
        world = self.world(sinks=[pagerduty("pager", pager), webhook("hook", hook)], host="before")
        world.sim.listener("refused")
        wait_until(lambda: bodies(pager), "the page")
        hook.wait("firing")
        world.daemon.stop()
        world.daemon.configure(dict(world.config, environment="renamed", host="after"))
        world.daemon.start()
        world.sim.listener("open")
        hook.wait("resolved")
        wait_until(lambda: bodies(pager)[-1]["event_action"] == "resolve", "the resolve")
        self.assertEqual({b["dedup_key"] for b in bodies(pager)}, {"test/fabric/outage/before"})
        self.assertEqual({r.json["dedup_key"] for r in hook.seen()}, {"test/fabric/outage/before"})

    def test_what_becomes_critical_reaches_whom_it_was_too_small_for_and_is_ended_there(self):
        every, critical, security = self.receiver(), self.receiver(), self.receiver()
        world = self.world(sinks=[webhook("every", every), webhook("critical", critical, min_severity="critical"),
                                  webhook("security", security, boundaries=["security"])])
        world.sim.fault("/health", "not_ready")
        every.wait("firing")
        self.assertEqual(critical.seen(), [])
        world.sim.listener("refused")
        first = critical.wait()
        self.assertEqual((first["event"], first["incident"]["severity"]), ("escalated", "critical"))
        world.sim.listener("open")
        world.sim.reset()
        every.wait("resolved")
        critical.wait("resolved")
        self.assertEqual({r.json["dedup_key"] for r in critical.seen()}, {r.json["dedup_key"] for r in every.seen()})
        self.assertEqual(security.seen(), [])

    def test_alertmanager_is_told_again_until_it_is_over_and_every_address_is_told(self):
        first, second = self.receiver(default=200), self.receiver(default=200)
        world = self.world(sinks=[{"name": "am", "type": "alertmanager", "urls": [first.url, second.url + "/prefix/"]}], host="host-7")
        world.sim.fault("/health", "not_ready")
        for receiver, path in ((first, "/api/v2/alerts"), (second, "/prefix/api/v2/alerts")):
            alert = wait_until(lambda r=receiver, p=path: bodies(r, p), "the alert")[0][0]
            self.assertEqual(alert["labels"], {"alertname": "ReadbackOutage", "environment": "test", "target": "fabric",
                                               "boundary": "outage", "severity": "error", "host": "host-7"})
            for note in ("summary", "description", "runbook_url"):
                self.assertTrue(alert["annotations"][note], note)
            self.assertNotIn("endsAt", alert)
        world.sim.listener("refused")  # the severity is a label: the old alert ends where the new one begins

        def ends(receiver):
            return [(a["labels"]["severity"], "endsAt" in a) for b in bodies(receiver) for a in b]
        wait_until(lambda: ("critical", False) in ends(first) and ("error", True) in ends(first), lambda: str(ends(first)))
        world.daemon.kill()  # a restart repeats at once what is open
        before = len(bodies(first))
        world.daemon.start()
        wait_until(lambda: len(bodies(first)) > before, "it is repeated after a restart")
        self.assertIn(("critical", False), [(a["labels"]["severity"], "endsAt" in a) for a in bodies(first)[before]])
        world.sim.listener("open")
        world.sim.reset()
        wait_until(lambda: ("critical", True) in ends(first) and ("critical", True) in ends(second), "the end")

    # ---- tests, secrets

    def test_a_test_alert_is_marked_and_answered_for(self):
        hook, bad, pager = self.receiver(), self.receiver(default=404), self.receiver(default=202)
        world = self.world(sinks=[webhook("hook", hook), webhook("bad", bad), pagerduty("pager", pager)])
        done = world.daemon.client("test-alert", "hook", expect=0)
        self.assertIn("hook", done.text)
        self.assertEqual([r.json["event"] for r in hook.seen()], ["test"])
        self.assertEqual(bad.seen(), [])
        world.daemon.client("test-alert", "pager", expect=0)
        wait_until(lambda: [b["event_action"] for b in bodies(pager)] == ["trigger", "resolve"], lambda: str(bodies(pager)))
        answer = world.daemon.client("test-alert", expect=1).text
        self.assertIn("404", answer)
        self.assertIn("nosuch", world.daemon.client("test-alert", "nosuch", expect=1).error_text)
        bad.default = 410
        world.daemon.client("test-alert", "bad", expect=1)
        self.assertIn("off", world.daemon.client("test-alert", "bad", expect=1).text)

    def test_no_secret_of_a_sink_is_ever_shown(self):
        secrets = {"login": "zq-user-4711", "password": "zq-pass%21word", "path": "zq-path-T0K3N", "slack": "zq-slack-T0K3N",
                   "routing": "zqrouting00000000000000000000000", "header": "zq-header-value-1", "beat": "zq-heart-T0K3N",
                   "signing": base64.b64encode(b"zq-signing-key-of-24-bytes!").decode()}
        closed = harness.free_port()
        files, good = {}, self.receiver()
        for name, text in {"slack": f"http://127.0.0.1:{closed}/services/{secrets['slack']}", "sign": "whsec_" + secrets["signing"],
                           "beat": f"http://127.0.0.1:{closed}/beat/{secrets['beat']}",
                           "tls": f"https://{secrets['login']}:{secrets['password']}@127.0.0.1:{good.port}/{secrets['path']}",
                           "hook": f"http://{secrets['login']}:{secrets['password']}@127.0.0.1:{closed}/{secrets['path']}?key={secrets['path']}"}.items():
            files[name] = self.directory / name
            files[name].write_text(text + "\n")
        world = self.world(start=False, heartbeat={"url": {"file": str(files["beat"])}, "interval": "1s"},
                           http={"listen": f"127.0.0.1:{harness.free_port()}"}, sinks=[
            webhook("good", good),
            {"name": "hook", "type": "webhook", "url": {"file": str(files["hook"])}, "secret": {"file": str(files["sign"])},
             "headers": {"X-Key": {"env": "READBACK_TEST_HEADER"}}},
            {"name": "chat", "type": "slack", "url": {"file": str(files["slack"])}},
            {"name": "tls", "type": "webhook", "url": {"file": str(files["tls"])}},
            {"name": "pager", "type": "pagerduty", "url": f"http://127.0.0.1:{closed}/", "routing_key": {"env": "READBACK_TEST_ROUTING"}}])
        world.daemon.env = {"READBACK_TEST_ROUTING": secrets["routing"], "READBACK_TEST_HEADER": secrets["header"]}
        world.daemon.start()
        self.wait_green(world.daemon)
        world.sim.listener("refused")
        page = good.wait("firing")
        for name in ("hook", "chat", "tls", "pager"):
            self.wait_state(world, name, "retrying")
        world.daemon.client("test-alert", "hook")
        world.daemon.reload()
        wait_until(lambda: world.daemon.status()["daemon"]["last_reload_at"], "the reload")
        shown = {"log": world.daemon.log(), "page": json.dumps([r.json for r in good.seen()])}
        for path in ("/v1/status", "/v1/sinks", "/v1/incidents", f"/v1/incidents/{page['incident']['id']}", "/v1/targets/fabric"):
            shown[path] = world.daemon.get(path)[1].decode()
        for words in (("status",), ("incident", page["incident"]["id"]), ("--json", "status")):
            shown[" ".join(words)] = world.daemon.client(*words).text
        printed = subprocess.run([harness.DAEMON, "--config", world.daemon.config_path, "--check-config", "--print"],
                                 capture_output=True, text=True, env={**os.environ, **world.daemon.env}, timeout=harness.LIMIT)
        self.assertEqual(printed.returncode, 0, printed.stderr)
        shown["--print"] = printed.stdout + printed.stderr
        listen = world.config["http"]["listen"]
        for path in ("/metrics", "/", "/healthz", "/readyz"):
            try:
                shown[path] = urllib.request.urlopen(f"http://{listen}{path}", timeout=10).read().decode()
            except urllib.error.HTTPError as error:
                shown[path] = error.read().decode()
        world.daemon.stop()
        for place in world.daemon.state.rglob("*"):
            if place.is_file():
                shown[str(place)] = place.read_bytes().decode("latin-1")
        for where, text in shown.items():
            for name, secret in secrets.items():
                for form in {secret, secret.replace("%21", "!"), base64.b64encode(secret.encode()).decode().rstrip("=")}:
                    self.assertNotIn(form, text, f"{name} in {where}")

    def test_a_secret_that_cannot_be_one_is_said_at_the_start(self):
        bad = self.directory / "secret"
        bad.write_text("correct horse battery staple\n")
        address = self.directory / "address"
        address.write_text("pager.example/alerts\n")
        hook = self.receiver()
        daemon = self.daemon({"targets": [harness.fast_target("http://127.0.0.1:1")], "alerts": {"sinks": [
            webhook("hook", hook, secret={"file": str(bad)}), {"name": "chat", "type": "slack", "url": {"file": str(address)}}]}})
        daemon.start(wait=False)
        self.assertEqual(daemon.process.wait(), 78)
        self.assertIn("the sink hook: the webhook secret is not of the form whsec_<base64>", daemon.log())
        self.assertIn("the sink chat: the address must begin with http:// or https://", daemon.log())
        self.assertNotIn("horse", daemon.log())

    def test_both_secrets_sign_during_a_rotation_and_a_new_one_needs_no_restart(self):
        old, new = harness.new_secret("the-old-signing-key-00000001"), harness.new_secret("the-new-signing-key-00000002")
        third = harness.new_secret("the-third-signing-key-0000003")
        files = [self.directory / "old", self.directory / "new"]
        for file, secret in zip(files, (old, new)):
            file.write_text(secret + "\n")
        hook = self.receiver()
        world = self.world(sinks=[webhook("hook", hook, secret=[{"file": str(f)} for f in files])])
        world.daemon.client("test-alert", expect=0)
        for secret in (old, new):
            self.assertTrue(harness.signature_holds(hook.seen()[0], secret))
        files[0].write_text(third + "\n")
        world.daemon.client("test-alert", expect=0)
        self.assertTrue(harness.signature_holds(hook.seen()[1], third))
        self.assertFalse(harness.signature_holds(hook.seen()[1], old))

    # ---- what holds a page back, and what says that we are there

    def test_a_silence_holds_back_the_page_and_not_the_resolve(self):
        world = self.world()
        silence = world.daemon.json("silence", "add", "--for", "1h", "--boundary", "outage", "--reason", "planned work")["id"]
        listed = world.daemon.client("silence", "list", expect=0).text
        self.assertIn("planned work", " ".join(listed.split()))
        world.sim.listener("refused")
        wait_until(lambda: [i for i in world.daemon.status()["incidents"] if i["state"] == "muted"], "the incident is recorded, muted")
        world.daemon.kill()  # a silence outlives a restart
        world.daemon.start()
        before = world.daemon.status()["daemon"]["sweeps_total"]
        wait_until(lambda: world.daemon.status()["daemon"]["sweeps_total"] >= before + 5, "sweeps go on")
        self.assertEqual(world.hook.told(), [])
        world.daemon.client("silence", "expire", silence, expect=0)
        page = world.hook.wait("firing")
        world.daemon.client("silence", "add", "--for", "1h", "--target", "fabric", "--reason", "again", expect=0)
        world.sim.listener("open")
        resolved = world.hook.wait("resolved")
        self.assertEqual(resolved["dedup_key"], page["dedup_key"])

    def test_a_reminder_comes_until_somebody_acknowledges(self):
        world = self.world(alerts={"renotify": "1s", "sinks": []}, start=False)
        world.config["alerts"]["sinks"] = [webhook("hook", world.hook)]
        world.daemon.configure(world.config)
        world.daemon.start()
        self.wait_green(world.daemon)
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        world.hook.wait("reminder", count=2)
        world.daemon.client("ack", page["incident"]["id"], expect=0)
        world.hook.wait("acknowledged")
        reminded = len(world.hook.seen("reminder"))
        before = world.daemon.status()["daemon"]["sweeps_total"]
        wait_until(lambda: world.daemon.status()["daemon"]["sweeps_total"] >= before + 5, "sweeps go on")
        self.assertLessEqual(len(world.hook.seen("reminder")), reminded + 1)  # one may have been on its way

    def test_the_dead_mans_switch_hears_of_us_only_while_sweeps_come_back(self):
        switch = self.receiver()
        sim = self.sim()
        world = self.world(sim=sim, start=False, target={"timeout": "1s"}, heartbeat={"url": switch.url + "/beat", "interval": "1s"})
        world.daemon.start(wait=False)
        wait_until(lambda: len(switch.requests) >= 2, "it is sent")
        self.assertEqual({r.path for r in switch.requests}, {"/beat"})
        sim.listener("refused")  # a platform that is down is no reason to be silent
        world.hook.wait("firing")
        before = len(switch.requests)
        wait_until(lambda: len(switch.requests) >= before + 2, "it goes on while the platform is down")


if __name__ == "__main__":
    unittest.main()
