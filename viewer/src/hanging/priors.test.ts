import { expect, it } from 'vitest';
import type { Series, StudyDetail } from '../api/types';
import type { Prior } from './node';
import { comparable, earlier, later } from './priors';

const aSeries = (modality: string, part: string) => ({ modality, body_part: part }) as Series;
const aStudy = (...series: Series[]) => ({ study_instance_uid: 'now', series }) as unknown as StudyDetail;
const aPrior = (uid: string, date: string, modalities: string[], part: string): Prior => ({
  study_instance_uid: uid,
  study_date: date,
  modalities,
  body_part: part,
  description: '',
  instances: 1,
  report_sop_instance_uid: null,
});

it('priors of a like modality and the same part of the body can be compared, the newest first', () => {
  const found = comparable(aStudy(aSeries('DX', 'CHEST')), [
    aPrior('old', '20240101', ['CR'], 'CHEST'),
    aPrior('new', '20260101', ['DX'], ''),
    aPrior('ct', '20260201', ['CT'], 'CHEST'),
    aPrior('hand', '20260301', ['DX'], 'HAND'),
    aPrior('now', '20260401', ['DX'], 'CHEST'),
  ]);
  expect(found.map((one) => one.study_instance_uid)).toEqual(['new', 'old']);
});

it('a later study is no prior; one without a date may be', () => {
  const now = { ...aStudy(), study_date: '20250601' } as StudyDetail;
  const others = [
    aPrior('later', '20261121', ['DX'], ''),
    aPrior('before', '20240101', ['DX'], ''),
    aPrior('same-day', '20250601', ['DX'], ''),
    aPrior('undated', '', ['DX'], ''),
  ];
  expect(earlier(now, others).map((one) => one.study_instance_uid)).toEqual(['same-day', 'before', 'undated']);
  expect(later(now, others).map((one) => one.study_instance_uid)).toEqual(['later']);
});
