"""The command line itself: help for every command, mistakes, versions."""
import json
import os
import unittest

from kit import Case, SHARED


class Help(Case):
    def test_every_command_has_help_with_an_example(self):
        names = self.commands()
        self.assertIn("version", names)
        for name in names:
            text = self.ok(*name.split(), "--help")
            self.assertTrue(text.startswith("cloud-boot %s - " % name), text)
            self.assertIn("usage: cloud-boot %s" % name, text)
            self.assertIn("\nexamples:\n", text)
            self.assertIn("cloud-boot " + name, text.split("\nexamples:\n")[1])
            for line in text.splitlines():
                self.assertLessEqual(len(line), 100, line)
            self.assertEqual(self.ok("help", *name.split()), text)

    def test_help_wins_over_mistakes(self):
        self.assertIn("usage:", self.ok("version", "--nonsense", "--help"))

    def test_version(self):
        version = self.ok("version").split()[1]
        self.assertEqual(json.loads(self.ok("version", "--json"))["version"], version)
        self.assertEqual(self.ok("--version"), self.ok("version"))


class Mistakes(Case):
    def test_commands(self):
        self.fails(2, "no command given")
        self.fails(2, "unknown command 'versoin': did you mean 'version'?", "versoin")
        self.fails(2, "unknown command 'xyzzyxyzzy'", "xyzzyxyzzy")
        self.fails(2, "unknown command '\\x1b[31m'", "\x1b[31m")

    def test_options(self):
        self.fails(2, "'--jsno': did you mean '--json'?", "version", "--jsno")
        self.fails(2, "unknown option '--" + "x" * 63, "version", "--" + "x" * 5000)
        self.fails(2, "--json takes no value", "version", "--json=1")
        self.fails(2, "unknown option '-q'", "version", "-q")
        self.fails(2, "one operand too many: 'now'", "version", "now")

    def test_output_that_can_not_be_written(self):
        with open("/dev/full", "wb") as full:
            status, _, err = self.run_it("version", stdout=full)
        self.assertEqual(status, 1)
        self.assertIn("writing standard output: No space left on device", err)


class CompareVersions(Case):
    def test_order_is_the_exit_status(self):
        for a, b, sign, status in (("6.9", "6.12", "<", 12), ("6.12", "6.12", "==", 0),
                                   ("6.12", "6.9", ">", 11)):
            got, out, _ = self.run_it("compare-versions", a, b)
            self.assertEqual((got, out.decode()), (status, "%s %s %s\n" % (a, sign, b)))

    def test_operators(self):
        holds = {"lt": (1, 0, 0), "le": (1, 1, 0), "eq": (0, 1, 0), "ne": (1, 0, 1), "ge": (0, 1, 1),
                 "gt": (0, 0, 1), "<": (1, 0, 0), "<=": (1, 1, 0), "==": (0, 1, 0), "!=": (1, 0, 1),
                 ">=": (0, 1, 1), ">": (0, 0, 1)}
        for op, want in holds.items():
            got = [self.run_it("compare-versions", a, op, "2")[0] for a in ("1", "2", "3")]
            self.assertEqual(got, [0 if w else 1 for w in want], op)
        self.fails(2, "unknown operator 'about'", "compare-versions", "1", "about", "2")

    def test_operands(self):
        self.fails(2, "an operand is missing", "compare-versions", "1")
        self.assertEqual(self.run_it("compare-versions", "--", "-1", "1")[0], 12)
        out = self.run_it("compare-versions", "--json", 'a"\\', "\t1")[1]
        self.assertEqual(json.loads(out)["a"], 'a"\\')

    @unittest.skipUnless(os.path.isdir(SHARED), "no shared vectors beside the tree")
    def test_vectors(self):
        with open(os.path.join(SHARED, "vectors", "vercmp.jsonl"), encoding="utf-8") as f:
            rows = [json.loads(line) for line in f]
        status = {-1: 12, 0: 0, 1: 11}
        # One process a row: a sample here, every row in the unit tests of lib/boot.
        for row in rows[::8]:
            got = self.run_it("compare-versions", "--", row["a"], row["b"])[0]
            self.assertEqual(got, status[row["expected"]], row)
        self.assertGreater(len(rows), 1000)
