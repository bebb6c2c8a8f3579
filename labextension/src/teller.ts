/**
 * Tells the kernel of the notebook's edits, and takes in what others did to the notebook.
 *
 * Through the coordinator's channel where there is one: then other clients' edits (an agent's, another tab's) arrive
 * here, and nobody's are overwritten. Else over the kernel's own control channel. Knows no widgets and no marks.
 */
import { type Connection, RequestError } from './connection';
import { difference, type DocumentRequest } from './document';
import type { Door } from './door';
import { merge, type Step, steps } from './merge';
import type { StateReply } from './model';
import type { CellText } from './protocol';
import { type DoorMessage, Replica } from './replica';

type Document = readonly CellText[];

/** How long to wait for the coordinator before the kernel is told without it, in milliseconds. */
const WAIT = 3000;
/** How long the kernel is told without the coordinator before people hear of it: not of a short break. */
const APART = 5000;
/** How long a run waits for edits that are on their way. */
const BEFORE_RUN = 1000;

/** The notebook as the teller sees it. */
export interface TellerHost {
  readonly connection: Connection;
  readonly door: Door;
  readonly path: string;
  /** Which session of which kernel: another one has a document of its own. */
  readonly key: string;
  texts(): Document;
  /** Whether edits wait for a pause in typing. */
  typing(): boolean;
  write(steps: readonly Step[]): void;
  /** Of several browsers that share the document only one tells the coordinator. */
  leads(): boolean;
  /** The document before this page changed it: what the notebook's file says. */
  original(): Promise<Document>;
  /** The kernel answered a request that told it something. */
  answered(whole: boolean, reply: StateReply): void;
  refused(reason: string): void;
  /** The kernel is told by the coordinator: its state has to be asked for. */
  told(): void;
  /** The coordinator can't be reached for a while already, or can again. */
  apart(apart: boolean): void;
  /** Cells were brought in, changed or taken out when the page joined; by others, or by an earlier page unsaved. */
  adopted(cells: number): void;
}

/** What a page knew of the document when it was last in step with the coordinator. */
export interface Agreement {
  key: string;
  document: Document;
}

export class Teller {
  constructor(
    private readonly _host: TellerHost,
    private readonly _agreed: Agreement
  ) {
    _host.door.received.connect(this._onMessage, this);
    _host.door.failed.connect(this._onFailure, this);
    this._wait();
  }

  dispose(): void {
    this._way = 'closed';
    window.clearTimeout(this._waiting);
    window.clearTimeout(this._parting);
    this._host.door.dispose();
  }

  /** The document is this now. */
  tell(now: Document): void {
    if (this._way === 'control') {
      const request = difference(this._sent, now, this._host.path);
      this._sent = now;
      if (request !== null) {
        void this._request(request);
      }
    } else if (this._way === 'channel' && this._host.leads()) {
      const message = this._replica.message(this._sent ?? now, now);
      this._sent = now;
      this._send(message, false);
    }
  }

  /** Tell the whole document with the next message. */
  forget(): void {
    this._sent = null;
  }

  /** A cell is about to run: what the kernel may not have heard yet has to be there before. */
  push(running: string): void {
    if (this._way !== 'channel' || this._flying.size === 0) {
      return;
    }
    const now = this._host.texts();
    for (const step of steps(this._pushed ?? this._agreed.document, now)) {
      // The run itself brings its own cell's text.
      if (step.kind !== 'edit' || step.cell.cell_id !== running) {
        this._host.connection.request(step.kind, direct(step)).catch(() => {
          // The coordinator's word follows in a moment and is whole.
        });
      }
    }
    this._pushed = now;
  }

  /** When what was sent has arrived, or has taken too long. */
  async arrived(): Promise<void> {
    const late = new Promise(resolve => window.setTimeout(resolve, BEFORE_RUN));
    await Promise.race([Promise.all(this._flying), late]);
  }

  /** The others are gone, or one came: it may be up to us now to tell the coordinator. */
  reconsider(): void {
    if (this._way === 'channel' && this._host.leads() !== this._led) {
      this._led = this._host.leads();
      if (this._led) {
        const known = new Set(this._host.texts().map(cell => cell.cell_id));
        this._join(this._replica.document().filter(cell => known.has(cell.cell_id)));
      }
    }
  }

  private _onMessage(_: Door, message: DoorMessage): void {
    const news = this._replica.take(message);
    if (message.type === 'notebook' && this._way !== 'channel') {
      const { id, status } = message.kernel;
      if (status === 'unreachable' || id !== this._host.connection.kernel.id) {
        this._useControl();
      } else {
        void this._meet();
      }
    } else if (message.type === 'kernel_status') {
      if (message.status === 'unreachable') {
        this._useControl();
      } else if (this._way === 'control' && this._unreachable) {
        this._host.door.again();
      }
      this._unreachable = message.status === 'unreachable';
    } else if (news) {
      this._settle();
    }
  }

  /** The channel is open: bring this page's document and the coordinator's together. */
  private async _meet(): Promise<void> {
    window.clearTimeout(this._waiting);
    const known = this._agreed.key === this._host.key;
    const theirs = this._replica;
    const base = known ? this._agreed.document : await this._host.original().catch(() => theirs.document());
    if (this._way !== 'closed') {
      this._way = 'channel';
      window.clearTimeout(this._parting);
      this._host.apart(false);
      this._led = this._host.leads();
      this._join(base, !known);
    }
  }

  private _join(base: Document, first = false): void {
    const ours = this._host.texts();
    const theirs = this._replica.document();
    // A file without ids for its cells is read under other ids by everybody.
    const strangers = !theirs.some(cell => ours.some(own => own.cell_id === cell.cell_id));
    this._agreed.key = this._host.key;
    if (this._host.leads()) {
      const target = strangers ? merge([], ours, theirs) : merge(base, ours, theirs);
      const changes = steps(ours, target);
      this._host.write(changes);
      this._sent = this._host.texts();
      if (first && changes.length > 0) {
        this._host.adopted(changes.length);
      }
      this._send(this._replica.message(theirs, this._sent), false);
    }
    this._host.told();
  }

  private _send(message: object | null, again: boolean): void {
    if (message === null) {
      this._settle();
      return;
    }
    const answer = this._host.door.send(message).then(
      ok => {
        this._flying.delete(answer);
        if (ok) {
          this._settle();
        } else {
          this._insist(again);
        }
        if ((message as { type: string }).type === 'sync') {
          this._host.told();
        }
      },
      () => {
        this._flying.delete(answer);
        if (this._way === 'channel') {
          this._host.door.again();
        }
      }
    );
    this._flying.add(answer);
  }

  /** The coordinator could not take an edit (others deleted its cell, say): tell it ours as it is. */
  private _insist(again: boolean): void {
    if (again) {
      this._host.door.again();
      return;
    }
    const now = this._host.texts();
    const here = new Set(now.map(cell => cell.cell_id));
    const before = this._replica.document().filter(cell => here.has(cell.cell_id));
    this._sent = now;
    this._send(this._replica.message(before, now), true);
  }

  /** Nothing of ours is on its way: what the coordinator has is what everybody has. */
  private _settle(): void {
    if (this._way !== 'channel' || this._flying.size > 0 || !this._host.leads() || this._host.typing()) {
      return;
    }
    const theirs = this._replica.document();
    const changes = steps(this._host.texts(), theirs);
    this._host.write(changes);
    this._sent = this._host.texts();
    this._agreed.document = this._sent;
    this._pushed = null;
    if (changes.some(step => step.kind !== 'edit')) {
      this._host.told();
    }
  }

  private _onFailure(_: Door, how: 'lost' | 'absent'): void {
    this._flying.clear();
    if (how === 'absent') {
      this._useControl();
    } else if (this._way === 'channel') {
      // It comes back in a moment: told directly, the kernel would lose what others did meanwhile.
      this._way = null;
      this._wait();
    }
  }

  private _wait(): void {
    window.clearTimeout(this._waiting);
    this._waiting = window.setTimeout(() => this._useControl(), WAIT);
  }

  private _useControl(): void {
    window.clearTimeout(this._waiting);
    if (this._way === 'channel' || this._way === null) {
      this._way = 'control';
      this._parting = window.setTimeout(() => this._host.apart(true), APART);
      this._sent = null;
      this.tell(this._host.texts());
    }
  }

  private async _request(request: DocumentRequest): Promise<void> {
    try {
      const reply = await this._host.connection.request(request.command, request.arguments);
      if (this._way !== 'closed') {
        this._host.answered(request.command === 'sync', reply);
      }
    } catch (error) {
      if (this._way === 'closed') {
        return;
      }
      if (request.command === 'edit') {
        // The kernel and we disagree about which cells there are: tell it all of them.
        this.forget();
        this.tell(this._host.texts());
      } else if (error instanceof RequestError) {
        this._host.refused(error.message);
      }
    }
  }

  private _way: 'channel' | 'control' | 'closed' | null = null;
  /** Our document as we last told it, or took it over; null: all has to be told. */
  private _sent: Document | null = null;
  private _pushed: Document | null = null;
  private readonly _replica = new Replica();
  private readonly _flying = new Set<Promise<void>>();
  private _led = true;
  private _unreachable = false;
  private _waiting = 0;
  private _parting = 0;
}

/** A step as the kernel's own command takes it. */
function direct(step: Step): object {
  if (step.kind === 'delete') {
    return { cell_id: step.cell };
  }
  if (step.kind === 'move') {
    return { cell_id: step.cell.cell_id, index: step.index };
  }
  return step.kind === 'insert' ? { ...step.cell, index: step.index } : step.cell;
}
