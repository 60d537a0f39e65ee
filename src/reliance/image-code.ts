// The code of a linked hypervisor as reliance.ts wants it: functions by address, where their calls and
// jumps lead, and who may have been compiled with knowledge of whom.

import { findNearBranches } from "../isa/x86-near-branch.ts";
import type { StepBranch } from "../isa/x86-register-steps.ts";
import { Effects } from "./effects.ts";
import {
  type Destination,
  destinationOfThunk,
  FunctionCode,
  type HiddenCode,
} from "./function-code.ts";
import { type ImageFunction, ImagePlaces, type PlacedImage } from "./image-places.ts";
import { type CallSite, findReached } from "./reliance.ts";
import type { Signature } from "./signature.ts";

export interface CodeImage extends PlacedImage {
  /** By the name of Xen's own table: what it takes and gives, if that is known. */
  readonly signatureOf?: ((name: string) => Signature | undefined) | undefined;
}

/** Behind a function's end its assembly may have put pieces aside (`.subsection`), a few bytes each. */
const BEHIND_MAX = 4096n;
/** Of a fix-up, in bytes. */
const FIXUP_MAX = 64;

export class ImageCode {
  /** What compilers knew of its code. */
  readonly effects = new Effects("what-compilers-knew");
  readonly #image: CodeImage;
  readonly #callers = new Map<FunctionCode, readonly CallSite[]>();
  readonly #reached = new Map<FunctionCode, readonly FunctionCode[]>();
  readonly #places: ImagePlaces;
  readonly #codes = new Map<ImageFunction, FunctionCode>();
  readonly #functions = new Map<FunctionCode, ImageFunction>();

  /** @param places those of the same hypervisor, if they are known */
  constructor(image: CodeImage, places = new ImagePlaces(image)) {
    this.#image = image;
    this.#places = places;
  }

  /** The function that begins at an address; `undefined` where none does. */
  findAt(address: bigint): FunctionCode | undefined {
    const found = this.#places.findAt(address);
    return found && this.#codeOf(found);
  }

  /** Of a symbol, by the name of Xen's own table. */
  addressOf(name: string): bigint | undefined {
    return this.#image.addressOf(name);
  }

  findNamed(name: string): FunctionCode | undefined {
    const address = this.addressOf(name);
    return address === undefined ? undefined : this.findAt(address);
  }

  /** The function, and those of the hypervisor through which others may rely on it. */
  reachedFrom(code: FunctionCode): readonly FunctionCode[] {
    const known = this.#reached.get(code);
    if (known !== undefined) return known;
    const reached = findReached(code, (callee) => this.findCallers(callee), this.effects);
    this.#reached.set(code, reached);
    return reached;
  }

  /** Of a function that findAt() gave: calls and jumps to its entry by code compiled with it. */
  findCallers(callee: FunctionCode): readonly CallSite[] {
    const known = this.#callers.get(callee);
    if (known !== undefined) return known;
    const found = this.#searchCallers(callee);
    this.#callers.set(callee, found);
    return found;
  }

  #searchCallers(callee: FunctionCode): readonly CallSite[] {
    const target = this.#functions.get(callee);
    if (target === undefined) return [];
    const { sorted, areTogether } = this.#places;
    const compiled = sorted
      .filter((one) => areTogether(one, target))
      .flatMap((one) =>
        findNearBranches(this.#bytesOf(one), Number(target.address - one.address)).map(
          ({ offset, returnsTo }) => ({ caller: this.#codeOf(one), offset, returnsTo }),
        ),
      );
    return [...compiled, ...this.#assemblyCallsOf(target)];
  }

  /** Pieces of assembly may rely on functions of any object. */
  #assemblyCallsOf(target: ImageFunction): readonly CallSite[] {
    return this.#places.assemblyCalls
      .filter(({ callee }) => callee === target.address)
      .flatMap(({ at, returnsTo }) => {
        const from = this.#places.findAround(at);
        if (from === undefined) return [];
        const [offset, next] = [Number(at - from.address), Number(returnsTo - from.address)];
        return [{ caller: this.#codeOf(from), offset, returnsTo: next }];
      });
  }

  #codeOf(one: ImageFunction): FunctionCode {
    const known = this.#codes.get(one);
    if (known !== undefined) return known;
    const bytes = this.#bytesOf(one);
    const code = new FunctionCode({
      name: one.name,
      bytes,
      leadTo: (branch) => this.#leadFrom(one, bytes.length, branch),
      hidden: () => this.#hiddenIn(one.address, bytes.length),
      signature: () => this.#image.signatureOf?.(one.name),
    });
    this.#codes.set(one, code);
    this.#functions.set(code, one);
    return code;
  }

  #hiddenIn(start: bigint, length: number): HiddenCode {
    const end = start + BigInt(length);
    const faults = this.#places.tables.faultsIn(start, end);
    return {
      alternatives: this.#places.tables.alternativesIn(start, end),
      faults: new Map(
        faults.map(({ at, continuesAt }) => {
          const isInside = start <= continuesAt && continuesAt < end;
          const to: Destination = isInside
            ? { kind: "inside", offset: Number(continuesAt - start) }
            : this.#fixupAt(continuesAt);
          return [Number(at - start), to];
        }),
      ),
    };
  }

  /** Much of it lies apart from all functions; it ends by jumping back. */
  #fixupAt(address: bigint): Destination {
    const around = this.#places.findAround(address);
    if (around !== undefined) {
      const place = { code: this.#codeOf(around), offset: Number(address - around.address) };
      return { kind: "function", place, isSeen: true };
    }
    const code = new FunctionCode({
      name: "fix-up code",
      bytes: this.#image.bytesAt(address, FIXUP_MAX) ?? new Uint8Array(),
      leadTo: ({ target, isCall }) => this.#leadTo(address + BigInt(target), isCall, () => !isCall),
      isPart: true,
    });
    return { kind: "function", place: { code, offset: 0 }, isSeen: true };
  }

  /** With what may belong to it behind its end, as far as the file has it. */
  #bytesOf(one: ImageFunction): Uint8Array {
    const { address, sizeBytes } = one;
    const end = address + BigInt(sizeBytes);
    const next = this.#places.findBehind(one)?.address ?? end;
    const limit = next < end + BEHIND_MAX ? next : end + BEHIND_MAX;
    const length = limit > end ? Number(limit - address) : sizeBytes;
    const { bytesAt } = this.#image;
    return bytesAt(address, length) ?? bytesAt(address, sizeBytes) ?? new Uint8Array();
  }

  #leadFrom(from: ImageFunction, length: number, { target, isCall }: StepBranch): Destination {
    if (target < 0 || target >= length) {
      const to = from.address + BigInt(target);
      return this.#leadTo(to, isCall, (found) => this.#places.areTogether(from, found));
    }
    if (!isCall) return { kind: "inside", offset: target };
    return { kind: "function", place: { code: this.#codeOf(from), offset: target }, isSeen: true };
  }

  #leadTo(address: bigint, isCall: boolean, isSeen: (to: ImageFunction) => boolean): Destination {
    const to = this.#places.findAround(address);
    if (to === undefined) return { kind: "label" };
    const offset = Number(address - to.address);
    const thunk = offset === 0 ? destinationOfThunk(to.name) : undefined;
    if (thunk !== undefined) return thunk;
    // No compiler calls into the midst of a function.
    if (isCall && offset !== 0) return { kind: "label" };
    return { kind: "function", place: { code: this.#codeOf(to), offset }, isSeen: isSeen(to) };
  }
}
