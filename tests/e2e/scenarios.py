"""The table of end-to-end scenarios.

A scenario says what is attached, which settings our command line carries, what the serial line must
say in that order, what it must not say, and how the run ends:

	poweroff  the guest shuts itself down after the last expected line
	marker    the distribution is up, unmodified: the driver ends the guest
	report    our own report with its code, then cloudboot.onfail=poweroff
"""
from machine import ARCHES

# Seconds: what ends a guest that hangs. An idle machine needs a tenth, a busy one a third of it.
LIMIT_BOOT = {"x86_64": 300, "aarch64": 420}
LIMIT_REPORT = {"x86_64": 150, "aarch64": 200}

POWER_DOWN = r"reboot: Power down"
KERNELS = {"debian12": r"6\.1\.\d", "debian13": r"6\.12\.\d"}
LOADS = r"\bloaded +\S.*, \d\S* [KM]iB"  # our init, when the kernel lies in memory


class Scenario:
	def __init__(self, name, arch, image, media, expect, end, settings="", forbid=(), firmware="pflash",
			unchanged=False, page=False):
		self.name = "%s-%s" % (name, arch)
		self.arch = arch
		self.image = image
		self.media = media
		self.settings = settings
		self.expect = list(expect)
		self.forbid = list(forbid)
		self.end = end
		self.firmware = firmware
		self.unchanged = unchanged
		self.page = page
		limits = LIMIT_REPORT if end == "report" else LIMIT_BOOT
		self.limit = limits[arch]


def image_of(distro, arch, change=None):
	name = "%s-%s" % (distro, ARCHES[arch]["deb"])
	return name + ":" + change if change else name


def marker(distro, arch, cmdline=""):
	"""The one line that the image's own systemd prints."""
	return r"^CLOUD-BOOT-MARKER debian=%s kernel=%s\S*cloud-%s root=/dev/vd[a-z]1 cmdline=.*%s" % (
		distro[len("debian"):], KERNELS[distro], ARCHES[arch]["deb"], cmdline)


def own_cmdline(arch, root):
	"""Settings that replace the distribution's command line, so that it powers off by itself."""
	return 'cloudboot.cmdline="root=%s ro console=%s marker.poweroff"' % (root, ARCHES[arch]["console"])


def control(arch):
	"""The images boot with their own GRUB, without us: they are honest."""
	for distro in ("debian12", "debian13"):
		yield Scenario("control-" + distro, arch, image_of(distro, arch), "none",
			[marker(distro, arch, "BOOT_IMAGE=")], "marker")


def media(arch):
	"""Every medium with both distributions, raw and qcow2; command line derived, image unmodified."""
	formats = {("drive", "debian12"): None, ("drive", "debian13"): "qcow2",
		("esp", "debian12"): "qcow2", ("esp", "debian13"): None,
		("iso-disk", "debian12"): None, ("iso-disk", "debian13"): "qcow2",
		("iso-cdrom", "debian12"): "qcow2", ("iso-cdrom", "debian13"): None}
	for (medium, distro), change in formats.items():
		yield Scenario("%s-%s-%s" % (medium, distro, change or "raw"), arch,
			image_of(distro, arch, change), medium,
			[LOADS, marker(distro, arch, "root=UUID=")], "marker")
	yield Scenario("page", arch, image_of("debian13", arch, "qcow2"), "drive",
		[LOADS, marker("debian13", arch, "root=UUID=")], "marker", firmware="bios", page=True)


def disk_specs(arch, uuids):
	"""cloudboot.disk in every form; without it is what the media scenarios do. The boot drive is
	the first virtio disk on virt, and an IDE disk on pc."""
	device = "/dev/vda1" if arch == "x86_64" else "/dev/vdb1"
	specs = {"device": device, "label": "LABEL=cloud-root", "uuid": "UUID=" + uuids["root"],
		"partuuid": "PARTUUID=" + uuids["root-part"]}
	for name, spec in specs.items():
		yield Scenario("disk-" + name, arch, image_of("debian13", arch), "drive",
			[LOADS, marker("debian13", arch, "marker.poweroff"), POWER_DOWN], "poweroff",
			settings="cloudboot.disk=%s %s" % (spec, own_cmdline(arch, "LABEL=cloud-root")))


def choices(arch):
	"""Which kernel, and with which command line."""
	root = own_cmdline(arch, "LABEL=cloud-root")
	for distro in ("debian12", "debian13"):
		yield Scenario("dirty-" + distro, arch, image_of(distro, arch, "dirty"), "drive",
			[r"/boot/vmlinuz-%s\S*\+journal" % KERNELS[distro], LOADS, marker(distro, arch), POWER_DOWN],
			"poweroff", settings=root, unchanged=True)
	yield Scenario("kernels", arch, image_of("debian13", arch, "kernels"), "drive",
		[r"/boot/vmlinuz-6\.12\.\d", LOADS, marker("debian13", arch), POWER_DOWN], "poweroff",
		settings=root, forbid=[r"CLOUD-BOOT-MARKER .*kernel=6\.1\."])
	yield Scenario("broken", arch, image_of("debian13", arch, "broken"), "drive",
		[r"vmlinuz-6\.99\.2-cut", r"vmlinuz-6\.99\.1-text", LOADS, marker("debian13", arch), POWER_DOWN],
		"poweroff", settings=root)
	yield Scenario("etc-kernel-cmdline", arch, image_of("debian13", arch, "cmdline"), "drive",
		[LOADS, marker("debian13", arch, "from=etc-kernel-cmdline"), POWER_DOWN], "poweroff")
	yield Scenario("bls", arch, image_of("debian13", arch, "bls"), "drive",
		[LOADS, marker("debian13", arch, "from=bls-new"), POWER_DOWN], "poweroff")
	yield Scenario("splitboot", arch, image_of("debian13", arch, "splitboot"), "drive",
		[LOADS, marker("debian13", arch, "from=splitboot"), POWER_DOWN], "poweroff")
	yield Scenario("compressed", arch, image_of("debian13", arch, "compressed"), "drive",
		[LOADS, marker("debian13", arch, "root=UUID=")], "marker")


def reports(arch):
	"""What can't boot ends in a report: what was attempted, where it failed, what to do, a number."""
	for name, change, settings, lines in (
			("noboot", "noboot", "", [r"CB-1013"]),
			("wrong-label", None, "cloudboot.disk=LABEL=not-there", [r"not-there", r"CB-1011"]),
			("badsuper", "badsuper", "", [r"vda1 can't be read|vdb1 can't be read", r"superblock", r"CB-1013"]),
			("unknown-feature", "unknown", "", [r"0x40000000|I30|bit 30", r"CB-1013"])):
		expect = [r"^cloud-boot: "] + lines[:-1] + [r"what to do:", lines[-1], POWER_DOWN]
		yield Scenario(name, arch, image_of("debian13", arch, change), "drive", expect,
			"report", settings=(settings + " cloudboot.onfail=poweroff").strip(),
			forbid=["CLOUD-BOOT-MARKER"], unchanged=True)


def secure():
	"""Secure Boot: firmware starts only what is signed, and our kernel, locked down, loads only that. Debian's
	kernel is signed by Debian, whom this firmware doesn't know."""
	def scenario(name, image, medium, expect, end, forbid=()):
		return Scenario("secureboot" + name, "x86_64", image_of("debian13", "x86_64", image), medium, expect, end,
			settings="cloudboot.exit=kexec cloudboot.onfail=poweroff", forbid=forbid, firmware="secureboot")
	locked = r"Kernel is locked down from EFI Secure Boot"
	yield scenario("", None, "signed-disk", [locked, LOADS, r"no key that this machine", "CB-1020", POWER_DOWN], "report",
		["CLOUD-BOOT-MARKER"])
	yield scenario("-signed-kernel", "signed", "signed-esp", [locked, LOADS, r"^CLOUD-BOOT-MARKER debian=13 .* root=mini",
		POWER_DOWN], "poweroff")
	yield scenario("-unsigned", None, "unsigned-disk", [r"Access Denied"], "marker", [r"^cloud-boot "])


def table(image_uuid):
	"""All scenarios; image_uuid(image, part) gives the fixed UUIDs of a base image."""
	rows = []
	for arch in ("x86_64", "aarch64"):
		base = image_of("debian13", arch)
		uuids = {part: image_uuid(base, part) for part in ("root", "root-part")}
		for group in (control(arch), media(arch), disk_specs(arch, uuids), choices(arch), reports(arch)):
			rows += list(group)
	return rows + list(secure())
