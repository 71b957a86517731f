"""ext2, ext3 and ext4 with the block sizes that the kernel mounts here."""
QUICK = True
VARIANTS = [(kind, bs) for kind in ("ext2", "ext3", "ext4") for bs in (1024, 2048, 4096)]


def build(k, kind, bs):
    k.standard("-t", kind, "-b", bs, most_link=min(bs - 1, 4095))
