"""Inodes with something special: big attributes, late times, huge offsets, folded names, encryption."""
import fcntl
import os
import struct

from kit import Damage

QUICK = True
VARIANTS = ["ea_inode", "casefold", "encrypt", "encrypt_flag", "times", "orphan_file", "stable_inodes", "huge_sizes"]

FLAGS_AT = 0x20
EXTENTS, ENCRYPT, CASEFOLD = 0x80000, 0x800, 0x40000000
FEATURES = {
    "ea_inode": ["-O", "ea_inode"], "casefold": ["-O", "casefold", "-E", "encoding=utf8"], "encrypt": ["-O", "encrypt"],
    "encrypt_flag": ["-O", "encrypt,^metadata_csum"], "orphan_file": ["-O", "orphan_file"],
    "stable_inodes": ["-O", "stable_inodes"],
}


def encrypt(top):
    """A directory under an fscrypt v2 policy; the key goes away with the mount."""
    key = struct.pack("<II32xIIII24x", 2, 0, 64, 0, 0, 0) + bytes(range(64))
    arg = bytearray(key)
    fd = os.open(top, os.O_RDONLY)
    fcntl.ioctl(fd, 0xc0506617, arg)                          # FS_IOC_ADD_ENCRYPTION_KEY
    os.close(fd)
    os.mkdir(top + "/secret")
    fd = os.open(top + "/secret", os.O_RDONLY)
    fcntl.ioctl(fd, 0x800c6613, struct.pack("<BBBBB3x16s", 2, 1, 4, 3, 0, bytes(arg[8:24])))  # ..._SET_ENCRYPTION_POLICY
    os.close(fd)


def casefold(k):
    """This kernel may lack Unicode: mke2fs -d and debugfs make it, the tree is the oracle."""
    top = k.tree(special=False)
    os.makedirs(top + "/folded")
    for i in range(200):
        k.file(top + "/folded/" + ("Name-%d" if i % 2 else "n\u00c4me-%d") % i, b"%d" % i)
    k.use_tree(top, "-t", "ext4", "-b", "1024", *FEATURES["casefold"])
    k.debugfs("sif /folded flags 0x%x" % (EXTENTS | CASEFOLD))
    k.fsck("-D")


def build(k, what):
    if what == "casefold":
        return casefold(k)
    k.mkfs("-t", "ext4", "-b", "4096" if what == "huge_sizes" else "1024", *FEATURES.get(what, []))
    with k.mounted() as top:
        k.populate(top)
        if what == "ea_inode":
            for i, n in enumerate((0, 1, 60, 100, 513, 1000)):
                os.setxattr(top + "/sizes/f-%d" % n, "user.big", k.bytes(1000 + 9000 * i))
        if what == "times":
            for t in (-2**31, -1, 0, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**33, 15032385535):
                k.file(top + "/t%d" % t, b"t", mtime=t)
        if what == "huge_sizes":
            # Far blocks make deep trees; what the manifest hashes stays small.
            for n in (32, 36, 40, 43):
                with open(top + "/sparse-%d" % n, "wb") as f:
                    for at in range(0, 1 << 18, 8192):
                        f.seek(at)
                        f.write(k.bytes(4096))
                    f.seek((1 << n) - 5)
                    f.write(b"end")
                os.truncate(top + "/sparse-%d" % n, 200001)
        if what == "encrypt":
            encrypt(top)
            os.makedirs(top + "/secret/below")
            k.file(top + "/secret/file", b"x" * 5000)
            os.symlink("secret link", top + "/secret/link")
        if what == "encrypt_flag":
            os.symlink("x" * 100, top + "/slow-link")
    k.oracle_mount(skip=(b"/secret",))
    if what == "encrypt":
        at = [line.split(" ")[8] for line in k.lines].index("/secret")
        k.lines.insert(at + 1, "! /secret EUNSUP")


def damage(k, what):
    if what == "encrypt_flag":
        for path in ("/sizes/f-4096", "/slow-link", "/some"):
            at = k.inode_at(path) + FLAGS_AT
            flags = int.from_bytes(k.read(at, 4), "little") | ENCRYPT
            yield Damage(path, [(at, struct.pack("<I", flags))], "files", "is encrypted")
