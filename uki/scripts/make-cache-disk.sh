#!/bin/sh
# make-cache-disk.sh PATH [MiB=256]: the disk that cloud-boot stages kernels on, as `cloud-boot cache-disk` makes it;
# its options may be given, too. The command is the one beside this script, of this build tree, or in PATH.
set -eu
here=$(dirname "$0")
for command in "$here/cloud-boot" "$here/../../out/host/cloud-boot" cloud-boot; do
	if command -v "$command" > /dev/null; then
		exec "$command" cache-disk "$@"
	fi
done
echo "make-cache-disk: no cloud-boot beside this script, in the build tree or in PATH; 'make' builds it" >&2
exit 1
