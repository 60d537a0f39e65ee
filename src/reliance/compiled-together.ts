// Which functions of a linked hypervisor were compiled together. Its file does not say, but a linker
// keeps the functions of an object side by side. So two functions come from different objects when
// a static function of yet another source file lies between them. What this cannot tell apart counts
// as together: then somebody more is found to rely on a register, never somebody less.
//
// Held against all objects of Debian's 4.17 and 4.20: whoever was compiled together is found to be.
// A cold part has its file in its name, which tells the file of a global function, too. Left aside as
// landmarks: functions of a name that several files have, since a linker puts those side by side; and the
// cold parts, which all lie elsewhere, with whoever lies among them. Some may come from anywhere: who has
// no file and lies among cold parts, or has such a name; and what lies between two files may come from
// any that has no landmark.

import { findColdParent } from "../elf/cold-part.ts";

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
    if (first.gap !== undefined && (first.gap === second.gap || second.isUnmarked)) return true;
    if (second.gap !== undefined && first.isUnmarked) return true;
    return first.files.some((file) => second.files.includes(file));
  };
}

interface Home {
  /** Source files that it may come from. */
  readonly files: readonly string[];
  /** Between which landmarks, when it may also come from a file without any. */
  readonly gap: number | undefined;
  /** Its file has no landmark, so that more of it may lie between any two. */
  readonly isUnmarked: boolean;
}

interface Landmark {
  readonly address: bigint;
  readonly file: string;
}

interface Names {
  /** By its own name, or by that of its cold part. */
  readonly fileOf: (one: PlacedFunction) => string | undefined;
  readonly isShared: (one: PlacedFunction) => boolean;
}

function namesOf(sorted: readonly PlacedFunction[]): Names {
  const counts = new Map<string, number>();
  for (const { name } of sorted) counts.set(bareOf(name), (counts.get(bareOf(name)) ?? 0) + 1);
  const all = new Set(sorted.map(({ name }) => name));
  const files = new Map<string, string>();
  for (const { name } of sorted) {
    const [whole, file] = [findColdParent(name), fileIn(name)];
    if (whole === undefined || file === undefined || all.has(whole)) continue;
    files.set(bareOf(whole), file);
  }
  return {
    fileOf: ({ name }) => fileIn(name) ?? files.get(name),
    isShared: ({ name }) => counts.get(bareOf(name)) !== 1,
  };
}

function findLandmarks(sorted: readonly PlacedFunction[], names: Names): readonly Landmark[] {
  return sorted.flatMap((one, index) => {
    const file = names.fileOf(one);
    const isMarking = !names.isShared(one) && !isColdPart(one) && !isAmongCold(sorted, index);
    return file !== undefined && isMarking ? [{ address: one.address, file }] : [];
  });
}

function isAmongCold(sorted: readonly PlacedFunction[], index: number): boolean {
  const beside = [sorted[index - 1], sorted[index + 1]];
  return beside.some((one) => one !== undefined && isColdPart(one));
}

function findHomes(
  functions: readonly PlacedFunction[],
): ReadonlyMap<PlacedFunction, Home | "anywhere"> {
  const sorted = functions.toSorted((left, right) => (left.address < right.address ? -1 : 1));
  const names = namesOf(sorted);
  const landmarks = findLandmarks(sorted, names);
  const marked = new Set(landmarks.map(({ file }) => file));
  const homes = new Map<PlacedFunction, Home | "anywhere">();
  let passed = 0;
  for (const [index, one] of sorted.entries()) {
    for (; (landmarks[passed]?.address ?? one.address) < one.address; passed++);
    const own = names.fileOf(one);
    if (own !== undefined) {
      homes.set(one, { files: [own], gap: undefined, isUnmarked: !marked.has(own) });
    } else if (isAmongCold(sorted, index) || names.isShared(one)) homes.set(one, "anywhere");
    else homes.set(one, homeBetween(landmarks, passed));
  }
  return homes;
}

function homeBetween(landmarks: readonly Landmark[], gap: number): Home {
  const around = [landmarks[gap - 1]?.file, landmarks[gap]?.file];
  const files = around.flatMap((file) => file ?? []);
  const isInside = files.length === 2 && files[0] === files[1];
  return { files, gap: isInside ? undefined : gap, isUnmarked: false };
}

function fileIn(name: string): string | undefined {
  const end = name.lastIndexOf("#");
  return end < 0 ? undefined : name.slice(0, end);
}

function bareOf(name: string): string {
  return name.slice(name.lastIndexOf("#") + 1);
}

function isColdPart({ name }: PlacedFunction): boolean {
  return findColdParent(name) !== undefined;
}
