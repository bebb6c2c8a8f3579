import { describe, expect, it } from 'vitest';

import { dependencyOrder, differing } from '../src/sort';

const code = (ids: string) => [...ids].map(id => ({ id, code: id === id.toLowerCase() }));
const edges = (...pairs: string[]) => pairs.map(([from, to]) => ({ from, to, names: ['x'] }));

describe('dependency order', () => {
  it('leaves a notebook alone that is in order', () => {
    expect(dependencyOrder(code('abc'), edges('ab', 'ac')).join('')).toBe('abc');
  });

  it('moves a definition above its reader, and nothing else', () => {
    expect(dependencyOrder(code('abcd'), edges('ca')).join('')).toBe('bcad');
  });

  it('takes prose along with the code below it', () => {
    expect(dependencyOrder(code('AaBb'), edges('ba')).join('')).toBe('BbAa');
  });

  it('keeps prose at the end, and knows notebooks of prose only', () => {
    expect(dependencyOrder(code('abZ'), edges('ba')).join('')).toBe('baZ');
    expect(dependencyOrder(code('XY'), []).join('')).toBe('XY');
  });

  it('keeps a loop in place', () => {
    expect(dependencyOrder(code('abc'), edges('ab', 'ba', 'ca')).join('')).toBe('cab');
  });
});

describe('where two orders differ', () => {
  it.each([
    ['abcdef', 'abcdef', 6, 6],
    ['abcdef', 'fabcde', 0, 6],
    ['abcdef', 'acbedf', 1, 5],
    ['abcdef', 'abdcef', 2, 4]
  ])('%s and %s', (before, after, first, end) => {
    expect(differing([...before], [...after])).toEqual([first, end]);
  });
});
