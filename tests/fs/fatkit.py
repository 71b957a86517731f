"""What the FAT recipes build volumes with: mkfs.fat and mtools, and directories written entry by entry
where mtools can't (characters beyond 16 bits) or takes minutes (thousands of files)."""
import hashlib
import os
import stat
import struct
import subprocess

import kit


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


def boot_sector(k):
    b = k.read(0, 512)
    num = lambda at, n: int.from_bytes(b[at:at + n], "little")  # noqa: E731
    table = num(22, 2) or num(36, 4)
    return num(11, 2), num(14, 2), table, num(44, 4)


def short_names(names):
    """An 11-byte short name for each name, by the specification's basis and numeric tail."""
    last = {}
    for name in names:
        base, _, ext = name.rpartition(".") if "." in name.strip(".") else (name, "", "")
        keep = lambda text: "".join(c if c.isascii() and c.isalnum() else "_" for c in text.upper()  # noqa: E731
                                    if c not in " .")
        base, ext = keep(base), keep(ext)[:3]
        key = (base[:2], ext)
        last[key] = last.get(key, 0) + 1
        tail = "~%d" % last[key]
        yield (base[:8 - len(tail)] + tail).ljust(8).encode() + ext.ljust(3).encode()


def entry(short, attr, cluster, size):
    days, seconds = divmod(kit.MTIME, 86400)
    date = 43 << 9 | 11 << 5 | 14        # of kit.MTIME: 2023-11-14
    assert days == 19675
    clock = seconds // 3600 << 11 | seconds // 60 % 60 << 5 | seconds % 60 // 2
    return struct.pack("<11s3B7HI", short, attr, 0, 0, clock, date, date, cluster >> 16, clock, date,
                       cluster & 0xffff, size)


def long_entries(name, short):
    """The entries of a long name, as they stand before the short one."""
    units = name.encode("utf-16-le", "surrogatepass")
    assert 0 < len(units) <= 510
    if len(units) % 26:
        units += b"\0\0"
    units = units.ljust(-(-len(units) // 26) * 26, b"\xff")
    total = 0
    for c in short:
        total = ((total & 1) << 7) + (total >> 1) + c & 0xff
    count = len(units) // 26
    pieces = []
    for order in range(count, 0, -1):
        p = units[26 * (order - 1):26 * order]
        pieces.append(struct.pack("<B10sBBB12sH4s", order | (0x40 if order == count else 0), p[:10], 15, 0, total,
                                  p[10:22], 0, p[22:]))
    return b"".join(pieces)


class Volume:
    """A FAT16 or FAT32 image that mkfs.fat has made, changed in place."""

    def __init__(self, k, bits):
        self.k, self.bits = k, bits
        b = k.read(0, 512)
        self.sector, self.reserved, self.table, self.root = boot_sector(k)
        self.cluster = b[13] * self.sector
        self.root_at = (self.reserved + 2 * self.table) * self.sector
        self.data = self.root_at + int.from_bytes(b[17:19], "little") * 32

    def at(self, cluster):
        return self.data + (cluster - 2) * self.cluster

    def write(self, at, data):
        with open(self.k.image, "r+b") as f:
            f.seek(at)
            f.write(data)

    def find(self, short):
        """Where the root's entry of that short name is, and its first cluster. It is near the start."""
        at = self.root_at if self.bits == 16 else self.at(self.root)
        for off in range(at, at + self.cluster, 32):
            e = self.k.read(off, 32)
            if e[:11] == short:
                return off, int.from_bytes(e[20:22], "little") << 16 | int.from_bytes(e[26:28], "little")
        raise KeyError(short)

    def cut_up(self, first, count):
        """A run of `count` clusters becomes as many chains of one."""
        n = self.bits // 8
        at = self.reserved * self.sector + first * n
        entries = [first + i + 1 for i in range(count - 1)]
        got = struct.unpack("<%d%s" % (count - 1, "H" if n == 2 else "I"), self.k.read(at, (count - 1) * n))
        assert list(got) == entries, "not one run"
        for copy in range(2):
            self.write(at + copy * self.table * self.sector, (b"\xff" * (n - 1) + (b"\xff" if n == 2 else b"\x0f")) * count)

    def fill(self, folder, files):
        """A directory of the root with these (long name or "", short name, bytes): at most a cluster each."""
        pool = os.path.join(self.k.folder, "POOL")
        with open(pool, "wb") as f:
            f.write(b"".join(data.ljust(self.cluster, b"\0") for _, _, data in files))
        tool(self.k, "mcopy", "-i", self.k.image, pool, "::/")
        entry_at, first = self.find(b"POOL       ")
        self.cut_up(first, len(files))
        self.write(entry_at, b"\xe5")
        raw = [entry(b".          ", 16, 0, 0), entry(b"..         ", 16, 0, 0)]
        for i, (name, short, data) in enumerate(files):
            raw.append(long_entries(name, short) if name else b"")
            raw.append(entry(short, 32, first + i, len(data)))
        raw = b"".join(raw)
        with open(pool, "wb") as f:
            f.write(raw.ljust(-(-len(raw) // self.cluster) * self.cluster, b"\0"))
        tool(self.k, "mcopy", "-i", self.k.image, pool, "::/")
        entry_at, first = self.find(b"POOL       ")
        self.write(entry_at, entry(folder.ljust(11).encode(), 16, first, 0))
        self.write(self.at(first), entry(b".          ", 16, first, 0))
