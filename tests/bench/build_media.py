"""`cloud-boot build` beside ukify + mkfs.vfat + mcopy + xorriso on the same kernel, initramfs and stub."""
import glob
import os
import subprocess

import kit


def sizes():
    kit.heading("Bytes")
    for arch in ("x86_64", "aarch64"):
        path = os.path.join(kit.ROOT, "out", "init-" + arch, "cloud-boot-init")
        kit.row("cloud-boot-init, %s, static, stripped" % arch, "%d" % os.path.getsize(path), "goal 400000")
    for arch in ("x64", "aa64"):
        path = os.path.join(kit.ROOT, "out", "efi-" + arch, "loader.efi")
        kit.row("loader.efi, %s, with TLS" % arch, "%d" % os.path.getsize(path), "goal %d" % (450 << 10))


def ukify():
    """Debian 13's ukify out of its package, run by this machine's python3; None when it can't be had."""
    root = os.path.join(kit.CACHE, "bench", "ukify")
    tool = os.path.join(root, "usr", "bin", "ukify")
    if not os.path.exists(tool):
        os.makedirs(root, exist_ok=True)
        apt = os.path.join(kit.ROOT, "tools", "debian-apt.sh")
        got = subprocess.run([apt, "trixie", "amd64", "download", root, "systemd-ukify", "python3-pefile"],
                             stdout=subprocess.PIPE)
        if got.returncode != 0:
            return None
        for deb in glob.glob(os.path.join(root, "*.deb")):
            subprocess.run(["dpkg-deb", "-x", deb, root], check=True)
    return ["env", "PYTHONPATH=" + os.path.join(root, "usr", "lib", "python3", "dist-packages"), "/usr/bin/python3", tool]


def sections(efi):
    """The kernel and initramfs inside our own UKI, as files for the peer."""
    paths, uki = {}, os.path.join(kit.OUT, "inner.efi")
    subprocess.run(["mcopy", "-n", "-o", "-i", efi + "@@32K", "::/EFI/BOOT/BOOTX64.EFI", uki], check=True)
    for name in ("linux", "initrd", "osrel", "cmdline", "uname"):
        paths[name] = os.path.join(kit.OUT, "peer." + name)
        subprocess.run(["objcopy", "--dump-section", ".%s=%s" % (name, paths[name]), uki, uki + ".copy"], check=True)
    return paths


def peer_script(uki, part):
    """One shell script that makes the same media with the usual tools."""
    return """set -eu
cd %(out)s
rm -rf peer.uki.efi peer.esp peer.iso iso
%(uki)s build --stub /usr/lib/systemd/boot/efi/linuxx64.efi.stub --linux %(linux)s --initrd %(initrd)s --cmdline @%(cmdline)s --os-release @%(osrel)s --output peer.uki.efi
size=$(( ($(stat -c %%s peer.uki.efi) >> 20) + 36 ))
truncate -s ${size}M peer.esp
mkfs.vfat -F 32 peer.esp >/dev/null
mmd -i peer.esp ::/EFI ::/EFI/BOOT
mcopy -i peer.esp peer.uki.efi ::/EFI/BOOT/BOOTX64.EFI
mkdir iso
xorriso -as mkisofs -quiet -o peer.iso -append_partition 2 0xef peer.esp -e --interval:appended_partition_2:all:: -no-emul-boot -isohybrid-gpt-basdat iso
""" % dict(part, out=kit.OUT, uki=" ".join(uki))


def main():
    sizes()
    efi, iso = os.path.join(kit.OUT, "boot.efi"), os.path.join(kit.OUT, "boot.iso")
    build = [kit.CLOUD_BOOT, "build", "--arch", "x86_64", "--out", efi, "--iso", iso]
    subprocess.run(build, stdout=subprocess.DEVNULL, check=True)          # fetches what is not cached
    ours, rss = kit.measure(build)
    only_efi, rss_efi = kit.measure(build[:-2])
    kit.row("boot.efi, x86_64, Debian's cloud kernel", "%d" % os.path.getsize(efi))
    kit.row("boot.iso", "%d" % os.path.getsize(iso))
    kit.heading("Building media (best of 3)")
    kit.row("cloud-boot build --out", "%.2f s" % only_efi, "peak RSS %d KiB" % rss_efi)
    kit.row("cloud-boot build --out --iso", "%.2f s" % ours, "peak RSS %d KiB (largest process)" % rss)
    uki = ukify()
    if uki is None:
        kit.row("ukify + mtools + xorriso", "-", "Debian 13's packages can't be reached")
        return
    script = os.path.join(kit.OUT, "peer.sh")
    with open(script, "w") as f:
        f.write(peer_script(uki, sections(efi)))
    t, peer_rss = kit.measure(["sh", script])
    kit.row("ukify + mtools + xorriso, same parts", "%.2f s" % t,
            "peak RSS %d KiB; cloud-boot is %.2f x as fast" % (peer_rss, t / ours))
    kit.row("", "", "(the peer is given a ready initramfs; cloud-boot also makes and compresses it)")


if __name__ == "__main__":
    main()
