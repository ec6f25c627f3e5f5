import { describe, expect, it } from 'vitest';
import type { Link } from '../api/types';
import { comparisonText } from './ComparePane';
import { differences } from './differences';
import { apply, changeBetween, linkAt, pieces, shifted } from './links';
import { commandAt, exactly, type Offer, offersFor } from './macros';
import { fill, filled, fitting, folded, withField } from './templates';
import { aField, aTemplate } from './testing';
import { numberOf, numberText, valueText } from './words';
import { EMPTY_REPORT, isEmpty, same, type Written, withQuestions } from './written';

const link = (start: number, end: number, more: Partial<Link> = {}): Link => ({
  section: 'findings',
  start,
  end,
  kind: 'mark',
  id: 'm',
  ...more,
});
const text = (more: Partial<Written> = {}): Written => ({ ...EMPTY_REPORT, ...more });

describe('links', () => {
  it('find the smallest change, by the caret where letters repeat', () => {
    expect(changeBetween('gan to', 'gan hơi to')).toEqual({ from: 4, to: 4, text: 'hơi ' });
    expect(changeBetween('aa', 'aaa', 1)).toEqual({ from: 0, to: 0, text: 'a' });
    expect(changeBetween('aa', 'aaa', 3)).toEqual({ from: 2, to: 2, text: 'a' });
    expect(changeBetween('abc', '')).toEqual({ from: 0, to: 3, text: '' });
    for (const [before, after] of [
      ['một hai', 'một ba hai'],
      ['xx', 'x'],
      ['', 'a'],
      ['tốt', 'tôt'],
    ] as const)
      expect(apply(before, changeBetween(before, after))).toBe(after);
  });

  it('move with the text around them and end when their own is changed', () => {
    const at = [link(5, 12)];
    expect(shifted(at, 'findings', { from: 0, to: 0, text: 'ab' })).toEqual([link(7, 14)]);
    expect(shifted(at, 'findings', { from: 12, to: 12, text: '.' })).toEqual(at);
    expect(shifted(at, 'findings', { from: 5, to: 5, text: 'x' })).toEqual([link(6, 13)]);
    expect(shifted(at, 'findings', { from: 7, to: 8, text: '' })).toEqual([]);
    expect(shifted(at, 'conclusion', { from: 7, to: 8, text: '' })).toEqual(at);
  });

  it('are found at the caret and drawn in pieces', () => {
    expect(linkAt([link(5, 12)], 'findings', 5)).toBeUndefined();
    expect(linkAt([link(5, 12)], 'findings', 12)).toEqual(link(5, 12));
    const drawn = pieces(
      'Khối 12,3 mm ở BN',
      [link(5, 12)],
      [
        { start: 15, end: 17 },
        { start: 6, end: 8 },
      ],
    );
    expect(drawn.map((piece) => piece.text)).toEqual(['Khối ', '12,3 mm', ' ở ', 'BN']);
    expect(drawn[3]?.mark).toBe(0);
  });
});

describe('macros', () => {
  const offers: Offer[] = [
    { shortcut: '/bt', name: 'Bình thường', take: { kind: 'text', text: 'x' } },
    { shortcut: '/ctsn', name: 'CT sọ não', take: { kind: 'template', code: 'CT-HEAD' } },
  ];

  it('begin with a slash at the beginning of a word', () => {
    expect(commandAt('Gan /xqn', 8)).toEqual({ from: 4, typed: 'xqn' });
    expect(commandAt('/', 1)).toEqual({ from: 0, typed: '' });
    expect(commandAt('12/5', 4)).toBeNull();
    expect(commandAt('Gan /xqn ', 9)).toBeNull();
  });

  it('are found without accents, by shortcut first', () => {
    expect(offersFor(offers, 'so').map((one) => one.shortcut)).toEqual(['/ctsn']);
    expect(offersFor(offers, 'BÌ').map((one) => one.shortcut)).toEqual(['/bt']);
    expect(offersFor(offers, '').length).toBe(2);
    expect(exactly(offers, 'BT')?.shortcut).toBe('/bt');
    expect(exactly(offers, '')).toBeUndefined();
  });
});

describe('templates', () => {
  const study = { modalities: ['CT'], body_part: '', description: 'CT sọ não không tiêm', series: [] };
  const chest = aTemplate({ code: 'CT-CHEST', body_part: ['CHEST'] });

  it('fit by modality and body part, else by what the description says', () => {
    expect(fitting([chest, aTemplate()], study)?.code).toBe('CT-HEAD');
    expect(fitting([chest, aTemplate()], { ...study, description: '', body_part: 'CHEST' })?.code).toBe('CT-CHEST');
    expect(fitting([chest, aTemplate()], { ...study, description: '' })).toBeUndefined();
    expect(fitting([chest], { ...study, modalities: ['MR'] })).toBeUndefined();
    expect(folded('Đầu GỐI')).toBe('dau goi');
  });

  it('fill empty sections only, with the fields as links', () => {
    const patch = fill(text({ findings: 'đã viết' }), aTemplate(), 'vi');
    expect(patch.technique).toBe('Lát cắt 5 mm.');
    expect(patch.findings).toBeUndefined();
    expect(patch.links).toEqual([{ section: 'technique', start: 8, end: 9, kind: 'field', id: 'thickness' }]);
    expect(patch.fields).toEqual({ thickness: 5, bleeding: 'no' });
  });

  it('name what is still to be filled in', () => {
    const template = aTemplate({ fields: [aField('region', { label: { vi: 'Vùng', en: 'Region' } })] });
    expect(filled(template, 'Chụp {region}.', {}, 'vi', 'technique').text).toBe('Chụp {vùng}.');
  });

  it('let the text follow a field, wherever it stands', () => {
    const template = aTemplate();
    const begun = { ...text(), ...fill(text(), template, 'vi') };
    const after = { ...begun, ...withField(begun, template, template.fields[0]!, 1.25) };
    expect(after.technique).toBe('Lát cắt 1,25 mm.');
    expect(after.links[0]).toMatchObject({ start: 8, end: 12 });
    expect({ ...after, ...withField(after, template, template.fields[0]!, null) }.technique).toBe(
      'Lát cắt {độ dày lát cắt} mm.',
    );
  });

  it('give a value without a place a sentence, which goes again with it', () => {
    const template = aTemplate();
    const field = template.fields[2]!;
    const begun = text({ findings: 'Não thất không giãn.', template: 'CT-HEAD' });
    const after = { ...begun, ...withField(begun, template, field, 'subdural') };
    expect(after.findings).toBe('Não thất không giãn.\nChảy máu: dưới màng cứng.');
    const again = { ...after, ...withField(after, template, field, 'no') };
    expect(again.findings).toBe('Não thất không giãn.');
    expect(again.links).toEqual([]);
  });
});

describe('words', () => {
  it('write numbers as the language does', () => {
    expect(numberText(12.345, 'vi')).toBe('12,35');
    expect(numberText(12, 'vi')).toBe('12');
    expect(numberText(12.5, 'en')).toBe('12.5');
    expect([numberOf('1,5'), numberOf('-2.5'), numberOf('1.2.3'), numberOf('')]).toEqual([1.5, -2.5, null, null]);
  });

  it('write the values of fields', () => {
    const field = aField('x', { type: 'laterality' });
    expect(valueText(field, 'left', 'vi')).toBe('trái');
    expect(valueText(aTemplate().fields[2]!, ['no', 'subdural'], 'en')).toBe('none, subdural');
    expect(valueText(aField('b', { type: 'bool' }), true, 'vi')).toBe('có');
    expect(valueText(field, null, 'vi')).toBe('');
  });
});

describe('differences', () => {
  it('are told word by word', () => {
    expect(differences('Gan không to.', 'Gan hơi to.')).toEqual([
      { kind: 'same', text: 'Gan ' },
      { kind: 'removed', text: 'không' },
      { kind: 'added', text: 'hơi' },
      { kind: 'same', text: ' to.' },
    ]);
    expect(differences('', 'mới')).toEqual([{ kind: 'added', text: 'mới' }]);
    expect(differences('như cũ', 'như cũ')).toEqual([{ kind: 'same', text: 'như cũ' }]);
  });
});

describe('a written report', () => {
  it('is the same in any order of fields and any form of letters', () => {
    expect(same(text({ fields: { a: 1, b: 2 } }), text({ fields: { b: 2, a: 1 } }))).toBe(true);
    expect(same(text({ findings: 'Nguye\u0302\u0303n' }), text({ findings: 'Nguyễn' }))).toBe(true);
    expect(same(text({ findings: 'a' }), text())).toBe(false);
    expect(isEmpty(text({ language: 'en' }))).toBe(true);
  });

  it('has a place for every question', () => {
    const asked = withQuestions(text({ answers: [{ question: 'một', answer: 'có' }] }), ['một', 'hai']);
    expect(asked.answers).toEqual([
      { question: 'một', answer: 'có' },
      { question: 'hai', answer: '' },
    ]);
  });

  it('is compared by its conclusion', () => {
    expect(comparisonText('So với phim ngày 01/02/2026:', { conclusion: 'Bình thường. ', findings: 'x' })).toBe(
      'So với phim ngày 01/02/2026: Bình thường.',
    );
  });
});
