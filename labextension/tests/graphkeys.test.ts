import { describe, expect, it } from 'vitest';

import { neighbour } from '../src/graphkeys';

const ORDER = ['a', 'b', 'c', 'd'];
const EDGES = [
  { from: 'a', to: 'd', names: ['x'] },
  { from: 'a', to: 'c', names: ['x'] },
  { from: 'b', to: 'd', names: ['y'] }
];
const CASES: [string, string, string | null][] = [
  ['ArrowDown', 'a', 'c'],
  ['ArrowDown', 'd', null],
  ['ArrowUp', 'd', 'b'],
  ['ArrowUp', 'a', null],
  ['ArrowRight', 'a', 'b'],
  ['ArrowRight', 'd', null],
  ['ArrowLeft', 'b', 'a'],
  ['ArrowLeft', 'a', null],
  ['Home', 'c', 'a'],
  ['End', 'a', 'd'],
  ['x', 'a', null]
];

describe('the keys of the graph', () => {
  it.each(CASES)('%s leads from %s to %s', (key, from, to) => {
    expect(neighbour(key, from, ORDER, EDGES)).toBe(to);
  });
});
