/**
 * Of several browsers that share one document, decides which one writes an output into it, so that none is doubled.
 *
 * Without sharing every page has its own copy of the document, and each writes its own.
 */
import type { INotebookModel } from '@jupyterlab/notebook';

const FIELD = 'reactiveKernelSession';

/** A browser that has just come may not have heard of the others yet, in milliseconds. */
const HEARING = 1000;

interface Awareness {
  readonly clientID: number;
  getStates(): Map<number, Record<string, unknown>>;
  on(event: 'change', changed: (change: { readonly added: readonly number[] }) => void): void;
  setLocalStateField(field: string, value: unknown): void;
}

export class Ownership {
  constructor(private readonly _model: INotebookModel) {}

  /** Tell the others which kernel session is ours. */
  announce(session: string): void {
    if (this._session === '') {
      window.setTimeout(() => {
        this._hasHeard = true;
        this._changed();
      }, HEARING);
      // Else the others would wait half a minute for what is ours: a closed or reloaded page says no farewell.
      window.addEventListener('pagehide', () => this._say(undefined));
      window.addEventListener('pageshow', () => this._say(this._session));
    }
    this._session = session;
    this._say(session);
  }

  private _say(session: string | undefined): void {
    this._awareness?.setLocalStateField(FIELD, session);
  }

  /** Whether we write the outputs of requests of that kernel session. */
  owns(session: string): boolean {
    const awareness = this._awareness;
    if (!this._model.collaborative || awareness === undefined || session === this._session) {
      return true;
    }
    if (!this._hasHeard) {
      return false;
    }
    const clients = [...awareness.getStates()].filter(([, state]) => state[FIELD] !== undefined);
    if (clients.some(([, state]) => state[FIELD] === session)) {
      return false;
    }
    // Nobody here sent the request (its browser is closed): the oldest of us writes.
    return clients.every(([id]) => awareness.clientID <= id);
  }

  /** Whether it is us who tells the coordinator of edits: of several browsers the oldest does. */
  get leads(): boolean {
    const awareness = this._awareness;
    if (!this._model.collaborative || awareness === undefined) {
      return true;
    }
    const clients = [...awareness.getStates()].filter(([, state]) => state[FIELD] !== undefined);
    return clients.every(([id]) => awareness.clientID <= id);
  }

  /** Have something called whenever browsers come or go, and when we turn out to be alone. */
  watch(changed: () => void, alone: () => void): void {
    let wasAlone = false;
    this._changed = () => {
      changed();
      if (this.alone && !wasAlone) {
        alone();
      }
      wasAlone = this.alone;
    };
    this._awareness?.on('change', ({ added }) => {
      // One that has just come hears of the others only what they say from then on, by themselves every 15 seconds.
      if (this._session !== '' && added.some(id => id !== this._awareness?.clientID)) {
        this.announce(this._session);
      }
      this._changed();
    });
  }

  /** Whether it is sure that no other browser shares the document. */
  get alone(): boolean {
    return !this._model.collaborative || (this._hasHeard && (this._awareness?.getStates().size ?? 0) < 2);
  }

  private get _awareness(): Awareness | undefined {
    return (this._model.sharedModel as { awareness?: Awareness }).awareness;
  }

  private _session = '';
  private _hasHeard = false;
  private _changed: () => void = () => undefined;
}
