/*
 * xsplice/shadow.h: shadow variables, which are state beside an object of Xen that has no room for it. For
 * source patches and files of hooks that `xsplice build` compiles with Xen's headers.
 *
 *     XSPLICE_SHADOW(domain_flags)                       at file level, once in a payload for each name
 *     int *flags = xsplice_shadow_alloc(d, "domain_flags", sizeof(*flags));
 *     int *flags = xsplice_shadow_get(d, "domain_flags", sizeof(*flags));
 *     xsplice_shadow_free(d, "domain_flags");            where the object itself is freed
 *
 * A value is known by the object's address and the shadow's name. All of it is on Xen's heap, and nothing
 * of it points into a payload that is not applied:
 *
 * - Payloads that are applied together and use the same name share the values.
 * - A payload that takes the place of another one by REPLACE, and uses the same name, goes on with the
 *   values. They are freed when the last payload that uses the name is reverted for good.
 * - A value has the size that it was made with, for all payloads: another layout needs another name. Those
 *   who ask for another size get NULL.
 * - What was left by a REPLACE whose new payload does not use the name, or that failed after the revert,
 *   is never taken up again, since nobody freed values with their objects meanwhile. The next payload that
 *   uses any shadow frees it.
 *
 * get and free work in every context but NMI and machine checks, with interrupts off, too. alloc
 * needs a context in which Xen may allocate memory: with interrupts off, as in a load hook, it gives what
 * is there already, or NULL. xsplice_shadow_alloc_with() also gives a new value a beginning. An object that
 * is older than the payload gets its value at its first use. Values are there from the first load hook of a
 * payload to its last unload hook, in whatever order these stand; preapply and postrevert hooks find none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef XSPLICE_SHADOW_H
#define XSPLICE_SHADOW_H

#ifndef __XEN__
#error "xsplice/shadow.h needs Xen's headers: use it in a patch or a file of hooks of xsplice build"
#endif

#ifndef CONFIG_X86
#error "xsplice/shadow.h knows how to free memory on x86 only"
#endif

#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/livepatch_payload.h>
#include <xen/mm.h>
#include <xen/sched.h>
#include <xen/spinlock.h>
#include <xen/string.h>
#include <xen/xmalloc.h>
#include <xsplice.h>

#define XSPLICE_SHADOW_NAME_MAX 63
#define XSPLICE_SHADOW_BUCKETS 256
/* Payloads of all later versions of xSplice must understand what is here, or use another number. */
#define XSPLICE_SHADOW_MAGIC 0x31776f6461687378UL

/*
 * Where everybody finds everything: dom_xen, a pseudo domain that owns memory and never runs. It shares no
 * information with itself, so this pointer of it is NULL, and it never shuts down, so nobody takes this lock.
 */
#define XSPLICE_SHADOW_FIRST_ ((struct xsplice_shadow_link **)&dom_xen->shared_info)
#define XSPLICE_SHADOW_LOCK_ (&dom_xen->shutdown_lock)

/* Of a list: the users, which lie in the payloads that are applied, and behind them the values, if any. */
struct xsplice_shadow_link {
    unsigned long magic;
    struct xsplice_shadow_link *next;
    /* Of a user; NULL for the values. */
    const char *name;
};

/*
 * On the heap. Xen's own way to free a block from any context, when all that may look at it has gone on, is
 * for blocks of this type (free_pirq_struct), so each of ours begins like one. xfree() may
 * be called neither in interrupts nor while all CPUs stand still.
 */
struct xsplice_shadow_value {
    struct pirq freed_as;
    struct xsplice_shadow_value *next;
    const void *object;
    size_t size;
    /* When its last user was reverted: xsplice_shadow_now_(). 0 while there is one. */
    s_time_t left;
    char name[XSPLICE_SHADOW_NAME_MAX + 1];
    unsigned long data[];
};

struct xsplice_shadow_values {
    struct pirq freed_as;
    struct xsplice_shadow_link link;
    unsigned int count;
    struct xsplice_shadow_value *buckets[XSPLICE_SHADOW_BUCKETS];
};

/* Names the values of a payload, and lets it take part in them while it is applied. */
#define XSPLICE_SHADOW(name) \
    _Static_assert(sizeof(#name) <= XSPLICE_SHADOW_NAME_MAX + 1, "too long a name for a shadow variable"); \
    static struct xsplice_shadow_link xsplice_shadow_user_##name = { \
        XSPLICE_SHADOW_MAGIC, NULL, #name \
    }; \
    static void cf_check xsplice_shadow_join_##name(void) \
    { \
        xsplice_shadow_join_(&xsplice_shadow_user_##name); \
    } \
    XSPLICE_HOOK_LOAD(xsplice_shadow_join_##name) \
    static void cf_check xsplice_shadow_leave_##name(void) \
    { \
        xsplice_shadow_leave_(&xsplice_shadow_user_##name); \
    } \
    XSPLICE_HOOK_UNLOAD(xsplice_shadow_leave_##name)

static inline struct xsplice_shadow_values *xsplice_shadow_values_(void)
{
    struct xsplice_shadow_link *link = *XSPLICE_SHADOW_FIRST_;

    while ( link != NULL && link->magic == XSPLICE_SHADOW_MAGIC && link->name != NULL )
        link = link->next;
    if ( link == NULL || link->magic != XSPLICE_SHADOW_MAGIC )
        return NULL;
    return container_of(link, struct xsplice_shadow_values, link);
}

static inline bool xsplice_shadow_has_user_(const char *name)
{
    const struct xsplice_shadow_link *link = *XSPLICE_SHADOW_FIRST_;

    for ( ; link != NULL && link->magic == XSPLICE_SHADOW_MAGIC; link = link->next )
        if ( link->name != NULL && !strcmp(link->name, name) )
            return true;
    return false;
}

static inline struct xsplice_shadow_value **xsplice_shadow_bucket_(
    struct xsplice_shadow_values *values, const void *object)
{
    unsigned long key = (unsigned long)object >> 4;

    return &values->buckets[(key ^ (key >> 8) ^ (key >> 16)) % XSPLICE_SHADOW_BUCKETS];
}

static inline struct xsplice_shadow_value **xsplice_shadow_find_(
    struct xsplice_shadow_values *values, const void *object, const char *name)
{
    struct xsplice_shadow_value **place = xsplice_shadow_bucket_(values, object);

    while ( *place != NULL && ((*place)->object != object || strcmp((*place)->name, name)) )
        place = &(*place)->next;
    return place;
}

static inline void xsplice_shadow_drop_(
    struct xsplice_shadow_values *values, struct xsplice_shadow_value **place)
{
    struct xsplice_shadow_value *value = *place;

    *place = value->next;
    values->count--;
    free_pirq_struct(&value->freed_as);
}

/*
 * Changes with every moment in which a CPU ran anything but its idle loop. All CPUs are in it while Xen
 * patches, and a second action takes a hypercall. So it is the same exactly in the hooks of one action.
 */
static inline s_time_t xsplice_shadow_now_(void)
{
    s_time_t sum = 0;
    unsigned int cpu;

    for_each_online_cpu ( cpu )
        sum += idle_vcpu[cpu]->runstate.state_entry_time;
    return sum;
}

/* Xen's record of the action under way (4.7 to 4.22): the second word points to the payload that it is about. */
extern const unsigned long xsplice_shadow_work_[3] __asm__("\"common/livepatch.c#livepatch_work\"");

/*
 * For unload hooks: whether Xen reverts in order to apply another payload at once. A payload begins with its
 * state: the one that is to be applied is only checked (1), one that is to be reverted is applied (2). In
 * doubt nothing is freed.
 */
static inline bool xsplice_shadow_is_replaced_(void)
{
    unsigned long payload = xsplice_shadow_work_[1];

    if ( payload < DIRECTMAP_VIRT_START || payload >= DIRECTMAP_VIRT_END )
        return true;
    return *(const uint32_t *)payload != 2;
}

/* In a load hook. */
static inline void xsplice_shadow_join_(struct xsplice_shadow_link *user)
{
    struct xsplice_shadow_values *values;
    s_time_t now = xsplice_shadow_now_();
    unsigned long flags;
    unsigned int i;

    spin_lock_irqsave(XSPLICE_SHADOW_LOCK_, flags);
    values = xsplice_shadow_values_();
    if ( *XSPLICE_SHADOW_FIRST_ != NULL &&
         (*XSPLICE_SHADOW_FIRST_)->magic != XSPLICE_SHADOW_MAGIC )
    {
        spin_unlock_irqrestore(XSPLICE_SHADOW_LOCK_, flags);
        printk(XENLOG_ERR "xsplice: somebody else uses the place of shadow variables: none for \"%s\"\n",
               user->name);
        return;
    }
    user->next = *XSPLICE_SHADOW_FIRST_;
    *XSPLICE_SHADOW_FIRST_ = user;
    for ( i = 0; values != NULL && i < XSPLICE_SHADOW_BUCKETS; i++ )
    {
        struct xsplice_shadow_value **place = &values->buckets[i];

        while ( *place != NULL )
        {
            struct xsplice_shadow_value *value = *place;

            if ( value->left != 0 && value->left != now )
            {
                xsplice_shadow_drop_(values, place);
                continue;
            }
            if ( !strcmp(value->name, user->name) )
                value->left = 0;
            place = &value->next;
        }
    }
    spin_unlock_irqrestore(XSPLICE_SHADOW_LOCK_, flags);
}

/* In an unload hook. */
static inline void xsplice_shadow_leave_(struct xsplice_shadow_link *user)
{
    struct xsplice_shadow_link **link = XSPLICE_SHADOW_FIRST_;
    struct xsplice_shadow_values *values;
    bool is_replaced = xsplice_shadow_is_replaced_();
    unsigned long flags;
    unsigned int i;

    spin_lock_irqsave(XSPLICE_SHADOW_LOCK_, flags);
    while ( *link != NULL && *link != user && (*link)->magic == XSPLICE_SHADOW_MAGIC )
        link = &(*link)->next;
    if ( *link == user )
        *link = user->next;
    values = xsplice_shadow_values_();
    if ( values != NULL && !xsplice_shadow_has_user_(user->name) )
    {
        for ( i = 0; i < XSPLICE_SHADOW_BUCKETS; i++ )
        {
            struct xsplice_shadow_value **place = &values->buckets[i];

            while ( *place != NULL )
            {
                if ( strcmp((*place)->name, user->name) )
                    place = &(*place)->next;
                else if ( !is_replaced )
                    xsplice_shadow_drop_(values, place);
                else
                {
                    (*place)->left = xsplice_shadow_now_();
                    place = &(*place)->next;
                }
            }
        }
        if ( values->count == 0 && *XSPLICE_SHADOW_FIRST_ == &values->link )
        {
            *XSPLICE_SHADOW_FIRST_ = NULL;
            free_pirq_struct(&values->freed_as);
        }
    }
    spin_unlock_irqrestore(XSPLICE_SHADOW_LOCK_, flags);
}

/* NULL if the object has none, and for a value of another size. */
static inline void *xsplice_shadow_get(const void *object, const char *name, size_t size)
{
    struct xsplice_shadow_values *values;
    struct xsplice_shadow_value *value = NULL;
    unsigned long flags;

    spin_lock_irqsave(XSPLICE_SHADOW_LOCK_, flags);
    values = xsplice_shadow_values_();
    if ( values != NULL && xsplice_shadow_has_user_(name) )
        value = *xsplice_shadow_find_(values, object, name);
    spin_unlock_irqrestore(XSPLICE_SHADOW_LOCK_, flags);
    return value != NULL && value->size == size ? value->data : NULL;
}

static inline void xsplice_shadow_free(const void *object, const char *name)
{
    struct xsplice_shadow_values *values;
    struct xsplice_shadow_value **place;
    unsigned long flags;

    spin_lock_irqsave(XSPLICE_SHADOW_LOCK_, flags);
    values = xsplice_shadow_values_();
    if ( values != NULL )
    {
        place = xsplice_shadow_find_(values, object, name);
        if ( *place != NULL )
            xsplice_shadow_drop_(values, place);
    }
    spin_unlock_irqrestore(XSPLICE_SHADOW_LOCK_, flags);
}

/*
 * What the object has already; otherwise a new value, all zero, which `begin` may still change before
 * anybody else finds it (locks and list heads need that; it may be called in vain). NULL where Xen must not
 * allocate, when it has no memory, and for more than a page; also, told on Xen's console, for a value of
 * another size, and for a name without XSPLICE_SHADOW.
 */
static inline void *xsplice_shadow_alloc_with(
    const void *object, const char *name, size_t size, void (*begin)(void *value))
{
    struct xsplice_shadow_values *values, *fresh_values = NULL;
    struct xsplice_shadow_value **place, *value = NULL, *fresh = NULL;
    struct xsplice_shadow_link **link;
    unsigned long flags;
    bool has_user;
    void *found = xsplice_shadow_get(object, name, size);

    if ( found == NULL && !in_irq() && local_irq_is_enabled() &&
         strlen(name) <= XSPLICE_SHADOW_NAME_MAX && size <= PAGE_SIZE )
    {
        fresh = _xzalloc(sizeof(*fresh) + ROUNDUP(size, sizeof(long)), sizeof(long));
        fresh_values = xzalloc(struct xsplice_shadow_values);
        if ( fresh != NULL && begin != NULL )
            begin(fresh->data);
    }
    spin_lock_irqsave(XSPLICE_SHADOW_LOCK_, flags);
    values = xsplice_shadow_values_();
    has_user = xsplice_shadow_has_user_(name);
    if ( values == NULL && fresh_values != NULL && has_user )
    {
        for ( link = XSPLICE_SHADOW_FIRST_; *link != NULL; link = &(*link)->next )
            ;
        fresh_values->link.magic = XSPLICE_SHADOW_MAGIC;
        *link = &fresh_values->link;
        values = fresh_values;
        fresh_values = NULL;
    }
    if ( values != NULL && has_user )
    {
        place = xsplice_shadow_find_(values, object, name);
        if ( *place == NULL && fresh != NULL )
        {
            fresh->object = object;
            fresh->size = size;
            strlcpy(fresh->name, name, sizeof(fresh->name));
            *place = fresh;
            values->count++;
            fresh = NULL;
        }
        value = *place;
    }
    spin_unlock_irqrestore(XSPLICE_SHADOW_LOCK_, flags);
    xfree(fresh);
    xfree(fresh_values);
    if ( value == NULL ? has_user : value->size == size )
        return value == NULL ? NULL : value->data;
    /* Guests may come here as often as they like: G_ levels are limited by Xen. */
    printk(XENLOG_G_ERR "xsplice: no shadow of %zu bytes with the name \"%s\": %s\n", size, name,
           value == NULL ? "no payload that is applied has XSPLICE_SHADOW of it" : "it has another size");
    return NULL;
}

/* The same, all zero. */
static inline void *xsplice_shadow_alloc(const void *object, const char *name, size_t size)
{
    return xsplice_shadow_alloc_with(object, name, size, NULL);
}

#endif
