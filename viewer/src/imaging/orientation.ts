/** Letters of the patient's directions at the edges of an image (PS3.3 C.7.6.1.1.1). */

export type Direction = readonly [number, number, number];

export interface EdgeLetters {
  left: string;
  right: string;
  top: string;
  bottom: string;
}

const AXES = [
  ['L', 'R'],
  ['P', 'A'],
  ['H', 'F'],
] as const;
const OPPOSITE: Record<string, string> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' };
const OBLIQUE = 0.2;

/** The letters of a direction in the patient (LPS), the strongest first: `A`, `AL`, `HPR`. */
export function letters(direction: Direction): string {
  const length = Math.hypot(...direction);
  if (length === 0) return '';
  return direction
    .map((value, axis) => ({ part: Math.abs(value) / length, letter: AXES[axis]![value > 0 ? 0 : 1] }))
    .filter(({ part }) => part > OBLIQUE)
    .sort((a, b) => b.part - a.part)
    .map(({ letter }) => letter)
    .join('');
}

export const opposite = (text: string) => [...text].map((letter) => OPPOSITE[letter] ?? '').join('');

/** From the directions in which the screen's x (right) and y (down) point in the patient. */
export function edgesOf(right: Direction, down: Direction): EdgeLetters {
  const r = letters(right);
  const d = letters(down);
  return { left: opposite(r), right: r, top: opposite(d), bottom: d };
}

/** From Patient Orientation (0020,0020) of a projection image, turned as the image is shown. */
export function edgesOfProjection(
  row: string,
  column: string,
  shown: { rotation: number; flipHorizontal: boolean; flipVertical: boolean },
): EdgeLetters {
  // clockwise from the right edge; a quarter turn clockwise moves each letter one place on
  let ring = [row, column, opposite(row), opposite(column)];
  if (shown.flipHorizontal) ring = [ring[2]!, ring[1]!, ring[0]!, ring[3]!];
  if (shown.flipVertical) ring = [ring[0]!, ring[3]!, ring[2]!, ring[1]!];
  const turns = (((Math.round(shown.rotation / 90) % 4) + 4) % 4) as 0 | 1 | 2 | 3;
  const at = (place: number) => ring[(place - turns + 4) % 4]!;
  return { right: at(0), bottom: at(1), left: at(2), top: at(3) };
}
