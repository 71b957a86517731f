"""Stories of path B's network: a kernel and an initrd by HTTP from a server on this machine's loopback, which QEMU's
user network shows to the guest as 10.0.2.2; and everything that can go wrong with that, each with its report, after
which the disk boots."""
import hashlib
import os
import re
import ssl

import machine
import media
import pathb
import webserver
from pathb import BOOT, OURS, Story
from rig import POWER_DOWN, need
from scenarios import image_of

import diskedit
from authority import Authority

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


def quick_boot(r, story):
	"""With bootindex the firmware leaves the NIC alone: the loader has it connected."""
	server = serve(r, story, size=0)
	try:
		r.extra = list(NIC)
		r.insert_loader(settings(story, *(address(server, *pair) for pair in zip(("linux", "initrd"), digests(server)))))
		r.power_on([OURS, r"^network +10\.0\.2\.15", pathb.mini_marker(story, "from=net"), POWER_DOWN], "poweroff", boots=1,
			forbid=[BOOT], boot_index=True)
	finally:
		server.close()


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


def fails(r, story, server, kernel, code, words, limit, nic=NIC, ca=None, clock=0):
	"""One thing that goes wrong: its report, then the disk, all within `limit` seconds of the loader's first line."""
	r.forget()
	r.extra = list(nic)
	r.insert_loader(settings(story, kernel, address(server, "initrd", digests(server)[1])), ca=ca)
	r.add_disk(story.image)
	r.power_on([OURS, r"^cloud-boot: .*" + words, r"^  what to do: ", r"^  " + code, BOOT, r"Linux version "], boots=1,
		clock=clock)
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


# HTTPS. Only 1.2 knows names of whole suites; the curves and ciphers of 1.3 are OpenSSL's own choice.

TLS_13 = (ssl.TLSVersion.TLSv1_3, None)
TLS_12 = (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES256-GCM-SHA384")
DAY = 24 * 60 * 60


def https(r, story):
	"""64 MB with TLS 1.3; then with 1.2 and without digests, which a certificate makes up for."""
	ca = Authority(r.folder, "ca")
	server = serve(r, story, tls=ca.issue("ec", "IP:10.0.2.2") + TLS_13)
	r.extra = list(NIC)
	try:
		kernel, initrd = digests(server)
		r.insert_loader(settings(story, address(server, "linux", kernel, "https"), address(server, "initrd", initrd, "https")),
			ca=ca.certificate)
		r.power_on([OURS, r"^fetched +kernel, .*as its", r"^fetched +initrd, .*as its", r"^loaded ",
			pathb.mini_marker(story, "from=net"), POWER_DOWN], "poweroff", boots=1, forbid=[BOOT])
	finally:
		server.close()
	os.truncate(os.path.join(server.folder, "initrd"), 3 << 20)
	server = webserver.Server(server.folder, tls=ca.issue("rsa", "IP:10.0.2.2") + TLS_12)
	try:
		r.insert_loader(settings(story, address(server, "cut/linux", scheme="https"),
			address(server, "chunked/initrd", scheme="https")), ca=ca.certificate)
		r.power_on([OURS, r"^fetched +kernel", r"^fetched +initrd, 3072 KiB", pathb.mini_marker(story, "from=net"), POWER_DOWN],
			"poweroff", boots=1, forbid=[BOOT])
	finally:
		server.close()


def distrust(r, story):
	"""Certificates that nobody should take, a server that nobody should talk to, a machine that can't keep a secret."""
	ca, stranger = Authority(r.folder, "ca"), Authority(r.folder, "stranger")
	good = ca.issue("ec", "IP:10.0.2.2")
	plain = serve(r, story, size=0)
	plain.close()
	old = (ssl.TLSVersion.TLSv1_2, "AES128-GCM-SHA256")
	rows = [
		("CB-3022", "nobody whom we know vouches", stranger.issue("ec", "IP:10.0.2.2") + TLS_13, {}),
		("CB-3022", "is for another host than 10.0.2.2", ca.issue("ec", "IP:10.0.2.3,DNS:example.org") + TLS_13, {}),
		("CB-3022", r"certificate expired on \d{4}-\d\d-\d\d", good + TLS_13, {"clock": 40 * DAY}),
		("CB-3022", r"certificate is valid from \d{4}-\d\d-\d\d", good + TLS_12[:1] + (None,), {"clock": -2 * DAY}),
		("CB-3021", "the server refuses", ca.issue("rsa", "IP:10.0.2.2") + old, {}),
	]
	if story.kind.get("no_rng"):
		blind = ["-cpu", "max,cx16=off,rdrand=off,rdseed=off"]
		rows.append(("CB-3021", "gives no random numbers", good + TLS_13, {"nic": NIC + blind}))
	for code, words, tls, how in rows:
		server = webserver.Server(plain.folder, tls=tls)
		try:
			fails(r, story, server, address(server, "linux", scheme="https"), code, words, 40, ca=ca.certificate, **how)
		finally:
			server.close()


def table():
	"""One row of each story and architecture, or of each story; the rest only with --all."""
	rows = []

	def add(play, name, arch, release, thorough=False, **kind):
		rows.append(Story(play, arch, release, image_of("debian13", arch, "mini"), name, thorough=thorough, **kind))
	for arch, release in (("x86_64", "12"), ("x86_64", "13"), ("aarch64", "12"), ("aarch64", "13")):
		add(http, "net-http", arch, release, thorough=(arch, release) == ("aarch64", "12"))
		add(https, "net-https", arch, release, thorough=(arch, release) not in (("x86_64", "13"), ("aarch64", "12")))
	# Debian 12's firmware has random numbers only by a device or the processor; 13's has its own.
	add(distrust, "net-distrust", "x86_64", "12", no_rng=True)
	add(distrust, "net-distrust", "aarch64", "13", thorough=True)
	add(faults, "net-faults", "x86_64", "13")
	add(faults, "net-faults", "aarch64", "12", thorough=True)
	add(names, "net-names", "x86_64", "12")
	add(names, "net-names", "aarch64", "13")
	add(quick_boot, "net-quick-boot", "x86_64", "13")
	add(silence, "net-silence", "x86_64", "12")
	return rows
