/* In the place of what console_init_postirq() would have done while booting. */
static void tell_ring_size(void)
{
    printk(XENLOG_WARNING "console ring: stays as large as it is until the next boot\n");
}
XSPLICE_HOOK_LOAD(tell_ring_size)
