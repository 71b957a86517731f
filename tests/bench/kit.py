"""What every benchmark needs: run a command and know what it took; print figures beside a peer."""
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "out", "bench")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "cloud-boot")
CLOUD_BOOT = os.path.join(ROOT, "out", "host", "cloud-boot")


def measure(cmd, runs=3, env=None, cwd=None):
    """Best wall seconds of `runs`, and the peak RSS in KiB of the largest process of one run."""
    best, rss = None, 0
    for _ in range(runs):
        t = time.monotonic()
        pid = os.fork()
        if pid == 0:
            try:
                null = os.open("/dev/null", os.O_RDWR)
                for fd in (0, 1, 2):
                    os.dup2(null, fd)
                if cwd:
                    os.chdir(cwd)
                os.execvpe(cmd[0], cmd, env or os.environ)
            finally:
                os._exit(127)
        _, status, usage = os.wait4(pid, 0)
        wall = time.monotonic() - t
        if status != 0:
            raise RuntimeError("%s: exit status %d" % (" ".join(cmd), os.waitstatus_to_exitcode(status)))
        best = wall if best is None else min(best, wall)
        rss = max(rss, usage.ru_maxrss)
    return best, rss


def reads(cmd, path):
    """How many read calls `cmd` makes on the file `path`, and the bytes they ask for, by strace."""
    log = os.path.join(OUT, "strace")
    subprocess.run(["strace", "-f", "-y", "-qq", "-e", "trace=read,pread64,preadv,readv", "-o", log] + cmd,
                   stdout=subprocess.DEVNULL, check=True)
    n = size = 0
    with open(log, errors="replace") as f:
        for line in f:
            if "<%s>" % os.path.realpath(path) in line and " = " in line:
                got = line.rsplit(" = ", 1)[1].split()[0]
                if got.isdigit() and int(got) > 0:
                    n += 1
                    size += int(got)
    return n, size


def need(tool, package):
    if not shutil.which(tool):
        sys.exit("bench: %s is missing: install the Debian package %s" % (tool, package))


def heading(text):
    print("\n%s\n%s" % (text, "-" * len(text)), flush=True)


def row(name, value, note=""):
    print("  %-44s %16s  %s" % (name, value, note), flush=True)
