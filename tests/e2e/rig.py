"""A machine that is switched on several times: its variable store and its disks stay, as a real one's do.

A story (pathc.py) is a function that gets a Rig: it switches on, looks at what the guest says and how
it ends, looks into store and disks while the power is off, edits them, and switches on again.
"""
import os
import re
import shutil
import time

import blklog
import guest
import machine
import media
import nvram
import watch
from watch import Failure

import diskedit
import images

LIMIT = {"x86_64": 300, "aarch64": 420}  # seconds for one kernel's boot; a tenth is enough for an idle machine
MARKER = r"^CLOUD-BOOT-MARKER "
INIT = r"^cloud-boot [0-9.]+, Linux"     # our init's first line
KERNEL = r"Linux version "
RESTART = r"reboot: Restarting system"
POWER_DOWN = r"reboot: Power down"
STARTED = r"BdsDxe: starting Boot([0-9A-F]{4}) "
CACHE_MIB = 256


class Rig:
	def __init__(self, arch, release, folder, log, slow=1.0):
		self.arch = arch
		self.folder = folder
		self.log = log
		self.slow = slow
		self.code, self.fresh_store, self.bios = machine.firmware_files(arch, release)
		self.store = self.path("vars.fd")
		self.forget()
		self.drives = []       # (name, path, format, options)
		self.extra = []
		self.within = []       # words before QEMU's own: a network namespace, say
		self.runs = 0
		self.told = []         # serial lines of the last run
		self.stamps = []       # the same with their seconds
		self.cache = None
		self.recording = None  # stem of the names of three files: all writes to cache disk and flash, and their order
		self.iso_entry = None  # the firmware's number for boot.iso

	def path(self, name):
		return os.path.join(self.folder, name)

	def forget(self):
		"""The variable store as it left the factory: a machine whose devices are other ones than before."""
		diskedit.copy_sparse(self.fresh_store, self.store)

	# What is attached, in the order of the PCI slots: firmware tries disks in that order.

	def attach(self, name, path, kind="raw", options=""):
		self.drives = [d for d in self.drives if d[0] != name] + [(name, path, kind, options)]

	def insert(self, settings):
		"""boot.iso with this command line, read-only, first."""
		folder = media.build(self.arch, settings)
		row = ("boot", os.path.join(folder, "boot.iso"), "raw", "readonly=on")
		self.drives = [row] + [d for d in self.drives if d[0] != "boot"]

	def insert_loader(self, settings, medium="drive", front="--path-b", signed=False, more=()):
		"""Path B's media, first: boot.efi as a disk, boot.iso as a disk or CD-ROM, the loader on an ESP with
		more files beside it."""
		folder = media.build(self.arch, settings, signed, front)
		efi, iso = (os.path.join(folder, name) for name in ("boot.efi", "boot.iso"))
		self.drives = [d for d in self.drives if d[0] != "boot"]
		if medium == "cdrom":
			self.extra += machine.boot_cdrom(self.arch, iso)
			return
		path = {"drive": efi, "iso": iso}.get(medium) or media.esp_disk(self.arch, efi, self.folder, more)
		self.drives.insert(0, ("boot", path, "raw", "" if medium == "esp" else "readonly=on"))

	def add_cache(self, mib=CACHE_MIB):
		self.cache = self.path("menu-cache.raw")
		media.cloud_boot("cache-disk", self.cache, str(mib))
		self.attach("cache", self.cache)

	def add_disk(self, image, name="disk"):
		"""A test image; the distribution's writes go to an overlay that stays."""
		source = images.get(image, self.folder)
		overlay = self.path(name + ".qcow2")
		kind = "qcow2" if source.endswith(".qcow2") else "raw"
		if os.path.exists(overlay):
			os.unlink(overlay)
		diskedit.run("qemu-img", "create", "-q", "-f", "qcow2", "-b", source, "-F", kind, overlay)
		self.attach(name, overlay, "qcow2")
		return source

	def add_task(self, script, *files):
		"""What the image's task.service runs once it is up: a shell script, with files beside it."""
		tree = self.path("task")
		shutil.rmtree(tree, ignore_errors=True)
		os.mkdir(tree)
		with open(os.path.join(tree, "run"), "w", encoding="utf-8") as f:
			f.write(script)
		for file in files:
			shutil.copy(file, tree)
		diskedit.run("tar", "-C", tree, "-cf", self.path("task.tar"), "--record-size=1M", ".")
		self.attach("task", self.path("task.tar"), options="readonly=on")

	def add_tpm(self):
		"""A TPM 2.0 by swtpm, which ends with the guest."""
		state, control = os.path.abspath(self.path("tpm")), os.path.abspath(self.path("tpm.sock"))
		os.mkdir(state)
		diskedit.run("swtpm", "socket", "--tpm2", "--daemon", "--terminate", "--tpmstate", "dir=" + state,
			"--ctrl", "type=unixio,path=" + control)
		device = "tpm-tis" if self.arch == "x86_64" else "tpm-tis-device"
		self.extra += ["-chardev", "socket,id=tpm,path=" + control, "-tpmdev", "emulator,id=tpm0,chardev=tpm",
			"-device", device + ",tpmdev=tpm0"]

	# The power button.

	def command(self, firmware, record, clock, boot_index):
		argv = self.within + machine.base(self.arch, reboots=True) + self.extra
		store = "if=pflash,format=raw,file=" + self.store
		if self.recording:
			store = "if=pflash," + blklog.options(self.store, self.recording + ".flash")
			record = self.recording + ".disk"
			argv += blklog.trace_options(self.recording + ".trace")
		if firmware == "bios":
			argv += ["-bios", self.bios]
		else:
			argv += ["-drive", "if=pflash,format=raw,readonly=on,file=" + self.code,
				"-drive", store]
		for name, path, kind, options in self.drives:
			drive = "if=none,id=%s," % name + (options + "," if options else "")
			if name == "cache" and record:
				drive += blklog.options(path, record)
			else:
				drive += "format=%s,file=%s" % (kind, path)
			device = "virtio-blk-pci,drive=%s,serial=%s" % (name, name)
			if name == "boot" and boot_index:
				device += ",bootindex=1"
			argv += ["-drive", drive, "-device", device]
		if clock:
			argv += ["-rtc", "base=" + time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + clock))]
		return argv

	def power_on(self, expect, end="marker", forbid=(), boots=2, firmware="pflash", record=None, clock=0,
			boot_index=False, hears=None):
		"""Run until the last expected line ("marker") or until QEMU ends by itself ("poweroff"). clock:
		seconds that the guest's clock is ahead. record: a file for the log of writes to the cache disk.
		boots: how many kernels start, for the limit."""
		watcher = watch.Watcher(expect, forbid, end, hears)
		argv = self.command(firmware, record, clock, boot_index)
		outcome = guest.run(argv, self.log, LIMIT[self.arch] * boots * self.slow, watcher.line,
			"a" if self.runs else "w")
		self.runs += 1
		self.told, self.stamps = outcome.lines, outcome.stamps
		first = re.search(STARTED, "\n".join(self.told))
		if first and self.iso_entry is None:
			self.iso_entry = int(first.group(1), 16)
		watcher.check(outcome)
		return outcome

	def count(self, pattern):
		return sum(1 for line in self.told if re.search(pattern, line))

	# While the power is off.

	def nvram(self):
		return nvram.dump(self.store)

	def choose_iso(self):
		"""What a person does in the firmware's menu: boot.iso this time."""
		nvram.set_numbers(self.store, "BootNext", [self.iso_entry])

	def staged(self):
		"""Files on the cache disk and their SHA-256."""
		rows = media.cloud_boot("fs", "sum", "-r", "--partition", "1", self.cache, "/").splitlines()
		return {path: digest for digest, path in (row.split("  ", 1) for row in rows)}

	def check_cache(self):
		"""The file system is clean."""
		part = self.path("part.raw")
		offset, size = diskedit.partition(self.cache, 1)
		if os.path.exists(part):
			os.unlink(part)
		diskedit.copy_partition(self.cache, offset, part, 0, size)
		os.truncate(part, size)
		diskedit.run("fsck.vfat", "-n", part)

	def log_note(self, text):
		with open(self.log, "a", encoding="utf-8") as f:
			f.write("# %s\n" % text)


def need(condition, text):
	if not condition:
		raise Failure(text)
