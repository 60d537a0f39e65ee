#!/bin/sh
# What a dom0 keeps, to apply after a reboot the payloads that were applied before it, and what both scripts
# that work with it need: start.sh at boot, manage.sh for `xsplice boot`. Each is put together with this file.
# They need a POSIX shell, coreutils or busybox, and Xen's xen-livepatch; no network, and nothing of xSplice.
#
#   settle-seconds        after this time a payload counts as safe
#   hypervisors/ID/list   for the hypervisor with this build-id: "xsplice-boot 1", then, from the bottom to the
#                         top, lines "SHA256 chain|nodeps NAME"; SHA256 is "unknown" where there is no file
#   payloads/SHA256       their files
#   this-boot             the boot's id, then lines "applied|idle SHA256 NAME"
#   young/SHA256          "BOOT-ID SECONDS NAME": applied at this time since boot, and not yet safe
#   applying              "BOOT-ID SHA256 NAME": start.sh is applying it
#   quarantine/SHA256     "applying|young NAME": it was, when the host went down without a shutdown
#   last                  what happened at this boot, for `xsplice boot status`

set -u
LC_ALL=C
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
for folder in /usr/lib/xen/bin /usr/libexec/xen/bin /usr/lib/xen-*/bin; do
    if [ -x "$folder/xen-livepatch" ]; then PATH=$PATH:$folder; fi
done
umask 077

store=${XSPLICE_BOOT_STORE:-/var/lib/xsplice/boot}
command_line=${XSPLICE_BOOT_CMDLINE:-/proc/cmdline}
boot=$(cat "${XSPLICE_BOOT_ID:-/proc/sys/kernel/random/boot_id}")
list_head="xsplice-boot 1"

LOCK_SECONDS_MAX=60

say() {
    printf 'xsplice: %s\n' "$*" >&2
}

to_disk() {
    sync "$1" 2>/dev/null || sync
}

# put PATH TEXT: the file is whole or absent, and on the disk.
put() {
    printf '%s\n' "$2" >"$1.new" && to_disk "$1.new" && mv -f "$1.new" "$1" && to_disk "${1%/*}"
}

has_systemd() {
    [ -d /run/systemd/system ] || [ -n "${XSPLICE_BOOT_UNITS:-}" ]
}

up_seconds() {
    IFS=. read -r seconds _ <"${XSPLICE_BOOT_UPTIME:-/proc/uptime}"
    echo "$seconds"
}

digest_of() {
    read -r digest _ <<END
$(sha256sum <"$1")
END
    echo "$digest"
}

# Of the first line of a file that says which boot it is of.
is_of_this_boot() {
    IFS= read -r first <"$1" 2>/dev/null && [ "$first" = "$2$boot" ]
}

hypervisor_id() {
    if [ -r /sys/hypervisor/properties/buildid ]; then
        od -An -v -tx1 /sys/hypervisor/properties/buildid | tr -d ' \n'
    else
        xl info 2>/dev/null | sed -n 's/^build_id *: *//p'
    fi
}

# Waits for other scripts, but not for ever; the lock ends with this process.
lock_store() {
    exec 9>>"$store/lock" || return 1
    command -v flock >/dev/null || return 0
    waited=0
    until flock -n 9; do
        waited=$((waited + 1))
        if [ "$waited" -gt "$LOCK_SECONDS_MAX" ]; then
            say "another process holds $store/lock" && return 1
        fi
        sleep 1
    done
}
