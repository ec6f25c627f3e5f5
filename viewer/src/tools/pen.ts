/**
 * The reader's hand on one viewport: draws, takes hold of marks, moves them; by pointer and by keys alike.
 *
 * Knows nothing of React and the toolkit. Places are given in CSS pixels of the viewport's element.
 */
import i18n from '../i18n';
import { completed, distance, distanceToLine, onImage, outline, settled, shifted, withPoint } from './geometry';
import { isPen, type Kind, type Mark, type MarkContent, type Point, STROKE } from './mark';
import { type Projection, toImage, toScreen } from './projection';
import type { MarkRoom, Place } from './room';
import { scaleOf } from './spacing';
import { spokenName } from './words';

/** How near one must come, in CSS pixels. */
const HANDLE_REACH = 9;
const LINE_REACH = 6;
/** A pointer that moves less has clicked. */
const CLICK = 4;
/** Steps of the arrow keys, and the fine ones. */
const STEP = 10;
const NUDGE = 4;

export interface Surroundings {
  readonly room: MarkRoom;
  readonly projection: Projection | null;
  readonly place: Place | null;
  readonly tool: string;
  /** The whole picture is on the screen: measuring may begin. */
  readonly full: boolean;
  /** Width and height of the element. */
  readonly size: Point;
}

export interface PenState {
  /** What is being drawn, with the point in hand as its last. */
  readonly drawn: MarkContent | null;
  /** What is being moved, as it would be kept. */
  readonly moved: MarkContent | null;
  /** The place of the keyboard's crosshair, on the image. */
  readonly crosshair: Point | null;
  /** How many points of the stroke are set. */
  readonly set: number;
}

const AT_REST: PenState = { drawn: null, moved: null, crosshair: null, set: 0 };

interface Press {
  readonly at: Point;
  /** The press itself set a point. */
  readonly set: boolean;
}

interface Grip {
  readonly mark: Mark;
  readonly point: number | null;
  readonly from: Point;
}

const ARROWS: Record<string, Point> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export class Pen {
  state: PenState = AT_REST;
  private readonly around: () => Surroundings;
  private readonly changed: () => void;
  private stroke: { kind: Kind; id: string; points: readonly Point[]; cursor: Point; place: Place } | null = null;
  private crosshair: Point | null = null;
  private press: Press | null = null;
  private grip: Grip | null = null;
  private moved: MarkContent | null = null;

  constructor(around: () => Surroundings, changed: () => void) {
    this.around = around;
    this.changed = changed;
  }

  get busy(): boolean {
    return this.stroke !== null || this.crosshair !== null || this.grip !== null;
  }

  private tell(): void {
    const { stroke } = this;
    const points = stroke ? [...stroke.points, stroke.cursor].slice(0, STROKE[stroke.kind]) : [];
    this.state = {
      drawn: stroke && points.length ? this.shape(stroke.kind, points, stroke.place, stroke.id) : null,
      moved: this.moved,
      crosshair: this.crosshair,
      set: stroke?.points.length ?? 0,
    };
    this.changed();
  }

  /** A mark of the points set so far; with numbers once there are enough of them. */
  private shape(kind: Kind, points: readonly Point[], place: Place, id: string): MarkContent {
    const { room, projection } = this.around();
    const whole = points.length === STROKE[kind];
    const size = projection ?? { columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY };
    const all = whole ? completed(kind, points, scaleOf(room.spacing(place, points)), size) : points;
    const mark = { ...room.blank(kind, place, settled(kind, all)), id };
    return whole ? room.preview(mark, place.stack) : mark;
  }

  /** Gives up what is being drawn or moved. */
  stop(): void {
    if (!this.busy && !this.press) return;
    this.stroke = null;
    this.crosshair = null;
    this.press = null;
    this.grip = null;
    this.moved = null;
    this.tell();
  }

  /* --- pointer --------------------------------------------------------------------------------------------------- */

  /** What is at a place: a mark, and which point of it. */
  hit(at: Point): { mark: Mark; point: number | null } | null {
    const { room, projection, place } = this.around();
    if (!projection || !place) return null;
    const marks = [...room.on(place)]
      .reverse()
      .sort((a, b) => Number(b.id === room.get().selected) - Number(a.id === room.get().selected));
    for (const mark of marks) {
      const point = mark.points.findIndex((one) => distance(toScreen(projection, one), at) <= HANDLE_REACH);
      if (point >= 0) return { mark, point };
    }
    const mark = marks.find(({ kind, points }) =>
      outline(kind, points).some(
        (line) =>
          distanceToLine(
            line.map((one) => toScreen(projection, one)),
            at,
          ) <= LINE_REACH,
      ),
    );
    return mark ? { mark, point: null } : null;
  }

  private imagePoint(at: Point): Point | null {
    const { projection } = this.around();
    return projection && onImage(toImage(projection, at), projection.columns, projection.rows);
  }

  private isOutside(at: Point): boolean {
    const { projection } = this.around();
    if (!projection) return true;
    const [x, y] = toImage(projection, at);
    return x < 0 || y < 0 || x > projection.columns || y > projection.rows;
  }

  /** The main button goes down. True: the hand took it; false: it belongs to the picture. */
  down(at: Point): boolean {
    const { room, place, tool } = this.around();
    const point = this.imagePoint(at);
    if (!point || !place) return isPen(tool);
    if (this.stroke) {
      this.goOn(at, point);
      return true;
    }
    const hit = this.hit(at);
    if (hit) {
      this.take(hit.mark, hit.point, point);
      return true;
    }
    if (!isPen(tool)) {
      room.select(null);
      return false;
    }
    if (this.mayMeasure() && !this.isOutside(at)) this.begin(tool, at, point, place);
    return true;
  }

  private mayMeasure(): boolean {
    const { room, full, place } = this.around();
    if (place && full) return true;
    room.say(i18n.t(place ? 'marks.preview' : 'marks.no-image'));
    return false;
  }

  private begin(kind: Kind, at: Point, point: Point, place: Place): void {
    const single = STROKE[kind] === 1;
    this.crosshair = null;
    this.around().room.select(null);
    this.stroke = { kind, id: crypto.randomUUID(), points: single ? [] : [point], cursor: point, place };
    this.press = { at, set: !single };
    this.tell();
  }

  private goOn(at: Point, point: Point): void {
    const stroke = this.stroke!;
    const last = stroke.points.length + 1 >= STROKE[stroke.kind];
    this.stroke = { ...stroke, points: last ? stroke.points : [...stroke.points, point], cursor: point };
    this.press = { at, set: !last };
    this.tell();
  }

  private take(mark: Mark, point: number | null, from: Point): void {
    const { room, full } = this.around();
    room.select(mark.id);
    if (!room.mayChange(mark)) return;
    if (!full) room.say(i18n.t('marks.preview'));
    else this.grip = { mark, point, from };
  }

  move(at: Point): void {
    const point = this.imagePoint(at);
    if (!point) return;
    if (this.grip) {
      const { mark, point: index, from } = this.grip;
      this.moved = this.changedMark(mark, index, point, [point[0] - from[0], point[1] - from[1]]) ?? this.moved;
      this.tell();
    } else if (this.stroke) {
      this.stroke = { ...this.stroke, cursor: point };
      this.tell();
    }
  }

  /** The mark with one point put elsewhere, or wholly moved; null when that would leave the image. */
  private changedMark(mark: Mark, index: number | null, to: Point, by: Point): MarkContent | null {
    const { room, projection, place } = this.around();
    if (!projection || !place) return null;
    const { columns, rows } = projection;
    const scale = scaleOf(room.spacing(place, mark.points));
    const points =
      index === null
        ? shifted(mark.points, by, columns, rows)
        : withPoint(mark.kind, mark.points, index, onImage(to, columns, rows), scale);
    if (!points.every(([x, y]) => x >= 0 && y >= 0 && x <= columns && y <= rows)) return null;
    return room.preview({ ...mark, points }, place.stack);
  }

  up(at: Point): void {
    const { press, stroke } = this;
    this.press = null;
    if (this.grip) {
      this.drop();
      return;
    }
    if (!stroke || !press) return;
    const dragged = distance(press.at, at) > CLICK;
    const last = stroke.points.length + 1 >= STROKE[stroke.kind];
    if (last && (dragged || !press.set)) this.finish([...stroke.points, stroke.cursor].slice(0, STROKE[stroke.kind]));
    else if (dragged) {
      this.stroke = { ...stroke, points: [...stroke.points, stroke.cursor] };
      this.tell();
    }
  }

  private drop(): void {
    const { room, place } = this.around();
    const { moved } = this;
    this.grip = null;
    this.moved = null;
    if (moved && place) room.keep({ ...moved, points: settled(moved.kind, moved.points) }, place.stack);
    this.tell();
  }

  private finish(points: readonly Point[]): void {
    const { room, projection } = this.around();
    const stroke = this.stroke!;
    this.stroke = null;
    this.crosshair = null;
    const [a, b] = points;
    const empty = b && projection && distance(toScreen(projection, a!), toScreen(projection, b)) < 1;
    if (!empty) {
      const mark = this.shape(stroke.kind, points, stroke.place, stroke.id);
      if (mark.kind === 'arrow' || mark.kind === 'calibration') room.ask({ mark, stack: stroke.place.stack });
      else {
        room.keep(mark, stroke.place.stack);
        room.select(mark.id);
        room.say(i18n.t('marks.said.made', { what: spokenName(mark) }), true);
      }
    }
    this.tell();
  }

  /* --- keys ------------------------------------------------------------------------------------------------------ */

  /** True: the key was for the hand. `onMark`: a mark has the focus. */
  key(pressed: { key: string; shiftKey: boolean }, onMark: boolean): boolean {
    const { tool } = this.around();
    const direction = ARROWS[pressed.key];
    if (this.crosshair || this.stroke) {
      if (direction) this.steer(direction, pressed.shiftKey ? 1 : STEP);
      else if (pressed.key === 'Enter' || pressed.key === ' ') this.setPoint();
      else if (pressed.key === 'Escape') this.stop();
      else return false;
      return true;
    }
    if (onMark) return this.keyOnMark(pressed, direction);
    if (pressed.key === 'Escape' && this.around().room.get().selected) {
      this.around().room.select(null);
      return true;
    }
    if (pressed.key !== 'Enter' || !isPen(tool)) return false;
    this.raise();
    return true;
  }

  /** Shows the crosshair in the middle of what is seen of the image. */
  private raise(): void {
    const { size, room } = this.around();
    if (!this.mayMeasure()) return;
    this.crosshair = this.imagePoint([size[0] / 2, size[1] / 2]);
    room.select(null);
    this.tell();
  }

  private steer([dx, dy]: Point, step: number): void {
    const { projection } = this.around();
    const from = this.stroke?.cursor ?? this.crosshair;
    if (!projection || !from) return;
    const [x, y] = toScreen(projection, from);
    const to = this.imagePoint([x + dx * step, y + dy * step])!;
    this.crosshair = to;
    if (this.stroke) this.stroke = { ...this.stroke, cursor: to };
    this.tell();
  }

  private setPoint(): void {
    const { tool, place } = this.around();
    const at = this.stroke?.cursor ?? this.crosshair;
    if (!at || !place) return;
    if (!this.stroke) {
      if (!isPen(tool)) {
        this.stop();
        return;
      }
      this.stroke = { kind: tool, id: crypto.randomUUID(), points: [], cursor: at, place };
    }
    const points = [...this.stroke.points, at];
    if (points.length >= STROKE[this.stroke.kind]) {
      this.finish(points);
      return;
    }
    this.stroke = { ...this.stroke, points };
    this.crosshair = at;
    this.tell();
  }

  private keyOnMark(pressed: { key: string; shiftKey: boolean }, direction: Point | undefined): boolean {
    const { room } = this.around();
    const mark = room.selected;
    if (!mark) return false;
    const { point } = room.get();
    if (direction) this.nudge(mark, point, direction, pressed.shiftKey ? 1 : NUDGE);
    else if (pressed.key === 'Enter') {
      const next = point === null ? 0 : point + 1;
      room.select(mark.id, next < mark.points.length ? next : null);
    } else if (pressed.key === 'Escape') room.select(null);
    else return false;
    return true;
  }

  private nudge(mark: Mark, index: number | null, [dx, dy]: Point, step: number): void {
    const { room, projection, place } = this.around();
    if (!projection || !place || !room.mayChange(mark) || !this.mayMeasure()) return;
    const from = mark.points[index ?? 0]!;
    const [x, y] = toScreen(projection, from);
    const to = toImage(projection, [x + dx * step, y + dy * step]);
    const changed = this.changedMark(mark, index, to, [to[0] - from[0], to[1] - from[1]]);
    if (changed) {
      room.keep(changed, place.stack);
      room.say(spokenName(changed), true);
    }
  }
}
