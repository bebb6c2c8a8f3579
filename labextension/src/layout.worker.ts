/** Answers each layout input with its layout, away from the page's own thread. */
import { place, type LayoutInput } from './layout';

self.addEventListener('message', event => {
  self.postMessage(place((event as MessageEvent<LayoutInput>).data));
});
