"""Path B beside GRUB and systemd-boot on one Debian 13 image: from the firmware's hand-over to the kernel's first line.

Guest instructions first (QEMU counts them with -icount), then what was read from all disks in that time, beside the
sizes of kernel and initrd, then seconds. GRUB is Debian's own, signed, behind shim, with its menu's time-out at 0;
systemd-boot starts the same kernel and initrd from an ESP, by an entry. "To the stub's last line" is what differs:
from there to the kernel's first line the kernel unpacks itself. A read seems to cost some 5 M instructions under this
clock, in which the firmware polls for its end: the marks fall on multiples of that. A kernel with holes is less on
disk than its size."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import guest_instructions
import kit

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(kit.ROOT, "tests", "e2e"))

import debs  # noqa: E402
import machine  # noqa: E402
import media  # noqa: E402

import diskedit  # noqa: E402
import images  # noqa: E402

LIMIT = 600
RUNS = 3
RELEASE = "12"
HAND_OVER = b"BdsDxe: starting Boot"
STUB = b"EFI stub: "
FIRST_LINE = b"Linux version "
WRITTEN = r"(?:serial|pl011)_write (?:write )?addr 0x0+ val(?:ue)? 0x\w*(\w\w)$"
TRACED = ("serial_write", "pl011_write", "virtio_blk_handle_read")
EFI = {"x86_64": "x64", "aarch64": "aa64"}


class Subject:
    """Disks in the order of their slots; `program`: the EFI programs that are started on the way."""

    def __init__(self, name, disks, programs):
        self.name = name
        self.disks = disks
        self.programs = programs


class Image:
    """Debian 13, its kernel, and what it is started with."""

    def __init__(self, arch, folder):
        self.path = images.get("debian13-" + machine.ARCHES[arch]["deb"])
        self.fs = diskedit.Ext4(self.path)
        version = self.fs.kernel()
        self.kernel, self.initrd, self.grub_cfg = (os.path.join(folder, n) for n in ("linux", "initrd", "grub.cfg"))
        self.fs.dump("/boot/vmlinuz-" + version, self.kernel)
        self.fs.dump("/boot/initrd.img-" + version, self.initrd)
        self.fs.dump("/boot/grub/grub.cfg", self.grub_cfg)
        with open(self.grub_cfg, encoding="utf-8") as f:
            text = f.read()
        self.cmdline = re.search(r"^\s*linux\s+\S+\s+(.*)$", text, re.M).group(1)
        with open(self.grub_cfg, "w", encoding="utf-8") as f:
            f.write(re.sub(r"timeout=\d+", "timeout=0", text))


def ours(arch, image, folder):
    built = media.build(arch, image.cmdline, front="--path-b")
    return Subject("cloud-boot", [os.path.join(built, "boot.efi"), image.path], [media.loader(arch)])


def grub(image, folder):
    copy = os.path.join(folder, "grub.raw")
    diskedit.copy_sparse(image.path, copy)
    diskedit.Ext4(copy).write(image.grub_cfg, "/boot/grub/grub.cfg")
    names, programs = media.cloud_boot("fs", "ls", "--partition", "15", copy, "/EFI/boot"), []
    for name in re.findall(r"\b(?:BOOT|grub)\w+\.(?i:efi)", names):
        path = os.path.join(folder, name)
        diskedit.run("mcopy", "-n", "-i", "%s@@%d" % (copy, diskedit.partition(copy, 15)[0]), "::/EFI/boot/" + name, path)
        programs.append(path)
    return Subject("GRUB", [copy], programs)


def systemd_boot(arch, image, folder):
    program = os.path.join(debs.tree("trixie", machine.ARCHES[arch]["deb"], "systemd-boot-efi"),
                           "usr/lib/systemd/boot/efi/systemd-boot%s.efi" % EFI[arch])
    conf, entry = (os.path.join(folder, n) for n in ("loader.conf", "debian.conf"))
    with open(conf, "w", encoding="utf-8") as f:
        f.write("timeout 0\ndefault debian.conf\n")
    with open(entry, "w", encoding="utf-8") as f:
        f.write("title Debian\nlinux /linux\ninitrd /initrd\noptions %s\n" % image.cmdline)
    disk = media.esp_disk(arch, program, folder, [("/loader/loader.conf", conf), ("/loader/entries/debian.conf", entry),
                                                  ("/linux", image.kernel), ("/initrd", image.initrd)])
    return Subject("systemd-boot", [disk, image.path], [program])


def command(arch, subject, folder, counted):
    spec = machine.ARCHES[arch]
    code, store, _ = machine.firmware_files(arch, RELEASE)
    shutil.copy(store, os.path.join(folder, "vars.fd"))
    words = [spec["qemu"], "-accel", "tcg", *spec["machine"], "-m", machine.MEMORY, "-nic", "none", "-display", "none",
             "-monitor", "none", "-serial", "stdio", "-qmp", "unix:%s,server=on,wait=off" % os.path.join(folder, "qmp"),
             "-drive", "if=pflash,format=raw,readonly=on,file=" + code,
             "-drive", "if=pflash,format=raw,snapshot=on,file=" + os.path.join(folder, "vars.fd")]
    if counted:
        words += ["-icount", "shift=1,rr=record,rrfile=" + os.path.join(folder, "rr"), "-D", os.path.join(folder, "trace")]
        words += [w for event in TRACED for w in ("-trace", event)]
    for n, path in enumerate(subject.disks):
        drive = "file=%s,format=raw,if=none,snapshot=on,id=" % path
        words += ["-drive", drive + "file%d" % n, "-drive", "driver=blkreplay,if=none,image=file%d,id=disk%d" % (n, n)
                  ] if counted else ["-drive", drive + "disk%d" % n]
        words += ["-device", "virtio-blk-pci,id=dev%d,drive=disk%d" % (n, n)]
    return words


def disk_reads(trace):
    """How many and how many bytes, between hand-over and first line: QEMU's trace has both in their order."""
    text, reads, size = b"", 0, 0
    with open(trace, encoding="utf-8", errors="replace") as f:
        for line in f:
            if (m := re.match(WRITTEN, line)):
                text += bytes([int(m.group(1), 16)])
            elif HAND_OVER in text and FIRST_LINE not in text and (m := re.search(r"handle_read .* nsectors (\d+)", line)):
                reads += 1
                size += int(m.group(1)) * 512
    return reads, size


class Marks:
    """Instructions and time at hand-over, at the stub's last line, and at the kernel's first."""

    def __init__(self):
        self.at = {}

    def take(self, name, qmp, counted):
        self.at[name] = (qmp.ask("query-replay")["icount"] if counted else 0, time.monotonic())

    def since(self, name):
        return [b - a for a, b in zip(self.at[HAND_OVER], self.at[name])]


def watch(p, qmp, counted):
    seen, marks, end = b"", Marks(), time.monotonic() + LIMIT
    while FIRST_LINE not in marks.at:
        data = os.read(p.stdout.fileno(), 4096)
        if not data or time.monotonic() > end:
            sys.exit("bench: the guest never got to its kernel: %s" % seen[-400:].decode("utf-8", "replace"))
        seen += data
        for name in (HAND_OVER, STUB, FIRST_LINE):
            if name in seen and (name is not STUB or HAND_OVER in marks.at):
                marks.take(name, qmp, counted)
                seen = seen.replace(name, b"")
    return marks


def run(arch, subject, folder, counted):
    p = subprocess.Popen(command(arch, subject, folder, counted), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        return watch(p, guest_instructions.Qmp(os.path.join(folder, "qmp")), counted)
    finally:
        p.kill()
        p.wait()
        os.unlink(os.path.join(folder, "qmp"))


def compare(arch, folder):
    image = Image(arch, folder)
    subjects = [ours(arch, image, folder), grub(image, folder), systemd_boot(arch, image, folder)]
    files = os.path.getsize(image.kernel) + os.path.getsize(image.initrd)
    kit.heading("Path B, %s, Debian 13: from the firmware's hand-over (kernel and initrd: %d bytes)" % (arch, files))
    first = None
    for s in subjects:
        marks = run(arch, s, folder, True)
        seconds = min(run(arch, s, folder, False).since(FIRST_LINE)[1] for _ in range(RUNS))
        stub, line = marks.since(STUB), marks.since(FIRST_LINE)
        reads, size = disk_reads(os.path.join(folder, "trace"))
        first = first or (stub, line)
        kit.row(s.name + ", to the stub's last line", "%.3f G" % (stub[0] / 1e9),
                "guest instructions; cloud-boot has %.2f x" % (first[0][0] / stub[0]))
        kit.row("  to the kernel's first line", "%.3f G" % (line[0] / 1e9), "cloud-boot has %.2f x; %.2f s, best of %d"
                % (first[1][0] / line[0], seconds, RUNS))
        kit.row("  read from disks", "%d" % size, "bytes in %d reads, %.3f x kernel and initrd" % (reads, size / files))
        kit.row("  EFI programs", "%d" % sum(map(os.path.getsize, s.programs)),
                "bytes: " + ", ".join("%s %d" % (os.path.basename(p), os.path.getsize(p)) for p in s.programs))


def main():
    for arch in sys.argv[1:] or machine.ARCHES:
        with tempfile.TemporaryDirectory(dir=kit.OUT) as folder:
            compare(arch, folder)


if __name__ == "__main__":
    main()
