# SPDX-License-Identifier: BSD-2-Clause
# fish completion for corescope. What commands take is generated from their declarations; a link that is named like a
# tool has a file of its own, which wraps `corescope TOOL`.

# The command that is being typed, as it stands behind `corescope`: "execsnoop", "history show"; nothing before one is.
function __corescope_command
	set -l words (commandline -opc)
	set -e words[1]
	test (count $words) -gt 0; or return
	if test (count $words) -gt 1
		if contains -- "$words[1]" $__corescope_with_commands
			echo "$words[1] $words[2]"
			return
		else if contains -- "$words[1]" $__corescope_runs_tools; and contains -- "$words[2]" $__corescope_tools
			echo "$words[2]"
			return
		end
	end
	echo "$words[1]"
end

function __corescope_is
	set -l now (__corescope_command)
	test "$now" = "$argv[1]"
end

function __corescope_cgroup_mount
	string match -r --groups-only '^\S+ (\S+) cgroup2 ' < /proc/self/mounts | head -n 1
end

function __corescope_cgroups
	set -l mount (__corescope_cgroup_mount)
	set -l typed (string replace -r '^--[^=]*=' '' -- (commandline -ct))
	set -l found
	test -n "$mount"; and set found $mount/(string trim -l -c / -- "$typed")*/
	if test (count $found) -gt 0
		string replace -- "$mount" '' $found
	else # a path in the file system will do as well
		__fish_complete_directories $typed ''
	end
end

function __corescope_units
	set -l mount (__corescope_cgroup_mount)
	test -n "$mount"; or return
	find $mount -type d \( -name '*.service' -o -name '*.scope' -o -name '*.slice' \) -printf '%f\n' 2>/dev/null | sort -u
end

function __corescope_pins
	command ls /sys/fs/bpf/corescope 2>/dev/null
end

# Several, with commas between.
function __corescope_list
	set -l typed (string replace -r '^--[^=]*=' '' -- (commandline -ct))
	set -l before (string match -r '^.*,' -- "$typed")
	for each in $argv
		echo "$before$each"
	end
end

# @data@
