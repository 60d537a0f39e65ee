// Which functions of a linked hypervisor were compiled together. Its file does not say, but a linker
// keeps the functions of an object side by side. So two functions come from different objects when
// a static function of yet another source file lies between them. What this cannot tell apart counts
// as together: then somebody more is found to rely on a register, never somebody less.
//
// Held against all objects of Debian's 4.17: whoever was compiled together is found to be.
// Left aside as landmarks: static functions of a name that several files have, since a linker puts
// those side by side, and the cold parts of functions, which all lie elsewhere. Whoever lies among cold
// parts and has no file in its name may come from anywhere.

export interface PlacedFunction {
  /** As Xen's table spells it: a static function has its source file in front. */
  readonly name: string;
  readonly address: bigint;
}

/** Whether two of the functions may come from one object; made for all that the hypervisor has. */
export function compiledTogether<Function extends PlacedFunction>(
  functions: readonly Function[],
): (left: Function, right: Function) => boolean {
  let homes: ReadonlyMap<PlacedFunction, Home | "anywhere"> | undefined;
  return (left, right) => {
    homes ??= findHomes(functions);
    const [first, second] = [homes.get(left), homes.get(right)];
    if (first === undefined || second === undefined) return true;
    if (first === "anywhere" || second === "anywhere") return true;
    const isSameGap = first.gap !== undefined && first.gap === second.gap;
    return isSameGap || first.files.some((file) => second.files.includes(file));
  };
}

interface Home {
  /** Source files that it may come from. */
  readonly files: readonly string[];
  /** Between which landmarks, when it may also come from a file without any. */
  readonly gap: number | undefined;
}

interface Landmark {
  readonly address: bigint;
  readonly file: string;
}

function findLandmarks(sorted: readonly PlacedFunction[]): readonly Landmark[] {
  const counts = new Map<string, number>();
  for (const { name } of sorted) counts.set(bareOf(name), (counts.get(bareOf(name)) ?? 0) + 1);
  return sorted.flatMap(({ name, address }) => {
    const file = fileOf(name);
    const isMarking = counts.get(bareOf(name)) === 1 && !isColdPart(name);
    return file !== undefined && isMarking ? [{ address, file }] : [];
  });
}

function findAmongColdParts(sorted: readonly PlacedFunction[]): ReadonlySet<PlacedFunction> {
  const isCold = (index: number) => isColdPart(sorted[index]?.name ?? "");
  return new Set(
    sorted.filter(
      ({ name }, index) => fileOf(name) === undefined && (isCold(index - 1) || isCold(index + 1)),
    ),
  );
}

function findHomes(
  functions: readonly PlacedFunction[],
): ReadonlyMap<PlacedFunction, Home | "anywhere"> {
  const sorted = functions.toSorted((left, right) => (left.address < right.address ? -1 : 1));
  const landmarks = findLandmarks(sorted);
  const amongColdParts = findAmongColdParts(sorted);
  const homes = new Map<PlacedFunction, Home | "anywhere">();
  let passed = 0;
  for (const one of sorted) {
    for (; (landmarks[passed]?.address ?? one.address) < one.address; passed++);
    const own = fileOf(one.name);
    if (own !== undefined) homes.set(one, { files: [own], gap: undefined });
    else if (amongColdParts.has(one)) homes.set(one, "anywhere");
    else homes.set(one, homeBetween(landmarks, passed));
  }
  return homes;
}

function homeBetween(landmarks: readonly Landmark[], gap: number): Home {
  const around = [landmarks[gap - 1]?.file, landmarks[gap]?.file];
  const files = around.flatMap((file) => file ?? []);
  const isInside = files.length === 2 && files[0] === files[1];
  return { files, gap: isInside ? undefined : gap };
}

function fileOf(name: string): string | undefined {
  const end = name.lastIndexOf("#");
  return end < 0 ? undefined : name.slice(0, end);
}

function bareOf(name: string): string {
  return name.slice(name.lastIndexOf("#") + 1);
}

function isColdPart(name: string): boolean {
  return /\.cold(\.\d+)?$/.test(name);
}
