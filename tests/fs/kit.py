"""What recipes of tests/fs/recipes build images with.

A recipe is one Python file: a docstring, QUICK (True: part of `make check`), and build(k), which
makes k.image and calls k.oracle(DIR) or k.oracle_mount() on what the image must hold. Optional:
damage(k) yields Damage(...) cases on copies of the image.
"""
import contextlib
import dataclasses
import hashlib
import os
import random
import re
import stat
import subprocess
import time

MTIME = 1700000000


class Skip(Exception):
    """The recipe can't be built here; the text says why."""


@dataclasses.dataclass
class Damage:
    """Bytes to write into a copy of the image, and what must come of it.

    expect: "same" (another copy was used, nothing is lost), "refused" (no mount), or "files": every
    file is either right or an error. says: text that the note or the errors must hold.
    """
    name: str
    patches: list
    expect: str
    says: str = ""


def escape(name: bytes) -> str:
    return "".join(chr(c) if 0x20 < c < 0x7f and c != 0x25 else "%%%02x" % c for c in name)


def unescape(name: str) -> bytes:
    return re.sub(rb"%([0-9a-f]{2})", lambda m: bytes([int(m.group(1), 16)]), name.encode())


def sha256_of(path) -> str:
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            h.update(block)
    return h.hexdigest()


def manifest_line(path: bytes, name: bytes) -> str:
    st = os.lstat(path)
    kind, size, digest, target = "o", st.st_size, "-", b""
    if stat.S_ISREG(st.st_mode):
        kind, digest = "f", sha256_of(path)
    elif stat.S_ISDIR(st.st_mode):
        kind, size = "d", 0
    elif stat.S_ISLNK(st.st_mode):
        kind, target = "l", os.readlink(path)
    return "%s %o %d %d %d %d %d %s %s %s" % (kind, st.st_mode, st.st_uid, st.st_gid, st.st_nlink,
                                              size, st.st_mtime_ns // 10**9, digest, escape(name), escape(target))


FIELDS = {"links": 4, "mtime": 6}


def manifest_loosen(line, loose) -> str:
    f = line.split(" ")
    for name in loose if f[0] == "d" else ():
        f[FIELDS[name]] = "*"
    return " ".join(f)


def manifest(top, skip=()) -> list:
    """A line for everything below top, parents first, names in byte order: as fsdump prints. What is
    in the directories `skip` is left out."""
    lines, todo = [], [(os.fsencode(top), b"/")]
    while todo:
        path, name = todo.pop()
        lines.append(manifest_line(path, name))
        if stat.S_ISDIR(os.lstat(path).st_mode) and name not in skip:
            prefix = b"" if name == b"/" else name
            for e in sorted(os.listdir(path), reverse=True):
                todo.append((path + b"/" + e, prefix + b"/" + e))
    return lines


class Kit:
    def __init__(self, folder, seed=1):
        self.folder = folder
        self.image = os.path.join(folder, "image")
        self.random = random.Random(seed)
        self.lines = None
        self.kept_open = []        # until a cut_off() has cut

    # -- commands

    def run(self, *args, **kw):
        env = dict(os.environ, E2FSPROGS_FAKE_TIME=str(MTIME), PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        r = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, **kw)
        text = r.stdout.decode(errors="replace")
        if r.returncode != 0:
            raise RuntimeError("%s: exit %d\n%s" % (" ".join(map(str, args)), r.returncode, text))
        return text

    def new_image(self, size):
        """A sparse file of e.g. "64M"."""
        self.run("truncate", "-s", size, self.image)

    def mkfs(self, *args, size="64M", source=None, used=None):
        """mke2fs of a fresh image; source: a tree that goes in without the kernel (-d); used: how
        much of the image the file system takes."""
        self.new_image(size)
        more = ["-d", source] if source else []
        return self.run("mke2fs", "-q", "-F", "-U", "11111111-2222-3333-4444-555555555555",
                        "-E", "hash_seed=01234567-89ab-cdef-0123-456789abcdef", *args, *more, self.image,
                        *([used] if used else []))

    def debugfs(self, *commands, write=True):
        script = "\n".join(commands) + "\n"
        return self.run("debugfs", *(["-w"] if write else []), "-f", "-", self.image, input=script.encode())

    # -- mounting

    @contextlib.contextmanager
    def mounted(self, options="", kind="ext4"):
        """The image under the kernel's own driver. Needs root and a loop device."""
        if os.geteuid() != 0:
            raise Skip("needs root to mount")
        top = os.path.join(self.folder, "mnt")
        os.makedirs(top, exist_ok=True)
        self.run("mount", "-t", kind, "-o", "loop" + ("," + options if options else ""), self.image, top)
        try:
            yield top
        finally:
            for _ in range(50):
                if subprocess.run(["umount", top], stderr=subprocess.DEVNULL).returncode == 0:
                    break
                time.sleep(0.1)
            else:
                raise RuntimeError("cannot unmount " + top)
            os.rmdir(top)

    @contextlib.contextmanager
    def cut_off(self, options="", kind="ext4"):
        """Like mounted(), but the image stays as it was at the end of the block, mount and all: as
        a power cut would leave it. Nothing is committed but by fsync."""
        cut = self.image + ".cut"
        with self.mounted("commit=10000" + ("," + options if options else ""), kind) as top:
            yield top
            self.run("cp", "--sparse=always", self.image, cut)
            for fd in self.kept_open:
                os.close(fd)
        os.replace(cut, self.image)
        if "needs_recovery" not in self.field("Filesystem features"):
            raise RuntimeError("the journal is clean")

    def fsck(self, *args):
        """e2fsck says 1 when it changed something."""
        try:
            self.run("e2fsck", "-fy", *args, self.image)
        except RuntimeError as e:
            if ": exit 1\n" not in str(e):
                raise

    def loop_of(self, top):
        for line in open("/proc/mounts"):
            if line.split()[1] == top:
                return line.split()[0]
        raise KeyError(top)

    def oracle(self, top, loose=(), skip=()):
        """loose: fields of directories that the oracle itself gets wrong ("links", "mtime")."""
        self.lines = [manifest_loosen(line, loose) for line in manifest(top, skip)]

    def oracle_mount(self, options="ro", kind="ext4", loose=(), skip=()):
        """What the kernel sees. It works on a copy, because mounting replays a journal."""
        keep = self.image
        self.image = keep + ".oracle"
        self.run("cp", "--sparse=always", keep, self.image)
        try:
            with self.mounted(options, kind) as top:
                self.oracle(top, loose, skip)
        finally:
            os.unlink(self.image)
            self.image = keep

    # -- contents

    def bytes(self, n):
        return self.random.randbytes(n)

    def file(self, path, data, mtime=MTIME):
        with open(path, "wb") as f:
            f.write(data)
        os.utime(path, (mtime, mtime))

    def durable(self, path, data):
        with open(path, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())

    def holes(self, path, blocks, step, size=4096):
        """Every step-th block written: as many extents as blocks."""
        with open(path, "wb") as f:
            for i in range(blocks):
                f.seek(i * step * size)
                f.write(self.bytes(size - (i % 7 == 0)))
            f.truncate((blocks * step + 3) * size + 17)

    def links(self, top, most=1000):
        for n in (1, 2, 58, 59, 60, 61, 100, 150, 155, 156, 157, 160, 255, 1000, 4095):
            if n <= most:
                os.symlink("t" * n, os.path.join(top, "link-%d" % n))
        os.symlink("../sizes/f-1000", os.path.join(top, "relative"))
        os.symlink("/sizes", os.path.join(top, "absolute"))

    def names(self, top):
        for name in (b"a", b"n" * 255, "\u00e4\u00f6\u00fc-\u65e5\u672c".encode(), b"with space", b"new\nline", b"100%",
                     b"back\\slash", b"\xff\xfe not utf-8", b"...", b".hidden", b"-rf"):
            self.file(os.path.join(os.fsencode(top), name), b"name " + name)

    def populate(self, top, big=3 << 20, most_link=1000, special=True):
        """Some of everything."""
        os.makedirs(os.path.join(top, "sizes"))
        for n in (0, 1, 59, 60, 61, 100, 150, 156, 157, 160, 161, 200, 511, 512, 513, 1000, 1023, 1024,
                  1025, 4095, 4096, 4097, 12 << 10, 48 << 10, (48 << 10) + 1, 65537, 300000, big):
            self.file(os.path.join(top, "sizes", "f-%d" % n), self.bytes(n))
        os.makedirs(os.path.join(top, "links"))
        self.links(os.path.join(top, "links"), most_link)
        os.makedirs(os.path.join(top, "names"))
        self.names(os.path.join(top, "names"))
        deep = os.path.join(top, "deep")
        for i in range(40):
            deep = os.path.join(deep, "d%d" % i)
        os.makedirs(deep)
        self.file(os.path.join(deep, "bottom"), b"at the bottom\n")
        os.makedirs(os.path.join(top, "some"))
        for i in range(300):
            self.file(os.path.join(top, "some", "entry-%04d" % i), b"%d\n" % i)
        os.makedirs(os.path.join(top, "empty"))
        os.link(os.path.join(top, "sizes", "f-1000"), os.path.join(top, "hard link"))
        os.chmod(os.path.join(top, "sizes", "f-100"), 0o4751)
        if special:
            os.mkfifo(os.path.join(top, "fifo"))
            if os.geteuid() == 0:
                os.mknod(os.path.join(top, "null"), 0o666 | stat.S_IFCHR, os.makedev(1, 3))
                os.mknod(os.path.join(top, "loop"), 0o660 | stat.S_IFBLK, os.makedev(7, 0))
                os.chown(os.path.join(top, "sizes", "f-1"), 70000, 80000)

    def tree(self, **kw):
        """A populated directory beside the image, for mke2fs -d and as its oracle."""
        top = os.path.join(self.folder, "tree")
        os.makedirs(top)
        self.populate(top, **kw)
        return top

    def standard(self, *mkfs, size="64M", kind="ext4", options="", **kw):
        """mke2fs, populated through a mount, the kernel's view as the oracle."""
        self.mkfs(*mkfs, size=size)
        with self.mounted(options, kind) as top:
            self.populate(top, **kw)
            self.holes(os.path.join(top, "holes"), 400, 3)
        self.oracle_mount(kind=kind)

    def from_tree(self, *mkfs, size="64M", **kw):
        self.use_tree(self.tree(**kw), *mkfs, size=size)

    def use_tree(self, top, *mkfs, size="64M"):
        """For what the kernel can't mount here: mke2fs -d. The tree itself is the oracle, but for the
        root directory and what mke2fs adds."""
        os.utime(top, (MTIME, MTIME))
        self.mkfs(*mkfs, size=size, source=top)
        self.oracle(top)
        root = self.lines[0].split(" ")
        root[4] = str(int(root[4]) + 1)
        self.lines[0] = " ".join(root)
        self.lines.append("d 40700 0 0 2 0 %d - /lost+found " % MTIME)
        self.lines.sort(key=lambda line: unescape(line.split(" ")[8]).split(b"/"))

    # -- where things are, for damage

    def read(self, at, n):
        with open(self.image, "rb") as f:
            f.seek(at)
            return f.read(n)

    def field(self, name):
        """A line of dumpe2fs -h."""
        m = re.search(r"^%s:\s+(.*)$" % re.escape(name), self.run("dumpe2fs", "-h", self.image), re.M)
        if not m:
            raise KeyError(name)
        return m.group(1)

    @property
    def block_size(self):
        return int(self.field("Block size"))

    def inode_at(self, path):
        """Byte of an inode on the image."""
        text = self.debugfs("imap " + path, write=False)
        m = re.search(r"located at block (\d+), offset (0x[0-9a-f]+)", text)
        return int(m.group(1)) * self.block_size + int(m.group(2), 16)

    def block_at(self, path, n):
        """Byte of block n of a file."""
        text = self.debugfs("bmap %s %d" % (path, n), write=False)
        return int(text.strip().split("\n")[-1]) * self.block_size

    @staticmethod
    def crc32c(reg, data):
        for byte in data:
            reg ^= byte
            for _ in range(8):
                reg = reg >> 1 ^ (0x82f63b78 if reg & 1 else 0)
        return reg

    @property
    def desc_size(self):
        return int.from_bytes(self.read(1024 + 0xfe, 2), "little") or 32

    def groups(self):
        """(text, first block) of each group, as dumpe2fs prints them."""
        text = self.run("dumpe2fs", self.image)
        return [(m.group(0), int(m.group(1))) for m in re.finditer(r"^Group \d+: \(Blocks (\d+)-.*(?:\n .*)*", text, re.M)]

    def super_copies(self):
        """Bytes of the backup superblocks."""
        return [first * self.block_size for text, first in self.groups() if "Backup superblock" in text]

    def gdt_at(self):
        m = re.search(r"Group descriptors? at (\d+)", self.groups()[0][0])
        return int(m.group(1)) * self.block_size

    def metadata(self):
        """(byte, length) of superblock, descriptors, inode tables, directories and extent blocks."""
        bs, found = self.block_size, [(1024, 1024), (self.gdt_at(), len(self.groups()) * self.desc_size)]
        m = re.search(r"Inode table at (\d+)-", self.groups()[0][0])
        found.append((int(m.group(1)) * bs, 420 * 256))
        for path in ("/", "/sizes", "/links", "/names", "/some", "/deep", "/deep/d0"):
            blocks = self.debugfs("blocks " + path, write=False).strip().split("\n")[-1].split()
            found += [(int(b) * bs, bs) for b in blocks]
        return found + [(at, bs) for at in self.extent_blocks("/holes")]

    def log_at(self, n):
        return self.block_at("<8>", n)

    def log_blocks(self):
        """Bytes of the log's blocks by kind: 1 descriptor, 2 commit, 0 what they describe."""
        found = {0: [], 1: [], 2: [], 5: []}
        for line in self.debugfs("logdump -a", write=False).split("\n"):
            m = re.search(r"type (\d+) \(.*at block (\d+)", line)
            if m:
                found[int(m.group(1))].append(self.log_at(int(m.group(2))))
            m = re.search(r"logged at journal block (\d+)", line)
            if m:
                found[0].append(self.log_at(int(m.group(1))))
        return found

    def extent_blocks(self, path):
        """Bytes where the blocks of an extent tree are."""
        text = self.debugfs("ex %s" % path, write=False)
        found = []
        for line in text.split("\n"):
            m = re.match(r"\s*(\d+)/\s*(\d+)\s+\d+/\s*\d+\s+\d+\s+-\s+\d+\s+(\d+)", line)
            if m and int(m.group(1)) < int(m.group(2)):
                found.append(int(m.group(3)) * self.block_size)
        return found
