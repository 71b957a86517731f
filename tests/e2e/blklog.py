"""What a guest wrote to a disk, in order, by QEMU's blklogwrites driver (the format of Linux's dm-log-writes).

Sector 0 of the log holds magic, version, number of entries and the sector size. Each entry is a sector of
its own (sector, number of sectors, flags, length of data), followed by the data.

Two disks have two logs. QEMU's trace tells how they interleave: it has every write of every disk, and the
completion of every request, in one order.
"""
import collections
import os
import re
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


TRACED = ("blk_co_pwritev", "virtio_blk_handle_write", "virtio_blk_rw_complete", "virtio_blk_req_complete")
BLOCK_WRITE = re.compile(r"blk_co_pwritev blk (\S+) bs \S+ offset (\d+) bytes (\d+) ")
VIRTIO = re.compile(r"virtio_blk_(\w+) vdev (\S+) req (\S+) (?:sector \d+ nsectors (\d+))?")


def trace_options(path):
	words = ["-D", path]
	for event in TRACED:
		words += ["-trace", event]
	return words


def lines_of(trace):
	"""The trace as (kind, who, what): a write through a block backend, or a step of a virtio request."""
	with open(trace, encoding="utf-8", errors="replace") as f:
		for line in f:
			if (m := BLOCK_WRITE.match(line)):
				yield "write", m.group(1), (int(m.group(2)), int(m.group(3)))
			elif (m := VIRTIO.match(line)):
				yield m.group(1), m.group(2), (m.group(3), int(m.group(4) or 0) * SECTOR)


def owner(counts, what):
	"""Whose totals are these?"""
	found = [who for who, total in counts.items() if total == what]
	if len(found) != 1:
		raise ValueError("%d devices in the trace wrote what the log has" % len(found))
	return found[0]


def interleave(disk, flash, trace):
	"""The entries of both logs in one order, as ("disk" or "flash", entry). `disk` is a virtio disk.

	Raises ValueError when the guest touched the flash while a write to the disk was under way: then there
	is no one order."""
	rows = list(lines_of(trace))
	written, asked = collections.defaultdict(list), collections.Counter()
	for kind, who, what in rows:
		if kind == "write":
			written[who].append(what)
		elif kind == "handle_write":
			asked[who] += what[1]
	places = {who: sorted(w) for who, w in written.items()}
	writes = [e for e in disk if not e.flags & FLUSH]
	disk_blk = owner(places, sorted((e.at, len(e.data)) for e in writes))
	flash_blk = owner(places, sorted((e.at, len(e.data)) for e in flash))
	vdev = owner(asked, sum(len(e.data) for e in writes))
	# A request that completes without reading or writing is a flush, or, before the first one, a question.
	idle, moved, flushes = [], set(), sum(1 for e in disk if e.flags & FLUSH)
	for n, (kind, who, what) in enumerate(rows):
		if who == vdev and kind == "rw_complete":
			moved.add(what[0])
		elif who == vdev and kind == "req_complete":
			if what[0] not in moved:
				idle.append(n)
			moved.discard(what[0])
	flushed_at = set(idle[len(idle) - flushes:])
	return list(merge(rows, disk, flash, disk_blk, flash_blk, vdev, flushed_at))


def merge(rows, disk, flash, disk_blk, flash_blk, vdev, flushed_at):
	sent = flushed = done = 0
	under_way = set()
	flash = iter(flash)
	for n, (kind, who, what) in enumerate(rows):
		sent += who == disk_blk and kind == "write"
		flushed += n in flushed_at
		if who == vdev and kind == "handle_write":
			under_way.add(what[0])
		elif who == vdev and kind == "req_complete":
			under_way.discard(what[0])
		elif who == flash_blk and kind == "write":
			if under_way:
				raise ValueError("the flash was written while %d disk requests were under way" % len(under_way))
			while done < sent + flushed:
				yield "disk", disk[done]
				done += 1
			yield "flash", next(flash)
	for entry in disk[done:]:
		yield "disk", entry
