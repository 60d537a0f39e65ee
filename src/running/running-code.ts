// What runs below a new payload, for asking who of it relies on registers (reliance/running-code.ts).

import { ElfError } from "../elf/errors.ts";
import { findSection } from "../elf/sections.ts";
import { type CodeImage, ImageCode } from "../reliance/image-code.ts";
import { ImagePlaces } from "../reliance/image-places.ts";
import { RunningCode, type RunningPayload } from "../reliance/running-code.ts";
import type { PayloadBelow } from "./payload-below.ts";
import type { XenSyms } from "./xen-syms.ts";

export interface WhatRuns {
  readonly xen: XenSyms;
  /** The lowest first. */
  readonly payloads: readonly PayloadBelow[];
  /** By the name of the hypervisor's table: what a function takes and gives, if that is known. */
  readonly signatureOf?: CodeImage["signatureOf"];
}

export function runningCode({ xen, payloads, signatureOf }: WhatRuns): RunningCode {
  const image = new ImageCode({ ...codeImageOf(xen), signatureOf }, placesOf(xen));
  const running = new RunningCode(image);
  for (const below of payloads) running.add(codeOfPayload(below));
  return running;
}

/** Read at the first call for a hypervisor. */
export function placesOf(xen: XenSyms): ImagePlaces {
  const known = places.get(xen);
  if (known !== undefined) return known;
  const read = new ImagePlaces(codeImageOf(xen));
  places.set(xen, read);
  return read;
}

const places = new WeakMap<XenSyms, ImagePlaces>();

/** The hypervisor alone. */
export function codeImageOf({ byName, functions, bytesAt, release }: XenSyms): CodeImage {
  return {
    release,
    functions,
    addressOf: (name) => byName.get(name)?.address,
    bytesAt: (address, length) => {
      try {
        return bytesAt(address, length);
      } catch (error) {
        if (error instanceof ElfError && error.report.code === "elf/missing") return undefined;
        throw error;
      }
    },
  };
}

function codeOfPayload({ payload, object }: PayloadBelow): RunningPayload {
  const newBodies = payload.functions.flatMap((entry): RunningPayload["newBodies"] => {
    if (entry.kind !== "replace" || entry.newAddress.kind !== "own") return [];
    const section = findSection(object, entry.newAddress.section);
    const oldName = entry.oldAddress.kind === "symbol" ? entry.oldAddress.symbol : entry.name;
    if (section === undefined || oldName === undefined) return [];
    return [{ oldName, section: section.index, offset: entry.newAddress.offset }];
  });
  return { object, newBodies };
}
