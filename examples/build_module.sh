#!/bin/sh
# Builds virtio_crypto.ko from Debian's source, for the kernel of the lab's guest: docs/lab.md. The package state is private, and the packages
# are unpacked, not installed: nothing of the system is changed. It needs Debian 12 on amd64 with gcc-12, make and xz-utils.
#
#   sh examples/build_module.sh <release> <folder> [<sed expression>]
#
# release: the guest's kernel, as uname -r says it: 6.1.0-50-686. folder: a new one, where the module is built, in module/.
# The expression changes virtio_crypto_skcipher_algs.c before the build.
set -eu
release=$1
folder=$2
change=${3-}
for program in apt-get dpkg-deb gcc-12 make xz; do
  command -v "$program" > /dev/null || { echo "$program is missing: apt-get install gcc-12 make xz-utils" >&2; exit 1; }
done
mkdir "$folder"
folder=$(cd "$folder" && pwd)

# Headers and source are of i386; the programs that build (kbuild) run here.
fetch() { # architecture, packages
  state=$folder/$1
  architecture=$1
  shift
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$folder/packages"
  cat > "$state/apt.conf" <<END
#clear APT::Architectures;
#clear APT::Update;
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Dir::State "$state";
Dir::State::Lists "$state/lists";
Dir::State::status "/dev/null";
Dir::Cache "$state/cache";
END
  # One repository of many may have no i386: whether that matters shows at the download.
  apt-get -qq -c "$state/apt.conf" update || echo "not all package lists could be read" >&2
  (cd "$folder/packages" && apt-get -qq -c "$state/apt.conf" download "$@")
}
fetch i386 "linux-headers-$release" "linux-headers-${release%-*}-common" linux-source-6.1
fetch amd64 linux-kbuild-6.1

root=$folder/root
for package in "$folder"/packages/linux-headers-*.deb "$folder"/packages/linux-kbuild-*.deb; do dpkg-deb -x "$package" "$root"; done
# The headers name each other by where they are when they are installed.
headers=$root/usr/src/linux-headers-$release
sed -i "s#/usr/src#$root/usr/src#" "$headers/Makefile"

# Of the source, the driver alone: all of it is 1.4 GB.
driver=drivers/crypto/virtio
dpkg-deb --fsys-tarfile "$folder"/packages/linux-source-6.1_*.deb | tar -xO ./usr/src/linux-source-6.1.tar.xz |
  tar -xJ -C "$folder" "linux-source-6.1/$driver"
mv "$folder/linux-source-6.1/$driver" "$folder/module"
[ -z "$change" ] || sed -i "$change" "$folder/module/virtio_crypto_skcipher_algs.c"

make -s -C "$headers" M="$folder/module" modules
ls -l "$folder/module/virtio_crypto.ko"
