"""Path C's second pass: from reset to the distro kernel's first line through our entry, and through one made by
hand of other people's tools for the same kernel and initrd. And what one staging writes.

Guest instructions first (QEMU counts them with -icount), seconds second."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import uuid

import guest_instructions
import kit

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(kit.ROOT, "tests", "e2e"))

import blklog  # noqa: E402
import nvram  # noqa: E402
import pathc  # noqa: E402
import rig  # noqa: E402

import diskedit  # noqa: E402

ARCH = "x86_64"
LIMIT = 600
RUNS = 3
FIRST_LINE = b"Linux version "


def stage(folder):
    """A machine on which Debian 13 has been staged, and the log of what that wrote."""
    r = rig.Rig(ARCH, "12", folder, os.path.join(kit.OUT, "second_pass.log"), 3)
    r.insert("cloudboot.exit=reboot")
    r.add_cache()
    r.add_disk("debian13-amd64")
    r.power_on([rig.INIT, rig.RESTART], boots=1, record=r.path("writes"))
    return r


def by_hand(r, pair, option):
    """The same files on a disk by sgdisk, mkfs.vfat and mcopy; the same options in an entry by virt-fw-vars."""
    disk, part, size = r.path("hand.raw"), r.path("hand.part"), 254 << 20
    diskedit.new_disk(disk, [(1, size >> 20, "ef00", str(uuid.UUID(int=1)))], str(uuid.UUID(int=2)))
    with open(part, "wb") as f:
        f.truncate(size)
    diskedit.run("mkfs.vfat", "-F", "32", part)
    diskedit.run("mmd", "-i", part, "::/EFI", "::/EFI/Linux")
    for path in pair:
        diskedit.run("mcopy", "-i", part, path, "::/EFI/Linux/" + os.path.basename(path))
    offset, _ = diskedit.partition(disk, 1)
    diskedit.copy_partition(part, 0, disk, offset, size)
    store = r.path("hand.fd")
    shutil.copy(r.store, store)
    entry = nvram.file_option("by hand", 1, uuid.UUID(int=1).bytes_le, offset // 512, size // 512,
                              "\\EFI\\Linux\\" + os.path.basename(pair[0]), option.options)
    nvram.edit(store, [("Boot0077", nvram.GLOBAL, 7, entry)])
    nvram.set_numbers(store, "BootOrder", [0x77] + [n for n in r.nvram().order() if n not in r.nvram().ours()])
    return store, disk


def command(r, store, cache, counted):
    words = ["qemu-system-x86_64", "-machine", "q35", "-cpu", "max,cx16=off", "-accel", "tcg", "-m", "1024", "-nic", "none",
             "-display", "none", "-monitor", "none", "-serial", "stdio",
             "-drive", "if=pflash,format=raw,readonly=on,file=" + r.code, "-drive", "if=pflash,format=raw,snapshot=on,file=" + store]
    if counted:
        words += ["-qmp", "unix:%s,server=on,wait=off" % r.path("qmp"), "-icount", "shift=1,rr=record,rrfile=" + r.path("rr")]
    for name, path, kind, _ in r.drives:
        path = cache if name == "cache" else path
        words += ["-drive", "file=%s,format=%s,if=none,id=%s-file,snapshot=on" % (path, kind, name),
                  "-drive", "driver=blkreplay,if=none,image=%s-file,id=%s" % (name, name)] if counted else [
                  "-drive", "file=%s,format=%s,if=none,id=%s,snapshot=on" % (path, kind, name)]
        words += ["-device", "virtio-blk-pci,drive=" + name]
    return words


def run(r, store, cache, counted):
    """Guest instructions, or seconds, from reset to the kernel's first line."""
    began = time.monotonic()
    p = subprocess.Popen(command(r, store, cache, counted), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        qmp, seen = guest_instructions.Qmp(r.path("qmp")) if counted else None, b""
        while FIRST_LINE not in seen:
            data = os.read(p.stdout.fileno(), 4096)
            if not data or time.monotonic() - began > LIMIT:
                sys.exit("bench: the guest never got to its kernel: %s" % seen[-400:].decode("utf-8", "replace"))
            seen += data
        if b"cloud-boot 0" in seen:
            sys.exit("bench: our init ran on the second pass")
        return qmp.ask("query-replay")["icount"] if counted else time.monotonic() - began
    finally:
        p.kill()
        p.wait()
        if counted:
            os.unlink(r.path("qmp"))


def show_writes(r, pair):
    """What the log of a staging holds, by where it went."""
    with open(r.cache, "rb") as f:
        start = diskedit.partition(r.cache, 1)[0]
        f.seek(start)
        boot = f.read(512)
    sector, cluster, reserved, fats = struct.unpack_from("<HBHB", boot, 11)
    size = struct.unpack_from("<H", boot, 22)[0] or struct.unpack_from("<I", boot, 36)[0]
    first, end = start + reserved * sector, start + (reserved + fats * size) * sector
    total = fat = 0
    for entry in blklog.read(r.path("writes")):
        total += len(entry.data)
        fat += len(entry.data) if first <= entry.at < end else 0
    payload = sum(os.path.getsize(p) for p in pair)
    kit.heading("Bytes written by one staging (Debian 13, cache disk of %d MiB, clusters of %d bytes)"
                % (os.path.getsize(r.cache) >> 20, cluster * sector))
    kit.row("kernel and initrd", "%d" % payload)
    kit.row("allocation table, %d copies" % fats, "%d" % fat, "4 bytes a cluster, in whole sectors")
    kit.row("everything else", "%d" % (total - fat - payload), "folders, note, FSINFO, dirty mark")
    kit.row("besides the payload", "%d" % (total - payload))


def main():
    with tempfile.TemporaryDirectory(dir=kit.OUT) as folder:
        r = stage(folder)
        target, option = "debian-13", list(r.nvram().ours().values())[0]
        pair = pathc.pair_of(r, target)
        hand = by_hand(r, pair, option)
        kit.heading("Path C's second pass, x86_64, Debian 13: from reset to the distro kernel's first line")
        for name, what in (("our entry", (r.store, r.cache)), ("entry made by hand (peer)", hand)):
            count = run(r, *what, True)
            seconds = min(run(r, *what, False) for _ in range(RUNS))
            kit.row(name, "%.3f G" % (count / 1e9), "guest instructions; %.2f s, best of %d" % (seconds, RUNS))
        show_writes(r, pair)


if __name__ == "__main__":
    main()
