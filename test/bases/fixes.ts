// The fixes of the matrix, as patches made from the source of each base: the same small change, wherever
// its line stands in that release. Wording of our own; each shows in what the hypervisor answers or prints.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createTwoFilesPatch } from "diff";
import { XspliceError } from "../../src/error.ts";
import { extraVersion, type Probe, pageSizeBuffers, pressKey } from "../corpus/probes.ts";

export class FixError extends XspliceError<"fix/no-such-line"> {}

export interface Fix {
  readonly title: string;
  readonly file: string;
  readonly changes: readonly {
    readonly from: string | RegExp;
    readonly to: string;
  }[];
  readonly shows: {
    readonly probe: Probe;
    readonly without: RegExp;
    readonly with: RegExp;
  };
}

const changeset: Probe = ({ client }) => client.changeset();

const VERSION_FILE = "xen/common/version.c";

export function answers(extra: string): Fix {
  return {
    title: "Tell in the version that it is fixed",
    file: VERSION_FILE,
    changes: [{ from: "return XEN_EXTRAVERSION;", to: `return XEN_EXTRAVERSION "${extra}";` }],
    shows: { probe: extraVersion, without: /^[^+]*$/, with: patternOf(`${extra}$`) },
  };
}

export const otherFunction: Fix = {
  title: "Tell in the changeset that it is fixed",
  file: VERSION_FILE,
  changes: [{ from: "return XEN_CHANGESET;", to: 'return XEN_CHANGESET "+other";' }],
  shows: { probe: changeset, without: /^(?!.*\+other)/, with: /\+other$/ },
};

export const newStatic: Fix = {
  title: "Count how often the timers are dumped",
  file: "xen/common/timer.c",
  changes: [
    {
      from: /static void (?:cf_check )?dump_timerq\(/,
      to: "static unsigned int nr_dumps;\n\n$&",
    },
    {
      from: 'printk("Dumping timer queues:\\n");',
      to: 'printk("Dumping timer queues, number %u:\\n", ++nr_dumps);',
    },
  ],
  shows: {
    probe: pressKey("a"),
    without: /Dumping timer queues:/,
    with: /Dumping timer queues, number 1:/,
  },
};

/** A macro that a hundred objects read, and some use. */
export const header: Fix = {
  title: "Take punctuation for what cannot be printed",
  file: "xen/include/xen/ctype.h",
  changes: [{ from: "(_P|_U|_L|_D|_SP)", to: "(_U|_L|_D|_SP)" }],
  shows: {
    probe: pressKey("h"),
    without: /key '\+' \(/,
    with: /key ' ' \(ascii '2b'\)/,
  },
};

/** Entries of .ex_table and .fixup, of alternatives (SMAP), and of a bug frame. */
export const specialSections: Fix = {
  title: "Write the page size into a buffer where there is one",
  file: "xen/common/kernel.c",
  changes: [
    {
      from: "        return (!guest_handle_is_null(arg) ? -EINVAL : PAGE_SIZE);",
      to: `        if ( !guest_handle_is_null(arg) )
        {
            int size = PAGE_SIZE;

            WARN_ON(current->domain->domain_id > 0x7fff);
            return __copy_to_guest(guest_handle_cast(arg, int), &size, 1)
                   ? -EFAULT : 0;
        }
        return PAGE_SIZE;`,
    },
  ],
  shows: { probe: pageSizeBuffers, without: /^-22 -22$/, with: /^-14 -14$/ },
};

/** @throws FixError fix/no-such-line */
export function patchOf(fix: Fix, source: string): string {
  const { file, changes, title } = fix;
  const text = readFileSync(join(source, file), "latin1");
  const changed = changes.reduce((known, { from, to }) => {
    const next = known.replace(from, typeof from === "string" ? to.replaceAll("$", "$$$$") : to);
    if (next !== known) return next;
    throw new FixError({
      code: "fix/no-such-line",
      problem: `Cannot make the fix "${title}": the source has no such line`,
      where: join(source, file),
      expected: String(from),
    });
  }, text);
  return `Subject: [PATCH] ${title}\n\n${createTwoFilesPatch(`a/${file}`, `b/${file}`, text, changed, "", "", { context: 3 })}`;
}

function patternOf(text: string): RegExp {
  return new RegExp(text.replaceAll("+", "\\+"));
}
