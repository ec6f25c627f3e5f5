/** The shutter that an image brings itself (PS3.3 C.7.6.11). */
import type { Dataset } from '../imaging/dicom';
import type { Shutter } from './types';

const TAGS = {
  shape: '00181600',
  edges: ['00181602', '00181604', '00181606', '00181608'],
  center: '00181610',
  radius: '00181612',
  vertices: '00181620',
  value: '00181622',
} as const;

const numbers = (ds: Dataset, tag: string) => (ds[tag]?.Value ?? []).map(Number).filter(Number.isFinite);

export function shutterOf(ds: Dataset): Shutter | null {
  const shapes = (ds[TAGS.shape]?.Value ?? []).map((shape) => String(shape).toUpperCase());
  if (!shapes.length) return null;
  const edges = TAGS.edges.flatMap((tag) => numbers(ds, tag).slice(0, 1));
  const center = numbers(ds, TAGS.center);
  const [radius] = numbers(ds, TAGS.radius);
  const corners = numbers(ds, TAGS.vertices);
  const [value = 0] = numbers(ds, TAGS.value);
  const pairs = Array.from({ length: corners.length >> 1 }, (_, i) => [corners[2 * i]!, corners[2 * i + 1]!]);
  return {
    shapes,
    rectangle: shapes.includes('RECTANGULAR') && edges.length === 4 ? edges : null,
    circle: shapes.includes('CIRCULAR') && center.length === 2 && radius ? [...center, radius] : null,
    polygon: shapes.includes('POLYGONAL') && pairs.length > 2 ? pairs : null,
    bitmap: null,
    grey: Math.round((value * 255) / 65_535),
  };
}
