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
  let homes: ReadonlyMap<Function, Home | "anywhere"> | undefined;
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

/** What a function's name tells, once for each, since thousands are asked about several times. */
interface Named<Function> {
  readonly one: Function;
  readonly bare: string;
  readonly isColdPart: boolean;
  /** By its own name, or by that of its cold part. */
  readonly file: string | undefined;
}

function findHomes<Function extends PlacedFunction>(
  functions: readonly Function[],
): ReadonlyMap<Function, Home | "anywhere"> {
  const sorted = functions.toSorted((left, right) => (left.address < right.address ? -1 : 1));
  const all = namesOf(sorted);
  const isShared = sharedNames(all);
  const isAmongCold = (index: number): boolean =>
    all[index - 1]?.isColdPart === true || all[index + 1]?.isColdPart === true;
  const landmarks = all.flatMap(({ one, bare, isColdPart, file }, index): readonly Landmark[] =>
    file === undefined || isShared(bare) || isColdPart || isAmongCold(index)
      ? []
      : [{ address: one.address, file }],
  );
  const marked = new Set(landmarks.map(({ file }) => file));
  const homes = new Map<Function, Home | "anywhere">();
  let passed = 0;
  for (const [index, { one, bare, file }] of all.entries()) {
    for (; (landmarks[passed]?.address ?? one.address) < one.address; passed++);
    if (file !== undefined) {
      homes.set(one, { files: [file], gap: undefined, isUnmarked: !marked.has(file) });
    } else if (isAmongCold(index) || isShared(bare)) homes.set(one, "anywhere");
    else homes.set(one, homeBetween(landmarks, passed));
  }
  return homes;
}

function namesOf<Function extends PlacedFunction>(
  functions: readonly Function[],
): readonly Named<Function>[] {
  const known = new Set(functions.map(({ name }) => name));
  const filesOfColdParts = new Map<string, string>();
  const all = functions.map((one) => {
    const [file, whole] = [fileIn(one.name), findColdParent(one.name)];
    if (whole !== undefined && file !== undefined && !known.has(whole)) {
      filesOfColdParts.set(bareOf(whole), file);
    }
    return { one, bare: bareOf(one.name), isColdPart: whole !== undefined, file };
  });
  return all.map((named) => {
    const file = named.file ?? filesOfColdParts.get(named.bare);
    return file === named.file ? named : { ...named, file };
  });
}

function sharedNames(all: readonly Named<PlacedFunction>[]): (bare: string) => boolean {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { bare } of all) {
    if (seen.has(bare)) shared.add(bare);
    seen.add(bare);
  }
  return (bare) => shared.has(bare);
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
