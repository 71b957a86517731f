"""Secure Boot with the key that package ovmf publishes together with a variable store that trusts it."""
import os
import subprocess

OWNER = "/usr/share/ovmf/PkKek-1-snakeoil"
PASSWORD = "snakeoil"  # as the package's README.Debian says
CODE = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
VARS = "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"
# Without system management mode a guest could write the variables itself: this firmware insists on it.
MACHINE = ["-machine", "smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"]


def key(folder):
	"""Paths of the key, without its password, and of its certificate."""
	path = os.path.join(folder, "snakeoil.key")
	subprocess.run(["openssl", "pkey", "-in", OWNER + ".key", "-passin", "pass:" + PASSWORD, "-out", path], check=True)
	return path, OWNER + ".pem"


def sign(image, scratch):
	"""The PE image gets this signature and no other: Linux looks at the first one only."""
	path, certificate = key(scratch)
	subprocess.run(["sbattach", "--remove", image], check=True, stderr=subprocess.DEVNULL)
	subprocess.run(["sbsign", "--key", path, "--cert", certificate, "--output", image, image], check=True,
		stderr=subprocess.DEVNULL)
