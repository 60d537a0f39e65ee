// The calls that make and ask virtual machines, for a lab's dom0.

import type { Lab } from "../lab/lab.ts";
import { DomainClient } from "../xen-call/domain-client.ts";
import { ProxyTransport } from "../xen-call/proxy.ts";

export function domainsOf(lab: Lab): DomainClient {
  return new DomainClient(new ProxyTransport(lab.agent));
}
