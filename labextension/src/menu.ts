/** The "Reactive" entry of the Run menu; there while the notebook in front has a reactive kernel. */
import type { IMainMenu } from '@jupyterlab/mainmenu';
import { MenuSvg } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';

import { ids } from './commands';
import type { Sessions } from './sessions';

const GROUPS = [
  [ids.runStale, ids.runAll, ids.runUpstream, ids.runAlone, ids.interrupt],
  [ids.toggleLazy, ids.toggleDisabled],
  [ids.show, ids.why],
  [ids.sort, ids.newSql, ids.toggleSql]
];
/** Above "Run All Cells". */
const RANK = 900;

export function addMenu(mainMenu: IMainMenu, commands: CommandRegistry, sessions: Sessions): void {
  const submenu = new MenuSvg({ commands });
  submenu.title.label = 'Reactive';
  for (const group of GROUPS) {
    group.forEach(command => submenu.addItem({ command }));
    submenu.addItem({ type: 'separator' });
  }
  let shown: IDisposable | null = null;
  sessions.currentChanged.connect(() => {
    if (sessions.current === null) {
      shown?.dispose();
      shown = null;
    } else {
      shown ??= mainMenu.runMenu.addGroup([{ type: 'submenu', submenu }], RANK);
    }
  });
}
