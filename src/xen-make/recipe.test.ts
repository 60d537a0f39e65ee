import assert from "node:assert/strict";
import { test } from "node:test";
import { BuildError } from "../build-outcome/build-error.ts";
import { makeFileFor, prelinkOf } from "./recipe.ts";

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

/** The shape of the rule up to 4.16. */
const oldMakefile = `$(TARGET): delete-unfresh-files
	$(MAKE) -C tools
	[ -e include/asm ] || ln -sf asm-$(TARGET_ARCH) include/asm
	$(MAKE) -f $(BASEDIR)/Rules.mk -C include
	$(MAKE) -f $(BASEDIR)/Rules.mk -C arch/$(TARGET_ARCH) $@

`;

test("makeFileFor() follows make files that run in each directory, below that of the architecture", () => {
  const units = ["arch/x86/mm.o", "arch/x86/x86_64/mm.o"].map((object) => {
    return { compiles: [], object, makeFolder: "arch/x86" };
  });
  const checks = "-o headers.chk -o headers99.chk -o headers++.chk";
  assert.equal(
    makeFileFor(oldMakefile, units),
    `ifneq ($(filter %Rules.mk,$(MAKEFILE_LIST)),)
xsplice-objects: xsplice-objects-0
xsplice-objects-0: FORCE
	$(Q)$(MAKE) -f $(BASEDIR)/Rules.mk -C $(BASEDIR)/arch/x86 mm.o x86_64/mm.o
else
include Makefile
.PHONY: FORCE
FORCE:
xsplice-prepare: delete-unfresh-files
	$(MAKE) ${checks} -C tools
	[ -e include/asm ] || ln -sf asm-$(TARGET_ARCH) include/asm
	$(MAKE) ${checks} -f $(BASEDIR)/Rules.mk -C include
xsplice-list: FORCE
	$(MAKE) -f $(BASEDIR)/Rules.mk -C arch/$(TARGET_ARCH) prelink.o
xsplice-link: FORCE
	$(MAKE) -o prelink.o -f $(BASEDIR)/Rules.mk -C arch/$(TARGET_ARCH) $(BASEDIR)/xen
xsplice-objects: FORCE
	$(Q)$(MAKE) -f $(BASEDIR)/Rules.mk -f $(abspath $(firstword $(MAKEFILE_LIST))) -C arch/$(TARGET_ARCH) $@
endif
`,
  );
  assert.equal(prelinkOf(oldMakefile, "arm"), "arch/arm/prelink.o");
  assert.equal(prelinkOf(makefile, "x86"), "prelink.o");
});

test("makeFileFor() refuses a release before 4.14, though its make files look alike", () => {
  const old = (minor: number): string =>
    `export XEN_VERSION = 4\nexport XEN_SUBVERSION = ${minor}\n${oldMakefile}`;
  assert.throws(
    () => makeFileFor(old(13)),
    (error) =>
      error instanceof BuildError &&
      /older than all that were tried/.test(error.report.problem) &&
      /Xen 4\.13$/.test(error.report.where ?? ""),
  );
  assert.ok(makeFileFor(old(14)).includes("prelink.o"));
});

test("makeFileFor() refuses make files of another kind", () => {
  const other =
    "export XEN_VERSION = 4\nexport XEN_SUBVERSION = 11\n$(TARGET): x\n\t$(MAKE) -C tools\n\t$(CC) -o $@\n";
  assert.throws(
    () => makeFileFor(other),
    (error) =>
      error instanceof BuildError &&
      /4\.14 or later/.test(error.report.expected ?? "") &&
      /Xen 4\.11$/.test(error.report.where ?? ""),
  );
});
