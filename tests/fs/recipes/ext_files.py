"""Block maps of every shape: three levels of indirection, deep extent trees, holes, preallocation."""
import os

QUICK = [("ext3", 1024), ("ext4", 1024)]
VARIANTS = [(kind, bs) for kind in ("ext3", "ext4") for bs in (1024, 4096)]


def build(k, kind, bs):
    k.mkfs("-t", kind, "-b", bs, size="256M")
    with k.mounted() as top:
        # Old bytes under whatever is only reserved later: a fresh disk's zeros would prove nothing.
        k.durable(top + "/stale", b"stale" * (40 << 20))
        os.unlink(top + "/stale")
    with k.mounted() as top:
        # 12 direct blocks, then one, two and three levels; edges from both sides.
        per = bs // 4
        edges = [12, 12 + per, 12 + per + per * per, 12 + per + per * per + per * per * 2]
        with open(top + "/levels", "wb") as f:
            for edge in edges:
                for block in (edge - 1, edge, edge + 1):
                    if block * bs < 1 << 40:
                        f.seek(block * bs + 5)
                        f.write(k.bytes(bs - 5 if block % 2 else bs))
            f.truncate(min(f.seek(0, os.SEEK_END) + 3 * bs, 1 << 29))
        k.holes(top + "/one-block-extents", 5000, 2, bs)
        with open(top + "/interleaved-a", "wb", buffering=0) as a, open(top + "/interleaved-b", "wb", buffering=0) as b:
            for i in range(60):
                a.write(k.bytes(bs))
                os.fdatasync(a.fileno())
                b.write(k.bytes(bs * 2))
                os.fdatasync(b.fileno())
        k.file(top + "/large", k.bytes(40 << 20))
        with open(top + "/all-hole", "wb") as f:
            f.truncate(3 << 20)
        if kind == "ext4":
            with open(top + "/prealloc", "wb") as f:
                os.posix_fallocate(f.fileno(), 0, 1 << 20)
                for at in (0, 5 * bs + 3, 100 * bs, (1 << 20) - 1):
                    f.seek(at)
                    f.write(b"written")
            k.file(top + "/past-end", k.bytes(10))
            k.run("fallocate", "-n", "-o", 0, "-l", "3M", top + "/past-end")
            k.file(top + "/punched", k.bytes(1 << 20))
            for at in range(0, 1 << 20, 16 * bs):
                k.run("fallocate", "-p", "-o", at + bs, "-l", 2 * bs, top + "/punched")
            k.file(top + "/zeroed", k.bytes(1 << 20))
            k.run("fallocate", "-z", "-o", "100000", "-l", "300000", top + "/zeroed")
            k.file(top + "/collapsed", k.bytes(1 << 20))
            k.run("fallocate", "-c", "-o", 4 * bs, "-l", 8 * bs, top + "/collapsed")
    k.oracle_mount()
