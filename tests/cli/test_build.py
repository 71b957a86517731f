"""build: what is in boot.efi, the same bytes twice, and reports for inputs that are not right."""
import base64
import json
import os
import re
import struct
import subprocess
import unittest

import fixtures
from kit import Case

STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"


def section(image, name):
    """A section's bytes, by the PE headers of the file itself."""
    with open(image, "rb") as f:
        data = f.read()
    at = struct.unpack_from("<I", data, 0x3c)[0]
    count, size = struct.unpack_from("<H12xH", data, at + 6)
    for i in range(count):
        row = struct.unpack_from("<8sIIII", data, at + 24 + size + 40 * i)
        if row[0].rstrip(b"\0") == name.encode():
            return data[row[4]:row[4] + min(row[1], row[3])]
    return None


@unittest.skipUnless(os.path.exists(STUB), "systemd-boot-efi is not installed")
class Build(Case):
    def setUp(self):
        super().setUp()
        self.kernel = self.path("vmlinuz", fixtures.bzimage())
        os.utime(self.kernel, (1700000000, 1700000000))
        self.env = {"CLOUD_BOOT_LIBEXEC": fixtures.libexec(self.dir), "XDG_CACHE_HOME": self.path("cache")}
        self.env["SOURCE_DATE_EPOCH"] = "1600000000"

    def build(self, *words):
        return json.loads(self.ok("build", "--arch", "x86_64", "--kernel", self.kernel, "--json", *words,
                                  env=self.env))

    def refuses(self, status, text, *words):
        err = self.fails(status, text, "build", "--arch", "x86_64", "--kernel", self.kernel, *words,
                         env=self.env)
        self.assertFalse([n for n in os.listdir(self.dir) if n.startswith("boot.")])
        return err

    def names_in_initrd(self, image):
        data = subprocess.run(["zstd", "-dcq"], input=section(image, ".initrd").rstrip(b"\0"),
                              stdout=subprocess.PIPE, check=True).stdout
        return subprocess.run(["cpio", "-t", "--quiet"], input=data, stdout=subprocess.PIPE,
                              check=True).stdout.decode().split()

    def test_uki(self):
        made = self.build("--cmdline", "cloudboot.exit=kexec", "--modules", fixtures.modules(self.dir))
        image = self.path("boot.efi")
        self.assertEqual(made["efi"]["path"], "boot.efi")
        self.assertEqual(made["efi"]["size"], os.path.getsize(image))
        sha = subprocess.run(["sha256sum", image], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.assertEqual(made["efi"]["sha256"], sha.split()[0])
        self.assertEqual(made["release"], fixtures.RELEASE)
        self.assertEqual(made["cmdline"],
                         "cloudboot.exit=kexec console=tty0 console=ttyS0,115200")
        self.assertEqual(section(image, ".cmdline").decode(), made["cmdline"])
        self.assertEqual(section(image, ".uname").decode(), fixtures.RELEASE)
        self.assertIn("ID=cloud-boot\n", section(image, ".osrel").decode())
        self.assertIn("\nuki,1,", section(image, ".sbat").decode())
        self.assertEqual(section(image, ".linux"), fixtures.bzimage())
        names = self.names_in_initrd(image)
        lib = "lib/modules/" + fixtures.RELEASE
        self.assertEqual(names[-6:], [lib] + [lib + "/%s.ko" % n for n in (
            "rng-core", "virtio", "virtio-rng", "virtio_blk", "virtio_ring")])
        self.assertEqual(names[:-6], ["dev", "etc", "lib", "lib/cloud-boot", "lib/modules", "proc", "run", "sys",
                                      "tmp", "dev/console", "etc/initrd-release", "init",
                                      "lib/cloud-boot/stub.efi"])
        self.assertEqual(made["modules"], ["rng-core", "virtio", "virtio-rng", "virtio_blk", "virtio_ring"])

    def inner(self, image):
        """The file \\EFI\\BOOT\\BOOTX64.EFI of a boot.efi whose partition table has nothing wrong."""
        table = subprocess.run(["sgdisk", "-v", "-p", self.path(image)], stdout=subprocess.PIPE,
                               check=True).stdout.decode()
        self.assertIn("No problems found", table)
        self.assertNotIn("Caution", table)
        start = int(re.search(r"^ +1 +(\d+) +\d+ .* EF00 ", table, re.M).group(1))
        return self.path("inner.efi", subprocess.run(
            ["mtype", "-i", "%s@@%d" % (image, start * 512), "::/EFI/BOOT/BOOTX64.EFI"],
            cwd=self.dir, stdout=subprocess.PIPE, check=True).stdout)

    def test_it_is_a_disk_too(self):
        self.build()
        inner = self.inner("boot.efi")
        for name in (".linux", ".initrd", ".cmdline"):
            self.assertEqual(section(inner, name), section(self.path("boot.efi"), name))

    def test_the_same_bytes_twice(self):
        one = self.build("--out", "a.efi", "--iso", "a.iso")
        os.utime(self.kernel)
        two = self.build("--out", "b.efi", "--iso", "b.iso")
        self.assertEqual(one["efi"]["sha256"], two["efi"]["sha256"])
        self.assertEqual(one["iso"]["sha256"], two["iso"]["sha256"])
        other = self.build("--out", "c.efi", "--cmdline", "quiet")
        self.assertNotEqual(one["efi"]["sha256"], other["efi"]["sha256"])
        status, out, _ = self.run_it("build", "--arch", "amd64", "--kernel", self.kernel, "--out", "-",
                                     env=self.env)
        self.assertEqual(status, 0)
        with open(self.path("a.efi"), "rb") as f:
            self.assertEqual(out, f.read())

    def test_iso(self):
        self.build("--iso", "boot.iso")
        self.assertFalse(os.path.exists(self.path("boot.efi")))
        report = subprocess.run(["xorriso", "-indev", self.path("boot.iso"), "-report_el_torito", "plain",
                                 "-report_system_area", "plain"], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, check=True).stdout.decode()
        self.assertRegex(report, r"El Torito boot img :   1  UEFI  y   none")
        self.assertRegex(report, r"GPT type GUID      :   2  28732ac11ff8d211ba4b00a0c93ec93b")

    def test_additions_follow_our_archive(self):
        extra = self.path("extra.cpio", b"0707cpio")
        other = self.path("other.cpio", b"xyz")
        self.build("--initrd-add", extra, "--initrd-add=" + other)
        self.assertTrue(section(self.path("boot.efi"), ".initrd").endswith(b"0707cpioxyz\0"))

    def test_settings_from_a_file(self):
        settings = self.path("settings", b"# comment\ncloudboot.exit   = reboot\ncloudboot.plan=file:/p\n"
                                         b"console=ttyS1\n")
        made = self.build("--cmdline", "@" + settings)
        self.assertEqual(made["cmdline"], "cloudboot.exit=reboot cloudboot.plan=file:/p console=ttyS1")
        os.unlink(self.path("boot.efi"))
        self.refuses(1, "--cmdline @nowhere: nowhere: No such file", "--cmdline", "@nowhere")

    def test_unknown_settings_are_said(self):
        _, _, err = self.run_it("build", "--arch", "x86_64", "--kernel", self.kernel, "--cmdline",
                                "cloudboot.exti=kexec", env=self.env)
        self.assertRegex(err, r"warning: --cmdline: .*cloudboot\.exti.*cloudboot\.exit")

    def test_inputs_that_are_not_there(self):
        self.kernel = self.path("nowhere")
        self.refuses(1, "nowhere: No such file or directory")
        self.kernel = self.dir
        self.refuses(1, "not a regular file")
        self.kernel = self.path("vmlinuz")
        for option in ("--initrd-add", "--osrel", "--stub", "--modules"):
            self.refuses(1, "/nowhere: No such file or directory", option, "/nowhere")
        self.assertIn("CB-2006", self.fails(1, "cloud-boot-init for x86_64: not in /nowhere", "build",
                                            "--arch", "x86_64", env={"CLOUD_BOOT_LIBEXEC": "/nowhere"}))

    def test_inputs_that_are_something_else(self):
        self.kernel = self.path("text", b"#!/bin/sh\n" * 100)
        self.refuses(1, "no kernel")
        self.kernel = self.path("empty", b"")
        self.refuses(1, "it is empty")
        self.kernel = self.path("vmlinuz")
        self.refuses(1, "no kernel modules (*.ko) in it", "--modules", os.path.join(self.dir, "libexec"))
        self.refuses(1, "making the UKI", "--stub", self.path("stub", b"MZ" + bytes(100)))
        folder = fixtures.modules(self.dir)
        with open(os.path.join(folder, "kernel/drivers/block/virtio_blk.ko"), "r+b") as f:
            f.truncate(100)
        self.refuses(1, "virtio_blk.ko: ", "--modules", folder)

    def test_modules_of_another_kernel(self):
        self.kernel = self.path("vmlinuz", fixtures.bzimage("6.12.9-other"))
        self.refuses(1, "modules of Linux 6.1.0-test, the kernel is 6.12.9-other", "--modules",
                     fixtures.modules(self.dir))

    def test_kernel_of_another_machine(self):
        self.fails(1, "it is for x86_64, not for aarch64", "build", "--arch", "arm64", "--kernel",
                   self.kernel, env=self.env)

    def test_places_that_can_not_be_written(self):
        self.refuses(1, "No such file or directory", "--out", "nowhere/boot.efi")
        self.refuses(1, "No such file or directory", "--iso", "nowhere/boot.iso")
        os.mkdir(self.path("folder"))
        self.refuses(1, "folder is a directory", "--out", "folder")
        with open("/dev/full", "wb") as full:
            status, _, err = self.run_it("build", "--arch", "x86_64", "--kernel", self.kernel, "--out", "-",
                                         env=self.env, stdout=full)
        self.assertEqual(status, 1)
        self.assertIn("writing standard output: No space left on device", err)
        self.assertEqual([n for n in os.listdir(self.dir) if ".efi." in n or ".iso." in n], [])

    def test_mistakes(self):
        self.refuses(2, "it is one of", "--arch", "vax")
        self.refuses(2, "go together", "--sign-key", "db.key")
        self.refuses(2, "an ISO image needs a file", "--iso", "-")
        self.refuses(2, "'--cmdlin': did you mean '--cmdline'?", "--cmdlin=x")
        self.refuses(2, "--out needs a value", "--out")
        self.fails(2, "--modules goes with --kernel", "build", "--arch", "x86_64", "--modules", "/nowhere",
                   env=self.env)
        self.env["SOURCE_DATE_EPOCH"] = "yesterday"
        self.refuses(2, "SOURCE_DATE_EPOCH=yesterday")

    def key(self, *kind):
        subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "1", "-subj", "/CN=test",
                        "-keyout", self.path("db.key"), "-out", self.path("db.pem")],
                       check=True, stderr=subprocess.DEVNULL)

    def is_signed(self, image):
        return subprocess.run(["sbverify", "--cert", self.path("db.pem"), image], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def test_signing(self):
        """Two signatures, and still a disk: its backup GPT lies at the end, in the certificate table."""
        for kind in (["rsa:2048"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ["rsa:4096"]):
            self.key(*kind)
            self.build("--sign-key", self.path("db.key"), "--sign-cert", self.path("db.pem"))
            image = self.path("boot.efi")
            inner = self.inner("boot.efi")
            self.assertTrue(self.is_signed(image))
            self.assertTrue(self.is_signed(inner))
            with open(image, "r+b") as f:
                f.seek(-512, os.SEEK_END)
                self.assertEqual(f.read(8), b"EFI PART")
                f.seek(0x200 + 24)      # of the first header: hashed
                f.write(b"\x02")
            self.assertFalse(self.is_signed(image))

    def test_signing_that_fails(self):
        self.refuses(1, "sbsign: exit status", "--sign-key", self.kernel, "--sign-cert", self.kernel)
        self.key("rsa:2048")
        self.refuses(1, "sbsign: exit status", "--sign-key", self.path("db.pem"), "--sign-cert", self.path("db.key"))
        for key, cert in (("nowhere", "db.pem"), ("db.key", "nowhere")):
            self.refuses(1, "/nowhere: No such file", "--sign-key", self.path(key), "--sign-cert", self.path(cert))

    def test_outputs_that_are_no_files(self):
        """A device must not be replaced by a file of its name; a FIFO stands for it."""
        node = self.path("node")
        os.mkfifo(node)
        for option in ("--out", "--iso"):
            self.assertIn("CB-2003", self.refuses(1, "node is a device, not a file", option, node))
            self.refuses(1, "is a directory", option, self.dir)
        self.assertTrue(os.path.exists(node) and not os.path.isfile(node))
        self.refuses(2, "--out and --iso name the same file", "--out", "x", "--iso", "x")


class Loader(Case):
    """build --path-b and whom the loader trusts."""
    ONE, OTHER = bytes.fromhex("3003020101"), bytes.fromhex("3000")

    def setUp(self):
        super().setUp()
        self.env = {"CLOUD_BOOT_LIBEXEC": fixtures.libexec(self.dir), "XDG_CACHE_HOME": self.path("cache"),
                    "SOURCE_DATE_EPOCH": "1600000000"}

    @staticmethod
    def pem(der):
        return b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(der)

    def build(self, *words):
        return json.loads(self.ok("build", "--arch", "x86_64", "--path-b", "--json", *words, env=self.env))

    def refuses(self, status, text, *words):
        err = self.fails(status, text, "build", "--arch", "x86_64", *words, env=self.env)
        self.assertFalse([n for n in os.listdir(self.dir) if n.startswith("boot.")])
        return err

    def test_ca(self):
        bundle = self.path("ca.pem", b"# one\n" + self.pem(self.ONE) + b"\n" + self.pem(self.OTHER))
        made = self.build("--ca", bundle)
        self.assertEqual((made["ca_certificates"], made["ca_from"]), (2, bundle))
        self.assertEqual(section(self.path("boot.efi"), ".ca"), self.ONE + self.OTHER)
        self.assertEqual(section(self.path("boot.efi"), ".built"), struct.pack("<Q", 1600000000))
        self.assertEqual(section(self.path("boot.efi"), ".text"), bytes(512))
        sha = made["efi"]["sha256"]
        self.assertEqual(self.build("--ca", self.path("ca.der", self.ONE + self.OTHER))["efi"]["sha256"], sha)
        self.assertNotEqual(self.build("--ca", self.path("ca.one", self.ONE))["efi"]["sha256"], sha)

    def test_ca_of_this_host(self):
        made = self.build()
        there = os.path.exists("/etc/ssl/certs/ca-certificates.crt")
        self.assertEqual(made["ca_certificates"] > 0, there)
        self.assertEqual(section(self.path("boot.efi"), ".ca") is not None, there)

    def test_ca_refusals(self):
        good = self.path("good.pem", self.pem(self.ONE))
        self.assertIn("CB-2001", self.refuses(2, "--ca is for the loader", "--ca", good))
        for name, data, says in (
                ("none", b"hello\n", "none: no certificate is in it"),
                ("cut", self.pem(self.ONE)[:-30], "cut: line 1: the certificate that begins here"),
                ("byte", b"\n\n" + self.pem(self.ONE).replace(b"MAMC", b"MA*C"), "byte: line 3: the certificate that begins here"),
                ("empty", b"", "empty: no certificate is in it")):
            err = self.refuses(1, says, "--path-b", "--ca", self.path(name, data))
            self.assertIn("CB-2002", err)
        self.refuses(1, "nowhere: No such file", "--path-b", "--ca", self.path("nowhere"))
