// Where the functions of a linked hypervisor lie, who of them may have been compiled together, and what its
// tables say. All of it is the same whatever is asked, so it is read once for a hypervisor.

import { countBefore } from "../sorted.ts";
import { compiledTogether, type PlacedFunction } from "./compiled-together.ts";
import { type AssemblyCall, ImageTables, type TableImage } from "./image-tables.ts";

export interface ImageFunction extends PlacedFunction {
  /** 0 where the file does not tell, as for much that is written in assembly. */
  readonly sizeBytes: number;
}

export interface PlacedImage extends TableImage {
  /** All that stay after boot, in any order. */
  readonly functions: readonly ImageFunction[];
}

export class ImagePlaces {
  /** By address, one for each place. */
  readonly sorted: readonly ImageFunction[];
  readonly areTogether: (left: ImageFunction, right: ImageFunction) => boolean;
  readonly #image: PlacedImage;
  readonly #byAddress: ReadonlyMap<bigint, number>;
  #tables: ImageTables | undefined;
  #assemblyCalls: readonly AssemblyCall[] | undefined;

  constructor(image: PlacedImage) {
    this.#image = image;
    const places = new Map<bigint, ImageFunction>();
    for (const one of image.functions) {
      if ((places.get(one.address)?.sizeBytes ?? -1) < one.sizeBytes) places.set(one.address, one);
    }
    this.sorted = [...places.values()].sort((left, right) =>
      left.address < right.address ? -1 : 1,
    );
    this.#byAddress = new Map(this.sorted.map(({ address }, index) => [address, index]));
    this.areTogether = compiledTogether(this.sorted);
  }

  get tables(): ImageTables {
    this.#tables ??= new ImageTables(this.#image);
    return this.#tables;
  }

  /** In the order of the tables. */
  get assemblyCalls(): readonly AssemblyCall[] {
    this.#assemblyCalls ??= this.tables.assemblyCalls();
    return this.#assemblyCalls;
  }

  /** The function that begins there. */
  findAt(address: bigint): ImageFunction | undefined {
    return this.sorted[this.#byAddress.get(address) ?? -1];
  }

  /** The function in which the address lies. */
  findAround(address: bigint): ImageFunction | undefined {
    const nearest = this.sorted[countBefore(this.sorted, (one) => one.address <= address) - 1];
    if (nearest === undefined) return undefined;
    const isInside = address < nearest.address + BigInt(Math.max(nearest.sizeBytes, 1));
    return isInside ? nearest : undefined;
  }

  findBehind({ address }: ImageFunction): ImageFunction | undefined {
    return this.sorted[(this.#byAddress.get(address) ?? 0) + 1];
  }

  /** Reads all that is otherwise read when it is first asked for. */
  readAll(): void {
    const [first] = this.sorted;
    if (first !== undefined) this.areTogether(first, first);
    void this.assemblyCalls;
  }
}
