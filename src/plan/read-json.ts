// Reads JSON that was on a disk: `unknown` until each field has been looked at.

/** Thrown for what is not as it should be; journal-json.ts and plan-json.ts catch it. */
export class BadField {
  /** E.g. `steps[2].action is "jump"`. */
  readonly words: string;

  constructor(words: string) {
    this.words = words;
  }
}

export class JsonFields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;

  /** @throws BadField */
  static parse(text: string): JsonFields {
    try {
      return new JsonFields(JSON.parse(text), "");
    } catch (error) {
      throw error instanceof SyntaxError ? new BadField(`it is no JSON: ${error.message}`) : error;
    }
  }

  private constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw bad(path || "all of it", value);
    }
    this.#fields = value as Readonly<Record<string, unknown>>;
    this.#path = path;
  }

  has(key: string): boolean {
    return this.#fields[key] !== undefined;
  }

  text(key: string): string {
    const value = this.#fields[key];
    if (typeof value !== "string") throw bad(this.#pathOf(key), value);
    return value;
  }

  optionalText(key: string): string | undefined {
    return this.has(key) ? this.text(key) : undefined;
  }

  count(key: string): number {
    const value = this.#fields[key];
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
      throw bad(this.#pathOf(key), value);
    }
    return value;
  }

  oneOf<Value extends string | number>(key: string, values: readonly Value[]): Value {
    const value = this.#fields[key];
    const found = values.find((known) => known === value);
    if (found === undefined) throw bad(this.#pathOf(key), value);
    return found;
  }

  optionalOneOf<Value extends string>(key: string, values: readonly Value[]): Value | undefined {
    return this.has(key) ? this.oneOf(key, values) : undefined;
  }

  texts(key: string): readonly string[] {
    return this.#array(key).map((value, index) => {
      if (typeof value !== "string") throw bad(`${this.#pathOf(key)}[${index}]`, value);
      return value;
    });
  }

  optionalTexts(key: string): readonly string[] | undefined {
    return this.has(key) ? this.texts(key) : undefined;
  }

  child(key: string): JsonFields {
    return new JsonFields(this.#fields[key], this.#pathOf(key));
  }

  children(key: string): readonly JsonFields[] {
    return this.#array(key).map((value, index) => {
      return new JsonFields(value, `${this.#pathOf(key)}[${index}]`);
    });
  }

  #array(key: string): readonly unknown[] {
    const value = this.#fields[key];
    if (!Array.isArray(value)) throw bad(this.#pathOf(key), value);
    return value;
  }

  #pathOf(key: string): string {
    return this.#path === "" ? key : `${this.#path}.${key}`;
  }
}

function bad(path: string, value: unknown): BadField {
  return new BadField(`${path} is ${JSON.stringify(value)?.slice(0, 60) ?? "missing"}`);
}
