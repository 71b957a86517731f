"""cache-disk: other people's tools on every size, and nothing replaced that isn't ours to replace."""
import json
import os
import subprocess
import unittest

from kit import Case, COMMAND, TREE

SCRIPT = os.path.join(TREE, "uki", "scripts", "make-cache-disk.sh")
SIZES = (64, 100, 256, 512, 1024, 4096)
FAT16 = {4096: (64, 100, 256)}   # fewer than 65525 clusters
PART = 1 << 20


def tool(*argv, **kw):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw).stdout.decode()


def bytes_of(path, first=0, size=-1):
    with open(path, "rb") as f:
        f.seek(first)
        return f.read(size)


def loop_devices():
    return os.geteuid() == 0 and os.path.exists("/dev/loop-control")


class CacheDisk(Case):
    def make(self, *words, **kw):
        return json.loads(self.ok("cache-disk", "--json", *words, **kw))

    def partition(self, image):
        """Its file system in a file of its own."""
        part = self.path("part.img")
        tool("cp", "--sparse=always", image, part)
        tool("fallocate", "-c", "-o", "0", "-l", str(PART), part)
        os.truncate(part, os.path.getsize(image) - 2 * PART)
        return part

    def check_fat(self, image, bits):
        part = self.partition(image)
        self.assertIn("4 files, ", tool("fsck.vfat", "-n", part))
        self.assertIn("FAT%d" % bits, tool("blkid", "-p", "-o", "value", "-s", "VERSION", part))
        self.assertEqual(tool("blkid", "-p", "-o", "value", "-s", "LABEL", part), "CLOUD-BOOT-\n")
        self.assertRegex(tool("mdir", "-i", part, "::/EFI"), r"(?m)^LINUX +<DIR> .* Linux *$")
        os.unlink(part)

    def check_table(self, image, sector):
        """sgdisk takes files for disks of 512 bytes a sector, so the other kind is shown to it as a device."""
        device = image
        if sector != 512:
            if not loop_devices():
                return
            device = tool("losetup", "-f", "--show", "-r", "-b", str(sector), image).strip()
        try:
            self.assertIn("No problems found", tool("sgdisk", "-v", device))
            table = tool("sgdisk", "-i", "1", device)
        finally:
            if device != image:
                tool("losetup", "-d", device)
        self.assertIn("Partition name: 'cloud-boot-cache'", table)
        self.assertIn("C12A7328-F81F-11D2-BA4B-00A0C93EC93B (EFI system partition)", table)
        self.assertIn("First sector: %d " % (PART // sector), table)

    def test_all_sizes_as_others_see_them(self):
        for sector in (512, 4096):
            for mib in SIZES:
                with self.subTest(sector=sector, mib=mib):
                    image = self.path("cache.raw")
                    made = self.make(image, str(mib), "--sector", str(sector))
                    bits = 16 if mib in FAT16.get(sector, ()) else 32
                    self.assertEqual((made["made"], made["size"], made["sector"], made["fat"], made["staged"]),
                                     (True, mib << 20, sector, bits, []))
                    self.assertLess(os.stat(image).st_blocks * 512, 1 << 20)
                    self.check_table(image, sector)
                    self.check_fat(image, bits)
                    self.assertIn("EFI", self.ok("fs", "ls", image, "/"))
                    os.unlink(image)

    def test_it_says_when_it_can_not_be_fat32(self):
        self.assertIn("65525 clusters", self.ok("cache-disk", "a.raw", "--sector", "4096"))
        self.assertNotIn("65525", self.ok("cache-disk", "b.raw"))

    def test_what_is_staged_stays(self):
        image = self.path("cache.raw")
        first = self.make(image)
        tool("mcopy", "-i", image + "@@1M", "-", "::/EFI/Linux/T-vmlinuz.efi", input=b"kernel" * 1000)
        before = bytes_of(image, 0, 8 << 20)
        again = self.make(image)
        self.assertEqual((again["made"], again["partuuid"]), (False, first["partuuid"]))
        self.assertEqual(again["staged"], ["T-vmlinuz.efi"])
        self.assertEqual(self.make(image, "256", "--sector", "512")["made"], False)
        self.assertIn("already there: 256 MiB", self.ok("cache-disk", image))
        self.assertIn("T-vmlinuz.efi", self.ok("cache-disk", image))
        self.fails(1, "a cache disk of 256 MiB, not of 512", "cache-disk", image, "512")
        self.fails(1, "sectors of 512 bytes, not of 4096", "cache-disk", image, "--sector", "4096")
        self.assertEqual(bytes_of(image, 0, 8 << 20), before)
        self.assertEqual(self.make(image, "--force")["staged"], [])

    def test_nothing_else_is_replaced(self):
        text = self.path("notes.txt", b"precious\n")
        err = self.fails(1, "notes.txt is there, and is no cache disk", "cache-disk", text)
        self.assertIn("--force", err)
        self.fails(1, "is no cache disk", "cache-disk", self.path("empty", b""))
        self.fails(1, "a directory, not a file", "cache-disk", "--force", self.dir)
        self.fails(1, "something else, not a file", "cache-disk", "--force", "/dev/null")
        other = self.path("other.raw")
        os.truncate(self.path("other.raw", b""), 64 << 20)
        tool("sgdisk", "-n", "1:2048:0", "-t", "1:ef00", "-c", "1:EFI", other)
        table = bytes_of(other)
        self.fails(1, "is no cache disk", "cache-disk", other, "64")
        self.assertEqual(bytes_of(other), table)
        self.assertEqual(bytes_of(text), b"precious\n")
        self.assertTrue(self.make(text, "--force")["made"])

    def test_a_damaged_one_is_named_and_kept(self):
        image = self.path("cache.raw")
        self.make(image)
        with open(image, "r+b") as f:
            f.seek(PART)
            f.write(bytes(512))
        before = bytes_of(image, 0, 4 << 20)
        self.fails(1, "is a cache disk that can't be read", "cache-disk", image)
        self.assertEqual(bytes_of(image, 0, 4 << 20), before)

    def test_what_can_not_be_read_is_not_replaced(self):
        cut = b"QFI\xfb" + bytes(100)
        self.path("cut.qcow2", cut)
        self.assertRegex(self.fails(1, "cut.qcow2 is there, and is no cache disk: ", "cache-disk", "cut.qcow2"),
                         "--force")
        self.assertEqual(bytes_of(self.path("cut.qcow2")), cut)

    def test_identifiers(self):
        a, b = self.make("a.raw", "64"), self.make("b.raw", "64")
        for key in ("uuid", "partuuid"):
            self.assertRegex(a[key], r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
            self.assertNotEqual(a[key], b[key])
        self.assertNotEqual(a["uuid"], a["partuuid"])
        for name in ("c.raw", "d.raw"):
            self.make(name, "64", "--seed", "vm-1", env={"SOURCE_DATE_EPOCH": "1700000000"})
        self.assertEqual(bytes_of(self.path("c.raw")), bytes_of(self.path("d.raw")))
        self.make("e.raw", "64", "--seed", "vm-2", env={"SOURCE_DATE_EPOCH": "1700000000"})
        self.assertNotEqual(bytes_of(self.path("c.raw")), bytes_of(self.path("e.raw")))

    @unittest.skipUnless(loop_devices(), "needs root and loop devices")
    def test_a_block_device(self):
        for sector in (512, 4096):
            backing = self.path("backing", b"\xff" * 4096)
            os.truncate(backing, 64 << 20)
            device = tool("losetup", "-f", "--show", "-b", str(sector), backing).strip()
            try:
                self.fails(1, "is no cache disk", "cache-disk", device)
                self.fails(2, "say no other size", "cache-disk", "--force", device, "128")
                made = self.make("--force", device)
                self.assertEqual((made["size"], made["sector"]), (64 << 20, sector))
                self.assertFalse(self.make(device)["made"])
            finally:
                tool("losetup", "-d", device)
            self.check_fat(backing, 32 if sector == 512 else 16)
            os.unlink(backing)

    def test_places_that_can_not_be_written(self):
        self.fails(1, "No such file or directory", "cache-disk", "nowhere/cache.raw")
        self.fails(1, "Not a directory", "cache-disk", self.path("file", b"") + "/cache.raw")
        self.assertEqual(os.listdir(self.dir), ["file"])

    def test_mistakes(self):
        for mib in ("63", "4097", "18446744073709551615"):
            self.fails(2, "it is 64 to 4096", "cache-disk", "a.raw", mib)
        for mib in ("0", "-1", "1G", ""):
            self.fails(2, "not a number of MiB", "cache-disk", "--", "a.raw", mib)
        self.fails(2, "a disk needs a file", "cache-disk", "-")
        self.fails(2, "it is one of 512|4096", "cache-disk", "a.raw", "--sector", "2048")
        self.fails(2, "not a number of seconds", "cache-disk", "a.raw", env={"SOURCE_DATE_EPOCH": "x"})
        self.assertEqual(os.listdir(self.dir), [])


class Script(Case):
    def test_the_page(self):
        """uki/scripts/make-cache-disk.sh menu-cache.raw 256"""
        folder = os.path.dirname(COMMAND)
        path = folder + ":" + os.environ["PATH"]
        out = tool(SCRIPT, "menu-cache.raw", "256", cwd=self.dir, env=dict(os.environ, PATH=path))
        self.assertIn("menu-cache.raw: 256 MiB, one EFI system partition, FAT32", out)
        self.assertEqual(os.path.getsize(self.path("menu-cache.raw")), 256 << 20)
        self.assertIn("already there", tool(SCRIPT, "menu-cache.raw", cwd=self.dir))
        self.assertNotEqual(subprocess.run([SCRIPT, "menu-cache.raw", "64"], cwd=self.dir, check=False,
                                           stderr=subprocess.DEVNULL).returncode, 0)

    def test_beside_the_command_and_without_one(self):
        tool("cp", SCRIPT, self.path("make-cache-disk.sh"))
        alone = subprocess.run([self.path("make-cache-disk.sh"), "a.raw"], cwd=self.dir, check=False,
                               stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(alone.returncode, 1)
        self.assertRegex(alone.stderr, rb"no cloud-boot beside this script")
        os.symlink(COMMAND, self.path("cloud-boot"))
        self.assertIn("a.raw: 64 MiB", tool(self.path("make-cache-disk.sh"), "a.raw", "64", cwd=self.dir,
                                            env={"PATH": "/usr/bin:/bin"}))
