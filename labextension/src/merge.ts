/**
 * Two parties' changes of one notebook joined, and the steps from one document to another. Pure.
 *
 * The coordinator joins in the same way (reactive_kernel/server/document.py). Where both changed a cell, ours stands.
 */
import { sameText } from './document';
import type { CellText } from './protocol';

type Document = readonly CellText[];

/** What `ours` changed since `base` joined to what others changed in `theirs`. */
export function merge(base: Document, ours: Document, theirs: Document): CellText[] {
  const [before, mine, held] = [base, ours, theirs].map(byId);
  const wanted = new Map<string, CellText>();
  for (const cell of ours) {
    const old = before.get(cell.cell_id);
    const other = held.get(cell.cell_id);
    const kept = old !== undefined && sameText(old, cell);
    if (other !== undefined || !kept) {
      // Else: deleted by others, not touched by us.
      wanted.set(cell.cell_id, kept && other !== undefined ? other : cell);
    }
  }
  for (const cell of theirs) {
    const old = before.get(cell.cell_id);
    if (!mine.has(cell.cell_id) && (old === undefined || !sameText(old, cell))) {
      wanted.set(cell.cell_id, cell);
    }
  }
  const ids = (document: Document) => document.map(cell => cell.cell_id);
  const moved = String(ids(ours).filter(id => before.has(id))) !== String(ids(base).filter(id => mine.has(id)));
  const [leading, other] = (moved ? [ours, theirs] : [theirs, ours]).map(list => ids(list).filter(id => wanted.has(id)));
  return woven(leading, other).map(id => wanted.get(id) as CellText);
}

function byId(document: Document): Map<string, CellText> {
  return new Map(document.map(cell => [cell.cell_id, cell]));
}

/** An order with what only the other has, each behind the cell that it follows there. */
function woven(order: readonly string[], other: readonly string[]): string[] {
  const joined = [...order];
  const known = new Set(order);
  let previous: string | null = null;
  for (const id of other) {
    if (!known.has(id)) {
      joined.splice(previous === null ? 0 : joined.indexOf(previous) + 1, 0, id);
    }
    previous = id;
  }
  return joined;
}

/** One step to another document; `index` is the place among the code cells at which the cell then stands. */
export type Step =
  | { readonly kind: 'delete'; readonly cell: string }
  | { readonly kind: 'insert' | 'move'; readonly cell: CellText; readonly index: number }
  | { readonly kind: 'edit'; readonly cell: CellText };

/** The fewest deletions, insertions and moves, and the edits, that lead from one document to another. */
export function steps(current: Document, target: Document): Step[] {
  const before = byId(current);
  const wanted = byId(target);
  const gone = current.filter(cell => !wanted.has(cell.cell_id));
  const done: Step[] = gone.map(({ cell_id }) => ({ kind: 'delete', cell: cell_id }));
  const order = current.map(cell => cell.cell_id).filter(id => wanted.has(id));
  const staying = longestRun(order, target.map(cell => cell.cell_id));
  target.forEach((cell, index) => {
    const old = before.get(cell.cell_id);
    if (!staying.has(cell.cell_id)) {
      if (old !== undefined) {
        order.splice(order.indexOf(cell.cell_id), 1);
      }
      const place = index === 0 ? 0 : order.indexOf(target[index - 1].cell_id) + 1;
      order.splice(place, 0, cell.cell_id);
      done.push({ kind: old === undefined ? 'insert' : 'move', cell, index: place });
    }
    if (old !== undefined && !sameText(old, cell)) {
      done.push({ kind: 'edit', cell });
    }
  });
  return done;
}

/** The most cells that stand in the same order in both (longest increasing subsequence). */
function longestRun(order: readonly string[], target: readonly string[]): Set<string> {
  const place = new Map(target.map((id, index) => [id, index]));
  const at = (id: string) => place.get(id) ?? -1;
  const last: string[] = [];
  const before = new Map<string, string | null>();
  for (const id of order) {
    let low = 0;
    let high = last.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(last[middle]) < at(id)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    before.set(id, low > 0 ? last[low - 1] : null);
    last.splice(low, last.length - low > 0 ? 1 : 0, id);
  }
  const found = new Set<string>();
  for (let id: string | null = last[last.length - 1] ?? null; id !== null; id = before.get(id) ?? null) {
    found.add(id);
  }
  return found;
}
