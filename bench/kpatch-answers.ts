// What kpatch's create-diff-object (7085e9d, March 2026) says of the pairs of its own unit tests for
// x86-64 (kpatch-unit-test-objs, 813ba60), and why the comparison says something else of a few. Parts
// that the compiler split off a function (.cold, .part) are not listed.

export interface Answer {
  readonly outcome: "unchanged" | "patchable" | "refused";
  /** Functions, sorted. */
  readonly changed?: readonly string[];
  readonly added?: readonly string[];
  /** Why the comparison's answer is another one. */
  readonly differs?: string;
}

export const kpatchAnswers: Readonly<Record<string, Answer>> = {
  "ASSERT_RTNL-detect": { outcome: "patchable", changed: ["__dev_get_by_flags"] },
  altinstr_aux: { outcome: "patchable", added: ["dummy_function"] },
  "bug-table-section": { outcome: "patchable", changed: ["sysctl_head_grab"] },
  "clang-lstr": {
    outcome: "patchable",
    added: [
      "post_patch_callback",
      "post_unpatch_callback",
      "pre_patch_callback",
      "pre_unpatch_callback",
    ],
  },
  "clang-special-static": { outcome: "patchable", changed: ["init_srcu_struct_fields"] },
  "clang-unnamed": { outcome: "patchable", changed: ["test_ubsan_out_of_bounds"] },
  "cmdline-ubsan": { outcome: "patchable", changed: ["cmdline_proc_show"] },
  "cold-add": { outcome: "patchable", changed: ["meminfo_proc_open"] },
  "cold-add2": {
    outcome: "patchable",
    changed: ["meminfo_proc_open"],
    added: ["meminfo_proc_open2.isra.0"],
  },
  "cold-change-parent": { outcome: "patchable", changed: ["meminfo_proc_show"] },
  "cold-change-sub": { outcome: "patchable", changed: ["meminfo_proc_open"] },
  "cold-del-sub": { outcome: "patchable", changed: ["meminfo_proc_open"] },
  "cold-noid-issue-1160": {
    outcome: "patchable",
    changed: ["raid1_sync_request", "sync_request_write"],
  },
  "convert-global-local": { outcome: "patchable", changed: ["__kmalloc"] },
  "data-new": { outcome: "patchable", changed: ["meminfo_proc_show"] },
  "data-read-mostly": {
    outcome: "patchable",
    changed: ["__netif_receive_skb_core"],
    differs:
      "the object after has three entries more in __jump_table for dev_queue_xmit_nit(), whose code is the same: it is carried, too",
  },
  "dynamic-debug-jump-label-issue-1253": { outcome: "patchable", changed: ["push_node_left"] },
  "dynamic-debug-special-static-issue-990": { outcome: "patchable", changed: ["try_module_get"] },
  "fixup-section": { outcome: "patchable", changed: ["filldir"] },
  "function-ptr-new": {
    outcome: "patchable",
    changed: ["meminfo_proc_open"],
    added: ["patch_print_something"],
  },
  "gcc-constprop-cold": { outcome: "patchable", changed: ["do_gettimeofday"] },
  "gcc-constprop": { outcome: "patchable", changed: ["do_gettimeofday"] },
  "gcc-static-local-var-3": {
    outcome: "patchable",
    changed: ["deferred_cad"],
    added: ["kpatch_bar"],
  },
  "gcc-static-local-var-5": {
    outcome: "patchable",
    changed: ["audit_log_config_change", "audit_log_end", "audit_log_start"],
    added: ["kpatch_audit_check", "kpatch_audit_foo"],
  },
  "ignore-missing-ftracehook-issue-1091": {
    outcome: "patchable",
    added: ["blk_trace_cleanup", "blk_trace_remove_duplicate"],
    differs:
      "the patch asks kpatch's tool to leave blk_trace_remove() out (KPATCH_IGNORE_FUNCTION); the comparison knows no such request",
  },
  "import-ns": { outcome: "patchable", changed: ["cmdline_proc_show"] },
  "jump-label-issue-1021": { outcome: "patchable", changed: ["tcp_retransmit_timer"] },
  "jump-label-issue-946": { outcome: "patchable", changed: ["__kmalloc"] },
  "line-detect-issue-1253": { outcome: "patchable", changed: ["read_block_for_search"] },
  "mangled-symbol-modification-issue-1048": {
    outcome: "patchable",
    changed: ["put_aio_ring_file.isra.16"],
    added: ["kpatch_aio_foo"],
  },
  "mcount_loc-issue-1102": { outcome: "patchable", changed: ["netlbl_catmap_getlong"] },
  "meminfo-init": { outcome: "refused" },
  "meminfo-init2": { outcome: "refused", changed: ["meminfo_proc_show"] },
  "meminfo-string": { outcome: "patchable", changed: ["meminfo_proc_show"] },
  "missing-secsym-issue-1272": { outcome: "patchable", changed: ["__reserve_bytes"] },
  "mrecord-mcount": { outcome: "patchable", changed: ["meminfo_proc_show"] },
  "multifile-pr-1204": {
    outcome: "patchable",
    changed: ["cmdline_proc_show", "meminfo_proc_show"],
  },
  "new-function": { outcome: "patchable", changed: ["n_tty_write"], added: ["kpatch_n_tty_write"] },
  "oot-issue-928.NOSTRIP": {
    outcome: "patchable",
    changed: ["test_funb"],
    differs:
      "the patch asks kpatch's tool to leave .init.text out (KPATCH_IGNORE_SECTION); the comparison refuses what has run already",
  },
  "plt32-relocations-issue-975": { outcome: "patchable", changed: ["cmdline_proc_show"] },
  "printk-index-1-issue-1206": { outcome: "patchable", changed: ["tcp_mark_head_lost"] },
  "printk-index-2-issue-1206": { outcome: "patchable", changed: ["tcp_mark_head_lost"] },
  "replace-section-references": { outcome: "patchable", changed: ["kvm_define_shared_msr"] },
  "secsym-issue-1193": { outcome: "patchable", changed: ["do_mount", "ksys_umount"] },
  "smp-locks-section": { outcome: "patchable", changed: ["__tty_buffer_request_room"] },
  "special-static-2": {
    outcome: "patchable",
    changed: ["kvm_set_msr_common"],
    added: ["kpatch_kvm_x86_foo"],
  },
  "special-static": {
    outcome: "patchable",
    changed: ["copy_process.part.8"],
    added: ["kpatch_foo"],
  },
  "static-call-issue-1165": { outcome: "patchable", changed: ["do_exit"] },
  "static-call-pr-1315": {
    outcome: "patchable",
    changed: ["ept_walk_addr_generic", "paging32_walk_addr_generic", "paging64_walk_addr_generic"],
  },
  "static-local-moved-subfunction-issue-1054": {
    outcome: "patchable",
    changed: [
      "audit_log",
      "audit_log_config_change",
      "audit_log_end",
      "audit_log_feature_change.part.19",
      "audit_log_link_denied",
      "audit_log_name",
      "audit_log_start",
      "audit_receive_msg",
    ],
    added: ["kpatch_audit_check", "kpatch_audit_foo"],
  },
  this_ip: { outcome: "patchable", changed: ["meminfo_proc_show_ub"] },
  "tracepoints-section": { outcome: "patchable", changed: ["run_timer_softirq"] },
  "unique-id-pr-1314": { outcome: "unchanged" },
  "warn-detect": { outcome: "unchanged" },
  "zero-page-rela-issue-1064": { outcome: "patchable", changed: ["meminfo_proc_open"] },
};
