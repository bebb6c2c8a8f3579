/**
 * The cells of a notebook in dependency order, ties in document order. Pure.
 */
import type { Edge } from './protocol';

/** A cell of the document: code or prose, in document order. */
export interface Item {
  readonly id: string;
  readonly code: boolean;
}

/**
 * The new order of all cells. Prose stays above the code cell that it precedes; cells in a loop keep their places.
 */
export function dependencyOrder(items: readonly Item[], edges: readonly Edge[]): string[] {
  const groups = grouped(items);
  const place = new Map(groups.map((group, index) => [group.key, index]));
  const waiting = groups.map(() => new Set<number>());
  for (const edge of edges) {
    const from = place.get(edge.from);
    const to = place.get(edge.to);
    if (from !== undefined && to !== undefined && from !== to) {
      waiting[to].add(from);
    }
  }
  const order: string[] = [];
  const left = new Set(groups.keys());
  while (left.size > 0) {
    const next = firstReady(left, waiting);
    left.delete(next);
    order.push(...groups[next].ids);
  }
  return order;
}

function firstReady(left: ReadonlySet<number>, waiting: readonly Set<number>[]): number {
  for (const index of left) {
    if (![...waiting[index]].some(other => left.has(other))) {
      return index;
    }
  }
  return left.values().next().value as number;
}

interface Group {
  readonly key: string;
  readonly ids: string[];
}

function grouped(items: readonly Item[]): Group[] {
  const groups: Group[] = [];
  let prose: string[] = [];
  for (const item of items) {
    if (item.code) {
      groups.push({ key: item.id, ids: [...prose, item.id] });
      prose = [];
    } else {
      prose.push(item.id);
    }
  }
  if (prose.length > 0) {
    groups.push({ key: prose[0], ids: prose });
  }
  return groups;
}

/** From where to where (exclusive) two orders of the same ids differ; both the same if they don't. */
export function differing(before: readonly string[], after: readonly string[]): [number, number] {
  let first = 0;
  let end = after.length;
  while (first < end && before[first] === after[first]) {
    first++;
  }
  while (end > first && before[end - 1] === after[end - 1]) {
    end--;
  }
  return [first, end];
}
