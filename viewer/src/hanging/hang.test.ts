import { describe, expect, it } from 'vitest';
import builtIn from './defaults.json';
import { candidates, hang, type Occasion, protocolFor } from './hang';
import type { Item } from './items';
import { merged, readProtocols } from './rules';

const protocols = readProtocols(builtIn);
let number = 0;
const anItem = (more: Partial<Item>): Item => {
  number += 1;
  return {
    study: '1',
    series: `s${number}`,
    prior: 0,
    modality: 'CT',
    words: '',
    bodyPart: '',
    plane: 'axial',
    laterality: '',
    view: '',
    frames: 100,
    rowTo: '',
    ...more,
  };
};
const occasion = (items: Item[], more: Partial<Occasion> = {}): Occasion => ({
  description: '',
  items,
  priors: 0,
  ...more,
});
const shown = (items: Item[], more: Partial<Occasion> = {}) => {
  const { layout, places, protocol } = hang(protocols, occasion(items, more));
  return {
    id: protocol?.id,
    layout: `${layout.rows}x${layout.columns}`,
    series: places.map((place) => (place?.kind === 'series' ? place.series : null)),
    looks: places.map((place) => (place?.kind === 'series' ? place.look : null)),
  };
};

describe('the built-in protocols', () => {
  it('are all understood and are found by their own kind', () => {
    expect(protocols).toHaveLength(builtIn.protocols.length);
    expect(new Set(protocols.map((one) => one.id)).size).toBe(protocols.length);
    for (const { cells, layout } of protocols) expect(cells).toHaveLength(layout.rows * layout.columns);
  });

  it('hang a head CT with brain and bone windows, the scout nowhere', () => {
    const scout = anItem({ words: 'topogram', plane: 'sagittal', frames: 1 });
    const bone = anItem({ words: 'so nao xuong bone', bodyPart: 'HEAD' });
    const brain = anItem({ words: 'so nao 5mm brain', bodyPart: 'HEAD', frames: 40 });
    const hung = shown([scout, bone, brain]);
    expect([hung.id, hung.layout, hung.series]).toEqual(['ct-head', '1x2', [brain.series, bone.series]]);
    expect(hung.looks.map((look) => look?.preset)).toEqual(['brain', 'bone']);
  });

  it('know a chest CT by its Vietnamese description alone and put the prior beside it', () => {
    const now = anItem({ words: 'khong tiem' });
    const before = anItem({ study: '0', prior: 1, words: 'khong tiem' });
    const hung = shown([now, before], { description: 'CT lồng ngực', priors: 1 });
    expect([hung.id, hung.series]).toEqual(['ct-chest-prior', [now.series, before.series]]);
  });

  it('hold a place for a prior whose images are not known yet', () => {
    const hung = hang(protocols, occasion([anItem({ bodyPart: 'CHEST' })], { priors: 1 }));
    expect(hung.waiting).toEqual([{ cell: 1, prior: 1 }]);
    expect(hung.layout).toEqual({ rows: 1, columns: 2 });
  });

  it('take one cell where one series is all there is', () => {
    expect(shown([anItem({ bodyPart: 'CHEST' })])).toMatchObject({ id: 'ct-chest', layout: '1x1' });
  });

  it('hang four mammograms back to back, turned where the tags say so', () => {
    const view = (laterality: string, name: string, rowTo: string) =>
      anItem({ modality: 'MG', plane: null, laterality, view: name, rowTo, frames: 1, sop: `${laterality}${name}` });
    const [lcc, rcc, lmlo, rmlo] = [
      view('L', 'CC', 'A'),
      view('R', 'CC', 'P'),
      view('L', 'MLO', 'A'),
      view('R', 'MLO', 'A'), // digitised the wrong way round
    ] as const;
    const hung = shown([lcc, rcc, lmlo, rmlo]);
    expect([hung.id, hung.series]).toEqual(['mg', [rcc, lcc, rmlo, lmlo].map((one) => one.series)]);
    expect(hung.looks.map((look) => [look?.against, look?.flip ?? false])).toEqual([
      ['right', false],
      ['left', false],
      ['right', true],
      ['left', false],
    ]);
  });

  it('leave the place of a breast empty that was not imaged', () => {
    const only = ['CC', 'MLO'].map((view) =>
      anItem({ modality: 'MG', plane: null, laterality: 'L', view, frames: 1, sop: view }),
    );
    expect(shown(only).series).toEqual([null, only[0]!.series, null, only[1]!.series]);
  });

  it('hang a chest radiograph with its lateral, or with the prior where there is one', () => {
    const pa = anItem({ modality: 'DX', plane: null, view: 'PA', bodyPart: 'CHEST', sop: 'pa', frames: 1 });
    const lateral = anItem({ modality: 'DX', plane: null, view: 'LAT', bodyPart: 'CHEST', sop: 'lat', frames: 1 });
    const before = anItem({ ...pa, series: 'old', study: '0', prior: 1 });
    expect(shown([lateral, pa]).series).toEqual([pa.series, lateral.series]);
    expect(shown([lateral, pa, before], { priors: 1 }).series).toEqual([pa.series, 'old']);
  });

  it('give ultrasound a grid no larger than its pictures need', () => {
    const pictures = (count: number) =>
      Array.from({ length: count }, (_, index) =>
        anItem({ modality: 'US', plane: null, sop: `${index}`, series: 'us', frames: 1 }),
      );
    expect([1, 2, 4, 6, 20].map((count) => shown(pictures(count)).layout)).toEqual(['1x1', '1x2', '2x2', '2x3', '2x3']);
  });

  it('hang MR brain by plane and weighting', () => {
    const make = (words: string, plane: Item['plane']) =>
      anItem({ modality: 'MR', bodyPart: 'BRAIN', words, plane, frames: 25 });
    const [t1, flair, dwi, cor] = [
      make('t1 sag', 'sagittal'),
      make('t2 flair ax', 'axial'),
      make('dwi b1000', 'axial'),
      make('t2 cor', 'coronal'),
    ];
    const hung = shown([t1!, flair!, dwi!, cor!]);
    expect(hung.series).toEqual([flair, dwi, t1, cor].map((one) => one!.series));
  });
});

describe('rules', () => {
  it('prefer what is wanted, then size, then the order of the study', () => {
    const pick = { prior: 0, words: ['lung'], avoid: ['mip'], first: 'largest' as const };
    const [a, b, c] = [anItem({ words: 'lung', frames: 10 }), anItem({ frames: 500 }), anItem({ words: 'lung mip' })];
    expect(candidates(pick, [b!, c!, a!])).toEqual([a, b]);
  });

  it('of a person stand before those of the site and the built-in ones', () => {
    const own = { ...protocols[0]!, id: 'mine' };
    const changed = { ...protocols[1]!, name: { vi: 'x', en: 'x' } };
    const list = merged([own], [changed], protocols);
    expect(list[0]!.id).toBe('mine');
    expect(list.find((one) => one.id === changed.id)!.name.vi).toBe('x');
    expect(list).toHaveLength(protocols.length + 1);
  });

  it('that cannot be understood are left out, whatever they are', () => {
    for (const broken of [null, 3, {}, { protocols: 'x' }, { protocols: [null, { id: '' }, { id: 'a', layout: {} }] }])
      expect(readProtocols(broken)).toEqual([]);
  });

  it('fall back on the largest series', () => {
    const [small, large] = [anItem({ modality: 'NM', frames: 1 }), anItem({ modality: 'NM', frames: 9 })];
    expect(protocolFor(protocols, occasion([small!, large!]))).toBeNull();
    expect(shown([small!, large!]).series).toEqual([large!.series]);
  });
});
