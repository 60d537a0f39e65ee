// A source tree with the shape of Xen's and a few lines of make files that behave as Xen's do: one
// object from a C file, one from a C file that includes it, one renamed from another, assembly, a
// header that is generated, and a configuration. So that all of the way from a patch to pairs of
// objects is tested in seconds, without Xen.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createTwoFilesPatch } from "diff";
import { sharePartsWith } from "../../test/why-no-build.ts";
import type { Architecture } from "../isa/architecture.ts";
import type { RunOptions } from "./make-run.ts";

const topMakefile = `export XEN_VERSION       = 4
export XEN_SUBVERSION    = 17
export TARGET := xen
SRCARCH := x86
build := -f Rules.mk obj
export EXTRA_CFLAGS_XEN_CORE
Q := @
ALL_OBJS-y := common/built_in.o
.PHONY: FORCE outputmakefile tools_fixdep olddefconfig
default: $(TARGET)
olddefconfig:
	@echo 'CONFIG_CC_VERSION=1' >> .config
	@sed -n 's/^default /CONFIG_/p' Kconfig >> .config
outputmakefile:
tools_fixdep:
$(TARGET): outputmakefile FORCE
	$(Q)$(MAKE) $(build)=include include/generated.h
	$(Q)$(MAKE) $(build)=. \\
		'ALL_OBJS=$(ALL_OBJS-y)' $@
FORCE:
`;

const rules = `.SUFFIXES:
$(if $(filter 4,$(MAKELEVEL)),$(error make calls itself))
-include .config
include $(firstword $(wildcard $(obj)/build.mk) $(obj)/Makefile)
objects := $(addprefix $(obj)/,$(obj-y))
flags = -nostdinc -D__XEN__ -MMD -MP -MF $(@D)/.$(@F).d -Iinclude $(EXTRA_CFLAGS_XEN_CORE) $(CFLAGS-y)
record = { echo 'cmd_$@ := gcc $(flags) -c $<'; echo; echo 'deps_$@ := \\'; \\
	sed -e '/^$$/,$$d' -e 's/^[^ ]*://' -e 's/ *\\\\$$//' $(@D)/.$(@F).d | tr ' ' '\\n' | sed -n 's/..*/  & \\\\/p'; \\
	echo; } > $(@D)/.$(@F).cmd
$(obj)/built_in.o: $(objects)
	ld -r -o $@ $^
$(obj)/%.init.o: $(obj)/%.o
	objcopy --rename-section .rodata=.init.rodata $< $@
$(obj)/%.o: $(obj)/%.c FORCE
	gcc $(flags) -c $< -o $@
	@$(record)
$(obj)/%.o: $(obj)/%.S FORCE
	gcc $(flags) -D__ASSEMBLY__ -c $< -o $@
	@$(record)
include/generated.h: include/public/list.h
	sh tools/generate.sh < $< > $@
	echo '/* of $(CURDIR)/../xen/$< */' >> $@
.PHONY: FORCE
FORCE:
`;

const linking = `prelink.o: $(ALL_OBJS)
	ld -r -o $@ $^
$(ALL_OBJS): FORCE
	@$(MAKE) -f Rules.mk obj=$(@D) $@
$(TARGET): prelink.o
	ld -T arch/x86/xen.lds.S -o $@ $<
	sh tools/check.sh $@
`;

/** It takes nothing that it does not know. */
const generator = `sed -e 's/LISTED/GENERATED/' -e '/GENERATED/!{ s/.*/unknown/; q1; }'
`;

export const smallXen: Readonly<Record<string, string>> = {
  "Config.mk": "",
  "config/x86_64.mk": "",
  "xen/Makefile": topMakefile,
  "xen/Rules.mk": rules,
  "xen/build.mk": linking,
  "xen/tools/generate.sh": generator,
  "xen/tools/check.sh": '. tools/common\nnm "$1"\n',
  "xen/tools/common": "set -e\n",
  "xen/tools/unused.py": "pass\n",
  "xen/Kconfig": "config OLD\ndefault OLD=y\n",
  "xen/common/Makefile":
    "obj-y := kernel.o user.o start.init.o\nobj-$(CONFIG_LIVEPATCH) += entry.o\nobj-$(CONFIG_OFF) += unused.o\n",
  "xen/crypto/Makefile": "obj-y := hash.o\n",
  "xen/include/Makefile": "",
  "xen/include/public/list.h": "#define LISTED 1\n",
  "xen/include/wide.h": "static inline int wide(void) { return 1; }\n",
  "xen/common/kernel.c":
    '#include "generated.h"\n#include "wide.h"\nint kernel(void) { return wide() + GENERATED; }\n',
  "xen/common/user.c": '#define kernel user\n#include "kernel.c"\n',
  "xen/common/start.c": "int start(void) { return 3; }\n",
  "xen/common/entry.S": ".globl entry\nentry: ret\n",
  "xen/common/unused.c": "int unused(void) { return 3; }\n",
  "xen/arch/arm/traps.c": "int traps(void) { return 3; }\n",
  "xen/arch/x86/xen.lds.S": "SECTIONS {}\n",
  "tools/xl/xl.c": "int main(void) { return 0; }\n",
};

export interface SmallXen {
  readonly source: string;
  /** XDG_CACHE_HOME of a command. */
  readonly cacheHome: string;
  readonly cache: string;
  /** Of changed texts by path; a path that is not in `smallXen` is a new file. */
  request(changes: Readonly<Record<string, string>>, more?: SomeOfRequest): SmallRequest;
}

/** What preparePairs() is asked for, with one patch. */
interface SmallRequest {
  readonly inputs: SmallInputs;
  readonly run: RunOptions;
}

interface SmallInputs {
  readonly source: string;
  readonly config: { readonly name: string; readonly text: string };
  readonly architecture: Architecture;
  readonly patches: readonly SmallPatch[];
  readonly earlier?: readonly (readonly SmallPatch[])[];
}

interface SmallPatch {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Of each group, what differs from the plainest request. */
interface SomeOfRequest {
  readonly inputs?: Partial<SmallInputs>;
  readonly run?: Partial<RunOptions>;
}

export function makeSmallXen(t: { after(work: () => void): void }): SmallXen {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-small-xen-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [source, cacheHome] = [join(folder, "source"), join(folder, "cache")];
  const cache = join(cacheHome, "xsplice");
  for (const [path, text] of Object.entries(smallXen)) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), text);
  }
  mkdirSync(cache, { recursive: true });
  sharePartsWith(cache);
  const request: SmallXen["request"] = (changes, more = {}) => ({
    inputs: {
      source,
      config: { name: "small.config", text: "CONFIG_LIVEPATCH=y\n" },
      patches: [{ name: "fix.patch", bytes: Buffer.from(patchOf(changes)) }],
      architecture: "x86_64",
      ...more.inputs,
    },
    run: { compiler: undefined, jobs: 2, cache, ...more.run },
  });
  return { source, cacheHome, cache, request };
}

function patchOf(changes: Readonly<Record<string, string>>): string {
  const patches = Object.entries(changes).map(([path, text]) => {
    const before = smallXen[path];
    const old = before === undefined ? "/dev/null" : `a/${path}`;
    return createTwoFilesPatch(old, `b/${path}`, before ?? "", text, "", "");
  });
  return patches.join("");
}
