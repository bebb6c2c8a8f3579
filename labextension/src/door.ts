/**
 * The coordinator's channel to one notebook: a WebSocket that comes back by itself.
 *
 * Knows nothing of documents. A server that says that it has no coordinator is left alone.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { DoorMessage } from './replica';

/** Pauses before the channel is tried again, in milliseconds; the last one repeats. */
const AGAIN = [500, 1000, 2000, 5000, 15_000, 30_000];
/** A request that is not answered for so long: the channel is not used any more until it is opened anew. */
const PATIENCE = 15_000;
/** The coordinator refuses longer messages (4 MB as it comes); they go another way. */
const LONGEST = 3_000_000;

const NOTEBOOKS = 'reactive-kernel/notebooks';

export class Door implements IDisposable {
  constructor(private readonly _path: () => string) {
    void this._begin();
  }

  /**
   * Whether this server has a coordinator at all; rejected if it can't be asked. Asked once for all notebooks when it
   * has; else again by the next door, because the server may have been started anew.
   */
  static exists(): Promise<boolean> {
    if (Door._exists === null) {
      const asked = Door._ask();
      Door._exists = asked;
      const forget = () => {
        Door._exists = null;
      };
      asked.then(found => found || forget(), forget);
    }
    return Door._exists;
  }

  /** A message of the coordinator; the first one after each opening is `notebook`. */
  get received(): ISignal<this, DoorMessage> {
    return this._received;
  }

  /** Emitted when the channel is lost or could not be opened; it will be tried again unless there is none. */
  get failed(): ISignal<this, 'lost' | 'absent'> {
    return this._failed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      window.clearTimeout(this._timer);
      this._hangUp();
      Signal.clearData(this);
    }
  }

  /** Send a request; whether the coordinator met it. Rejected if no answer comes any more. */
  send(message: object): Promise<boolean> {
    const requestId = String(++this._requests);
    const text = JSON.stringify({ ...message, requestId });
    const socket = this._socket;
    if (socket === null || socket.readyState !== WebSocket.OPEN || text.length > LONGEST) {
      return Promise.reject(new Error('The channel takes no message.'));
    }
    socket.send(text);
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => this.again(), PATIENCE);
      this._waiting.set(requestId, { resolve, reject, timer });
    });
  }

  /** Hang up and open the channel anew, after a pause. */
  again(): void {
    this._hangUp();
    if (!this._isDisposed) {
      this._failed.emit('lost');
      this._later(() => this._open());
    }
  }

  private _later(act: () => void): void {
    const pause = AGAIN[Math.min(this._tries++, AGAIN.length - 1)];
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(act, pause);
  }

  private static async _ask(): Promise<boolean> {
    const settings = ServerConnection.makeSettings();
    return (await ServerConnection.makeRequest(URLExt.join(settings.baseUrl, NOTEBOOKS), {}, settings)).ok;
  }

  private async _begin(): Promise<void> {
    const found = await Door.exists().catch(() => null);
    if (found === true) {
      this._open();
    } else if (!this._isDisposed) {
      this._failed.emit('absent');
      if (found === null) {
        this._later(() => void this._begin());
      }
    }
  }

  private _open(): void {
    if (this._isDisposed) {
      return;
    }
    const settings = ServerConnection.makeSettings();
    const path = URLExt.encodeParts(this._path());
    let url = URLExt.join(settings.wsUrl, NOTEBOOKS, path, 'channel');
    if (settings.appendToken && settings.token !== '') {
      url += `?token=${encodeURIComponent(settings.token)}`;
    }
    const socket = new settings.WebSocket(url);
    socket.onmessage = event => {
      if (socket === this._socket) {
        this._take(JSON.parse(event.data as string) as DoorMessage);
      }
    };
    socket.onclose = () => {
      if (socket === this._socket) {
        this.again();
      }
    };
    this._socket = socket;
  }

  private _take(message: DoorMessage): void {
    this._received.emit(message);
    const waiting = message.type === 'done' ? this._waiting.get(message.requestId) : undefined;
    if (waiting !== undefined && message.type === 'done') {
      this._tries = 0;
      this._waiting.delete(message.requestId);
      window.clearTimeout(waiting.timer);
      waiting.resolve(message.ok);
    }
  }

  private _hangUp(): void {
    const socket = this._socket;
    this._socket = null;
    socket?.close();
    const waiting = [...this._waiting.values()];
    this._waiting.clear();
    for (const { reject, timer } of waiting) {
      window.clearTimeout(timer);
      reject(new Error('The channel was lost.'));
    }
  }

  private static _exists: Promise<boolean> | null = null;
  private _isDisposed = false;
  private _socket: WebSocket | null = null;
  private _tries = 0;
  private _timer = 0;
  private _requests = 0;
  private readonly _waiting = new Map<string, Waiting>();
  private readonly _received = new Signal<this, DoorMessage>(this);
  private readonly _failed = new Signal<this, 'lost' | 'absent'>(this);
}

interface Waiting {
  readonly resolve: (ok: boolean) => void;
  readonly reject: (why: Error) => void;
  readonly timer: number;
}
