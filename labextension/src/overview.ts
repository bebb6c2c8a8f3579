/** What needs attention: stale, blocked and failed cells, in document order, each with its reason. */
import { Widget } from '@lumino/widgets';

import { h } from './dom';
import { markIcon } from './icons';
import type { NotebookState } from './model';
import { cellName, kindOf, type MarkKind, markOf, ordered } from './views';

const SHOWN: ReadonlySet<MarkKind> = new Set(['stale', 'blocked', 'error', 'running', 'queued']);
/** A longer list is no overview. */
const MOST = 100;

export class Overview extends Widget {
  constructor(private readonly _go: (cell: string) => void) {
    super();
    this.addClass('jp-ReactiveOverview');
  }

  present(state: NotebookState | null): void {
    if (state === null) {
      this.node.replaceChildren(empty('Open a notebook with a reactive kernel.'));
      return;
    }
    const entries = ordered(state).filter(entry => SHOWN.has(kindOf(entry)));
    if (entries.length === 0) {
      this.node.replaceChildren(empty('Settled: every cell that ran shows what a clean run would show.'));
      return;
    }
    const rows = entries.slice(0, MOST).map(entry => {
      const mark = markOf(state, entry);
      const cell = entry.cell_id;
      return h(
        'li',
        {},
        h(
          'button',
          { type: 'button', 'data-kind': mark.kind, 'data-cell': cell, title: mark.reason, click: () => this._go(cell) },
          markIcon(mark.kind),
          h('span', { class: 'jp-ReactiveOverview-cell' }, cellName(state, cell)),
          h('span', { class: 'jp-ReactiveOverview-kind' }, mark.label),
          h('span', { class: 'jp-ReactiveOverview-reason' }, mark.reason)
        )
      );
    });
    const more = entries.length - rows.length;
    this.node.replaceChildren(h('ul', {}, ...rows), ...(more > 0 ? [empty(`and ${more} more`)] : []));
  }
}

function empty(text: string): HTMLElement {
  return h('div', { class: 'jp-ReactivePanel-empty' }, text);
}
