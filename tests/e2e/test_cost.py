"""What a read costs is counted in instructions, which do not depend on the machine's load: a change that makes it dearer
by more than a tenth is found here, and not by a clock. And what a watch of what is well does not need is not there."""
import pathlib
import shutil
import sys
import unittest

import harness

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import instructions  # noqa: E402

TOLERATED = 1.1


class Cost(harness.Case):
    @unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
    def test_a_read_costs_no_more_instructions_than_it_did(self):
        for name, was in instructions.kept().items():
            now = instructions.measure(self.directory)[name]
            self.assertLessEqual(now, was * TOLERATED, f"{name}: {now:,} instructions, {was:,} when it was last kept "
                                 "(tests/bench/instructions.py --write keeps what it is now)")

    def test_what_packs_evidence_is_loaded_for_the_first_evidence(self):
        world = self.world()
        loaded = lambda: pathlib.Path(f"/proc/{world.daemon.process.pid}/maps").read_text()
        harness.wait_until(lambda: world.daemon.status()["targets"][0]["sweeps_total"] > 1, "it watches")
        self.assertNotIn("libarchive", loaded())
        world.sim.fault("/health", "bad_gateway")
        self.assertTrue(world.hook.wait("firing")["evidence"]["snapshot"])
        self.assertIn("libarchive", loaded())


if __name__ == "__main__":
    unittest.main()
