#compdef corescope
# SPDX-License-Identifier: BSD-2-Clause
# zsh completion for corescope; links that are named like a tool come here too. What commands take is generated from
# their declarations: specs for _arguments.

# @data@

_corescope_cgroup_mount() {
	local where type rest
	while read -r rest where type rest; do
		[[ $type == cgroup2 ]] && { print -r -- $where; return }
	done < /proc/self/mounts
}

_corescope_cgroups() {
	local mount=$(_corescope_cgroup_mount)
	local -a found
	[[ -z $mount ]] || found=($mount/${PREFIX#/}*(N/))
	(( $#found )) || { _files -/; return } # a path in the file system will do as well
	compadd -U -f -Q -S / -- ${found#$mount}
}

_corescope_units() {
	local mount=$(_corescope_cgroup_mount)
	[[ -n $mount ]] || return 1
	local -aU units
	units=($mount/**/*.(service|scope|slice)(N/:t))
	_wanted units expl 'unit' compadd -a units
}

# All of them; zsh's own has those of this terminal.
_corescope_pids() {
	local -a pids told
	local pid comm
	for pid in /proc/<->(N:t); do
		comm=
		{ read -r comm < /proc/$pid/comm } 2> /dev/null || continue
		pids+=($pid)
		told+=("$pid $comm")
	done
	_wanted -V pids expl 'process' compadd -l -d told -a pids
}

_corescope_pins() {
	local -a pins
	pins=(/sys/fs/bpf/corescope/*(N:t))
	_wanted pins expl 'pin' compadd -a pins
}

_corescope_tools() {
	_wanted tools expl 'tool' compadd -a _corescope_tool_names
}

# Completes the words behind $words[1], which is the tool or command $1.
_corescope_behind() {
	local -a specs commands
	_corescope_commands $1
	if (( $#commands )); then
		if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
			_describe -t commands 'command' commands
			return
		elif (( CURRENT > 2 )); then
			local name="$1 $words[2]"
			shift words
			(( CURRENT-- ))
			_corescope_takes $name && _arguments -s -S : $specs
			return
		fi
	elif _corescope_runs_tools $1; then
		if (( CURRENT > 2 && $_corescope_tool_names[(Ie)$words[2]] )); then
			local tool=$words[2]
			shift words
			(( CURRENT-- ))
			_corescope_behind $tool
			return
		elif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
			_corescope_tools
		fi
	fi
	_corescope_takes $1 && _arguments -s -S : $specs
}

_corescope() {
	local curcontext=$curcontext expl tool
	for tool in $_corescope_tool_names; do
		if [[ ${service:t} == ($tool|*-$tool|$tool-*) ]]; then
			_corescope_behind $tool
			return
		fi
	done
	if (( CURRENT == 2 )); then
		if [[ $words[2] == -* ]]; then
			_arguments -s '(-? --help)'{-\?,--help}'[list the tools]' '(-V --version)'{-V,--version}'[print the version]'
		else
			_describe -t tools 'tool' _corescope_list
		fi
		return
	fi
	if [[ $words[2] == help ]]; then
		(( CURRENT > 3 )) || _describe -t tools 'tool' _corescope_list
		return
	fi
	tool=$words[2]
	shift words
	(( CURRENT-- ))
	_corescope_behind $tool
}

_corescope "$@"
