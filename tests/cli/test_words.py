"""What is derived from --help, or must agree with it: man pages, completion, the list of reports."""
import os
import re
import shutil
import subprocess
import unittest

from kit import Case, COMMAND, TREE


class ManPages(Case):
    def setUp(self):
        super().setUp()
        subprocess.run([os.path.join(TREE, "tools", "make-man"), COMMAND, self.path("man")], check=True)
        self.pages = {}
        for name in os.listdir(self.path("man")):
            with open(self.path("man/" + name), encoding="utf-8") as f:
                self.pages[name] = f.read()

    def test_one_page_a_command_with_all_its_options(self):
        want = {"cloud-boot-%s.1" % n.replace(" ", "-") for n in self.commands()} | {"cloud-boot.1"}
        self.assertEqual(set(self.pages), want)
        for name in self.commands():
            page = self.pages["cloud-boot-%s.1" % name.replace(" ", "-")].replace("\\-", "-")
            text = self.ok(*name.split(), "--help")
            for part in (".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", ".SH EXAMPLES"):
                self.assertEqual(page.count(part + "\n"), 1, name)
            options = re.findall(r"^  (?:-., )?(--[a-z-]+)", text.split("\noptions:\n")[1], re.M)
            self.assertIn("--help", options)
            for option in options:
                self.assertRegex(page, r"(?m)^\.B .*%s( |$)" % option)
            for line in text.split("\nexamples:\n")[1].splitlines():
                self.assertIn(line.strip(), page)

    def test_the_overview_names_every_command(self):
        page = self.pages["cloud-boot.1"].replace("\\-", "-")
        for name in self.commands():
            self.assertIn("cloud-boot-%s " % name.replace(" ", "-"), page.replace("\"(1)", " (1)")
                          .replace(" \"", " "))
        version = self.ok("version").split()[1]
        self.assertIn("cloud-boot %s" % version, page.splitlines()[0])

    @unittest.skipUnless(shutil.which("groff"), "no groff")
    def test_roff_is_clean(self):
        for name in self.pages:
            done = subprocess.run(["groff", "-man", "-ww", "-Tascii", "-z", self.path("man/" + name)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, b""), name)


class Completion(Case):
    def complete(self, *words):
        script = ("source '%s/packaging/cloud-boot.bash'; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
                  "_cloud_boot; printf '%%s\\n' \"${COMPREPLY[@]}\"" % TREE)
        out = subprocess.run(["bash", "-c", script, "bash", COMMAND, *words], stdout=subprocess.PIPE,
                             check=True, cwd=self.dir).stdout.decode()
        return out.split()

    def test_bash(self):
        self.path("disk.raw", b"")
        self.assertEqual(self.complete("ver"), ["version"])
        self.assertEqual(set(self.complete("")), {n.split()[0] for n in self.commands()} |
                         {"--help", "--version"})
        self.assertEqual(self.complete("fs", "s"), ["stat", "sum"])
        self.assertEqual(self.complete("build", "--ker"), ["--kernel"])
        self.assertEqual(self.complete("build", "--arch", "aa"), ["aarch64"])
        self.assertEqual(self.complete("fs", "ls", "di"), ["disk.raw"])
        self.assertEqual(self.complete("fs", "ls", "--rec"), ["--recursive"])


class Reports(Case):
    def test_every_number_is_explained(self):
        with open(os.path.join(TREE, "uki", "host.h"), encoding="utf-8") as f:
            numbers = re.findall(r"CB_REPORT_\w+ = (\d{4})", f.read())
        with open(os.path.join(TREE, "docs", "errors.md"), encoding="utf-8") as f:
            rows = re.findall(r"^\| CB-(\d{4}) \|", f.read(), re.M)
        self.assertGreater(len(numbers), 5)
        self.assertEqual([n for n in numbers if n not in rows], [])
        self.assertEqual(len(rows), len(set(rows)))
