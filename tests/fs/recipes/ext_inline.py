"""inline_data: files, directories and links inside inodes, with and without a rest in attributes."""
import os

QUICK = True
DEBUGFS = False                    # of e2fsprogs 1.47 dumps 60 bytes of a shorter inline file
VARIANTS = [256, 512, 1024]


def build(k, inode_size):
    k.mkfs("-t", "ext4", "-O", "inline_data", "-I", inode_size, "-b", "4096")
    with k.mounted() as top:
        k.populate(top, most_link=4095)
        os.makedirs(top + "/in")
        for n in list(range(0, 240, 3)) + [inode_size - 128 - 40 + i for i in range(40)]:
            k.file(top + "/in/f-%d" % n, k.bytes(n))
        for n in range(12):
            os.makedirs(top + "/dir-%d" % n)
            for i in range(n):
                k.file(top + "/dir-%d/%s%d" % (n, "x" * n, i), b"%d" % i)
        # Attributes of others share the room.
        for i in range(8):
            path = top + "/in/with-attr-%d" % i
            k.file(path, k.bytes(20 * i))
            os.setxattr(path, "user.other", b"v" * (3 * i + 1))
            os.setxattr(path, "user.dat", b"w" * i)
        # Removed entries leave room in inline directories too.
        for i in range(0, 11, 2):
            os.unlink(top + "/dir-11/%s%d" % ("x" * 11, i))
        k.holes(top + "/holes", 50, 3)
    k.oracle_mount()
