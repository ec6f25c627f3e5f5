import { describe, expect, it } from 'vitest';
import type { Series } from '../api/types';
import { itemsOf, plain, roughItem } from './items';

const aSeries = (modality: string, description = ''): Series => ({
  series_instance_uid: 's',
  modality,
  number: 1,
  description,
  body_part: 'Chest',
  instances: [],
});
const values = (attributes: Record<string, unknown[]>) =>
  Object.fromEntries(Object.entries(attributes).map(([tag, Value]) => [tag, { Value }]));

describe('items', () => {
  it('are one for a volume, with all its frames', () => {
    const slice = values({
      '00080060': ['CT'],
      '0008103E': ['Lồng ngực ĐỨNG'],
      '00200032': [0, 0, 0],
      '00200037': [1, 0, 0, 0, 1, 0],
    });
    const [item, more] = itemsOf('1', aSeries('CT'), [slice, slice, slice], 0);
    expect(more).toBeUndefined();
    expect(item).toMatchObject({ words: 'long nguc dung', plane: 'axial', frames: 3, bodyPart: 'CHEST' });
  });

  it('are one for each picture of a projection, with side, view and direction', () => {
    const picture = values({
      '00080018': ['1.2'],
      '00080060': ['MG'],
      '00200062': ['R'],
      '00185101': ['MLO'],
      '00200020': ['P', 'FL'],
    });
    const [item] = itemsOf('1', aSeries('MG'), [picture], 1);
    expect(item).toMatchObject({ sop: '1.2', laterality: 'R', view: 'MLO', rowTo: 'P', prior: 1, plane: null });
  });

  it('call every lateral the same', () => {
    const view = (name: string) =>
      itemsOf('1', aSeries('DX'), [values({ '00080060': ['DX'], '00185101': [name] })], 0)[0]!.view;
    expect(['LL', 'RL', 'LATERAL', 'LLD', 'PA'].map(view)).toEqual(['LAT', 'LAT', 'LAT', 'LAT', 'PA']);
  });

  it('are known roughly by the description alone', () => {
    expect(roughItem('1', aSeries('MR', 'T2 SAG'), 0, 20)).toMatchObject({ plane: 'sagittal', frames: 20 });
    expect(plain('Xương đùi')).toBe('xuong dui');
  });
});
