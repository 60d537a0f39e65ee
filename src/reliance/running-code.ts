// The code that runs: the hypervisor's, and that of the payloads below a new one. Who of it relies on
// registers of a function that the new payload replaces? Functions that somebody has replaced do not run
// any more, so they rely on nothing.

import type { ElfObject, SectionIndex } from "../elf/object.ts";
import { type Destination, type FunctionCode, RETURN_THUNK } from "./function-code.ts";
import type { ImageCode } from "./image-code.ts";
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
  readonly #image: ImageCode;
  readonly #payloads: PayloadCode[] = [];
  /** Of all payloads, by the function called; those that nobody has asked about yet are left out. */
  readonly #payloadCallers = new Map<FunctionCode, CallSite[]>();
  readonly #unread: PayloadCode[] = [];
  /** Bodies that run no more. */
  readonly #replaced = new Set<FunctionCode>();
  /** By a new body, the function that calls of it go to. */
  readonly #entries = new Map<FunctionCode, FunctionCode>();

  constructor(image: ImageCode) {
    this.#image = image;
  }

  /** On top of those that were added before. */
  add(payload: RunningPayload): void {
    const added = new PayloadCode(payload, (name) => this.find(name));
    this.#payloads.push(added);
    this.#unread.push(added);
    for (const [name, body] of added.bodies) {
      const old = this.find(name);
      if (old === undefined) continue;
      this.#replaced.add(old);
      this.#entries.set(body, this.#entries.get(old) ?? old);
    }
  }

  /** Its code, if anybody has it: the hypervisor's own where there is one. */
  find(name: string): FunctionCode | undefined {
    if (this.#image.addressOf(name) !== undefined) return this.#image.findNamed(name);
    return this.#payloads
      .map(({ brought }) => brought.get(name))
      .find((code) => code !== undefined);
  }

  /** Whether a payload has brought the code. */
  isPayloads(code: FunctionCode): boolean {
    return this.#payloads.some(({ code: own }) => own.symbolOf(code) !== undefined);
  }

  /** By which the hypervisor's functions return, if they do not do so by themselves. */
  get returnThunk(): string | undefined {
    return this.#image.addressOf(RETURN_THUNK) === undefined ? undefined : RETURN_THUNK;
  }

  /**
   * Of a function that the new payload replaces.
   * @param replaced by the new payload, all
   */
  reliantsOn(name: string, replaced: readonly string[]): readonly Reliant[] {
    const entry = this.find(name);
    if (entry === undefined) return [];
    const gone = new Set(replaced.flatMap((one) => this.#bodiesOf(one)));
    const runs = ({ caller }: CallSite) => !gone.has(caller) && !this.#replaced.has(caller);
    const callersOf = (callee: FunctionCode) => this.#callersOf(callee).filter(runs);
    const known = findReliants(entry, callersOf, this.#image.effects);
    // Only payloads were made with knowledge of bodies that payloads below brought.
    const payloadCallers = this.#payloadCallersOf(entry).filter(runs);
    if (payloadCallers.length === 0) return known;
    const later = this.#laterBodies(name).flatMap((body) =>
      findReliants(body, (callee) => (callee === body ? payloadCallers : callersOf(callee))),
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
    return [...this.#image.findCallers(entry), ...this.#payloadCallersOf(entry)];
  }

  #payloadCallersOf(entry: FunctionCode): readonly CallSite[] {
    for (const { code } of this.#unread.splice(0)) {
      for (const call of code.allCalls()) {
        const known = this.#payloadCallers.get(call.callee);
        if (known === undefined) this.#payloadCallers.set(call.callee, [call]);
        else known.push(call);
      }
    }
    return this.#payloadCallers.get(entry) ?? [];
  }
}

class PayloadCode {
  readonly code: ObjectCode;
  /** New bodies, by the names of what they replace. */
  readonly bodies: ReadonlyMap<string, FunctionCode>;
  readonly #object: ElfObject;
  /** All its functions, by their own names. */
  #brought: ReadonlyMap<string, FunctionCode> | undefined;

  constructor(
    { object, newBodies }: RunningPayload,
    find: (name: string) => FunctionCode | undefined,
  ) {
    this.#object = object;
    this.code = new ObjectCode(object, {
      leadOut: (name) => destinationOf(find(name)),
      isOwn: () => true,
    });
    this.bodies = new Map(
      newBodies.flatMap(({ oldName, section, offset }) => this.#at(oldName, section, offset)),
    );
  }

  get brought(): ReadonlyMap<string, FunctionCode> {
    this.#brought ??= new Map(
      this.#object.symbols.flatMap(({ name, type, place, value }) =>
        type === "STT_FUNC" && place.kind === "section"
          ? this.#at(name, place.index, Number(value))
          : [],
      ),
    );
    return this.#brought;
  }

  #at(
    name: string,
    section: SectionIndex,
    offset: number,
  ): readonly (readonly [string, FunctionCode])[] {
    const code = this.code.findAt(section, offset);
    return code === undefined ? [] : [[name, code]];
  }
}

/** Who compiled the payload may have seen the code of all that it refers to. */
function destinationOf(code: FunctionCode | undefined): Destination {
  if (code === undefined) return { kind: "elsewhere" };
  return { kind: "function", place: { code, offset: 0 }, isSeen: true };
}
