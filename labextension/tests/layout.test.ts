import { describe, expect, it } from 'vitest';

import { place } from '../src/layout';

const node = (id: string) => ({ id, width: 100, height: 20 });

describe('the layout', () => {
  it('puts what is read from above what reads it', () => {
    const { nodes } = place({
      nodes: ['c', 'b', 'a'].map(node),
      edges: [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c' }
      ]
    });
    expect(nodes.a.y).toBeLessThan(nodes.b.y);
    expect(nodes.b.y).toBeLessThan(nodes.c.y);
  });

  it('places cells without edges below, none upon another', () => {
    const { nodes, height } = place({ nodes: ['a', 'b', 'l', 'm', 'n', 'o'].map(node), edges: [{ from: 'a', to: 'b' }] });
    const places = Object.values(nodes).map(({ x, y }) => `${x},${y}`);
    expect(new Set(places).size).toBe(6);
    expect(nodes.l.y).toBeGreaterThan(nodes.b.y);
    expect(height).toBeGreaterThan(nodes.o.y);
  });

  it('survives loops, edges of a cell to itself and edges of unknown cells', () => {
    const edges = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' },
      { from: 'a', to: 'a' },
      { from: 'gone', to: 'a' }
    ];
    expect(Object.keys(place({ nodes: ['a', 'b'].map(node), edges }).nodes).sort()).toEqual(['a', 'b']);
  });

  it('of nothing is nothing', () => {
    expect(place({ nodes: [], edges: [] }).nodes).toEqual({});
  });
});
