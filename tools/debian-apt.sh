#!/bin/sh
# debian-apt.sh: another Debian suite or architecture through this machine's own apt sources.
#
# The suite's sources are the machine's with the suite name changed, so whichever mirror, proxy or
# snapshot the machine uses is used here too. All state is private and lives in the cache directory;
# the system's apt and dpkg are only read. Signatures are checked against Debian's own keyring.
set -eu

usage() {
	cat >&2 <<'END'
usage: tools/debian-apt.sh SUITE ARCH update                  fetch the package lists
       tools/debian-apt.sh SUITE ARCH download DIR PACKAGE... fetch just these .debs, print their paths
       tools/debian-apt.sh SUITE ARCH exec COMMAND...         run COMMAND with APT_CONFIG set
       tools/debian-apt.sh SUITE ARCH config                  print the path for APT_CONFIG
       tools/debian-apt.sh SUITE ARCH sources                 print the sources, one a line

SUITE is a Debian code name (bookworm, trixie), ARCH a Debian architecture (amd64, arm64), or
`source` for the suite's source packages. PACKAGE may be PACKAGE=VERSION.

example: tools/debian-apt.sh trixie arm64 download /tmp/debs linux-image-cloud-arm64

environment: CLOUD_BOOT_DEBIAN_URI  a Debian archive to use instead of the machine's sources
             XDG_CACHE_HOME         state is kept in $XDG_CACHE_HOME/cloud-boot/apt
END
	exit 2
}

die() {
	printf 'debian-apt: %s\n' "$*" >&2
	exit 1
}

# "URI SUITE" a line, for the suite itself and for -updates and -security where the machine has them.
# Origin is only known once `apt-get update` has run; before that every main component is a candidate
# and the keyring is what keeps foreign archives out.
derive_sources() {
	if [ -n "${CLOUD_BOOT_DEBIAN_URI:-}" ]; then
		printf '%s %s\n' "$CLOUD_BOOT_DEBIAN_URI" "$suite"
		return
	fi
	# shellcheck disable=SC2016 # $(NAME) is apt's own syntax
	apt-get indextargets --no-release-info \
		--format '$(CREATED_BY) $(COMPONENT) $(ORIGIN) $(REPO_URI) $(RELEASE)' |
	awk -v suite="$suite" -v code="$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" '
		BEGIN {
			split(code " stable oldstable testing unstable sid bookworm trixie forky", b, " ")
			for (i in b)
				base[b[i]] = 1
		}
		$1 == "Packages" && $2 == "main" && ($3 == "Debian" || $3 == "$(ORIGIN)") {
			name = $5
			tail = ""
			if (match(name, /-(updates|security)$/)) {
				tail = substr(name, RSTART)
				name = substr(name, 1, RSTART - 1)
			}
			if (name in base && !seen[$4, tail]++)
				print $4, suite tail
		}'
}

write_config() {
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	option=
	if [ -r "$keyring" ]; then
		option="signed-by=$keyring"
	fi
	type=deb
	option="arch=$native${option:+ $option}"
	if [ "$arch" = source ]; then
		type=deb-src
	fi

	mkdir -p "$state/etc" "$state/lists/partial" "$state/archives/partial"
	: >> "$state/status"
	derive_sources | while read -r uri name; do
		printf '%s [%s] %s %s main\n' "$type" "$option" "$uri" "$name"
	done > "$state/sources.$$"
	if [ ! -s "$state/sources.$$" ]; then
		rm -f "$state/sources.$$"
		die "this machine's apt sources name no Debian archive to derive suite $suite from;" \
			"set CLOUD_BOOT_DEBIAN_URI to one"
	fi
	{
		# How to reach an archive is the machine's business; its hooks and index options are not
		# wanted, so only these settings are taken over.
		apt-config dump | grep -E '^Acquire::([a-z]+::|Retries|ForceIPv|Check-)' |
			grep -v '^Acquire::cdrom' || :
		cat <<END
APT::Architecture "$native";
APT::Architectures { "$native"; };
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Dir::Etc::Parts "$state/etc";
Dir::Etc::Main "$state/etc/none";
Dir::Etc::SourceList "$state/sources.list";
Dir::Etc::SourceParts "$state/etc";
Dir::Etc::Preferences "$state/etc/none";
Dir::Etc::PreferencesParts "$state/etc";
Dir::State::Status "$state/status";
Dir::State::Extended_States "$state/extended_states";
Dir::State::Lists "$state/lists";
Dir::Cache "$state";
Dir::Cache::Archives "$state/archives";
END
	} > "$state/conf.$$"
	for f in sources:sources.list conf:apt.conf; do
		if cmp -s "$state/${f%%:*}.$$" "$state/${f#*:}"; then
			rm "$state/${f%%:*}.$$"
		else
			mv "$state/${f%%:*}.$$" "$state/${f#*:}"
		fi
	done
}

# Callers may run side by side: one fetches, the others wait for it. apt-get reports a vanished suite
# as a warning with exit 0 in some versions, hence the look at the lists.
update() {
	log="$state/update.log"
	# On a full disk apt-get neither ends nor says anything.
	room=$(df -Pk "$state" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$room" -ge 256 ] || die "$state: $room MiB free: package lists and kernels need 256"
	if flock "$state/lock" env APT_CONFIG="$state/apt.conf" \
		apt-get update --error-on=any > "$log" 2>&1; then
		return
	fi
	printf "debian-apt: Debian suite %s (%s) can't be reached through this machine's apt sources:\n" \
		"$suite" "$arch" >&2
	sed -n 's/^[EW]: /  /p' "$log" >&2
	sed 's/^/  tried: /' "$state/sources.list" >&2
	exit 1
}

need_lists() {
	set -- "$state"/lists/*_Packages* "$state"/lists/*_Sources*
	if [ ! -e "$1" ] && [ ! -e "$2" ]; then
		update
	fi
}

fetch() {
	(cd "$dir" && APT_CONFIG="$state/apt.conf" apt-get -q download "$@") > "$state/download.$$" 2>&1
}

# A package that was superseded since the lists were read is gone from the archive: read them again,
# once, before saying that it can't be had.
download() {
	[ $# -ge 2 ] || usage
	dir=$1
	shift
	[ -d "$dir" ] || die "download: $dir is not a directory"
	[ "$arch" != source ] || die "download: source packages are fetched with: exec apt-get source"
	need_lists
	if ! fetch "$@"; then
		update
		if ! fetch "$@"; then
			sed -n 's/^[EW]: /  /p' "$state/download.$$" >&2
			rm -f "$state/download.$$"
			die "can't download from Debian $suite ($arch): $*"
		fi
	fi
	rm -f "$state/download.$$"
	APT_CONFIG="$state/apt.conf" apt-get -q download --print-uris "$@" |
		awk -v dir="$dir" '{ print dir "/" $2 }'
}

[ $# -ge 3 ] || usage
suite=$1
arch=$2
command=$3
shift 3
case $suite$arch in
*[!a-z0-9-]*) usage ;;
esac
for tool in apt-get apt-config flock; do
	command -v "$tool" > /dev/null || die "$tool is missing: this needs a Debian-like machine"
done
native=$arch
if [ "$arch" = source ]; then
	native=$(dpkg --print-architecture)
fi
state=${XDG_CACHE_HOME:-$HOME/.cache}/cloud-boot/apt/$suite-$arch
write_config

case $command in
update) update ;;
download) download "$@" ;;
exec)
	[ $# -ge 1 ] || usage
	need_lists
	APT_CONFIG=$state/apt.conf exec "$@"
	;;
config) printf '%s\n' "$state/apt.conf" ;;
sources) cat "$state/sources.list" ;;
*) usage ;;
esac
