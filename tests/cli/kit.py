"""What the tests of the host command share: run it, look at its report, a folder to work in."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

COMMAND = os.path.abspath(os.environ["CLOUD_BOOT"])
TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get("CLOUD_BOOT_SHARED", os.path.join(os.path.dirname(TREE), "shared"))


class Case(unittest.TestCase):
    """One test, in an empty folder that goes away after it."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="cloud-boot-cli-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, name, data=None):
        path = os.path.join(self.dir, name)
        if data is not None:
            with open(path, "wb") as f:
                f.write(data)
        return path

    def run_it(self, *words, env=None, stdout=subprocess.PIPE):
        """Exit status, standard output and standard error of `cloud-boot WORDS`."""
        p = subprocess.run([COMMAND, *words], stdin=subprocess.DEVNULL, stdout=stdout,
                           stderr=subprocess.PIPE, cwd=self.dir, timeout=300,
                           env=dict(os.environ, **(env or {})), check=False)
        err = p.stderr.decode()
        self.assertNotIn("Sanitizer", err)
        self.assertNotIn("runtime error", err)
        self.assertGreaterEqual(p.returncode, 0, err)
        return p.returncode, p.stdout, err

    def ok(self, *words, **kw):
        status, out, err = self.run_it(*words, **kw)
        self.assertEqual(status, 0, err)
        return out.decode()

    def fails(self, status, text, *words, **kw):
        """It exits with this status and one report: what, then what to do, then its number."""
        got, out, err = self.run_it(*words, **kw)
        self.assertEqual(got, status, err)
        self.assertFalse(out, out)
        self.assertIn(text, err)
        self.assertRegex(err, r"(?s)\A(.*\n)?cloud-boot: [^\n]+\n(  what to do: [^\n]+\n)?  CB-2\d{3}\n\Z")
        self.assertEqual(err.count("cloud-boot: "), 1, err)
        number = re.search(r"CB-(\d+)", err).group(1)
        with open(os.path.join(TREE, "docs", "errors.md"), encoding="utf-8") as f:
            self.assertIn("CB-" + number, f.read())
        return err

    def commands(self):
        """The names in the list of --help."""
        text = self.ok("--help").split("commands:\n")[1].split("\n\n")[0]
        return [m.group(1) for m in re.finditer(r"^  (\S+(?: \S+)?)  ", text, re.M)]
