// The code that runs: the hypervisor's, and that of the payloads below a new one. Who of it relies on
// registers of a function that the new payload replaces? Functions that somebody has replaced do not run
// any more, so they rely on nothing.

import type { ElfObject, SectionIndex } from "../elf/object.ts";
import { type Destination, type FunctionCode, RETURN_THUNK } from "./function-code.ts";
import { type CodeImage, ImageCode } from "./image-code.ts";
import { ObjectCode } from "./object-code.ts";
import { type CallSite, findReliants, type Reliant } from "./reliance.ts";

export interface RunningPayload {
  readonly object: ElfObject;
  readonly newBodies: readonly {
    /** As Xen's table, or the payload that brought it, spells the function. */
    readonly oldName: string;
    readonly section: SectionIndex;
    readonly offset: number;
  }[];
}

export class RunningCode {
  readonly #image: CodeImage;
  readonly #imageCode: ImageCode;
  readonly #payloads: readonly PayloadCode[];
  /** Bodies that run no more. */
  readonly #replaced = new Set<FunctionCode>();
  /** By a new body, the function that calls of it go to. */
  readonly #entries = new Map<FunctionCode, FunctionCode>();

  /**
   * @param payloads the lowest first
   * @param replaced by the new payload
   */
  constructor(image: CodeImage, payloads: readonly RunningPayload[], replaced: readonly string[]) {
    this.#image = image;
    this.#imageCode = new ImageCode(image);
    const opened: PayloadCode[] = [];
    for (const below of payloads) {
      opened.push(new PayloadCode(below, (name) => this.#find(name, opened)));
    }
    this.#payloads = opened;
    for (const { bodies } of opened) {
      for (const [name, body] of bodies) {
        const old = this.#find(name, opened);
        if (old === undefined) continue;
        this.#replaced.add(old);
        this.#entries.set(body, this.#entries.get(old) ?? old);
      }
    }
    for (const name of replaced) for (const body of this.#bodiesOf(name)) this.#replaced.add(body);
  }

  /** Its code, if anybody has it: the hypervisor's own where there is one. */
  find(name: string): FunctionCode | undefined {
    return this.#find(name, this.#payloads);
  }

  /** Whether a payload has brought the code. */
  isPayloads(code: FunctionCode): boolean {
    return this.#payloads.some(({ code: own }) => own.symbolOf(code) !== undefined);
  }

  /** By which the hypervisor's functions return, if they do not do so by themselves. */
  get returnThunk(): string | undefined {
    return this.#image.addressOf(RETURN_THUNK) === undefined ? undefined : RETURN_THUNK;
  }

  /** Of a function that the new payload replaces. */
  reliantsOn(name: string): readonly Reliant[] {
    const entry = this.find(name);
    if (entry === undefined) return [];
    const known = findReliants(entry, (callee) => this.#callersOf(callee));
    // Only payloads were made with knowledge of bodies that payloads below brought.
    const later = this.#laterBodies(name).flatMap((body) =>
      findReliants(body, (callee) =>
        callee === body ? this.#payloadCallersOf(entry) : this.#callersOf(callee),
      ),
    );
    return [...known, ...later];
  }

  #bodiesOf(name: string): readonly FunctionCode[] {
    const entry = this.find(name);
    return [...(entry === undefined ? [] : [entry]), ...this.#laterBodies(name)];
  }

  #laterBodies(name: string): readonly FunctionCode[] {
    return this.#payloads.flatMap(({ bodies }) => bodies.get(name) ?? []);
  }

  #callersOf(callee: FunctionCode): readonly CallSite[] {
    const entry = this.#entries.get(callee) ?? callee;
    const sites = [...this.#imageCode.findCallers(entry), ...this.#payloadCallersOf(entry)];
    return sites.filter(({ caller }) => !this.#replaced.has(caller));
  }

  #payloadCallersOf(entry: FunctionCode): readonly CallSite[] {
    return this.#payloads
      .flatMap(({ code }) => code.findCallers(entry))
      .filter(({ caller }) => !this.#replaced.has(caller));
  }

  #find(name: string, payloads: readonly PayloadCode[]): FunctionCode | undefined {
    const address = this.#image.addressOf(name);
    if (address !== undefined) return this.#imageCode.findAt(address);
    return payloads.map(({ brought }) => brought.get(name)).find((code) => code !== undefined);
  }
}

class PayloadCode {
  readonly code: ObjectCode;
  /** New bodies, by the names of what they replace. */
  readonly bodies: ReadonlyMap<string, FunctionCode>;
  /** All its functions, by their own names. */
  readonly brought: ReadonlyMap<string, FunctionCode>;

  constructor(
    { object, newBodies }: RunningPayload,
    find: (name: string) => FunctionCode | undefined,
  ) {
    this.code = new ObjectCode(object, {
      leadOut: (name) => destinationOf(find(name)),
      isOwn: () => true,
    });
    const at = (name: string, section: SectionIndex, offset: number) => {
      const code = this.code.findAt(section, offset);
      return code === undefined ? [] : [[name, code] as const];
    };
    this.brought = new Map(
      object.symbols.flatMap(({ name, type, place, value }) =>
        type === "STT_FUNC" && place.kind === "section" ? at(name, place.index, Number(value)) : [],
      ),
    );
    this.bodies = new Map(
      newBodies.flatMap(({ oldName, section, offset }) => at(oldName, section, offset)),
    );
  }
}

/** Who compiled the payload may have seen the code of all that it refers to. */
function destinationOf(code: FunctionCode | undefined): Destination {
  if (code === undefined) return { kind: "elsewhere" };
  return { kind: "function", place: { code, offset: 0 }, isSeen: true };
}
