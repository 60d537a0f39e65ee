// The code of the hypervisor and of payloads, in the form that reliance/ reads.

import { findSection } from "../../elf/sections.ts";
import { type CodeImage, ImageCode } from "../../reliance/image-code.ts";
import { RunningCode, type RunningPayload } from "../../reliance/running-code.ts";
import { type Standing, whereCpusStand } from "../../standing/where-cpus-stand.ts";
import type { Hypervisor } from "../../xen-model/hypervisor.ts";
import type { Subject, SubjectEntry } from "../subject.ts";

/** The running code while payloads are checked one after the other; read on first use. */
export class CheckedCode {
  readonly #hypervisor: Hypervisor;
  #read: { readonly image: ImageCode; readonly running: RunningCode } | undefined;
  #standing: Standing | undefined;
  readonly #waiting: Subject[] = [];

  constructor(hypervisor: Hypervisor) {
    this.#hypervisor = hypervisor;
  }

  /** On top of the others; decoded on first use. */
  push(subject: Subject): void {
    this.#waiting.push(subject);
  }

  get image(): ImageCode {
    return this.#open().image;
  }

  /** Where CPUs stand while Xen patches. */
  get standing(): Standing {
    this.#standing ??= whereCpusStand(imageOf(this.#hypervisor));
    return this.#standing;
  }

  get running(): RunningCode {
    const { running } = this.#open();
    for (const subject of this.#waiting.splice(0)) {
      for (const payload of codeOfPayload(subject)) running.add(payload);
    }
    return running;
  }

  #open() {
    if (this.#read === undefined) {
      const image = new ImageCode(imageOf(this.#hypervisor));
      this.#read = { image, running: new RunningCode(image) };
    }
    return this.#read;
  }
}

/** Of the hypervisor's function that gets a new body. */
export function oldNameOf({ entry, written, oldFunction }: SubjectEntry): string | undefined {
  return entry.kind === "replace" && written !== undefined ? oldFunction?.name : undefined;
}

export function codeOfPayload({ object, entries }: Subject): readonly RunningPayload[] {
  if (object === undefined) return [];
  const newBodies = entries.flatMap((one): RunningPayload["newBodies"] => {
    const { entry } = one;
    const oldName = oldNameOf(one);
    if (entry.kind !== "replace" || entry.newAddress.kind !== "own") return [];
    const section = findSection(object, entry.newAddress.section);
    if (section === undefined || oldName === undefined) return [];
    return [{ oldName, section: section.index, offset: entry.newAddress.offset }];
  });
  return [{ object, newBodies }];
}

function imageOf({ facts, memory, lookup, release }: Hypervisor): CodeImage {
  const stays = ({ address }: { readonly address: bigint }) =>
    memory.findRegion(address)?.kind !== "init";
  return {
    release,
    functions: facts.functions().filter(stays),
    addressOf: lookup,
    bytesAt: facts.fileBytes,
  };
}
