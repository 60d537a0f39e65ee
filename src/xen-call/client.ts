// All requests of xSplice to a hypervisor, over any transport. One method is one hypercall, or as many
// as are needed for one consistent answer; the host kinds do the waiting and retrying.

import { toHex } from "../bytes/hex.ts";
import { HostError } from "../host/errors.ts";
import { Errno } from "../xen-abi/errno.ts";
import { type ConsoleRead, readWholeConsole } from "./console-read.ts";
import { listProbeCall, type RawListEntry } from "./list-calls.ts";
import { readWholeList } from "./list-read.ts";
import {
  type ActionName,
  type ActionRequest,
  actionCall,
  getCall,
  type RawStatus,
  readStatus,
  uploadCall,
} from "./livepatch-calls.ts";
import { refusal, unknownPayload } from "./refusal.ts";
import { findInterface, type SysctlInterface } from "./sysctl-interface.ts";
import type { Hypercall, HypercallAnswer, HypercallTransport } from "./transport.ts";
import {
  buildIdCall,
  type CompileInfo,
  compileInfoCall,
  readBuildId,
  readCompileInfo,
  readVersionText,
  type VersionText,
  versionCall,
  versionTextCall,
} from "./version-calls.ts";

export interface XenNumber {
  readonly major: number;
  readonly minor: number;
}

/** Every method rejects with HostError when Xen refuses or the transport fails. */
export class XenClient implements AsyncDisposable {
  readonly #transport: HypercallTransport;
  #dialect: SysctlInterface | undefined;

  /** @param transport owned by the client from now on */
  constructor(transport: HypercallTransport) {
    this.#transport = transport;
  }

  get label(): string {
    return this.#transport.label;
  }

  async version(signal?: AbortSignal): Promise<XenNumber> {
    const what = "read the version of Xen";
    const { result } = await this.#accepted(what, versionCall("version"), signal);
    return { major: result >>> 16, minor: result & 0xffff };
  }

  /** The text that distributors add to the two numbers: ".5", ".7-pre". */
  async extraVersion(signal?: AbortSignal): Promise<string> {
    return await this.#text("extraversion", signal);
  }

  /** Of the source, as set by the builder. "<denied>" where the security policy refuses. */
  async changeset(signal?: AbortSignal): Promise<string> {
    return await this.#text("changeset", signal);
  }

  /** Kinds of guests, as "xen-3.0-x86_64 hvm-3.0-x86_64"; shows the architecture. */
  async capabilities(signal?: AbortSignal): Promise<string> {
    return await this.#text("capabilities", signal);
  }

  async commandLine(signal?: AbortSignal): Promise<string> {
    return await this.#text("commandline", signal);
  }

  async compileInfo(signal?: AbortSignal): Promise<CompileInfo> {
    const call = compileInfoCall();
    return readCompileInfo((await this.#accepted("read who compiled Xen", call, signal)).output);
  }

  /** Hex; `undefined` when the hypervisor was linked without one. */
  async buildId(signal?: AbortSignal): Promise<string | undefined> {
    const what = "read the build-id of Xen";
    const { result: size } = await this.#call(versionCall("build_id"), signal);
    if (size === -Errno.ENODATA) return undefined;
    if (size <= 0) throw refusal(what, size);
    const { result, output } = await this.#accepted(what, buildIdCall(size), signal);
    return toHex(readBuildId(output, result));
  }

  /** The interface version that the hypervisor uses; determined once. */
  async dialect(signal?: AbortSignal): Promise<SysctlInterface> {
    this.#dialect ??= await findInterface(
      await this.version(signal),
      async (candidate) => (await this.#call(listProbeCall(candidate), signal)).result,
    );
    return this.#dialect;
  }

  /** @param since the `end` of an earlier read; by default everything in the ring */
  async readConsole(since?: number, signal?: AbortSignal): Promise<ConsoleRead> {
    const dialect = await this.dialect(signal);
    return await readWholeConsole(dialect, since, (call) =>
      this.#accepted("read the console of the hypervisor", call, signal),
    );
  }

  async upload(name: string, payload: Uint8Array, signal?: AbortSignal): Promise<void> {
    const call = uploadCall(await this.dialect(signal), name, payload);
    const { result } = await this.#call(call, signal);
    if (result !== 0) throw refusal(`upload payload "${name}"`, result);
  }

  /** `undefined` when no such payload is loaded. */
  async get(name: string, signal?: AbortSignal): Promise<RawStatus | undefined> {
    const { result, output } = await this.#call(getCall(await this.dialect(signal), name), signal);
    if (result === -Errno.ENOENT) return undefined;
    if (result !== 0) throw refusal(`read the status of payload "${name}"`, result);
    return readStatus(output);
  }

  /** In load order; consistent: no upload or unload happened during the read. */
  async list(signal?: AbortSignal): Promise<readonly RawListEntry[]> {
    const dialect = await this.dialect(signal);
    return await readWholeList(dialect, (call) => this.#call(call, signal));
  }

  /**
   * Starts an action. If Xen accepts it, it may still fail, or have no effect (ABI reference §4.1):
   * `get` shows the result.
   */
  async action(
    action: ActionName,
    name: string,
    options: ActionRequest & { readonly signal?: AbortSignal },
  ): Promise<void> {
    const call = actionCall(await this.dialect(options.signal), action, name, options);
    const { result } = await this.#call(call, options.signal);
    const what = `${action} payload "${name}"`;
    if (result === -Errno.ENOENT) throw unknownPayload(what);
    if (result !== 0) throw refusal(what, result);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]();
  }

  async #text(text: VersionText, signal: AbortSignal | undefined): Promise<string> {
    const call = versionTextCall(text);
    return readVersionText((await this.#accepted(`read ${text} of Xen`, call, signal)).output);
  }

  async #accepted(
    what: string,
    call: Hypercall,
    signal: AbortSignal | undefined,
  ): Promise<HypercallAnswer> {
    const answer = await this.#call(call, signal);
    if (answer.result < 0) throw refusal(what, answer.result);
    return answer;
  }

  async #call(call: Hypercall, signal: AbortSignal | undefined): Promise<HypercallAnswer> {
    const answer = await this.#transport.hypercall(call, signal);
    if (answer.output.length === call.outputLength) return answer;
    throw new HostError({
      code: "host/unreachable",
      problem: `Cannot use ${this.label}: it answered with ${answer.output.length} bytes`,
      expected: `${call.outputLength} bytes`,
    });
  }
}
