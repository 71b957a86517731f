"""run: the QEMU command line, without a guest; explain: what would boot on a disk made here."""
import filecmp
import json
import os
import shlex
import shutil
import unittest

import fixtures
from kit import Case
from test_fs import Fs, run

OVMF = "/usr/share/OVMF/OVMF_CODE_4M.fd"
AAVMF = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
AAVMF_CODE = "/usr/share/AAVMF/AAVMF_CODE.fd"
STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"


@unittest.skipUnless(os.path.exists(OVMF) and os.path.exists(AAVMF), "no UEFI firmware here")
class Run(Case):
    def setUp(self):
        super().setUp()
        self.env = {"CLOUD_BOOT_LIBEXEC": fixtures.libexec(self.dir), "XDG_CACHE_HOME": self.path("cache")}
        self.boot = self.path("boot.efi", b"MZ")
        self.disk = self.path("disk.raw", bytes(1 << 20))

    def words(self, *words):
        return shlex.split(self.ok("run", "--print", "--accel", "tcg", *words, env=self.env))

    def test_aarch64_as_on_the_page(self):
        got = self.words("--arch", "aarch64", "--boot", self.boot, self.disk)
        self.assertEqual(got[:5], ["qemu-system-aarch64", "-machine", "virt", "-cpu",
                                   "max,pauth-impdef=on,lpa2=off"])
        page = ["-bios", AAVMF, "-drive", "file=%s,format=raw" % self.boot,
                "-drive", "file=%s,if=virtio,format=raw" % self.disk]
        at = got.index("-bios")
        self.assertEqual(got[at:at + 6], page)

    def test_x86_64_keeps_its_variables(self):
        got = self.words("--arch", "amd64", "--boot", self.boot, self.disk)
        self.assertEqual(got[:5], ["qemu-system-x86_64", "-machine", "pc", "-cpu", "max,cx16=off"])
        self.assertIn("if=pflash,format=raw,unit=0,readonly=on,file=" + OVMF, got)
        store = [w for w in got if w.startswith("if=pflash,format=raw,unit=1,")][0].partition("file=")[2]
        with open(store, "r+b") as f:
            f.write(b"changed")
        self.words("--arch", "amd64", "--boot", self.boot, self.disk)
        with open(store, "rb") as f:
            self.assertEqual(f.read(7), b"changed")
        other = self.words("--arch", "amd64", "--boot", self.boot, self.path("other.raw", b"1234"))
        self.assertNotIn("if=pflash,format=raw,unit=1,file=" + store, other)

    def test_options(self):
        got = self.words("--arch=x86_64", "--boot", self.boot, "--media", "cdrom", "-m", "512M", "--smp", "2",
                         "--snapshot", "--qemu", "-device", "--qemu=pvpanic", self.disk)
        for pair in (["-cdrom", self.boot], ["-m", "512M"], ["-smp", "2"]):
            self.assertEqual(got[got.index(pair[0]) + 1], pair[1])
        self.assertIn("file=%s,if=virtio,format=raw,snapshot=on" % self.disk, got)
        self.assertEqual(got[-2:], ["-device", "pvpanic"])
        self.assertEqual(self.words("--arch=x86_64", "--boot", self.boot, "--firmware", "/f", self.disk)
                         .count("-bios"), 1)

    def drives(self, words):
        return [w for o, w in zip(words, words[1:]) if o == "-drive"]

    def test_two_disks(self):
        """boot.iso read-only, the cache disk, the disks, in the page's order; all of it found again."""
        iso = self.path("boot.iso", b"iso")
        for arch, code in (("x86_64", OVMF), ("aarch64", AAVMF_CODE)):
            for how in (["--exit", "reboot"], ["--exit", "auto"], ["--cache", self.path(arch + ".raw")]):
                with self.subTest(arch=arch, how=how):
                    words = ["--arch", arch, "--boot", iso, *how, self.disk]
                    got = self.words(*words)
                    drives = self.drives(got)
                    self.assertEqual(drives[0], "if=pflash,format=raw,unit=0,readonly=on,file=" + code)
                    store = drives[1].partition(",file=")[2]
                    cache = drives[3].split(",")[0][len("file="):]
                    self.assertEqual(drives[1:], [
                        "if=pflash,format=raw,unit=1,file=" + store,
                        "file=%s,format=raw,if=virtio,readonly=on" % iso,
                        "file=%s,if=virtio,format=raw" % cache,
                        "file=%s,if=virtio,format=raw" % self.disk])
                    self.assertNotIn("-bios", got)
                    self.assertNotIn("-no-reboot", got)
                    self.assertTrue(json.loads(self.ok("cache-disk", "--json", cache))["partuuid"])
                    self.assertLess(os.stat(store).st_blocks * 512, 2 << 20)
                    self.assertTrue(filecmp.cmp(store, code.replace("CODE", "VARS"), shallow=False))
                    self.assertEqual(self.words(*words), got)
        self.assertEqual(len([w for w in self.drives(self.words("--arch", "x86_64", "--boot", iso, "--exit", "kexec",
                                                                self.disk)) if "menu-cache" in w]), 0)

    def test_cache_and_store_by_the_set_of_disks(self):
        other = self.path("other.raw", b"1234")
        sets = [self.drives(self.words("--arch", "x86_64", "--boot", self.boot, "--exit", "reboot", *disks))
                for disks in ([self.disk], [other], [self.disk, other], [other, self.disk])]
        for i in (1, 3):
            self.assertEqual(len({s[i] for s in sets}), 4)
        os.mkdir(self.path("sub"))
        os.symlink(self.disk, self.path("sub/link.raw"))
        self.assertEqual(self.drives(self.words("--arch", "x86_64", "--boot", self.boot, "--exit", "reboot",
                                                "sub/link.raw"))[:4], sets[0][:4])

    def test_cache_and_store_by_name(self):
        words = ["--arch", "x86_64", "--boot", self.boot, "--cache", "c.raw", self.disk]
        first = self.drives(self.words(*words))
        self.assertEqual(first[3], "file=c.raw,if=virtio,format=raw")
        self.assertEqual(self.drives(self.words(*words)), first)
        got = self.drives(self.words("--vars", "v.fd", *words))
        self.assertEqual(got[1], "if=pflash,format=raw,unit=1,file=v.fd")
        self.assertTrue(os.path.exists(self.path("v.fd")))
        got = self.drives(self.words("--vars", "v.fd", "--firmware", "/f", *words))
        self.assertEqual(got[0], "if=pflash,format=raw,unit=0,readonly=on,file=/f")
        self.fails(2, "needs --vars", "run", "--firmware", "/f", *words)
        self.fails(1, "variable store none.fd: No such file", "run", "--firmware", "/f", "--vars", "none.fd",
                   *words, env=self.env)
        self.path("notes.txt", b"precious")
        self.fails(1, "notes.txt is there, and is no cache disk", "run", "--arch", "x86_64", "--boot", self.boot,
                   "--cache", "notes.txt", self.disk, env=self.env)

    def test_formats_and_names(self):
        qcow2 = self.path("a,b c.qcow2")
        run("qemu-img", "create", "-f", "qcow2", qcow2, "1M")
        got = self.words("--arch", "aarch64", "--boot", self.boot, qcow2, self.disk)
        self.assertIn("file=%s,if=virtio,format=qcow2" % qcow2.replace(",", ",,"), got)
        self.assertIn("file=%s,if=virtio,format=raw" % self.disk, got)

    @unittest.skipUnless(os.path.exists(STUB), "systemd-boot-efi is not installed")
    def test_probe_boots_nothing(self):
        self.fails(2, "or --probe", "run", env=self.env)
        for words, text in ((["--exit", "kexec"], "--exit"), (["--cmdline", "x"], "--cmdline"),
                            (["--boot", self.boot], "--boot"), (["--cache", "c.raw"], "--cache"),
                            (["--kernel", "k"], "--kernel"), (["--modules", "m"], "--modules")):
            self.fails(2, "takes no " + text, "run", "--probe", *words, env=self.env)

    def test_probe_forgets_what_it_wrote(self):
        got = self.words("--probe", "--arch", "x86_64")
        medium = [w for w in got if w.endswith(".efi,format=raw,snapshot=on")][0]
        self.assertEqual(len([w for w in got if w.startswith("file=")]), 1)
        settings = self.ok("fs", "cat", "--partition", "1", medium.split(",")[0][len("file="):], "/cloud-boot/cmdline")
        self.assertEqual(settings.split(), ["cloudboot.target=cloud-boot-probe", "cloudboot.onfail=poweroff"])

    def test_builds_what_is_missing_once(self):
        kernel = self.path("vmlinuz", fixtures.bzimage())
        words = ["run", "--print", "--accel=tcg", "--arch", "x86_64", "--kernel", kernel, self.disk]
        status, first, err = self.run_it(*words, env=self.env)
        self.assertEqual(status, 0, err)
        self.assertIn("built ", err)
        status, again, err = self.run_it(*words, env=self.env)
        self.assertEqual((status, again, err), (0, first, ""))
        self.assertNotEqual(self.run_it(*words, "--exit", "reboot", env=self.env)[1], first)
        made = [w for w in shlex.split(first.decode()) if w.endswith(".efi,format=raw")][0]
        with open(made[len("file="):-len(",format=raw")], "rb") as f:
            self.assertIn(b"console=ttyS0,115200", f.read())

    def test_starts_what_is_printed(self):
        fake = self.path("qemu-system-x86_64", b"#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\" > args\nexit 3\n")
        os.chmod(fake, 0o755)
        env = dict(self.env, PATH=self.dir + ":" + os.environ["PATH"])
        words = ["--accel", "tcg", "--arch", "x86_64", "--boot", self.boot, self.disk]
        self.assertEqual(self.run_it("run", *words, env=env)[0], 3)
        with open(self.path("args"), encoding="utf-8") as f:
            self.assertEqual(f.read().split("\n")[1:-1], self.words(*words)[1:])

    def test_mistakes(self):
        self.fails(1, "nowhere: No such file", "run", "--arch", "x86_64", "nowhere", env=self.env)
        for words in ([self.dir], ["--boot", self.dir, self.disk]):
            self.fails(1, "is a directory, not a file", "run", "--arch", "x86_64", *words, env=self.env)
        self.fails(1, "/none: No such file", "run", "--arch=x86_64", "--boot", "/none", self.disk, env=self.env)
        self.fails(2, "x86_64 and aarch64, not of riscv64", "run", "--arch", "riscv64", self.disk)
        self.fails(2, "it is one of kvm|tcg", "run", "--accel", "hax", self.disk)
        self.fails(2, "it is one of auto|kexec|reboot", "run", "--exit", "halt", self.disk)
        self.fails(2, "operands missing", "run")
        self.fails(1, "starting qemu-system-x86_64: No such file", "run", "--arch=x86_64", "--accel=tcg",
                   "--boot", self.boot, self.disk, env=dict(self.env, PATH="/nowhere"))


class Vfkit(Case):
    PAGE = ["vfkit", "--bootloader", "efi,variable-store=nvram.fd",
            "--device", "virtio-blk,path=boot.iso,readonly",
            "--device", "virtio-blk,path=menu-cache.raw",
            "--device", "virtio-blk,path=debian-trixie.raw",
            "--device", "virtio-net,nat,mac=auto"]

    def words(self, *words):
        return shlex.split(self.ok("run", "--print", "--hypervisor", "vfkit", *words))

    def test_the_page(self):
        self.assertEqual(self.words("debian-trixie.raw"), self.PAGE)
        self.assertEqual(self.words("--exit", "reboot", "--boot", "boot.iso", "--cache=menu-cache.raw",
                                    "--vars", "nvram.fd", "debian-trixie.raw"), self.PAGE)
        self.assertEqual(os.listdir(self.dir), [])

    def test_options(self):
        got = self.words("--gui", "-m", "2G", "--smp", "4", "--vfkit", "--log-level=debug", "debian-trixie.raw")
        self.assertEqual(got[:5], ["vfkit", "--cpus", "4", "--memory", "2048"])
        self.assertEqual(got[5:5 + len(self.PAGE)], self.PAGE[1:] + ["--log-level=debug"])
        self.assertEqual(got[-1], "--gui")
        self.assertEqual([w.split(",")[0] for w in got[-7:-1:2]], ["--device"] * 3)
        for mem, mib in (("512", "512"), ("512M", "512"), ("3g", "3072")):
            self.assertEqual(self.words("-m", mem, "a.raw")[2], mib)
        self.assertEqual(self.words("a.raw", "b.raw")[-4:-2], ["--device", "virtio-blk,path=b.raw"])

    @unittest.skipUnless(shutil.which("gcc"), "no compiler for a Mac's uname")
    def test_started_on_a_mac(self):
        """A uname() that says Darwin, and a vfkit that notes its words."""
        shim = self.path("uname.c", b'#include <string.h>\n#include <sys/utsname.h>\n'
                         b'int uname(struct utsname *u) { memset(u, 0, sizeof(*u)); '
                         b'memcpy(u->sysname, "Darwin", 7); return 0; }\n')
        run("gcc", "-shared", "-fPIC", "-o", self.path("uname.so"), shim)
        vfkit = self.path("vfkit", b"#!/bin/sh\nLD_PRELOAD= printf '%s\\n' vfkit \"$@\" > args\nexit 5\n")
        os.chmod(vfkit, 0o755)
        env = {"LD_PRELOAD": self.path("uname.so"), "PATH": self.dir + ":" + os.environ["PATH"]}
        words = ["run", "--hypervisor", "vfkit", "debian-trixie.raw"]
        self.fails(1, "debian-trixie.raw: No such file", *words, env=env)
        self.path("debian-trixie.raw", b"disk")
        self.path("boot.iso", b"iso")
        status, _, err = self.run_it(*words, env=env)
        self.assertEqual((status, err), (5, "made menu-cache.raw\n"))
        with open(self.path("args"), encoding="utf-8") as f:
            got = f.read().split("\n")[:-1]
        self.assertEqual(got[2], "efi,variable-store=nvram.fd,create")
        self.assertEqual(got[3:-1], self.PAGE[3:-1])
        self.assertEqual(got[-1], "virtio-net,nat")
        self.path("nvram.fd", b"store")
        self.assertEqual(self.run_it(*words, env=env)[0], 5)
        with open(self.path("args"), encoding="utf-8") as f:
            self.assertEqual(f.read().split("\n")[:3], self.PAGE[:3])

    def test_probe(self):
        self.assertEqual(self.words("--probe"), ["vfkit", "--bootloader", "efi,variable-store=nvram.fd",
            "--device", "virtio-blk,path=probe.raw", "--device", "virtio-net,nat,mac=auto",
            "--device", "virtio-serial,stdio"])

    def test_what_is_missing_is_said(self):
        words = ["run", "--print", "--hypervisor", "vfkit", "a.raw"]
        err = self.run_it(*words)[2]
        for name in ("boot.iso", "menu-cache.raw", "nvram.fd", "a.raw"):
            self.assertIn("note: %s is not there" % name, err)
            self.path(name, b"")
        self.assertEqual(self.run_it(*words)[2], "")

    def test_mistakes(self):
        run("qemu-img", "create", "-f", "qcow2", self.path("a.qcow2"), "1M")
        self.fails(1, "vfkit runs on macOS only", "run", "--hypervisor", "vfkit", "a.raw")
        words = ["run", "--print", "--hypervisor", "vfkit"]
        for bad, text in (("a.qcow2", "reads raw images, this is qcow2"), ("a,b.raw", "a name with a comma")):
            status, out, err = self.run_it(*words, bad)
            self.assertEqual((status, out), (1, b""))
            self.assertIn(text, err)
        for bad, text in ((["--exit", "kexec"], "refuses kexec"), (["--snapshot"], "--snapshot goes with"),
                          (["--media", "cdrom"], "vfkit starts boot.iso"), (["--qemu", "-S"], "--qemu goes with"),
                          (["--firmware", "f"], "--firmware goes with"), (["--accel", "tcg"], "--accel goes with"),
                          (["-m", "much"], "give it as 512M")):
            status, out, err = self.run_it(*words, *bad, "a.raw")
            self.assertEqual((status, out), (2, b""), bad)
            self.assertIn(text, err)
        self.fails(2, "--gui goes with --hypervisor vfkit", "run", "--gui", "a.raw")
        self.fails(2, "--vfkit goes with --hypervisor vfkit", "run", "--vfkit", "x", "a.raw")


class Explain(Fs):
    FILES = {
        "boot/vmlinuz-6.9.7": fixtures.bzimage("6.9.7"),
        "boot/vmlinuz-6.12.1": fixtures.bzimage("6.12.1"),
        "boot/initrd.img-6.12.1": b"initrd",
        "boot/vmlinuz-6.13.0-rescue": fixtures.bzimage("6.13.0"),
        "etc/os-release": b'ID=test\nPRETTY_NAME="Test 1"\n',
        "etc/fstab": b"\n",
        "sbin/init": b"#!\n",
    }

    def test_the_newest_kernel_comes_first(self):
        image = self.disk(self.ext4(files=self.FILES))
        doc = json.loads(self.ok("explain", "--json", image))
        self.assertEqual([c["kernel"]["path"] for c in doc["candidates"]],
                         ["/boot/vmlinuz-6.12.1", "/boot/vmlinuz-6.9.7", "/boot/vmlinuz-6.13.0-rescue"])
        first = doc["candidates"][0]
        self.assertEqual([i["path"] for i in first["initrds"]], ["/boot/initrd.img-6.12.1"])
        self.assertTrue(first["bootable"])
        self.assertIn("root=UUID=", first["cmdline"])
        self.assertEqual((doc["disks"][0]["image"], doc["disks"][0]["table"]), (image, "gpt"))
        text = self.ok("explain", image)
        self.assertIn("vda is %s\n" % image, text)
        self.assertLess(text.index("vmlinuz-6.12.1"), text.index("vmlinuz-6.9.7"))

    def test_settings(self):
        image = self.ext4(files=self.FILES)
        doc = json.loads(self.ok("explain", "--json", "--settings",
                                 'cloudboot.disk.kernel=/boot/vmlinuz-6.9.7 cloudboot.cmdline="a b"', image))
        self.assertEqual(doc["candidates"][0]["kernel"]["path"], "/boot/vmlinuz-6.9.7")
        self.assertEqual(doc["candidates"][0]["cmdline"], "a b")
        self.fails(1, "no volume is LABEL=x", "explain", "--settings", "cloudboot.disk=LABEL=x", image)

    def test_nothing_to_boot(self):
        status, out, err = self.run_it("explain", self.fat())
        self.assertEqual(status, 1)
        self.assertIn("vfat", out.decode())
        self.assertIn("CB-2008", err)
        shutil.rmtree(self.path("tree"))
        status, out, err = self.run_it("explain", "--arch", "aarch64", self.ext4(files=self.FILES))
        self.assertEqual(status, 1)
        self.assertIn("x86_64", err)

    def test_mistakes(self):
        self.fails(1, "nowhere: No such file", "explain", "nowhere")
        self.fails(2, "--arch vax: it is one of", "explain", "--arch", "vax", "nowhere")
        self.fails(2, "--by pxe: it is one of kexec|efi", "explain", "--by", "pxe", "nowhere")
