"""One QEMU guest: started, watched line by line, stopped by its process id, its serial log kept."""
import os
import re
import select
import signal
import subprocess
import time

ESCAPES = re.compile(rb"\x1b\[[0-9;?=!]*[a-zA-Z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b[=>78cDEHMNOZ]")
PARTIAL_SECONDS = 1.0  # a prompt has no end of line: it counts as one after this silence


class Outcome:
	"""How a run ended: `end` is "exit", "stopped" (by the watcher) or "limit"."""

	def __init__(self, end, code, seconds, lines, stamps):
		self.end = end
		self.code = code
		self.seconds = seconds
		self.lines = lines
		self.stamps = stamps  # (seconds, line)
		self.silent = seconds - stamps[-1][0] if stamps else seconds


def clean(raw):
	"""A serial line as a person reads it."""
	text = ESCAPES.sub(b"", raw).replace(b"\r", b"").replace(b"\0", b"")
	return text.decode("utf-8", "replace").strip("\n")


class SerialLog:
	"""Cuts the byte stream into lines, stamps them and writes them through at once."""

	def __init__(self, path, header, mode):
		self.file = open(path, mode, encoding="utf-8")
		self.file.write("# %s\n" % header)
		self.started = time.monotonic()
		self.pending = b""
		self.stamp = 0.0
		self.lines = []
		self.stamps = []

	def feed(self, data):
		fresh = []
		for piece in data.splitlines(True):
			if not self.pending:
				self.stamp = time.monotonic() - self.started
			self.pending += piece
			if self.pending.endswith(b"\n"):
				fresh += self.flush()
		return fresh

	def flush(self):
		line = clean(self.pending)
		self.pending = b""
		if not line.strip():
			return []
		self.lines.append(line)
		self.stamps.append((self.stamp, line))
		self.note("[%7.2f] %s" % (self.stamp, line))
		return [line]

	def note(self, text):
		self.file.write(text + "\n")
		self.file.flush()


def kill_group(process):
	"""The guest and its helpers run in a session of their own, so nothing else is hit."""
	try:
		os.killpg(process.pid, signal.SIGKILL)
	except ProcessLookupError:
		pass
	return process.wait()


def run(argv, log_path, limit, watcher, mode="w"):
	"""Run argv until it exits, until watcher(line) returns true, or for `limit` seconds."""
	log = SerialLog(log_path, " ".join(argv), mode)
	# The guest dies with this driver, however the driver ends.
	process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL"] + argv, stdin=subprocess.DEVNULL,
		stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
	end = None
	try:
		while end is None:
			ready, _, _ = select.select([process.stdout], [], [], PARTIAL_SECONDS)
			if ready:
				data = os.read(process.stdout.fileno(), 65536)
				fresh = log.feed(data) if data else log.flush()
				if not data:
					end = "exit"
			else:
				fresh = log.flush() if log.pending else []
			if any([watcher(line) for line in fresh]):
				end = "stopped"
			if end is None and time.monotonic() - log.started > limit:
				end = "limit"
	finally:
		if end != "exit":
			kill_group(process)
	code = process.wait()
	seconds = time.monotonic() - log.started
	log.note("# %s, exit code %d, %.1f s" % (end, code, seconds))
	log.file.close()
	return Outcome(end, code, seconds, log.lines, log.stamps)
