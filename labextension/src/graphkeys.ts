/** Where the arrow keys lead in the graph: down and up along its edges, left and right from cell to cell. Pure. */
import type { Edge } from './protocol';

export function neighbour(key: string, cell: string, order: readonly string[], edges: readonly Edge[]): string | null {
  const place = order.indexOf(cell);
  const at = (id: string) => order.indexOf(id);
  switch (key) {
    case 'ArrowDown':
      return nearest(edges.filter(edge => edge.from === cell).map(edge => edge.to), at, 1);
    case 'ArrowUp':
      return nearest(edges.filter(edge => edge.to === cell).map(edge => edge.from), at, -1);
    case 'ArrowRight':
      return order[place + 1] ?? null;
    case 'ArrowLeft':
      return order[place - 1] ?? null;
    case 'Home':
      return order[0] ?? null;
    case 'End':
      return order[order.length - 1] ?? null;
    default:
      return null;
  }
}

/** The first of some cells in the notebook, or the last. */
function nearest(cells: readonly string[], at: (id: string) => number, sign: 1 | -1): string | null {
  return [...cells].sort((a, b) => sign * (at(a) - at(b)))[0] ?? null;
}
