"""QEMU's command line for each architecture, firmware and medium.

The CPU flags are there because QEMU 7.2 needs them under TCG: without cx16=off kernel 6.12 dies of a
double fault at random, without lpa2=off it oopses in kexec_load, and pauth-impdef makes it boot
four times as fast.
"""
import os
import shutil

import secureboot

import debs

OVMF = "/usr/share/OVMF/"
AAVMF = "/usr/share/AAVMF/"

ARCHES = {
	"x86_64": {
		"qemu": "qemu-system-x86_64",
		"machine": ["-machine", "q35", "-cpu", "max,cx16=off"],
		"code": OVMF + "OVMF_CODE_4M.fd",
		"vars": OVMF + "OVMF_VARS_4M.fd",
		"bios": "/usr/share/ovmf/OVMF.fd",
		"console": "ttyS0",
		"deb": "amd64",
		"boot": "BOOTX64.EFI",
	},
	"aarch64": {
		"qemu": "qemu-system-aarch64",
		"machine": ["-machine", "virt", "-cpu", "max,pauth-impdef=on,lpa2=off",
			"-boot", "menu=on,splash-time=0"],
		"code": AAVMF + "AAVMF_CODE.fd",
		"vars": AAVMF + "AAVMF_VARS.fd",
		"bios": "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
		"console": "ttyAMA0",
		"deb": "arm64",
		"boot": "BOOTAA64.EFI",
	},
}
MEMORY = "1G"


def base(arch, medium=None, reboots=False):
	"""What every guest has: no network, no display, the serial line on standard output. A guest that
	must not start again by itself ends QEMU when it tries.

	A plain -drive is IDE on x86. Firmware tries disks in the order of their PCI slots, and the image
	has a boot loader of its own: on QEMU's default machine IDE comes before virtio, on q35 after it.
	"""
	spec = ARCHES[arch]
	kind = list(spec["machine"])
	if arch == "x86_64" and medium == "drive":
		kind[1] = "pc"
	return [spec["qemu"], "-accel", "tcg,thread=multi"] + kind + [
		"-smp", "1", "-m", MEMORY, "-display", "none", "-serial", "stdio", "-monitor", "none",
		"-nic", "none"] + ([] if reboots else ["-no-reboot"])


def firmware(arch, kind, scratch):
	"""kind "pflash": the variable store is a copy in `scratch`; "secureboot" (x86_64): of one that
	trusts secureboot.key(). kind "bios": none is kept."""
	spec = ARCHES[arch]
	if kind == "bios":
		return ["-bios", spec["bios"]]
	store = os.path.join(scratch, "vars.fd")
	secure = kind == "secureboot"
	shutil.copyfile(secureboot.VARS if secure else spec["vars"], store)
	return (secureboot.MACHINE if secure else []) + [
		"-drive", "if=pflash,format=raw,readonly=on,file=" + (secureboot.CODE if secure else spec["code"]),
		"-drive", "if=pflash,format=raw,file=" + store]


def firmware_files(arch, release):
	"""Code, template of the variable store, and the two in one, of Debian 12 (this machine's) or 13."""
	spec = ARCHES[arch]
	root = "" if release == "12" else debs.tree("trixie", "amd64", "ovmf", "qemu-efi-aarch64")
	return [root + spec[part] for part in ("code", "vars", "bios")]


def disk(path, snapshot=True):
	"""A virtio disk. With a snapshot the guest's writes are dropped when it ends."""
	kind = "qcow2" if path.endswith(".qcow2") else "raw"
	return ["-drive", "file=%s,format=%s,if=virtio,snapshot=%s" % (path, kind, "on" if snapshot else "off")]


def boot_drive(path):
	"""The page's own words: no interface named, so IDE on pc and virtio on virt."""
	return ["-drive", "file=%s,format=raw" % path]


def boot_disk(path):
	return ["-drive", "file=%s,format=raw,if=virtio,readonly=on" % path]


def boot_cdrom(arch, path):
	"""q35 has an IDE bus for its CD-ROM; virt needs a SCSI controller."""
	if arch == "x86_64":
		return ["-cdrom", path]
	return ["-device", "virtio-scsi-pci", "-device", "scsi-cd,drive=cd",
		"-drive", "id=cd,if=none,media=cdrom,readonly=on,format=raw,file=" + path]


def direct(arch, kernel, initrd, cmdline):
	"""Without firmware, for preparing images."""
	return base(arch) + ["-kernel", kernel, "-initrd", initrd,
		"-append", cmdline + " console=" + ARCHES[arch]["console"]]
