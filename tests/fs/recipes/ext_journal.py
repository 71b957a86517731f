"""Logs that must be replayed: the image as a power cut leaves it, of each checksum and tag format."""
import os
import re

from kit import Skip

MKFS = {
    "csum_v3_1k": ["-b", "1024"],
    "csum_v3_32bit": ["-O", "^64bit"],
    "none": ["-O", "^metadata_csum,^uninit_bg"],
    "none_32bit": ["-O", "^metadata_csum,^64bit"],
    "ext3": ["-t", "ext3"],
    "v1": ["-O", "^metadata_csum"],
    "v1_async": ["-O", "^metadata_csum"],
    "wrap": ["-b", "1024", "-J", "size=1"],
    "wrap_long": ["-b", "1024", "-J", "size=1", "-O", "^metadata_csum"],
    "data": ["-O", "^metadata_csum", "-b", "1024"],
    "data_v3": ["-b", "1024"],
    "debugfs_v2": ["-O", "^64bit", "-b", "1024"],
    "debugfs_v2_64bit": ["-b", "1024"],
    "debugfs_v3": ["-O", "^64bit", "-b", "1024"],
    "debugfs_plain": ["-O", "^metadata_csum,64bit", "-b", "1024"],
    "grown": ["-b", "1024", "-E", "resize=200000"],
}
MOUNT = {
    "v1": "journal_checksum", "v1_async": "data=writeback,journal_checksum,journal_async_commit",
    "async_v3": "data=writeback,journal_async_commit",
    "data": "data=journal", "data_v3": "data=journal",
}
MAGIC = bytes.fromhex("c03b3998")


def sync(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def put(path, data, at=0):
    fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    os.pwrite(fd, data, at)
    os.fsync(fd)
    os.close(fd)


def fast_write(k, top):
    put(top + "/sizes/f-1000", b"Z" * 5000, 300)
    put(top + "/sizes/f-300000", k.bytes(9000), 290000)
    put(top + "/sizes/f-60", k.bytes(30000), 5000)
    put(top + "/sizes/f-61", b"end", 1 << 20)
    put(top + "/sizes/f-61", b"middle" * 3000, 1 << 19)


def fast_names(k, top):
    os.link(top + "/sizes/f-1024", top + "/linked")
    sync(top + "/linked")
    os.unlink(top + "/some/entry-0007")
    put(top + "/sizes/f-4096", b"1")
    os.rename(top + "/some/entry-0008", top + "/some/renamed")
    sync(top + "/some/renamed")
    os.rename(top + "/some/renamed", top + "/some/renamed-again")
    sync(top + "/some/renamed-again")


def fast_make(k, top):
    put(top + "/new1", b"hello" * 1000)
    os.symlink("fresh", top + "/soft")
    os.symlink("long" * 30, top + "/soft-long")
    put(top + "/some/other", b"a")
    os.mkdir(top + "/sub")
    put(top + "/sub/inner", b"inner" * 100)
    for i in range(5):
        put(top + "/sub/%d" % i, b"%d" % i * 50)
    os.unlink(top + "/sub/3")
    put(top + "/sub/4", b"again")
    os.unlink(top + "/new1")
    put(top + "/new1", b"another file of the same name")


def fast_cut(k, top):
    for n in (8197, 4096, 5):
        os.truncate(top + "/sizes/f-65537", n)
        sync(top + "/sizes/f-65537")
    put(top + "/sizes/f-65537", b"later", 20000)


def fast_prealloc(k, top):
    fd = os.open(top + "/sizes/f-1", os.O_RDWR)
    os.posix_fallocate(fd, 0, 1 << 18)
    os.fsync(fd)
    os.pwrite(fd, b"w" * 5000, 70000)
    os.fsync(fd)
    os.close(fd)


def fast_many(k, top):
    for i in range(40):
        put(top + "/sizes/f-60", k.bytes(5000), 20000 * (i % 50))


# Each with the records that must be in the log's end; "fast" is all of them one after the other.
FAST = {
    "fast_write": (fast_write, "ADD_RANGE INODE"), "fast_names": (fast_names, "ADD_ENTRY DEL_ENTRY"),
    "fast_make": (fast_make, "CREAT_DENTRY ADD_RANGE"), "fast_cut": (fast_cut, "DEL_RANGE"),
    "fast_prealloc": (fast_prealloc, "ADD_RANGE"), "fast_many": (fast_many, "ADD_RANGE"),
    "fast_make_1k": (fast_make, "CREAT_DENTRY"), "fast_make_inline": (fast_make, "CREAT_DENTRY"),
    "fast_write_1k": (fast_write, "ADD_RANGE"), "fast_names_inline": (fast_names, "ADD_ENTRY DEL_ENTRY"),
}


QUICK = ["csum_v3", "none", "v1", "revoke", "data", "wrap", "debugfs_v2", "fast_write", "fast_names", "fast_make", "fast_cut"]
VARIANTS = ["csum_v3", "csum_v3_1k", "csum_v3_32bit", "none", "none_32bit", "ext3", "v1", "v1_async", "async_v3",
            "revoke", "data", "data_v3", "wrap", "wrap_long", "debugfs_v2", "debugfs_v2_64bit", "debugfs_v3",
            "debugfs_plain", *FAST, "orphans", "grown", "unsynced"]


def fast_records(k):
    return set(re.findall(r"^tag (\w+)", k.debugfs("logdump -a", write=False), re.M))


def ops(k, what, top):
    if what in FAST:
        put(top + "/first", b"1")
        os.sync()              # only after a whole transaction may the fast ones follow
        FAST[what][0](k, top)
        return
    rounds = {"wrap": 60, "wrap_long": 200}.get(what, 6)
    for i in range(rounds):
        put(top + "/file-%d" % (i % 17), k.bytes(3000 + 997 * (i % 5)), (i % 3) * 4096)
        os.makedirs(top + "/dir-%d" % i, exist_ok=True)
        for j in range(20):
            put(top + "/dir-%d/%d" % (i, j), b"%d" % j) if j == 7 else open(top + "/dir-%d/%d" % (i, j), "wb").close()
        if i >= 3:
            for j in range(20):
                os.unlink(top + "/dir-%d/%d" % (i - 3, j))
            os.rmdir(top + "/dir-%d" % (i - 3))
        sync(top + "/dir-%d" % i)
    if what.startswith("data"):
        for i in range(5):
            put(top + "/escaped-%d" % i, (MAGIC + k.bytes(1020)) * 20)
        put(top + "/escaped-0", b"later, not escaped", 0)


def revokes(k, top):
    """Directory blocks that become file blocks: without the revokes the replay would overwrite them."""
    for r in range(3):
        os.mkdir(top + "/r%d" % r)
        for i in range(800):
            open(top + "/r%d/%s%d" % (r, "n" * 100, i), "wb").close()
        sync(top + "/r%d" % r)
        for i in range(800):
            os.unlink(top + "/r%d/%s%d" % (r, "n" * 100, i))
        os.rmdir(top + "/r%d" % r)
        for i in range(40):
            put(top + "/reuse-%d-%d" % (r, i), k.bytes(8192))


def by_debugfs(k, what):
    """Transactions that debugfs writes: formats that the kernel of today does not make."""
    version = {"debugfs_v2": "-c -v 2", "debugfs_v2_64bit": "-c -v 2", "debugfs_v3": "-c -v 3", "debugfs_plain": ""}[what]
    k.run("e2fsck", "-fy", k.image)
    blocks = [k.block_at("/target", i) // 1024 for i in range(6)]
    data = os.path.join(k.folder, "blocks")
    with open(data, "wb") as f:
        f.write(b"".join((MAGIC if i == 1 else b"abcd") + b"%d" % i * 1020 for i in range(6))[:6 * 1024])
    first, later = blocks[:6], blocks[2:4]
    with open(data, "r+b") as f:
        for i in range(6):
            f.seek(i * 1024)
            f.write(((MAGIC if i == 1 else b"new%d" % i) + k.bytes(1020))[:1024])
    k.debugfs("jo " + version, "jw -b %s %s" % (",".join(map(str, first)), data), "jw -r %s" % ",".join(map(str, later)),
              "jw -b %d %s" % (blocks[0], data), "jc")
    if "needs_recovery" not in k.field("Filesystem features"):
        raise RuntimeError("debugfs left no log")


def build(k, what):
    args = MKFS.get(what, [])
    if what in FAST:
        args = ["-O", "fast_commit" + (",inline_data" if "inline" in what else ""), "-b", "1024" if "1k" in what else "4096"]
    k.mkfs(*([] if "-t" in args else ["-t", "ext4"]), *args, **({"size": "128M", "used": "64M"} if what == "grown" else {}))
    with k.mounted() as top:
        k.populate(top)
        k.file(top + "/target", k.bytes(6144))
    if what.startswith("debugfs"):
        by_debugfs(k, what)
        k.oracle_mount("")
        return
    with k.cut_off(MOUNT.get(what, "")) as top:
        if what == "orphans":
            k.kept_open = [os.open(top + "/sizes/f-4096", os.O_RDONLY), os.open(top + "/some/entry-0001", os.O_RDONLY)]
            os.unlink(top + "/sizes/f-4096")
            os.unlink(top + "/some/entry-0001")
            os.truncate(top + "/sizes/f-300000", 10)
        if what == "grown":
            try:
                k.run("resize2fs", k.loop_of(top))
            except RuntimeError as e:
                raise Skip("no online resize here: " + str(e).split("\n")[2]) from None
            for i in range(40):
                put(top + "/in-new-groups-%d" % i, k.bytes(1 << 20))
        if what == "revoke":
            revokes(k, top)
        ops(k, what, top)
        if what == "unsynced":
            for i in range(50):
                open(top + "/lost-%d" % i, "wb").close()
        if what == "orphans":
            put(top + "/after", b"after")
    if what in FAST and not set(FAST[what][1].split()) <= fast_records(k):
        raise RuntimeError("fast commits hold only %s" % sorted(fast_records(k)))
    k.oracle_mount("", loose=("mtime", "links") if what.startswith("fast") else ())
