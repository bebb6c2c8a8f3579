import { describe, expect, it } from 'vitest';

import { dependencyOrder, moves } from '../src/sort';

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

describe('moves', () => {
  it.each([
    ['abc', 'abc'],
    ['abcd', 'dcba'],
    ['abcd', 'bcad'],
    ['AaBb', 'BbAa']
  ])('turn %s into %s', (before, after) => {
    const now = [...before];
    for (const [from, to] of moves([...before], [...after])) {
      now.splice(to, 0, ...now.splice(from, 1));
    }
    expect(now.join('')).toBe(after);
  });
});
