/** The marks of a study, for who shows them or writes about them. */
import { useSyncExternalStore } from 'react';
import type { Mark } from './mark';
import { type MarkRoom, type RoomState, roomOf } from './room';
import type { MarksState } from './store';

export interface Marks extends MarksState {
  readonly room: MarkRoom;
  /** What goes into the report, in the order in which it was made. */
  readonly inReport: readonly Mark[];
}

/** All marks of a study, kept up to date. They are loaded while its images are on the screen (`MarkDesk`). */
export function useMarks(study: string): Marks {
  const room = roomOf(study);
  const state = useSyncExternalStore(room.store.subscribe, room.store.get);
  return { ...state, room, inReport: state.marks.filter((mark) => mark.in_report && mark.kind !== 'calibration') };
}

export function useRoom(room: MarkRoom): RoomState {
  return useSyncExternalStore(room.subscribe, room.get);
}
