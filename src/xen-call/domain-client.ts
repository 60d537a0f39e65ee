// The calls of domain-calls.ts, made through any transport, in the words of the release that runs.

import { HostError } from "../host/errors.ts";
import { DomctlErrno, type DomctlInterface, domctlInterfaces } from "../xen-abi/domctl.ts";
import { Errno, nameOfErrno, textOfErrno } from "../xen-abi/errno.ts";
import {
  createDomainCall,
  type DomainInfo,
  domainInfoCall,
  maxMemoryCall,
  maxVcpusCall,
  nextDomainCall,
  type PageRange,
  pagingMemoryCall,
  podTargetCall,
  populateCall,
  readCreated,
  readDomainInfo,
  readNextDomain,
  setParamCall,
  simpleCall,
  startAtCall,
} from "./domain-calls.ts";
import { sysctlInterfaces } from "./sysctl-interface.ts";
import type { Hypercall, HypercallAnswer, HypercallTransport } from "./transport.ts";

/** Pages of one call: a list of 64 KiB. */
const PAGES_PER_CALL = 8192;
/** Xen frees a guest's memory in pieces, and asks to be called again. */
const DESTROY_CALLS_MAX = 100_000;

/** Every method rejects with HostError when Xen refuses or the transport fails. */
export class DomainClient {
  readonly #transport: HypercallTransport;
  #dialect: DomctlInterface | undefined;

  constructor(transport: HypercallTransport) {
    this.#transport = transport;
  }

  /** @throws HostError host/unsupported for a hypervisor older than 4.13 or newer than 4.22 */
  async dialect(): Promise<DomctlInterface> {
    this.#dialect ??= await this.#findDialect();
    return this.#dialect;
  }

  async create(options: {
    readonly handle: Uint8Array;
    readonly paging: "hap" | "shadow";
  }): Promise<number> {
    const call = createDomainCall(await this.dialect(), options);
    return readCreated((await this.#accepted("create a virtual machine", call)).output);
  }

  async unpause(domain: number): Promise<void> {
    const call = simpleCall(await this.dialect(), "unpausedomain", domain);
    await this.#accepted(`start virtual machine ${domain}`, call);
  }

  async destroyCall(domain: number): Promise<Hypercall> {
    return simpleCall(await this.dialect(), "destroydomain", domain);
  }

  /** Returns when nothing is left of it; one that does not exist is no error. */
  async destroy(domain: number): Promise<void> {
    const call = await this.destroyCall(domain);
    for (let attempt = 0; attempt < DESTROY_CALLS_MAX; attempt++) {
      const { result } = await this.#transport.hypercall(call);
      if (result === 0 || result === -DomctlErrno.ESRCH) return;
      if (result !== -Errno.EAGAIN && result !== -DomctlErrno.ERESTART) {
        throw refusal(`destroy virtual machine ${domain}`, result);
      }
    }
    throw refusal(`destroy virtual machine ${domain}`, -Errno.EAGAIN);
  }

  /** `undefined` when there is no such domain. */
  async info(domain: number): Promise<DomainInfo | undefined> {
    const call = domainInfoCall(await this.dialect(), domain);
    const { result, output } = await this.#transport.hypercall(call);
    if (result === -DomctlErrno.ESRCH) return undefined;
    if (result < 0) throw refusal(`look at virtual machine ${domain}`, result);
    const found = readDomainInfo(output);
    return found.domain === domain ? found : undefined;
  }

  /** All but dom0, those that are about to vanish included. */
  async list(): Promise<readonly DomainInfo[]> {
    const found: DomainInfo[] = [];
    const version = await this.#findSysctlVersion();
    for (let from = 1; ; ) {
      const { output } = await this.#accepted(
        "list virtual machines",
        nextDomainCall(version, from),
      );
      const info = readNextDomain(output);
      if (info === undefined) return found;
      found.push(info);
      from = info.domain + 1;
    }
  }

  async setUp(domain: number, entry: number): Promise<void> {
    const call = startAtCall(await this.dialect(), domain, entry);
    await this.#accepted(`set the processor of virtual machine ${domain}`, call);
  }

  /** Room for one processor and for page tables. */
  async makeRoom(domain: number, kilobytes: number, pagingMegabytes: number): Promise<void> {
    const dialect = await this.dialect();
    const what = `give virtual machine ${domain}`;
    await this.#accepted(`${what} a processor`, maxVcpusCall(dialect, domain));
    const paging = pagingMemoryCall(dialect, domain, pagingMegabytes);
    await this.#accepted(`${what} memory for page tables`, paging);
    await this.#accepted(`${what} memory`, maxMemoryCall(dialect, domain, kilobytes));
  }

  async populate(
    domain: number,
    { first, count }: PageRange,
    when: "now" | "on-demand",
  ): Promise<void> {
    for (let done = 0; done < count; ) {
      const piece = { first: first + done, count: Math.min(PAGES_PER_CALL, count - done) };
      const what = `give virtual machine ${domain} its pages`;
      const { result } = await this.#accepted(what, populateCall(domain, piece, when));
      if (result === 0) throw refusal(what, -Errno.ENOMEM);
      done += result;
    }
  }

  async setPodTarget(domain: number, pages: number): Promise<void> {
    await this.#accepted("set a target for promised memory", podTargetCall(domain, pages));
  }

  async setParam(domain: number, index: number, value: bigint): Promise<void> {
    const call = setParamCall(domain, index, value);
    await this.#accepted(`set parameter ${index} of virtual machine ${domain}`, call);
  }

  /** Xen compares the version before anything else, and answers EACCES to a wrong one. */
  async #findDialect(): Promise<DomctlInterface> {
    for (const candidate of domctlInterfaces) {
      const { result } = await this.#transport.hypercall(domainInfoCall(candidate, 0));
      if (result !== -Errno.EACCES) return candidate;
    }
    throw this.#unknownInterface();
  }

  async #findSysctlVersion(): Promise<number> {
    for (const { version } of sysctlInterfaces) {
      const { result } = await this.#transport.hypercall(nextDomainCall(version, 0));
      if (result !== -Errno.EACCES) return version;
    }
    throw this.#unknownInterface();
  }

  #unknownInterface(): HostError {
    return new HostError(
      {
        code: "host/unsupported",
        problem: `Cannot run virtual machines through ${this.#transport.label}: this Xen speaks none of the known versions of its interface`,
        expected: "Xen 4.13 to 4.22",
      },
      { errno: Errno.EACCES },
    );
  }

  async #accepted(what: string, call: Hypercall): Promise<HypercallAnswer> {
    const answer = await this.#transport.hypercall(call);
    if (answer.result < 0) throw refusal(what, answer.result);
    return answer;
  }
}

/** Without the meanings of errno.ts, which are those of live patching. */
function refusal(what: string, result: number): HostError {
  const errno = Math.abs(result);
  const noRoom = errno === Errno.ENOMEM;
  return new HostError(
    {
      code: "host/refused",
      problem: `Cannot ${what}: Xen answered ${nameOfErrno(errno)}, ${textOfErrno(errno)}`,
      ...(noRoom ? { remedy: "give the lab more memory, or the virtual machine less" } : {}),
    },
    { errno },
  );
}
