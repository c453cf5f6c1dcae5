# need.sh -- the packages that the tools need, and their installation. To be sourced.
# shellcheck shell=bash disable=SC2034
#
# A need is a line "PACKAGE  COMMAND": the name of a Debian package, and a command that succeeds where it is installed.

need_to_build='
gcc             command -v gcc
libc6-dev       test -e /usr/include/stdlib.h
python3         command -v python3
meson           command -v meson
ninja-build     command -v ninja
ragel           command -v ragel
pkg-config      command -v pkg-config
libpcap-dev     pkg-config --exists libpcap
'
need_to_show='
iproute2         command -v ip
iputils-ping     command -v ping
netcat-openbsd   command -v nc
bind9-dnsutils   command -v dig
'
need_to_forward='
passt            command -v passt
netcat-openbsd   command -v nc
bind9-dnsutils   command -v dig
'
# optional; a tool that goes without prints a line about it
need_to_boot='
qemu-system-x86   command -v qemu-system-x86_64
netcat-openbsd    command -v nc
'
# for the gate of tools/test, and for tools/fuzz
need_to_test='
clang             command -v clang
libclang-rt-dev   ls "$(clang -print-resource-dir)"/lib/linux/libclang_rt.asan*.a
llvm              command -v llvm-symbolizer
libcmocka-dev     pkg-config --exists cmocka
python3-pytest    system_python -c "import pytest"
python3-h11       system_python -c "import h11"
python3-cryptography  system_python -c "import cryptography"
python3-pycparser system_python -c "import pycparser"
curl              command -v curl
procps            command -v sysctl
dnsmasq-base      command -v dnsmasq
udhcpd            command -v udhcpd
iputils-arping    command -v arping
iputils-tracepath command -v tracepath
libssl-dev        pkg-config --exists libcrypto
libbearssl-dev    test -e /usr/include/bearssl.h
openssl           command -v openssl
zlib1g-dev        test -e /usr/include/zlib.h
libnghttp2-dev    test -e /usr/include/nghttp2/nghttp2.h
libdeflate-dev    test -e /usr/include/libdeflate.h
libidn2-dev       pkg-config --exists libidn2
libzstd-dev       pkg-config --exists libzstd
zstd              command -v zstd
valgrind          command -v valgrind
pmccabe           command -v pmccabe
unzip             command -v unzip
libarchive-tools  command -v bsdtar
doxygen           command -v doxygen
cpio              command -v cpio
libxdp-dev        pkg-config --exists libxdp
libbpf-dev        pkg-config --exists libbpf
'
# needed by tools/test --all in addition
need_to_test_all='
7zip              command -v 7zz
busybox           command -v busybox
default-jdk-headless   java --list-modules | grep jdk.compiler
clang-format      command -v clang-format
python3-scapy     system_python -c "import scapy"
nginx-light       command -v nginx
haproxy           command -v haproxy
apache2-bin       command -v apache2
radvd             command -v radvd
thc-ipv6          command -v atk6-flood_router26
kea-dhcp4-server  command -v kea-dhcp4
kea-dhcp6-server  command -v kea-dhcp6
isc-dhcp-server   command -v dhcpd
unbound           command -v unbound
bind9             command -v named
knot-resolver     command -v kresd
knot              command -v knotd
dnsdist           command -v dnsdist
stunnel4          command -v stunnel4
sslscan           command -v sslscan
testssl.sh        command -v testssl
chrony            command -v chronyd
wget              command -v wget
rsyslog           command -v rsyslogd
logrotate         command -v logrotate
podman            command -v podman
pebble            command -v pebble
chromium-headless-shell  command -v chromium-headless-shell
wrk               command -v wrk
apache2-utils     command -v ab
nghttp2-client    command -v h2load
nghttp2-server    command -v nghttpd
python3-h2        system_python -c "import h2"
wfuzz             command -v wfuzz
doona             command -v doona
httest            command -v httest
slowhttptest      command -v slowhttptest
iperf             command -v iperf
iperf3            command -v iperf3
libpython3.11-testsuite   system_python -c "import test.test_socket"
openssh-client    command -v ssh && command -v scp && command -v ssh-keygen
openssh-server    command -v sshd
redis-server      command -v redis-server
strace            command -v strace
redis-tools       command -v redis-benchmark
nodejs            command -v node
tcl               command -v tclsh
vsftpd            command -v vsftpd
passt             command -v passt
libwolfssl-dev    pkg-config --exists wolfssl
gnutls-bin        command -v gnutls-cli && command -v gnutls-serv
python3-cryptography-vectors   system_python -c "import cryptography_vectors"
ethtool           command -v ethtool
tshark            command -v tshark
nsd               command -v nsd
graphviz          command -v dot
xz-utils          command -v xz
mandoc            command -v mandoc
man-db            command -v man
python3-sphinx         system_python -c "import sphinx"
python3-myst-parser    system_python -c "import myst_parser"
python3-breathe        system_python -c "import breathe"
furo                   system_python -c "import furo"
groff-base        command -v groff
spin              command -v spin
gcc-aarch64-linux-gnu   command -v aarch64-linux-gnu-gcc
libc6-dev-arm64-cross   test -e /usr/aarch64-linux-gnu/include/stdio.h
gcc-riscv64-linux-gnu   command -v riscv64-linux-gnu-gcc
libc6-dev-riscv64-cross test -e /usr/riscv64-linux-gnu/include/stdio.h
picolibc-aarch64-linux-gnu   test -e /usr/lib/picolibc/aarch64-linux-gnu/lib/libc.a
mosquitto-clients command -v mosquitto_pub && command -v mosquitto_sub
qemu-user         command -v qemu-aarch64
abigail-tools     command -v abidiff
python3-cffi      system_python -c "import cffi"
python3-dev       ls /usr/include/python3*/Python.h
cargo             test -x /usr/bin/cargo
rustc             test -x /usr/bin/rustc
golang-go         test -x /usr/bin/go
cmake             command -v cmake
make              command -v make
g++               command -v c++
ocaml-nox         test -x /usr/bin/ocamlopt
ocaml-findlib     test -x /usr/bin/ocamlfind
liblwt-ocaml-dev  ocamlfind query lwt.unix
libcstruct-ocaml-dev  ocamlfind query cstruct
qemu-system-arm   command -v qemu-system-aarch64
gcc-arm-none-eabi command -v arm-none-eabi-gcc
qemu-efi-aarch64  test -e /usr/share/AAVMF/AAVMF_CODE.fd
qemu-system-misc  command -v qemu-system-riscv64
grub-pc-bin       test -d /usr/lib/grub/i386-pc
grub-efi-amd64-bin test -d /usr/lib/grub/x86_64-efi
grub-common       command -v grub-mkimage
mtools            command -v mformat
qemu-utils        command -v qemu-img
xorriso           command -v xorriso
genisoimage       command -v genisoimage
dosfstools        command -v mkfs.vfat
skopeo            command -v skopeo
debhelper         command -v dh
dh-python         command -v dh_python3
dpkg-dev          command -v dpkg-buildpackage && command -v dpkg-source
lintian           command -v lintian
python3-mesonpy   system_python -c "import mesonpy"
python3-pip       system_python -m pip --version
python3-jsonschema  system_python -c "import jsonschema"
python3-yaml      system_python -c "import yaml"
ovmf              test -e /usr/share/OVMF/OVMF_CODE_4M.fd
'
# for the suites of --bogo and --tlsfuzzer
need_to_test_tls='
golang-go                     command -v go
golang-golang-x-crypto-dev    test -d /usr/share/gocode/src/golang.org/x/crypto
python3-ecdsa                 system_python -c "import ecdsa"
python3-gmpy2                 system_python -c "import gmpy2"
'
# programs that tools/bench compares with; their columns say if they are missing
need_to_bench='
make              command -v make
valgrind          command -v valgrind
ethtool           command -v ethtool
wrk               command -v wrk
nginx-light       command -v nginx
nsd               command -v nsd
dnsperf           command -v dnsperf
unbound           command -v unbound
liblwip-dev       test -e /usr/include/lwip/lwipopts.h
passt             command -v passt
qemu-system-x86   command -v qemu-system-x86_64
'
need_to_lay_out='
gcc               command -v gcc
libc6-dev         test -e /usr/include/stdlib.h
dwarves           command -v pahole
'
need_to_lint='
cppcheck          command -v cppcheck
clang-tidy        command -v clang-tidy
'
need_to_cover='
gcovr             command -v gcovr
'

# Debian's python3, regardless of PATH, because the packages belong to it; the build finds it in the same way.
system_python() {
    if [ -x /usr/bin/python3 ]; then
        /usr/bin/python3 "$@"
    else
        python3 "$@"
    fi
}

say() {
    printf '%s\n' "$*"
}

# usage: prints the comment at the head of the tool that runs, which stands in the root of the tree.
usage() {
    sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "tools/${0##*/}"
}

# tell_while WHAT LOG COMMAND...: runs the command with its output in the log. Every 8 seconds a line says what is done
# and for how long. If the log has ninja's steps, the line also says how long the rest takes at this pace.
tell_while() (
    what=$1 log=$2 from=$SECONDS
    shift 2
    "$@" >"$log" 2>&1 &
    pid=$!
    trap 'kill $pid; exit 130' INT TERM HUP # the shell lets a background command ignore Ctrl-C
    while kill -0 $pid 2>/dev/null; do
        for _ in 1 2 3 4 5 6 7 8; do
            sleep 1
            kill -0 $pid 2>/dev/null || break 2
        done
        say "  $what: $((SECONDS - from)) s$(tell_pace "$log" $((SECONDS - from)))"
    done
    wait $pid
)

# tell_pace LOG SECONDS: ", 12 of 300 steps, about 90 s to go" by the last step of ninja in the log; else nothing.
tell_pace() {
    local step
    step=$(tail -n 20 "$1" | sed -n 's/^\[\([0-9]*\)\/\([0-9]*\)\].*/\1 \2/p' | tail -n 1)
    [ -n "$step" ] || return 0
    # shellcheck disable=SC2086 # two words
    set -- $step "$2"
    [ "$1" -gt 0 ] || return 0
    printf ', %s of %s steps, about %s s to go' "$1" "$2" $((($2 - $1) * $3 / $1))
}

# The packages of the needs in $1 whose command fails.
need_missing() {
    local package check
    while read -r package check; do
        [ -z "$package" ] || eval "$check" >/dev/null 2>&1 </dev/null || printf '%s ' "$package"
    done <<<"$1"
}

install_packages() {
    apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# Installs the missing packages of the needs in $1. Without root it prints them, and returns 1.
need() {
    local missing log
    PATH=$PATH:/usr/sbin:/sbin
    missing=$(need_missing "$1")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "missing packages, by their names in Debian: $missing"
        command -v apt-get >/dev/null && say "install them with: sudo apt-get install $missing"
        return 1
    fi
    say "installing: $missing"
    log=$(mktemp)
    # shellcheck disable=SC2086 # words are meant
    if ! tell_while "installing packages" "$log" install_packages $missing; then
        tail -n 20 "$log"
        rm -f "$log"
        say "the packages could not be installed"
        return 1
    fi
    rm -f "$log"
    missing=$(need_missing "$1")
    [ -z "$missing" ] || say "installed, but still not found: $missing"
    [ -z "$missing" ]
}

# Prints a command that runs another one in a network namespace where it may create TAP devices. An ordinary user
# becomes root in a user namespace. Returns 1 if neither is possible.
namespace_command() {
    local how
    [ -c /dev/net/tun ] || return 1
    for how in 'unshare --net' 'unshare --map-root-user --net'; do
        if $how ip tuntap add probe0 mode tap 2>/dev/null; then
            say "$how"
            return 0
        fi
    done
    return 1
}
