/*
 * A payload that changes no function: it only speaks up on Xen's console when it is applied and
 * when it is reverted. `xl dmesg` in dom0 shows both lines.
 */
static void say_hello(void)
{
    printk(XENLOG_WARNING "xsplice example: applied\n");
}
XSPLICE_HOOK_LOAD(say_hello)

static void say_goodbye(void)
{
    printk(XENLOG_WARNING "xsplice example: reverted\n");
}
XSPLICE_HOOK_UNLOAD(say_goodbye)
