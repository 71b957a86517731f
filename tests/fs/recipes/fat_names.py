"""FAT names by hand: beyond 16 bits, 255 units, clashing short names, orphans; a directory of 5,000 files."""
from fatkit import Volume, long_entries, manifest, put, short_names, tool

USES = ["fatkit.py"]

# What the directory holds, bits, sectors a cluster, size.
VARIANTS = [("names", 16, 1, "8M"), ("names", 32, 8, "300M"), ("many", 16, 4, "60M"), ("many", 32, 1, "64M")]
QUICK = VARIANTS[:1]

NAMES = [
    "x" * 255,                            # 255 units in 20 pieces
    "y" * 247 + "\U0001f600\U0001f680",   # 255 bytes of UTF-8
    "z" * 13, "z" * 12, "z" * 26,         # pieces that are full have no end mark
    "\U0001f600", "smile \U0001f600 face.txt", "\U00010000\U0010ffff",
    "\u4e2d\u6587\u6587\u4ef6\u540d.txt", "\ud55c\uad6d\uc5b4", "\u0645\u0631\u062d\u0628\u0627", "\ufb00\uff21\u20ac",
    "\u00dcn\u00efc\u00f6d\u00e9.TXT", "Stra\u00dfe", "I\u0307", "\u03c3\u03c2",
    ".hidden", "~tilde", "..two dots", "a.b.c.d", "plus+comma,semi;eq=[x].txt", "spaces  in   it", " first",
    "longfilename one.txt", "longfilename two.txt", "LONGFILENAME THREE.TXT", "lower.txt", "Mixed.Case",
]
ORPHAN = "an orphan"
# Long name, short name, and which one is the file's. No long name, one of more than 255 bytes of UTF-8, one
# with a unit that is half a character, one whose sum is wrong.
ODD = [
    ("", b"UPPER   TXT", "UPPER.TXT"), ("", b"NOEXT      ", "NOEXT"), ("", b"SP ACE  T X", "SP ACE.T X"),
    ("", b"\x05KANJI  \x9a  ", "\u03c3KANJI.\u00dc"), ("\u00e9" * 200, b"E0000~1    ", "E0000~1"),
    ("half \ud83d", b"HALF~1     ", "half \ufffd"), (ORPHAN, b"ORPHAN~1   ", "ORPHAN~1"),
]


def names(k, volume):
    files = [(name, short, b"%d: " % i + short) for i, (name, short) in enumerate(zip(NAMES, short_names(NAMES)))]
    for name, _, data in files:
        put(k, "DIR/" + name, data)
    for name, short, shown in ODD:
        files.append((name, short, short))
        put(k, "DIR/" + shown, short)
    volume.fill("DIR", files)
    # The sum of another short name: what a program leaves that knows no long names.
    at = volume.at(volume.find(b"DIR        ")[1])
    at += k.read(at, 16384).index(long_entries(ORPHAN, b"ORPHAN~1   ")) + 13
    volume.write(at, bytes([k.read(at, 1)[0] ^ 1]))


def many(k, volume):
    files = [("entry number %04d" % i, b"%d\n" % i) for i in range(5000)]
    for name, data in files:
        put(k, "DIR/" + name, data)
    volume.fill("DIR", [(name, short, data) for (name, data), short in zip(files, short_names(n for n, _ in files))])


def build(k, what, bits, cluster, size):
    k.new_image(size)
    tool(k, "mkfs.fat", "-F", str(bits), "-s", str(cluster), "-n", "A LABEL", "-i", "1a2b3c4d", k.image)
    {"names": names, "many": many}[what](k, Volume(k, bits))
    # fsck.fat agrees with all of it but the orphan, and mdir lists as many files.
    said = tool(k, "fsck.fat", "-n", k.image)
    complaint = ["Wrong checksum for long file name \"%s\"." % ORPHAN] if what == "names" else []
    if [line.rstrip() for line in said.split("\n")[1:-2] if not line.startswith("  ")] != complaint:
        raise RuntimeError("fsck.fat: " + said)
    k.lines = manifest(k)
    listed = tool(k, "mdir", "-b", "-i", k.image, "::/DIR").split("\n")
    if len([line for line in listed if line.startswith("::/DIR/")]) != len(k.lines) - 2:
        raise RuntimeError("mdir lists %d lines" % len(listed))
