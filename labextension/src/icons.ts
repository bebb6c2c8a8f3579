/** The marks' icons (each a shape of its own, so that colour is never needed to tell them apart) and the panel's. */
import { LabIcon } from '@jupyterlab/ui-components';

import { svg } from './dom';
import type { MarkKind } from './views';

const RING = 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8Z';

/** Paths in a 16 by 16 box, drawn as strokes. */
const PATHS: Record<MarkKind | 'opaque', string> = {
  fresh: 'M3.5 8.5l3 3 6-7',
  new: RING,
  stale: `${RING}M8 4.6V8l2.4 1.6`,
  queued: 'M3.4 8h.01M8 8h.01M12.6 8h.01',
  running: 'M5 3.4v9.2L12.4 8Z',
  blocked: `${RING}M3.7 12.3l8.6-8.6`,
  error: `${RING}M5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6`,
  disabled: 'M5.4 3.5v9M10.6 3.5v9',
  opaque: 'M5.6 5.8a2.5 2.5 0 1 1 3.4 2.6c-.7.3-1 .8-1 1.6M8 13v.01'
};

export function markIcon(kind: MarkKind | 'opaque'): SVGSVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 16 16', class: 'jp-ReactiveIcon', 'aria-hidden': 'true', 'data-kind': kind },
    svg('path', { d: PATHS[kind] })
  );
}

const FLOW = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M4 3h6v5H8v3h8V8h-2V3h6v5h-2v5H8v3h2v5H4v-5h2V8H4z"/>
  </g>
</svg>`;

export const flowIcon = new LabIcon({ name: 'reactive-kernel:flow', svgstr: FLOW });

const STALE = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M6 4v16l9-8zM16 4h3v16h-3z"/>
  </g>
</svg>`;

export const runStaleIcon = new LabIcon({ name: 'reactive-kernel:run-stale', svgstr: STALE });
