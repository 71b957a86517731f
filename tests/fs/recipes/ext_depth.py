"""Directories 250 deep, and paths near 4096 bytes."""
import os

QUICK = True


def build(k):
    k.mkfs("-t", "ext4", "-b", "1024")
    with k.mounted() as top:
        os.chdir("/")
        fd = os.open(top, os.O_RDONLY)
        for i in range(250):
            name = "d" * (13 if i % 2 else 1)
            os.mkdir(name, dir_fd=fd)
            deeper = os.open(name, os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = deeper
        out = os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=fd)
        os.write(out, b"250 deep\n")
        os.close(out)
        os.close(fd)
    k.oracle_mount()
