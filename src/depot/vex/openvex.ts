// OpenVEX 0.2.0: https://github.com/openvex/spec

import { sha256 } from "../../bytes/sha256.ts";
import { type Statement, type Subject, uuidOf } from "./statement.ts";

export function openVexOf(statements: readonly Statement[], subject: Subject) {
  const { product, author, at, version } = subject;
  const said = statements.map(({ name, advisory, title, isCve, state }) => ({
    vulnerability: {
      name,
      ...(title === "" ? {} : { description: title }),
      ...(isCve && advisory !== name ? { aliases: [advisory] } : {}),
    },
    products: [{ "@id": product, identifiers: { purl: product } }],
    ...(state.kind === "not-affected"
      ? {
          status: "not_affected",
          justification: "vulnerable_code_not_in_execute_path",
          status_notes: state.why,
        }
      : { status: "affected", action_statement: state.action }),
  }));
  return {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": `urn:uuid:${uuidOf(sha256(JSON.stringify([said, at])))}`,
    author,
    timestamp: at.toISOString(),
    version: 1,
    tooling: `xsplice ${version}`,
    statements: said,
  };
}
