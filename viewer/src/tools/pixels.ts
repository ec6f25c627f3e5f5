/** The pixels of a frame that is here, in the unit in which they are read. */
import { cache, Enums } from '@cornerstonejs/core';
import { type Dataset, numeric, text } from '../imaging/dicom';
import { suvFactor } from '../imaging/suv';
import type { PixelValues } from './values';

const { FULL_RESOLUTION } = Enums.ImageQualityStatus;
const RESCALE_TYPE = '00281054';
const UNITS = '00541001';
const UCUM: Record<string, string> = { HU: "[hnsf'U]", BQML: 'Bq/ml', OD: '{od}' };

function unitOf(ds: Dataset): string {
  const rescaled = String(ds[RESCALE_TYPE]?.Value?.[0] ?? '');
  const units = String(ds[UNITS]?.Value?.[0] ?? '');
  if (UCUM[units]) return UCUM[units];
  if (UCUM[rescaled]) return UCUM[rescaled];
  // a CT image without the attribute is in HU (PS3.3 C.8.2.1.1.2); what is no rescaled slice of the body is not
  return text(ds, 'Modality') === 'CT' && !rescaled ? UCUM.HU! : '1';
}

/** Null: the frame is not here in full, or is in colour. */
export function pixelsOf(imageId: string, ds: Dataset): PixelValues | null {
  const image = cache.getImage(imageId);
  const data = image?.voxelManager?.getScalarData();
  const [columns, rows] = [numeric(ds, 'Columns') ?? 0, numeric(ds, 'Rows') ?? 0];
  if (!image || !data || image.color || image.columns !== columns || image.rows !== rows) return null;
  // a preview is held at the size of the whole image
  if ((image.imageQualityStatus ?? FULL_RESOLUTION) < FULL_RESOLUTION || data.length < columns * rows) return null;
  const scaled = image.preScale?.scaled ?? false;
  const [slope, intercept] = scaled ? [1, 0] : [image.slope ?? 1, image.intercept ?? 0];
  const suv = suvFactor(ds);
  const factor = suv ?? 1;
  return {
    columns,
    rows,
    unit: suv === null ? unitOf(ds) : 'g/ml{SUVbw}',
    value: (column, row) => ((data[row * columns + column] ?? Number.NaN) * slope + intercept) * factor,
  };
}
