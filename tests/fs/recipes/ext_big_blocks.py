"""Blocks of more than 4 KiB: made by mke2fs -d, whose source is the oracle."""
QUICK = True
VARIANTS = [(kind, bs) for kind in ("ext2", "ext4") for bs in (8192, 16384, 32768, 65536)]


def build(k, kind, bs):
    k.from_tree("-t", kind, "-b", bs, size="96M", most_link=4095)
