"""Stories of path B: the loader finds a kernel by itself and hands it to the firmware.

In every one the loader's choice is compared with what `cloud-boot explain` says of the same disks, in the
same order: it is the same code, and must come to the same end in firmware as on the host.
"""
import json
import os
import re

import machine
import media
import rig
from rig import KERNEL, MARKER, POWER_DOWN, need
from scenarios import KERNELS, image_of, marker
from watch import Hush

import diskedit

OURS = r"^cloud-boot [0-9.]+ loader, "
BOOT = r"^boot +\S"
TARGET = "c10ddb07-83c5-4d3e-9b76-1f4c0e7a3b8e"


class Story:
	def __init__(self, play, arch, release, image, name=None, **kind):
		self.name = "b-%s-fw%s-%s" % (name or play.__name__.replace("_", "-"), release, arch)
		self.play = play
		self.arch = arch
		self.release = release
		self.image = image
		self.distro = image[:len("debian13")]
		self.kind = kind


def mini_marker(story, words="", version=None):
	return r"^CLOUD-BOOT-MARKER debian=%s kernel=%s\S*cloud-%s root=mini .*%s" % (
		(version or story.distro)[len("debian"):], KERNELS[version or story.distro],
		machine.ARCHES[story.arch]["deb"], words)


# What the loader chose, and what explain says.

def explained(r, story, settings=""):
	"""The first bootable candidate in explain's eyes."""
	words = ["explain", "--json", "--by", "efi", "--arch", story.arch] + (["--settings", settings] if settings else [])
	told = json.loads(media.cloud_boot(*words, *[path for _, path, _, _ in r.drives]))
	return next(c for c in told["candidates"] if c["bootable"])


def printed(lines):
	"""What the last boot block of the loader said: {"boot": "TITLE: RULE, REASON", "kernel": PATH, ...}."""
	rows, block = {}, False
	for line in lines:
		if re.search(BOOT, line):
			rows, block = {"boot": [line.split(None, 1)[1]]}, True
		elif block and re.match(r"     \w+ +\S", line):
			key, value = line.split(None, 1)
			rows.setdefault(key, []).append(value)
		else:
			block = False
	return rows


def without_console(cmdline):
	return [w for w in cmdline.split() if not w.startswith("console=")]


def compare(r, story, settings=""):
	"""Rule, reason, files, volume and command line; but for the console, which is the machine's."""
	want, have = explained(r, story, settings), printed(r.told)
	need(have, "the loader named no choice")
	path = lambda text: text.split("  ")[0]
	need(have["boot"][0] == "%s: %s, %s" % (want["title"], want["rule"], want["reason"]), "%s, explain: %s" % (have, want))
	need(path(have["kernel"][0]) == want["kernel"]["path"], "%s, explain: %s" % (have, want))
	need(have["on"][0].split()[0] == want["kernel"]["volume"], "%s, explain: %s" % (have, want))
	need([path(i) for i in have.get("initrd", [])] == [i["path"] for i in want["initrds"]], "%s, explain: %s" % (have, want))
	need(without_console(have.get("cmdline", [""])[0]) == without_console(want["cmdline"]), "%s, explain: %s" % (have, want))
	need(have.get("from", [""])[0] == (want["cmdline_from"] or ""), "%s, explain: %s" % (have, want))


def boot(r, story, expect, end="poweroff", settings="", **options):
	r.power_on([OURS, BOOT] + expect, end, forbid=[rig.INIT], boots=1, **options)
	compare(r, story, settings)


# Stories of Debian itself: every medium.

def medium(r, story):
	r.insert_loader("", story.kind["medium"])
	r.add_disk(story.image)
	boot(r, story, [KERNEL, marker(story.distro, story.arch, "root=UUID=")], "marker")


# What the images have: each is up in seconds, or is ended when the kernel speaks.

def choice(r, story):
	"""Rules, formats, broken files: the kernel that explain names is the one that says its version."""
	r.insert_loader("")
	r.add_disk(story.image)
	version = explained(r, story)["version"] or r"\d"
	boot(r, story, [r"Linux version %s" % KERNELS[story.kind.get("runs", story.distro)]], "marker")
	r.log_note("explain and the loader agree: %s" % version)


def formats(r, story):
	"""Kernels in gzip and zstd files."""
	r.insert_loader("")
	r.add_disk(story.image)
	boot(r, story, [r"^loaded .* in %s" % story.kind["packed"], mini_marker(story), POWER_DOWN])


def uki(r, story):
	"""Of two UKIs on the ESP the newer one, whole; then the one that CloudBootTarget names; then any kernel file, since
	ext4-direct skips the ESP."""
	r.insert_loader("")
	r.add_disk(story.image)
	boot(r, story, [mini_marker(story, r"uki=debian-13\.2"), POWER_DOWN])
	media.cloud_boot("nvram", "set", "--store", r.store, "CloudBootTarget", "debian-13.1")
	r.power_on([OURS, BOOT, mini_marker(story, r"uki=debian-13\.1"), POWER_DOWN], "poweroff", boots=1)
	media.cloud_boot("nvram", "set", "--store", r.store, "CloudBootTarget", "--as", "ucs2", "ext4-direct")
	r.power_on([OURS, r"^boot .*files", mini_marker(story, "root=UUID="), POWER_DOWN], "poweroff", boots=1)
	media.cloud_boot("nvram", "set", "--store", r.store, "CloudBootTarget", "debian-14")
	r.power_on([OURS, r"^cloud-boot: .*debian-14", r"what to do:", r"CB-3015"], boots=1, forbid=[MARKER])


def settings(r, story):
	"""A file on the loader's own ESP; a variable beats it; \\cloud-boot\\cmdline beats \\cmdline."""
	r.insert_loader("", "esp")
	r.add_disk(story.image)
	console = machine.ARCHES[story.arch]["console"]
	put_file(r, "\\cmdline", "console=%s from=file\ncloudboot.debug = 0\n" % console)
	r.power_on([r"^settings +from /cmdline on vda1", r"cmdline +.*from=file", mini_marker(story, "from=file"), POWER_DOWN],
		"poweroff", boots=1)
	put_file(r, "\\cloud-boot\\cmdline", "cloudboot.cmdline=\"console=%s from=folder\"\n" % console)
	r.power_on([r"^settings +from /cloud-boot/cmdline on vda1", mini_marker(story, "from=folder"), POWER_DOWN],
		"poweroff", boots=1)
	text = "cloudboot.disk=LABEL=mini13 console=%s from=variable" % console
	media.cloud_boot("nvram", "set", "--store", r.store, "CloudBootCmdline", "--as", "ucs2", text)
	r.power_on([r"^settings +from CloudBootCmdline", mini_marker(story, "from=variable"), POWER_DOWN], "poweroff", boots=1)
	media.cloud_boot("nvram", "set", "--store", r.store, "CloudBootCmdline", "cloudboot.disk=LABEL=nowhere cloudboot.onfail=poweroff")
	r.power_on([r"^settings +from CloudBootCmdline", r"^cloud-boot: .*nowhere", r"what to do:", r"CB-3011"], "poweroff",
		boots=1, forbid=[MARKER])


def put_file(r, path, text):
	"""On the ESP that the loader is started from."""
	source = r.path("text")
	with open(source, "w", encoding="utf-8") as f:
		f.write(text)
	esp = next(d[1] for d in r.drives if d[0] == "boot")
	at = "%s@@%d" % (esp, diskedit.partition(esp, 1)[0])
	folder = path.rsplit("\\", 1)[0]
	if folder:
		diskedit.run("mmd", "-D", "s", "-i", at, "::" + folder.replace("\\", "/"))
	diskedit.run("mcopy", "-o", "-i", at, source, "::" + path.replace("\\", "/"))


def old_kernel(r, story):
	"""Linux before 5.8 knows no LoadFile2: its initrd becomes a file on the loader's own volume."""
	r.insert_loader("", "esp")
	r.add_disk(story.image)
	boot(r, story, [r"^initrd +.EFI.cloud-boot.initrd, because the kernel is older",
		mini_marker(story, r"initrd=.EFI.cloud-boot.initrd"), POWER_DOWN])
	esp = next(d[1] for d in r.drives if d[0] == "boot")
	names = media.cloud_boot("fs", "ls", "--partition", "1", esp, "/EFI/cloud-boot")
	need("initrd" in names, "no file on the ESP:\n" + names)


def fallback(r, story):
	"""Nothing to boot: the report, then the UKI beside the loader, which says the same in its own words."""
	r.insert_loader("cloudboot.onfail=poweroff", front="--loader")
	r.add_disk(story.image)
	r.power_on([OURS, r"^cloud-boot: ", r"what to do:", r"CB-3013", r"^chain +to .EFI.cloud-boot.menu\.efi", rig.INIT, r"CB-1013",
		POWER_DOWN], "poweroff", boots=2)


MEDIA = (("12", "debian12", "drive"), ("12", "debian13", "cdrom"), ("12", "debian12", "esp"),
	("13", "debian13", "drive"), ("13", "debian12", "iso"), ("13", "debian13", "esp"))
CHOICES = {"cmdline": {}, "bls": {}, "broken": {}, "splitboot": {}, "dirty": {}, "kernels": {}, "compressed": {}}


def table():
	rows = []
	for arch in ("x86_64", "aarch64"):
		for release, distro, where in MEDIA:
			rows.append(Story(medium, arch, release, image_of(distro, arch), "%s-%s" % (where, distro), medium=where))
		for n, (change, kind) in enumerate(CHOICES.items()):
			rows.append(Story(choice, arch, "13" if n % 2 else "12", image_of("debian13", arch, change), "choice-" + change, **kind))
		for packed in ("gzip", "zstd"):
			rows.append(Story(formats, arch, "12", image_of("debian13", arch, packed), packed, packed=packed))
		rows.append(Story(uki, arch, "13", image_of("debian13", arch, "uki")))
		rows.append(Story(settings, arch, "12", image_of("debian13", arch, "mini")))
		rows.append(Story(old_kernel, arch, "13", image_of("debian13", arch, "oldname")))
		rows.append(Story(fallback, arch, "12", image_of("debian13", arch, "noboot")))
	return rows
