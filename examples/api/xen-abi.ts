// What a release of Xen takes, and why a function must not be patched there.
import {
  featuresOf,
  hookKinds,
  hookRules,
  parseRelease,
  requireReleaseLine,
  unsafeFunctions,
} from "xsplice/xen-abi";

const [text = "4.17.5", name = "do_nmi", file = "traps.c"] = process.argv.slice(2);
const release = parseRelease(text);
const { payloadVersion, loaders } = requireReleaseLine(release);
console.log(`Xen ${text}: payloads of version ${payloadVersion} on ${loaders.join(" and ")}`);
console.log(`knows ${[...featuresOf(release)].join(", ")}`);
console.log(
  `hooks: ${hookKinds.filter((kind) => hookRules[kind].since <= payloadVersion).join(", ")}`,
);

const unsafe = unsafeFunctions("x86_64", release).find(
  (rule) => rule.name.test(name) && (rule.file?.test(file) ?? true),
);
console.log(unsafe === undefined ? `${name} may be patched` : `${name}: ${unsafe.reason}`);
