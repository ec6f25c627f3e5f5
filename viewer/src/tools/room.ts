/** What goes on with the marks of one study on this screen: which is selected, what is asked, what was said. */
import { json } from '../api/client';
import { datasetAt, type Stack } from '../imaging/stack';
import type { Kind, Mark, MarkContent, Point } from './mark';
import { isKeepable, isOn } from './mark';
import { pixelsOf } from './pixels';
import { type Spacing, spacingAt } from './spacing';
import { type MarkSource, MarkStore } from './store';
import { valuesOf } from './values';

export interface RoomState {
  readonly selected: string | null;
  /** The point of the selected mark that keys move; null: the whole. */
  readonly point: number | null;
  /** The mark whose text or length is being asked for; it is kept with the answer. */
  readonly asking: { readonly mark: MarkContent; readonly stack: Stack } | null;
  /** For who listens, and for a moment on the screen. */
  readonly said: { readonly text: string; readonly serial: number; readonly quiet: boolean };
}

const address = (study: string, id = '') =>
  `/api/reading/studies/${encodeURIComponent(study)}/marks${id && `/${encodeURIComponent(id)}`}`;

function atTheNode(study: string): MarkSource {
  return {
    list: () => json(address(study)),
    save: (content, base, keepalive) =>
      json(address(study, content.id), { method: 'PUT', body: { ...content, base_revision: base }, keepalive }),
    remove: (id, base, keepalive) =>
      json(`${address(study, id)}?base_revision=${base}`, { method: 'DELETE', keepalive }),
  };
}

/** One frame of a stack, as marks need it. */
export interface Place {
  readonly stack: Stack;
  /** 0-based, in the stack. */
  readonly index: number;
}

export class MarkRoom {
  readonly study: string;
  readonly store: MarkStore;
  /** The stacks that were on the screen, by series. */
  private readonly stacks = new Map<string, Stack>();
  private state: RoomState = { selected: null, point: null, asking: null, said: { text: '', serial: 0, quiet: true } };
  private readonly listeners = new Set<() => void>();

  constructor(study: string, source: MarkSource = atTheNode(study)) {
    this.study = study;
    this.store = new MarkStore(source);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): RoomState => this.state;

  private update(patch: Partial<RoomState>): void {
    this.state = { ...this.state, ...patch };
    for (const listener of this.listeners) listener();
  }

  /** Remembers a stack, so that its marks can be measured anew when it is no longer on the screen. */
  meet(stack: Stack): void {
    this.stacks.set(stack.series, stack);
  }

  /** The study is left: its images are not held on to. */
  leave(): void {
    this.stacks.clear();
    if (this.state.asking) this.ask(null);
  }

  select(id: string | null, point: number | null = null): void {
    if (id !== this.state.selected || point !== this.state.point) this.update({ selected: id, point });
  }

  /** Asks for the text of an arrow or the true length of a calibration; null: no longer. */
  ask(asking: RoomState['asking']): void {
    this.update({ asking });
  }

  /** Whether what is asked is about this very frame: a loop has many under one name. */
  isAskedOn({ stack, index }: Place): boolean {
    const [mark, frame] = [this.state.asking?.mark, stack.frames[index]];
    return mark !== undefined && frame !== undefined && isOn(mark, frame.sop, frame.number);
  }

  /** Whether changes of this mark have a place: on the node, or on this screen when it was only ever here. */
  mayChange(mark: Mark): boolean {
    return this.store.get().writable || mark.revision === 0;
  }

  /** Tells who listens; on the screen too unless `quiet`. */
  say(text: string, quiet = false): void {
    this.update({ said: { text, serial: this.state.said.serial + 1, quiet } });
  }

  mark(id: string | null): Mark | undefined {
    return this.store.get().marks.find((mark) => mark.id === id);
  }

  get selected(): Mark | undefined {
    return this.mark(this.state.selected);
  }

  /** The marks of a frame, in the order in which they were made. */
  on(place: Place): readonly Mark[] {
    const frame = place.stack.frames[place.index];
    return frame ? this.store.get().marks.filter((mark) => isOn(mark, frame.sop, frame.number)) : [];
  }

  /* --- measuring ------------------------------------------------------------------------------------------------- */

  /** The reader's own calibration of an image. */
  private calibrationOf(sop: string, among: readonly MarkContent[]): MarkContent | null {
    return (
      among.findLast(
        (mark) => mark.kind === 'calibration' && mark.sop_instance_uid === sop && mark.values.length > 0,
      ) ?? null
    );
  }

  spacing(place: Place, points: readonly Point[]): Spacing {
    const ds = datasetAt(place.stack, place.index)!;
    const sop = place.stack.frames[place.index]!.sop;
    return spacingAt(ds, points, this.calibrationOf(sop, this.store.get().marks));
  }

  private measured(mark: MarkContent, stack: Stack, among: readonly MarkContent[]): MarkContent {
    const index = stack.frames.findIndex((frame) => isOn(mark, frame.sop, frame.number));
    const ds = datasetAt(stack, index);
    const frame = stack.frames[index];
    if (!ds || !frame) return mark;
    const spacing = spacingAt(ds, mark.points, this.calibrationOf(frame.sop, among));
    return { ...mark, ...valuesOf(mark, spacing, pixelsOf(frame.imageId, ds)) };
  }

  /** The mark with its numbers, as it would be kept. */
  preview(mark: MarkContent, stack: Stack): MarkContent {
    return this.measured(mark, stack, this.store.get().marks);
  }

  blank(kind: Kind, place: Place, points: readonly Point[]): MarkContent {
    const frame = place.stack.frames[place.index]!;
    const mark: MarkContent = {
      id: crypto.randomUUID(),
      kind,
      series_instance_uid: place.stack.series,
      sop_instance_uid: frame.sop,
      frame: frame.number,
      points,
      values: [],
      basis: 'none',
      text: '',
      in_report: kind !== 'calibration' && kind !== 'arrow',
    };
    return isKeepable(mark) ? mark : { ...mark, in_report: false };
  }

  /** Keeps a mark with its numbers; a calibration changes those of the others on its image with it. */
  keep(mark: MarkContent, stack: Stack): void {
    const others = this.store.get().marks.filter((one) => one.id !== mark.id);
    this.store.put(this.withOthers([...others, mark], mark, stack));
  }

  remove(id: string): void {
    const mark = this.mark(id);
    if (!mark) return;
    const stack = this.stacks.get(mark.series_instance_uid);
    const others = this.store.get().marks.filter((one) => one.id !== id);
    const changed = stack && mark.kind === 'calibration' ? this.withOthers(others, mark, stack) : [];
    this.store.put(
      changed.filter((one) => one.id !== id),
      [id],
    );
    if (this.state.selected === id) this.select(null);
  }

  private withOthers(all: readonly MarkContent[], mark: MarkContent, stack: Stack): MarkContent[] {
    const touched = (one: MarkContent) =>
      one.id === mark.id || (mark.kind === 'calibration' && one.sop_instance_uid === mark.sop_instance_uid);
    return all.filter(touched).map((one) => this.measured(one, stack, all));
  }
}

const rooms = new Map<string, MarkRoom>();

/** The room of a study; the same for all who ask while the page stands. */
export function roomOf(study: string): MarkRoom {
  let room = rooms.get(study);
  if (!room) {
    room = new MarkRoom(study);
    rooms.set(study, room);
  }
  return room;
}

/** The page of a study (and its priors) is left. */
export function leaveRooms(): void {
  for (const room of rooms.values()) room.leave();
}

/** Sends what is not at the node yet, from all rooms; true: there is something. */
export function flushRooms(leaving: boolean): boolean {
  const busy = [...rooms.values()].filter((room) => room.store.get().pending > 0);
  for (const room of busy) void room.store.flush(leaving);
  return busy.length > 0;
}
