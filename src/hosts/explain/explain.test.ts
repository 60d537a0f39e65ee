import assert from "node:assert/strict";
import { test } from "node:test";
import { Errno } from "../../xen-abi/errno.ts";
import { unexpectedCodeOf } from "./console-lines.ts";
import { explain } from "./explain.ts";
import type { Step } from "./refused-step.ts";

/** What the console says, in lines of a release build, and what people shall read. */
const cases: readonly {
  readonly step: Step;
  readonly errno: number;
  readonly console: string;
  readonly text: RegExp;
}[] = [
  {
    step: "upload",
    errno: Errno.ENOENT,
    console: "livepatch: fix: Unknown symbol: common/x.c#y",
    text: /neither the hypervisor nor a loaded payload has a symbol "common\/x\.c#y"/,
  },
  {
    step: "upload",
    errno: Errno.EEXIST,
    console: "livepatch: fix: duplicate new symbol: lf",
    text: /its symbol "lf" exists already/,
  },
  {
    step: "upload",
    errno: Errno.EOPNOTSUPP,
    console: "livepatch: fix: Unhandled relocation 11",
    text: /a relocation of type 11/,
  },
  {
    step: "upload",
    errno: Errno.EOPNOTSUPP,
    console: "livepatch: fix: Wrong version (1). Expected 2",
    text: /its function table has version 1/,
  },
  {
    step: "upload",
    errno: Errno.EINVAL,
    console: "livepatch: fix: check against hypervisor build-id failed",
    text: /another hypervisor build/,
  },
  {
    step: "apply",
    errno: Errno.EINVAL,
    console: "livepatch: fix: check against one build-id failed",
    text: /depends on something other than "one"/,
  },
  {
    step: "apply",
    errno: Errno.EINVAL,
    console: [
      "livepatch: do_xen_version+31: expectation failed: expected:488d, actual:e9db",
      "(XEN) livepatch: fix: expectations of do_xen_version+31 failed (rc=-22), aborting!",
    ].join("\n"),
    text: /code at "do_xen_version\+31" is not what the payload expects/,
  },
  {
    step: "apply",
    errno: Errno.EINVAL,
    console: [
      "livepatch: payload ab12, uncovered do_xen_version: expectation failed: expected:cc, actual:90",
      "(XEN) livepatch: fix: expectations of payload ab12, uncovered do_xen_version failed (rc=-22), aborting!",
    ].join("\n"),
    text: /another payload is already stacked on do_xen_version of payload ab12/,
  },
  {
    step: "apply",
    errno: 84,
    console: "livepatch: fix: pre-apply hook failed (rc=-84), aborting!",
    text: /pre-apply hook refused with -84/,
  },
  {
    step: "replace",
    errno: Errno.EOPNOTSUPP,
    console: "livepatch: fix: REPLACE action is not supported on livepatches with vetoing hooks!",
    text: /pre- or post-hooks/,
  },
];

test("explain() finds the reason on the console and quotes it", () => {
  for (const { step, errno, console, text } of cases) {
    const said = `(XEN) livepatch: other: Unknown symbol: z\n(XEN) ${console}\n(XEN) bye\n`;
    const reason = explain({ step, name: "fix", errno, console: said });
    assert.match(reason.text, text);
    assert.match(reason.where ?? "", /^hypervisor's console: "/, reason.text);
    assert.ok(!reason.where?.includes("other"), reason.where);
  }
});

test("explain() shows the bytes that were expected above those that were found", () => {
  const console = cases.find(({ text }) => text.source.includes("do_xen_version"))?.console ?? "";
  const { expected } = explain({ step: "apply", name: "fix", errno: Errno.EINVAL, console });
  assert.equal(expected, "488d (expected)\ne9db (found)");
});

test("explain() has words for every number at every step, without a console", () => {
  const steps: readonly Step[] = ["upload", "query", "apply", "revert", "replace", "unload"];
  for (const step of steps) {
    for (const errno of [0, ...Object.values(Errno), 84]) {
      const { text, where } = explain({ step, name: "fix", errno, console: "" });
      assert.match(text, /^[a-zA-Z].*[^.]$/);
      assert.equal(where, undefined);
    }
  }
});

test("explain() tells a name in use from a build-id in use", () => {
  const refusal = { step: "upload", name: "fix", errno: Errno.EEXIST, console: "" } as const;
  assert.match(explain({ ...refusal, nameTaken: true }).text, /payload of this name/);
  assert.match(explain({ ...refusal, nameTaken: false }).text, /same build-id/);
});

test("unexpectedCodeOf() puts the two lines together that Xen prints, and no others", () => {
  const bytes = "(XEN) livepatch: f+31: expectation failed: expected:488d, actual:e9db\n";
  const payload = "(XEN) livepatch: fix: expectations of f+31 failed (rc=-22), aborting!\n";
  const found = { place: "f+31", expected: "488d", actual: "e9db" };
  assert.deepEqual(unexpectedCodeOf(bytes + payload, "fix"), found);
  assert.equal(unexpectedCodeOf(bytes + payload, "other"), undefined);
  assert.equal(unexpectedCodeOf(bytes, "fix"), undefined);
  assert.equal(unexpectedCodeOf(payload, "fix"), undefined);
});
