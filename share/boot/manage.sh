
# `xsplice boot` and every command that changes what is applied, on the dom0's side. Prints lines for
# src/boot/: what is asked for, or what is wrong.
#
#   enabled                        exits 1 where nothing is to be applied after a reboot
#   enable TOTAL SIZE SECONDS      standard input: the script (SIZE bytes), then the units, for systemd
#   disable                        the files stay
#   keep TOTAL SIZE                standard input: SIZE bytes of lines, then the files that they name
#   release SHA256…                may be applied at the next boot again
#   report                         all that there is

units="xsplice-boot.service xsplice-settle.service xsplice-settle.timer"
unit_folder=${XSPLICE_BOOT_UNITS:-/etc/systemd/system}
script=$store/xsplice-boot.sh

# part FILE OFFSET SIZE
part() {
    tail -c "+$(($2 + 1))" "$1" | head -c "$3"
}

take_input() { # TOTAL
    input=$store/input.$$
    trap 'rm -f "$input"' EXIT
    trap 'exit 1' HUP INT TERM
    cat >"$input" || return 1
    if [ "$(wc -c <"$input")" -eq "$1" ]; then return 0; fi
    say "it was cut short on the way"
    return 1
}

enabled() {
    [ -e "$script" ]
}

# All directories first: `enabled` holds once the script is there, and the script is written last.
enable() { # TOTAL SIZE SECONDS
    mkdir -p "$store/hypervisors" "$store/payloads" "$store/young" "$store/quarantine" || return 1
    lock_store || return 1
    take_input "$1" || return 1
    put "$store/settle-seconds" "$3" || return 1
    if has_systemd; then
        offset=$2
        for unit in $units; do
            size=$(part "$input" "$offset" 10 | sed 's/^0*//')
            offset=$((offset + 11))
            part "$input" "$offset" "$size" >"$unit_folder/$unit.new" || return 1
            to_disk "$unit_folder/$unit.new"
            mv -f "$unit_folder/$unit.new" "$unit_folder/$unit" || return 1
            offset=$((offset + size))
        done
    fi
    part "$input" 0 "$2" >"$script.new" || return 1
    to_disk "$script.new"
    mv -f "$script.new" "$script" && to_disk "$store" || return 1
    if ! has_systemd; then echo "manual $script" && return 0; fi
    systemctl daemon-reload && systemctl enable xsplice-boot.service xsplice-settle.timer &&
        systemctl start xsplice-settle.timer && echo systemd
}

disable() {
    if has_systemd && [ -e "$unit_folder/xsplice-boot.service" ]; then
        systemctl disable --now xsplice-settle.timer
        systemctl disable xsplice-boot.service || return 1
        for unit in $units; do rm -f "$unit_folder/$unit"; done
        systemctl daemon-reload
    fi
    rm -f "$script" && to_disk "$store"
}

# The digest of a payload that is loaded under this name since this boot.
digest_here() {
    if ! is_of_this_boot "$store/this-boot" ""; then return; fi
    while read -r _ sha name; do
        if [ "$name" = "$1" ]; then echo "$sha" && return; fi
    done <"$store/this-boot"
}

was_applied() { # SHA256 NAME
    is_of_this_boot "$store/this-boot" "" && grep -qxF "applied $1 $2" "$store/this-boot"
}

# Lines "hypervisor ID", "order known|unknown", "applied SHA256|- chain|nodeps NAME" from the bottom up,
# "idle SHA256|- - NAME", "file SHA256 SIZE".
keep() { # TOTAL SIZE
    lock_store || return 1
    take_input "$1" || return 1
    offset=$2 id= order=
    new_list=$list_head new_boot=$boot
    while read -r word first second name; do
        case $word in
            hypervisor) id=$first ;;
            order) order=$first ;;
            file)
                keep_file "$first" "$offset" "$second" || return 1
                offset=$((offset + second))
                ;;
            applied | idle)
                sha=$first
                if [ "$sha" = - ]; then sha=$(digest_here "$name"); fi
                if [ -n "$sha" ] && [ "$sha" != unknown ]; then
                    new_boot="$new_boot
$word $sha $name"
                fi
                if [ "$word" = idle ]; then continue; fi
                sha=${sha:-unknown}
                if [ "$sha" = unknown ]; then echo "unknown $name"; fi
                if [ -e "$store/quarantine/$sha" ]; then echo "quarantined $name"; fi
                new_list="$new_list
$sha $second $name"
                if [ "$sha" != unknown ] && ! was_applied "$sha" "$name"; then
                    put "$store/young/$sha" "$boot $(up_seconds) $name" || return 1
                fi
                ;;
        esac
    done <<END
$(part "$input" 0 "$2")
END
    if [ -z "$id" ]; then say "no build-id of a hypervisor" && return 1; fi
    list=$store/hypervisors/$id/list
    mkdir -p "${list%/*}" || return 1
    if [ "$order" = unknown ]; then
        echo unordered
        new_list="$list_head
unknown chain (the order of the payloads is not known)"
    fi
    put "$list" "$new_list" && put "$store/this-boot" "$new_boot" && forget_files
}

keep_file() { # SHA256 OFFSET SIZE
    if [ -e "$store/payloads/$1" ] && [ "$(digest_of "$store/payloads/$1")" = "$1" ]; then return 0; fi
    part "$input" "$2" "$3" >"$store/payloads/$1.new" || return 1
    if [ "$(digest_of "$store/payloads/$1.new")" != "$1" ]; then
        rm -f "$store/payloads/$1.new"
        say "its digest is another one than was told" && return 1
    fi
    to_disk "$store/payloads/$1.new"
    mv -f "$store/payloads/$1.new" "$store/payloads/$1" && to_disk "$store/payloads"
}

# Files that no list names any more, and marks of what is not applied any more.
forget_files() {
    for file in "$store"/payloads/*; do
        sha=${file##*/}
        if [ -e "$store/quarantine/$sha" ] || grep -qF "$sha " "$store/this-boot"; then continue; fi
        grep -qF "$sha " "$store"/hypervisors/*/list 2>/dev/null || rm -f "$file"
    done
    for mark in "$store"/young/*; do
        grep -qF "applied ${mark##*/} " "$store/this-boot" || rm -f "$mark"
    done
}

release() {
    lock_store || return 1
    for sha in "$@"; do
        rm -f "$store/quarantine/$sha" || return 1
    done
    to_disk "$store/quarantine"
}

report() {
    echo "boot $boot"
    case " $(cat "$command_line") " in
        *" xsplice.boot=off "*) echo "command-line off" ;;
    esac
    if ! enabled; then
        echo "service off"
    elif ! has_systemd; then
        echo "service manual"
    elif systemctl is-enabled xsplice-boot.service >/dev/null 2>&1; then
        echo "service systemd"
    else
        echo "service disabled"
    fi
    if [ ! -d "$store" ]; then return 0; fi
    if enabled; then echo "script $(digest_of "$script")"; fi
    echo "settle $(cat "$store/settle-seconds" 2>/dev/null)"
    for list in "$store"/hypervisors/*/list; do
        if [ ! -e "$list" ]; then continue; fi
        id=${list%/list}
        sed "1!s/^/list ${id##*/} /;1s/^/format ${id##*/} /" "$list"
    done
    now=$(up_seconds)
    for mark in "$store"/young/*; do
        read -r marked since name 2>/dev/null <"$mark" || continue
        if [ "$marked" = "$boot" ]; then echo "young ${mark##*/} $((now - since)) $name"; fi
    done
    for mark in "$store"/quarantine/*; do
        read -r why name 2>/dev/null <"$mark" || continue
        printf '%s\n' "quarantine ${mark##*/} $why $name"
    done
    if [ -e "$store/last" ]; then sed 's/^/last /' "$store/last"; fi
}

case ${1-} in
    enabled | enable | disable | keep | release | report) "$@" ;;
    *) say "no such order: ${1-}" && exit 64 ;;
esac
