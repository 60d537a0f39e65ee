// What a JSON Schema promised and another one does not keep.

type Part = Readonly<Record<string, unknown>>;

/** In words; `undefined` when whoever reads by `before` can read what fits `after`. */
export function findBreach(before: Part, after: Part, place = ""): string | undefined {
  const here = place === "" ? "" : `${place}: `;
  for (const key of ["type", "const", "pattern", "format"]) {
    const [was, is] = [before[key], after[key]];
    if (was === undefined || JSON.stringify(was) === JSON.stringify(is)) continue;
    return is === undefined
      ? `${here}${key} is gone`
      : `${here}${key} was ${JSON.stringify(was)}, and is ${JSON.stringify(is)}`;
  }
  const [fields, others] = [partsOf(before["properties"]), partsOf(after["properties"])];
  const stillRequired = listOf(after["required"]);
  for (const [name, part] of Object.entries(fields)) {
    const field = place === "" ? name : `${place}.${name}`;
    const other = others[name];
    if (other === undefined) return `${field} is gone`;
    if (listOf(before["required"]).includes(name) && !stillRequired.includes(name))
      return `${field} was always there`;
    const breach = findBreach(part, other, field);
    if (breach !== undefined) return breach;
  }
  const [items, otherItems] = [before["items"], after["items"]];
  if (items !== undefined) {
    return findBreach(items as Part, (otherItems ?? {}) as Part, `${place}.items`);
  }
  for (const key of ["anyOf", "oneOf"]) {
    // A form may come; none may go or become another one.
    const forms = listOf(after[key]) as readonly Part[];
    const lost = (listOf(before[key]) as readonly Part[]).find(
      (form) => !forms.some((one) => findBreach(form, one, place) === undefined),
    );
    if (lost === undefined) continue;
    const [closest = {}] = forms.slice(listOf(before[key]).indexOf(lost));
    return findBreach(lost, closest, place) ?? `${here}a form is gone`;
  }
  return undefined;
}

function partsOf(value: unknown): Readonly<Record<string, Part>> {
  return (value ?? {}) as Readonly<Record<string, Part>>;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
