/**
 * One open notebook and its reactive kernel: tells the kernel of edits, takes in its state, routes outputs.
 *
 * Joins the parts, shows nothing. While the kernel is not reactive it listens for another kernel and does nothing else.
 */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { type INotebookModel, NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { Signal, type ISignal } from '@lumino/signaling';

import { Connection, type MarkedMessage, RequestError } from './connection';
import { DocumentWatch } from './documentwatch';
import { Door } from './door';
import {
  applyEntries,
  applyEvent,
  applyMark,
  applyState,
  type Change,
  EMPTY,
  endCascade,
  type NotebookState,
  type ReactiveEvent,
  type StateReply
} from './model';
import type { Step } from './merge';
import { keptCells } from './kept';
import { Missed } from './missed';
import { Ownership } from './ownership';
import type { Mode, RunKind } from './protocol';
import { Router } from './routing';
import { savedCells } from './savedfile';
import { type Agreement, Teller, type TellerHost } from './teller';

/** How long a silent kernel may take to answer the first request before people are told. */
const PATIENCE = 20_000;

/** How long others may take to tell the kernel of the notebook. */
const UNTOLD = 3000;

export type Context = DocumentRegistry.IContext<INotebookModel>;

export class NotebookSession {
  constructor(readonly context: Context) {
    this._ownership = new Ownership(context.model);
    this._watch = new DocumentWatch(
      context,
      cells => this._teller?.tell(cells),
      () => this._ownership.leads
    );
    this._router = new Router({
      model: id => this._watch.model(id),
      panels: () => this._panels,
      owns: session => this._ownership.owns(session),
      left: cell => this._missed.suspect(cell),
      takes: message => this._connection?.hooks.take(message) ?? false
    });
    this._missed = new Missed({
      shared: context.model.collaborative === true,
      kept: cells => keptCells(context.localPath, cells),
      model: id => this._watch.model(id),
      state: () => this._state,
      idle: () => this._active && !this.isDisposed && this.kernel?.status === 'idle',
      alone: () => this._ownership.alone,
      leads: () => this._ownership.leads,
      lost: (cell, count) => void this._lost(cell, count)
    });
    this._ownership.watch(
      () => this._teller?.reconsider(),
      () => this._active && this._missed.begin()
    );
    context.model.cells.changed.connect((_, { newValues }) => this._missed.inserted(newValues), this);
    context.sessionContext.kernelChanged.connect(this._onKernelChanged, this);
    context.sessionContext.connectionStatusChanged.connect(this._onConnectionStatus, this);
    context.sessionContext.statusChanged.connect(this._onStatus, this);
    context.disposed.connect(() => this._close(), this);
    NotebookActions.executionScheduled.connect(this._onScheduled, this);
    NotebookActions.executed.connect(this._onExecuted, this);
    void context.ready.then(() => this._open());
  }

  get state(): NotebookState {
    return this._state;
  }

  /** Whether the kernel is reactive and has told us its state. */
  get active(): boolean {
    return this._active;
  }

  /** Why the reactive parts are out of service, for people; null when they aren't. */
  get trouble(): string | null {
    return this._trouble;
  }

  /** Whether a kernel that was reactive is gone: shut down, or dead. */
  get bereft(): boolean {
    return this._bereft;
  }

  /** Whether the kernel is told without the coordinator, for longer than a short break of its channel. */
  get apart(): boolean {
    return this._apart;
  }

  /** A code cell's text. */
  source(id: string): string {
    return this._watch.model(id)?.sharedModel.getSource() ?? '';
  }

  get kernel(): Kernel.IKernelConnection | null {
    return this.context.sessionContext.session?.kernel ?? null;
  }

  get panels(): readonly NotebookPanel[] {
    return this._panels;
  }

  get isDisposed(): boolean {
    return this.context.isDisposed;
  }

  /** Emitted after every change of state; its argument says which cells look different. */
  get changed(): ISignal<this, Change> {
    return this._changed;
  }

  /** Emitted when the session becomes active or inactive, or has trouble. */
  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  /** Emitted when edits that are not in the notebook's file were brought in; its argument: of how many cells. */
  get adopted(): ISignal<this, number> {
    return this._adopted;
  }

  addPanel(panel: NotebookPanel): void {
    this._panels.push(panel);
    panel.disposed.connect(() => {
      this._panels = this._panels.filter(other => other !== panel);
    });
  }

  /** Ask the kernel for something; rejected when it refuses, or there is none. */
  async ask<T>(command: string, args: object): Promise<T> {
    if (this._connection === null) {
      throw new RequestError('no_kernel', 'no reactive kernel is connected');
    }
    return this._connection.request<T>(command, args);
  }

  async setMode(mode: Mode): Promise<void> {
    await this.ask('configure', { mode });
    this._take(applyEntries(this._state, { revision: this._state.revision, mode }));
    this._activeChanged.emit();
  }

  /** Run the notebook's stale cells, or make all of them fresh. */
  async run(kind: Extract<RunKind, 'stale' | 'all'>): Promise<void> {
    await this.flush();
    const content = { code: '', silent: false, store_history: true, allow_stdin: false };
    this.kernel?.requestExecute(content, true, { reactive: { run: kind } });
  }

  /** Tell what changed since the last message now; resolved when the kernel has it. */
  async flush(): Promise<void> {
    this._watch.flush();
    await this._teller?.arrived();
  }

  /** Tell the kernel the whole notebook again, after trouble. */
  retry(): void {
    void this._open();
  }

  private async _open(): Promise<void> {
    const kernel = this.kernel;
    this._bereft = kernel === null && (this._bereft || this._connection !== null);
    this._close();
    if (kernel === null || this.isDisposed) {
      return;
    }
    const current = () => this.kernel === kernel && this._connection === null && !this.isDisposed;
    if ((await Connection.looksReactive(kernel).catch(() => false)) && current()) {
      this._connect(kernel);
    }
    // A busy kernel says what it is only when its shell is free; then its word counts.
    const reactive = await Connection.isReactive(kernel).catch(() => false);
    if (reactive && current()) {
      this._connect(kernel);
    } else if (!reactive && this._connection?.kernel === kernel) {
      this._close();
      this._setTrouble('This kernel is too old for the extension, so cells are not marked. Running them works as usual.');
    }
  }

  private _connect(kernel: Kernel.IKernelConnection): void {
    const connection = new Connection(kernel);
    this._connection = connection;
    this._missed.suspect();
    connection.events.connect(this._onEvent, this);
    connection.outputs.connect(this._onOutput, this);
    this._ownership.announce(kernel.clientId);
    this._patience = window.setTimeout(() => {
      this._setTrouble('The kernel does not answer, so cells are not marked. Running them works as usual.');
    }, PATIENCE);
    this._watch.start();
    this._teller = new Teller(this._host(connection), this._agreed);
  }

  private _close(): void {
    window.clearTimeout(this._patience);
    this._watch.stop();
    this._teller?.dispose();
    this._teller = null;
    this._router.reset();
    this._missed.reset();
    this._connection?.dispose();
    this._connection = null;
    this._state = EMPTY;
    this._apart = false;
    this._setActive(false);
  }

  private _host(connection: Connection): TellerHost {
    const { context } = this;
    const session = context.sessionContext.session;
    return {
      connection,
      door: new Door(() => session?.path ?? context.localPath),
      path: context.localPath,
      key: `${session?.id} ${connection.kernel.id}`,
      texts: () => this._watch.texts(),
      typing: () => this._watch.busy,
      write: steps => this._write(steps),
      leads: () => this._ownership.leads,
      original: async () => (context.model.dirty ? savedCells(context.localPath) : this._watch.texts()),
      answered: (whole, reply) => this._takeReply(whole, reply),
      refused: reason => this._setTrouble(`The kernel refused the notebook: ${reason}`),
      told: () => void this._askState(connection),
      apart: apart => {
        if (apart !== this._apart) {
          this._apart = apart;
          this._activeChanged.emit();
        }
      },
      adopted: cells => this._adopted.emit(cells)
    };
  }

  private async _askState(connection: Connection): Promise<void> {
    const reply = await connection.request('state', {}).catch(() => null);
    if (reply !== null && connection === this._connection) {
      this._takeReply(true, reply);
      window.setTimeout(() => this._insist(connection), UNTOLD);
    }
  }

  /** Nobody has told the kernel of all cells: do it ourselves. */
  private _insist(connection: Connection): void {
    if (!this._active && connection === this._connection) {
      const document = { cells: this._watch.texts(), path: this.context.localPath };
      connection.request('sync', document).then(
        reply => this._takeReply(true, reply),
        error => this._setTrouble(`The kernel refused the notebook: ${error.message}`)
      );
    }
  }

  private async _lost(cell: string, count: number): Promise<void> {
    const reply = await this.ask<StateReply>('unshown', { cell_id: cell, execution_count: count }).catch(() => null);
    if (reply !== null) {
      this._takeReply(false, reply);
    }
  }

  private _write(steps: readonly Step[]): void {
    this._watch.write(steps);
    if (steps.some(step => step.kind === 'insert')) {
      // Its outputs may have come before the cell did.
      this._missed.suspect();
      this._missed.look();
    }
  }

  private _takeReply(whole: boolean, reply: StateReply): void {
    this._take(whole ? applyState(this._state, reply) : applyEntries(this._state, reply));
  }

  /** The kernel knows the notebook: from now on cells are marked. */
  private _begin(): void {
    if (this._active || this._connection === null) {
      return;
    }
    if (this._watch.texts().every(cell => this._state.cells.has(cell.cell_id))) {
      window.clearTimeout(this._patience);
      this._setActive(true);
      this._missed.begin();
    }
  }

  private _setTrouble(text: string): void {
    window.clearTimeout(this._patience);
    this._trouble = text;
    this._activeChanged.emit();
  }

  private _setActive(active: boolean): void {
    const news = active !== this._active || this._trouble !== null;
    this._active = active;
    this._trouble = null;
    if (news) {
      this._activeChanged.emit();
    }
  }

  private _take(change: Change): void {
    if (change.state !== this._state) {
      this._state = change.state;
      this._changed.emit(change);
      this._begin();
    }
  }

  private _onEvent(_: Connection, event: ReactiveEvent): void {
    this._take(applyEvent(this._state, event));
    const entries = event.event === 'cells' ? event.cells : event.entries;
    entries?.forEach(entry => this._router.ended(entry));
  }

  private _onOutput(_: Connection, marked: MarkedMessage): void {
    this._take(applyMark(this._state, marked.mark));
    this._missed.heard(marked.mark.cell_id);
    this._router.take(marked);
  }

  private _onScheduled(_: unknown, args: { notebook: unknown; cell: Cell }): void {
    if (this._panels.some(panel => panel.content === args.notebook)) {
      this._missed.awaits(args.cell.model.id);
      this._watch.flush();
      this._teller?.push(args.cell.model.id);
      this._connection?.sending();
    }
  }

  private _onExecuted(_: unknown, args: { notebook: unknown; cell: Cell }): void {
    if (this._panels.some(panel => panel.content === args.notebook)) {
      this._missed.arrived(args.cell.model?.id);
    }
    if (this._watch.model(args.cell.model.id) === args.cell.model) {
      this._router.executed(args.cell.model.id);
    }
  }

  private _onKernelChanged(): void {
    void this._open();
  }

  private _onConnectionStatus(_: ISessionContext, status: Kernel.ConnectionStatus): void {
    if (status === 'connected') {
      void this._open();
    }
  }

  private _onStatus(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'idle' || status === 'dead') {
      this._take(endCascade(this._state));
    }
    if (status === 'idle') {
      this._missed.look();
    }
    if (status === 'dead') {
      this._bereft ||= this._connection !== null;
      // By itself the page learns seconds later that the server has let go of it; until then a restart comes to nothing.
      void this.context.sessionContext.sessionManager.refreshRunning().catch(() => undefined);
      this._close();
    }
  }

  private readonly _watch: DocumentWatch;
  private readonly _ownership: Ownership;
  private readonly _router: Router;
  private readonly _missed: Missed;
  private _connection: Connection | null = null;
  private _teller: Teller | null = null;
  private readonly _agreed: Agreement = { key: '', document: [] };
  private _panels: NotebookPanel[] = [];
  private _state: NotebookState = EMPTY;
  private _active = false;
  private _trouble: string | null = null;
  private _bereft = false;
  private _apart = false;
  private _patience = 0;
  private readonly _changed = new Signal<this, Change>(this);
  private readonly _adopted = new Signal<this, number>(this);
  private readonly _activeChanged = new Signal<this, void>(this);
}
