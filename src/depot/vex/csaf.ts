// CSAF 2.0, profile 5 (VEX): https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html

import { sha256 } from "../../bytes/sha256.ts";
import { type Statement, type Subject, uuidOf } from "./statement.ts";

/** Of the one product that such a document is about. */
const PRODUCT = "XEN";

export function csafOf(statements: readonly Statement[], subject: Subject) {
  const { product, author, namespace, at, version } = subject;
  const time = at.toISOString();
  return sorted({
    document: {
      category: "csaf_vex",
      csaf_version: "2.0",
      lang: "en",
      distribution: { tlp: { label: "WHITE", url: "https://www.first.org/tlp/" } },
      publisher: { category: "user", name: author, namespace },
      title: "Live patches in force on a Xen host",
      tracking: {
        id: `XSPLICE-${uuidOf(sha256(JSON.stringify([statements, product, at]))).toUpperCase()}`,
        initial_release_date: time,
        current_release_date: time,
        revision_history: [{ date: time, number: "1", summary: "As the host was asked" }],
        status: "final",
        version: "1",
        generator: { date: time, engine: { name: "xsplice", version } },
      },
    },
    product_tree: {
      full_product_names: [
        {
          product_id: PRODUCT,
          name: product,
          product_identification_helper: { purl: product },
        },
      ],
    },
    vulnerabilities: statements.map(vulnerabilityOf),
  });
}

/** By the names of their fields, as an optional test of the standard wants it (6.2.13). */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const pairs = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(pairs.map(([name, one]) => [name, sorted(one)]));
}

function vulnerabilityOf({ name, advisory, title, isCve, state }: Statement) {
  const products = [PRODUCT];
  return {
    ...(isCve ? { cve: name } : {}),
    ids: [{ system_name: "Xen Security Advisory", text: advisory }],
    ...(title === "" ? {} : { title }),
    notes: [
      {
        category: "description",
        text:
          state.kind === "not-affected"
            ? state.why
            : `${advisory}${title === "" ? "" : `: ${title}`}`,
      },
    ],
    ...(state.kind === "not-affected"
      ? {
          product_status: { known_not_affected: products },
          flags: [{ label: "vulnerable_code_not_in_execute_path", product_ids: products }],
          threats: [{ category: "impact", details: state.why, product_ids: products }],
        }
      : {
          product_status: { known_affected: products },
          remediations: [{ category: "vendor_fix", details: state.action, product_ids: products }],
        }),
  };
}
