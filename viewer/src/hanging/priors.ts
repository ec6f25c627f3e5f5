/** Which earlier studies are worth seeing beside this one. Pure. */
import type { StudyDetail } from '../api/types';
import type { Prior } from './node';

/** Modalities that show the same in the same way. */
const ALIKE: readonly (readonly string[])[] = [
  ['CR', 'DX', 'RG'],
  ['PT', 'CT'],
  ['XA', 'RF'],
];

const alike = (a: string, b: string) => a === b || ALIKE.some((group) => group.includes(a) && group.includes(b));

function modalitiesOf(study: StudyDetail): string[] {
  return [...new Set(study.series.map((one) => one.modality))];
}

function partsOf(study: StudyDetail): string[] {
  return study.series.map((one) => one.body_part.toUpperCase()).filter(Boolean);
}

type Dated = Pick<StudyDetail, 'study_instance_uid' | 'study_date'>;
type Other = Pick<Prior, 'study_instance_uid' | 'study_date'>;

const isLater = (study: Dated, one: Other) => Boolean(study.study_date && one.study_date > study.study_date);
const newestFirst = (a: Other, b: Other) => b.study_date.localeCompare(a.study_date);

/** The studies that are no later than this one, newest first: when an old study is read, a later one is no prior of it. */
export function earlier<P extends Other>(study: Dated, others: readonly P[]): P[] {
  return others
    .filter((one) => one.study_instance_uid !== study.study_instance_uid && !isLater(study, one))
    .sort(newestFirst);
}

/** Those that were made after this one, newest first. */
export const later = <P extends Other>(study: Dated, others: readonly P[]): P[] =>
  others.filter((one) => isLater(study, one)).sort(newestFirst);

/** The priors that can be compared, newest first: alike modality; the same part of the body where both say one. */
export function comparable(study: StudyDetail, priors: readonly Prior[]): Prior[] {
  const [modalities, parts] = [modalitiesOf(study), partsOf(study)];
  return priors
    .filter((prior) => prior.study_instance_uid !== study.study_instance_uid)
    .filter((prior) => prior.modalities.some((one) => modalities.some((other) => alike(one, other))))
    .filter((prior) => !prior.body_part || parts.length === 0 || parts.includes(prior.body_part.toUpperCase()))
    .sort((a, b) => b.study_date.localeCompare(a.study_date));
}
