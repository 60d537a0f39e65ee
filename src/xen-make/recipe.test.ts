import assert from "node:assert/strict";
import { test } from "node:test";
import { BuildError } from "../build-outcome/build-error.ts";
import { makeFileFor } from "./recipe.ts";

/** The shape of the rule from 4.19 on, which generates more. */
const makefile = `all: x
$(TARGET): outputmakefile asm-generic FORCE
	$(Q)$(MAKE) $(build)=include all
	[ -e x ] && \\
	    true
	$(Q)$(MAKE) $(build)=. 'ALL_OBJS=$(ALL_OBJS-y)' $@

other:
	echo
`;

test("makeFileFor() cuts the generating part out of Xen's own rule", () => {
  const unit = { compiles: [] };
  const text = makeFileFor(makefile, [
    { ...unit, object: "common/a.o", makeFolder: "common" },
    { ...unit, object: "arch/x86/b.o", makeFolder: "arch/x86" },
    { ...unit, object: "common/compat/c.o", makeFolder: "common" },
  ]);
  const checks = "-o include/headers.chk -o include/headers99.chk -o include/headers++.chk";
  assert.equal(
    text,
    `include Makefile
xsplice-prepare: outputmakefile asm-generic FORCE
	$(Q)$(MAKE) ${checks} $(build)=include all
	[ -e x ] && \\
	    true
xsplice-list: FORCE
	$(Q)$(MAKE) $(build)=. 'ALL_OBJS=$(ALL_OBJS-y)' prelink.o
xsplice-link: FORCE
	$(Q)$(MAKE) -o prelink.o $(build)=. 'ALL_OBJS=$(ALL_OBJS-y)' $(TARGET)
xsplice-objects: xsplice-objects-0 xsplice-objects-1
xsplice-objects-0: tools_fixdep FORCE
	$(Q)$(MAKE) $(build)=common common/a.o common/compat/c.o
xsplice-objects-1: tools_fixdep FORCE
	$(Q)$(MAKE) $(build)=arch/x86 arch/x86/b.o
`,
  );
});

test("makeFileFor() refuses make files of older releases", () => {
  const old = "$(TARGET): delete-unfresh-files\n\t$(MAKE) -C tools\n\t$(MAKE) -f Rules.mk $@\n";
  assert.throws(
    () => makeFileFor(old),
    (error) => error instanceof BuildError && /4\.17 or later/.test(error.report.expected ?? ""),
  );
});
