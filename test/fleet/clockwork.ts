// Time and chance of a simulated fleet: whatever happens is an event at a time, and which comes first follows from
// the seed alone.

import { numbersFrom } from "../plan-universe.ts";

export type Dice = (below: number) => number;

interface Scheduled {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class Clockwork {
  readonly dice: Dice;
  /** What happened, line by line, where somebody wants to read it. */
  readonly story: string[] | undefined;
  now = 0;
  #count = 0;
  readonly #heap: Scheduled[] = [];

  constructor(seed: number, wantsStory: boolean) {
    this.dice = numbersFrom(seed);
    this.story = wantsStory ? [] : undefined;
  }

  after(ms: number, run: () => void): void {
    const heap = this.#heap;
    const event = { at: this.now + ms, order: this.#count++, run };
    heap.push(event);
    let index = heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Scheduled;
      if (!isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** @returns false when nothing is left to happen */
  next(): boolean {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined) return false;
    if (heap.length > 0) this.#sink(last);
    this.now = first.at;
    first.run();
    return true;
  }

  tell(line: () => string): void {
    this.story?.push(`${(this.now / 1000).toFixed(2).padStart(8)}  ${line()}`);
  }

  #sink(event: Scheduled): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (
        child + 1 < heap.length &&
        isBefore(heap[child + 1] as Scheduled, heap[child] as Scheduled)
      )
        child++;
      const below = heap[child] as Scheduled;
      if (!isBefore(below, event)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = event;
  }
}

function isBefore(one: Scheduled, other: Scheduled): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
