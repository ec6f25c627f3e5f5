/** The numbers of a mark. Pure: spacing and pixels are given to it. */
import { angleAt, angleBetween, distance, ellipseArea, polygonArea } from './geometry';
import type { Basis, Kind, Point, Value, ValueName } from './mark';
import { type Spacing, scaleOf } from './spacing';
import { type Statistics, statistics } from './statistics';

/** The pixels of a frame in the unit in which they are read. */
export interface PixelValues {
  readonly columns: number;
  readonly rows: number;
  /** UCUM: [hnsf'U], g/ml{SUVbw}, Bq/ml; 1 for stored values. */
  readonly unit: string;
  readonly value: (column: number, row: number) => number;
}

const STATISTICS = ['mean', 'stddev', 'min', 'max'] as const;
const MEASURED_PIXELS: readonly ValueName[] = [...STATISTICS, 'value'];

function lengths(points: readonly Point[], spacing: Spacing, names: readonly ValueName[]): Value[] {
  if (spacing.unit === 'mixed') {
    const [a, b] = points;
    return [
      {
        name: 'horizontal',
        number: Math.abs((b![0] - a![0]) * spacing.horizontal.delta),
        unit: spacing.horizontal.unit,
      },
      { name: 'vertical', number: Math.abs((b![1] - a![1]) * spacing.vertical.delta), unit: spacing.vertical.unit },
    ];
  }
  return names.map((name, index) => ({
    name,
    number: distance(points[2 * index]!, points[2 * index + 1]!, spacing),
    unit: spacing.unit,
  }));
}

function area(kind: Kind, points: readonly Point[], spacing: Spacing): Value[] {
  const pixels = kind === 'ellipse' ? ellipseArea(points) : polygonArea(points);
  if (spacing.unit === 'mixed') return [];
  const unit = spacing.unit === 'mm' ? 'mm2' : spacing.unit;
  return [{ name: 'area', number: pixels * spacing.x * spacing.y, unit }];
}

const listed = (found: Statistics, unit: string): Value[] =>
  STATISTICS.map((name) => ({ name, number: found[name], unit }));

function pointValues([p]: readonly Point[], spacing: Spacing, pixels: PixelValues | null): Value[] {
  const place = p!;
  if (spacing.unit === 'mixed') {
    // in a curve or a spectrum the place is the value
    const { vertical } = spacing;
    if (vertical.origin === null) return [];
    return [{ name: 'value', number: vertical.origin + place[1] * vertical.delta, unit: vertical.unit }];
  }
  if (!pixels) return [];
  const column = Math.min(pixels.columns - 1, Math.floor(place[0]));
  const row = Math.min(pixels.rows - 1, Math.floor(place[1]));
  return [{ name: 'value', number: pixels.value(column, row), unit: pixels.unit }];
}

function cardiothoracic(points: readonly Point[], spacing: Spacing): Value[] {
  const [heart, chest] = lengths(points, spacing.unit === 'mixed' ? PLAIN : spacing, ['heart-width', 'chest-width']);
  const ratio: Value[] = chest!.number > 0 ? [{ name: 'ratio', number: heart!.number / chest!.number, unit: '1' }] : [];
  return [...ratio, heart!, chest!];
}

const PLAIN = { unit: '{pixels}', basis: 'none', x: 1, y: 1 } as const;

function measured(kind: Kind, points: readonly Point[], spacing: Spacing, pixels: PixelValues | null): Value[] {
  switch (kind) {
    case 'length':
      return lengths(points, spacing, ['length']);
    case 'bidirectional':
      return lengths(points, spacing, ['long-axis', 'short-axis']);
    case 'angle':
      return [{ name: 'angle', number: angleAt(points[0]!, points[1]!, points[2]!, scaleOf(spacing)), unit: 'deg' }];
    case 'cobb':
      return [{ name: 'angle', number: angleBetween(points, scaleOf(spacing)), unit: 'deg' }];
    case 'ellipse':
    case 'rectangle': {
      const found = pixels && statistics(kind, points, pixels, pixels.value);
      return [...area(kind, points, spacing), ...(found && pixels ? listed(found, pixels.unit) : [])];
    }
    case 'probe':
      return pointValues(points, spacing, pixels);
    case 'cardiothoracic':
      return cardiothoracic(points, spacing);
    case 'arrow':
    case 'calibration':
      return [];
  }
}

const WITHOUT_SPACING: readonly Kind[] = ['arrow', 'probe'];

/** Whether the numbers of a kind depend on the size of a pixel. */
export const needsSpacing = (kind: Kind) => !WITHOUT_SPACING.includes(kind);

/**
 * The numbers of a mark and what they rest on. Without `pixels` those of its pixels stay as they are in `before`; a calibration keeps the
 * length that the reader gave it.
 */
export function valuesOf(
  mark: { kind: Kind; points: readonly Point[]; values: readonly Value[] },
  spacing: Spacing,
  pixels: PixelValues | null,
): { values: readonly Value[]; basis: Basis } {
  if (mark.kind === 'calibration') return { values: mark.values, basis: 'calibrated' };
  const kept = pixels ? [] : mark.values.filter((value) => MEASURED_PIXELS.includes(value.name));
  const found = measured(mark.kind, mark.points, spacing, pixels).filter((value) => Number.isFinite(value.number));
  const names = new Set(found.map((value) => value.name));
  const basis = needsSpacing(mark.kind) || spacing.unit === 'mixed' ? spacing.basis : 'none';
  return { values: [...found, ...kept.filter((value) => !names.has(value.name))], basis };
}
