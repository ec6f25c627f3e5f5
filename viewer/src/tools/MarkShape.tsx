/** One mark as it is drawn over the image. */
import { outline } from './geometry';
import classes from './MarkLayer.module.css';
import type { Mark, MarkContent, Point } from './mark';
import { type Projection, toScreen } from './projection';

interface Props {
  mark: MarkContent | Mark;
  projection: Projection;
  selected: boolean;
  /** The point that keys move. */
  chosen: number | null;
}

const path = (line: readonly Point[]) =>
  line.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(2)} ${y.toFixed(2)}`).join('');

const isOthers = (mark: MarkContent | Mark) => 'mine' in mark && !mark.mine;

export function MarkShape({ mark, projection, selected, chosen }: Props) {
  const screen = (point: Point) => toScreen(projection, point);
  const lines = outline(mark.kind, mark.points).map((line) => line.map(screen));
  const points = mark.points.map(screen);
  const d = lines
    .filter((line) => line.length > 1)
    .map(path)
    .join('');
  return (
    <g
      className={classes.mark}
      data-kind={mark.kind}
      data-selected={selected || undefined}
      data-others={isOthers(mark) || undefined}
    >
      <path className={classes.shadow} d={d} />
      <path className={classes.line} d={d} />
      {mark.kind === 'cobb' && points.length === 4 && <Link points={points} />}
      {mark.kind === 'arrow' && points.length === 2 && <Head points={points} />}
      {(mark.kind === 'probe' || points.length === 1) && <Cross at={points[0]!} />}
      {ENDED.includes(mark.kind) && !selected && lines.map((line) => <Ends key={path(line)} line={line} />)}
      {selected &&
        points.map(([x, y], index) => (
          <circle
            // biome-ignore lint/suspicious/noArrayIndexKey: a point is its place in the shape
            key={index}
            className={classes.handle}
            cx={x}
            cy={y}
            r={4.5}
            data-chosen={index === chosen || undefined}
          />
        ))}
    </g>
  );
}

/** Lines whose ends are marked by short strokes across. */
const ENDED: readonly string[] = ['length', 'bidirectional', 'cardiothoracic', 'calibration'];

function Ends({ line }: { line: readonly Point[] }) {
  const [a, b] = [line[0]!, line.at(-1)!];
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const [nx, ny] = [(-(b[1] - a[1]) / length) * 5, ((b[0] - a[0]) / length) * 5];
  const d = [a, b]
    .map(([x, y]) =>
      path([
        [x - nx, y - ny],
        [x + nx, y + ny],
      ]),
    )
    .join('');
  return (
    <>
      <path className={classes.shadow} d={d} />
      <path className={classes.line} d={d} style={{ strokeDasharray: 'none' }} />
    </>
  );
}

/** The dotted line between the two lines of a Cobb angle. */
function Link({ points }: { points: readonly Point[] }) {
  const [a, b, c, d] = points;
  const from: Point = [(a![0] + b![0]) / 2, (a![1] + b![1]) / 2];
  const to: Point = [(c![0] + d![0]) / 2, (c![1] + d![1]) / 2];
  return <path className={classes.line} d={path([from, to])} style={{ strokeDasharray: '2 5' }} />;
}

function Head({ points: [tip, tail] }: { points: readonly Point[] }) {
  const length = Math.hypot(tail![0] - tip![0], tail![1] - tip![1]) || 1;
  const [ux, uy] = [(tail![0] - tip![0]) / length, (tail![1] - tip![1]) / length];
  const [x, y] = tip!;
  const side = (sign: number): Point => [x + ux * 12 - uy * 5 * sign, y + uy * 12 + ux * 5 * sign];
  return <path className={classes.head} d={`${path([tip!, side(1), side(-1)])}Z`} />;
}

function Cross({ at: [x, y] }: { at: Point }) {
  const d = `M${x - 8} ${y}H${x - 2}M${x + 2} ${y}H${x + 8}M${x} ${y - 8}V${y - 2}M${x} ${y + 2}V${y + 8}`;
  return (
    <>
      <path className={classes.shadow} d={d} />
      <path className={classes.line} d={d} />
    </>
  );
}
