/** One line about the notebook in front: settled, how many cells are stale or blocked, how far a cascade is. */
import { Widget } from '@lumino/widgets';

import { h, setHidden } from './dom';
import { markIcon } from './icons';
import type { NotebookState } from './model';
import { summary } from './views';

export class StatusLine extends Widget {
  /** `state` is null while there is nothing to tell. */
  constructor(
    private readonly _state: () => NotebookState | null,
    open: () => void
  ) {
    super();
    this.addClass('jp-ReactiveStatus');
    this._button = h('button', {
      type: 'button',
      title: 'Reactive: show the graph',
      'aria-live': 'polite',
      click: open
    });
    this._bar = h('span', { class: 'jp-ReactiveStatus-bar', 'aria-hidden': 'true' }, h('span', {}));
    this.node.append(this._button, this._bar);
    this.refresh();
  }

  refresh(): void {
    const state = this._state();
    if (state === null) {
      return;
    }
    const { text, kind } = summary(state);
    const lazy = state.mode === 'lazy' ? ' (lazy)' : '';
    if (text + lazy !== this._text) {
      this._text = text + lazy;
      this.node.dataset.kind = kind;
      this._button.replaceChildren(markIcon(kind), h('span', {}, `Reactive: ${this._text}`));
    }
    const cascade = state.cascade;
    setHidden(this._bar, cascade === null);
    if (cascade !== null) {
      const share = Math.min(1, cascade.index / Math.max(1, cascade.total));
      (this._bar.firstElementChild as HTMLElement).style.width = `${share * 100}%`;
    }
  }

  private _text = '';
  private readonly _button: HTMLButtonElement;
  private readonly _bar: HTMLElement;
}
