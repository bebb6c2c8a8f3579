/** The user's settings, with the schema's defaults until they are loaded (or if they never are). */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Mode } from './protocol';
import type { NotebookSession } from './session';

export const PLUGIN_ID = 'reactive-kernel-labextension:plugin';

export class Settings {
  /** Show "reads … · writes …" under cells. */
  showFlow = true;
  /** Highlight related cells under the pointer. */
  highlight = true;
  /** Tell what a first analysis found. */
  notices = true;
  /** The mode in which a fresh kernel starts. */
  mode: Mode = 'auto';
  /** Whether these are the user's, not yet the defaults. */
  loaded = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  async load(registry: ISettingRegistry): Promise<void> {
    const loaded = await registry.load(PLUGIN_ID);
    const take = () => {
      this.showFlow = loaded.composite['showFlow'] !== false;
      this.highlight = loaded.composite['highlight'] !== false;
      this.notices = loaded.composite['notices'] !== false;
      this.mode = loaded.composite['mode'] === 'lazy' ? 'lazy' : 'auto';
      this.loaded = true;
      this._changed.emit();
    };
    loaded.changed.connect(take);
    take();
  }

  private readonly _changed = new Signal<this, void>(this);
}

/** Put a kernel that has not run anything into the mode that the user wants to start in. */
export function startMode(session: NotebookSession, settings: Settings): void {
  let done: string | undefined;
  const apply = () => {
    const { state, active, kernel } = session;
    if (!active || !settings.loaded || kernel?.id === done) {
      return;
    }
    done = kernel?.id;
    const untouched = [...state.cells.values()].every(entry => !entry.has_run);
    if (untouched && settings.mode === 'lazy' && state.mode === 'auto') {
      // Refused or unreachable: the toolbar shows the mode that holds.
      session.setMode('lazy').catch(error => console.warn('reactive-kernel: the mode stays as it is.', error));
    }
  };
  session.activeChanged.connect(apply);
  settings.changed.connect(apply);
}
