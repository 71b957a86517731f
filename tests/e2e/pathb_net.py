"""Stories of path B's network: a kernel and an initrd by HTTP from a server on this machine's loopback, which QEMU's
user network shows to the guest as 10.0.2.2; and everything that can go wrong with that, each with its report, after
which the disk boots."""
import hashlib
import os
import re

import machine
import media
import pathb
import webserver
from pathb import BOOT, OURS, Story
from rig import POWER_DOWN, need
from scenarios import image_of

import diskedit

WHOLE = 64 << 20          # kernel and initrd together
NIC = ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="]
# A cable that goes nowhere.
DEAF = ["-netdev", "hubport,id=net,hubid=1", "-device", "virtio-net-pci,netdev=net,romfile="]


def sha256(path):
	with open(path, "rb") as f:
		return hashlib.sha256(f.read()).hexdigest()


def serve(r, story, size=WHOLE, **how):
	"""A mini image's kernel and initrd, filled up with zeros, which the kernel skips."""
	folder = r.path("www")
	os.mkdir(folder)
	image = diskedit.Ext4(media.images.get(story.image, r.folder))
	kernel, initrd = (os.path.join(folder, name) for name in ("linux", "initrd"))
	image.dump("/boot/vmlinuz-" + image.kernel(), kernel)
	image.dump("/boot/initrd.img-" + image.kernel(), initrd)
	if size:
		os.truncate(initrd, size - os.path.getsize(kernel))
	return webserver.Server(folder, **how)


def address(server, path, digest=None, scheme="http"):
	return "%s://10.0.2.2:%d/%s%s" % (scheme, server.port, path, "#sha256=" + digest if digest else "")


def settings(story, kernel, initrd, more=""):
	return "cloudboot.kernel=%s cloudboot.initrd=%s console=%s from=net %s" % (
		kernel, initrd, machine.ARCHES[story.arch]["console"], more)


def digests(server):
	return [sha256(os.path.join(server.folder, name)) for name in ("linux", "initrd")]


def http(r, story):
	"""64 MB with their digests; then without, which needs leave; in chunks, after a redirect, from a busy server, from one
	that breaks off twice."""
	server = serve(r, story)
	try:
		kernel, initrd = digests(server)
		r.extra = list(NIC)
		r.insert_loader(settings(story, address(server, "linux", kernel), address(server, "initrd", initrd)))
		fetched = [r"^network +10\.0\.2\.15", r"^fetched +kernel, .*as its digest says", r"^fetched +initrd, .*as its digest says"]
		r.power_on([OURS] + fetched + [r"^loaded ", pathb.mini_marker(story, "from=net"), POWER_DOWN], "poweroff", boots=1,
			forbid=[BOOT])
		os.truncate(os.path.join(server.folder, "initrd"), 3 << 20)
		r.insert_loader(settings(story, address(server, "moved/linux"), address(server, "chunked/initrd"),
			"cloudboot.insecure=example.org,10.0.2.2"))
		r.power_on([OURS, r"^fetched +kernel", r"^fetched +initrd, 3072 KiB", pathb.mini_marker(story, "from=net"), POWER_DOWN],
			"poweroff", boots=1, forbid=[BOOT])
		initrd = digests(server)[1]
		r.insert_loader(settings(story, address(server, "cut/linux", kernel), address(server, "busy/initrd", initrd)))
		server.requests.clear()
		r.power_on([OURS, r"^fetched +kernel, .*as its", r"^fetched +initrd, .*as its", pathb.mini_marker(story), POWER_DOWN],
			"poweroff", boots=1, forbid=[BOOT])
		ranges = [range_ for path, range_ in server.requests if path == "/cut/linux"]
		need(len(ranges) == 3 and ranges[0] is None and all(ranges[1:]), "the ranges asked for: %s" % ranges)
	finally:
		server.close()


# A network of the test's own: one cable, a DHCP and name server that knows one name, a web server. All of it ends
# with QEMU, which is process 1 there.
NETWORK = """ip link set lo up
ip tuntap add tap0 mode tap
ip addr add 10.9.0.1/24 dev tap0
ip link set tap0 up
dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --interface=tap0 --bind-interfaces --log-facility=- \\
	--dhcp-range=10.9.0.10,10.9.0.20,1h --address=/boot.test/10.9.0.1 --local=/test/ --pid-file= --dhcp-leasefile=$1/leases &
python3 $2 $1/www 10.9.0.1 8080 &
shift 2
exec "$@"
"""


def names(r, story):
	"""A real DHCP and name server: a host by its name, and one that nobody has heard of."""
	server = serve(r, story, size=0)
	server.close()
	kernel, initrd = digests(server)
	own = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"] + (["--map-root-user"] if os.getuid() else [])
	r.within = own + ["sh", "-c", NETWORK, "network", os.path.abspath(r.folder), os.path.join(media.HERE, "webserver.py")]
	r.extra = ["-netdev", "tap,id=net,ifname=tap0,script=no,downscript=no", "-device", "virtio-net-pci,netdev=net,romfile="]
	r.add_disk(story.image)
	for host, expect in (("boot", [r"^network +10\.9\.0\.", r"^fetched +kernel, .*as its", r"^fetched +initrd, .*as its",
			pathb.mini_marker(story, "from=net"), POWER_DOWN]),
			("nowhere", [r"^cloud-boot: .*no address for the name nowhere\.test", r"^  CB-3021", BOOT, pathb.mini_marker(story),
			POWER_DOWN])):
		r.insert_loader(settings(story, "http://%s.test:8080/linux#sha256=%s" % (host, kernel),
			"http://%s.test:8080/initrd#sha256=%s" % (host, initrd)))
		r.power_on([OURS] + expect, "poweroff", boots=1)


def fails(r, story, server, kernel, code, words, limit, more="", nic=NIC, initrd=None):
	"""One thing that goes wrong: its report, then the disk, all within `limit` seconds of the loader's first line."""
	r.forget()
	r.extra = list(nic)
	r.insert_loader(settings(story, kernel, initrd or address(server, "initrd", digests(server)[1]), more))
	r.add_disk(story.image)
	r.power_on([OURS, r"^cloud-boot: .*" + words, r"^  what to do: ", r"^  " + code, BOOT, r"Linux version "], boots=1)
	first, last = ([t for t, line in r.stamps if re.search(p, line)][0] for p in (OURS, BOOT))
	need(last - first < limit, "%s took %.0f s, more than %d" % (code, last - first, limit))


def faults(r, story):
	"""What needs no waiting, and what has a limit of its own: 30 s for a lease, three times 20 s for a silent server."""
	server = serve(r, story, size=0)
	try:
		kernel, initrd = digests(server)
		linux = lambda way: address(server, way + "/linux", kernel)
		fails(r, story, server, linux("."), "CB-3020", "no network", 20, nic=["-nic", "none"])
		fails(r, story, server, address(server, "status/404"), "CB-3022", r"plain http", 30)
		fails(r, story, server, address(server, "status/404", kernel), "CB-3021", r"the server answers 404", 30)
		fails(r, story, server, address(server, "linux", initrd), "CB-3022", "its sha256 is " + kernel, 40)
		fails(r, story, server, linux("short"), "CB-3021", r"the body ends after \d+ of \d+ bytes", 60)
		fails(r, story, server, linux("status/500").replace("/linux", ""), "CB-3021", "the server answers 500", 60)
		fails(r, story, server, "http://10.0.2.2:%d/linux#sha256=12" % server.port, "CB-3021", "#sha256= and 64 digits", 30)
	finally:
		server.close()


def silence(r, story):
	"""Nobody answers: no lease, a server that stalls."""
	server = serve(r, story, size=0)
	try:
		kernel, _ = digests(server)
		fails(r, story, server, address(server, "linux", kernel), "CB-3020", r"no DHCP server answered", 60, nic=DEAF)
		fails(r, story, server, address(server, "stall/linux", kernel), "CB-3021", r"sent nothing for 20 s", 120)
	finally:
		server.close()


def table():
	rows = []
	for arch, release in (("x86_64", "12"), ("x86_64", "13"), ("aarch64", "12"), ("aarch64", "13")):
		rows.append(Story(http, arch, release, image_of("debian13", arch, "mini"), "net-http"))
	for arch, release in (("x86_64", "13"), ("aarch64", "12")):
		rows.append(Story(faults, arch, release, image_of("debian13", arch, "mini"), "net-faults"))
	for arch, release in (("x86_64", "12"), ("aarch64", "13")):
		rows.append(Story(names, arch, release, image_of("debian13", arch, "mini"), "net-names"))
	rows.append(Story(silence, "x86_64", "12", image_of("debian13", "x86_64", "mini"), "net-silence"))
	return rows
