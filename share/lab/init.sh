#!/bin/busybox sh
# The first process of a lab's dom0: mounts, modules, agents; then it only keeps the agents alive.
# Kernel command line: xsplice.images=N, how many disks hold images that are laid over each other
# as the root file system; none: the initial one is all there is. xsplice.disk=yes: the disk after them
# outlives the lab; it is mounted at /var/lib/xsplice.

/bin/busybox --install -s /bin
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do
    insmod "/modules/$module" || echo "xsplice: cannot load module $module" >/dev/console
done </modules/order

images=0
has_disk=no
for word in $(cat /proc/cmdline); do
    case $word in
        xsplice.images=*) images=${word#*=} ;;
        xsplice.disk=*) has_disk=${word#*=} ;;
    esac
done

root=
if [ "$images" -gt 0 ]; then
    root=/overlay/root lower=
    mount -t tmpfs tmpfs /overlay
    mkdir -p /overlay/upper /overlay/work "$root"
    for disk in $(echo "a b c d e f g h" | cut -d' ' -f"1-$images"); do
        mkdir -p "/images/$disk"
        until [ -b "/dev/vd$disk" ]; do sleep 0.05; done
        mount -t squashfs -o ro "/dev/vd$disk" "/images/$disk"
        lower="${lower:+$lower:}/images/$disk"
    done
    mount -t overlay -o "lowerdir=$lower,upperdir=/overlay/upper,workdir=/overlay/work" overlay "$root"
    for folder in proc sys dev tmp run root etc bin sbin var/run var/log usr/bin usr/sbin; do
        mkdir -p "$root/$folder"
    done
    for folder in proc sys dev; do mount -o bind "/$folder" "$root/$folder"; done
    cp /bin/busybox "$root/bin/busybox"
    chroot "$root" /bin/busybox --install -s /bin
    cp /etc/* "$root/etc/"
    cp /agent "$root/sbin/agent"
else
    mkdir -p /sbin
    cp /agent /sbin/agent
fi

inside() {
    chroot "${root:-/}" "$@"
}

inside mkdir -p /dev/pts /dev/shm /tmp /root
inside mount -t devpts devpts /dev/pts
inside mount -t tmpfs tmpfs /dev/shm
inside hostname lab
inside ip link set lo up
inside mount -t xenfs xenfs /proc/xen
for script in "$root"/etc/lab-start/*; do
    [ -e "$script" ] && inside sh "${script#"$root"}"
done
if [ "$has_disk" = yes ]; then
    device=/dev/vd$(echo "a b c d e f g h i" | cut -d' ' -f"$((images + 1))")
    until [ -b "$device" ]; do sleep 0.05; done
    inside mkdir -p /var/lib/xsplice
    inside mount -t ext4 "$device" /var/lib/xsplice
    # What a service of systemd does in a real dom0.
    script=/var/lib/xsplice/boot/xsplice-boot.sh
    inside test -e "$script" && inside sh "$script" start
fi

# The ports have the names that QEMU was told: xsplice.0, xsplice.1, ...
for port in 0 1 2 3; do
    (
        until device=$(inside grep -lx "xsplice.$port" /sys/class/virtio-ports/*/name 2>/dev/null); do
            sleep 0.02
        done
        device=${device%/name}
        while :; do
            inside /sbin/agent "/dev/${device##*/}"
            sleep 0.2
        done
    ) &
done
wait
