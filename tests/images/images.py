#!/usr/bin/env python3
"""Test images of real distributions: what there is, how each is made, where it is kept.

	tests/images/images.py                 build every base image, print name, sha256 and path
	tests/images/images.py --list          names
	tests/images/images.py debian13-amd64  just this one

Base images take minutes and are kept in ${XDG_CACHE_HOME:-~/.cache}/cloud-boot/images, under the hash
of their recipe. A variant is its base's name, a colon and the change (debian13-arm64:dirty); most are
made in seconds and only live as long as the scenario that uses them.
"""
import argparse
import concurrent.futures
import fcntl
import hashlib
import inspect
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

sys.dont_write_bytecode = True
import variants  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SUITES = {"debian12": "bookworm", "debian13": "trixie"}
BASES = {"%s-%s" % (name, arch): (suite, arch)
	for arch in ("arm64", "amd64") for name, suite in sorted(SUITES.items(), reverse=True)}


class Variant:
	"""`keep`: worth the cache. `extra`: another base of the same architecture that it takes. `recipe`:
	functions and texts that the kept image depends on, besides `make`."""

	def __init__(self, make, suffix=".raw", keep=False, extra=None, recipe=()):
		self.make = make
		self.suffix = suffix
		self.keep = keep
		self.extra = extra
		self.recipe = [p if isinstance(p, str) else inspect.getsource(p) for p in (make,) + tuple(recipe)]


MINI = (variants.MINI_INIT, variants.mini_initrd, variants.make_mini)
VARIANTS = {
	"qcow2": Variant(variants.qcow2, suffix=".qcow2"),
	"compressed": Variant(variants.compressed, suffix=".qcow2", keep=True),
	"cmdline": Variant(variants.cmdline),
	"bls": Variant(variants.bls),
	"kernels": Variant(variants.kernels, extra="debian12"),
	"broken": Variant(variants.broken),
	"splitboot": Variant(variants.splitboot),
	"noboot": Variant(variants.noboot),
	"badsuper": Variant(variants.badsuper),
	"unknown": Variant(variants.unknown),
	"dirty": Variant(variants.dirty, keep=True),
	"task": Variant(variants.task, keep=True, recipe=(variants.TASK_UNIT,)),
	"mini": Variant(variants.mini, keep=True, recipe=MINI),
	"newmini": Variant(variants.newmini, keep=True, recipe=MINI),
	"signed": Variant(variants.signed),
	"gzip": Variant(variants.gzipped),
	"zstd": Variant(variants.zstd),
	"oldname": Variant(variants.oldname),
	"uki": Variant(variants.uki, keep=True, recipe=MINI + (variants.make_uki,)),
}


def say(text):
	print("images: " + text, file=sys.stderr, flush=True)


def cache_folder():
	root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
	return os.path.join(root, "cloud-boot", "images")


def recipe_hash(name):
	"""What a cached image was made by; the packages of the day are not part of it."""
	digest = hashlib.sha256(name.encode())
	if ":" in name:
		digest.update("".join(VARIANTS[name.partition(":")[2]].recipe).encode())
	for file in ["debian.sh"] + sorted("files/" + f for f in os.listdir(os.path.join(HERE, "files"))):
		with open(os.path.join(HERE, file), "rb") as f:
			digest.update(f.read())
	return digest.hexdigest()[:16]


def sha256(path):
	digest = hashlib.sha256()
	with open(path, "rb") as f:
		while chunk := f.read(1 << 20):
			digest.update(chunk)
	return digest.hexdigest()


def make(name, target, scratch):
	base, _, change = name.partition(":")
	if not change:
		suite, arch = BASES[base]
		subprocess.run([os.path.join(HERE, "debian.sh"), suite, arch, target], check=True)
		return
	variant = VARIANTS[change]
	sources = [get(base)]
	if variant.extra:
		sources.append(get(variant.extra + "-" + BASES[base][1]))
	variant.make(sources, target, scratch)


def make_into(name, target):
	with tempfile.TemporaryDirectory(dir=os.path.dirname(target), prefix="making.") as scratch:
		part = os.path.join(scratch, os.path.basename(target))
		make(name, part, scratch)
		os.replace(part, target)


def get_cached(name, suffix):
	"""The image's path in the cache. One process makes it, others wait; old recipes' images go."""
	folder = cache_folder()
	stem = name.replace(":", "+")
	path = os.path.join(folder, "%s-%s%s" % (stem, recipe_hash(name), suffix))
	os.makedirs(folder, exist_ok=True)
	with open(os.path.join(folder, stem + ".lock"), "w", encoding="utf-8") as lock:
		fcntl.flock(lock, fcntl.LOCK_EX)
		if os.path.exists(path + ".sha256"):
			return path
		for old in os.listdir(folder):
			if old.startswith(stem + "-") and not old.startswith(os.path.basename(path)):
				os.unlink(os.path.join(folder, old))
		started = time.monotonic()
		say("making %s" % name)
		make_into(name, path)
		with open(path + ".sha256", "w", encoding="utf-8") as f:
			f.write(sha256(path) + "\n")
		say("%s made in %.0f s" % (name, time.monotonic() - started))
	return path


def get(name, scratch=None):
	"""Path of an image. A variant that is not kept is made in `scratch`, which the caller removes."""
	base, _, change = name.partition(":")
	if base not in BASES or (change and change not in VARIANTS):
		raise KeyError("no image %s; there are: %s" % (name, " ".join(names())))
	if not change:
		return get_cached(name, ".raw")
	variant = VARIANTS[change]
	if variant.keep or not scratch:
		return get_cached(name, variant.suffix)
	path = os.path.join(scratch, name.replace(":", "+") + variant.suffix)
	make_into(name, path)
	return path


def get_sha256(path):
	"""The hash of an image as it was made."""
	if os.path.exists(path + ".sha256"):
		with open(path + ".sha256", encoding="utf-8") as f:
			return f.read().strip()
	return sha256(path)


def fixed_uuid(base, part):
	"""The UUID that debian.sh gave to `root`, `root-part`, `esp-part` or `disk` of a base image."""
	suite, arch = BASES[base]
	return str(uuid.uuid5(uuid.NAMESPACE_OID, "cloud-boot-test-image/%s-%s/%s" % (suite, arch, part)))


def names():
	return list(BASES) + ["%s:%s" % (b, v) for b in BASES for v in VARIANTS]


def need_tools():
	tools = {"mke2fs": "e2fsprogs", "debugfs": "e2fsprogs", "sgdisk": "gdisk", "mkfs.vfat": "dosfstools",
		"mcopy": "mtools", "qemu-img": "qemu-utils", "apt-get": "apt", "dpkg-deb": "dpkg",
		"qemu-aarch64-static": "qemu-user-static"}
	path = os.environ["PATH"] + ":/sbin:/usr/sbin"
	missing = sorted({p for tool, p in tools.items() if not shutil.which(tool, path=path)})
	if missing:
		sys.exit("images: missing packages: " + " ".join(missing))


def main():
	parser = argparse.ArgumentParser(description="Test images of real distributions.",
		epilog="example: tests/images/images.py debian13-amd64")
	parser.add_argument("names", nargs="*", metavar="NAME", help="default: every base image")
	parser.add_argument("--list", action="store_true", help="print the names")
	parser.add_argument("-j", type=int, default=2, metavar="N", help="images made at once (2)")
	args = parser.parse_args()
	if args.list:
		print("\n".join(names()))
		return 0
	need_tools()
	wanted = args.names or list(BASES)
	with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
		jobs = {name: pool.submit(get, name) for name in wanted}
	failed = 0
	for name, job in jobs.items():
		if job.exception():
			failed += 1
			say("%s failed: %s" % (name, job.exception()))
		else:
			print("%s  %s  %s" % (name, get_sha256(job.result()), job.result()))
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())
