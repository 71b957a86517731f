"""FAT12, 16 and 32 by mkfs.fat and mtools: sizes, long names, fragments, sectors of 4096 bytes."""
import os

import kit
from fatkit import boot_sector, copy_in, manifest, put, tool, tree_of

USES = ["fatkit.py"]

# What the volume holds, bits, bytes a sector, sectors a cluster, size.
VARIANTS = [
    ("some", 12, 512, 1, "1900K"), ("some", 12, 512, 8, "8M"), ("some", 12, 4096, 1, "12M"),
    ("some", 16, 512, 1, "8M"), ("some", 16, 512, 16, "128M"), ("some", 16, 2048, 1, "40M"),
    ("some", 32, 512, 1, "40M"), ("some", 32, 512, 8, "300M"), ("some", 32, 4096, 1, "300M"),
    ("fragments", 12, 512, 2, "4M"), ("fragments", 16, 512, 1, "16M"), ("fragments", 32, 512, 1, "40M"),
]
QUICK = [VARIANTS[0], VARIANTS[3], VARIANTS[6], VARIANTS[8], VARIANTS[11]]


def some(k, cluster):
    for n in sorted({0, 1, 511, 512, 513, cluster - 1, cluster, cluster + 1, 3 * cluster, 3 * cluster + 1, 70000}):
        put(k, "sizes/f-%d" % n, k.bytes(n))
    put(k, "EFI/BOOT/BOOTX64.EFI", k.bytes(200000))
    put(k, "EFI/Linux/debian-6.12.0+3-1.efi", k.bytes(150000))
    put(k, "loader/entries/0123456789abcdef0123456789abcdef-6.1.0-13-amd64.conf", b"title Debian\n")
    put(k, "/".join(["deep"] + ["d%d" % i for i in range(25)] + ["bottom"]), b"at the bottom\n")
    for i in range(100):
        put(k, "some/entry number %04d" % i, b"%d\n" % i)
    os.makedirs(os.path.join(tree_of(k), "empty directory"))
    copy_in(k, sorted(os.listdir(tree_of(k))))


def fragments(k, cluster):
    """Small files all over; every second one deleted, so that big ones go into the holes."""
    small = ["small/s%03d" % i for i in range(240)]
    for i, name in enumerate(small):
        put(k, name, k.bytes(1 + i * 37 % (3 * cluster)))
    copy_in(k, ["small"])
    tool(k, "mdel", "-i", k.image, *["::/" + n for n in small[::2]])
    for n in small[::2]:
        os.unlink(os.path.join(tree_of(k), n))
    for i in range(3):
        put(k, "big-%d" % i, k.bytes(70 * cluster + i * 1000))
    copy_in(k, ["big-%d" % i for i in range(3)])


def build(k, what, bits, sector, cluster, size):
    k.new_image(size)
    tool(k, "mkfs.fat", "-F", str(bits), "-S", str(sector), "-s", str(cluster), "-n", "A LABEL", "-i", "1a2b3c4d", k.image)
    {"some": some, "fragments": fragments}[what](k, sector * cluster)
    tool(k, "fsck.fat", "-n", k.image)
    k.lines = manifest(k)


def damage(k, what, bits, sector, cluster, size):
    if what != "fragments":
        return
    sector, reserved, table, root = boot_sector(k)
    at = reserved * sector
    size = table * sector
    # The end of the table's used part: chains of the big files run there.
    used = len(k.read(at, size).rstrip(b"\0"))
    yield kit.Damage("no sectors", [(11, b"\0\0")], "refused", "ENOTMINE")
    yield kit.Damage("no clusters", [(16, b"\4"), (22, b"\xff\xff")], "refused", "before the data")
    for copy in (0, 1):
        middle = at + copy * size + used // 2
        expect = "files" if copy == 0 else "same"
        yield kit.Damage("table %d: zeros" % copy, [(middle, bytes(12))], expect, "free" if copy == 0 else "")
    yield kit.Damage("table: past the end", [(at + used // 2 // 12 * 12, b"\xf0\xfe\xef\x0f" * 3)], "files", "FAT: ")
