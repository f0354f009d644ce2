"""What a read costs is counted in instructions, which do not depend on the machine's load: a change that makes it dearer
by more than a tenth is found here, and not by a clock."""
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


if __name__ == "__main__":
    unittest.main()
