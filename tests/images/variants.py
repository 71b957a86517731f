"""Images made from a base image without starting it, but for `dirty`, which takes a killed guest."""
import os
import re
import shutil
import subprocess
import sys
import uuid

import diskedit
from diskedit import Ext4, EditError

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import debs  # noqa: E402
import guest  # noqa: E402
import machine  # noqa: E402
import secureboot  # noqa: E402

UNKNOWN_FEATURE = 0x40000000  # no ext4 has given this incompat bit a meaning
DIRTY_LIMIT = 1800  # seconds; nearly all of them are a busy host's

# Runs what the disk with the serial number "task" brings along: a tar archive with a script in it.
TASK_UNIT = """[Unit]
Description=Run what the task disk holds
ConditionPathExists=/dev/disk/by-id/virtio-task
After=marker.service

[Service]
Type=oneshot
StandardOutput=file:/dev/console
StandardError=file:/dev/console
ExecStart=/bin/sh -c "mkdir -p /root/task && tar -C /root/task -xf /dev/disk/by-id/virtio-task && cd /root/task && sh ./run"

[Install]
WantedBy=multi-user.target
"""

# The whole user space of a mini image: up in a few seconds, where systemd takes a minute.
MINI_INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox printf '\\nCLOUD-BOOT-MARKER debian=%s kernel=%s root=mini cmdline=%s\\n' VERSION \
	"$(/bin/busybox uname -r)" "$(/bin/busybox cat /proc/cmdline)" > /dev/console
/bin/busybox sleep 1
/bin/busybox poweroff -f
"""


def fixed_uuid(name):
	return str(uuid.uuid5(uuid.NAMESPACE_OID, "cloud-boot-test-image/" + name))


def put_text(fs, path, text, scratch):
	source = os.path.join(scratch, "text")
	with open(source, "w", encoding="utf-8") as f:
		f.write(text)
	fs.write(source, path)
	os.unlink(source)


def arch_of(base):
	return "aarch64" if "arm64" in base else "x86_64"


def console_of(base):
	return machine.ARCHES[arch_of(base)]["console"]


def qcow2(bases, target, scratch, compressed=False):
	del scratch
	options = ["-c"] if compressed else []
	diskedit.run("qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", *options, bases[0], target)


def compressed(bases, target, scratch):
	qcow2(bases, target, scratch, compressed=True)


def cmdline(bases, target, scratch):
	"""The administrator's own command line in /etc/kernel/cmdline."""
	diskedit.copy_sparse(bases[0], target)
	fs = Ext4(target)
	put_text(fs, "/etc/kernel/cmdline",
		"root=LABEL=cloud-root ro console=%s marker.poweroff from=etc-kernel-cmdline\n"
		% console_of(bases[0]), scratch)


def bls(bases, target, scratch):
	"""Two Boot Loader Specification entries; the older one sorts first by name."""
	diskedit.copy_sparse(bases[0], target)
	fs = Ext4(target)
	kernel = fs.kernel()
	console = console_of(bases[0])
	fs.debugfs(["mkdir /boot/loader", "mkdir /boot/loader/entries"], write=True)
	entry = ("title Debian (%s)\nversion %s\nlinux /boot/vmlinuz-%s\ninitrd /boot/initrd.img-%s\n"
		"options root=LABEL=cloud-root ro console=%s marker.poweroff from=%s\n")
	put_text(fs, "/boot/loader/entries/a-old.conf",
		entry % ("old", "1.0", kernel, kernel, console, "bls-old"), scratch)
	put_text(fs, "/boot/loader/entries/b-new.conf",
		entry % ("new", kernel, kernel, kernel, console, "bls-new"), scratch)


def kernels(bases, target, scratch):
	"""6.9 and a rescue kernel beside Debian 13's 6.12. Their files hold Debian 12's kernel, so that
	the marker tells which one really ran."""
	diskedit.copy_sparse(bases[0], target)
	fs, other = Ext4(target), Ext4(bases[1])
	version = other.kernel()
	files = {}
	for name in ("vmlinuz", "initrd.img"):
		files[name] = os.path.join(scratch, name)
		other.dump("/boot/%s-%s" % (name, version), files[name])
	for path, name in (
			("/boot/vmlinuz-6.9.0-1-cloud", "vmlinuz"),
			("/boot/initrd.img-6.9.0-1-cloud", "initrd.img"),
			("/boot/vmlinuz-0-rescue-0123456789abcdef0123456789abcdef", "vmlinuz"),
			("/boot/initramfs-0-rescue-0123456789abcdef0123456789abcdef.img", "initrd.img")):
		fs.write(files[name], path)


def broken(bases, target, scratch):
	"""Two newer kernels that are none: a file cut short, and a page of text."""
	diskedit.copy_sparse(bases[0], target)
	fs = Ext4(target)
	version = fs.kernel()
	kernel = os.path.join(scratch, "vmlinuz")
	fs.dump("/boot/vmlinuz-" + version, kernel)
	with open(kernel, "r+b") as f:
		f.truncate(100000)
	fs.write(kernel, "/boot/vmlinuz-6.99.2-cut")
	put_text(fs, "/boot/vmlinuz-6.99.1-text", "This is not a kernel.\n" * 200, scratch)


def splitboot(bases, target, scratch):
	"""/boot on a partition of its own, with a BLS entry whose paths are relative to it; the root
	file system holds no kernel."""
	base = Ext4(bases[0])
	boot = os.path.join(scratch, "boot")
	base.debugfs(["rdump /boot " + scratch])
	kernel = base.kernel()
	entries = os.path.join(boot, "loader", "entries")
	os.makedirs(entries)
	with open(os.path.join(entries, "debian.conf"), "w", encoding="utf-8") as f:
		f.write("title Debian\nversion %s\nlinux /vmlinuz-%s\ninitrd /initrd.img-%s\n"
			"options root=LABEL=cloud-root ro console=%s marker.poweroff from=splitboot\n"
			% (kernel, kernel, kernel, console_of(bases[0])))
	diskedit.new_disk(target, [
		(13, 256, "ea00", fixed_uuid("splitboot-boot-part")),
		(1, base.size >> 20, "8300", fixed_uuid("splitboot-root-part"))], fixed_uuid("splitboot"))
	diskedit.make_ext4(target, 13, "cloud-boot", fixed_uuid("splitboot-boot"), boot)
	diskedit.copy_partition(bases[0], base.offset, target, diskedit.partition(target, 1)[0], base.size)
	root = Ext4(target)
	root.remove("/etc/fstab")        # it names the ESP that this disk has not got
	put_text(root, "/etc/fstab", "LABEL=cloud-root / ext4 rw,errors=remount-ro 0 1\n"
		"LABEL=cloud-boot /boot ext4 defaults 0 2\n", scratch)
	root.remove("/boot/vmlinuz-" + kernel)
	root.remove("/boot/initrd.img-" + kernel)


def noboot(bases, target, scratch):
	"""A disk whose only file system holds nothing that boots."""
	del bases
	tree = os.path.join(scratch, "tree")
	os.makedirs(os.path.join(tree, "home"))
	with open(os.path.join(tree, "home", "note.txt"), "w", encoding="utf-8") as f:
		f.write("nothing to boot here\n")
	diskedit.new_disk(target, [(1, 64, "8300", fixed_uuid("noboot-part"))], fixed_uuid("noboot"))
	diskedit.make_ext4(target, 1, "empty", fixed_uuid("noboot-fs"), tree)


def badsuper(bases, target, scratch):
	"""Every superblock keeps its magic and holds nonsense."""
	del scratch
	diskedit.copy_sparse(bases[0], target)
	count = diskedit.ruin_superblocks(Ext4(target))
	if count < 2:
		raise EditError("badsuper: %d superblocks found, backups expected" % count)


def unknown(bases, target, scratch):
	"""An incompatible feature of the future, properly checksummed."""
	del scratch
	diskedit.copy_sparse(bases[0], target)
	diskedit.add_incompat_feature(Ext4(target), UNKNOWN_FEATURE)


def dirty(bases, target, scratch):
	"""The guest renames its kernel in /boot, commits, and is killed: only the journal knows."""
	diskedit.copy_sparse(bases[0], target)
	fs = Ext4(target)
	version = fs.kernel()
	kernel, initrd = os.path.join(scratch, "vmlinuz"), os.path.join(scratch, "initrd")
	fs.dump("/boot/vmlinuz-" + version, kernel)
	fs.dump("/boot/initrd.img-" + version, initrd)
	argv = machine.direct(arch_of(bases[0]), kernel, initrd, "root=LABEL=cloud-root ro marker.dirty")
	log = os.path.join(scratch, "dirty.log")
	outcome = guest.run(argv + machine.disk(target, snapshot=False), log, DIRTY_LIMIT,
		lambda line: re.search(r"CLOUD-BOOT-DIRTY kernel=", line))
	if outcome.end != "stopped":
		raise EditError("dirty: the guest never said CLOUD-BOOT-DIRTY (%s after %.0f s):\n%s"
			% (outcome.end, outcome.seconds, "\n".join(outcome.lines[-15:])))
	state = diskedit.run("dumpe2fs", "-h", fs.spec)
	if "needs_recovery" not in state:
		raise EditError("dirty: the journal needs no recovery")


def task(bases, target, scratch):
	"""The image runs what a second disk tells it to."""
	diskedit.copy_sparse(bases[0], target)
	fs = Ext4(target)
	put_text(fs, "/etc/systemd/system/task.service", TASK_UNIT, scratch)
	fs.debugfs(["symlink /etc/systemd/system/multi-user.target.wants/task.service /etc/systemd/system/task.service"],
		write=True)


def mini_initrd(version, deb, target, scratch):
	tree = os.path.join(scratch, "initrd")
	os.makedirs(os.path.join(tree, "bin"))
	busybox = os.path.join(debs.tree("bookworm", deb, "busybox-static"), "bin", "busybox")
	shutil.copy(busybox, os.path.join(tree, "bin", "busybox"))
	with open(os.path.join(tree, "init"), "w", encoding="utf-8") as f:
		f.write(MINI_INIT.replace("VERSION", version))
	os.chmod(os.path.join(tree, "init"), 0o755)
	names = b"\0".join([b".", b"bin", b"bin/busybox", b"init"]) + b"\0"
	with open(target, "wb") as f:
		subprocess.run(["cpio", "--null", "--quiet", "--create", "--format=newc", "--owner=0:0", "-D", tree],
			input=names, stdout=f, check=True)


def make_mini(bases, target, scratch, changed):
	base = Ext4(bases[0])
	kernel = base.kernel()
	version = "12" if "debian12" in bases[0] else "13"
	deb = "arm64" if "arm64" in bases[0] else "amd64"
	tree = os.path.join(scratch, "tree")
	os.makedirs(os.path.join(tree, "boot"))
	os.makedirs(os.path.join(tree, "etc"))
	files = [os.path.join(tree, "boot", "vmlinuz-" + kernel), os.path.join(tree, "boot", "initrd.img-" + kernel)]
	base.dump("/boot/vmlinuz-" + kernel, files[0])
	base.dump("/usr/lib/os-release", os.path.join(tree, "etc", "os-release"))
	mini_initrd(version, deb, files[1], scratch)
	for path in files if changed else []:
		with open(path, "ab") as f:
			f.write(b"\0" * 4096)
	diskedit.new_disk(target, [(1, 96, "8300", fixed_uuid("mini-part-" + version))], fixed_uuid("mini-" + version))
	diskedit.make_ext4(target, 1, "mini" + version, fixed_uuid("mini-fs-" + version), tree)


def mini(bases, target, scratch):
	"""The base's kernel, with an initrd that says the marker and switches off."""
	make_mini(bases, target, scratch, changed=False)


def newmini(bases, target, scratch):
	"""The same with other bytes in the same files, as after an upgrade."""
	make_mini(bases, target, scratch, changed=True)


def replace_kernel(target, scratch, change, name="vmlinuz-"):
	"""The one kernel of a mini image becomes what change(path) makes of its file, under another name."""
	fs, kernel = Ext4(target), os.path.join(scratch, "kernel")
	version = fs.kernel()
	fs.dump("/boot/vmlinuz-" + version, kernel)
	change(kernel)
	fs.remove("/boot/vmlinuz-" + version)
	fs.write(kernel, "/boot/" + name + version)


def compress(*argv):
	def change(path):
		with open(path + ".packed", "wb") as f:
			subprocess.run(list(argv) + [path], stdout=f, check=True)
		os.replace(path + ".packed", path)
	return change


def gzipped(bases, target, scratch):
	"""mini with its kernel in a gzip file, as Ubuntu has them on arm64."""
	mini(bases, target, scratch)
	replace_kernel(target, scratch, compress("gzip", "-nc"))


def zstd(bases, target, scratch):
	"""mini with its kernel in a zstd file."""
	mini(bases, target, scratch)
	replace_kernel(target, scratch, compress("zstd", "-qc"))


def oldname(bases, target, scratch):
	"""mini with a kernel that says it is older than LoadFile2."""
	mini(bases, target, scratch)
	fs = Ext4(target)
	version = fs.kernel()
	initrd = os.path.join(scratch, "old-initrd")
	fs.dump("/boot/initrd.img-" + version, initrd)
	replace_kernel(target, scratch, lambda path: None, "vmlinuz-5.4.0-")
	fs.write(initrd, "/boot/initrd.img-5.4.0-" + version)


def make_uki(fs, deb, target, cmdline, scratch):
	"""A unified kernel image of Debian's own stub and a mini image's kernel and initrd, by ukify."""
	version = fs.kernel()
	parts = {"linux": "vmlinuz-" + version, "initrd": "initrd.img-" + version}
	for name in parts.values():
		fs.dump("/boot/" + name, os.path.join(scratch, name))
	osrel = os.path.join(scratch, "os-release")
	fs.dump("/etc/os-release", osrel)
	stub = "/usr/lib/systemd/boot/efi/linux%s.efi.stub" % {"amd64": "x64", "arm64": "aa64"}[deb]
	tool = debs.tree("trixie", "amd64", "systemd-ukify", "python3-pefile")
	subprocess.run(["/usr/bin/python3", tool + "/usr/bin/ukify", "build", "--output", target,
		"--stub", debs.tree("bookworm", deb, "systemd-boot-efi") + stub, "--uname", version, "--cmdline", cmdline,
		"--os-release", "@" + osrel]
		+ ["--%s=%s" % (option, os.path.join(scratch, name)) for option, name in parts.items()], check=True,
		stdout=subprocess.DEVNULL, env=dict(os.environ, PYTHONPATH=tool + "/usr/lib/python3/dist-packages"))


def uki(bases, target, scratch):
	"""mini behind an EFI system partition with two UKIs of it: boot entries of other names, and words of their own."""
	plain = os.path.join(scratch, "mini.raw")
	mini(bases, plain, scratch)
	fs, console = Ext4(plain), console_of(bases[0])
	deb = "arm64" if "arm64" in bases[0] else "amd64"
	files = []
	for name in ("debian-13.1", "debian-13.2"):
		path = os.path.join(scratch, name + ".efi")
		make_uki(fs, deb, path, "console=%s uki=%s" % (console, name), scratch)
		files.append(("/EFI/Linux/%s.efi" % name, path))
	diskedit.new_disk(target, [(1, 200, "ef00", fixed_uuid("uki-esp")), (2, fs.size >> 20, "8300", fixed_uuid("uki-root"))],
		fixed_uuid("uki"))
	diskedit.make_fat(target, 1, files, scratch)
	diskedit.copy_partition(plain, fs.offset, target, diskedit.partition(target, 2)[0], fs.size)


def signed(bases, target, scratch):
	"""mini with a kernel that the firmware of the Secure Boot scenarios trusts, and therefore kexec."""
	mini(bases, target, scratch)
	fs, kernel = Ext4(target), os.path.join(scratch, "kernel")
	path = "/boot/vmlinuz-" + fs.kernel()
	fs.dump(path, kernel)
	secureboot.sign(kernel, scratch)
	fs.remove(path)
	fs.write(kernel, path)
