"""Each structure damaged in turn: another copy is used, or an error names the place."""
import struct

from kit import Damage

QUICK = True
VARIANTS = ["csum", "no_csum", "uninit_bg", "meta_bg", "dirty"]

SUPER = 1024


def build(k, what):
    args = {"no_csum": ["-O", "^metadata_csum,^uninit_bg"], "uninit_bg": ["-O", "^metadata_csum,uninit_bg,^64bit"],
            "meta_bg": ["-O", "meta_bg,^resize_inode", "-g", "1024"]}.get(what, [])
    k.mkfs("-t", "ext4", "-b", "1024", *args)
    with k.mounted() as top:
        k.populate(top)
        k.holes(top + "/holes", 400, 3, 1024)
    if what == "dirty":
        with k.cut_off() as top:
            for i in range(5):
                k.durable(top + "/in-the-log-%d" % i, k.bytes(3000))
    k.oracle_mount("")


def super_with(k, *fields):
    """The primary superblock with (offset, bytes) changed and its checksum right again."""
    raw = bytearray(k.read(SUPER, 1024))
    for at, data in fields:
        raw[at:at + len(data)] = data
    raw[0x3fc:] = struct.pack("<I", k.crc32c(0xffffffff, bytes(raw[:0x3fc])))
    return [(SUPER, bytes(raw))]


def flip(k, at):
    return [(at, bytes([k.read(at, 1)[0] ^ 0x10]))]


def le32(v):
    return struct.pack("<I", v)


def supers(k, csum):
    copies = k.super_copies()
    used = "used the copy in group 1 at block"
    yield Damage("superblock zeroed", [(SUPER, bytes(1024))], "same", used)
    yield Damage("superblock magic", flip(k, SUPER + 0x38), "same", used)
    yield Damage("log_block_size", [(SUPER + 0x18, le32(9))], "same", used)
    yield Damage("inodes per group", [(SUPER + 0x28, le32(0))], "same", used)
    yield Damage("blocks per group", [(SUPER + 0x20, le32(3))], "same", used)
    yield Damage("inode size", [(SUPER + 0x58, b"\x05\x01")], "same", used)
    if csum:
        yield Damage("superblock label", flip(k, SUPER + 0x78), "same", "wrong checksum: " + used)
    yield Damage("group 1's superblock too", [(SUPER, bytes(1024)), (copies[0], bytes(1024))], "same", "in group 3")
    yield Damage("every superblock", [(SUPER, bytes(1024))] + [(c, bytes(1024)) for c in copies], "refused", "no known file system")
    incompat = struct.unpack("<I", k.read(SUPER + 0x60, 4))[0]
    for bit, name in ((0x1, "compression"), (0x8, "journal_dev"), (0x1000, "dirdata"), (0x40000000, "0x40000000"), (0x20, "0x20")):
        yield Damage("feature " + name, super_with(k, (0x60, le32(incompat | bit))), "refused", name)
    yield Damage("two features", super_with(k, (0x60, le32(incompat | 0x80001))), "refused", "compression 0x80000")
    if csum:
        yield Damage("checksum type", super_with(k, (0x175, b"\x07")), "refused", "checksum type 7")
    yield Damage("unknown read-only feature", super_with(k, (0x64, le32(struct.unpack("<I", k.read(SUPER + 0x64, 4))[0] | 0x800000))), "same")


def inodes(k, csum):
    text = "wrong checksum"
    at = k.inode_at("/sizes/f-4096")
    if csum:
        yield Damage("inode", flip(k, at + 0x0c), "files", text)
        yield Damage("inode of a directory", flip(k, k.inode_at("/some") + 0x1c), "files", text)
        yield Damage("root inode", flip(k, k.inode_at("/") + 0x1c), "refused", text)
        yield Damage("inode's last byte", flip(k, at + 255), "files", text)
        return
    yield Damage("extent magic", [(at + 0x28, b"\0\0")], "files", "magic number 0, limit 62218")
    yield Damage("extent depth", [(at + 0x28 + 6, b"\x06\0")], "files", "depth 6, limit 5")
    yield Damage("extent entries", [(at + 0x28 + 2, b"\x05\0")], "files", "entries 5, limit 4")
    yield Damage("extent max", [(at + 0x28 + 4, b"\x05\0")], "files", "room for 5, limit 4")
    yield Damage("extent start", [(at + 0x28 + 20, le32(0x7fffffff))], "files", "extent at block 2147483647")
    yield Damage("extent length", [(at + 0x28 + 16, b"\0\0")], "files", "extent that ends at")
    yield Damage("inode mode", [(at, b"\0\0")], "files", "unused, but a name leads to it")
    yield Damage("inode links", [(at + 0x1a, b"\0\0")], "files", "deleted")
    yield Damage("directory size", [(k.inode_at("/some") + 4, le32(1025))], "files", "1025 bytes in blocks of 1024")
    yield Damage("huge directory", [(k.inode_at("/some") + 4, le32(0xfffffc00))], "files", "4294966272 bytes")
    yield Damage("root is a file", [(k.inode_at("/"), b"\xa4\x81")], "refused", "is not a directory")
    yield Damage("link without text", [(k.inode_at("/links/link-59") + 4, le32(0))], "files", "symbolic link of 0 bytes")


def trees(k, csum):
    block = k.extent_blocks("/holes")[0]
    leaf = k.extent_blocks("/holes")[-1]
    directory, root = k.block_at("/names", 0), k.block_at("/some", 0)
    entries = k.block_at("/some", 1)
    if csum:
        yield Damage("extent block", flip(k, leaf + 100), "files", "extent node in block %d: wrong checksum" % (leaf // 1024))
        yield Damage("directory", flip(k, directory + 40), "files", "entry block 0: wrong checksum")
        yield Damage("hash tree root", flip(k, root + 44), "files", "hash tree block 0: wrong checksum")
        yield Damage("hash tree leaf", flip(k, entries + 100), "files", "entry block 1: wrong checksum")
        yield Damage("directory zeroed", [(directory, bytes(1024))], "files", "wrong checksum")
        return
    yield Damage("extent block zeroed", [(leaf, bytes(1024))], "files", "magic number 0")
    yield Damage("extent block depth", [(block + 6, b"\x03\0")], "files", "depth 3")
    yield Damage("extents out of order", [(leaf + 12, le32(0xffff))], "files", "limit")
    yield Damage("extents overlap", [(leaf + 16, b"\xff\x7f")], "files", "limit")
    yield Damage("entry length 0", [(directory + 4, b"\0\0")], "files", "entry at byte 0 of a block: length 0")
    yield Damage("entry length odd", [(directory + 4, b"\x0d\0")], "files", "length 13")
    yield Damage("entry too long", [(directory + 4, b"\xfc\x7f")], "files", "length 32764, limit 1024")
    yield Damage("entry's inode", [(directory + 24, le32(0x7fffffff))], "files", "inode 2147483647")
    yield Damage("entry's inode reserved", [(directory + 24, le32(7))], "files", "inode 7, of 11")
    yield Damage("entry's name", [(directory + 32, b"/")], "files", "'/' or NUL")
    yield Damage("hash version", [(root + 28, b"\x09")], "same")
    yield Damage("hash tree limit", [(root + 32, b"\x01\0")], "same")
    yield Damage("hash tree count", [(root + 34, b"\0\0")], "same")
    yield Damage("hash tree order", [(root + 40, le32(0xffffffff))], "same")
    yield Damage("hash tree block", [(root + 36, le32(0x0ffffff0))], "same")
    yield Damage("hash tree levels", [(root + 30, b"\x07")], "same")


def groups(k, what):
    desc = k.desc_size
    gdt = k.gdt_at()
    if what != "no_csum":
        yield Damage("group descriptor", flip(k, gdt + 8), "same")
        yield Damage("group descriptor zeroed", [(gdt, bytes(desc))], "same")
    yield Damage("inode table past the end", [(gdt + 8, le32(0x7ffffff0))], "same")
    if what != "meta_bg":
        bad = [(at + 1024 + 8, le32(0x7ffffff0)) for at in [SUPER] + k.super_copies()]
        yield Damage("every group descriptor", bad, "refused", "group 0: ")


def log(k):
    first = k.log_at(0)
    blocks = k.log_blocks()
    yield Damage("journal superblock", flip(k, first + 0x40), "refused", "journal: superblock has a wrong checksum")
    yield Damage("journal magic", [(first, bytes(4))], "refused", "journal: no superblock")
    for kind, text in ((1, "descriptor or revoke block"), (2, "commit block"), (0, "has a wrong checksum")):
        for at in (blocks[kind][0], blocks[kind][-1]):
            yield Damage("log block %d" % (at // 1024), flip(k, at + 900), "refused", text)
    yield Damage("superblock's copy, dirty log", [(SUPER, bytes(1024))], "same", "journal replayed")


def damage(k, what):
    if what == "dirty":
        yield from log(k)
        return
    yield from groups(k, what)
    if what in ("csum", "no_csum"):
        yield from supers(k, what == "csum")
        yield from inodes(k, what == "csum")
        yield from trees(k, what == "csum")


def flips(k, what):
    """Every block of metadata that has a checksum."""
    return k.metadata() if what == "csum" else []
