/** All open notebooks' sessions, and the one in front. Two views of a notebook share one session. */
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Change } from './model';
import { NotebookSession } from './session';

export class Sessions {
  constructor(
    private readonly _tracker: INotebookTracker,
    private readonly _opened: (panel: NotebookPanel, session: NotebookSession) => void
  ) {
    _tracker.widgetAdded.connect((_, panel) => this._add(panel));
    _tracker.currentChanged.connect(() => this._emit(null));
    _tracker.forEach(panel => this._add(panel));
  }

  /** The notebook in front, if its kernel is reactive. */
  get current(): { panel: NotebookPanel; session: NotebookSession } | null {
    const panel = this._tracker.currentWidget;
    const session = panel === null ? undefined : this._sessions.get(panel.context);
    return panel !== null && session?.active === true ? { panel, session } : null;
  }

  /** Why there is no current one, for people. */
  get absence(): string {
    const kernel = this._tracker.currentWidget?.context.sessionContext.session?.kernel;
    if (this._tracker.currentWidget === null) {
      return 'Open a notebook with a reactive kernel.';
    }
    return kernel ? 'The kernel is starting, or is not a reactive one.' : 'The kernel is not running.';
  }

  /** Emitted when the current one changes: another in front (null), or news of it. */
  get changed(): ISignal<this, Change | null> {
    return this._changed;
  }

  /** Emitted when another notebook is the current one, or none is any more. */
  get currentChanged(): ISignal<this, void> {
    return this._currentChanged;
  }

  of(panel: NotebookPanel): NotebookSession {
    let session = this._sessions.get(panel.context);
    if (session === undefined) {
      session = new NotebookSession(panel.context);
      this._sessions.set(panel.context, session);
      session.changed.connect((sender, change) => this._onNews(sender, change));
      session.activeChanged.connect(sender => this._onNews(sender, null));
    }
    return session;
  }

  private _add(panel: NotebookPanel): void {
    const session = this.of(panel);
    session.addPanel(panel);
    panel.sessionContext.kernelChanged.connect(() => this._onNews(session, null));
    this._opened(panel, session);
  }

  private _onNews(session: NotebookSession, change: Change | null): void {
    if (this._tracker.currentWidget?.context === session.context) {
      this._emit(change);
    }
  }

  private _emit(change: Change | null): void {
    const current = this.current?.session ?? null;
    if (current !== this._current) {
      this._current = current;
      this._currentChanged.emit();
    }
    this._changed.emit(change);
  }

  private readonly _sessions = new WeakMap<object, NotebookSession>();
  private _current: NotebookSession | null = null;
  private readonly _currentChanged = new Signal<this, void>(this);
  private readonly _changed = new Signal<this, Change | null>(this);
}
