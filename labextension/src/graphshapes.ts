/** Shapes of the graph's drawing: arrow heads and smooth lines. */
import { svg } from './dom';
import type { Point } from './layout';

export const ARROW = 'jp-reactive-arrow';

export function arrow(): SVGMarkerElement {
  return svg(
    'marker',
    {
      id: ARROW,
      viewBox: '0 0 8 8',
      refX: 7,
      refY: 4,
      markerWidth: 7,
      markerHeight: 7,
      orient: 'auto'
    },
    svg('path', { d: 'M1 1l6 3-6 3' })
  );
}

/** A smooth line through dagre's points. */
export function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  let d = `M${first.x} ${first.y}`;
  for (let i = 0; i < rest.length - 1; i++) {
    const middle = i === rest.length - 2 ? rest[i + 1] : between(rest[i], rest[i + 1]);
    d += `Q${rest[i].x} ${rest[i].y} ${middle.x} ${middle.y}`;
  }
  const last = points[points.length - 1];
  return rest.length < 2 ? `${d}L${last.x} ${last.y}` : d;
}

function between(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
