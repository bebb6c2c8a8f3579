import { describe, expect, it } from 'vitest';

import { merge, type Step, steps } from '../src/merge';
import type { CellText } from '../src/protocol';

/** A document: "a1 b2" is cell a with the text 1, then cell b with the text 2. */
function doc(text: string): CellText[] {
  return text.split(' ').filter(Boolean).map(word => ({ cell_id: word[0], source: word.slice(1) }));
}

function text(document: readonly CellText[]): string {
  return document.map(cell => cell.cell_id + cell.source).join(' ');
}

/** What somebody has who does the steps one by one. */
function apply(current: CellText[], todo: readonly Step[]): CellText[] {
  const now = [...current];
  for (const step of todo) {
    const id = step.kind === 'delete' ? step.cell : step.cell.cell_id;
    const at = now.findIndex(cell => cell.cell_id === id);
    if (step.kind === 'edit') {
      now[at] = step.cell;
      continue;
    }
    const [old] = at >= 0 ? now.splice(at, 1) : [];
    if (step.kind !== 'delete') {
      now.splice(step.index, 0, old ?? step.cell);
    }
  }
  return now;
}

describe('two parties', () => {
  it.each([
    ['nobody changed anything', 'a1 b2', 'a1 b2', 'a1 b2', 'a1 b2'],
    ['others edited', 'a1 b2', 'a1 b2', 'a1 b9', 'a1 b9'],
    ['both edited different cells', 'a1 b2', 'a8 b2', 'a1 b9', 'a8 b9'],
    ['both edited one: ours stands', 'a1', 'a8', 'a9', 'a8'],
    ['others made a cell', 'a1 b2', 'a1 b2', 'a1 n b2', 'a1 n b2'],
    ['both made a cell', 'a1 b2', 'a1 m b2', 'a1 b2 n', 'a1 m b2 n'],
    ['others deleted one', 'a1 b2', 'a1 b2', 'a1', 'a1'],
    ['others deleted what we edited', 'a1 b2', 'a1 b8', 'a1', 'a1 b8'],
    ['we deleted what others edited', 'a1 b2', 'a1', 'a1 b9', 'a1 b9'],
    ['we deleted one', 'a1 b2', 'a1', 'a1 b2', 'a1'],
    ['others moved one', 'a1 b2 c3', 'a1 b2 c3', 'c3 a1 b2', 'c3 a1 b2'],
    ['we moved one, others made one', 'a1 b2 c3', 'c3 a1 b2', 'a1 n b2 c3', 'c3 a1 n b2'],
    ['documents with nothing in common', '', 'a1', 'n9', 'a1 n9']
  ])('%s', (_, base, ours, theirs, both) => {
    expect(text(merge(doc(base), doc(ours), doc(theirs)))).toBe(both);
  });
});

describe('steps', () => {
  it('are none between equal documents', () => {
    expect(steps(doc('a1 b2'), doc('a1 b2'))).toEqual([]);
  });

  it('are one for one cell that moved far', () => {
    expect(steps(doc('a b c d e'), doc('b c d e a')).map(step => step.kind)).toEqual(['move']);
    expect(steps(doc('a b c d e'), doc('e a b c d')).map(step => step.kind)).toEqual(['move']);
  });

  it('lead from any document to any other', () => {
    let seed = 7;
    const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below;
    const some = () => {
      const ids = [...'abcdefgh'].filter(() => random(3) > 0);
      return ids.sort(() => random(3) - 1).map(id => ({ cell_id: id, source: String(random(3)) }));
    };
    for (let n = 0; n < 300; n++) {
      const [before, after] = [some(), some()];
      expect(text(apply(before, steps(before, after)))).toBe(text(after));
    }
  });
});
