/*
 * xsplice.h: what hand-written payload code may use. `xsplice compile`, and `xsplice build` for files of
 * hooks, include it in front of every C file by themselves. It declares no more than the parts of Xen
 * that stay the same over releases; what else of Xen a function needs, it declares on its own, with the
 * types of the very hypervisor.
 *
 * A file of hooks for `xsplice build` may include Xen's headers instead (`#include <xen/...>`). Then it is
 * compiled as Xen's own files are, and gets from here only the macros for hooks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef XSPLICE_H
#define XSPLICE_H

#ifdef __XEN__

struct payload;
#define XSPLICE_PAYLOAD_ struct payload

#else

/* Everything that is declared but not defined is Xen's: reached directly, not through a table. */
#pragma GCC visibility push(hidden)

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Xen's console. Start the format with one of the levels; warnings and errors show by default. */
extern void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define XENLOG_ERR "<0>"
#define XENLOG_WARNING "<1>"
#define XENLOG_INFO "<2>"
#define XENLOG_DEBUG "<3>"

extern void *memcpy(void *to, const void *from, size_t count);
extern void *memmove(void *to, const void *from, size_t count);
extern void *memset(void *start, int value, size_t count);
extern int memcmp(const void *left, const void *right, size_t count);
extern size_t strlen(const char *text);
extern int strcmp(const char *left, const char *right);

/* The head of Xen's own record of a payload, which hooks get from Xen 4.14 on. */
struct livepatch_payload {
    uint32_t state; /* 1: loaded, 2: applied */
    int32_t rc;     /* result of the last action: 0, or the negative error */
    bool reverted;
    bool safe_to_reapply;
};
#define XSPLICE_PAYLOAD_ struct livepatch_payload

#endif

/*
 * Hooks: functions of the payload that Xen calls. Use each macro once per function, at file level:
 *
 *     static void hello(void) { printk(XENLOG_WARNING "hello from the payload\n"); }
 *     XSPLICE_HOOK_LOAD(hello)
 *
 * LOAD and UNLOAD (as many as you like, called in the order in which they stand in the source): all
 * CPUs stopped, interrupts off; just before functions are patched, just after they are restored.
 * Xen calls all hooks by pointer: where Xen's headers are used, mark the functions cf_check.
 */
#define XSPLICE_HOOK_LOAD(function) XSPLICE_HOOK_(load, void, (void), function)
#define XSPLICE_HOOK_UNLOAD(function) XSPLICE_HOOK_(unload, void, (void), function)

/*
 * From Xen 4.14 on, one of each. PREAPPLY and PREREVERT run before the CPUs are stopped, and another
 * result than 0 stops the action. POSTAPPLY and POSTREVERT run after it. With one of these four in a
 * payload, Xen refuses the replace action. APPLY and REVERT take over Xen's own patching and
 * restoring altogether: a wrong result makes the hypervisor panic.
 */
#define XSPLICE_HOOK_PREAPPLY(function) \
    XSPLICE_HOOK_(preapply, int, (XSPLICE_PAYLOAD_ *), function)
#define XSPLICE_HOOK_APPLY(function) \
    XSPLICE_HOOK_(apply, int, (XSPLICE_PAYLOAD_ *), function)
#define XSPLICE_HOOK_POSTAPPLY(function) \
    XSPLICE_HOOK_(postapply, void, (XSPLICE_PAYLOAD_ *), function)
#define XSPLICE_HOOK_PREREVERT(function) \
    XSPLICE_HOOK_(prerevert, int, (XSPLICE_PAYLOAD_ *), function)
#define XSPLICE_HOOK_REVERT(function) \
    XSPLICE_HOOK_(revert, int, (XSPLICE_PAYLOAD_ *), function)
#define XSPLICE_HOOK_POSTREVERT(function) \
    XSPLICE_HOOK_(postrevert, void, (XSPLICE_PAYLOAD_ *), function)

#define XSPLICE_HOOK_(kind, result, arguments, function)                        \
    static result (*const xsplice_hook_##kind##_##function) arguments           \
        XSPLICE_IN_ORDER_ __attribute__((used, section(".livepatch.hooks." #kind))) = function;

/* gcc would lay variables out in any order; clang keeps that of the source. */
#if defined(__GNUC__) && !defined(__clang__)
#define XSPLICE_IN_ORDER_ __attribute__((no_reorder))
#else
#define XSPLICE_IN_ORDER_
#endif

#endif
