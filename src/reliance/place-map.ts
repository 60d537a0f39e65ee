// What is known of places in code.

import type { CodePlace, FunctionCode } from "./function-code.ts";

export class PlaceMap<Value> {
  readonly #byCode = new Map<FunctionCode, Map<number, Value>>();

  get({ code, offset }: CodePlace): Value | undefined {
    return this.#byCode.get(code)?.get(offset);
  }

  set({ code, offset }: CodePlace, value: Value): void {
    const ofCode = this.#byCode.get(code) ?? new Map<number, Value>();
    this.#byCode.set(code, ofCode.set(offset, value));
  }

  entries(): readonly (readonly [CodePlace, Value])[] {
    return [...this.#byCode].flatMap(([code, ofCode]) =>
      [...ofCode].map(([offset, value]) => [{ code, offset }, value] as const),
    );
  }

  clear(): void {
    this.#byCode.clear();
  }
}
