"""Keys for a guest, and pictures of its screen, through QEMU's machine protocol."""
import json
import re
import socket
import time

NAMES = {" ": "spc", "=": "equal", "-": "minus", "\n": "ret"}


class Keys:
	def __init__(self, path):
		self.path = path
		self.link = None
		self.done = False

	def call(self, name, **arguments):
		if self.link is None:
			self.link = socket.socket(socket.AF_UNIX)
			self.link.connect(self.path)
			self.stream = self.link.makefile("rw")
			self.stream.readline()
			self.call("qmp_capabilities")
		self.stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
		self.stream.flush()
		while True:
			answer = json.loads(self.stream.readline())
			if "return" in answer or "error" in answer:
				return answer

	def press(self, key):
		self.call("send-key", keys=[{"type": "qcode", "data": key}])
		time.sleep(0.3)  # an emulated guest polls its keyboard slowly

	def type(self, text):
		for c in text:
			self.press(NAMES.get(c, c))

	def picture(self, path):
		"""The screen as a PNG file."""
		time.sleep(1)
		self.call("screendump", filename=path, format="png")

	def when(self, pattern, act):
		"""For guest.run: act() once, when a line matches."""
		def hears(line):
			if not self.done and re.search(pattern, line):
				self.done = True
				act()
		return hears
