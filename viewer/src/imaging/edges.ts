import type { PlanarViewport } from '@cornerstonejs/core';
import { type Dataset, numbers, values } from './dicom';
import { type EdgeLetters, edgesOf, edgesOfProjection } from './orientation';

/** The letters at the edges of a viewport: from where its corners are in the patient, else from Patient Orientation, else none. */
export function edgesOn(viewport: PlanarViewport, ds: Dataset): EdgeLetters | null {
  if (numbers(ds, 'ImageOrientationPatient').length === 6) {
    const [origin, right, down] = [
      viewport.canvasToWorld([0, 0]),
      viewport.canvasToWorld([100, 0]),
      viewport.canvasToWorld([0, 100]),
    ];
    const from = (p: readonly number[]) => [p[0]! - origin[0], p[1]! - origin[1], p[2]! - origin[2]] as const;
    return edgesOf(from(right), from(down));
  }
  const [row, column] = values(ds, 'PatientOrientation').map(String);
  if (!row || !column) return null;
  const { flipHorizontal = false, flipVertical = false, rotation = 0 } = viewport.getViewState();
  return edgesOfProjection(row, column, { rotation, flipHorizontal, flipVertical });
}
