"""The configuration's schema, judged by a validator that nobody here wrote, agrees with readbackd about every example."""
import json
import re
import subprocess
import tempfile
import unittest

import harness

try:
    import jsonschema
    import yaml
except ImportError as missing:  # named by the tests that need it
    jsonschema, reason = None, str(missing)

EXAMPLES = harness.ROOT / "tests" / "config"
SCHEMA = harness.ROOT / "config" / "readback.schema.json"
SHIPPED = harness.ROOT / "config" / "readback.yaml"
OFFERED = harness.ROOT / "packaging" / "examples" / "readback.yaml"


def read_yaml(text):
    """As YAML 1.2 and every editor of today read it: `yes` is a word and 02:00 no number. Keys are texts."""
    class Core(yaml.SafeLoader):
        yaml_implicit_resolvers = {}

    for tag, pattern, first in (("bool", r"^(true|false)$", "tf"), ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
                                ("float", r"^[-+]?([0-9]*\.[0-9]+|[0-9]+\.)([eE][-+]?[0-9]+)?$", "-+.0123456789"),
                                ("null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""])):
        Core.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), list(first))

    def texts(node):
        if isinstance(node, dict):
            return {str(k): texts(v) for k, v in node.items()}
        return [texts(v) for v in node] if isinstance(node, list) else node
    return texts(yaml.load(text, Core))


@unittest.skipIf(jsonschema is None, "python3-jsonschema or python3-yaml is not installed")
class Schema(unittest.TestCase):
    def setUp(self):
        self.schema = json.loads(SCHEMA.read_text())
        self.validator = jsonschema.Draft202012Validator(self.schema)

    def complaints(self, path):
        return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in
                self.validator.iter_errors(read_yaml(path.read_text()))]

    def test_it_is_a_schema_of_2020_12(self):
        jsonschema.Draft202012Validator.check_schema(self.schema)
        self.assertEqual(self.schema["$schema"], "https://json-schema.org/draft/2020-12/schema")

    def test_what_readbackd_takes_is_valid(self):
        files = [*sorted((EXAMPLES / "good").glob("*.yaml")), SHIPPED]
        self.assertGreaterEqual(len(files), 5)
        for file in files:
            with self.subTest(file.name):
                self.assertEqual(self.complaints(file), [])

    def test_what_readbackd_refuses_is_not(self):
        files = sorted((EXAMPLES / "bad").glob("*.yaml"))
        self.assertGreaterEqual(len(files), 40)
        for file in files:
            with self.subTest(file.name):
                self.assertTrue(self.complaints(file))
                done = subprocess.run([harness.DAEMON, "--config", file, "--check-config"], capture_output=True, text=True,
                                      timeout=harness.LIMIT)
                self.assertEqual(done.returncode, 78, done.stdout + done.stderr)
                self.assertRegex(done.stderr, rf"{re.escape(str(file))}:\d+:\d+: ")

    def test_the_shipped_configuration_is_fine_and_tells_nobody(self):
        done = subprocess.run([harness.DAEMON, "--config", SHIPPED, "--check-config"], capture_output=True, text=True,
                              timeout=harness.LIMIT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("nobody will be paged", done.stderr)

    def test_every_line_that_the_shipped_example_offers_is_fine_too(self):
        """Each commented block, taken in: an operator removes a `#` and it works."""
        text = re.sub(r"^( *)#(?=[a-z ] *[a-z-])(?! )", r"\1", OFFERED.read_text(), flags=re.M)
        text = re.sub(r"^( *)#(  [^ ].*|    .*)$", r"\1\2", text, flags=re.M)
        self.assertIn("\nheartbeat:", text)
        self.assertIn("\n    checks:\n      materialization:\n        role:", text)
        self.assertIn("\n    - {name: pager,", text)
        self.assertEqual([e.message for e in self.validator.iter_errors(read_yaml(text))], [])
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            done = subprocess.run([harness.DAEMON, "--config", file.name, "--check-config"], capture_output=True, text=True,
                                  timeout=harness.LIMIT)
        self.assertNotRegex(done.stderr, harness.MISTAKE)

    def test_every_mistake_is_told_at_once_in_the_order_of_the_file_and_what_the_host_lacks_too(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write("targets:\n  - name: fabric\n    base_url: http://127.0.0.1:1\n    checks:\n"
                       "      a: {command: [true], cwd: /no/such/folder}\n      b: {command: [./absent, --check], cwd: /}\n"
                       "      c: {command: [systemctl, restart, fabric]}\nenviroment: prod\n")
            file.flush()
            done = subprocess.run([harness.DAEMON, "--config", file.name, "--check-config"], capture_output=True, text=True,
                                  timeout=harness.LIMIT)
        self.assertEqual(done.returncode, 78)
        told = re.findall(r":(\d+):\d+: (?!warning)(.*)", done.stderr)
        self.assertEqual([line for line, _ in told], ["5", "6", "7", "8"], done.stderr)
        for (_, text), words in zip(told, ("/no/such/folder is not there", "/./absent is not there",
                                           "appears to mutate: it changes services", "did you mean `environment`")):
            self.assertIn(words, text)


if __name__ == "__main__":
    unittest.main()
