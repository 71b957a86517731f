"""nvram: EFI variables in folders and in EDK2 stores, read back by efibootmgr and virt-fw-vars."""
import fcntl
import glob
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import unittest
import uuid

from kit import Case, TREE

sys.path.insert(0, os.path.join(TREE, "tests", "e2e"))
import debs  # noqa: E402

GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
OURS = "c10ddb07-83c5-4d3e-9b76-1f4c0e7a3b8e"
AUTHENTICATED = "aaf32c78-947b-439a-a180-2e144ec37792"
PLAIN = "ddcf3616-3275-4164-98b6-fe85707ffe7d"
FIRMWARE = [p for p in ("/usr/share/OVMF/OVMF_VARS.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd",
                        "/usr/share/OVMF/OVMF_VARS_4M.ms.fd", "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd",
                        "/usr/share/AAVMF/AAVMF_VARS.ms.fd") if os.path.exists(p)]
# Debian 13's, which runs on Debian 12's Python; the second module is part of a newer Python.
VIRT_FW_VARS = ["python3-virt-firmware", "python3-importlib-resources", "python3-pefile"]


def store(size, kind=AUTHENTICATED, volume=None):
    """An empty store as EDK2's build makes it: volume header and block map, store header, erased flash."""
    volume = volume or size
    head = bytes(16) + uuid.UUID("fff12b8d-7696-4c8b-a985-2747075b4f50").bytes_le
    head += struct.pack("<Q4sIHHHBB", volume, b"_FVH", 0x4feff, 72, 0, 0, 0, 2)
    head += struct.pack("<IIII", volume // 4096, 4096, 0, 0)
    head = head[:50] + struct.pack("<H", -sum(struct.unpack("<36H", head)) & 0xffff) + head[52:]
    body = uuid.UUID(kind).bytes_le + struct.pack("<IBBHI", size - 72, 0x5a, 0xfe, 0, 0)
    return (head + body).ljust(volume, b"\xff")


class Nvram(Case):
    def show(self, *where):
        return json.loads(self.ok("nvram", "show", "--json", *where))

    def values(self, *where):
        return {"%s-%s" % (v["name"], v["guid"]): (v["attributes"], v["value"])
                for v in self.show(*where)["variables"]}

    def cache_disk(self):
        path = self.path("cache.raw")
        self.ok("cache-disk", path, "64")
        return path

    def stage(self, disk, *more):
        return self.ok("nvram", "stage", "--disk", disk, "--target", "debian",
                       "--file", "/EFI/Linux/debian-vmlinuz.efi", "--options",
                       r"initrd=\EFI\Linux\debian-initrd root=/dev/vda1 ro", *more)


class Stores(Nvram):
    def test_set_show_unset(self):
        for kind, name in ((PLAIN, "plain"), (AUTHENTICATED, "authenticated")):
            for size, volume in ((65536, 65536), (131072, 262144), (262144, 540672)):
                path = self.path("vars.fd", store(size, kind, volume))
                at = ("--store", path)
                self.ok("nvram", "set", *at, "CloudBootTarget", "primary")
                self.ok("nvram", "set", *at, "BootOrder", "--as", "numbers", "0001,000a")
                self.ok("nvram", "set", *at, "Lang", "--as", "ucs2", "d\u00e9")
                self.ok("nvram", "set", *at, "x-" + OURS, "--as", "hex", "00fF", "--attributes", "bs,0x4")
                console = "PciRoot(0x0)/Pci(0x1,0x0)/Serial(0x0)/Uart(115200,8,N,1)"
                self.ok("nvram", "set", *at, "ConOut", "--as", "path", console)
                self.assertIn("nv,bs,rt  53  %s\n" % console, self.ok("nvram", "show", *at))
                self.ok("nvram", "unset", *at, "ConOut")
                self.ok("nvram", "set", *at, "file", "@" + self.path("value", b"from a file\n"))
                got = self.show(*at)
                self.assertEqual((got["format"], got["size"]), (name, size - 100))
                self.assertEqual(got["boot_order"], ["0001", "000A"])
                self.assertIsNone(got["boot_next"])
                want = {"CloudBootTarget-" + OURS: (7, b"primary".hex()), "BootOrder-" + GLOBAL: (7, "01000a00"),
                        "Lang-" + GLOBAL: (7, "6400e9000000"), "x-" + OURS: (6, "00ff"),
                        "file-" + GLOBAL: (7, b"from a file\n".hex())}
                self.assertEqual(self.values(*at), want)
                self.ok("nvram", "set", *at, "x-" + OURS, "other")  # attributes stay
                self.ok("nvram", "unset", *at, "file")
                want["x-" + OURS] = (6, b"other".hex())
                del want["file-" + GLOBAL]
                self.assertEqual(self.values(*at), want)
                self.assertEqual(os.path.getsize(path), volume)

    def test_reclaim_and_full(self):
        for kind in (PLAIN, AUTHENTICATED):
            path = self.path("vars.fd", store(65536, kind))
            at = ("--store", path)
            self.ok("nvram", "set", *at, "Keep", "me")
            for i in range(12):          # twice what fits
                value = self.path("value", bytes([i]) * 11000)
                self.ok("nvram", "set", *at, "Big", "@" + value)
            self.assertEqual(self.values(*at), {"Keep-" + GLOBAL: (7, b"me".hex()),
                                                "Big-" + GLOBAL: (7, (bytes([11]) * 11000).hex())})
            with open(path, "rb") as f:
                before = f.read()
            value = self.path("value", bytes(60000))
            err = self.fails(1, "full", "nvram", "set", *at, "Big2", "@" + value)
            self.assertIn("CB-2012", err)
            with open(path, "rb") as f:
                self.assertEqual(f.read(), before)

    def test_the_file_stays_what_it_is(self):
        path = self.path("vars.fd", store(65536))
        link = self.path("link.fd")
        os.chmod(path, 0o640)
        os.symlink("vars.fd", link)
        self.ok("nvram", "set", "--store", link, "A", "a")
        self.assertTrue(os.path.islink(link))
        self.assertEqual(os.stat(path).st_mode & 0o7777, 0o640)
        inode = os.stat(path).st_ino
        self.ok("nvram", "reset", "--store", path)       # nothing to do: nothing written
        self.assertEqual(os.stat(path).st_ino, inode)
        self.assertEqual(os.listdir(self.dir).count("vars.fd"), 1)
        self.assertEqual(len(os.listdir(self.dir)), 2)

    def test_in_use(self):
        path = self.path("vars.fd", store(65536))
        with open(path, "r+b") as f:
            lock = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 100, 1, 0)
            fcntl.fcntl(f, 37, lock)                     # F_OFD_SETLK, as QEMU does
            err = self.fails(1, "a running machine has it open", "nvram", "set", "--store", path, "A", "a")
            self.assertIn("CB-2011", err)
            self.ok("nvram", "show", "--store", path)
        with open(path, "r+b") as f:
            fcntl.flock(f, fcntl.LOCK_SH)
            self.fails(1, "a running machine has it open", "nvram", "reset", "--store", path)
        self.ok("nvram", "set", "--store", path, "A", "a")

    def test_refuses(self):
        path = self.path("vars.fd", store(65536))
        at = ("--store", path)
        self.fails(1, "not a UEFI variable store", "nvram", "show", "--store", self.path("x", b"x" * 4096))
        err = self.fails(1, "blank", "nvram", "show", "--store", self.path("x", bytes(4096)))
        self.assertIn("start its machine once", err)
        self.fails(1, "qcow2", "nvram", "show", "--store", self.path("q", b"QFI\xfb" + bytes(4096)))
        self.fails(1, "No such file", "nvram", "show", "--store", self.path("missing"))
        self.fails(1, "no EFI variables in", "nvram", "show", "--efivars", self.path("missing"))
        self.fails(2, "exclude each other", "nvram", "show", *at, "--efivars", self.dir)
        self.fails(2, "digits", "nvram", "set", *at, "A", "--as", "hex", "123")
        self.fails(2, "digits", "nvram", "set", *at, "A", "--as", "hex", "zz")
        self.fails(2, "four digits", "nvram", "set", *at, "A", "--as", "numbers", "1,10000")
        self.fails(2, "--attributes", "nvram", "set", *at, "A", "a", "--attributes", "nv,xx")
        self.fails(2, "there is no Frob(1)", "nvram", "set", *at, "ConOut", "--as", "path", "Frob(1)")
        self.fails(2, "VALUE is empty", "nvram", "set", *at, "A", "")
        self.fails(1, "no variable A", "nvram", "unset", *at, "A")
        self.fails(2, "are needed", "nvram", "stage", *at, "--target", "x")
        disk = self.cache_disk()
        self.fails(1, "no GPT partition 2", "nvram", "stage", *at, "--disk", disk, "--partition", "2",
                   "--target", "x", "--file", "/EFI/Linux/x.efi")
        self.fails(1, "below", "nvram", "stage", *at, "--disk", disk, "--target", "x", "--file", "/x.efi")
        self.assertEqual(self.values(*at), {})

    @unittest.skipUnless(FIRMWARE, "no UEFI firmware here")
    def test_signed_variables_stay(self):
        for source in FIRMWARE:
            if ".ms." not in source:
                continue
            path = self.path("vars.fd")
            shutil.copy(source, path)
            before = self.values("--store", path)
            err = self.fails(1, "signed by its owner", "nvram", "set", "--store", path, "PK", "mine")
            self.assertIn("CB-2012", err)
            self.fails(1, "signed by its owner", "nvram", "unset", "--store", path, "PK")
            self.assertEqual(self.values("--store", path), before)

    def test_hostile_bytes(self):
        random.seed(5)
        good = self.path("good.fd", store(65536))
        for name in ("Boot0001", "BootOrder", "CloudBootMark", "Other"):
            self.ok("nvram", "set", "--store", good, name, "some value of " + name)
        with open(good, "rb") as f:
            data = f.read()[:1024]
        for i in range(60):
            bad = bytearray(data.ljust(65536, b"\xff"))
            for _ in range(1 + i % 5):
                bad[random.randrange(40, 700)] = random.randrange(256)
            path = self.path("bad.fd", bytes(bad))
            for words in (("show",), ("show", "--json"), ("set", "New", "x"), ("reset",)):
                status, _, err = self.run_it("nvram", words[0], "--store", path, *words[1:])
                self.assertIn(status, (0, 1), err)


@unittest.skipUnless(FIRMWARE, "no UEFI firmware here")
class AsOthersSeeIt(Nvram):
    def test_virt_fw_vars_reads_the_same(self):
        try:
            root = debs.tree("trixie", "amd64", *VIRT_FW_VARS)
        except subprocess.CalledProcessError as e:
            self.skipTest("Debian 13's python3-virt-firmware can't be had: %s" % e)
        disk = self.cache_disk()
        for source in FIRMWARE:
            path, out = self.path("vars.fd"), self.path("vars.json")
            shutil.copy(source, path)
            self.ok("nvram", "set", "--store", path, "CloudBootTarget", "primary")
            self.ok("nvram", "set", "--store", path, "CloudBootMark", "gone")
            self.ok("nvram", "unset", "--store", path, "CloudBootMark")
            self.stage(disk, "--store", path)
            subprocess.run(["/usr/bin/python3", os.path.join(root, "usr/bin/virt-fw-vars"), "-i", path,
                            "--output-json", out], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL,
                           env=dict(os.environ, PYTHONPATH=os.path.join(root, "usr/lib/python3/dist-packages")))
            with open(out, encoding="utf-8") as f:
                theirs = {"%s-%s" % (v["name"], v["guid"]): (v["attr"], v["data"])
                          for v in json.load(f)["variables"]}
            ours = self.values("--store", path)
            self.assertEqual(theirs, ours)
            self.assertIn("CloudBootTarget-" + OURS, ours)
            entry = [e for e in self.show("--store", path)["entries"] if e["ours"]]
            self.assertEqual(len(entry), 1)


class Folders(Nvram):
    def setUp(self):
        super().setUp()
        self.vars = self.path("efivars")
        os.mkdir(self.vars)
        self.env = dict(os.environ, EFIVARFS_PATH=self.vars + "/", LIBEFIVAR_OPS="efivarfs")

    def bytes_of(self):
        got = {}
        for name in os.listdir(self.vars):
            with open(os.path.join(self.vars, name), "rb") as f:
                got[name] = f.read()
        return got

    def efibootmgr(self, *words):
        return subprocess.run(["efibootmgr", *words], env=self.env, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout.decode()

    def foreign(self):
        """Entries of others: an ordinary one, a damaged one, one that only looks like ours."""
        path = bytes.fromhex("04012a000100000000080000000000000000010000000000") + bytes(16) + b"\2\2"
        file = "\\EFI\\debian\\shimx64.efi\0".encode("utf-16le")
        path += struct.pack("<BBH", 4, 4, 4 + len(file)) + file + b"\x7f\xff\4\0"
        for number, title in (("0001", "debian"), ("0004", "cloud-boot of someone else")):
            value = struct.pack("<IIH", 7, 1, len(path)) + (title + "\0").encode("utf-16le") + path + b"\1odd"
            with open(os.path.join(self.vars, "Boot%s-%s" % (number, GLOBAL)), "wb") as f:
                f.write(value)
        for name, value in (("Boot0000", b"\1\0\0"), ("BootOrder", b"\1\0\0\0\4\0"), ("Timeout", b"\3\0")):
            with open(os.path.join(self.vars, "%s-%s" % (name, GLOBAL)), "wb") as f:
                f.write(b"\7\0\0\0" + value)
        return self.bytes_of()

    def test_stage_and_reset_among_others(self):
        disk = self.cache_disk()
        before = self.foreign()
        self.assertIn("Boot0002: cloud-boot debian, first in BootOrder; 2 variables written",
                      self.stage(disk, "--efivars", self.vars))
        self.assertIn("; 0 variables written", self.stage(disk, "--efivars", self.vars))
        after = self.bytes_of()
        order = "BootOrder-" + GLOBAL
        self.assertEqual(after[order], b"\7\0\0\0\2\0\1\0\0\0\4\0")
        self.assertEqual({k: v for k, v in after.items() if k in before and k != order},
                         {k: v for k, v in before.items() if k != order})
        got = self.show("--efivars", self.vars)
        self.assertEqual([(e["number"], e["ours"], e["damaged"]) for e in got["entries"]],
                         [("0000", False, True), ("0001", False, False), ("0002", True, False),
                          ("0004", False, False)])
        self.assertEqual(json.loads(self.stage(disk, "--efivars", self.vars, "--once", "--json")),
                         {"number": "0002", "once": True, "written": 2})
        self.assertEqual(self.bytes_of()["BootNext-" + GLOBAL], b"\7\0\0\0\2\0")
        self.assertEqual(self.bytes_of()[order], before[order])
        self.ok("nvram", "set", "--efivars", self.vars, "CloudBootCmdline", "quiet")
        self.assertEqual(json.loads(self.ok("nvram", "reset", "--efivars", self.vars, "--json")), {"removed": 3})
        self.assertEqual(self.bytes_of(), before)
        self.assertIn("nothing of cloud-boot", self.ok("nvram", "reset", "--efivars", self.vars))

    @unittest.skipUnless(shutil.which("efibootmgr"), "no efibootmgr")
    def test_efibootmgr_reads_our_entry(self):
        disk = self.cache_disk()
        self.stage(disk, "--efivars", self.vars)
        got = self.efibootmgr("-v")
        entry = self.show("--efivars", self.vars)["entries"][0]
        part = entry["path"].split("/")[0]
        self.assertRegex(part, r"^HD\(1,GPT,[0-9a-f-]{36},0x800,0x[0-9a-f]+\)$")
        self.assertRegex(got, r"(?m)^BootOrder: 0001$")
        self.assertIn("Boot0001* cloud-boot debian\t%s/File(\\EFI\\Linux\\debian-vmlinuz.efi)" % part, got)
        self.assertIn(".".join(r"initrd=\EFI\Linux\debian-initrd root=/dev/vda1 ro"), got)
        self.assertEqual(entry["options"], r"initrd=\EFI\Linux\debian-initrd root=/dev/vda1 ro")

    @unittest.skipUnless(shutil.which("efibootmgr") and os.geteuid() == 0, "no efibootmgr, or not root")
    def test_what_efibootmgr_wrote(self):
        disk = self.cache_disk()
        loop = subprocess.run(["losetup", "-f", "--show", disk], stdout=subprocess.PIPE, check=False)
        if loop.returncode != 0:
            self.skipTest("no loop devices")
        loop = loop.stdout.decode().strip()
        try:
            self.efibootmgr("-c", "-d", loop, "-p", "1", "-L", "Debian", "-l", "\\EFI\\debian\\shimx64.efi")
            self.efibootmgr("-c", "-d", loop, "-p", "1", "-L", "w\u00efth data", "-l", "\\a.efi", "-u", "-@",
                            self.path("data", b"raw\xff"))
            self.efibootmgr("-n", "0001")
        finally:
            subprocess.run(["losetup", "-d", loop], check=True)
        before = self.bytes_of()
        got = self.show("--efivars", self.vars)
        self.assertEqual(got["boot_order"], ["0001", "0000"])
        self.assertEqual(got["boot_next"], "0001")
        self.assertEqual([e["description"] for e in got["entries"]], ["Debian", "w\u00efth data"])
        self.assertEqual(got["entries"][1]["options_hex"], "726177ff")
        self.assertEqual([e["options"] for e in got["entries"]], ["", None])
        self.assertRegex(got["entries"][0]["path"],
                         r"^HD\(1,GPT,[0-9a-f-]{36},0x800,0x[0-9a-f]+\)/\\EFI\\debian\\shimx64\.efi$")
        self.stage(disk, "--efivars", self.vars)
        self.assertIn("Boot0002* cloud-boot debian", self.efibootmgr())
        self.ok("nvram", "reset", "--efivars", self.vars)
        self.assertEqual(self.bytes_of(), before)


class Script(Folders):
    """uki/scripts/reset-cloud-boot.sh, in each shell, with efibootmgr and without."""

    def setUp(self):
        super().setUp()
        self.root = self.path("root")
        shutil.rmtree(self.vars)
        self.vars = os.path.join(self.root, "sys/firmware/efi/efivars")
        self.block = os.path.join(self.root, "sys/class/block/vdb1")
        self.cache = self.path("mounted cache")
        for name in (self.vars, self.block, os.path.join(self.root, "proc"), self.cache):
            os.makedirs(name)
        with open(os.path.join(self.block, "uevent"), "w", encoding="utf-8") as f:
            f.write("MAJOR=254\nDEVNAME=vdb1\nPARTN=1\nPARTNAME=other\n")
        with open(os.path.join(self.root, "proc/mounts"), "w", encoding="utf-8") as f:
            f.write("proc /proc proc rw 0 0\n")
        self.env = dict(os.environ, EFIVARFS_PATH=self.vars + "/", LIBEFIVAR_OPS="efivarfs")
        self.stub = self.path("bin")
        os.mkdir(self.stub)
        for name in ("cat", "od", "tr", "dd", "rm", "chattr", "sync", "grep", "sed", "mktemp", "rmdir", "efibootmgr"):
            found = shutil.which(name)
            if found:
                os.symlink(found, os.path.join(self.stub, name))
        for name in ("reboot", "mount", "umount"):
            self.tool(name, 'echo "%s $*" >> "%s"\n' % (name, self.path("called")))

    def tool(self, name, text):
        path = os.path.join(self.stub, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)

    @staticmethod
    def has_own_tools(shell):
        """busybox's shell may prefer its own mount and reboot to ours: those must not be called."""
        return "busybox" in shell[0]

    def shells(self):
        """Each shell, first with what the system has, then without efibootmgr."""
        shells = [[shutil.which(s)] for s in ("dash", "bash") if shutil.which(s)]
        if shutil.which("busybox"):
            shells.append([shutil.which("busybox"), "sh"])
        self.assertTrue(shells)
        for with_it in (True, False):
            path = os.path.join(self.stub, "efibootmgr")
            if not with_it and os.path.lexists(path):
                os.remove(path)
            for shell in shells:
                yield shell

    def reset(self, shell, *words, status=0):
        script = os.path.join(TREE, "uki", "scripts", "reset-cloud-boot.sh")
        p = subprocess.run([*shell, script, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env={"PATH": self.stub, "CLOUD_BOOT_ROOT": self.root}, check=False)
        out = p.stdout.decode()
        self.assertEqual(p.returncode, status, (shell, out))
        return out

    def called(self):
        try:
            with open(self.path("called"), encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def clear(self):
        for name in os.listdir(self.vars):
            os.remove(os.path.join(self.vars, name))

    @unittest.skipUnless(shutil.which("shellcheck"), "no shellcheck")
    def test_shellcheck(self):
        subprocess.run(["shellcheck", "-s", "sh", *glob.glob(os.path.join(TREE, "uki/scripts/*.sh"))], check=True)

    def test_removes_exactly_ours(self):
        disk = self.cache_disk()
        for shell in self.shells():
            self.clear()
            before = self.foreign()
            self.stage(disk, "--efivars", self.vars, "--once")
            self.stage(disk, "--efivars", self.vars)
            self.ok("nvram", "set", "--efivars", self.vars, "CloudBootTarget", "x")
            self.assertEqual(len(self.bytes_of()), len(before) + 3)
            out = self.reset(shell)
            self.assertEqual(self.bytes_of(), before, out)
            self.assertIn("Boot0002 is removed", out)
            self.assertIn("CloudBootTarget is removed", out)
            self.assertIn("nothing of cloud-boot", self.reset(shell))
            self.assertEqual(self.bytes_of(), before)
        self.assertEqual(self.called(), "")

    def test_a_machine_with_nothing_else(self):
        disk = self.cache_disk()
        for shell in self.shells():
            self.clear()
            self.ok("nvram", "set", "--efivars", self.vars, "Timeout", "--as", "numbers", "5")
            self.stage(disk, "--efivars", self.vars)
            self.reset(shell)
            left = {k: v for k, v in self.bytes_of().items() if v != b"\7\0\0\0"}
            self.assertEqual(left, {"Timeout-" + GLOBAL: b"\7\0\0\0\5\0"})

    def test_many_entries(self):
        disk = self.cache_disk()
        for shell in self.shells():
            self.clear()
            self.foreign()
            numbers = ["%04X" % i for i in range(0x90, 0x190)]
            self.stage(disk, "--efivars", self.vars)
            self.ok("nvram", "set", "--efivars", self.vars, "BootOrder", "--as", "numbers",
                    ",".join(numbers[:128] + ["0002"] + numbers[128:] + ["0002"]))
            self.reset(shell)
            self.assertEqual(self.show("--efivars", self.vars)["boot_order"], numbers)

    def test_the_note(self):
        os.makedirs(os.path.join(self.cache, "EFI/cloud-boot"))
        os.makedirs(os.path.join(self.cache, "EFI/Linux"))
        keep = os.path.join(self.cache, "EFI/Linux/debian-vmlinuz.efi")
        note = os.path.join(self.cache, "EFI/cloud-boot/staged")
        with open(keep, "wb") as f:
            f.write(b"kernel")
        self.foreign()
        for shell in self.shells():
            with open(note, "wb") as f:
                f.write(b"note")
            self.assertIn("nothing of cloud-boot", self.reset(shell))
            self.assertTrue(os.path.exists(note))        # no partition of that name
            with open(os.path.join(self.block, "uevent"), "w", encoding="utf-8") as f:
                f.write("DEVNAME=vdb1\nPARTNAME=cloud-boot-cache\n")
            with open(os.path.join(self.root, "proc/mounts"), "w", encoding="utf-8") as f:
                f.write("%s/dev/vdb1 %s vfat rw 0 0\n" % (self.root, self.cache.replace(" ", "\\040")))
            self.assertIn("/EFI/cloud-boot/staged on the cache partition is removed", self.reset(shell))
            self.assertFalse(os.path.exists(note))
            self.assertTrue(os.path.exists(keep))
            with open(os.path.join(self.root, "proc/mounts"), "w", encoding="utf-8") as f:
                f.write("")
            if not self.has_own_tools(shell):
                self.reset(shell)
                self.assertIn("mount -t vfat -o nosuid,nodev,noexec %s/dev/vdb1 " % self.root, self.called())
                self.tool("mount", "exit 1\n")
            self.assertIn("can't be mounted", self.reset(shell, status=1))
            self.tool("mount", 'echo "mount $*" >> "%s"\n' % self.path("called"))
            with open(os.path.join(self.block, "uevent"), "w", encoding="utf-8") as f:
                f.write("DEVNAME=vdb1\nPARTNAME=other\n")

    def test_words_and_ends(self):
        for shell in self.shells():
            self.clear()
            self.assertIn("usage: reset-cloud-boot.sh", self.reset(shell, "--help"))
            self.assertIn("unknown argument '--frobnicate'", self.reset(shell, "--frobnicate", status=2))
            self.foreign()
            if not self.has_own_tools(shell):
                self.assertIn("rebooting", self.reset(shell, "--reboot"))
                self.assertEqual(self.called(), "reboot \n")
                os.remove(self.path("called"))
            self.clear()
            self.assertIn("can't be mounted", self.reset(shell, status=3))
            self.assertEqual(self.called(), "")
        shutil.rmtree(self.vars)
        self.assertIn("there are no EFI variables", self.reset([shutil.which("dash") or "sh"], status=3))

    @unittest.skipUnless(os.geteuid() == 0, "not root")
    def test_immutable_variables(self):
        disk = self.cache_disk()
        for shell in self.shells():
            self.clear()
            before = self.foreign()
            self.stage(disk, "--efivars", self.vars)
            names = [os.path.join(self.vars, n) for n in os.listdir(self.vars)]
            if subprocess.run(["chattr", "+i", *names], stderr=subprocess.DEVNULL, check=False).returncode != 0:
                self.skipTest("no immutable flag on this file system")
            try:
                self.reset(shell)
            finally:
                subprocess.run(["chattr", "-i", *[n for n in names if os.path.exists(n)]], check=True)
            self.assertEqual(self.bytes_of(), before)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("efibootmgr"), "not root, or no efibootmgr")
    def test_efibootmgr_stands_in_for_chattr(self):
        disk = self.cache_disk()
        self.foreign()
        self.stage(disk, "--efivars", self.vars, "--once")
        self.stage(disk, "--efivars", self.vars)
        names = [os.path.join(self.vars, n + "-" + GLOBAL) for n in ("Boot0002", "BootNext", "BootOrder")]
        if subprocess.run(["chattr", "+i", *names], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("no immutable flag on this file system")
        os.remove(os.path.join(self.stub, "chattr"))
        try:
            out = self.reset([shutil.which("dash") or "sh"])
            efibootmgr = os.path.join(self.stub, "efibootmgr")
            self.stage(disk, "--efivars", self.vars)
            subprocess.run(["chattr", "+i", *[n for n in names if os.path.exists(n)]], check=True)
            os.remove(efibootmgr)
            left = self.reset([shutil.which("dash") or "sh"], status=1)
        finally:
            subprocess.run(["chattr", "-i", *[n for n in names if os.path.exists(n)]], check=True)
        self.assertIn("Boot0002 is removed", out)
        self.assertIn("Boot0002 can't be deleted (chattr, package e2fsprogs, is missing)", left)
        self.assertIn("things are left", left)

    test_stage_and_reset_among_others = None
    test_efibootmgr_reads_our_entry = None
    test_what_efibootmgr_wrote = None
