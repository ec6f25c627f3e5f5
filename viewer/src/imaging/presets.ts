/** Windows for reading, by modality. Keys 1 to 9 in the order given here. */

export interface Preset {
  /** Key of its name in the catalogue. */
  readonly name:
    | 'brain'
    | 'subdural'
    | 'stroke'
    | 'bone'
    | 'lung'
    | 'mediastinum'
    | 'abdomen'
    | 'liver'
    | 'angio'
    | 'suv-5'
    | 'suv-10'
    | 'default'
    | 'full';
  /** Width and centre in the image's units (HU for CT); absent: taken from the image. */
  readonly window?: { readonly width: number; readonly center: number };
  /** The window reaches from 0 to this SUVbw, high values dark. */
  readonly suv?: number;
}

const CT: readonly Preset[] = [
  { name: 'brain', window: { width: 80, center: 40 } },
  { name: 'subdural', window: { width: 200, center: 75 } },
  { name: 'stroke', window: { width: 40, center: 40 } },
  { name: 'bone', window: { width: 2500, center: 500 } },
  { name: 'lung', window: { width: 1500, center: -600 } },
  { name: 'mediastinum', window: { width: 400, center: 40 } },
  { name: 'abdomen', window: { width: 350, center: 50 } },
  { name: 'liver', window: { width: 150, center: 70 } },
  { name: 'angio', window: { width: 600, center: 200 } },
  { name: 'default' },
  { name: 'full' },
];
const OTHERS: readonly Preset[] = [{ name: 'default' }, { name: 'full' }];

const PT: readonly Preset[] = [{ name: 'suv-5', suv: 5 }, { name: 'suv-10', suv: 10 }, ...OTHERS];

/** The numbers stay the same in every body part: hands remember them. */
export const presetsFor = (modality: string): readonly Preset[] =>
  modality === 'CT' ? CT : modality === 'PT' ? PT : OTHERS;

export interface Range {
  lower: number;
  upper: number;
}

/** PS3.3 C.11.2.1.2.1: the values at which a linear window is black and white. */
export function rangeOf(width: number, center: number): Range {
  return { lower: center - 0.5 - (width - 1) / 2, upper: center - 0.5 + (width - 1) / 2 };
}

export function windowOf({ lower, upper }: Range): { width: number; center: number } {
  return { width: upper - lower + 1, center: (lower + upper + 1) / 2 };
}
