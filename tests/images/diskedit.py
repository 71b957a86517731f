"""Changes inside a disk image without mounting it: GPT look-up, debugfs, ext4 superblocks."""
import os
import re
import shutil
import struct
import subprocess

SECTOR = 512
SUPER_MAGIC_AT = 56
FEATURE_INCOMPAT_AT = 96
CHECKSUM_AT = 1020


class EditError(Exception):
	pass


def run(*argv, stdin=None):
	"""Run a tool; its output is only shown when it fails."""
	done = subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
		check=False)
	if done.returncode != 0:
		raise EditError("%s: exit %d\n%s" % (" ".join(argv), done.returncode,
			done.stdout.decode("utf-8", "replace")))
	return done.stdout.decode("utf-8", "replace")


def copy_sparse(source, target):
	run("cp", "--reflink=auto", "--sparse=always", source, target)


def copy_partition(source, source_at, target, target_at, size):
	run("dd", "if=" + source, "of=" + target, "bs=1M", "conv=notrunc,sparse", "status=none",
		"iflag=skip_bytes,count_bytes", "oflag=seek_bytes",
		"skip=%d" % source_at, "seek=%d" % target_at, "count=%d" % size)


def partition(image, number):
	"""(offset, size) in bytes of a GPT partition, 1-based."""
	with open(image, "rb") as f:
		f.seek(SECTOR)
		header = f.read(SECTOR)
		if header[:8] != b"EFI PART":
			raise EditError("%s: no GPT" % image)
		entries, count, size = struct.unpack_from("<QII", header, 72)
		if number > count:
			raise EditError("%s: no partition %d" % (image, number))
		f.seek(entries * SECTOR + (number - 1) * size)
		first, last = struct.unpack_from("<QQ", f.read(size), 32)
	return first * SECTOR, (last - first + 1) * SECTOR


class Ext4:
	"""The ext4 file system in one partition of an image."""

	def __init__(self, image, number=1):
		self.image = image
		self.offset, self.size = partition(image, number)
		self.spec = "%s?offset=%d" % (image, self.offset)

	def debugfs(self, commands, write=False):
		"""Run debugfs commands. It exits 0 whatever happens, so its messages decide."""
		argv = ["debugfs"] + (["-w"] if write else []) + ["-f", "-", self.spec]
		done = subprocess.run(argv, input="\n".join(commands).encode(), stdout=subprocess.PIPE,
			stderr=subprocess.PIPE, check=False)
		errors = [line for line in done.stderr.decode("utf-8", "replace").splitlines()
			if line and not re.match(r"debugfs \d|debugfs: ?$", line)]
		if errors or done.returncode != 0:
			raise EditError("debugfs %s: %s" % (self.image, "; ".join(errors)))
		return done.stdout.decode("utf-8", "replace")

	def names(self, folder):
		"""Names in a folder, without `.` and `..`."""
		rows = self.debugfs(["ls -p " + folder]).splitlines()
		names = [row.split("/")[5] for row in rows if row.count("/") >= 6]
		return [name for name in names if name not in (".", "..", "")]

	def dump(self, path, target):
		self.debugfs(["dump %s %s" % (path, target)])
		if not os.path.exists(target):
			raise EditError("%s: no file %s" % (self.image, path))

	def write(self, source, path):
		"""Put a host file at path, replacing what is there. debugfs writes into its cwd."""
		folder, name = os.path.split(path)
		commands = ["cd " + folder]
		if name in self.names(folder):
			commands.append("rm " + name)
		self.debugfs(commands + ["write %s %s" % (source, name),
			"set_inode_field %s mode 0100644" % name], write=True)

	def remove(self, path):
		self.debugfs(["rm " + path], write=True)

	def kernel(self):
		"""The version of the one kernel in /boot."""
		found = [n[len("vmlinuz-"):] for n in self.names("/boot") if n.startswith("vmlinuz-")]
		if len(found) != 1:
			raise EditError("%s: kernels in /boot: %s" % (self.image, found))
		return found[0]


def crc32c(data, crc=0xFFFFFFFF):
	for byte in data:
		crc ^= byte
		for _ in range(8):
			crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
	return crc


def superblocks(ext4):
	"""Offsets of every superblock in the image: the primary one and the sparse_super backups."""
	with open(ext4.image, "rb") as f:
		f.seek(ext4.offset + 1024)
		primary = f.read(1024)
		log_block, = struct.unpack_from("<I", primary, 24)
		per_group, = struct.unpack_from("<I", primary, 32)
		stride = per_group * (1024 << log_block)
		yield ext4.offset + 1024
		for group in range(1, ext4.size // stride + 1):
			at = ext4.offset + group * stride
			f.seek(at + SUPER_MAGIC_AT)
			if f.read(2) == b"\x53\xef":
				yield at


def patch_superblocks(ext4, change):
	"""Apply change(bytearray) to every superblock; returns how many there were."""
	places = list(superblocks(ext4))
	with open(ext4.image, "r+b") as f:
		for at in places:
			f.seek(at)
			block = bytearray(f.read(1024))
			change(block)
			f.seek(at)
			f.write(block)
	return len(places)


def add_incompat_feature(ext4, bit):
	"""Set a feature bit everywhere, with right checksums: only the feature itself is wrong."""
	def change(block):
		value, = struct.unpack_from("<I", block, FEATURE_INCOMPAT_AT)
		struct.pack_into("<I", block, FEATURE_INCOMPAT_AT, value | bit)
		struct.pack_into("<I", block, CHECKSUM_AT, crc32c(block[:CHECKSUM_AT]))
	return patch_superblocks(ext4, change)


def ruin_superblocks(ext4):
	"""Keep the magic, spoil the rest: block size, group size and checksum are nonsense."""
	def change(block):
		block[24:28] = b"\x4d\0\0\0"
		block[32:36] = b"\0\0\0\0"
		block[CHECKSUM_AT:] = b"\xde\xad\xbe\xef"
	return patch_superblocks(ext4, change)


def new_disk(image, partitions, seed):
	"""A GPT of [(number, size in MiB, type, guid)], with room for the backup table."""
	if os.path.exists(image):
		os.unlink(image)
	total = sum(p[1] for p in partitions) + 2
	with open(image, "wb") as f:
		f.truncate(total << 20)
	argv = ["sgdisk", "--disk-guid=" + seed]
	for number, mib, kind, guid in partitions:
		argv += ["--new=%d:0:+%dM" % (number, mib), "--typecode=%d:%s" % (number, kind),
			"--partition-guid=%d:%s" % (number, guid)]
	run(*argv, image)


def make_ext4(image, number, label, uuid, tree=None):
	offset, size = partition(image, number)
	argv = ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-L", label, "-U", uuid,
		"-E", "offset=%d,root_owner=0:0" % offset]
	if tree:
		argv += ["-d", tree]
	run(*argv, image, "%dk" % (size // 1024))


def make_fat(image, number, files, scratch):
	"""A FAT file system in a partition, with files = [(path in it, host file)]."""
	offset, size = partition(image, number)
	part = os.path.join(scratch, "fat.part")
	with open(part, "wb") as f:
		f.truncate(size)
	run("mkfs.vfat", part)
	made = set()
	for path, source in files:
		folder = ""
		for name in path.strip("/").split("/")[:-1]:
			folder += "/" + name
			if folder not in made:
				run("mmd", "-i", part, "::" + folder)
				made.add(folder)
		run("mcopy", "-i", part, source, "::" + path)
	with open(part, "rb") as source, open(image, "r+b") as target:
		target.seek(offset)
		shutil.copyfileobj(source, target, 1 << 20)
	os.unlink(part)
