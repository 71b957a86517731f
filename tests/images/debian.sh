#!/bin/sh
# debian.sh SUITE ARCH IMAGE: a Debian cloud-style disk image out of Debian's own packages.
#
# The layout is that of Debian's cloud images: GPT with the root file system as partition 1 behind a
# BIOS boot partition 14 (amd64) and an ESP 15. Nothing is mounted from the image: the tree is made in
# a directory, mke2fs -d and mtools fill the file systems. Packages are unpacked by the host's dpkg,
# because dpkg under emulation takes three minutes for that, and configured inside the tree, so that
# every maintainer script runs as it does on a real machine of that architecture.
#
# Needs root, or user namespaces (uidmap); for a foreign architecture qemu-user-static.
set -eu

started=$(date +%s)
here=$(cd "$(dirname "$0")" && pwd)
apt=$here/../../tools/debian-apt.sh

ESP_START=8192          # sectors, as the cloud images have it
ROOT_START=262144
ROOT_BYTES=1342177280   # 1.25 GiB: the system, and room for one more kernel or two
DISK_BYTES=$((ROOT_START * 512 + ROOT_BYTES + 1048576))

die() {
	printf 'debian.sh: %s\n' "$*" >&2
	exit 1
}

step() {
	printf '%4d s  %s: %s\n' $(($(date +%s) - started)) "$suite-$arch" "$*" >&2
}

# Mounts and stray processes of the build end with the namespaces, however it ends.
enter_namespace() {
	[ -z "${IN_NAMESPACE:-}" ] || return 0
	export IN_NAMESPACE=1
	if [ "$(id -u)" = 0 ]; then
		exec unshare --mount --pid --fork --kill-child -- "$0" "$@"
	fi
	exec unshare --user --map-root-user --map-auto --mount --pid --fork --kill-child -- "$0" "$@"
}

# Programs of the other architecture must start by themselves: the kernel hands them to qemu.
need_emulation() {
	[ "$(dpkg --print-architecture)" != "$arch" ] || return 0
	binfmt=/proc/sys/fs/binfmt_misc
	[ -e $binfmt/register ] || mount -t binfmt_misc binfmt_misc $binfmt 2> /dev/null || :
	[ ! -e $binfmt/qemu-$cpu ] || return 0
	[ -r /usr/lib/binfmt.d/qemu-$cpu.conf ] ||
		die "no emulation of $cpu programs: install the package qemu-user-static"
	# Two images may be made at once: who came second finds it told.
	cat /usr/lib/binfmt.d/qemu-$cpu.conf > $binfmt/register 2> /dev/null || [ -e $binfmt/qemu-$cpu ] ||
		die "the kernel can't be told about qemu-$cpu: run once as root, or install binfmt-support"
}

uuid_of() {
	python3 -c 'import sys, uuid; print(uuid.uuid5(uuid.NAMESPACE_OID, sys.argv[1]))' \
		"cloud-boot-test-image/$suite-$arch/$1"
}

fetch_packages() {
	case $arch in
	amd64) boot="grub-cloud-amd64" ;;
	arm64) boot="grub-efi-arm64 grub-efi-arm64-signed shim-signed" ;;
	esac
	"$apt" "$suite" "$arch" update
	# shellcheck disable=SC2086 # a list of packages
	"$apt" "$suite" "$arch" exec apt-get -q -y --download-only \
		-o Dir::Cache::Archives="$work/debs" install '?essential' '?priority(required)' \
		systemd-sysv udev initramfs-tools zstd e2fsprogs kmod "linux-image-cloud-$arch" \
		$boot > "$work/apt.log" 2>&1 || {
		tail -n 20 "$work/apt.log" >&2
		die "fetching the packages of $suite for $arch failed"
	}
}

# Every package's files first, so that the pre-installation scripts find a working system. No other
# --force-* here: --force-all would run these scripts on the host, without chroot.
unpack_packages() {
	mkdir -p "$root/usr"
	for d in bin sbin lib; do
		mkdir "$root/usr/$d"
		ln -s "usr/$d" "$root/$d"
	done
	if [ "$arch" = amd64 ]; then
		mkdir "$root/usr/lib64"
		ln -s usr/lib64 "$root/lib64"
	fi
	for deb in "$work"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -C "$root" -x --keep-directory-symlink --exclude-from="$work/exclude"
	done
	: >> "$root/var/lib/dpkg/status"
	for n in null zero full random urandom tty; do
		: > "$root/dev/$n"
		mount --bind "/dev/$n" "$root/dev/$n"
	done
	mount -t proc proc "$root/proc"
	printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"

	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive \
		dpkg --root="$root" --force-depends --force-architecture --no-triggers \
		--path-exclude='/usr/share/doc/*' --path-exclude='/usr/share/man/*' \
		--path-exclude='/usr/share/locale/*' \
		--path-exclude='/usr/lib/udev/hwdb.d/*' \
		--unpack "$work"/debs/*.deb > "$work/unpack.log" 2>&1 || {
		tail -n 20 "$work/unpack.log" >&2
		die "unpacking failed"
	}
}

in_root() {
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true INITRD=No \
		ROOT_UUID="$root_uuid" ROOT_PARTUUID="$root_partuuid" "$@"
}

# base-passwd, the C library and awk before whatever uses them without saying so.
configure_packages() {
	rm -f "$root/var/lib/dpkg/arch"
	for what in "--force-depends base-passwd libc6 mawk base-files" --pending; do
		# shellcheck disable=SC2086 # options and packages
		in_root dpkg --configure $what > "$work/conf.log" 2>&1 || {
			tail -n 20 "$work/conf.log" >&2
			die "configuring failed"
		}
	done
}

add_files() {
	install -m 755 "$here/files/marker" "$here/files/dirty" "$root/usr/local/sbin/"
	for unit in marker marker-poweroff marker-dirty; do
		install -m 644 "$here/files/$unit.service" "$root/etc/systemd/system/"
		mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
		ln -s "/etc/systemd/system/$unit.service" \
			"$root/etc/systemd/system/multi-user.target.wants/$unit.service"
	done
	mkdir -p "$root/etc/systemd/system.conf.d"
	install -m 644 "$here/files/patient.conf" "$root/etc/systemd/system.conf.d/"
	cat > "$root/etc/fstab" <<END
PARTUUID=$root_partuuid / ext4 rw,discard,errors=remount-ro,x-systemd.growfs 0 1
PARTUUID=$esp_partuuid /boot/efi vfat defaults 0 0
END
	echo debian > "$root/etc/hostname"
	printf '127.0.0.1 localhost\n::1 localhost\n' > "$root/etc/hosts"
	if [ "$arch" = arm64 ]; then
		mkdir -p "$root/etc/default/grub.d"
		cat > "$root/etc/default/grub.d/10_cloud.cfg" <<END
GRUB_CMDLINE_LINUX_DEFAULT=
GRUB_CMDLINE_LINUX="console=tty0 console=ttyAMA0,115200"
GRUB_TIMEOUT=1
END
	fi
}

make_boot() {
	in_root update-initramfs -c -k all > "$work/initrd.log" 2>&1 || {
		tail -n 20 "$work/initrd.log" >&2
		die "making the initrd failed"
	}
	mkdir -p "$root/boot/grub/$grub_dir" "$root/boot/efi"
	cp "$root/usr/lib/grub/$grub_dir"/*.mod "$root/usr/lib/grub/$grub_dir"/*.lst \
		"$root/boot/grub/$grub_dir/"
	in_root grub-editenv /boot/grub/grubenv create
	mv "$root/usr/sbin/grub-probe" "$work/grub-probe"
	install -m 755 "$here/files/grub-probe" "$root/usr/sbin/grub-probe"
	in_root grub-mkconfig -o /boot/grub/grub.cfg > "$work/grub.log" 2>&1 || {
		tail -n 20 "$work/grub.log" >&2
		die "grub-mkconfig failed"
	}
	mv "$work/grub-probe" "$root/usr/sbin/grub-probe"
}

clean_tree() {
	umount "$root/proc"
	for n in null zero full random urandom tty; do
		umount "$root/dev/$n"
		rm "$root/dev/$n"
	done
	rm -rf "$root/usr/sbin/policy-rc.d" "$root/var/lib/apt/lists" "$root/var/log" "$root/var/cache/debconf"
	mkdir -p "$root/var/log" "$root/var/cache/debconf" "$root/var/lib/apt/lists/partial"
	: > "$root/etc/machine-id"
	rm -f "$root/etc/resolv.conf" "$root/var/lib/dbus/machine-id"
}

# What grub-install writes for a signed GRUB; it can't run here, because it insists on a mounted ESP.
fill_esp() {
	export MTOOLS_SKIP_CHECK=1
	at=$work/esp
	shim=$root/usr/lib/shim
	signed=$root/usr/lib/grub/$grub_dir-signed
	cat > "$work/grub.cfg" <<END
search.fs_uuid $root_uuid root hd0,gpt1 
set prefix=(\$root)'/boot/grub'
configfile \$prefix/grub.cfg
END
	mmd -i "$at" ::/EFI ::/EFI/debian ::/EFI/BOOT
	mcopy -i "$at" "$shim/shim$efi.efi.signed" "::/EFI/debian/shim$efi.efi"
	mcopy -i "$at" "$shim/mm$efi.efi.signed" "::/EFI/debian/mm$efi.efi"
	mcopy -i "$at" "$shim/fb$efi.efi.signed" "::/EFI/debian/fb$efi.efi"
	mcopy -i "$at" "$shim/BOOT$efi_upper.CSV" ::/EFI/debian/
	mcopy -i "$at" "$signed/grub$efi.efi.signed" "::/EFI/debian/grub$efi.efi"
	mcopy -i "$at" "$work/grub.cfg" ::/EFI/debian/grub.cfg
	mcopy -i "$at" "$shim/shim$efi.efi.signed" "::/EFI/BOOT/BOOT$efi_upper.EFI"
	mcopy -i "$at" "$shim/mm$efi.efi.signed" "::/EFI/BOOT/mm$efi.efi"
	mcopy -i "$at" "$signed/grub$efi.efi.signed" "::/EFI/BOOT/grub$efi.efi"
}

make_disk() {
	rm -f "$image"
	truncate -s "$DISK_BYTES" "$image"
	set -- --new=15:$ESP_START:$((ROOT_START - 1)) --typecode=15:ef00 --partition-guid=15:"$esp_partuuid" \
		--new=1:$ROOT_START:$((ROOT_START + ROOT_BYTES / 512 - 1)) --typecode=1:"$root_type" \
		--partition-guid=1:"$root_partuuid" --disk-guid="$disk_uuid"
	if [ "$arch" = amd64 ]; then
		set -- --new=14:2048:8191 --typecode=14:ef02 --partition-guid=14:"$(uuid_of bios)" "$@"
	fi
	sgdisk "$@" "$image" > /dev/null
	truncate -s $(((ROOT_START - ESP_START) * 512)) "$work/esp"
	mkfs.vfat -i "$(printf %.8s "$(uuid_of esp)")" "$work/esp" > /dev/null
	fill_esp
	dd if="$work/esp" of="$image" bs=1M seek=$((ESP_START / 2048)) conv=notrunc,sparse status=none

	# The defaults of the suite's own mke2fs.
	features=has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super
	features=$features,large_file,huge_file,dir_nlink,extra_isize,metadata_csum
	if [ "$suite" != bookworm ]; then
		features=$features,metadata_csum_seed,orphan_file
	fi
	mke2fs -q -t ext4 -O "none,$features" -b 4096 -I 256 -L cloud-root -U "$root_uuid" \
		-E "hash_seed=$(uuid_of hash),offset=$((ROOT_START * 512))" \
		-d "$root" "$image" $((ROOT_BYTES / 1024))k
}

[ $# -eq 3 ] || die "usage: debian.sh bookworm|trixie amd64|arm64 IMAGE"
suite=$1
arch=$2
image=$3
case $arch in
amd64) cpu=x86_64 efi=x64 efi_upper=X64 grub_dir=x86_64-efi root_type=8304 ;;
arm64) cpu=aarch64 efi=aa64 efi_upper=AA64 grub_dir=arm64-efi root_type=8305 ;;
*) die "architecture $arch: amd64 or arm64" ;;
esac
enter_namespace "$@"
need_emulation

work=$(mktemp -d "${TMPDIR:-/tmp}/cloud-boot-image.XXXXXX")
trap 'rm -rf --one-file-system "$work" 2> /dev/null' EXIT
root=$work/root
mkdir "$root" "$work/debs"
printf '%s\n' './usr/share/doc/*' './usr/share/man/*' './usr/share/locale/*' \
	'./usr/lib/udev/hwdb.d/*' > "$work/exclude"
root_uuid=$(uuid_of root)
root_partuuid=$(uuid_of root-part)
esp_partuuid=$(uuid_of esp-part)
disk_uuid=$(uuid_of disk)
umask 022

step "fetching packages"
fetch_packages
step "unpacking $(find "$work/debs" -name '*.deb' | wc -l) packages"
unpack_packages
step "configuring"
configure_packages
add_files
step "initrd and grub.cfg"
make_boot
clean_tree
step "disk"
make_disk
step "done"
