/**
 * Standardised uptake values by body weight, in g/ml (PS3.3 C.8.9.1; QIBA FDG-PET profile, appendix G, also for the counts of Philips scanners). Pure.
 *
 * Where an attribute is missing, or times contradict each other, there is no factor: no number is better than a wrong one.
 */
import { type Dataset, text } from './dicom';

const TAGS = {
  units: '00541001',
  suvType: '00541006',
  corrected: '00280051',
  decay: '00541102',
  weight: '00101030',
  tracer: '00540016',
  dose: '00181074',
  halfLife: '00181075',
  startTime: '00181072',
  startDateTime: '00181078',
  seriesDate: '00080021',
  seriesTime: '00080031',
  acquisitionDate: '00080022',
  acquisitionTime: '00080032',
} as const;

type Name = keyof typeof TAGS;

const first = (ds: Dataset, name: Name): unknown => ds[TAGS[name]]?.Value?.[0];
const word = (ds: Dataset, name: Name): string => String(first(ds, name) ?? '').trim();

function positive(ds: Dataset, name: Name): number | null {
  const found = Number(first(ds, name) ?? Number.NaN);
  return Number.isFinite(found) && found > 0 ? found : null;
}

/** Seconds of a DA and a TM, or of a DT; zones are left aside: both times come from one device. */
function seconds(date: string, time: string): number | null {
  const day = /^(\d{4})(\d{2})(\d{2})$/.exec(date);
  const clock = /^(\d{2})(\d{2})?(\d{2})?(\.\d+)?$/.exec(time);
  if (!day || !clock) return null;
  const [, hours, minutes = '0', rest = '0', fraction = '0'] = clock;
  const midnight = Date.UTC(Number(day[1]), Number(day[2]) - 1, Number(day[3])) / 1000;
  return midnight + Number(hours) * 3600 + Number(minutes) * 60 + Number(rest) + Number(fraction);
}

/** Seconds between giving the tracer and the beginning of the scan. */
function waited(ds: Dataset, tracer: Dataset): number | null {
  const scan = seconds(word(ds, 'seriesDate'), word(ds, 'seriesTime'));
  const acquired = seconds(word(ds, 'acquisitionDate'), word(ds, 'acquisitionTime'));
  if (scan === null || (acquired !== null && acquired < scan)) return null; // a series that was made afterwards
  const whole = /^(\d{8})(\d{6}(?:\.\d+)?)/.exec(word(tracer, 'startDateTime'));
  const given = whole ? seconds(whole[1]!, whole[2]!) : seconds(word(ds, 'seriesDate'), word(tracer, 'startTime'));
  if (given === null) return null;
  const between = scan - given;
  const overMidnight = !whole && between < 0 ? between + 86_400 : between;
  return overMidnight >= 0 && overMidnight < 86_400 ? overMidnight : null;
}

/** Why the SUV of an image cannot be told. */
export type NoSuv =
  | 'units' // neither an activity nor an SUV
  | 'kind' // an SUV by something else than body weight
  | 'vendor' // counts without the factor of the vendor's
  | 'corrections' // not corrected for attenuation and decay
  | 'weight'
  | 'dose'
  | 'half-life'
  | 'times'; // missing, or they contradict each other

/** The answer for an image: what a value (after the rescale) is to be multiplied by to be SUVbw, or why that cannot be known. */
export type Suv = { readonly factor: number } | { readonly missing: NoSuv };

const isMissing = (found: Suv): found is { readonly missing: NoSuv } => 'missing' in found;

/** SUVbw of one Bq/ml. */
function ofActivity(ds: Dataset): Suv {
  const tracer = ds[TAGS.tracer]?.Value?.[0] as Dataset | undefined;
  const weight = positive(ds, 'weight');
  const dose = tracer ? positive(tracer, 'dose') : null;
  if (weight === null) return { missing: 'weight' };
  if (!tracer || dose === null) return { missing: 'dose' };
  const decay = word(ds, 'decay');
  if (decay === 'ADMIN') return { factor: (weight * 1000) / dose };
  if (decay !== 'START') return { missing: 'corrections' };
  const halfLife = positive(tracer, 'halfLife');
  if (halfLife === null) return { missing: 'half-life' };
  const time = waited(ds, tracer);
  return time === null ? { missing: 'times' } : { factor: (weight * 1000) / (dose * 2 ** (-time / halfLife)) };
}

const PHILIPS = 'Philips PET Private Group';
const SUV_SCALE = '00';
const ACTIVITY_SCALE = '09';

/** A number in a block of (7053,xx..) that Philips has reserved (PS3.5 7.8.1), if it is above 0: 0 stands for unknown. */
function ofPhilips(ds: Dataset, element: string): number | null {
  for (let block = 0x10; block <= 0xff; block += 1) {
    const name = block.toString(16).toUpperCase();
    if (String(ds[`705300${name}`]?.Value?.[0] ?? '').trim() !== PHILIPS) continue;
    const found = Number(ds[`7053${name}${element}`]?.Value?.[0] ?? Number.NaN);
    if (Number.isFinite(found) && found > 0) return found;
  }
  return null;
}

/** Counts of a Philips scanner: its own factor to SUVbw (7053,xx00), else the one to Bq/ml (7053,xx09). */
function ofCounts(ds: Dataset): Suv {
  const direct = ofPhilips(ds, SUV_SCALE);
  if (direct !== null) return { factor: direct };
  const activity = ofPhilips(ds, ACTIVITY_SCALE);
  if (activity === null) return { missing: 'vendor' };
  const known = ofActivity(ds);
  return isMissing(known) ? known : { factor: activity * known.factor };
}

/** SUVbw of an image; null: the image is no PET image. */
export function suvOf(ds: Dataset): Suv | null {
  if (text(ds, 'Modality') !== 'PT') return null;
  const units = word(ds, 'units');
  if (units === 'GML') return ['', 'BW'].includes(word(ds, 'suvType')) ? { factor: 1 } : { missing: 'kind' };
  if (units !== 'BQML' && units !== 'CNTS') return { missing: 'units' };
  const corrections = (ds[TAGS.corrected]?.Value ?? []).map(String);
  if (!corrections.includes('ATTN') || !corrections.includes('DECY')) return { missing: 'corrections' };
  return units === 'BQML' ? ofActivity(ds) : ofCounts(ds);
}

/** The factor of `suvOf` alone; null: it is no PET image, or that cannot be known. */
export function suvFactor(ds: Dataset): number | null {
  const found = suvOf(ds);
  return found && !isMissing(found) ? found.factor : null;
}

/** Why a PET image has no SUV; null: it has, or is none. */
export function whyNoSuv(ds: Dataset): NoSuv | null {
  const found = suvOf(ds);
  return found && isMissing(found) ? found.missing : null;
}
