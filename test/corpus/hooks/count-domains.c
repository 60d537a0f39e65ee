/* With Xen's own headers: how many domains there are, and how many virtual CPUs dom0 has. */
#include <xen/lib.h>
#include <xen/sched.h>

extern char told_version[16];

static void cf_check tell_domains(void)
{
    const struct domain *d;
    unsigned int count = 0;

    for_each_domain ( d )
        count++;
    snprintf(told_version, sizeof(told_version), ".5+%u/%u", count, hardware_domain->max_vcpus);
}
XSPLICE_HOOK_LOAD(tell_domains)
