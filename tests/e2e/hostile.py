"""Disks that somebody made to hurt whoever reads them: broken partition tables, the damage of tests/fs/recipes, the
seeds of tests/fuzz as whole images, and small file systems with fields changed by a seeded generator.

Checksums are off or right again after a change, so that it is the fields which are judged. Wherever there is room, two
kernels lie in /boot that look whole until somebody reads their sections.
"""
import glob
import importlib.machinery
import importlib.util
import os
import random
import re
import struct
import subprocess
import sys
import uuid
import zlib

import media

TESTS = os.path.join(media.TREE, "tests")
sys.path.insert(0, os.path.join(TESTS, "fs"))

import diskedit  # noqa: E402
import kit  # noqa: E402

SECTOR = 512
PAGE = 4096
HOLE = bytes(PAGE)
SUPER = 1024
ENTRY = struct.Struct("<16s16sQQQ72s")
LINUX_DATA = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le
ESP = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b").bytes_le
OLD_LOG = (2400, ["-I", "256", "-O", "none,filetype,extent,sparse_super,has_journal", "-J", "size=1"])
RECIPES = (("ext_damage", "csum"), ("ext_damage", "no_csum"), ("ext_damage", "uninit_bg"), ("ext_damage", "meta_bg"),
	("ext_damage", "dirty"), ("ext_special", "encrypt_flag"), ("fat", "fragments", 12, 512, 2, "4M"),
	("fat", "fragments", 16, 512, 1, "16M"))


def load(path):
	"""A program of ours as a module."""
	name = os.path.basename(path).replace("-", "_").replace(".py", "")
	loader = importlib.machinery.SourceFileLoader(name, path)
	module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
	loader.exec_module(module)
	return module


def read(path):
	with open(path, "rb") as f:
		return f.read()


def put(f, at, data):
	"""The zeros of an image stay holes."""
	for n in range(0, len(data), PAGE):
		page = data[n:n + PAGE]
		if page != HOLE[:len(page)]:
			f.seek(at + n)
			f.write(page)


def write(path, data):
	os.makedirs(os.path.dirname(path), exist_ok=True)
	with open(path, "wb") as f:
		f.truncate(len(data))
		put(f, 0, data)


# Kernels: real headers, whose sections end behind the file.

def kernels(images, scratch):
	"""{name: bytes}, of the first pages of the kernels in two images."""
	made = {}
	for image in images:
		fs, path = diskedit.Ext4(image), os.path.join(scratch, "kernel")
		fs.dump("/boot/vmlinuz-" + fs.kernel(), path)
		head = bytearray(read(path)[:4096])
		if head[0x202:0x206] == b"HdrS":
			head[0x1f1] = 1  # sectors of setup code
			struct.pack_into("<I", head, 0x1f4, (len(head) - 2 * SECTOR) // 16)
		pe, = struct.unpack_from("<I", head, 0x3c)
		struct.pack_into("<I", head, pe + 24 + 60, len(head))  # SizeOfHeaders
		made["vmlinuz-" + fs.kernel()] = bytes(head)
	return made


class Place:
	"""Bytes that a mutation may change, and the checksums to mend afterwards: mend(raw)."""

	def __init__(self, at, size, mend=None):
		self.at = at
		self.size = size
		self.mend = mend


class Ext:
	"""A small ext file system and where its structures are."""

	def __init__(self, path):
		self.raw = read(path)
		k = kit.Kit(os.path.dirname(path))
		k.image = path
		self.bs = k.block_size
		ro, = struct.unpack_from("<I", self.raw, SUPER + 100)
		self.csum = ro & 0x400 != 0
		self.seed = diskedit.crc32c(self.raw[SUPER + 0x68:SUPER + 0x78])
		self.inode_size, = struct.unpack_from("<H", self.raw, SUPER + 0x58)
		self.places = [Place(SUPER, 0x38, self.mend_super), Place(SUPER + 0x3a, 0x146, self.mend_super)]
		gdt, size = k.gdt_at(), k.desc_size
		self.places += [Place(gdt + n * size, 32, lambda raw, n=n: self.mend_group(raw, gdt, n, size))
			for n in range(len(k.groups()))]
		for path_in in ("/", "/boot", "/boot/vmlinuz-6.1", "/boot/slow", "/etc/os-release"):
			self.add_inode(k, path_in)
		for folder in ("/", "/boot"):
			self.add_folder(k, folder)
		if "has_journal" in k.field("Filesystem features"):
			self.places += [Place(k.log_at(n), 64) for n in range(6)]
			self.places += [Place(at, 80) for at in sum(k.log_blocks().values(), [])]

	def number(self, k, path):
		return int(re.search(r"Inode: (\d+)", k.debugfs("stat " + path, write=False)).group(1))

	def add_inode(self, k, path):
		at, number = k.inode_at(path), self.number(k, path)
		self.places.append(Place(at, 100, lambda raw: self.mend_inode(raw, at, number)))

	def add_folder(self, k, path):
		inode, number = k.inode_at(path), self.number(k, path)
		if struct.unpack_from("<I", self.raw, inode + 0x20)[0] & 0x10000000:
			return  # in the inode
		at = k.block_at(path, 0)
		self.places.append(Place(at, 160, lambda raw: self.mend_folder(raw, inode, number, at)))

	def sum(self, seed, *parts):
		return diskedit.crc32c(b"".join(parts), seed)

	def mend_super(self, raw):
		if self.csum:
			struct.pack_into("<I", raw, SUPER + 0x3fc, diskedit.crc32c(raw[SUPER:SUPER + 0x3fc]))

	def mend_group(self, raw, gdt, n, size):
		at = gdt + n * size
		raw[at + 0x1e:at + 0x20] = bytes(2)
		if self.csum:
			struct.pack_into("<H", raw, at + 0x1e, self.sum(self.seed, struct.pack("<I", n), raw[at:at + size]) & 0xffff)

	def inode_seed(self, raw, at, number):
		return self.sum(self.seed, struct.pack("<I", number), raw[at + 0x64:at + 0x68])

	def mend_inode(self, raw, at, number):
		if not self.csum:
			return
		raw[at + 0x7c:at + 0x7e] = raw[at + 0x82:at + 0x84] = bytes(2)
		value = self.sum(self.inode_seed(raw, at, number), raw[at:at + self.inode_size])
		struct.pack_into("<H", raw, at + 0x7c, value & 0xffff)
		struct.pack_into("<H", raw, at + 0x82, value >> 16)

	def mend_folder(self, raw, inode, number, at):
		if self.csum:
			end = at + self.bs - 12
			struct.pack_into("<I", raw, end + 8, self.sum(self.inode_seed(raw, inode, number), raw[at:end]))


class Fat:
	def __init__(self, path):
		self.raw = read(path)
		reserved, = struct.unpack_from("<H", self.raw, 14)
		self.places = [Place(11, 80), Place(reserved * SECTOR, 64)]
		# Entries of directories: a short name and an attribute of plain files or folders.
		self.places += [Place(m.start(), 32) for m in re.finditer(rb"[A-Z0-9~_-]{2}[A-Z0-9~_ -]{9}[\x10\x20]", self.raw)
			if m.start() % 32 == 0]


def interesting(rng, old, bits):
	top = 1 << bits
	return rng.choice((0, 1, 2, top - 1, top // 2, top // 2 - 1, old + 1, old - 1, old * 2, old ^ 1 << rng.randrange(bits),
		rng.randrange(top), rng.randrange(256))) % top


def mutate(base, rng):
	"""One to four fields of a copy changed."""
	raw = bytearray(base.raw)
	for _ in range(rng.choice((1, 1, 2, 4))):
		place = rng.choice(base.places)
		width = rng.choice((1, 2, 4, 4))
		at = place.at + rng.randrange(0, place.size - width + 1, width)
		old = int.from_bytes(raw[at:at + width], "little")
		raw[at:at + width] = interesting(rng, old, 8 * width).to_bytes(width, "little")
		if place.mend:
			place.mend(raw)
	return bytes(raw)


# Where images come from. Each yields (name, path).

def write_log(path):
	"""A transaction without checksums, for the kernel's first blocks."""
	k = kit.Kit(os.path.dirname(path))
	k.image = path
	at = [k.block_at("/boot/vmlinuz-6.1", n) // k.block_size for n in range(3)]
	write(path + ".blocks", k.read(at[0] * k.block_size, 3 * k.block_size))
	k.debugfs("jo", "jw -b %s %s" % (",".join(map(str, at)), path + ".blocks"), "jw -r %d" % at[2], "jc")


class Workshop:
	def __init__(self, folder, bases):
		self.folder = folder
		self.kernels = kernels(bases, folder)
		self.maker = load(os.path.join(TESTS, "unit", "make-ext4-images"))

	def path(self, *names):
		path = os.path.join(self.folder, *names)
		os.makedirs(os.path.dirname(path), exist_ok=True)
		return path

	def put_kernels(self, top):
		for name, data in self.kernels.items():
			write(os.path.join(top, "boot", name), data)
			write(os.path.join(top, "boot", name.replace("vmlinuz-", "initrd.img-")), b"070701" + bytes(500))
		write(os.path.join(top, "etc", "os-release"), b"ID=hostile\nPRETTY_NAME=Hostile\n")

	def ext_bases(self):
		"""The images of the unit tests, with kernels in them."""
		work = self.path("bases", "tree")
		os.mkdir(work)
		self.maker.tree(work)
		self.put_kernels(work)
		# The log's blocks are this file's.
		write(work + "/boot/vmlinuz-6.1", next(iter(self.kernels.values())))
		self.maker.IMAGES["old-log"] = OLD_LOG
		for name in self.maker.IMAGES:
			self.maker.make(name, os.path.dirname(work))
			path = self.path("bases", name)
			if name == "old-log":
				write_log(path)
			yield name, Ext(path)

	def fat_bases(self):
		for bits, size in ((12, "1M"), (16, "8M"), (32, "34M")):
			path = self.path("bases", "fat%d" % bits)
			diskedit.run("truncate", "-s", size, path)
			diskedit.run("mkfs.fat", "-F", str(bits), "-s", "1", "-i", "1a2b3c4d", path)
			top = path + ".tree"
			self.put_kernels(top)
			for name, data in self.kernels.items():
				write(os.path.join(top, "loader", "entries", name + ".conf"), b"title Hostile\nlinux /boot/%s\n" % name.encode())
			diskedit.run("mcopy", "-s", "-i", path, *sorted(glob.glob(top + "/*")), "::/")
			yield "fat%d" % bits, Fat(path)

	def mutations(self, seed, count):
		bases, rng = [*self.ext_bases(), *self.fat_bases()], random.Random(seed)
		for n in range(count):
			name, base = bases[n % len(bases)]
			path = self.path("mutations", "%03d-%s" % (n, name))
			write(path, mutate(base, rng))
			yield os.path.basename(path), path

	def recipes(self):
		workshop = self

		class Kit(kit.Kit):
			def populate(self, top, **kw):
				super().populate(top, **dict(kw, big=300000))
				workshop.put_kernels(top)

			def mkfs(self, *args, size="32M", **kw):
				return super().mkfs(*args, size=size, **kw)

		for name, *variant in RECIPES:
			module = load(os.path.join(TESTS, "fs", "recipes", name + ".py"))
			k = Kit(os.path.dirname(self.path("recipes", "-".join(map(str, [name, *variant])), "image")))
			module.build(k, *variant)
			for n, case in enumerate(module.damage(k, *variant)):
				path = "%s-%02d" % (k.image, n)
				diskedit.copy_sparse(k.image, path)
				with open(path, "r+b") as f:
					for at, data in case.patches:
						f.seek(at)
						f.write(data)
				yield "%s: %s" % (name, case.name), path

	def ext_seeds(self):
		"""As tests/fuzz/fuzz_ext4.c reads them."""
		work, pristine = self.path("seeds", "tree"), []
		os.mkdir(work)
		self.maker.tree(work)
		for name in self.maker.IMAGES:
			pristine.append(self.maker.make(name, os.path.dirname(work)))
		for seed in sorted(glob.glob(os.path.join(TESTS, "fuzz", "seeds", "ext4", "*"))):
			data, path = read(seed), self.path("seeds", "ext4-" + os.path.basename(seed))
			kind = data[0]
			if kind < len(pristine):
				write(path, patched(pristine[kind], data[1:]))
			else:
				write(path, data[1:].ljust(256 << 10, b"\0"))
			yield os.path.basename(path), path

	def choice_seeds(self):
		"""The trees of tests/fuzz/fuzz_choice.c in ext4."""
		for seed in sorted(glob.glob(os.path.join(TESTS, "fuzz", "seeds", "choice", "*"))):
			top, path = self.path("seeds", "choice", os.path.basename(seed)), self.path("seeds", "choice-" + os.path.basename(seed))
			os.makedirs(top, exist_ok=True)
			for record in read(seed).split(b"\xff"):
				self.put_record(top, record)
			diskedit.run("mke2fs", "-q", "-F", "-t", "ext4", "-b", "1024", "-d", top, path, "1M")
			yield os.path.basename(path), path

	def put_record(self, top, record):
		name, _, text = record.partition(b"\n")
		path = os.path.join(top, name.decode("utf-8", "replace").lstrip("@/?"))
		if name.startswith(b"?") or ".." in path or os.path.lexists(path):
			return
		os.makedirs(os.path.dirname(path), exist_ok=True)
		if text.startswith(b"\1L"):
			os.symlink(text[2:], path)
		else:
			write(path, next(iter(self.kernels.values())) if text.startswith(b"\1") else text)

	def fat_seeds(self):
		for seed in sorted(glob.glob(os.path.join(TESTS, "fuzz", "seeds", "fat", "*"))):
			yield "fat-" + os.path.basename(seed), seed


def patched(image, records):
	image, at = bytearray(image), 0
	used = [n for n in range(0, len(image), 1024) if any(image[n:n + 1024])]
	while len(records) - at > 5:
		v, size = struct.unpack_from("<IB", records, at)
		place = (v & 0x7fffffff) % len(image) if v >> 31 else used[(v >> 10) % len(used)] + (v & 1023)
		data = records[at + 5:at + 5 + size][:len(image) - place]
		image[place:place + len(data)] = data
		at += 5 + size
	return bytes(image)


# Partition tables.

def entry(number, first, last, kind=LINUX_DATA, name=""):
	return ENTRY.pack(kind, uuid.uuid5(uuid.NAMESPACE_OID, "hostile/%d" % number).bytes_le, first, last, 0,
		name.encode("utf-16-le")[:70])


def gpt(sectors, entries, count=128):
	"""[(byte, bytes)]: protective MBR, both headers, both arrays."""
	table = b"".join(entries).ljust(count * ENTRY.size, b"\0")
	blocks = len(table) // SECTOR

	def header(here, there, array):
		raw = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, here, there, 2 + blocks, sectors - 2 - blocks,
			uuid.UUID(int=sectors).bytes_le, array, count, ENTRY.size, zlib.crc32(table))
		return raw[:16] + struct.pack("<I", zlib.crc32(raw)) + raw[20:]
	protective = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xee, b"\xff\xff\xff", 1, min(sectors - 1, 0xffffffff))
	mbr = bytes(446) + protective + bytes(48) + b"\x55\xaa"
	last = sectors - 1
	return [(0, mbr), (SECTOR, header(1, last, 2)), (2 * SECTOR, table),
		((last - blocks) * SECTOR, table), (last * SECTOR, header(last, 1, last - blocks))]


def make_disk(path, sectors, pieces):
	with open(path, "wb") as f:
		f.truncate(sectors * SECTOR)
		for at, data in pieces:
			put(f, at, data)


def volumes_disk(path, images):
	"""Every image in a partition of its own, in a table of 1024 entries."""
	first, entries, places = 2048, [], []
	for n, (name, image) in enumerate(images):
		sectors = -(-os.path.getsize(image) // SECTOR)
		entries.append(entry(n, first, first + sectors - 1, ESP if name.startswith("fat") else LINUX_DATA, name))
		places.append((first * SECTOR, image))
		first += -(-sectors // 8) * 8
	sectors = first + 2048
	make_disk(path, sectors, gpt(sectors, entries, 1024))
	with open(path, "r+b") as f:
		for at, image in places:
			put(f, at, read(image))


def flipped(pieces, *which):
	return [(at, bytes([data[0] ^ 1]) + data[1:] if n in which else data) for n, (at, data) in enumerate(pieces)]


def table_disks(folder, image):
	"""Tables that are broken, each before the same file system, and disks that have none."""
	data, first = read(image), 64
	sectors = first + len(data) // SECTOR + 64
	last = first + len(data) // SECTOR - 1
	good = gpt(sectors, [entry(1, first, last)])
	body = [(first * SECTOR, data)]
	far = [entry(1, first, last), entry(2, last + 1, sectors * 4), entry(3, last, first), entry(4, 0, last),
		entry(5, first, last)]
	kinds = {
		"gpt-header-crc": flipped(good, 1) + body, "gpt-entries-crc": flipped(good, 2) + body,
		"gpt-no-primary": [(0, good[0][1])] + good[3:] + body, "gpt-both-broken": flipped(good, 1, 4) + body,
		"gpt-overlapping": gpt(sectors, far) + body,
		"empty": [], "whole-disk": [(0, data)],
	}
	for name, pieces in kinds.items():
		path = os.path.join(folder, name)
		make_disk(path, sectors, pieces)
		yield name, path
	path = os.path.join(folder, "gpt-1024")
	make_disk(path, sectors + 512, gpt(sectors + 512, [entry(n, first + 512, last + 512) for n in range(1024)], 1024)
		+ [((first + 512) * SECTOR, data)])
	yield "gpt-1024", path
	path = os.path.join(folder, "one-sector")
	make_disk(path, 1, [(0, good[0][1])])
	yield "one-sector", path
	for seed in sorted(glob.glob(os.path.join(TESTS, "fuzz", "seeds", "gpt", "*"))):
		path = os.path.join(folder, os.path.basename(seed))
		raw = read(seed)[1:]
		write(path, raw.ljust(-(-len(raw) // SECTOR) * SECTOR, b"\0"))
		yield os.path.basename(seed), path
