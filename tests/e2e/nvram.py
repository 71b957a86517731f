"""A variable store in a file, read and edited by Debian's virt-fw-vars: an oracle that is not ours."""
import json
import os
import struct
import subprocess
import tempfile
import uuid

import debs
from watch import Failure

GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
OURS = "cloud-boot "
PACKAGES = ["python3-virt-firmware", "python3-importlib-resources", "python3-pefile"]
# Boot options and their order, which nobody but their owner may change.
FOREIGN = ("Boot", "Driver", "SysPrep", "Key")


def virt_fw_vars(*words):
	root = debs.tree("trixie", "amd64", *PACKAGES)
	env = dict(os.environ, PYTHONPATH=root + "/usr/lib/python3/dist-packages", PYTHONDONTWRITEBYTECODE="1")
	# The system's Python, because it has the system's python3-cryptography.
	done = subprocess.run(["/usr/bin/python3", "-m", "virt.firmware.vars", "--loglevel", "ERROR"] + list(words),
		env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
	text = done.stdout.decode("utf-8", "replace")
	if done.returncode != 0:
		raise Failure("virt-fw-vars %s: exit %d\n%s" % (" ".join(words), done.returncode, text))
	return text


class LoadOption:
	"""An EFI_LOAD_OPTION: attributes, description, device path, optional data."""

	def __init__(self, data):
		self.attributes, size = struct.unpack_from("<IH", data)
		end = 6
		while data[end:end + 2] != b"\0\0":
			end += 2
		self.description = data[6:end].decode("utf-16-le", "replace")
		self.path = data[end + 2:end + 2 + size]
		self.data = data[end + 2 + size:]

	@property
	def options(self):
		return self.data.decode("utf-16-le", "replace").rstrip("\0")


class Dump:
	"""The variables of a store at one moment."""

	def __init__(self, variables):
		self.variables = variables  # (name, guid): (attributes, bytes)

	def get(self, name):
		return self.variables.get((name, GLOBAL), (0, b""))[1]

	def options(self):
		"""Boot options by number."""
		return {int(name[4:], 16): LoadOption(value[1]) for (name, guid), value in self.variables.items()
			if guid == GLOBAL and name.startswith("Boot") and len(name) == 8 and is_hex(name[4:])}

	def order(self):
		data = self.get("BootOrder")
		return list(struct.unpack("<%dH" % (len(data) // 2), data))

	def next(self):
		data = self.get("BootNext")
		return struct.unpack("<H", data)[0] if data else None

	def ours(self):
		return {n: o for n, o in self.options().items() if o.description.startswith(OURS)}

	def foreign(self):
		"""What must stay as it was: every load option that is not ours, byte for byte, and their order."""
		ours = self.ours()
		kept = {name: value for (name, guid), value in self.variables.items()
			if guid == GLOBAL and name.startswith(FOREIGN) and name[-4:].isalnum() and is_hex(name[-4:])
			and not (name.startswith("Boot") and int(name[4:], 16) in ours)}
		kept["BootOrder"] = [n for n in self.order() if n not in ours]
		return kept


def is_hex(text):
	return all(c in "0123456789ABCDEFabcdef" for c in text)


def dump(store):
	with tempfile.NamedTemporaryFile(suffix=".json") as f:
		virt_fw_vars("--input", store, "--output-json", f.name)
		rows = json.load(f)["variables"]
	return Dump({(r["name"], r["guid"]): (r["attr"], bytes.fromhex(r["data"])) for r in rows})


def edit(store, variables):
	"""Set variables = [(name, guid, attributes, bytes)]."""
	rows = [{"name": name, "guid": guid, "attr": attributes, "data": data.hex()}
		for name, guid, attributes, data in variables]
	with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
		json.dump({"version": 2, "variables": rows}, f)
		f.flush()
		virt_fw_vars("--inplace", store, "--set-json", f.name)


def set_numbers(store, name, numbers):
	"""BootOrder or BootNext."""
	edit(store, [(name, GLOBAL, 7, struct.pack("<%dH" % len(numbers), *numbers))])


def file_option(description, partition, guid, first, count, path, options):
	"""A load option for a file on a GPT partition, as UEFI 2.10 (3.1.3, 10.3.5) writes it."""
	disk = struct.pack("<BBHIQQ16sBB", 4, 1, 42, partition, first, count, guid, 2, 2)
	name = path.encode("utf-16-le") + b"\0\0"
	nodes = disk + struct.pack("<BBH", 4, 4, 4 + len(name)) + name + struct.pack("<BBH", 0x7F, 0xFF, 4)
	return (struct.pack("<IH", 1, len(nodes)) + description.encode("utf-16-le") + b"\0\0" + nodes
		+ (options.encode("utf-16-le") + b"\0\0" if options else b""))


AUTH_STORE = bytes.fromhex("782cf3aa7b949a43a1802e144ec37792")
STORE_HEADER, VARIABLE = struct.Struct("<16sIBBHI"), struct.Struct("<HBBIQ16sIII16s")
WHOLE, LEAVING = 0x3F, 0x3E
SPARE = 1200


def scan(store):
	"""Where the variables of a store end, where the store ends, and (state, name, guid, value) of each."""
	at = struct.unpack_from("<H", store, 48)[0]
	guid, size, _, _, _, _ = STORE_HEADER.unpack_from(store, at)
	if guid != AUTH_STORE:
		raise Failure("no store of authenticated variables")
	end, at, found = at + size, at + STORE_HEADER.size, []
	while at + VARIABLE.size <= end:
		magic, state, _, attributes, _, _, _, name_size, size, guid = VARIABLE.unpack_from(store, at)
		if magic != 0x55AA:
			break
		at += VARIABLE.size
		if state == 0xFF or 0xFFFFFFFF in (name_size, size):
			continue  # the header itself was being written
		name = store[at:at + name_size].decode("utf-16-le", "replace").rstrip("\0")
		value = (attributes, bytes(store[at + name_size:at + name_size + size]))
		found.append((state, name, str(uuid.UUID(bytes_le=guid)), value))
		at += (name_size + size + 3) & ~3
	return at, end, found


def parse(store):
	"""What the firmware finds in the bytes of a store with authenticated variables, whenever the power went
	(EDK2, MdeModulePkg/Include/Guid/VariableFormat.h): a variable counts while it is whole, or while it is
	leaving and its successor is not whole yet."""
	whole, leaving = {}, {}
	for state, name, guid, value in scan(store)[2]:
		if state in (WHOLE, LEAVING):
			(whole if state == WHOLE else leaving)[name, guid] = value
	return Dump({**leaving, **whole})


def fill(path):
	"""Variables of nobody, until there is room for SPARE bytes; returns how many."""
	junk, rows = "5b446ed1-e30b-4faa-871a-3654eca36080", []
	edit(path, [("Junk", junk, 7, b"j")])  # virt-fw-vars writes the store without gaps
	with open(path, "rb") as f:
		at, end, _ = scan(f.read())
	while (size := min(end - SPARE - at - VARIABLE.size - 16, 8000)) > 0:
		rows.append(("Junk%02X" % len(rows), junk, 7, b"j" * size))
		at += VARIABLE.size + 14 + ((size + 3) & ~3)
		at = (at + 3) & ~3
	edit(path, rows)
	return len(rows)
