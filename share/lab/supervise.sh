#!/bin/sh
# Runs a lab's QEMU and sees to it that nothing of it outlives its owner: not by ^C, not by kill -9.
#
#   supervise.sh RUN-FOLDER COMMAND...
#
# Standard input is a pipe whose other end the owner holds. When that closes, for whatever reason,
# QEMU is killed and the run directory removed. But when the owner said "detach" before, once its lab is
# up, QEMU runs until somebody ends it; the run directory stays for whoever asks why it ended.
#
# Descriptors 3 and 4 are locks: on the run directory, and on the cache that the lab's files are in. QEMU
# holds them, and nobody else, so they tell whether it lives. So it does with one more, on the run
# directory itself, for systemd-tmpfiles: that tidies up /tmp by age, and stays out of a locked directory.

folder=$1
shift
cd "$folder" || exit 1
exec 5<&0 6<. </dev/null
flock -n 6

"$@" >qemu.log 2>&1 5<&- &
qemu=$!
echo "$qemu" >qemu.pid.new && mv qemu.pid.new qemu.pid

exec 3>&- 4>&- 6<&-

# A shell's own `read` needs no further process that would have to be ended too.
{
    read -r word <&5
    if [ "$word" = detach ]; then
        : >detached
    elif ! [ -e exit-status ]; then
        kill -KILL "$qemu" 2>/dev/null
    fi
} &
exec 5<&-

wait "$qemu"
echo "$?" >exit-status.new && mv exit-status.new exit-status

# The owner may still want to read why QEMU ended; it lets go when it has.
wait
[ -e detached ] && exit 0
# The lock of the run directory last: what is left without one, nobody may take away.
for file in *; do
    [ "$file" = claim.lock ] || rm -rf "$file"
done
cd /
rm -rf "$folder"
rmdir "${folder%/*}" 2>/dev/null
exit 0
