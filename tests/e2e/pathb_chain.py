"""Stories of path B's chain-loading (SPEC 8.4): other people's loaders, from Debian's packages, on a disk of their own.

Each finds its configuration beside itself only if it was given the right device and file. The disk before it
and the loader's own carry other configurations at the same places, which nobody may read.
"""
import glob
import os
import re

import debs
import machine
import media
import secureboot
from pathb import OURS, Story, mini_marker, program, text_file
from rig import POWER_DOWN, need
from scenarios import image_of

import diskedit

SUITES = {"12": "bookworm", "13": "trixie"}
SHORT = {"x86_64": "x64", "aarch64": "aa64"}
PARTUUID = {"decoy": "22222222-2222-4333-8444-555555555555", "right": "33333333-2222-4333-8444-555555555555"}
ESP_MIB = 96
STARTED = r"^hello: started"
CAME_BACK = (r"^cloud-boot: .*came back", r"what to do:", r"CB-3016", r"^end +power off")
MISSING = (r"^cloud-boot: .*no volume has .* that can be loaded", r"what to do:", r"CB-3016", r"^end +power off")
# systemd-boot's variables, as the shell shows them.
LOADER_GUID = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
NAMES = ("LoaderDevicePartUUID", "LoaderImageIdentifier")


def packaged(story, name, *packages, suite=None):
	"""A UEFI program of a Debian package."""
	tree = debs.tree(suite or SUITES[story.release], machine.ARCHES[story.arch]["deb"], *packages)
	found = glob.glob(os.path.join(tree, "**", name), recursive=True)
	need(len(found) == 1, "%s: %s" % (name, found))
	return found[0]


def grub(story):
	"""Debian's own image, all modules in it. It reads /EFI/debian/grub.cfg of the device that it is told to be on."""
	return packaged(story, "grub%s.efi" % SHORT[story.arch], "grub-efi-%s-bin" % machine.ARCHES[story.arch]["deb"], suite="bookworm")


def systemd_boot(story):
	return packaged(story, "systemd-boot%s.efi" % SHORT[story.arch], "systemd-boot-efi")


def shell(story):
	return packaged(story, "shell%s.efi" % SHORT[story.arch], "efi-shell-" + SHORT[story.arch], suite="trixie")


def refind(story):
	return packaged(story, "refind_%s.efi" % SHORT[story.arch], "refind", suite="bookworm")


def fallback(story):
	return "/EFI/BOOT/" + machine.ARCHES[story.arch]["boot"]


def esp(r, name, files):
	path = r.path(name + ".raw")
	diskedit.new_disk(path, [(1, ESP_MIB, "ef00", PARTUUID[name])], PARTUUID[name][:-1] + "6")
	diskedit.make_fat(path, 1, files, r.folder)
	r.attach(name, path)


def set_up(r, story, right, decoy=(), own=()):
	"""Our loader on its own ESP, then two more disks. Of each configuration, [(path, text)], the decoy and our own have
	one that says "wrong" for "right"."""
	for disk, files in (("own", own), ("decoy", decoy), ("right", right)):
		listed = []
		for n, (path, what) in enumerate(files):
			if "\n" in what:
				what = text_file(r, "%s-%d" % (disk, n), what if disk == "right" else what.replace("right", "wrong"))
			listed.append((path, what))
		if disk == "own":
			r.insert_loader("", "esp", more=listed)
		elif listed:
			esp(r, disk, listed)
	if (story.arch, story.release) == ("aarch64", "12"):
		r.power_on([OURS], boots=1)  # this firmware comes with a blank store, and formats it
	media.cloud_boot("nvram", "set", "--store", r.store, "CloudBootCmdline", "cloudboot.onfail=poweroff")


def boot(r, target, expect, end="poweroff", forbid=()):
	media.cloud_boot("nvram", "set", "--store", r.store, "CloudBootTarget", target)
	r.power_on([OURS] + list(expect), end, boots=1, forbid=["wrong", *forbid])


def freebsd(r, story):
	"""GRUB as FreeBSD's loader. A file on the disk before it is no program; one on our own disk comes after all others.
	It returns, and what follows is the report."""
	config = ("/EFI/debian/grub.cfg", "echo GRUB right cmdpath=$cmdpath root=$root\nexit\n")
	set_up(r, story, [("/EFI/freebsd/loader.efi", grub(story)), config],
		[("/EFI/freebsd/loader.efi", "no program\n"), config],
		[("/EFI/freebsd/loader.efi", program(story, "hello")), config])
	boot(r, "freebsd", [r"^chain +to freebsd", r"^warning: .EFI.freebsd.loader\.efi: the firmware doesn't load it",
		r"^chain +.EFI.freebsd.loader\.efi on vdc", r"GRUB right cmdpath=\(hd\d,gpt1\)/EFI/freebsd root=hd\d,gpt1", *CAME_BACK],
		"marker", [STARTED])


def windows(r, story):
	"""systemd-boot as Windows' loader: its own name goes before the fallback name, on whatever disk. It boots its entry."""
	mini = diskedit.Ext4(media.images.get(story.image, r.folder))
	files = {"linux": "/boot/vmlinuz-" + mini.kernel(), "initrd": "/boot/initrd.img-" + mini.kernel()}
	for name, path in files.items():
		mini.dump(path, r.path(name))
	config = [("/loader/loader.conf", "timeout 0\ndefault mini.conf\n"),
		("/loader/entries/mini.conf", "title mini\nlinux /linux\ninitrd /initrd\noptions console=%s from=right\n"
			% machine.ARCHES[story.arch]["console"])]
	kernel = [("/" + name, r.path(name)) for name in files]
	set_up(r, story, [("/EFI/Microsoft/Boot/bootmgfw.efi", systemd_boot(story))] + config + kernel,
		[(fallback(story), program(story, "hello"))] + config, config)
	boot(r, "windows", [r"^chain +to windows", r"^chain +.EFI.Microsoft.Boot.bootmgfw\.efi on vdc",
		mini_marker(story, "from=right"), POWER_DOWN], forbid=[STARTED])


def openbsd(r, story):
	"""The shell under the fallback name: it runs the startup.nsh that lies beside it. Our own file has that name, too."""
	config = ("/EFI/BOOT/startup.nsh", "@echo -off\necho SHELL right\nreset -s\n")
	set_up(r, story, [(fallback(story), shell(story)), config], [config], [config])
	boot(r, "openbsd", [r"^chain +to openbsd", r"^chain +.EFI.BOOT.BOOT\w+\.EFI on vdc", r"SHELL right"])


def netbsd(r, story):
	"""systemd-boot under the fallback name: the partition and the file that it believes to come from. It keeps such
	variables when they are there already: ours must be gone."""
	script = "@echo -off\n" + "".join("dmpstore %s -guid %s\n" % (name, LOADER_GUID) for name in NAMES) + "reset -s\n"
	config = [("/loader/loader.conf", "timeout 0\ndefault shell.conf\n"),
		("/loader/entries/shell.conf", "title right\nefi /shell.efi\n")]
	set_up(r, story, [(fallback(story), systemd_boot(story)), ("/shell.efi", shell(story)), ("/startup.nsh", script)] + config,
		config, config)
	boot(r, "netbsd", [r"^chain +to netbsd", r"^chain +.EFI.BOOT.BOOT\w+\.EFI on vdc", "LoaderImageIdentifier"])
	need(dumped(r.told, NAMES[0]).upper() == PARTUUID["right"].upper(), "the partition: " + dumped(r.told, NAMES[0]))
	need(dumped(r.told, NAMES[1]) == fallback(story).replace("/", "\\"), "the file: " + dumped(r.told, NAMES[1]))


def dumped(lines, name):
	"""The text of a variable that dmpstore showed in hexadecimal."""
	data, inside = b"", False
	for line in lines:
		row = re.match(r"\s+[0-9A-F]{8}: ((?:[0-9A-F]{2}[ -])+)", line)
		if "Variable " in line:
			inside = ":%s'" % name in line or "'%s'" % name in line
		elif row and inside:
			data += bytes.fromhex(row.group(1).replace("-", " "))
	return data.decode("utf-16-le").rstrip("\0")


def file(r, story):
	"""A path names any file, with slashes or backslashes, in capitals or not: rEFInd, which starts what its own configuration
	says; then a program beside ourselves, on our own volume; but never our own file."""
	config = ("/EFI/refind/refind.conf", "timeout -1\ntextonly true\nscanfor manual\nuse_nvram false\nmenuentry right {\n"
		"\tloader /EFI/hello.efi\n}\n")
	set_up(r, story, [("/EFI/refind/refind.efi", refind(story)), config, ("/EFI/hello.efi", program(story, "hello"))],
		[config], [("/EFI/BOOT/beside.efi", program(story, "hello"))])
	boot(r, "/efi/refind/REFIND.efi", [r"^chain +.efi.refind.REFIND\.efi on vdc", STARTED])
	media.cloud_boot("nvram", "unset", "--store", r.store, "CloudBootTarget")
	text = "cloudboot.onfail=poweroff cloudboot.target=\\EFI\\BOOT\\beside.efi"
	media.cloud_boot("nvram", "set", "--store", r.store, "CloudBootCmdline", text)
	r.power_on([OURS, r"^chain +.EFI.BOOT.beside\.efi on vda", STARTED], "poweroff", boots=1)
	boot(r, fallback(story).lower().replace("/", "\\"), MISSING, "marker", [r"^chain .* on vda"])


def copies(r, story):
	"""Another copy of the loader under the fallback name: it is started, and starts nobody."""
	set_up(r, story, [(fallback(story), media.loader(story.arch))])
	boot(r, "openbsd", [r"^chain +.EFI.BOOT.BOOT\w+\.EFI on vdb", OURS, r"^cloud-boot: .*another copy of this loader",
		r"CB-3016", r"^end +power off"], "marker", [r"^chain .* on vda"])


def missing(r, story):
	"""What isn't there is reported, and what could have been meant."""
	set_up(r, story, [])
	for target in ("freebsd", "openbsd", "windows"):
		boot(r, target, [r"^chain +to " + target, *MISSING], "poweroff" if target == "windows" else "marker")
	boot(r, "freebds", [r"^cloud-boot: .*nothing on the disks is called freebds: did you mean freebsd\?", r"CB-3015"], "marker")


def untrusted(r, story):
	"""Secure Boot checks the other loader as it does ours: nobody signed this one."""
	r.code, r.extra = secureboot.CODE, r.extra + secureboot.MACHINE
	diskedit.copy_sparse(secureboot.VARS, r.store)
	r.insert_loader("cloudboot.onfail=poweroff cloudboot.target=windows", signed=True)
	esp(r, "right", [("/EFI/Microsoft/Boot/bootmgfw.efi", program(story, "hello"))])
	r.power_on([OURS, r"^warning: .EFI.Microsoft.Boot.bootmgfw\.efi: Secure Boot: ", *MISSING], boots=1, forbid=[STARTED])


def table():
	rows = []
	for n, play in enumerate((freebsd, windows, openbsd, netbsd, file, copies, missing)):
		for arch, release in (("x86_64", "1%d" % (2 + n % 2)), ("aarch64", "1%d" % (3 - n % 2))):
			rows.append(Story(play, arch, release, image_of("debian13", arch, "mini"), "chain-" + play.__name__))
	rows.append(Story(untrusted, "x86_64", "12", image_of("debian13", "x86_64", "mini"), "chain-untrusted"))
	return rows
