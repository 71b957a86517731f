"""Stories of path B: the loader finds a kernel by itself and hands it to the firmware.

In every one the loader's choice is compared with what `cloud-boot explain` says of the same disks, in the
same order: it is the same code, and must come to the same end in firmware as on the host.
"""
import base64
import glob
import hashlib
import json
import os
import re
import uuid

import debs
import machine
import media
import nvram
import qmp
import rig
import secureboot
from rig import KERNEL, MARKER, POWER_DOWN, need
from scenarios import KERNELS, image_of, marker
from watch import Hush

import diskedit

OURS = r"^cloud-boot [0-9.]+ loader, "
BOOT = r"^boot +\S"
BOOTCTL = {"debian12": ("bookworm", "systemd-boot"), "debian13": ("trixie", "systemd-boot-tools")}
# The task itself is part of booting: what looks at the finished boot is a unit of its own.
INSIDE = """[ "$1" = later ] || exec systemd-run -q --no-block -p WorkingDirectory=$PWD -p StandardOutput=file:/dev/console \
	-p StandardError=file:/dev/console sh ./run later
vars=/sys/firmware/efi/efivars
guid=c10ddb07-83c5-4d3e-9b76-1f4c0e7a3b8e
until systemd-analyze time; do sleep 1; done
./bootctl --no-pager status
read_var() { cat $vars/$1-$guid | tail -c +5; }
echo "REPORT $(read_var CloudBootReport)"
echo "MARK $(read_var CloudBootMark)"
echo "LOG $(read_var CloudBootLog | head -n 1)"
echo "EVENTS $(base64 -w0 /sys/kernel/security/tpm0/binary_bios_measurements)"
poweroff
"""


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
	what = {"linux": "kernel", "uki": "UKI", "efi": "EFI"}[want["kind"]]
	need(path(have.get(what, [""])[0]) == want["kernel"]["path"], "%s, explain: %s" % (have, want))
	need(re.match(want["kernel"]["volume"] + r"\b", have.get("on", [""])[0]), "%s, explain: %s" % (have, want))
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
	add_entry(r, story, "cloudboot.disk=LABEL=mini13 console=%s from=options" % console)
	r.power_on([r"^settings +from LoadOptions", mini_marker(story, "from=options"), POWER_DOWN], "poweroff", boots=1)
	text = "cloudboot.disk=LABEL=mini13 console=%s from=variable" % console
	media.cloud_boot("nvram", "set", "--store", r.store, "CloudBootCmdline", "--as", "ucs2", text)
	r.power_on([r"^settings +from CloudBootCmdline", mini_marker(story, "from=variable"), POWER_DOWN], "poweroff", boots=1)
	media.cloud_boot("nvram", "set", "--store", r.store, "CloudBootCmdline", "cloudboot.disk=LABEL=nowhere cloudboot.onfail=poweroff")
	r.power_on([r"^settings +from CloudBootCmdline", r"^cloud-boot: .*nowhere", r"what to do:", r"CB-3011"], "poweroff",
		boots=1, forbid=[MARKER])


def add_entry(r, story, options):
	"""A boot entry of the operator's own for the loader on its ESP, with options; it is the next to boot."""
	esp = next(d[1] for d in r.drives if d[0] == "boot")
	offset, size = diskedit.partition(esp, 1)
	path = "\\EFI\\BOOT\\" + machine.ARCHES[story.arch]["boot"]
	option = nvram.file_option("loader with options", 1, uuid.UUID(media.ESP_UUID).bytes_le, offset // 512, size // 512, path,
		options)
	nvram.edit(r.store, [("Boot0077", nvram.GLOBAL, 7, option)])
	nvram.set_numbers(r.store, "BootNext", [0x77])


def quick_boot(r, story):
	"""With bootindex the firmware connects the boot disk and nothing else: the loader asks it for the rest."""
	r.insert_loader("")
	r.add_disk(story.image)
	r.power_on([OURS, BOOT, mini_marker(story), POWER_DOWN], "poweroff", boots=1, boot_index=True)


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


def program(story, name):
	"""A UEFI program of tests/e2e."""
	return os.path.join(os.path.dirname(media.loader(story.arch)), name + ".efi")


def text_file(r, name, text):
	path = r.path(name)
	with open(path, "w", encoding="utf-8") as f:
		f.write(text)
	return path


def no_loadfile2(r, story):
	"""A firmware that takes no LoadFile2 from applications: the same way as for an old kernel."""
	loader = os.path.join(media.build(story.arch, "", front="--path-b"), "boot.efi")
	esp = media.esp_disk(story.arch, program(story, "lack"), r.folder, [("/EFI/BOOT/LOADER.EFI", loader)])
	r.drives.insert(0, ("boot", esp, "raw", ""))
	r.add_disk(story.image)
	r.power_on([r"^lack: .*status 0", OURS, r"^warning: LoadFile2 can't be installed", r"^initrd +.*because LoadFile2 isn't possible",
		mini_marker(story, r"initrd=.EFI.cloud-boot.initrd"), POWER_DOWN], "poweroff", boots=1)


def comeback(r, story):
	"""What is started and comes back is skipped like what could not be started, and the next candidate boots."""
	entry = text_file(r, "entry", "title Somebody's program\nefi /comeback.efi\n")
	r.insert_loader("", "esp", more=[("/comeback.efi", program(story, "comeback")), ("/loader/entries/comeback.conf", entry)])
	r.add_disk(story.image)
	r.power_on([OURS, r"^boot +Somebody's program", r"^comeback: started", r"^warning: /comeback\.efi .* is skipped: .*came back",
		BOOT, mini_marker(story), POWER_DOWN], "poweroff", boots=1)


def devicetree(r, story):
	"""An entry's device tree reaches the kernel, which goes by it instead of ACPI."""
	mini = diskedit.Ext4(media.images.get(story.image, r.folder))
	version = mini.kernel()
	files = {"linux": r.path("linux"), "initrd": r.path("initrd"), "dtb": r.path("dtb")}
	mini.dump("/boot/vmlinuz-" + version, files["linux"])
	mini.dump("/boot/initrd.img-" + version, files["initrd"])
	argv = machine.base(story.arch) + ["-machine", "dumpdtb=" + files["dtb"]]
	diskedit.run(*argv)
	entry = text_file(r, "entry", "title With a tree\nlinux /linux\ninitrd /initrd\ndevicetree /dtb\noptions earlycon=pl011,0x9000000 console=%s\n"
		% machine.ARCHES[story.arch]["console"])
	r.insert_loader("", "esp", more=[("/" + name, path) for name, path in files.items()] + [("/loader/entries/tree.conf", entry)])
	# QEMU's own tree, padded to 1 MiB, made for a kernel without firmware: it gets no further than to its devices.
	r.power_on([OURS, r"^ +dtb +/dtb", r"EFI stub: Using DTB from configuration table", r"Machine model: linux,dummy-virt"],
		boots=1)


def secure(r, story):
	"""Secure Boot: the signed loader starts what the firmware trusts, and says of the rest that it doesn't."""
	r.code, r.extra = secureboot.CODE, r.extra + secureboot.MACHINE
	diskedit.copy_sparse(secureboot.VARS, r.store)
	r.insert_loader("cloudboot.onfail=poweroff", signed=True)
	r.add_disk(story.image)
	boot(r, story, [r"^loaded ", mini_marker(story), POWER_DOWN])
	r.add_disk(image_of("debian13", story.arch, "mini"))
	r.power_on([OURS, r"^warning: /boot/vmlinuz\S* .*is skipped: .*Secure Boot", r"^cloud-boot: ", r"what to do:", r"CB-3014"],
		"poweroff", boots=1, forbid=[MARKER])


def inside(r, story):
	"""What the distribution sees of us: systemd-analyze, bootctl, our variables; the initrd measured into PCR 9."""
	suite, *packages = BOOTCTL[story.distro]
	tools = debs.tree(suite, machine.ARCHES[story.arch]["deb"], *packages)
	found = [p for p in glob.glob(tools + "/**/bin/bootctl", recursive=True)]
	r.add_tpm()
	r.insert_loader("")
	source = r.add_disk(story.image)
	r.add_task(INSIDE, *found)
	# A login prompt may stand before what is printed.
	r.power_on([OURS, BOOT, r"Measured initrd data into PCR 9", marker(story.distro, story.arch, "root=UUID="), r"Startup finished in .*\(firmware\) \+ .*\(loader\)",
		r"Product: cloud-boot ", r"✓ Support for XBOOTLDR", r"✗ Load drop-in drivers", r"Loader: .*EFI/BOOT/BOOT", r"REPORT \{", r"MARK start", r"LOG .*cloud-boot .* loader", r"EVENTS ", POWER_DOWN], "poweroff",
		boots=2)
	compare(r, story)
	report = json.loads(re.search(r"REPORT (\{.*)$", "\n".join(r.told), re.M).group(1))
	need(report["stages"][-1]["name"] == "start" and "code" not in report, "the report: %s" % report)
	need(report["memory"] < (48 << 20), "%d bytes were held when the kernel started" % report["memory"])
	events = base64.b64decode(re.search(r"EVENTS (\S+)$", "\n".join(r.told), re.M).group(1))
	image = diskedit.Ext4(source)
	image.dump("/boot/initrd.img-" + image.kernel(), r.path("initrd"))
	with open(r.path("initrd"), "rb") as f:
		data = f.read()
	digest = hashlib.sha256(data + b"\0" * (-len(data) % 4)).digest()
	at = events.find(digest)
	need(at > 0, "the initrd was not measured")


def menu(r, story):
	"""A menu when it is asked for: it counts down, a key stops it, Enter takes, e edits the command line."""
	r.extra += ["-device", "VGA", "-qmp", "unix:%s,server=on,wait=off" % r.path("qmp")]
	r.insert_loader("cloudboot.menu=1 cloudboot.menu.timeout=60s cloudboot.menu.prompt=\"Choose one\"")
	r.add_disk(story.image)
	keys = qmp.Keys(r.path("qmp"))
	picture = os.path.join(media.OUT, story.name + ".png")
	r.power_on([r"Choose one", r"boot +Debian", r"cmdline +.*typed=1", r"from +the menu", mini_marker(story, "typed=1"), POWER_DOWN],
		"poweroff", boots=1, hears=keys.when(r"Choose one", lambda: (keys.picture(picture), keys.type("e"), keys.press("end"),
			keys.type(" typed=1"), keys.press("ret"), keys.press("ret"))))
	r.insert_loader("cloudboot.menu=1 cloudboot.menu.timeout=1s")
	r.power_on([r"1 boots in 1 s; any key stops that", r"boot +Debian", mini_marker(story), POWER_DOWN], "poweroff", boots=1)


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
		rows.append(Story(quick_boot, arch, "12", image_of("debian13", arch, "mini")))
		rows.append(Story(old_kernel, arch, "13", image_of("debian13", arch, "oldname")))
		rows.append(Story(comeback, arch, "13", image_of("debian13", arch, "mini")))
		rows.append(Story(no_loadfile2, arch, "12", image_of("debian13", arch, "mini")))
		rows.append(Story(inside, arch, "12", image_of("debian13", arch, "task")))
		rows.append(Story(fallback, arch, "12", image_of("debian13", arch, "noboot")))
	rows.append(Story(menu, "x86_64", "12", image_of("debian13", "x86_64", "mini")))
	rows.append(Story(secure, "x86_64", "12", image_of("debian13", "x86_64", "signed")))
	rows.append(Story(devicetree, "aarch64", "13", image_of("debian13", "aarch64", "mini")))
	return rows
