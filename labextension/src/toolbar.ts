/**
 * The notebook toolbar's reactive part: run what is stale (with the count), the mode, and where there is no status bar
 * (Notebook 7) what would be said there. Hidden for other kernels.
 */
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';

import { ids } from './commands';
import { h } from './dom';
import { runStaleIcon } from './icons';
import type { NotebookSession } from './session';
import type { StatusLine } from './status';
import { counts } from './views';

export class ReactiveToolbar extends Widget {
  constructor(
    panel: NotebookPanel,
    private readonly _session: NotebookSession,
    commands: CommandRegistry,
    private readonly _status: StatusLine | null
  ) {
    super();
    this.addClass('jp-ReactiveToolbar');
    const act = (command: string) => () => void commands.execute(command);
    this._count = h('span', {});
    this._run = h('button', { type: 'button', click: act(ids.runStale) }, this._count);
    this._run.prepend(runStaleIcon.element({ tag: 'span', height: '16px', width: '16px' }));
    this._mode = h('button', { type: 'button', click: act(ids.toggleLazy) });
    this.node.append(this._run, this._mode, ...(_status === null ? [] : [_status.node]));
    const refresh = () => this.refresh();
    _session.changed.connect(refresh, this);
    _session.activeChanged.connect(refresh, this);
    panel.disposed.connect(() => this.dispose());
    this.refresh();
  }

  refresh(): void {
    this.setHidden(!this._session.active);
    if (!this._session.active) {
      return;
    }
    const { stale } = counts(this._session.state);
    this._run.disabled = stale === 0;
    this._run.title = stale === 0 ? 'No cell is stale' : 'Run the stale cells, each once';
    this._count.textContent = `${stale} stale`;
    const lazy = this._session.state.mode === 'lazy';
    this._status?.refresh();
    this._mode.textContent = lazy ? 'Lazy' : 'Auto';
    this._mode.setAttribute('aria-pressed', String(lazy));
    this._mode.title = lazy
      ? 'Lazy: dependents are only marked stale. Click to run them by themselves.'
      : 'Auto: running a cell runs what depends on it. Click to only mark dependents stale.';
  }

  private readonly _run: HTMLButtonElement;
  private readonly _count: HTMLElement;
  private readonly _mode: HTMLButtonElement;
}
