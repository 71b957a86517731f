"""What a guest wrote to a disk, in order, by QEMU's blklogwrites driver (the format of Linux's dm-log-writes).

Sector 0 of the log holds magic, version, number of entries and the sector size. Each entry is a sector of
its own (sector, number of sectors, flags, length of data), followed by the data.
"""
import os
import struct

MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SECTOR = 512


class Entry:
	"""One request. at, size: bytes on the disk; zeroed areas have data like any other."""

	def __init__(self, at, data, flags):
		self.at = at
		self.data = data
		self.flags = flags


def options(disk, log):
	"""Of -drive, for a raw disk whose writes are recorded in `log`."""
	with open(log, "wb"):
		pass
	# The superblock after every request: the guest may be killed at any time.
	return ("driver=blklogwrites,log-super-update-interval=1,file.driver=raw,file.file.driver=file,"
		"file.file.filename=%s,log.driver=file,log.filename=%s" % (disk, log))


def read(log):
	if os.path.getsize(log) == 0:
		return
	with open(log, "rb") as f:
		magic, version, count, sector = struct.unpack("<QQQI", f.read(28))
		if magic != MAGIC or version != 1:
			raise ValueError("%s: not a log of writes" % log)
		at = sector
		for _ in range(count):
			f.seek(at)
			first, n, flags, size = struct.unpack("<QQQQ", f.read(32))
			at += sector
			if flags & (FLUSH | MARK) and n == 0:
				yield Entry(0, b"", flags)
				continue
			if flags & DISCARD:
				yield Entry(first * sector, b"", flags)
				continue
			f.seek(at)
			yield Entry(first * sector, f.read(n * sector), flags)
			at += n * sector


def written(log):
	"""Bytes that the guest wrote."""
	return sum(len(e.data) for e in read(log))
