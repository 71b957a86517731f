"""What a guest must say, in that order, what it must not say, and how its run must end."""
import re

# What no guest may say.
PANIC = (r"Kernel panic|You are in emergency mode|Attempted to kill init|double fault|Internal error: Oops"
	r"|Unable to handle kernel")
# A starved x86 guest finds its timer dead. That is the host's doing: such a run doesn't count.
STARVED = r"IO-APIC \+ timer doesn't work"


SILENCE = 0.6  # of a guest's limit


class Failure(Exception):
	pass


class Starved(Failure):
	"""The host was too busy to run the guest's timer."""


class Silent(Starved):
	"""The guest said nothing any more, long before its limit. Emulated ones freeze now and then; one that does it
	twice has a reason of ours."""


class Hush:
	"""Among the expected lines: no line matches until the next expected one has come."""

	def __init__(self, pattern):
		self.pattern = re.compile(pattern)


def compiled(expect):
	return [e if isinstance(e, Hush) else re.compile(e) for e in expect]


class Watcher:
	"""Checks the serial lines as they come. end: "marker" (the last expected line ends the guest),
	or anything else (the guest ends by itself)."""

	def __init__(self, expect, forbid, end, hears=None):
		self.waiting = compiled(expect)
		self.forbid = compiled(list(forbid) + [PANIC, STARVED])
		self.end = end
		self.hears = hears
		self.hush = None
		self.complaint = None

	def next(self):
		while self.waiting and isinstance(self.waiting[0], Hush):
			self.hush = self.waiting.pop(0).pattern
		return self.waiting[0] if self.waiting else None

	def line(self, text):
		"""True: the driver should end the guest now."""
		if self.hears:
			self.hears(text)
		for pattern in self.forbid:
			if pattern.search(text):
				self.complaint = "forbidden line: " + text
				return True
		while self.next() and self.next().search(text):
			self.waiting.pop(0)
			self.hush = None
		if self.hush and self.hush.search(text):
			self.complaint = "before its time: " + text
			return True
		return not self.waiting and self.end == "marker"

	def check(self, outcome):
		if self.complaint:
			raise (Starved if re.search(STARVED, self.complaint) else Failure)(self.complaint)
		if self.next() and outcome.end == "limit" and outcome.silent > SILENCE * outcome.seconds:
			raise Silent("never said: %s; silent for the last %.0f s of %.0f"
				% (self.next().pattern, outcome.silent, outcome.seconds))
		if self.next():
			raise Failure("never said: %s (ended by %s after %.0f s)"
				% (self.next().pattern, outcome.end, outcome.seconds))
		expected = "stopped" if self.end == "marker" else "exit"
		if outcome.end != expected:
			raise Failure("ended by %s after %.0f s, not by %s" % (outcome.end, outcome.seconds, expected))
		if expected == "exit" and outcome.code != 0:
			raise Failure("qemu: exit %d" % outcome.code)
