"""FAT12, 16 and 32 by mkfs.fat and mtools: sizes, long names, fragments, sectors of 4096 bytes."""
import hashlib
import os
import stat
import subprocess

import kit

# What the volume holds, bits, bytes a sector, sectors a cluster, size.
VARIANTS = [
    ("some", 12, 512, 1, "1900K"), ("some", 12, 512, 8, "8M"), ("some", 12, 4096, 1, "12M"),
    ("some", 16, 512, 1, "8M"), ("some", 16, 512, 16, "128M"), ("some", 16, 2048, 1, "40M"),
    ("some", 32, 512, 1, "40M"), ("some", 32, 512, 8, "300M"), ("some", 32, 4096, 1, "300M"),
    ("fragments", 12, 512, 2, "4M"), ("fragments", 16, 512, 1, "16M"), ("fragments", 32, 512, 1, "40M"),
]
QUICK = [VARIANTS[0], VARIANTS[3], VARIANTS[6], VARIANTS[8], VARIANTS[11]]


def tool(k, *args):
    """mtools and dosfstools, in UTC, with the code page that Linux takes for short names."""
    rc = os.path.join(k.folder, "mtoolsrc")
    with open(rc, "w") as f:
        f.write("mtools_skip_check=1\ndefault_codepage=437\n")
    env = dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8", MTOOLSRC=rc, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    r = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env)
    if r.returncode != 0:
        raise RuntimeError("%s: exit %d\n%s" % (" ".join(args[:8]), r.returncode, r.stdout.decode(errors="replace")[-800:]))
    return r.stdout.decode(errors="replace")


def tree_of(k):
    top = os.path.join(k.folder, "tree")
    os.makedirs(top, exist_ok=True)
    return top


def put(k, path, data):
    path = os.path.join(tree_of(k), path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    k.file(path, data)


def copy_in(k, names, to="::/"):
    """These files of the tree, in this order; in pieces that fit any command line."""
    for i in range(0, len(names), 400):
        tool(k, "mcopy", "-i", k.image, "-s", "-Q", "-m", *[os.path.join(tree_of(k), n) for n in names[i:i + 400]], to)


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


def manifest(k):
    """The tree, as FAT keeps it: no owners, no modes, nothing of the root."""
    lines, todo = [], [(tree_of(k).encode(), b"/")]
    while todo:
        path, name = todo.pop()
        st = os.lstat(path)
        if stat.S_ISDIR(st.st_mode):
            lines.append("d 40555 0 0 1 0 %s - %s " % ("0" if name == b"/" else "*", kit.escape(name)))
            prefix = b"" if name == b"/" else name
            todo += [(path + b"/" + e, prefix + b"/" + e) for e in sorted(os.listdir(path), reverse=True)]
        else:
            with open(path, "rb") as f:
                digest = hashlib.sha256(f.read()).hexdigest()
            lines.append("f 100444 0 0 1 %d %d %s %s " % (st.st_size, st.st_mtime, digest, kit.escape(name)))
    return lines


def build(k, what, bits, sector, cluster, size):
    k.new_image(size)
    tool(k, "mkfs.fat", "-F", str(bits), "-S", str(sector), "-s", str(cluster), "-n", "A LABEL", "-i", "1a2b3c4d", k.image)
    {"some": some, "fragments": fragments}[what](k, sector * cluster)
    tool(k, "fsck.fat", "-n", k.image)
    k.lines = manifest(k)


def boot_sector(k):
    b = k.read(0, 512)
    num = lambda at, n: int.from_bytes(b[at:at + n], "little")  # noqa: E731
    table = num(22, 2) or num(36, 4)
    return num(11, 2), num(14, 2), table, num(44, 4)


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
