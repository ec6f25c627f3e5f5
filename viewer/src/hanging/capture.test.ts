import { expect, it } from 'vitest';
import type { Series, StudyDetail } from '../api/types';
import type { Grid } from '../viewport/grid';
import { capture } from './capture';
import { hang } from './hang';
import { roughItem } from './items';
import { readProtocols } from './rules';

const aSeries = (uid: string, description: string): Series => ({
  series_instance_uid: uid,
  modality: 'CT',
  number: 1,
  description,
  body_part: 'Knee',
  instances: [{ sop_instance_uid: uid, sop_class_uid: '1.2', number: 1, frames: 1, rows: 9, columns: 9 }],
});
const series = [aSeries('a', 'Gối xương'), aSeries('b', 'Gối mô mềm'), aSeries('c', 'Gối 3D')];
const study = { study_instance_uid: '1', description: 'CT gối', series } as unknown as StudyDetail;
const items = series.map((one) => roughItem('1', one, 0, 100));

it('what is on the screen hangs the same way next time', () => {
  const place = (uid: string) => ({ kind: 'series' as const, study: '1', series: uid, look: { preset: 'bone' } });
  const grid: Grid = { rows: 1, columns: 2, places: [place('b'), place('a')], active: 0, maximised: false };
  const made = capture(grid, study, items, 'mine');
  expect(made.when).toMatchObject({ modalities: ['CT'], bodyParts: ['KNEE'], priors: 0 });
  const [kept] = readProtocols(JSON.parse(JSON.stringify({ protocols: [made] })));
  const hung = hang([kept!], { description: '', items, priors: 0 });
  expect(hung.protocol?.id).toBe('mine');
  expect(hung.places.map((one) => one?.series)).toEqual(['b', 'a']);
});
