"""Small kernels and modules made of nothing but the headers that matter, and a place for the parts."""
import os
import struct

RELEASE = "6.1.0-test"


def bzimage(release=RELEASE, payload=b""):
    """An x86 boot sector with version and EFI mark; enough to be taken for a kernel."""
    head = bytearray(0x1400)
    head[0:2] = b"MZ"
    struct.pack_into("<I", head, 0x3c, 0x80)
    head[0x80:0x84] = b"PE\0\0"
    struct.pack_into("<HH", head, 0x84, 0x8664, 0)       # machine, sections
    struct.pack_into("<HH", head, 0x94, 0x70, 0x0206)    # optional header's size
    struct.pack_into("<H", head, 0x98, 0x20b)
    struct.pack_into("<II", head, 0x98 + 32, 4096, 512)  # section and file alignment
    struct.pack_into("<II", head, 0x98 + 56, 0x2000, 512)
    struct.pack_into("<H", head, 0x98 + 68, 10)          # EFI application
    struct.pack_into("<B", head, 0x1f1, 8)
    struct.pack_into("<I", head, 0x1f4, len(payload) // 16)
    struct.pack_into("<H", head, 0x1fe, 0xaa55)
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", head, 0x206, 0x20f)
    struct.pack_into("<H", head, 0x20e, 0x300)
    struct.pack_into("<H", head, 0x236, 0x7f)
    text = (release + " (test) #1").encode()
    head[0x500:0x500 + len(text)] = text
    return bytes(head[:0x1200]) + payload


def loader():
    """An EFI application of one empty section, with room for the header of another."""
    head = bytearray(0x600)
    head[0:2] = b"MZ"
    struct.pack_into("<I", head, 0x3c, 0x80)
    head[0x80:0x84] = b"PE\0\0"
    struct.pack_into("<HH", head, 0x84, 0x8664, 1)
    struct.pack_into("<HH", head, 0x94, 0x70, 0x0206)
    struct.pack_into("<H", head, 0x98, 0x20b)
    struct.pack_into("<II", head, 0x98 + 32, 4096, 512)
    struct.pack_into("<II", head, 0x98 + 56, 0x2000, 0x400)
    struct.pack_into("<H", head, 0x98 + 68, 10)
    struct.pack_into("<8sIIII12xI", head, 0x108, b".text", 512, 0x1000, 512, 0x400, 0x60000020)
    return bytes(head)


def module(name, depends="", release=RELEASE):
    """An ELF object with a .modinfo section."""
    info = "".join(s + "\0" for s in (
        "license=GPL", "name=" + name, "depends=" + depends, "vermagic=%s SMP mod_unload" % release))
    names = b"\0.modinfo\0.shstrtab\0"
    body = info.encode() + names
    shoff = (64 + len(body) + 7) & ~7
    elf = bytearray(shoff)
    elf[0:7] = b"\x7fELF\x02\x01\x01"
    struct.pack_into("<HHIQQQIHHHHHH", elf, 16, 1, 62, 1, 0, 0, shoff, 0, 64, 0, 0, 64, 3, 2)
    elf[64:64 + len(body)] = body
    section = struct.Struct("<IIQQQQIIQQ")
    return bytes(elf) + section.pack(*[0] * 10) + \
        section.pack(1, 1, 2, 0, 64, len(info), 0, 0, 1, 0) + \
        section.pack(10, 3, 0, 0, 64 + len(info), len(names), 0, 0, 1, 0)


def modules(folder):
    """virtio_blk and what it needs, one compressed, beside some that nobody asked for."""
    import lzma
    tree = os.path.join(folder, "lib", "modules", RELEASE, "kernel")
    files = {
        "drivers/block/virtio_blk.ko": module("virtio_blk", "virtio,virtio_ring"),
        "drivers/virtio/virtio.ko.xz": lzma.compress(module("virtio")),
        "drivers/virtio/virtio_ring.ko": module("virtio_ring", "virtio"),
        "drivers/char/hw_random/virtio-rng.ko": module("virtio_rng", "rng-core,built_in_one"),
        "drivers/char/hw_random/rng-core.ko": module("rng_core"),
        "drivers/net/pcspkr.ko": module("pcspkr"),
    }
    for name, data in files.items():
        path = os.path.join(tree, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
    return os.path.dirname(tree)


def libexec(folder):
    """The parts of cloud-boot: an init and a loader that nobody starts."""
    path = os.path.join(folder, "libexec")
    for arch in ("x86_64", "aarch64"):
        os.makedirs(os.path.join(path, "init-" + arch), exist_ok=True)
        with open(os.path.join(path, "init-" + arch, "cloud-boot-init"), "wb") as f:
            f.write(b"init of " + arch.encode())
    os.makedirs(os.path.join(path, "efi-x64"), exist_ok=True)
    with open(os.path.join(path, "efi-x64", "loader.efi"), "wb") as f:
        f.write(loader())
    return path
