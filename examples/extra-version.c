/*
 * A first live patch: the hypervisor says another version of itself.
 *
 * Xen keeps the end of its version number in a function. For Xen 4.17.5 it returns ".5", and tools
 * in dom0 (`xl info`, xen_extra) show what it returns. The function below bears the same name, so
 * it takes the place of Xen's own as soon as the payload is applied, and steps back when it is
 * reverted.
 *
 *     xsplice compile examples/extra-version.c --xen-syms /usr/lib/debug/boot/xen-syms-4.17-amd64 \
 *         -o extra-version.livepatch
 */
const char *xen_extra_version(void)
{
    return ".5-patched";
}
