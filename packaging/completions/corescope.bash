# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# bash completion for corescope and links that are named like its tools. Needs bash alone: bash-completion only finds
# this file. What commands take is generated from their declarations, one line for each option:
#   LETTER LONG KIND WORDS...    - for what there is none of; a KIND with ? in front may be left out
# and for each word without a dash: @ NUMBER KIND WORDS..., where * is all that are left.

# @data@

# The words up to the cursor as they were typed: bash has cut them at = : and @ as well. Sets words and piece, the part
# of the last word that a completion replaces.
_corescope_words() {
	local line=${COMP_LINE:0:COMP_POINT} i part
	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		part=${COMP_WORDS[i]}
		if ((i == COMP_CWORD)); then
			# Behind the cursor may be more of it.
			[[ $line == *"$part" ]] || { while [[ -n $part && $line != *"$part" ]]; do part=${part%?}; done; }
		fi
		if ((i == 0)) || [[ $line == [[:space:]]* ]]; then
			words+=("$part")
		else
			words[${#words[@]} - 1]+=$part
		fi
		line=${line#"${line%%[![:space:]]*}"}
		line=${line#"$part"}
	done
	piece=$part
	[[ $piece == [=:@] ]] && piece=
}

# Adds those of the candidates (lines) that continue $value, each behind $before.
_corescope_offer() {
	local candidate
	while IFS= read -r candidate; do
		[[ -n $candidate && $candidate == "$value"* ]] && COMPREPLY+=("$before$candidate")
	done
}

_corescope_cgroup_mount() {
	local where type
	while read -r _ where type _; do
		[[ $type == cgroup2 ]] && { printf '%s' "$where"; return; }
	done < /proc/self/mounts
}

# $1 kind, then its words: completes $value.
_corescope_value() {
	local kind=${1#\?} mount
	shift
	case $kind in
	words | hook) _corescope_offer < <(printf '%s\n' "$@") ;;
	list)
		if [[ $value == *,* ]]; then
			before+=${value%,*},
			value=${value##*,}
		fi
		compopt -o nospace
		_corescope_offer < <(printf '%s\n' "$@")
		;;
	file)
		compopt -o filenames
		_corescope_offer < <(compgen -f -- "$value")
		;;
	folder)
		compopt -o filenames
		_corescope_offer < <(compgen -d -- "$value")
		;;
	pid) _corescope_offer < <(cd /proc && printf '%s\n' [0-9]*) ;;
	user) _corescope_offer < <(compgen -u -- "$value") ;;
	cgroup)
		mount=$(_corescope_cgroup_mount)
		compopt -o nospace
		# Below the mount, or anywhere in the file system.
		[[ -z $mount ]] || _corescope_offer < <(cd "$mount" && compgen -d -S / -- "${value#/}" | sed 's|^|/|')
		((${#COMPREPLY[@]})) || _corescope_offer < <(compgen -d -S / -- "$value")
		;;
	unit)
		mount=$(_corescope_cgroup_mount)
		[[ -z $mount ]] || _corescope_offer < <(find "$mount" -type d \
			\( -name '*.service' -o -name '*.scope' -o -name '*.slice' \) -printf '%f\n' 2> /dev/null | sort -u)
		;;
	pin) _corescope_offer < <(ls /sys/fs/bpf/corescope 2> /dev/null) ;;
	tool) _corescope_offer < <(printf '%s\n' "${_corescope_tools[@]}") ;;
	esac
}

# The tool that a program or a word names, as corescope itself finds it: also with a prefix or suffix. Sets tool.
_corescope_tool_of() {
	local each
	for each in "${_corescope_tools[@]}"; do
		if [[ $1 == "$each" || $1 == *-"$each" || $1 == "$each"-* ]]; then
			tool=$each
			return 0
		fi
	done
	return 1
}

_corescope_commands_of() {
	local known=$1 each
	shift
	for each; do [[ $each == "$known" ]] && return 0; done
	return 1
}

# Completes the last of words[], which come from number $1 on behind the command $2.
_corescope_command() {
	local at=$1 positional=0 letter long kind rest line word option='' dashes='' i
	local -A kinds=() choices=() letters=()
	local longs=() places=()
	while read -r letter long kind rest; do
		if [[ $letter == @ ]]; then
			places+=("$long $kind $rest")
			continue
		fi
		[[ -n $long ]] || continue
		kinds[$long]=$kind
		choices[$long]=$rest
		longs+=("$long")
		[[ $letter == - ]] || letters[$letter]=$long
	done < <(_corescope_takes "$2")

	# What the words before the last one leave for it.
	local last=$((${#words[@]} - 1))
	for ((; at < last; at++)); do
		word=${words[at]}
		if [[ -n $option ]]; then
			option=
		elif [[ -n $dashes || $word != -?* ]]; then
			positional=$((positional + 1))
		elif [[ $word == -- ]]; then
			dashes=1
		elif [[ $word == --* ]]; then
			[[ $word == *=* || ${kinds[${word#--}]:--} == [-?]* ]] || option=${word#--}
		else
			for ((i = 1; i < ${#word}; i++)); do
				long=${letters[${word:i:1}]:-}
				[[ -n $long && ${kinds[$long]} != - ]] || continue
				[[ ${kinds[$long]} == \?* ]] || ((i + 1 < ${#word})) || option=$long
				break
			done
		fi
	done

	local value=${words[last]} before=
	word=$value
	if [[ -z $option && -z $dashes && $word == --*=* ]]; then
		option=${word#--}
		option=${option%%=*}
		before=${word%%=*}=
		value=${word#*=}
	elif [[ -z $option && -z $dashes && $word == -[!-]?* ]]; then
		for ((i = 1; i < ${#word} - 1; i++)); do
			long=${letters[${word:i:1}]:-}
			[[ -n $long && ${kinds[$long]} != - ]] || continue
			option=$long
			before=${word:0:i+1}
			value=${word:i+1}
			break
		done
	fi
	if [[ -n $option ]]; then
		# shellcheck disable=SC2086
		_corescope_value "${kinds[$option]:--}" ${choices[$option]:-}
	elif [[ -z $dashes && $word == -* ]]; then
		for long in "${longs[@]}"; do
			[[ ${kinds[$long]} == [-?]* ]] && line=--$long || line=--$long=
			_corescope_offer <<< "$line"
		done
		[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
		if [[ $word == - ]]; then
			for letter in "${!letters[@]}"; do COMPREPLY+=("-$letter"); done
		fi
	else
		for line in "${places[@]}"; do
			read -r i kind rest <<< "$line"
			# shellcheck disable=SC2086
			[[ $i != '*' && $i -ne $((positional + 1)) ]] || { _corescope_value "$kind" $rest; break; }
		done
	fi
}

_corescope() {
	local words piece tool='' at=1 value before='' last i known
	COMPREPLY=()
	_corescope_words
	last=$((${#words[@]} - 1))
	value=${words[last]}
	if ! _corescope_tool_of "${words[0]##*/}"; then
		if ((last == 1)); then
			_corescope_offer < <(printf '%s\n' "${_corescope_all[@]}" help version --help --version)
		elif [[ ${words[1]} == help ]]; then
			((last > 2)) || _corescope_offer < <(printf '%s\n' "${_corescope_all[@]}")
		else
			tool=${words[1]}
			at=2
		fi
	fi
	if [[ -n $tool ]]; then
		read -ra known < <(_corescope_commands "$tool")
		if ((${#known[@]})); then
			if ((at == last)); then
				_corescope_offer < <(printf '%s\n' "${known[@]}")
				[[ $value == -* ]] && _corescope_command "$at" "$tool"
			else
				_corescope_command $((at + 1)) "$tool ${words[at]}"
			fi
		elif _corescope_runs_tools "$tool" && ((at < last)) &&
			_corescope_commands_of "${words[at]}" "${_corescope_tools[@]}"; then
			_corescope_command $((at + 1)) "${words[at]}"
		else
			_corescope_command "$at" "$tool"
			! _corescope_runs_tools "$tool" || ((at != last)) ||
				_corescope_offer < <(printf '%s\n' "${_corescope_tools[@]}")
		fi
	fi
	# Of a word that bash has cut, only the last piece is replaced.
	local cut=${words[last]}
	cut=${cut%"$piece"}
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=${COMPREPLY[i]#"$cut"}
	done
}

# A link to this file completes the link to corescope of the same name.
complete -F _corescope corescope "${BASH_SOURCE[0]##*/}"
