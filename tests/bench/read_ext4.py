"""Sequential read of a 1 GiB file in ext4, from the page cache, beside four peers; device reads per file."""
import os
import subprocess

import kit

SIZE = 1 << 30


def image():
    """A fresh mke2fs image that holds one 1 GiB file of incompressible bytes and 1000 small ones."""
    path = os.path.join(kit.CACHE, "bench", "ext4-1g.img")
    if os.path.exists(path):
        return path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    tree = path + ".tree"
    os.makedirs(os.path.join(tree, "small"), exist_ok=True)
    with open(os.path.join(tree, "big"), "wb") as f:
        block = os.urandom(1 << 20)
        for i in range(SIZE >> 20):
            f.write(i.to_bytes(8, "little") + block[8:])
    for i in range(1000):
        with open(os.path.join(tree, "small", "f%04d" % i), "wb") as f:
            f.write(os.urandom(3000 + i))
    tmp = path + ".tmp"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, "-F", tmp, "1300M"], check=True)
    subprocess.run(["rm", "-rf", tree], check=True)
    os.rename(tmp, path)
    return path


def kernel_mount(img):
    """Seconds of the kernel's own mount, or None where this machine may not mount."""
    where = os.path.join(kit.OUT, "mnt")
    os.makedirs(where, exist_ok=True)
    if subprocess.run(["mount", "-o", "loop,ro", img, where], stderr=subprocess.DEVNULL).returncode != 0:
        return None
    try:
        return kit.measure(["dd", "if=" + where + "/big", "of=/dev/null", "bs=1M"])[0]
    finally:
        subprocess.run(["umount", where], check=True)


def main():
    for tool, package in (("debugfs", "e2fsprogs"), ("grub-fstest", "grub-common"), ("strace", "strace")):
        kit.need(tool, package)
    img = image()
    subprocess.run(["cat", img], stdout=subprocess.DEVNULL, check=True)   # into the page cache
    ours, rss = kit.measure([kit.CLOUD_BOOT, "fs", "cat", img, "/big"])
    peers = [
        ("debugfs cat", kit.measure(["debugfs", "-R", "cat /big", img])[0]),
        ("grub-fstest cat", kit.measure(["grub-fstest", img, "cat", "/big"], runs=1)[0]),
        ("kernel mount, dd bs=1M", kernel_mount(img)),
        ("raw bytes, dd bs=1M", kit.measure(["dd", "if=" + img, "of=/dev/null", "bs=1M", "count=%d" % (SIZE >> 20)])[0]),
    ]
    kit.heading("ext4: a 1 GiB file, sequentially, from the page cache")
    row_time("cloud-boot fs cat", ours, "peak RSS %d KiB" % rss)
    for name, t in peers:
        if t is None:
            kit.row(name, "-", "no mount allowed here")
        else:
            row_time(name, t, "cloud-boot is %.2f x as fast" % (t / ours))
    n, size = kit.reads([kit.CLOUD_BOOT, "fs", "cat", img, "/big"], img)
    kit.row("device reads, 1 GiB file", "%d" % n, "%.1f KiB each on average" % (size / max(n, 1) / 1024))
    n, size = kit.reads([kit.CLOUD_BOOT, "fs", "sum", "-r", img, "/small"], img)
    kit.row("device reads, 1000 small files", "%d" % n, "%.2f a file" % (n / 1000))


def row_time(name, seconds, note):
    kit.row(name, "%.0f MB/s" % (SIZE / seconds / 1e6), note)


if __name__ == "__main__":
    main()
