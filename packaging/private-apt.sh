# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2016
# Debian's packages for whatever architecture and suite, fetched and unpacked without installing anything: apt works on
# lists of its own, with the mirror that this machine uses. Sourced by sh scripts that define die().

debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Prints where this machine gets Debian from.
debian_mirror() {
	mirror=$(apt-get indextargets --format '$(SITE) $(LABEL)' 'Created-By: Packages' |
		awk '$2 == "Debian" { print $1; exit }')
	[ -n "$mirror" ] || die "apt knows no Debian mirror here: add one to its sources and run apt-get update"
	[ -r $debian_keyring ] || die "no $debian_keyring: install debian-archive-keyring"
	echo "$mirror"
}

# private_apt_begin SUITE ARCH DIR: reads the lists of ARCH (as Debian names it) into the scratch folder DIR. Without
# a SUITE ("") they are those of this machine's own sources, its security updates too.
private_apt_begin() {
	private_dir=$3 private_arch=$2 private_sources=
	mkdir -p "$3/lists/partial" "$3/archives/partial"
	: > "$3/status"
	if [ -n "$1" ]; then
		# apart, because a function called for its output cannot end the script
		private_mirror=$(debian_mirror) || exit
		echo "deb [signed-by=$debian_keyring] $private_mirror $1 main" > "$3/sources.list"
		private_sources=yes
	fi
	private_apt get -qq update || die "apt-get update failed, see above"
}

# private_apt get|cache ARGUMENTS...
private_apt() {
	private_command=apt-$1
	shift
	set -- -o "Dir::State::lists=$private_dir/lists" -o "Dir::State::status=$private_dir/status" \
		-o "Dir::Cache::archives=$private_dir/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		-o "APT::Architecture=$private_arch" -o "APT::Architectures=$private_arch" -o APT::Sandbox::User=root "$@"
	[ -z "$private_sources" ] ||
		set -- -o "Dir::Etc::sourcelist=$private_dir/sources.list" -o Dir::Etc::sourceparts=/dev/null "$@"
	"$private_command" "$@"
}

# private_apt_unpack ROOT PACKAGE...: downloads the packages and unpacks them into ROOT. Prints each name and version.
private_apt_unpack() {
	private_root=$1
	shift
	rm -f "$private_dir"/archives/*.deb
	mkdir -p "$private_root"
	(cd "$private_dir/archives" && private_apt get -qq download "$@") || die "cannot be downloaded, see above: $*"
	for private_deb in "$private_dir"/archives/*.deb; do
		dpkg-deb -x "$private_deb" "$private_root"
		dpkg-deb -W --showformat '${Package} ${Version}\n' "$private_deb"
	done
}

# The package that holds Debian's cloud kernel.
private_apt_kernel() {
	private_image=$(private_apt cache depends "linux-image-cloud-$private_arch" |
		sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1)
	[ -n "$private_image" ] || die "there is no linux-image-cloud-$private_arch"
	# Since 7.x the image itself lies in a package of its own.
	private_binary=$(private_apt cache depends "$private_image" |
		sed -n 's/.*Depends: \(linux-binary-[0-9][^ ]*\)$/\1/p' | head -n 1)
	echo "${private_binary:-$private_image}"
}
