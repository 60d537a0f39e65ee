
# Applies again, after a reboot of the host, the payloads that were applied before it.
#
#   xsplice-boot.sh start    before guests start
#   xsplice-boot.sh stop     at a shutdown: whatever is applied has not crashed the host
#   xsplice-boot.sh settle   every minute: what has been applied for long enough counts as safe
#
# Never a boot loop: what is applied is marked on the disk before. A mark of another boot means that the
# host went down without a shutdown. If a payload was being applied, it alone is set aside; otherwise
# everything is that had not been applied for long enough. So each crash sets something aside.

# A rendezvous of all CPUs that was missed is tried again so often.
ATTEMPTS_MAX=10
# How long the hypervisor may work on one action.
BUSY_SECONDS_MAX=30

# Adds a line to what `xsplice boot status` shows.
report() {
    printf '%s\n' "$*" >>"$store/last"
    say "$*"
}

finish() {
    report "end $1"
    to_disk "$store/last"
}

# Prints APPLIED, CHECKED, or one of them with " (-ERRNO, …" behind it; nothing if there is no such payload.
state_of() {
    row=$(printf '%-40s| ' "$1")
    xen-livepatch list 2>/dev/null | while IFS= read -r line; do
        case $line in
            "$row"*) line=${line#"$row"} && echo "${line%%|*}" && break ;;
        esac
    done
}

# The state of a payload on which the hypervisor works no more.
settled_state_of() {
    busy=0
    while :; do
        state=$(state_of "$1")
        case $state in
            *"(-11,"*) busy=$((busy + 1)) && [ "$busy" -le "$BUSY_SECONDS_MAX" ] || break ;;
            *) break ;;
        esac
        sleep 1
    done
    echo "$state"
}

quarantine() { # SHA256 WHY NAME
    put "$store/quarantine/$1" "$2 $3" && report "quarantined $2 $3"
}

# What the marks of an earlier boot say of its end. All marks go last: whoever is killed before that finds
# them again.
set_crashers_aside() {
    culprit=
    if read -r marked sha name 2>/dev/null <"$store/applying" && [ "$marked" != "$boot" ]; then
        quarantine "$sha" applying "$name" || return 1
        culprit=$sha
    fi
    old=
    for mark in "$store"/young/*; do
        read -r marked _ name 2>/dev/null <"$mark" || continue
        if [ "$marked" = "$boot" ]; then continue; fi
        old="$old ${mark##*/}"
        case $culprit$mark in
            *.new) ;;
            "$mark") quarantine "${mark##*/}" young "$name" || return 1 ;;
        esac
    done
    for sha in $old; do rm -f "$store/young/$sha"; done
    if [ -n "$culprit" ]; then rm -f "$store/applying"; fi
    to_disk "$store"
}

# Prints why a payload is not to be tried.
reason_against() { # SHA256
    if [ "$1" = unknown ]; then
        echo "its file is not known"
    elif [ -e "$store/quarantine/$1" ]; then
        echo "it is set aside"
    elif [ ! -e "$store/payloads/$1" ]; then
        echo "its file is missing"
    elif [ "$(digest_of "$store/payloads/$1")" != "$1" ]; then
        echo "its file is damaged"
    fi
}

# Uploads and applies; prints why it could not.
apply() { # SHA256 chain|nodeps NAME
    said=
    state=$(settled_state_of "$3")
    if [ -z "$state" ]; then
        said=$(xen-livepatch upload "$3" "$store/payloads/$1" 2>&1)
        state=$(settled_state_of "$3")
        if [ -z "$state" ]; then
            echo "the hypervisor refuses the file: $said"
            return 1
        fi
    fi
    attempt=0
    while :; do
        # EBUSY: the CPUs did not meet in time.
        case $attempt:$state in
            *:APPLIED*) return 0 ;;
            0:* | *"(-16,"*) ;;
            *) break ;;
        esac
        attempt=$((attempt + 1))
        [ "$attempt" -le "$ATTEMPTS_MAX" ] || break
        if [ "$2" = nodeps ]; then
            said=$(xen-livepatch apply "$3" --nodeps 2>&1)
        else
            said=$(xen-livepatch apply "$3" 2>&1)
        fi
        state=$(settled_state_of "$3")
    done
    xen-livepatch unload "$3" >/dev/null 2>&1
    echo "the hypervisor does not apply it: $said"
    return 1
}

bring_back() { # SHA256 chain|nodeps NAME
    reason=$(reason_against "$1")
    if [ -z "$reason" ]; then
        put "$store/applying" "$boot $1 $3" || return 1
        if reason=$(apply "$@"); then
            printf 'applied %s %s\n' "$1" "$3" >>"$store/this-boot"
            # The other mark first: at no moment is there none.
            put "$store/young/$1" "$boot $(up_seconds) $3"
            report "applied $3"
        fi
        rm -f "$store/applying"
        to_disk "$store"
    fi
    if [ -z "$reason" ]; then return 0; fi
    report "missing $3: $(echo "$reason" | tr '\n' ' ')"
    return 1
}

start() {
    if is_of_this_boot "$store/last" "boot " && grep -q '^end ' "$store/last"; then return 0; fi
    echo "boot $boot" >"$store/last" || return 1
    case " $(cat "$command_line") " in
        *" xsplice.boot=off "*) finish off && return 0 ;;
    esac
    if ! set_crashers_aside; then finish no-room && return 1; fi
    if ! [ -e /dev/xen/privcmd ] && ! [ -e /proc/xen/privcmd ]; then modprobe xen-privcmd; fi
    id=$(hypervisor_id)
    list=$store/hypervisors/$id/list
    if [ -z "$id" ]; then finish no-hypervisor && return 1; fi
    if [ ! -e "$list" ]; then finish other-hypervisor && return 0; fi
    IFS= read -r head <"$list"
    if [ "$head" != "$list_head" ]; then finish other-format && return 1; fi
    if ! xen-livepatch list >/dev/null 2>&1; then finish no-tool && return 1; fi
    if ! is_of_this_boot "$store/this-boot" ""; then
        if ! put "$store/this-boot" "$boot"; then finish no-room && return 1; fi
    fi
    # Above one that is missing nothing is applied: it may have been made for its code.
    outcome=done
    while read -r sha mode name <&3; do
        if [ "$sha $mode" = "$list_head" ]; then continue; fi
        if [ $outcome = done ]; then
            bring_back "$sha" "$mode" "$name" || outcome=incomplete
        else
            report "missing $name: one below it is missing"
        fi
    done 3<"$list"
    finish $outcome
    [ $outcome = done ]
}

settle() {
    now=$(up_seconds)
    limit=$(cat "$store/settle-seconds")
    for mark in "$store"/young/*; do
        read -r marked since _ 2>/dev/null <"$mark" || continue
        if [ "$marked" = "$boot" ] && [ $((now - since)) -ge "$limit" ]; then rm -f "$mark"; fi
    done
    to_disk "$store/young"
}

# What others have reverted, with Xen's own tool perhaps, is not applied at the next boot.
forget_reverted() {
    list=$store/hypervisors/$(hypervisor_id)/list
    if [ ! -e "$list" ] || ! is_of_this_boot "$store/this-boot" "" || ! xen-livepatch list >/dev/null 2>&1; then return 0; fi
    kept=$(echo "$list_head" && while read -r sha mode name; do
        if [ "$sha $mode" = "$list_head" ]; then continue; fi
        if grep -qxF "applied $sha $name" "$store/this-boot"; then
            case $(state_of "$name") in
                APPLIED*) ;;
                *) say "$name was reverted by others: it will not be applied at the next boot" && continue ;;
            esac
        fi
        printf '%s\n' "$sha $mode $name"
    done <"$list") && put "$list" "$kept"
}

# Stopping the service by hand is no shutdown: a crash after it counts.
stop() {
    if has_systemd && [ "$(systemctl is-system-running)" != stopping ]; then
        return 0
    fi
    for mark in "$store"/young/* "$store/applying"; do
        if read -r marked _ 2>/dev/null <"$mark" && [ "$marked" = "$boot" ]; then rm -f "$mark"; fi
    done
    to_disk "$store/young"
    forget_reverted
}

case ${1-} in
    start | stop | settle) ;;
    *) say "usage: xsplice-boot.sh start|stop|settle" && exit 64 ;;
esac
[ -d "$store" ] || exit 0
lock_store || exit 1
"$1"
