"""Big directories: hash trees of one to three levels, every hash, deleted names, 65,000 directories."""
import os

VARIANTS = [("half_md4", 20000, 4096), ("tea", 20000, 1024), ("legacy", 5000, 1024), ("half_md4", 40000, 1024),
            ("unsigned", 5000, 1024), ("large_dir", 100000, 1024), ("no_index", 3000, 1024),
            ("dirs", 66000, 4096), ("no_csum", 20000, 1024)]


def build(k, what, count, bs):
    features = {"large_dir": "large_dir", "no_index": "^dir_index", "no_csum": "^metadata_csum,^uninit_bg"}
    args = ["-t", "ext4", "-b", bs, "-N", count + 20000]
    if what in features:
        args += ["-O", features[what]]
    k.mkfs(*args, size="900M" if what == "dirs" else "256M")
    if what in ("tea", "legacy", "half_md4"):
        k.run("tune2fs", "-E", "hash_alg=" + what, k.image)
    if what == "unsigned":
        k.debugfs("ssv flags 2")
    with k.mounted() as top:
        # Names with bytes over 127 tell signed hashes from unsigned ones.
        os.makedirs(top + "/many")
        for i in range(count):
            name = "%s%d" % (("\u00e9" * (i % 50) if i % 3 else "some-long-name-" * (i % 10)), i)
            if what == "dirs":
                os.mkdir(top + "/many/%d" % i)
            elif i % 100 == 0:
                k.file(top + "/many/" + name, b"%d\n" % i)
            else:
                os.close(os.open(top + "/many/" + name, os.O_CREAT | os.O_WRONLY))
        if what != "dirs":
            for i, name in enumerate(sorted(os.listdir(top + "/many"))):
                if i % 7 == 3:
                    os.unlink(top + "/many/" + name)
    k.oracle_mount()
