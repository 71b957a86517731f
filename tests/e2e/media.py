"""Our own media for a guest: boot.efi and boot.iso, by `cloud-boot build`, and disks to put them on."""
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile

import machine
import secureboot
from watch import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(TREE, "out", "e2e")
PROGRAM = os.path.join(TREE, "out", "host", "cloud-boot")
sys.path.insert(0, os.path.join(TREE, "tests", "images"))

import diskedit  # noqa: E402
import images  # noqa: E402


def cloud_boot(*words):
	"""Standard output of a command of ours that must succeed."""
	done = subprocess.run([PROGRAM] + list(words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
	text = done.stdout.decode("utf-8", "replace")
	if done.returncode != 0:
		raise Failure("cloud-boot %s: exit %d\n%s" % (" ".join(words), done.returncode, text))
	return text


def loader(arch):
	return os.path.join(TREE, "out", "efi-" + {"x86_64": "x64", "aarch64": "aa64"}[arch], "loader.efi")


def build(arch, settings, signed=False, front=None, ca=None):
	"""Folder of boot.efi and boot.iso for one command line, kept while the programs stay the same. front:
	"--path-b", "--loader", or None for init's UKI alone. ca: a file of certificates, for the loader."""
	if front != "--path-b":
		settings = ("console=%s %s" % (machine.ARCHES[arch]["console"], settings)).strip()
	digest = hashlib.sha256(("%s\n%s\n%d\n%s\n" % (arch, settings, signed, front)).encode())
	for path in (PROGRAM, loader(arch), os.path.join(TREE, "out", "init-" + arch, "cloud-boot-init"), ca):
		if path and os.path.exists(path):
			digest.update(images.sha256(path).encode())
	folder = os.path.join(OUT, "media", "%s-%s" % (arch, digest.hexdigest()[:16]))
	os.makedirs(os.path.dirname(folder), exist_ok=True)
	with open(folder + ".lock", "w", encoding="utf-8") as lock:
		fcntl.flock(lock, fcntl.LOCK_EX)
		if os.path.isdir(folder):
			return folder
		with tempfile.TemporaryDirectory(dir=os.path.dirname(folder)) as scratch:
			made = os.path.join(scratch, "media")
			os.mkdir(made)
			pair = secureboot.key(scratch) if signed else ()
			cloud_boot("build", "--arch", arch, "--out", os.path.join(made, "boot.efi"),
				"--iso", os.path.join(made, "boot.iso"), "--cmdline", settings, *filter(None, [front]),
				*(("--ca", ca) if ca else ()),
				*(word for option in zip(("--sign-key", "--sign-cert"), pair) for word in option))
			os.rename(made, folder)
	return folder


ESP_UUID = "11111111-2222-4333-8444-555555555555"


def esp_disk(arch, boot_efi, scratch, more=()):
	"""A disk with one ESP, boot.efi copied to where firmware looks for it, and more files beside it."""
	path = os.path.join(scratch, "esp.raw")
	diskedit.new_disk(path, [(1, 96, "ef00", ESP_UUID)], "11111111-2222-4333-8444-666666666666")
	diskedit.make_fat(path, 1, [("/EFI/BOOT/" + machine.ARCHES[arch]["boot"], boot_efi)] + list(more), scratch)
	return path
