"""How groups, descriptors and inodes can be laid out."""
QUICK = True
VARIANTS = ["meta_bg", "meta_bg_1k", "meta_bg_first", "no_64bit", "no_flex_bg", "flex_big", "uninit_bg",
            "gdt_csum_64bit", "no_csum", "csum_seed", "sparse_super2", "no_sparse_super", "small_groups",
            "bigalloc", "bigalloc_1k", "inode_128", "inode_512", "inode_1024", "rev_0", "quota_project", "mmp",
            "no_filetype", "no_dir_index", "no_extents", "desc_128", "resized"]

ARGS = {
    "meta_bg": ["-O", "meta_bg,^resize_inode"],
    "meta_bg_1k": ["-b", "1024", "-O", "meta_bg,^resize_inode", "-g", "1024"],
    "no_64bit": ["-O", "^64bit"],
    "no_flex_bg": ["-O", "^flex_bg", "-b", "1024"],
    "flex_big": ["-G", "64", "-b", "1024", "-g", "2048"],
    "uninit_bg": ["-O", "^metadata_csum,uninit_bg,^64bit", "-b", "1024"],
    "gdt_csum_64bit": ["-O", "^metadata_csum,uninit_bg,64bit", "-b", "1024"],
    "no_csum": ["-O", "^metadata_csum,^uninit_bg"],
    "sparse_super2": ["-O", "sparse_super2,^resize_inode", "-b", "1024"],
    "no_sparse_super": ["-O", "^sparse_super,^resize_inode", "-b", "1024", "-g", "4096"],
    "small_groups": ["-b", "1024", "-g", "256", "-O", "^resize_inode"],
    "bigalloc": ["-O", "bigalloc", "-C", "65536"],
    "bigalloc_1k": ["-O", "bigalloc", "-b", "1024", "-C", "16384"],
    "inode_128": ["-I", "128"],
    "inode_512": ["-I", "512"],
    "inode_1024": ["-I", "1024", "-b", "2048"],
    "rev_0": ["-t", "ext2", "-r", "0", "-O", "none", "-b", "1024"],
    "quota_project": ["-O", "quota,project", "-E", "quotatype=usrquota:grpquota:prjquota"],
    "mmp": ["-O", "mmp"],
    "no_filetype": ["-O", "^filetype"],
    "no_dir_index": ["-O", "^dir_index", "-b", "1024"],
    "no_extents": ["-O", "^extents,^64bit,^bigalloc"],
}


def build(k, what):
    if what == "quota_project":
        k.from_tree("-t", "ext4", *ARGS[what])   # kernels without quota refuse to mount it
        return
    if what == "csum_seed":
        k.mkfs("-t", "ext4", "-O", "metadata_csum_seed")
        k.run("tune2fs", "-U", "99999999-2222-3333-4444-555555555555", k.image)
    elif what == "desc_128":
        k.mkfs("-t", "ext4", "-b", "1024", "-E", "desc_size=128")
    elif what == "meta_bg_first":
        k.mkfs("-t", "ext4", "-b", "1024", "-g", "512", "-O", "^resize_inode", size="40M")
        k.run("resize2fs", k.image, "64M")
    elif what == "resized":
        k.mkfs("-t", "ext4", "-b", "1024", "-E", "resize=1000000", size="16M")
        k.run("resize2fs", k.image, "200M")
    else:
        args = ARGS[what]
        k.mkfs(*([] if "-t" in args else ["-t", "ext4"]), *args)
    with k.mounted() as top:
        k.populate(top)
        k.holes(top + "/holes", 400, 3)
    k.oracle_mount()
