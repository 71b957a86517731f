"""Stories of path C: stage, reboot, the firmware starts the staged kernel. Each is one machine over several
power cycles, as tests/e2e/run plays it.

Core stories run Debian itself, on both architectures and the firmware of two releases; corner cases run
its kernel with a small initrd (images.py: mini), which is up in seconds.
"""
import glob
import os
import re

import blklog
import debs
import machine
import media
import nvram
import rig
from rig import INIT, MARKER, POWER_DOWN, RESTART, need
from scenarios import KERNELS, image_of, marker
from watch import Hush

import diskedit

HOUR = 3600
EFIBOOTMGR = {"debian12": ("bookworm", "libefivar1", "libefiboot1"), "debian13": ("trixie", "libefivar1t64", "libefiboot1t64")}
RESET_SCRIPT = os.path.join(media.TREE, "uki", "scripts", "reset-cloud-boot.sh")
# The kernel itself says which of these calls process 1 makes: a witness that is not our init.
WITNESS = ("trace_event=syscalls:sys_enter_kexec_file_load,syscalls:sys_enter_kexec_load,syscalls:sys_enter_reboot "
	"tp_printk")
KEXEC_CALL = r"sys_kexec_(file_)?load\("
REBOOT_CALL = r"sys_reboot\("
APPLE = ["-smbios", "type=1,manufacturer=Apple Inc.,product=Apple Virtualization Generic Platform",
	"-fw_cfg", "name=opt/org.tianocore/IPv4Support,string=n",
	"-fw_cfg", "name=opt/org.tianocore/IPv6Support,string=n"]


class Story:
	def __init__(self, play, arch, release, image, name=None):
		self.name = "c-%s-fw%s-%s" % (name or play.__name__.replace("_", "-"), release, arch)
		self.play = play
		self.arch = arch
		self.release = release
		self.image = image
		self.distro = image[:len("debian13")]


def reboot_settings(arch, more="", exit_mode="reboot"):
	return 'cloudboot.exit=%s cloudboot.onfail=poweroff cloudboot.cmdline="console=%s" %s' % (
		exit_mode, machine.ARCHES[arch]["console"], more)


def mini_marker(story, distro=None):
	"""The staged kernel's marker, after a restart with no run of our init in between."""
	distro = distro or story.distro
	return [RESTART, Hush(INIT), r"^CLOUD-BOOT-MARKER debian=%s kernel=%s\S*cloud-%s root=mini " % (
		distro[len("debian"):], KERNELS[distro], machine.ARCHES[story.arch]["deb"])]


def new_machine(r, story, settings, cache_mib=rig.CACHE_MIB):
	r.insert(settings)
	if cache_mib:
		r.add_cache(cache_mib)
	r.add_disk(story.image)


def seed_firmware(r):
	"""The firmware writes its own entries; somebody else has two more, of kinds that we never make."""
	r.power_on([rig.KERNEL], boots=1)
	before = r.nvram()
	disk = nvram.file_option("Somebody's system", 3, bytes(range(16)), 4096, 8192, "\\EFI\\other\\grub.efi", "")
	odd = nvram.file_option("cloud-boot of another kind", 1, bytes(16), 2048, 100, "\\EFI\\BOOT\\x.efi", "quiet")
	nvram.edit(r.store, [("Boot0042", nvram.GLOBAL, 7, disk), ("BootFADE", nvram.GLOBAL, 7, odd[:4] + odd[4:])])
	nvram.set_numbers(r.store, "BootOrder", before.order() + [0xFADE, 0x42])
	return r.nvram()


def check_entry(r, story, before, target):
	"""Our one entry: first, whole, and the same in two readers' eyes; the others as they were."""
	after = r.nvram()
	ours = {n: o for n, o in after.options().items() if o.description == "cloud-boot " + target}
	need(len(ours) == 1, "%d entries of ours, not 1" % len(ours))
	number, option = ours.popitem()
	need(after.order()[0] == number, "Boot%04X is not first: %s" % (number, after.order()))
	need(option.options.startswith("initrd=\\EFI\\Linux\\%s-initrd " % target), "options: " + option.options)
	theirs, kept = before.foreign(), after.foreign()
	if before.get("Boot0001") == b"":
		need(number == 1, "Boot0001 was free, Boot%04X was taken" % number)
	kept["BootOrder"] = [n for n in kept["BootOrder"] if n != number]
	kept.pop("Boot%04X" % number, None)
	need(theirs == kept, "foreign entries changed: %s" % sorted(
		k for k in set(theirs) | set(kept) if theirs.get(k) != kept.get(k)))
	shown = media.cloud_boot("nvram", "show", "--store", r.store)
	need(re.search(r"^Boot%04X\* +cloud-boot %s  <- ours" % (number, target), shown, re.M), "nvram show:\n" + shown)
	r.log_note("virt-fw-vars and nvram show: Boot%04X %s; %d foreign values as they were"
		% (number, option.description, len(theirs)))
	return number


def pair_of(r, target):
	"""The staged kernel and initrd of a target, copied out."""
	offset, paths = diskedit.partition(r.cache, 1)[0], []
	for name in (target + "-vmlinuz.efi", target + "-initrd"):
		paths.append(r.path(name))
		diskedit.run("mcopy", "-n", "-o", "-i", "%s@@%d" % (r.cache, offset), "::/EFI/Linux/" + name, paths[-1])
	return paths


def check_files(r, story, target):
	"""The staged pair is what the image has, an initrd filled up to whole words; the file system is clean."""
	boot = diskedit.Ext4(media.images.get(story.image))
	for staged, name in zip(pair_of(r, target), ("vmlinuz", "initrd.img")):
		source = r.path(name)
		boot.dump("/boot/%s-%s" % (name, boot.kernel()), source)
		with open(staged, "rb") as f, open(source, "rb") as g:
			have, want = f.read(), g.read()
		need(have.startswith(want) and have[len(want):] in (b"", b"\0", b"\0\0", b"\0\0\0"), "%s is not %s" % (staged, name))
	names = sorted(r.staged())
	need(not any("tmp" in path.lower() for path in names), "left over: %s" % names)
	r.check_cache()


def target_of(story):
	return story.distro.replace("debian", "debian-")


# Stories of Debian itself.

def core(r, story):
	"""Stage and start; start from cold; look and reset from inside the distribution; cloud-boot is back."""
	with_tool = story.release == "13"
	target = target_of(story)
	new_machine(r, story, "cloudboot.exit=reboot cloudboot.onfail=poweroff")
	suite, *libraries = EFIBOOTMGR[story.distro]
	tools = debs.tree(suite, machine.ARCHES[story.arch]["deb"], "efibootmgr", "libpopt0", *libraries) if with_tool else None
	files = [p for p in glob.glob(tools + "/**", recursive=True) if re.search(r"/lib/.*\.so\.|/bin/efibootmgr$", p)] if tools else []
	look = "LD_LIBRARY_PATH=$PWD ./efibootmgr -v\n" if tools else ""
	r.add_task("exit 0\n")
	before = seed_firmware(r)
	up = marker(story.distro, story.arch, "initrd=.EFI.Linux.%s-initrd root=UUID=" % target)
	r.power_on([INIT, RESTART, Hush(INIT), up], boots=3)
	number = check_entry(r, story, before, target)
	check_files(r, story, target)

	path = "PATH=$PWD:$PATH LD_LIBRARY_PATH=$PWD" if tools else "PATH=$PATH"
	r.add_task("%s%s sh ./reset-cloud-boot.sh\necho RESET $?\npoweroff\n" % (look, path), RESET_SCRIPT, *files)
	expect = [Hush(INIT), up] + ([r"Boot%04X\* cloud-boot %s\s" % (number, target)] if tools else [])
	r.power_on(expect + [r"RESET 0$", POWER_DOWN], end="poweroff", boots=2)
	after = r.nvram()
	need(not [o for o in after.options().values() if o.description == "cloud-boot " + target], "the entry is still there")
	need(after.foreign() == before.foreign(), "reset changed foreign entries")
	need("/EFI/cloud-boot/staged" not in r.staged(), "the note is still there")
	r.power_on([INIT], boots=1)


# Corner cases, with a small user space.

def second_target(r, story):
	"""Another target beside the first; then `nvram reset` without the machine, and cloud-boot is back."""
	new_machine(r, story, reboot_settings(story.arch))
	before = seed_firmware(r)
	r.power_on([INIT] + mini_marker(story) + [POWER_DOWN], "poweroff")
	check_entry(r, story, before, target_of(story))
	first = r.staged()
	r.choose_iso()
	r.add_disk(image_of("debian12", story.arch, "mini"))
	r.power_on([INIT] + mini_marker(story, "debian12") + [POWER_DOWN], "poweroff", clock=HOUR)
	check_entry(r, story, before, "debian-12")
	both = r.staged()
	need({k: v for k, v in first.items() if "Linux" in k}.items() <= both.items(), "the first target changed")
	need(len([k for k in both if k.startswith("/EFI/Linux/debian-12-")]) == 2, "staged: %s" % sorted(both))
	r.check_cache()
	media.cloud_boot("nvram", "reset", "--store", r.store)
	need(r.nvram().foreign() == before.foreign(), "nvram reset changed foreign entries")
	r.power_on([INIT], boots=1, clock=2 * HOUR)


def same_again(r, story):
	"""The same target staged again writes nothing at all."""
	log = r.path("writes.log")
	new_machine(r, story, reboot_settings(story.arch))
	r.power_on([INIT] + mini_marker(story) + [POWER_DOWN], "poweroff", record=log)
	payload = sum(os.path.getsize(p) for p in pair_of(r, target_of(story)))
	r.log_note("first staging: %d bytes written, payload %d" % (blklog.written(log), payload))
	need(blklog.written(log) - payload < 256 << 10, "%d bytes written for %d" % (blklog.written(log), payload))
	before, files = r.nvram(), media.images.sha256(r.cache)
	r.choose_iso()
	r.power_on([INIT] + mini_marker(story) + [POWER_DOWN], "poweroff", record=log, clock=HOUR)
	r.log_note("staged again: %d bytes written" % blklog.written(log))
	need(blklog.written(log) == 0, "%d bytes written" % blklog.written(log))
	need(media.images.sha256(r.cache) == files, "the cache disk changed")
	need(r.nvram().foreign() == before.foreign() and r.nvram().ours() .keys() == before.ours().keys(), "NVRAM changed")


def prune(r, story):
	"""A disk with room for one pair: the older target goes, a foreign file stays."""
	new_machine(r, story, reboot_settings(story.arch), cache_mib=64)
	foreign = r.path("foreign.bin")
	with open(foreign, "wb") as f:
		f.write(os.urandom(1 << 20) * (42 if story.arch == "x86_64" else 20))
	diskedit.run("mcopy", "-i", "%s@@%d" % (r.cache, diskedit.partition(r.cache, 1)[0]), foreign, "::/EFI/Linux/foreign.efi")
	kept = r.staged()
	r.power_on([INIT] + mini_marker(story) + [POWER_DOWN], "poweroff")
	before = r.nvram()
	r.choose_iso()
	r.add_disk(image_of("debian12", story.arch, "mini"))
	r.power_on([INIT] + mini_marker(story, "debian12") + [POWER_DOWN], "poweroff", clock=HOUR)
	have = r.staged()
	need(kept.items() <= have.items(), "the foreign file changed")
	need(sorted(k for k in have if k.startswith("/EFI/Linux/debian")) == [
		"/EFI/Linux/debian-12-initrd", "/EFI/Linux/debian-12-vmlinuz.efi"], "staged: %s" % sorted(have))
	need(r.nvram().foreign() == before.foreign(), "foreign entries changed")
	r.check_cache()


def no_room(r, story):
	"""A foreign file leaves no room and is not touched: a report, and cloud-boot is still what starts."""
	new_machine(r, story, reboot_settings(story.arch), cache_mib=64)
	foreign = r.path("foreign.bin")
	with open(foreign, "wb") as f:
		f.write(os.urandom(1 << 20) * 55)
	diskedit.run("mcopy", "-i", "%s@@%d" % (r.cache, diskedit.partition(r.cache, 1)[0]), foreign, "::/EFI/Linux/foreign.efi")
	kept = r.staged()
	r.power_on([INIT, r"^cloud-boot: ", r"what to do:", r"CB-1026", POWER_DOWN], "poweroff", boots=1)
	need(kept.items() <= r.staged().items(), "the foreign file changed")
	need(not r.nvram().ours(), "an entry of ours")
	r.power_on([INIT], boots=1)


def auto_kexec(r, story):
	"""Nothing forbids kexec: it is what auto takes, with a cache disk attached too."""
	new_machine(r, story, reboot_settings(story.arch, WITNESS, "auto"))
	r.power_on([INIT, r"exit +kexec", KEXEC_CALL, Hush(RESTART), MARKER, POWER_DOWN], "poweroff", record=r.path("log"))
	need(blklog.written(r.path("log")) == 0, "the cache disk was written to")
	need(not r.nvram().ours(), "an entry of ours")


def auto_disabled(r, story):
	"""kernel.kexec_load_disabled=1 (the kernel itself takes sysctls from its command line)."""
	new_machine(r, story, reboot_settings(story.arch, "sysctl.kernel.kexec_load_disabled=1", "auto"))
	r.power_on([INIT, r"exit +reboot.*kexec_load_disabled"] + mini_marker(story) + [POWER_DOWN], "poweroff")


def auto_lockdown(r, story):
	"""lockdown=integrity: kexec of what nobody signed fails with EPERM."""
	new_machine(r, story, reboot_settings(story.arch, "lockdown=integrity", "auto"))
	r.power_on([INIT, r"exit +reboot"] + mini_marker(story) + [POWER_DOWN], "poweroff")


def apple(r, story):
	"""The stand-in for Apple's Virtualization.framework (docs/vfkit.md): kexec is not even tried."""
	r.extra = APPLE
	new_machine(r, story, reboot_settings(story.arch, WITNESS, "auto"))
	r.power_on([INIT, r"exit +reboot.*Apple", Hush(KEXEC_CALL), REBOOT_CALL] + mini_marker(story) + [POWER_DOWN],
		"poweroff")
	r.power_on([Hush(INIT), MARKER, POWER_DOWN], "poweroff")


def no_cache(r, story):
	"""kexec is forbidden and there is nothing to stage on: the report names the command that helps."""
	r.extra = APPLE
	new_machine(r, story, reboot_settings(story.arch, WITNESS, "auto"), cache_mib=None)
	r.power_on([INIT, r"^cloud-boot: ", r"what to do:", r"cache-disk", r"CB-1024", POWER_DOWN], "poweroff",
		forbid=[KEXEC_CALL], boots=1)


def read_only_cache(r, story):
	"""A cache disk that can't be written to."""
	new_machine(r, story, reboot_settings(story.arch))
	r.attach("cache", r.cache, options="readonly=on")
	r.power_on([INIT, r"^cloud-boot: ", r"what to do:", r"CB-10\d\d", POWER_DOWN], "poweroff", boots=1)
	need(not r.nvram().ours(), "an entry of ours")


LOOP = [INIT, RESTART, INIT, RESTART, INIT, r"^cloud-boot: ", r"what to do:", r"CB-1028", POWER_DOWN]


def loop_bios(r, story):
	"""Firmware without a variable store forgets the entry at each reset. (On aarch64 `-bios` is memory that
	lasts as long as QEMU does: no loop there.)"""
	new_machine(r, story, reboot_settings(story.arch))
	r.power_on(LOOP, "poweroff", boots=3, firmware="bios", forbid=[MARKER])
	need(r.count(INIT) == 3, "init ran %d times" % r.count(INIT))


def loop_bootindex(r, story):
	"""A host that fixes the boot order takes our entry out of it at each reset."""
	new_machine(r, story, reboot_settings(story.arch))
	r.power_on(LOOP, "poweroff", boots=3, boot_index=True, forbid=[MARKER])
	need(r.count(INIT) == 3, "init ran %d times" % r.count(INIT))


def trial(r, story):
	"""cloudboot.trial=1: once, then cloud-boot again."""
	new_machine(r, story, reboot_settings(story.arch, "cloudboot.trial=1"))
	before = seed_firmware(r)
	r.power_on([INIT] + mini_marker(story) + [POWER_DOWN], "poweroff")
	after = r.nvram()
	need(after.order() == before.order(), "BootOrder changed")
	need(after.next() is None, "BootNext is still there")
	r.power_on([INIT], boots=1)


def full_nvram(r, story):
	"""No room for a boot entry: the firmware's default file on the cache disk, and what to do about it. There
	is room for the firmware's own small variables. The cache disk is first, as the message advises."""
	new_machine(r, story, reboot_settings(story.arch).replace("console=", "long=%s console=" % ("x" * 700), 1))
	r.drives = sorted(r.drives, key=lambda d: d[0] != "cache")
	r.power_on([rig.KERNEL], boots=1)
	r.log_note("%d variables fill the store" % nvram.fill(r.store))
	# A store without room is put in order before each start: a minute, emulated.
	r.power_on([INIT, r"variables can't be written", r"put that disk first"] + mini_marker(story) + [POWER_DOWN],
		"poweroff", boots=3)
	need("/EFI/BOOT/" + machine.ARCHES[story.arch]["boot"] in r.staged(), "staged: %s" % sorted(r.staged()))
	need(not r.nvram().ours(), "an entry of ours")
	r.check_cache()


def table():
	rows = []
	for arch in ("x86_64", "aarch64"):
		for release, distro in (("12", "debian13"), ("13", "debian12")):
			rows.append(Story(core, arch, release, image_of(distro, arch, "task")))
	for arch, plays in (
			("x86_64", (second_target, same_again, prune, no_room, auto_kexec, auto_disabled, auto_lockdown, apple,
				no_cache, read_only_cache, loop_bios, loop_bootindex, trial, full_nvram)),
			("aarch64", (second_target, apple, trial))):
		for n, play in enumerate(plays):
			rows.append(Story(play, arch, "13" if n % 2 else "12", image_of("debian13", arch, "mini")))
	return rows
