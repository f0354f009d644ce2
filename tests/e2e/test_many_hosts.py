"""One platform, seven hosts, three clustered servers: one truth and one page, whoever dies. Everything is real but the
platform; each daemon has ways of its own to it and to the servers."""
import json
import shutil
import signal
import threading
import time

import harness
import hosts
from harness import wait_until

LONG = True


class OnePage(harness.Case):
    def fleet(self, **more):
        return hosts.Fleet(self, **more).start()

    def ends(self, fleet, boundary="outage"):
        """The platform is well again; what was paged is ended, by whomever, with the key that it was paged with."""
        fleet.sim.reset()
        wait_until(lambda: "resolved" in fleet.events(boundary), lambda: "its end\n" + fleet.story(), 60)
        keys = {r.json["dedup_key"] for r in fleet.hook.seen(boundary=boundary)}
        self.assertEqual(keys, {f"test/fabric/{boundary}"} if boundary != "observer" else keys)

        def all_over():
            return all(not h.daemon.status()["incidents"] and not h.view()["claims"] for h in fleet.hosts
                       if h.daemon.process.running())

        wait_until(all_over, lambda: "nothing is open on any host\n" + fleet.story(), 60)

    def test_an_outage_that_all_see_is_one_page_with_one_end(self):
        fleet = self.fleet()
        began = time.monotonic()
        fleet.sim.listener("refused")
        page = fleet.hook.wait("firing")
        print(f"seven hosts: {time.monotonic() - began:.1f} s from the failure to the page")
        said = page["fleet"]
        self.assertFalse(said["alone"])
        self.assertGreater(len(said["seen_from"]), len(said["not_from"]))
        fleet.quiet()
        self.assertEqual(fleet.events(), ["firing"])
        for host in fleet.hosts:
            firing = [i["boundary"] for i in host.daemon.status()["incidents"] if i["state"] == "firing"]
            self.assertEqual(firing, ["outage"], host.name)
        self.ends(fleet)
        fleet.quiet()
        self.assertEqual(fleet.events(), ["firing", "recovered", "resolved"])
        self.decides_the_same_again(fleet.hosts[0])
        wait_until(lambda: fleet.published() == 3, lambda: f"three events on the stream, not {fleet.published()}")

    def decides_the_same_again(self, host):
        """What it has recorded of the votes is replayed."""
        tape = self.directory / "reads.jsonl"
        tape.write_text(host.daemon.client("export", "--since", "1h", expect=0).text)
        replayed = host.daemon.client("replay", tape, "--config", host.daemon.config_path, expect=0).text
        events = [json.loads(line) for line in replayed.splitlines() if '"event"' in line]
        told = [e["event"] for e in events if e["boundary"] == "outage"]
        self.assertEqual((told[0], told[-1]), ("firing", "resolved"), replayed)
        self.assertEqual((told.count("firing"), told.count("resolved")), (1, 1), replayed)

    def test_one_hosts_own_way_is_its_own_matter(self):
        fleet = self.fleet()
        lone = fleet.hosts[3]
        lone.way.cut()
        page = fleet.hook.wait("firing")
        self.assertEqual((page["incident"]["boundary"], page["incident"]["severity"], page["host"]),
                         ("observer", "warning", lone.name))
        self.assertTrue(page["dedup_key"].endswith(lone.name), page["dedup_key"])
        fleet.quiet()
        self.assertEqual(fleet.told(), [("firing", lone.name)])
        lone.way.mend()
        fleet.hook.wait("resolved")
        fleet.quiet()
        self.assertEqual(fleet.told(), [("firing", lone.name), ("resolved", lone.name)])

    def test_what_three_of_seven_cannot_reach_is_the_way_and_one_page(self):
        fleet = self.fleet()
        cut = fleet.hosts[:3]
        for host in cut:
            host.way.cut()
        page = fleet.hook.wait("firing")
        self.assertEqual((page["incident"]["boundary"], page["incident"]["severity"]), ("observer", "error"))
        self.assertIn("3 of 7 hosts cannot reach fabric", page["summary"])
        fleet.quiet()
        self.assertEqual(fleet.events(), ["firing"])
        for host in fleet.hosts[3:5]:
            host.way.cut()
        outage = fleet.hook.wait("firing", "outage")
        self.assertGreater(len(outage["fleet"]["seen_from"]), len(outage["fleet"]["not_from"]))
        for host in fleet.hosts[:5]:
            host.way.mend()
        wait_until(lambda: fleet.events().count("resolved") == 2, lambda: "both ends\n" + fleet.story(), 60)

    def speaker_dies(self, answers):
        """At its first page, once the receiver has read it; the receiver answers so, or not at all."""
        fleet = self.fleet()
        dead = []

        def kill_and_answer(request):
            dead.append(fleet.host(request.json["host"]))
            dead[0].daemon.process.kill()
            return answers

        fleet.hook.program = [kill_and_answer]
        fleet.sim.listener("refused")
        wait_until(lambda: dead, "a page")
        dead[0].daemon.process.wait()
        return fleet, dead[0]

    def test_the_speaker_dies_before_the_receiver_answers(self):
        fleet, dead = self.speaker_dies("close")
        wait_until(lambda: "firing" in fleet.events(), lambda: "another host speaks\n" + fleet.story(), 60)
        self.assertNotEqual(fleet.told()[0][1], dead.name)
        dead.daemon.start()
        fleet.wait_together()
        self.ends(fleet)
        self.assertEqual(fleet.events("outage").count("firing"), 1)

    def test_the_speaker_dies_after_the_receiver_has_answered(self):
        fleet, dead = self.speaker_dies(204)
        dead.daemon.start()
        fleet.wait_together()
        fleet.quiet()
        self.ends(fleet)
        self.assertIn(fleet.events("outage").count("firing"), (1, 2))  # nobody could note that it was told

    def test_each_host_dies_at_a_step_of_its_way_to_the_page(self):
        """Whoever comes there first dies, is started again as a service manager would, and so on; nothing is lost, and
        told twice is only what a receiver had taken before anybody could note it."""
        for step in ("in_commit:4", "before_send:1", "after_send:1", "before_mark:1", "after_mark:1"):
            with self.subTest(step=step):
                fleet = self.mortal_fleet(step)
                fleet.sim.listener("refused")
                deaths = self.tend(fleet, lambda: "firing" in fleet.events("outage"))
                deaths += self.tend(fleet, lambda: all(self.fires(h) for h in fleet.hosts))
                fleet.sim.reset()
                deaths += self.tend(fleet, lambda: "resolved" in fleet.events("outage"))
                deaths += self.tend(fleet, lambda: not any(h.daemon.status()["incidents"] for h in fleet.hosts))
                self.assertGreater(deaths, 0)
                events = fleet.events("outage")
                print(f"{step}: {deaths} deaths, {events.count('firing')} pages, {events.count('resolved')} ends")
                self.assertLessEqual(events.count("firing"), 1 + deaths, fleet.story())
                self.assertEqual({r.json["dedup_key"] for r in fleet.hook.seen(boundary="outage")},
                                 {"test/fabric/outage"})
                said = len({(r.json["incident"]["boundary"], r.json["event"])
                            for r in fleet.hook.seen(accepted=True)})
                wait_until(lambda: fleet.published() >= said,
                           lambda: f"{said} events on the stream, not {fleet.published()}\n" + fleet.story())
                for host in fleet.hosts:
                    host.daemon.stop()
                fleet.servers[0].kill()
                fleet.hook.close()

    def mortal_fleet(self, step):
        for folder in self.directory.iterdir():  # of the step before
            shutil.rmtree(folder) if folder.is_dir() else folder.unlink()
        fleet = hosts.Fleet(self, hosts=3, servers=1)
        for host in fleet.hosts:
            host.daemon.program, host.daemon.env = harness.MORTAL, {"READBACK_FAULT": step}
        fleet.servers[0].start()
        for host in fleet.hosts:
            host.daemon.start(wait=False)
        self.tend(fleet, lambda: all(h.view()["connected"] and len(h.view()["members"]) == 3 for h in fleet.hosts))
        return fleet

    @staticmethod
    def fires(host):
        return any(i["boundary"] == "outage" and i["state"] == "firing" for i in host.daemon.status()["incidents"])

    def tend(self, fleet, condition):
        """Starts whoever has died, without a fault to come, until the condition holds; how many there were."""
        deaths = 0

        def holds():
            nonlocal deaths
            for host in fleet.hosts:
                if not host.daemon.process.running():
                    deaths += 1
                    host.daemon.env = {}
                    host.daemon.start()
            try:
                return condition()
            except OSError:  # it dies as it is asked
                return False

        wait_until(holds, lambda: "the step is passed\n" + fleet.story(), 60)
        return deaths

    def test_all_servers_gone_each_host_pages_alone_and_together_again_one_ends_it(self):
        fleet = self.fleet()
        for server in fleet.servers:
            server.kill()
        wait_until(lambda: all(not h.view()["connected"] for h in fleet.hosts), "every host knows that it is alone", 60)
        fleet.sim.listener("refused")
        wait_until(lambda: len({h for e, h in fleet.told() if e == "firing"}) == 7,
                   lambda: "each has paged\n" + fleet.story(), 60)
        self.assertTrue(all(r.json["fleet"]["alone"] for r in fleet.hook.seen("firing")))
        self.assertEqual({r.json["dedup_key"] for r in fleet.hook.seen()}, {"test/fabric/outage"})
        for server in fleet.servers:
            server.start()
        fleet.wait_together()
        self.ends(fleet)

    def test_the_leader_of_the_streams_dies_in_the_middle_of_it(self):
        fleet = self.fleet()
        leader = fleet.leader_of("KV_readback_prod_claims")
        fleet.sim.listener("refused")
        leader.kill()
        fleet.hook.wait("firing", limit=60)
        fleet.quiet()
        leader.start()
        fleet.wait_together()
        self.ends(fleet)
        self.assertEqual(fleet.events("outage").count("resolved"), 1)

    def test_everything_is_restarted_in_the_middle_of_an_incident(self):
        fleet = self.fleet()
        fleet.sim.listener("refused")
        fleet.hook.wait("firing")
        for host in fleet.hosts:
            host.daemon.kill()
        for server in fleet.servers:
            server.kill()
        for server in fleet.servers:
            server.start()
        for host in fleet.hosts:
            host.daemon.start()
        fleet.wait_together()
        fleet.quiet()
        self.ends(fleet)
        self.assertEqual(fleet.events("outage").count("resolved"), 1)

    def test_a_host_that_is_silent_is_told_once_and_its_evidence_is_there(self):
        fleet = self.fleet()
        fleet.sim.listener("refused")
        page = fleet.hook.wait("firing")
        speaker = fleet.host(page["host"])
        wait_until(lambda: speaker.view()["unshipped"] == 0, "its evidence is shipped")
        speaker.daemon.kill()
        other = next(host for host in fleet.hosts if host is not speaker)
        listed = other.daemon.json("snapshot", "list", "--fleet")["snapshots"]
        mine = [s for s in listed if s["host"] == speaker.name]
        self.assertTrue(mine, listed)
        self.assertEqual({s["target"] for s in mine}, {"fabric"})
        bundle = self.directory / "dead.tar.zst"
        other.daemon.client("snapshot", "pull", mine[-1]["id"], "-o", bundle, expect=0)
        other.daemon.client("snapshot", "verify", bundle, "--sha256", mine[-1]["sha256"], expect=0)
        wait_until(lambda: any(r.json["incident"]["boundary"] == "observer" for r in fleet.hook.seen("firing")),
                   lambda: "the silent host is told\n" + fleet.story(), 60)
        told = [r.json for r in fleet.hook.seen("firing", "observer")]
        self.assertEqual(len(told), 1)
        self.assertIn(f"{speaker.name} has not been heard since", told[0]["summary"])
        fleet.host(other.name)
        speaker.daemon.start()
        fleet.wait_together()
        self.ends(fleet)

    def test_a_stop_says_goodbye_and_hands_over(self):
        fleet = self.fleet()
        fleet.sim.listener("refused")
        page = fleet.hook.wait("firing")
        speaker = fleet.host(page["host"])
        wait_until(lambda: fleet.holder() is speaker, "it holds the claim")
        self.assertEqual(speaker.daemon.stop(), 0)
        others = [host for host in fleet.hosts if host is not speaker]
        wait_until(lambda: [m["state"] for m in others[0].view()["members"] if m["host"] == speaker.name] == ["left"],
                   "it has left")
        fleet.hosts = others
        self.ends(fleet)
        time.sleep(hosts.SILENT_AFTER + 1)
        self.assertEqual([r.json["summary"] for r in fleet.hook.seen("firing", "observer")], [])


    def test_a_speaker_that_is_stopped_before_the_receiver_has_answered_is_followed_by_no_second_page(self):
        fleet = self.fleet()
        stopping, speakers = threading.Event(), []

        def late(request):
            speakers.append(fleet.host(request.json["host"]))
            stopping.wait(30)
            time.sleep(1)
            return 204

        fleet.hook.program = [late]
        fleet.sim.listener("refused")
        wait_until(lambda: speakers, lambda: "a page is on its way\n" + fleet.story(), 60)
        speakers[0].daemon.process.kill(signal.SIGTERM)
        stopping.set()
        self.assertEqual(speakers[0].daemon.stop(), 0)
        fleet.hosts = [host for host in fleet.hosts if host is not speakers[0]]
        self.ends(fleet)
        self.assertEqual(fleet.events("outage").count("firing"), 1)


class OneServer(harness.Case):
    """What can be wrong with the servers: said where it can be seen, and each host goes on alone."""

    def alone(self, text, **options):
        fleet = hosts.Fleet(self, hosts=2, servers=1, **options)
        fleet.servers[0].start()
        for host in fleet.hosts:
            host.daemon.start()
        wait_until(lambda: all(text in json.dumps(h.view()["troubles"]) for h in fleet.hosts),
                   lambda: f"`{text}` is told\n{fleet.hosts[0].view()}\n{fleet.story()}")
        fleet.sim.listener("refused")
        wait_until(lambda: len({h for e, h in fleet.told() if e == "firing"}) == 2,
                   lambda: "each pages alone\n" + fleet.story(), 60)

    def test_one_server_is_enough_for_one_page(self):
        fleet = hosts.Fleet(self, hosts=3, servers=1).start()
        fleet.sim.listener("refused")
        fleet.hook.wait("firing")
        fleet.quiet()
        self.assertEqual(fleet.events(), ["firing"])
        fleet.sim.reset()
        fleet.hook.wait("resolved")

    def test_a_host_that_stood_still_while_it_failed_knows_what_is_true_now_and_pages_nobody_again(self):
        fleet = hosts.Fleet(self, hosts=3, servers=1).start()
        stands = fleet.hosts[2]
        fleet.sim.listener("refused")
        swept = fleet.swept(stands)
        wait_until(lambda: fleet.swept(stands) > swept, "it has seen it")
        stands.daemon.process.kill(signal.SIGSTOP)
        page = fleet.hook.wait("firing")
        self.assertFalse(page["fleet"]["alone"])
        fleet.sim.reset()
        others = [host for host in fleet.hosts if host is not stands]
        wait_until(lambda: all(not host.daemon.status()["incidents"] for host in others) or
                   page["host"] == stands.name, lambda: "it is over\n" + fleet.story(), 60)
        time.sleep(12)  # it is told to have stood still from 10 s on
        stands.daemon.process.kill(signal.SIGCONT)
        wait_until(lambda: "this host has stood still" in stands.daemon.log(), lambda: fleet.story())
        fleet.wait_together()
        wait_until(lambda: all(not host.daemon.status()["incidents"] for host in fleet.hosts),
                   lambda: "over for all\n" + fleet.story(), 60)
        fleet.quiet()
        self.assertEqual([fleet.events("outage").count(event) for event in ("firing", "resolved")], [1, 1], fleet.story())
        self.assertNotIn("decides alone", stands.daemon.log())

    def test_whoever_waits_is_called_once_when_nobody_acknowledges(self):
        hook, second = self.receiver(), self.receiver()
        sinks = [{"name": name, "type": "webhook", "url": each.url + "/alerts"}
                 for name, each in (("first", hook), ("second", second))]
        fleet = hosts.Fleet(self, hosts=3, servers=1, sinks=sinks, escalate=[{"after": "5s", "sinks": ["second"]}]).start()
        fleet.sim.listener("refused")
        page = hook.wait("firing")
        call = second.wait("firing")
        self.assertIn("NOT ACKNOWLEDGED for ", call["summary"])
        self.assertEqual(call["dedup_key"], page["dedup_key"])
        fleet.sim.reset()
        for each in (hook, second):
            each.wait("resolved")
            self.assertEqual([len(each.seen(event)) for event in ("firing", "resolved")], [1, 1], each.told())

    def test_wrong_credentials(self):
        self.alone("Authorization Violation", accounts="authorization { users: [{user: readback, password: other}] }")

    def test_an_account_without_jetstream(self):
        self.alone("JetStream", accounts="accounts { POOR { users: [{user: readback, password: secret}] } }")

    def test_three_replicas_asked_of_one_server(self):
        self.alone("replicas", replicas=3)
