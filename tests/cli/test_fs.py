"""fs ls, cat, stat, sum: over FAT and ext4 volumes made here, raw and qcow2, one image and several."""
import hashlib
import json
import os
import shutil
import subprocess

from kit import Case

MIB = 1 << 20
FILES = {
    "hello.txt": b"hello\n",
    "empty": b"",
    "dir/big.bin": bytes(range(256)) * 9001,
    "dir/sub/a name with blanks and umlaut \u00e4": b"x",
}


def run(*words, **kw):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kw)


class Fs(Case):
    def tree(self, files):
        top = self.path("tree")
        for name, data in files.items():
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(data)
        return top

    def fat(self, name="fat.img", label="FAT", files=None):
        files = FILES if files is None else files
        path = self.path(name)
        run("truncate", "-s", "40M", path)
        run("mkfs.fat", "-F", "32", "-s", "1", "-n", label, path)
        top = self.tree(files)
        run("mcopy", "-i", path, "-s", "-Q", *[os.path.join(top, n) for n in sorted(os.listdir(top))],
            "::/", env=dict(os.environ, LC_ALL="C.UTF-8"))
        return path

    def ext4(self, name="ext4.img", label="ROOT", files=None):
        path = self.path(name)
        top = self.path("tree")
        if not os.path.exists(top):
            self.tree(FILES if files is None else files)
        run("mke2fs", "-q", "-t", "ext4", "-L", label, "-d", top, path, "24M")
        return path

    def disk(self, *volumes):
        """A GPT disk with these images as its partitions."""
        path = self.path("disk.raw")
        run("truncate", "-s", "%d" % (8 * MIB + sum(os.path.getsize(v) for v in volumes)), path)
        at = MIB
        for v in volumes:
            size = os.path.getsize(v)
            run("sgdisk", "-a", "1", "-n", "0:%d:+%d" % (at // 512, size // 512), path)
            run("dd", "if=" + v, "of=" + path, "bs=1M", "seek=%d" % (at // MIB), "conv=notrunc")
            at += size
        return path

    def check_sums(self, image, *options):
        want = sorted("%s  /%s" % (hashlib.sha256(d).hexdigest(), n) for n, d in FILES.items())
        got = sorted(self.ok("fs", "sum", "-r", *options, image, "/").splitlines())
        self.assertEqual([g for g in got if "/lost+found/" not in g], want)


class Reading(Fs):
    def test_sums(self):
        self.check_sums(self.fat())
        self.check_sums(self.ext4())

    def test_order_is_by_names(self):
        paths = [line.split("  ", 1)[1] for line in self.ok("fs", "sum", "-r", self.fat(), "/").splitlines()]
        self.assertEqual(paths, ["/dir/big.bin", "/dir/sub/a name with blanks and umlaut \u00e4", "/empty",
                                 "/hello.txt"])

    def test_names_are_escaped_as_sha256sum_does(self):
        image = self.ext4(files={"new\nline": b"1", "back\\slash": b"2", "cr\r": b"3"})
        want = subprocess.run("sha256sum -- *", shell=True, cwd=self.path("tree"), check=True,
                              stdout=subprocess.PIPE).stdout.decode().splitlines()
        got = self.ok("fs", "sum", "-r", image, "/").replace("  /", "  ").splitlines()
        self.assertEqual(sorted(got), sorted(want))

    def test_cat(self):
        image = self.ext4()
        status, out, _ = self.run_it("fs", "cat", image, "/dir/big.bin")
        self.assertEqual((status, out), (0, FILES["dir/big.bin"]))
        self.assertEqual(self.run_it("fs", "cat", image, "empty")[:2], (0, b""))

    def test_ls(self):
        image = self.ext4()
        self.assertEqual(self.ok("fs", "ls", image, "/").split(), ["dir", "empty", "hello.txt", "lost+found"])
        self.assertEqual(self.ok("fs", "ls", image, "/dir").split(), ["big.bin", "sub"])
        self.assertEqual(self.ok("fs", "ls", image, "/hello.txt"), "/hello.txt\n")
        self.assertIn("/dir/sub/a name with", self.ok("fs", "ls", "-R", image, "/"))
        self.assertRegex(self.ok("fs", "ls", "-l", image, "/hello.txt"),
                         r"^-rw-r--r-- +1 +\d+ +\d+ +6 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d /hello.txt\n$")

    def test_links(self):
        self.tree(FILES)
        os.symlink("dir/../hello.txt", self.path("tree/link"))
        os.symlink("/nowhere\x1b", self.path("tree/broken"))
        image = self.ext4()
        self.assertEqual(self.ok("fs", "cat", image, "/link"), "hello\n")
        self.assertIn("/link -> dir/../hello.txt\n", self.ok("fs", "ls", "-Rl", image, "/"))
        self.assertIn("broken -> /nowhere\\x1b\n", self.ok("fs", "ls", "-Rl", image, "/"))
        stat = json.loads(self.ok("fs", "stat", "--json", image, "/link"))
        self.assertEqual((stat["type"], stat["target"], stat["size"]), ("link", "dir/../hello.txt", 16))
        self.assertEqual(json.loads(self.ok("fs", "stat", "-L", "--json", image, "/link"))["type"], "file")
        self.fails(1, "/broken", "fs", "cat", image, "/broken")
        self.check_sums(image)

    def test_stat(self):
        self.tree(FILES)
        os.chmod(self.path("tree/hello.txt"), 0o4751)
        os.utime(self.path("tree/hello.txt"), (5, 1234567890))
        image = self.ext4()
        stat = json.loads(self.ok("fs", "stat", "--json", image, "/hello.txt"))
        self.assertEqual((stat["type"], stat["size"], stat["mode"], stat["mtime"]),
                         ("file", 6, 0o4751, 1234567890))
        text = self.ok("fs", "stat", image, "/hello.txt")
        self.assertIn("mode    4751 -rwxr-x--x\n", text)
        self.assertIn("mtime   2009-02-13 23:31:30 UTC\n", text)


class Choosing(Fs):
    def test_the_only_file_system(self):
        self.check_sums(self.disk(self.fat()))

    def test_several(self):
        fat = self.fat()
        shutil.rmtree(self.path("tree"))
        disk = self.disk(fat, self.ext4(files={"only": b"here"}))
        err = self.fails(1, "several volumes could be meant; there are: vda1 (vfat, LABEL=FAT), "
                         "vda2 (ext4, LABEL=ROOT)", "fs", "ls", disk, "/")
        self.assertIn("CB-2007", err)
        self.check_sums(disk, "--partition", "1")
        self.check_sums(disk, "--fs=vfat")
        for option in (["--partition=2"], ["--fs", "ext4"], ["--device", "LABEL=ROOT"],
                       ["--device=/dev/vda2"]):
            self.assertEqual(self.ok("fs", "cat", *option, disk, "/only"), "here")
        self.fails(1, "no such partition", "fs", "ls", "--partition", "3", disk, "/")
        self.fails(1, "no volume is LABEL=X", "fs", "ls", "--device", "LABEL=X", disk, "/")
        self.fails(2, "exclude each other", "fs", "ls", "--device", "LABEL=X", "--partition=1", disk, "/")
        self.fails(2, "not a number", "fs", "ls", "--partition", "two", disk, "/")

    def test_several_images(self):
        one, two = self.fat(), self.ext4()
        self.check_sums_of(one, two, "--device", "/dev/vda")
        self.check_sums_of(one, two, "--device", "/dev/vdb")

    def check_sums_of(self, one, two, *options):
        out = self.ok("fs", "sum", *options, one, two, "/hello.txt")
        self.assertEqual(out, hashlib.sha256(b"hello\n").hexdigest() + "  /hello.txt\n")

    def test_qcow2(self):
        raw = self.disk(self.ext4())
        run("qemu-img", "convert", "-c", "-O", "qcow2", raw, self.path("disk.qcow2"))
        self.check_sums(self.path("disk.qcow2"))
        run("qemu-img", "create", "-f", "qcow2", "-b", "disk.qcow2", "-F", "qcow2", self.path("top.qcow2"),
            cwd=self.dir)
        self.check_sums(self.path("top.qcow2"))


class Mistakes(Fs):
    def test_inputs(self):
        self.fails(1, "nowhere: No such file", "fs", "ls", "nowhere", "/")
        self.fails(1, "no file system that we can read", "fs", "ls", self.path("text", b"text\n" * 999), "/")
        self.fails(1, "no file system that we can read", "fs", "ls", self.path("empty", b""), "/")
        self.fails(1, self.dir, "fs", "ls", self.dir, "/")
        self.fails(2, "an operand is missing", "fs", "ls", "/")
        self.fails(2, "operands missing", "fs", "cat")
        self.fails(2, "there are: fs ls, fs cat, fs stat, fs sum", "fs", "rm", "x", "/")
        self.assertIn("fs sum", self.ok("fs", "--help"))

    def test_paths(self):
        image = self.fat()
        self.fails(1, 'no "nothing"', "fs", "cat", image, "/nothing")
        self.fails(1, "/dir", "fs", "cat", image, "/dir")
        self.fails(1, "/dir: a directory: its files need -r", "fs", "sum", image, "/dir")
        self.fails(1, "hello.txt", "fs", "ls", image, "/hello.txt/x")

    def test_damage(self):
        """A corrupt directory is told; what can be read still is."""
        image = self.ext4()
        with open(image, "r+b") as f:
            data = bytearray(f.read())
            at = data.index(b"big.bin")
            data[at - 4:at - 2] = b"\xff\xff"
            f.seek(0)
            f.write(data)
        status, out, err = self.run_it("fs", "sum", "-r", image, "/")
        self.assertEqual(status, 1)
        self.assertIn("  /hello.txt\n", out.decode())
        self.assertIn("warning: /dir", err)
        self.assertIn("1 files could not be read", err)
