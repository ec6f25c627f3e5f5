import { describe, expect, it } from 'vitest';
import { between, dicomDate, dicomTime, exactTime, moment, personName, span, ticking } from './format';

describe('times', () => {
  const now = new Date('2026-11-22T03:00:00Z');

  it('are Vietnamese, whatever the computer thinks', () => {
    expect(exactTime('vi', '2026-11-22T02:07:45Z')).toBe('09:07:45');
  });

  it('of today have no date', () => {
    expect(moment('vi', '2026-11-22T02:07:45Z', now)).toBe('09:07');
  });

  it('of the Vietnamese yesterday have one', () => {
    expect(moment('vi', '2026-11-21T16:59:00Z', now)).toBe('23:59 21/11/2026');
    expect(moment('vi', '2026-11-21T17:01:00Z', now)).toBe('00:01');
  });

  it('that are none are left out', () => {
    expect(moment('vi', '', now)).toBe('');
    expect(exactTime('en', 'soon')).toBe('');
  });

  it('are seconds apart', () => {
    expect(between('2026-11-22T02:00:00Z', '2026-11-22T02:01:30Z')).toBe(90);
  });
});

describe('durations', () => {
  it('keep the two units that matter', () => {
    expect(span(42)).toEqual({ unit: 'seconds', values: [42] });
    expect(span(95)).toEqual({ unit: 'minutes', values: [1, 35] });
    expect(span(3 * 3600 + 125)).toEqual({ unit: 'hours', values: [3, 2] });
    expect(span(50 * 3600)).toEqual({ unit: 'days', values: [2, 2] });
  });

  it('are never negative', () => {
    expect(span(-3).values).toEqual([0]);
  });

  it('tick with hours only when there are some', () => {
    expect(ticking(67)).toBe('01:07');
    expect(ticking(3753)).toBe('1:02:33');
  });
});

describe('DICOM values', () => {
  it('become dates and times for reading', () => {
    expect(dicomDate('20261122')).toBe('22/11/2026');
    expect(dicomDate('1970')).toBe('1970');
    expect(dicomTime('071500.123')).toBe('07:15');
  });

  it('become names without component marks', () => {
    expect(personName('Nguyễn^Thị Ánh^^=グエン')).toBe('Nguyễn Thị Ánh');
    expect(personName('Trần Thị Hồng Ánh^^^BS.')).toBe('BS. Trần Thị Hồng Ánh');
  });
});
