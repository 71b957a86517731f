# bash completion for cloud-boot. It asks the program's own --help, so it is never out of date.

_cloud_boot_help() {
	"${COMP_WORDS[0]}" "$@" --help 2> /dev/null
}

_cloud_boot() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} cmd=${COMP_WORDS[1]-}
	local commands words value

	COMPREPLY=()
	commands=$(_cloud_boot_help | sed -n '/^commands:/,/^$/s/^  \([a-z][a-z -]*[a-z]\)  .*/\1/p')
	if [ "$COMP_CWORD" -eq 1 ]; then
		words=$(printf '%s\n' "$commands" | cut -d' ' -f1 | sort -u)
		mapfile -t COMPREPLY < <(compgen -W "$words --help --version" -- "$cur")
		return
	fi
	words=$(printf '%s\n' "$commands" | sed -n "s/^$cmd \(.*\)/\1/p")
	if [ -n "$words" ]; then
		if [ "$COMP_CWORD" -eq 2 ]; then
			mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
			return
		fi
		cmd="$cmd ${COMP_WORDS[2]}"
	fi
	# shellcheck disable=SC2086 # a command may be two words
	words=$(_cloud_boot_help $cmd | sed -n '/^options:/,/^$/s/^  \(-., \)\?\(--[a-z-]*\).*/\2/p')
	# shellcheck disable=SC2086
	value=$(_cloud_boot_help $cmd | sed -n "s/^  \(-., \)\?$prev \([^ ]*\).*/\2/p")
	case $value in
	*[a-z]'|'[a-z]*) mapfile -t COMPREPLY < <(compgen -W "${value//|/ }" -- "$cur") ;;
	ARCH) mapfile -t COMPREPLY < <(compgen -W "x86_64 aarch64 riscv64 loongarch64" -- "$cur") ;;
	*)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
		;;
	esac
}

complete -o filenames -F _cloud_boot cloud-boot
