"""What is written beside the programs knows all of the programs: man pages and completions against --help, the loader's
schema, the log's message ids and the words of the events. Completions are run in the shells that are installed."""
import json
import os
import re
import shutil
import subprocess
import unittest

import harness
from harness import wait_until

MAN = harness.ROOT / "packaging" / "man"
COMPLETION = harness.ROOT / "packaging" / "completion"
PAGES = ("readback.1", "readback.yaml.5", "readbackd.8")


def help_of(program, *words):
    done = subprocess.run([program, *words, "--help"], capture_output=True, text=True, timeout=harness.LIMIT)
    if done.returncode != 0:
        raise AssertionError(f"{program} {words}: {done.stderr}")
    return done.stdout


def options_in(text):
    return set(re.findall(r"^  (?:-\w,)?(-{1,2}[\w-]+)", re.sub(r"^  (-\w),(--)", r"  \1\n  \2", text, flags=re.M), re.M))


def commands_in(text):
    part = text.partition("Subcommands:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  (\S+)  ", part, re.M)


def commands_of_client():
    """Every command as its words: ["status"], ["snapshot", "pull"] …"""
    found = []
    for command in commands_in(help_of(harness.CLIENT)):
        below = commands_in(help_of(harness.CLIENT, command))
        found += [[command, sub] for sub in below] or [[command]]
    return found


def source(name):
    return (MAN / name).read_text()


def options_of_macros(text):
    """`Fl -json`, `Fl o , Fl -output`: as they are typed."""
    return {"-" + word for word in re.findall(r"\bFl ([\w-]+)", text)}


EVERYWHERE = {"-h", "--help", "--json", "--socket"}


class ManPages(unittest.TestCase):
    def test_they_are_clean(self):
        for page in PAGES:
            with self.subTest(page):
                done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", MAN / page], capture_output=True,
                                      text=True, env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}, timeout=harness.LIMIT)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertGreater(len(done.stdout), 2000)

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_finds_nothing(self):
        done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *(MAN / p for p in PAGES)], capture_output=True, text=True,
                              timeout=harness.LIMIT)
        self.assertEqual(done.stdout, "")

    def test_every_command_and_option_of_the_client_is_there_and_no_other(self):
        page = source("readback.1").partition(".Sh COMMANDS")[2].partition(".Sh ENVIRONMENT")[0]
        described = {}
        for item in re.split(r"^\.It Ic ", page, flags=re.M)[1:]:
            line = item.partition("\n")[0]
            words = re.match(r"[a-z-]+(?: (?!Op|Oo|Ar|Fl)[a-z]+)?", line)[0].split()
            described[" ".join(words)] = options_of_macros(line)
        commands = commands_of_client()
        self.assertGreaterEqual(len(commands), 20)
        self.assertEqual(sorted(described), sorted(" ".join(c) for c in commands))
        for command in commands:
            with self.subTest(" ".join(command)):
                self.assertEqual(described[" ".join(command)], options_in(help_of(harness.CLIENT, *command)) - EVERYWHERE)
        options = source("readback.1").partition(".Sh OPTIONS")[2].partition(".Sh COMMANDS")[0]
        self.assertEqual(options_of_macros(options), options_in(help_of(harness.CLIENT)))

    def test_every_option_of_the_daemon_is_there_and_no_other(self):
        page = source("readbackd.8").partition(".Sh OPTIONS")[2].partition(".Sh SIGNALS")[0]
        described = options_of_macros("\n".join(re.findall(r"^\.It .*", page, re.M)))
        self.assertEqual(described, options_in(help_of(harness.DAEMON)))

    def test_every_key_of_the_configuration_is_there_with_its_default_and_no_other(self):
        schema = json.loads((harness.ROOT / "config" / "readback.schema.json").read_text())
        sections = {}
        for part in re.split(r"^\.Ss ", source("readback.yaml.5").partition(".Sh KEYS")[2].partition(".Sh FILES")[0], flags=re.M)[1:]:
            keys = {}
            for line in re.findall(r"^\.It Ic (.*)", part, re.M):
                default = re.search(r"Pq Cm (\S+)", line)
                keys[line.split()[0]] = default[1] if default else None
            for name in part.partition("\n")[0].split(", "):
                sections[name] = keys
        expected = {}

        def visit(node, where):
            if "$ref" in node:
                node = schema["$defs"][node["$ref"].rpartition("/")[2]] if node["$ref"].count("/") == 2 else {}
            for branch in (*node.get("anyOf", []), *node.get("allOf", [])):
                visit(branch, where)
            properties, more = node.get("properties", {}), node.get("additionalProperties")
            a_secret = len(properties) == 1 and set(properties) <= {"credential", "file", "env"}
            if more is False and "patternProperties" not in node and not a_secret:
                expected[where or "The whole"] = {k: v.get("default") for k, v in properties.items()}
            for key, value in properties.items():
                if more is False:
                    visit(value, f"{where}.{key}".lstrip("."))
            if isinstance(more, dict):
                visit(more, where + (".BOUNDARY" if where.endswith("runbooks") else ".NAME"))
            if "items" in node:
                visit(node["items"], where + "[]")

        visit(schema, "")
        self.assertEqual(sorted(sections), sorted(expected))
        for where, keys in expected.items():
            with self.subTest(where):
                spelled = {k: None if d in (None, []) else str(d).lower() if isinstance(d, bool) else str(d) for k, d in keys.items()}
                self.assertEqual(sections[where], spelled)

    def test_every_example_configuration_in_them_is_fine(self):
        examples = re.findall(r"\.Bd -literal.*?\n(.*?)\.Ed", source("readback.yaml.5").partition(".Sh EXAMPLES")[2], re.S)
        self.assertEqual(len(examples), 2)
        for text in examples:
            done = subprocess.run([harness.DAEMON, "--config", "/dev/stdin", "--check-config"], input=text, capture_output=True,
                                  text=True, timeout=harness.LIMIT)
            self.assertNotRegex(done.stderr, harness.MISTAKE, text)

    def test_every_message_id_is_there(self):
        code = (harness.ROOT / "daemon" / "platform" / "log.cpp").read_text()
        known = dict(re.findall(r'\{"([a-z.]+)", "([0-9a-f]{32})"\}', code))
        self.assertGreater(len(known), 15)
        self.assertEqual(dict(re.findall(r"^\.It ([a-z.]+) Ta ([0-9a-f]{32})$", source("readbackd.8"), re.M)), known)
        self.assertEqual(len(set(known.values())), len(known))
        rooms = "daemon|sink|heartbeat|control|sweep|store|config|tls|sandbox|snapshot|silence"
        told = {kind for room in ("daemon", "core") for file in (harness.ROOT / room).rglob("*.cpp")
                for kind in re.findall(rf'"((?:{rooms})\.[a-z]+)"', file.read_text())}
        self.assertGreater(len(told), 20)
        self.assertEqual(told - set(known), set(), "every kind of line that is written has its id")

    def test_every_event_is_there(self):
        header = (harness.ROOT / "core" / "model" / "alert_event.hpp").read_text()
        words = re.search(r"enum class EventKind \{([^}]*)\}", header)[1]
        events = [w.strip() for w in re.sub(r"//.*", "", words).replace("\n", " ").split(",") if w.strip()]
        page = source("readbackd.8").partition(".Sh EVENTS")[2].partition(".Sh EXAMPLES")[0]
        self.assertEqual(sorted(re.findall(r"^\.It (\w+)$", page, re.M)), sorted(events))

    def test_every_variable_that_the_programs_ask_for_is_there(self):
        asked = set()
        for file in (harness.ROOT / "daemon").rglob("*.cpp"):
            asked |= set(re.findall(r'getenv\("(\w+)"\)', file.read_text()))
        described = set(re.findall(r"\b[A-Z][A-Z_]{4,}\b", source("readback.1") + source("readbackd.8")))
        self.assertLessEqual(asked, described)


class Completion(harness.Case):
    def started(self):
        """A daemon with an incident, so that there is something to complete; its socket in the environment."""
        hook = self.receiver()
        sim = self.sim()
        sim.listener("refused")
        daemon = self.daemon({"targets": [harness.fast_target(sim.url)],
                              "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]}}).start()
        page = hook.wait("firing")
        return daemon, page

    def environment(self, socket="/nowhere/control.sock"):
        return {**os.environ, "PATH": f"{harness.BUILD}:{os.environ['PATH']}", "READBACK_SOCKET": str(socket)}

    def bash(self, line, socket="/nowhere/control.sock"):
        words = line.split(" ")
        script = (f"source {COMPLETION}/readback.bash; COMP_WORDS=({' '.join(repr(w) for w in words)}); "
                  f"COMP_CWORD={len(words) - 1}; _readback; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=harness.LIMIT,
                              env=self.environment(socket), cwd=self.directory)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def fish(self, line, socket="/nowhere/control.sock"):
        done = subprocess.run(["fish", "--no-config", "-c", f"source {COMPLETION}/readback.fish; complete -C '{line}'"],
                              capture_output=True, text=True, timeout=harness.LIMIT, cwd=self.directory,
                              env={**self.environment(socket), "HOME": str(self.directory)})
        self.assertEqual(done.stderr, "")
        return {line.split("\t")[0] for line in done.stdout.splitlines()}

    def completers(self):
        yield self.bash
        if shutil.which("fish"):
            yield self.fish

    def test_every_command_and_option_is_offered(self):
        for complete in self.completers():
            self.assertLessEqual(set(commands_in(help_of(harness.CLIENT))), complete("readback "))
            for command in commands_of_client():
                if len(command) == 2:
                    self.assertIn(command[1], complete(f"readback {command[0]} "))
                for option in options_in(help_of(harness.CLIENT, *command)):
                    with self.subTest(f"{complete.__name__}: {' '.join(command)} {option}"):
                        dashes = "--" if option.startswith("--") else "-"
                        offered = complete(f"readback {' '.join(command)} {dashes}")
                        if option != "-h":
                            self.assertIn(option, offered)

    def test_nothing_is_offered_that_is_not_there(self):
        for complete in self.completers():
            commands = {w for w in complete("readback ") if not w.startswith("-")}
            self.assertEqual(commands, set(commands_in(help_of(harness.CLIENT))))
            for command in commands_of_client():
                known = options_in(help_of(harness.CLIENT, *command)) | EVERYWHERE
                offered = {w for w in complete(f"readback {' '.join(command)} -") if w.startswith("-")}
                with self.subTest(f"{complete.__name__}: {' '.join(command)}"):
                    self.assertLessEqual(offered, known)

    def test_zsh_knows_the_same(self):
        text = (COMPLETION / "_readback").read_text()
        listed = re.search(r"commands=\((.*?)\n      \)", text, re.S)[1]
        self.assertEqual(set(re.findall(r"^ *'([a-z-]+):", listed, re.M)), set(commands_in(help_of(harness.CLIENT))))
        known = set()
        for command in commands_of_client():
            known |= options_in(help_of(harness.CLIENT, *command))
        self.assertEqual(set(re.findall(r"--[a-z0-9-]+", re.sub(r"(?m)^ *#.*|command readback.*", "", text))) - {"--version"},
                         {o for o in known | EVERYWHERE if o.startswith("--")} | {"--all"})
        if shutil.which("zsh"):
            subprocess.run(["zsh", "-n", COMPLETION / "_readback"], check=True, timeout=harness.LIMIT)

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_completes(self):
        """A zsh on a pseudo-terminal, to which Tab is pressed."""
        script = f"""
zmodload zsh/zpty
zpty z 'zsh -f -i'
zpty -w z "PS1=; fpath=({COMPLETION} \\$fpath); autoload -Uz compinit; compinit -u -D; zstyle ':completion:*' list-prompt ''"
zpty -w z "LISTMAX=1000; print RE''ADY"
zpty -r z line '*READY*' || exit 1
zpty -w -n z $'readback snap\\t'
zpty -r -t z line; zpty -r z line '*snapshot*' && print -r -- "$line"
zpty -w -n z $'pu\\t'
zpty -r z line '*pull*' && print -r -- "$line"
zpty -d z
"""
        done = subprocess.run(["timeout", "20", "zsh", "-f", "-c", script], capture_output=True, text=True, timeout=harness.LIMIT,
                              env={**self.environment(), "HOME": str(self.directory), "TERM": "dumb"}, cwd=self.directory)
        self.assertIn("snapshot", done.stdout, done.stdout + done.stderr)
        self.assertIn("pull", done.stdout, done.stdout + done.stderr)

    def test_ids_targets_and_sinks_come_from_the_daemon_and_nothing_breaks_without_one(self):
        daemon, page = self.started()
        for complete in self.completers():
            with self.subTest(complete.__name__):
                for command in ("incident", "ack", "verify", "resolve", "report"):
                    self.assertIn(page["incident"]["id"][-8:], complete(f"readback {command} ", daemon.socket))
                    self.assertIn("latest", complete(f"readback {command} "))
                self.assertIn(page["evidence"]["snapshot"][-8:], complete("readback snapshot pull ", daemon.socket))
                self.assertEqual(complete("readback status --target f", daemon.socket), {"fabric"})
                self.assertIn("hook", complete("readback test-alert ", daemon.socket))
                self.assertNotIn("hook", complete("readback test-alert "))
                begin = page["incident"]["id"][-8:][:5]
                self.assertEqual(complete(f"readback incident {begin}", daemon.socket), {page["incident"]["id"][-8:]})

    def run_line(self, line, daemon):
        line = line.replace("/run/readback/control.sock", str(daemon.socket))
        done = subprocess.run(["timeout", "5", "bash", "-c", line], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env=self.environment(daemon.socket), cwd=self.directory, timeout=harness.LIMIT)
        if line == "readback fleet":  # this daemon is in none
            self.assertEqual((done.returncode, done.stdout), (3, ""))
            self.assertIn("this host is in no fleet", done.stderr)
            return
        # 0 to 2 are answers (red, or conditions that do not hold yet); watch goes on until it is interrupted.
        self.assertIn(done.returncode, (0, 1, 2, *([124] if line == "readback watch" else [])), f"{line}\n{done.stdout}{done.stderr}")
        self.assertNotRegex(done.stderr, r"(?i)usage|not expected|no such command")
        self.assertTrue(done.stdout or ">" in line, f"{line}: it says nothing")

    def test_every_example_of_the_man_page_runs(self):
        daemon, _ = self.started()
        shutil.copy(daemon.config_path, self.directory / "new.yaml")
        examples = source("readback.1").partition(".Sh EXAMPLES")[2]
        lines = [l for block in re.findall(r"\.Bd -literal.*?\n(.*?)\.Ed", examples, re.S) for l in block.splitlines()]
        lines += re.findall(r"^\.Dl (.*)$", examples, re.M)
        self.assertGreaterEqual(len(lines), 9)
        for line in lines:
            with self.subTest(line):
                self.run_line(line, daemon)

    def test_every_example_of_the_help_runs(self):
        daemon, _ = self.started()
        sim = self.sim(name="another")
        silence = json.loads(daemon.client("--json", "silence", "add", "--for", "1h", "--reason", "test", expect=0).text)["id"]
        for name in ("bundle", "before", "after"):
            daemon.client("snapshot", "pull", "latest", "-o", self.directory / f"{name}.tar.zst", expect=0)
        (self.directory / "host-7.pub").write_bytes(daemon.client("snapshot", "key", expect=0).stdout)
        daemon.client("sweep", expect=0)
        (self.directory / "reads.jsonl").write_bytes(daemon.client("export", expect=0).stdout)
        for command in [[], *commands_of_client()]:
            text = help_of(harness.CLIENT, *command)
            example = re.search(r"^Example: (.*)$", text, re.M)[1]
            with self.subTest(example):
                self.assertTrue(example.startswith(" ".join(["readback", *command])))
                line = example.replace("https://fabric.example:38080", sim.url)
                self.run_line(re.sub(r"\bID$", silence, line), daemon)

    def test_words_and_files_where_they_belong(self):
        (self.directory / "bundle.tar.zst").write_text("")
        for complete in self.completers():
            with self.subTest(complete.__name__):
                self.assertEqual(complete("readback symptom x --extent t"), {"total"})
                self.assertEqual(complete("readback silence add --boundary sec"), {"security"})
                self.assertIn("bundle.tar.zst", complete("readback snapshot verify bun"))
                self.assertIn("bundle.tar.zst", complete("readback snapshot pull -o bun"))


if __name__ == "__main__":
    unittest.main()
