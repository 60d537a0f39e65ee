// What `xsplice --json` on another machine says, decoded: it may be another version of us.

import { HostError, type HostErrorCode, type UnexpectedCode } from "../../host/errors.ts";
import type {
  Action,
  ActOutcome,
  HostInfo,
  ListedPayload,
  PayloadStatus,
  SettledState,
} from "../../host/host.ts";
import { architectureOf } from "../host-facts.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Reads one document. `source` is for messages. */
export class RemoteDocument {
  readonly #source: string;
  readonly #fields: Fields;

  /**
   * @throws HostError host/unsupported when it is none of ours, and the error that it reports when
   *   it is one
   */
  static parse(text: string, source: string): RemoteDocument {
    const document = new RemoteDocument(parseJson(text, source), source);
    const error = document.#fields["error"];
    if (error !== undefined) throw document.#child(error).#toError();
    return document;
  }

  private constructor(value: unknown, source: string) {
    this.#source = source;
    if (typeof value !== "object" || value === null) throw notOurs(source, JSON.stringify(value));
    this.#fields = value as Fields;
  }

  info(): HostInfo {
    const version = this.#child(this.#fields["version"]);
    return {
      version: {
        major: version.#number("major"),
        minor: version.#number("minor"),
        extra: version.#text("extra"),
      },
      buildId: this.#optionalText("buildId"),
      compiler: this.#optionalText("compiler"),
      compiledAt: this.#optionalText("compiledAt"),
      architecture: architectureOf(this.#optionalText("architecture")),
      bootId: this.#optionalText("bootId"),
    };
  }

  payloads(): readonly ListedPayload[] {
    return this.#array("payloads").map((value) => {
      const entry = this.#child(value);
      return {
        name: entry.#text("name"),
        status: entry.#status("status"),
        metadata: entry.#fields["metadata"] === undefined ? undefined : entry.#texts("metadata"),
      };
    });
  }

  outcome(): ActOutcome {
    const result = this.#text("result");
    if (result !== "done" && result !== "unnecessary") {
      throw notOurs(this.#source, `result "${result}"`);
    }
    return {
      action: this.#text("action") as Action,
      name: this.#text("name"),
      result,
      retries: this.#number("retries"),
      elapsedMs: this.#number("elapsedMs"),
      status: this.#fields["status"] === undefined ? undefined : this.#status("status"),
      reverted: this.#texts("reverted"),
    };
  }

  #status(key: string): PayloadStatus {
    const status = this.#child(this.#fields[key]);
    const kind = status.#text("kind");
    switch (kind) {
      case "checked":
      case "applied":
        return { kind };
      case "busy":
        return { kind, settled: status.#settled() };
      case "failed":
        return { kind, settled: status.#settled(), errno: status.#number("errno") };
      default:
        throw notOurs(this.#source, `status "${kind}"`);
    }
  }

  #settled(): SettledState {
    return this.#text("settled") === "applied" ? "applied" : "checked";
  }

  #toError(): HostError {
    const errno = this.#fields["errno"];
    const code = this.#text("code");
    const [where, expected, remedy] = ["where", "expected", "remedy"].map((key) =>
      this.#optionalText(key),
    );
    return new HostError(
      {
        code: (code.startsWith("host/") ? code : "host/refused") as HostErrorCode,
        problem: this.#text("problem"),
        ...(where === undefined ? {} : { where }),
        ...(expected === undefined ? {} : { expected }),
        ...(remedy === undefined ? {} : { remedy }),
      },
      {
        ...(typeof errno === "number" ? { errno } : {}),
        unexpectedCode: this.#unexpectedCode(),
      },
    );
  }

  /** Older versions of us do not tell. */
  #unexpectedCode(): UnexpectedCode | undefined {
    const value = this.#fields["unexpectedCode"];
    if (value === undefined) return undefined;
    const code = this.#child(value);
    return {
      place: code.#text("place"),
      expected: code.#text("expected"),
      actual: code.#text("actual"),
    };
  }

  #child(value: unknown): RemoteDocument {
    return new RemoteDocument(value, this.#source);
  }

  #text(key: string): string {
    const value = this.#fields[key];
    if (typeof value === "string") return value;
    throw notOurs(this.#source, `no text "${key}"`);
  }

  #optionalText(key: string): string | undefined {
    return this.#fields[key] === undefined ? undefined : this.#text(key);
  }

  #number(key: string): number {
    const value = this.#fields[key];
    if (typeof value === "number") return value;
    throw notOurs(this.#source, `no number "${key}"`);
  }

  #array(key: string): readonly unknown[] {
    const value = this.#fields[key];
    if (Array.isArray(value)) return value;
    throw notOurs(this.#source, `no list "${key}"`);
  }

  #texts(key: string): readonly string[] {
    return this.#array(key).map((value) => {
      if (typeof value === "string") return value;
      throw notOurs(this.#source, `no texts in "${key}"`);
    });
  }
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notOurs(source, `"${text.slice(0, 200)}"`);
  }
}

function notOurs(source: string, found: string): HostError {
  return new HostError({
    code: "host/unsupported",
    problem: `Cannot understand ${source}: it answered with ${found}`,
    expected: "the JSON that this version of xsplice prints",
    remedy: "install the same version of xsplice there, or none: stock tools will do",
  });
}
