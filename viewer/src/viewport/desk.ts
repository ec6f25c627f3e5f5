/**
 * Windows of one desk: the reading page leads, others on further screens follow it.
 *
 * Every window says on one channel of this browser which study it shows and where its active image lies. Nothing leaves the computer, and a
 * window that is closed is missed by nobody.
 */
import type { Plane } from '../imaging/geometry';

const CHANNEL = 'lientuyen-desk';

export type Message =
  /** A window that follows asks who leads. */
  | { kind: 'hello' }
  /** The study that the reading page shows. */
  | { kind: 'study'; study: string }
  /** The reading page was left. */
  | { kind: 'left' }
  /** The active image of the window in hand. */
  | { kind: 'at'; study: string; plane: Plane };

export interface Desk {
  say: (message: Message) => void;
  close: () => void;
}

const KINDS: readonly unknown[] = ['hello', 'study', 'left', 'at'] satisfies Message['kind'][];

/** Joins the desk; `hear` gets what the other windows say. */
export function joinDesk(hear: (message: Message) => void): Desk {
  if (typeof BroadcastChannel === 'undefined') return { say: () => undefined, close: () => undefined };
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<Message | null>) => {
    // another version of this application may be open in another window
    if (data && KINDS.includes(data.kind)) hear(data);
  };
  return { say: (message) => channel.postMessage(message), close: () => channel.close() };
}

interface ScreenDetails {
  currentScreen: Screen;
  screens: readonly (Screen & { availLeft: number; availTop: number })[];
}

/** Where the second window goes: onto another screen where the browser may say which there are. */
async function placeOnOtherScreen(): Promise<string> {
  const ask = (window as { getScreenDetails?: () => Promise<ScreenDetails> }).getScreenDetails;
  if (!ask) return 'popup';
  try {
    const { screens, currentScreen } = await ask.call(window);
    const other = screens.find((one) => one !== currentScreen);
    if (!other) return 'popup';
    return `popup,left=${other.availLeft},top=${other.availTop},width=${other.availWidth},height=${other.availHeight}`;
  } catch {
    return 'popup'; // not granted
  }
}

/** Opens the window for the second screen, or brings it to the front. Returns whether the browser allowed it. */
export async function openSecondWindow(study: string): Promise<boolean> {
  const address = `/studies/${encodeURIComponent(study)}/images?follow=1`;
  return window.open(address, CHANNEL, await placeOnOtherScreen()) !== null;
}
