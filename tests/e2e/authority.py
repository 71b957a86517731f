"""A certificate authority of the test's own, by openssl."""
import os

import diskedit

DAYS = "30"
NEW_KEY = {"ec": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "rsa": ("-newkey", "rsa:2048")}


class Authority:
	def __init__(self, folder, name):
		self.folder = folder
		self.name = name
		self.issued = 0
		self.certificate, self.key = self.path("pem"), self.path("key")
		diskedit.run("openssl", "req", "-x509", *NEW_KEY["ec"], "-nodes", "-days", DAYS, "-subj", "/CN=" + name,
			"-keyout", self.key, "-out", self.certificate)

	def path(self, kind):
		return os.path.join(self.folder, "%s.%s" % (self.name, kind))

	def issue(self, kind, names):
		"""Files of a new certificate and its key, valid from now on for a month; names as in subjectAltName."""
		self.issued += 1
		cert, key, request, extensions = (self.path("%d.%s" % (self.issued, what)) for what in ("pem", "key", "csr", "ext"))
		with open(extensions, "w", encoding="ascii") as f:
			f.write("subjectAltName=%s\nbasicConstraints=CA:FALSE\n" % names)
		diskedit.run("openssl", "req", *NEW_KEY[kind], "-nodes", "-subj", "/CN=server", "-keyout", key, "-out", request)
		diskedit.run("openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-days", DAYS,
			"-set_serial", str(self.issued), "-extfile", extensions, "-out", cert)
		return cert, key
