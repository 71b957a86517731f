"""Guest instructions of path A, from the firmware's hand-over to the distro kernel's first line.

QEMU counts them (-icount with record, which makes the count readable over QMP). Two runs of one build
differ by the instructions that pass between a serial line and the question, under one in a thousand."""
import json
import os
import shutil
import socket
import subprocess
import sys
import time

import kit

LIMIT = 900
MARKS = (("firmware hands over", b"BdsDxe: starting Boot"), ("our kernel's first line", b"Linux version "),
         ("init starts", b"cloud-boot"), ("distro kernel's first line", b"Linux version "))


class Qmp:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        for _ in range(100):
            try:
                self.sock.connect(path)
                break
            except OSError:
                time.sleep(0.1)
        self.file = self.sock.makefile("rw")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command):
        self.file.write(json.dumps({"execute": command}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(answer["error"])


def command(efi, disk, qmp):
    def replayed(name, path):
        return ["-drive", "file=%s,format=raw,if=none,id=%s-file,snapshot=on" % (path, name),
                "-drive", "driver=blkreplay,if=none,image=%s-file,id=%s" % (name, name),
                "-device", "virtio-blk-pci,drive=" + name]
    vars_ = os.path.join(kit.OUT, "vars.fd")
    shutil.copy("/usr/share/OVMF/OVMF_VARS_4M.fd", vars_)
    return ["qemu-system-x86_64", "-machine", "q35", "-cpu", "max,cx16=off", "-accel", "tcg", "-m", "1024", "-nic", "none",
            "-display", "none", "-monitor", "none", "-serial", "stdio", "-qmp", "unix:%s,server=on,wait=off" % qmp,
            "-icount", "shift=1,rr=record,rrfile=%s" % os.path.join(kit.OUT, "replay.bin"),
            "-drive", "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
            "-drive", "if=pflash,format=raw,snapshot=on,file=" + vars_] + replayed("boot", efi) + replayed("disk", disk)


def count(efi, disk):
    path = os.path.join(kit.OUT, "qmp")
    if os.path.exists(path):
        os.unlink(path)
    p = subprocess.Popen(command(efi, disk, path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        qmp, seen, marks, end = Qmp(path), b"", [], time.monotonic() + LIMIT
        while len(marks) < len(MARKS) and time.monotonic() < end:
            data = os.read(p.stdout.fileno(), 4096)
            if not data:
                break
            seen += data
            while len(marks) < len(MARKS) and MARKS[len(marks)][1] in seen:
                seen = seen.split(MARKS[len(marks)][1], 1)[1]
                marks.append(qmp.ask("query-replay")["icount"])
        return marks
    finally:
        p.kill()
        p.wait()


def main():
    disk = subprocess.run([os.path.join(kit.ROOT, "tests", "images", "images.py"), "debian13-amd64"],
                          stdout=subprocess.PIPE, check=True, text=True).stdout.split()[-1]
    efi = os.path.join(kit.OUT, "icount.efi")
    subprocess.run([kit.CLOUD_BOOT, "build", "--arch", "x86_64", "--out", efi, "--cmdline", "console=ttyS0"],
                   stdout=subprocess.DEVNULL, check=True)
    marks = count(efi, disk)
    kit.heading("Guest instructions, x86_64, path A, Debian 13")
    if len(marks) < len(MARKS):
        sys.exit("bench: the guest got only as far as: %s" % (MARKS[len(marks) - 1][0] if marks else "nothing"))
    for (name, _), at in zip(MARKS[1:], marks[1:]):
        kit.row("hand-over to %s" % name, "%.3f G" % ((at - marks[0]) / 1e9))


if __name__ == "__main__":
    main()
