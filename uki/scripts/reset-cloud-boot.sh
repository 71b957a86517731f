#!/bin/sh
# reset-cloud-boot.sh - takes back what cloud-boot told the firmware, from inside any distro. Nothing of the
# firmware's own or of others is changed. Works on efivarfs with od, dd, rm and chattr; efibootmgr, where
# there is one, stands in for a missing chattr.
set -u

usage() {
	cat <<'END'
usage: reset-cloud-boot.sh [--reboot]

Removes cloud-boot's boot entry, its place in BootOrder, BootNext if it names that entry, and cloud-boot's
own EFI variables; and, on a cloud-boot-cache partition, the note of what was staged and the boot file for
firmware that keeps no variables. The staged kernels stay: cloud-boot uses or prunes them.

  --reboot    reboot when everything is removed
  --help      print this

exit status: 0 removed, or nothing was there; 1 something is left, and was named; 2 wrong usage;
3 no EFI variables here (started by BIOS, or efivarfs can't be mounted)

environment: CLOUD_BOOT_ROOT  a folder with sys, dev and proc, in place of the machine's own

example: sudo sh reset-cloud-boot.sh --reboot
END
}

reboot_after=no
for word; do
	case $word in
	--reboot) reboot_after=yes ;;
	--help | -h) usage; exit 0 ;;
	*) echo "reset-cloud-boot: unknown argument '$word'" >&2; usage >&2; exit 2 ;;
	esac
done

root=${CLOUD_BOOT_ROOT:-}
vars=$root/sys/firmware/efi/efivars
global=8be4df61-93ca-11d2-aa0d-00e098032b8c
ours=c10ddb07-83c5-4d3e-9b76-1f4c0e7a3b8e
[ -z "$root" ] || export EFIVARFS_PATH="$vars/" LIBEFIVAR_OPS=efivarfs
left=0
removed=0
mounted=no
was_readonly=no

say() { printf 'reset-cloud-boot: %s\n' "$*"; }
complain() { printf 'reset-cloud-boot: %s\n' "$*" >&2; left=$((left + 1)); }
have() { command -v "$1" > /dev/null 2>&1; }

# A file's bytes as hexadecimal digits.
hex() { [ ! -r "$1" ] || od -An -v -tx1 "$1" 2> /dev/null | tr -d ' \n'; }

# The 16-bit number that starts a string of digits, low byte first, as four upper-case digits.
number() {
	number_rest=${1#??}
	printf '%s%s' "${number_rest%"${number_rest#??}"}" "${1%"$number_rest"}" | tr abcdef ABCDEF
}

# An EFI_LOAD_OPTION (digits, behind the variable's attributes) is ours when it is called "cloud-boot ..."
# and leads to one file below \EFI\Linux on one GPT partition.
is_ours() {
	rest=${1#????????}                          # LOAD_OPTION attributes
	path_size=$((0x$(number "$rest") * 2))
	rest=${rest#????}
	case $rest in
	63006c006f00750064002d0062006f006f0074002000*) ;;
	*) return 1 ;;
	esac
	while :; do                                 # the description, up to its zero
		case $rest in
		0000*) rest=${rest#????}; break ;;
		????*) rest=${rest#????} ;;
		*) return 1 ;;
		esac
	done
	case $rest in
	04012a00*) ;;                               # HD(), 42 bytes, and its format byte
	*) return 1 ;;
	esac
	rest=${rest#????????????????????????????????????????????????????????????????????????????????}
	case $rest in
	02??0404????5c00[46]500[46]600[46]9005c00[46]c00[46]900[46]e00[57]500[57]8005c00*) ;;
	*) return 1 ;;
	esac
	rest=${rest#????????}
	file_size=$((0x$(number "$rest") * 2))
	[ "$path_size" -eq $((84 + file_size + 8)) ]
}

# What is behind a deletion or a write that fails on efivarfs, most often.
why() { have chattr || printf ' (chattr, package e2fsprogs, is missing)'; }

# The kernel sets the immutable flag on variables that firmware may need: lifted where that is in the way.
delete() {
	[ -e "$1" ] || return 0
	rm -f "$1" 2> /dev/null && [ ! -e "$1" ] && return 0
	chattr -i "$1" 2> /dev/null
	rm -f "$1" 2> /dev/null
	[ ! -e "$1" ]
}

# A variable becomes these digits, attributes included, in one write; it is never cut to nothing first. A plain
# file keeps its old tail: that is cut off behind.
write() {
	octal=
	rest=$2
	while [ -n "$rest" ]; do
		tail=${rest#??}
		octal="$octal\\0$(printf '%03o' "0x${rest%"$tail"}")"
		rest=$tail
	done
	for try in as-is unlocked; do
		[ $try = as-is ] || chattr -i "$1" 2> /dev/null
		printf '%b' "$octal" | dd of="$1" bs=65536 count=1 conv=notrunc 2> /dev/null
		case $(hex "$1") in
		"$2"?*) dd of="$1" bs=1 seek=$((${#2} / 2)) count=0 2> /dev/null < /dev/null ;;
		esac
		[ $try = as-is ] || chattr +i "$1" 2> /dev/null
		[ "$(hex "$1")" != "$2" ] || return 0
	done
	return 1
}

# BootOrder's digits without one number.
without() {
	rest=$1
	kept=
	while [ ${#rest} -ge 4 ]; do
		[ "$(number "$rest")" = "$2" ] || kept=$kept${rest%"${rest#????}"}
		rest=${rest#????}
	done
	printf '%s' "$kept"
}

leave_order() {
	order=$(hex "$vars/BootOrder-$global")
	[ ${#order} -ge 8 ] || return 0
	new=$(without "${order#????????}" "$1")
	[ "$new" != "${order#????????}" ] || return 0
	if [ -z "$new" ]; then
		delete "$vars/BootOrder-$global"
	else
		write "$vars/BootOrder-$global" "${order%"${order#????????}"}$new"
	fi
}

leave_next() {
	next=$(hex "$vars/BootNext-$global")
	[ ${#next} -ge 12 ] && [ "$(number "${next#????????}")" = "$1" ] || return 0
	delete "$vars/BootNext-$global" && return 0
	have efibootmgr && efibootmgr -q -N > /dev/null 2>&1
}

# What points to the entry goes before the entry does.
remove_entry() {
	leave_next "$1" || complain "BootNext can't be deleted$(why)"
	if ! leave_order "$1" || ! delete "$vars/Boot$1-$global"; then
		! have efibootmgr || efibootmgr -q -b "$1" -B > /dev/null 2>&1
		leave_order "$1" || complain "BootOrder can't be written$(why)"
	fi
	if delete "$vars/Boot$1-$global"; then
		say "Boot$1 is removed"
		removed=$((removed + 1))
	else
		complain "Boot$1 can't be deleted$(why)"
	fi
}

remove_entries() {
	for file in "$vars"/Boot[0-9A-F][0-9A-F][0-9A-F][0-9A-F]-"$global"; do
		[ -e "$file" ] || continue
		value=$(hex "$file")
		if [ ${#value} -gt 40 ] && is_ours "${value#????????}"; then
			name=${file##*/Boot}
			remove_entry "${name%%-*}"
		fi
	done
}

remove_variables() {
	for file in "$vars"/*-"$ours"; do
		[ -e "$file" ] || continue
		name=${file##*/}
		if delete "$file"; then
			say "${name%-"$ours"} is removed"
			removed=$((removed + 1))
		else
			complain "${name%-"$ours"} can't be deleted$(why)"
		fi
	done
}

# On a mounted cache partition: the note, and the file that stands in for a boot entry.
clean_cache() {
	for file in "$1"/EFI/cloud-boot/staged "$1"/EFI/BOOT/BOOT*.EFI; do
		[ -e "$file" ] || continue
		if rm -f "$file" 2> /dev/null; then
			say "${file#"$1"} on the cache partition is removed"
			removed=$((removed + 1))
		else
			complain "${file#"$1"} on the cache partition can't be removed"
		fi
	done
	sync
}

where_mounted() {
	while read -r device folder rest; do
		[ "$device" != "$1" ] || { printf '%b' "$folder"; return; } # a blank is \040
	done < "$root/proc/mounts"
}

clean_caches() {
	for file in "$root"/sys/class/block/*/uevent; do
		grep -qx PARTNAME=cloud-boot-cache "$file" 2> /dev/null || continue
		device=$root/dev/$(sed -n 's/^DEVNAME=//p' "$file")
		folder=$(where_mounted "$device")
		if [ -n "$folder" ]; then
			clean_cache "$folder"
			continue
		fi
		folder=$(mktemp -d) || { complain "no folder to mount $device on"; continue; }
		if mount -t vfat -o nosuid,nodev,noexec "$device" "$folder" 2> /dev/null; then
			clean_cache "$folder"
			umount "$folder"
		else
			complain "$device can't be mounted; cloud-boot may take its note for a lost boot entry"
		fi
		rmdir "$folder"
	done
}

# Mounted and writable, or the end.
open_vars() {
	if [ ! -d "$vars" ]; then
		say "there are no EFI variables: this machine was started by BIOS, or its kernel lacks efivarfs" >&2
		exit 3
	fi
	case $(echo "$vars"/*-*) in
	"$vars/*-*")
		# A folder of somebody's must not become the machine's own variables.
		if [ -n "$root" ] || ! mount -t efivarfs efivarfs "$vars" 2> /dev/null; then
			say "efivarfs can't be mounted on $vars; are you root?" >&2
			exit 3
		fi
		mounted=yes
		;;
	esac
	if [ ! -w "$vars" ] && mount -o remount,rw "$vars" 2> /dev/null; then
		was_readonly=yes
	fi
	if [ ! -w "$vars" ]; then
		say "$vars can't be written; are you root?" >&2
		exit 1
	fi
}

have od || { say "od is missing (package coreutils or busybox)" >&2; exit 1; }
open_vars
clean_caches
remove_entries
remove_variables
[ $was_readonly = no ] || mount -o remount,ro "$vars"
[ $mounted = no ] || umount "$vars"
sync
if [ $left -gt 0 ]; then
	say "$left things are left; on a locked-down system, use the firmware's own setup" >&2
	exit 1
fi
[ $removed -gt 0 ] || say "there was nothing of cloud-boot"
if [ $reboot_after = yes ]; then
	say "rebooting"
	reboot || systemctl reboot || reboot -f
fi
