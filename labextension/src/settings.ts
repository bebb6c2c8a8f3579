/** The user's settings, with the schema's defaults until they are loaded (or if they never are). */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Mode } from './protocol';

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
      this._changed.emit();
    };
    loaded.changed.connect(take);
    take();
  }

  private readonly _changed = new Signal<this, void>(this);
}
