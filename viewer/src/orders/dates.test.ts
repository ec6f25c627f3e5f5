import { describe, expect, it } from 'vitest';
import { days, isDate, isTime, tidyDate, tidyTime, today } from './dates';

const LATE = new Date('2026-11-22T18:30:00Z'); // 01:30 of the 23rd in Hà Nội

describe('days and times of orders', () => {
  it.each([
    ['31011970', '31/01/1970'],
    ['3/4/2026', '03/04/2026'],
    ['3-4-2026', '03/04/2026'],
    ['1970', '1970'],
    ['hôm nay', 'hôm nay'],
  ])('reads the day %s', (typed, tidy) => expect(tidyDate(typed)).toBe(tidy));

  it.each([
    ['830', '08:30'],
    ['0830', '08:30'],
    ['8h', '08:00'],
    ['8h30', '08:30'],
    ['14:05', '14:05'],
    ['sáng', 'sáng'],
  ])('reads the time %s', (typed, tidy) => expect(tidyTime(typed)).toBe(tidy));

  it('knows what is no day and no time', () => {
    expect(['31/01/1970', '29/02/2024'].every(isDate)).toBe(true);
    expect(['31/02/1970', '29/02/2023', '1970', '00/01/2000'].some(isDate)).toBe(false);
    expect(isTime('23:59')).toBe(true);
    expect(['24:00', '8:00', '12:60'].some(isTime)).toBe(false);
  });

  it('begins the day at midnight in Hà Nội', () => {
    expect(today(LATE)).toBe('20261123');
    expect(days('today', LATE)).toEqual(['20261123', '20261123']);
    expect(days('tomorrow', LATE)).toEqual(['20261124', '20261124']);
    expect(days('week', LATE)).toEqual(['20261123', '20261129']);
    expect(days('any', LATE)).toEqual(['', '']);
  });
});
