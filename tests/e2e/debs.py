"""Debian packages of any suite, unpacked into the cache: firmware of the next release, programs for a guest.

A folder is named by the hash of what apt says the packages are, and may be deleted at any time.
"""
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
APT = os.path.join(TREE, "tools", "debian-apt.sh")


def cache_folder():
	root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
	folder = os.path.join(root, "cloud-boot", "debs")
	os.makedirs(folder, exist_ok=True)
	return folder


def key(suite, arch, packages):
	"""Versions and hashes, without the address that this machine gets them from."""
	rows = subprocess.run([APT, suite, arch, "exec", "apt-get", "-q", "download", "--print-uris"] + list(packages),
		stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
	return hashlib.sha256("\n".join(sorted(r.split("' ", 1)[1] for r in rows if r.startswith("'"))).encode()).hexdigest()


@functools.lru_cache(maxsize=None)
def tree(suite, arch, *packages):
	"""Folder with the files of these packages, and of no others."""
	with open(os.path.join(cache_folder(), "lock"), "w", encoding="utf-8") as lock:
		fcntl.flock(lock, fcntl.LOCK_EX)
		path = os.path.join(cache_folder(), key(suite, arch, packages))
		if os.path.isdir(path):
			return path
		with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
			debs = subprocess.run([APT, suite, arch, "download", scratch] + list(packages),
				stdout=subprocess.PIPE, check=True, text=True).stdout.split()
			made = os.path.join(scratch, "tree")
			for deb in debs:
				subprocess.run(["dpkg-deb", "-x", deb, made], check=True)
			# apt may have read newer lists for the download
			path = os.path.join(cache_folder(), key(suite, arch, packages))
			shutil.rmtree(path, ignore_errors=True)
			os.rename(made, path)
	return path
