// The constants in Linux's code that are the number of a source line, for IsSameLine. Whoever has the
// patch knows better how it moved the lines; here only what a constant is used for can tell.
import type { IsSameLine } from "xsplice/diff";

/** Functions that take __FILE__ and __LINE__, or __LINE__ alone. */
const takesLine =
  /^(warn_slowpath_\w+|_{0,3}might_(sleep|fault|resched)\w*|lockdep_rcu_suspicious|__btrfs_(abort_transaction|handle_fs_error|panic))$/;

/** `RTNL: assertion failed at %s (%d)`: a file and its line. */
const printsLine = /%s \(%d\)|%s:%d/;

export const isLinuxLine: IsSameLine = (_before, _after, _functionName, use) =>
  takesLine.test(use?.callee ?? "") || (use?.texts.some((text) => printsLine.test(text)) ?? false);
