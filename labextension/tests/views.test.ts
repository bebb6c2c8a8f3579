import { describe, expect, it } from 'vitest';

import { applyEvent } from '../src/model';
import type { Entry } from '../src/protocol';
import { counts, findings, kindOf, markOf, readLinks, summary, variables, writeLinks } from '../src/views';
import { chain, entry } from './make';

const problem = { code: 'upstream_failed', message: 'cell 1 failed', names: ['x'], cells: ['a'] };
const KINDS: [Partial<Entry>, string][] = [
  [{}, 'fresh'],
  [{ fresh: false }, 'stale'],
  [{ fresh: false, has_run: false, status: 'idle' }, 'new'],
  [{ fresh: false, has_run: false, status: 'idle', problem }, 'blocked'],
  [{ fresh: false, status: 'error' }, 'error'],
  [{ fresh: false, status: 'blocked', problem }, 'blocked'],
  [{ status: 'running', disabled: true }, 'running'],
  [{ status: 'queued' }, 'queued'],
  [{ fresh: false, status: 'error', disabled: true }, 'disabled']
];

describe('the mark of a cell', () => {
  it.each(KINDS)('%j is %s', (news, kind) => {
    expect(kindOf(entry('a', news))).toBe(kind);
  });

  it('says which cells and names made a cell stale', () => {
    const state = chain({ a: { fresh: false }, b: { fresh: false } });
    const mark = markOf(state, state.cells.get('b') as Entry);
    expect(mark).toMatchObject({ kind: 'stale', culprits: ['a'] });
    expect(mark.reason).toBe('x is out of date.');
  });

  it('says that a stale cell is itself the cause', () => {
    const state = chain({ a: { fresh: false } });
    expect(markOf(state, state.cells.get('a') as Entry)).toMatchObject({
      kind: 'stale',
      reason: 'Its code changed since it ran.',
      culprits: []
    });
  });

  it('says which of its inputs are newer than it', () => {
    const state = chain({ a: { execution_count: 5 }, b: { fresh: false } });
    expect(markOf(state, state.cells.get('b') as Entry)).toMatchObject({
      reason: 'Its code or x changed since it ran.',
      culprits: ['a']
    });
  });

  it('says which names nobody defines any more', () => {
    const state = chain({ b: { fresh: false, reads: ['gone', 'x'] } });
    expect(markOf(state, state.cells.get('b') as Entry).reason).toBe('gone is defined in no cell now.');
  });

  it("takes the kernel's word for a problem, and leads to the other cells in it", () => {
    const state = chain({ b: { status: 'blocked', problem: { ...problem, cells: ['a', 'b'] } } });
    expect(markOf(state, state.cells.get('b') as Entry)).toMatchObject({
      kind: 'blocked',
      reason: 'cell 1 failed',
      culprits: ['a']
    });
  });
});

describe('the line under a cell', () => {
  it('links names to the cells at their other end', () => {
    const state = chain();
    const b = state.cells.get('b') as Entry;
    expect(readLinks(state, b)).toMatchObject([{ name: 'x', cells: ['a'] }]);
    expect(writeLinks(state, b)).toMatchObject([{ name: 'y', cells: ['c'] }]);
  });

  it('shows what a cell changes in place, once, and reads from below', () => {
    const state = chain({ b: { mutates: ['y', 'rows'], forward_reads: ['x'] } });
    const b = state.cells.get('b') as Entry;
    expect(writeLinks(state, b).map(link => [link.name, link.note])).toEqual([
      ['rows', 'changes'],
      ['y', undefined]
    ]);
    expect(readLinks(state, b)[0].note).toBe('from below');
  });
});

describe('the summary', () => {
  it('is settled when nothing is stale, blocked or failed', () => {
    expect(summary(chain())).toEqual({ text: 'settled', kind: 'fresh' });
  });

  it('is not settled while a cell runs', () => {
    const state = chain({ a: { status: 'running' }, b: { status: 'queued' } });
    expect(summary(state)).toEqual({ text: 'running 1 of 2', kind: 'running' });
  });

  it('tells of cells that never ran', () => {
    expect(summary(chain({ c: { has_run: false, fresh: false, status: 'idle' } }))).toEqual({
      text: '1 not run yet',
      kind: 'new'
    });
  });

  it('names the worst first', () => {
    const state = chain({ a: { status: 'error', fresh: false }, b: { status: 'blocked' }, c: { fresh: false } });
    expect(summary(state)).toEqual({ text: '1 failed · 1 blocked · 1 stale', kind: 'error' });
    expect(counts(state)).toEqual({ cells: 3, stale: 1, blocked: 1, failed: 1, unrun: 0, busy: 0 });
  });

  it('tells how far a cascade is', () => {
    const event = { event: 'cascade_started', cascade_id: 'k', cells: ['a', 'b', 'c'] } as const;
    expect(summary(applyEvent(chain(), event).state).text).toBe('running 1 of 3');
  });
});

describe('a first analysis', () => {
  it('finds problems, forward reads and opaque cells, in document order', () => {
    const state = chain({
      a: { opaque: true },
      b: { forward_reads: ['x'] },
      c: { problem: { ...problem, code: 'loop', message: 'c needs itself' } }
    });
    expect(findings(state).map(({ cell, kind }) => [cell, kind])).toEqual([
      ['a', 'opaque'],
      ['b', 'forward'],
      ['c', 'problem']
    ]);
  });

  it('finds nothing in an ordinary notebook', () => {
    expect(findings(chain())).toEqual([]);
  });
});

describe('variables', () => {
  it('are the names that cells define, with where they are used', () => {
    expect(variables(chain({ c: { reads: ['y', 'print'] } }))).toEqual([
      { name: 'x', definedIn: ['a'], usedIn: ['b'] },
      { name: 'y', definedIn: ['b'], usedIn: ['c'] }
    ]);
  });
});
