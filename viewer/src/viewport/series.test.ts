import { describe, expect, it } from 'vitest';
import type { Instance, Series } from '../api/types';
import { documentKind, documentName, framesIn, inReadingOrder, isDocument, openingSeries, seriesOf } from './series';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const SR = '1.2.840.10008.5.1.4.1.1.88.11';
const PDF = '1.2.840.10008.5.1.4.1.1.104.1';

const anInstance = (sop: string, more: Partial<Instance> = {}): Instance => ({
  sop_instance_uid: sop,
  sop_class_uid: CT,
  number: 1,
  frames: 1,
  rows: 512,
  columns: 512,
  ...more,
});
const aSeries = (uid: string, number: number | null, instances: Instance[]): Series => ({
  series_instance_uid: uid,
  modality: 'CT',
  number,
  description: '',
  body_part: '',
  instances,
});
const aReport = aSeries('9', 0, [anInstance('r', { sop_class_uid: SR, rows: 0, columns: 0 })]);

describe('series', () => {
  it('of documents without a description are named by what they are', () => {
    expect(['PR', 'KO', 'SR', 'DOC'].map((modality) => documentName({ modality }))).toEqual([
      'view.document-name.presentation',
      'view.document-name.key-objects',
      'view.document-name.report',
      'view.document',
    ]);
  });

  it('of reports and papers are documents', () => {
    expect(isDocument(aReport)).toBe(true);
    expect(documentKind(aReport.instances[0]!)).toBe('report');
    expect(documentKind(anInstance('p', { sop_class_uid: PDF, rows: 0 }))).toBe('pdf');
    expect(isDocument(aSeries('1', 1, [anInstance('a')]))).toBe(false);
  });

  it('come in their order, documents last, unnumbered ones after numbered ones', () => {
    const order = inReadingOrder([aReport, aSeries('b', null, [anInstance('b')]), aSeries('a', 2, [anInstance('a')])]);
    expect(order.map((one) => one.series_instance_uid)).toEqual(['a', 'b', '9']);
  });

  it('with the most pictures open first', () => {
    const scout = aSeries('scout', 1, [anInstance('s')]);
    const cine = aSeries('cine', 2, [anInstance('c', { frames: 120 })]);
    expect(openingSeries([aReport, scout, cine])?.series_instance_uid).toBe('cine');
    expect(openingSeries([aReport])).toBeUndefined();
    expect(framesIn(cine)).toBe(120);
  });

  it('are found by an instance', () => {
    expect(seriesOf([aReport], 'r')).toBe(aReport);
    expect(seriesOf([aReport], 'x')).toBeUndefined();
  });
});
