/**
 * Standardised uptake values by body weight, in g/ml (PS3.3 C.8.9.1; QIBA FDG-PET profile, appendix G). Pure.
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

/** What a value of the image (after the rescale) is to be multiplied by to be SUVbw; null: that cannot be known. */
export function suvFactor(ds: Dataset): number | null {
  if (text(ds, 'Modality') !== 'PT') return null;
  const units = word(ds, 'units');
  if (units === 'GML') return ['', 'BW'].includes(word(ds, 'suvType')) ? 1 : null;
  const corrections = (ds[TAGS.corrected]?.Value ?? []).map(String);
  if (units !== 'BQML' || !corrections.includes('ATTN') || !corrections.includes('DECY')) return null;
  const tracer = ds[TAGS.tracer]?.Value?.[0] as Dataset | undefined;
  const weight = positive(ds, 'weight');
  const dose = tracer && positive(tracer, 'dose');
  if (!tracer || !weight || !dose) return null;
  const decay = word(ds, 'decay');
  if (decay === 'ADMIN') return (weight * 1000) / dose;
  const halfLife = positive(tracer, 'halfLife');
  const time = waited(ds, tracer);
  if (decay !== 'START' || !halfLife || time === null) return null;
  return (weight * 1000) / (dose * 2 ** (-time / halfLife));
}
