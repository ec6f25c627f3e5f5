import { describe, expect, it } from 'vitest';
import { emptyForm, faultsOf, formOf, nextForm, tidied, withPatient } from './form';
import { anOrder } from './testing';
import type { OrderForm } from './types';

const NOW = new Date('2026-11-22T03:15:00Z');
const filled: OrderForm = {
  ...emptyForm(NOW),
  patient_name: 'Nguyễn Thị Đào',
  patient_id: 'BN-1',
  modality: 'CT',
  procedure_description: 'CT sọ não',
};

describe('the order form', () => {
  it('begins now', () => {
    expect(filled).toMatchObject({ scheduled_date: '22/11/2026', scheduled_time: '10:15' });
    expect(faultsOf(filled)).toEqual({});
  });

  it('says what is missing and what is wrong', () => {
    expect(faultsOf(emptyForm(NOW))).toEqual({
      patient_name: 'missing',
      patient_id: 'missing',
      modality: 'missing',
      procedure_description: 'missing',
    });
    const wrong = {
      ...filled,
      birth_date: '31/02/1970',
      scheduled_date: 'mai',
      scheduled_time: '25:00',
      stations: ['máy 1'],
      weight: '1000',
      patient_id: 'A\\B',
      accession_number: '12345678901234567',
    };
    expect(faultsOf(wrong)).toEqual({
      birth_date: 'birth-date',
      scheduled_date: 'date',
      scheduled_time: 'time',
      stations: 'station',
      weight: 'weight',
      patient_id: 'characters',
      accession_number: 'too-long',
    });
  });

  it('takes a year of birth alone, and tidies what was typed', () => {
    const typed = tidied({ ...filled, birth_date: '1970', scheduled_date: '3/12/2026', scheduled_time: '8h' });
    expect(typed).toMatchObject({ birth_date: '1970', scheduled_date: '03/12/2026', scheduled_time: '08:00' });
    expect(faultsOf(typed)).toEqual({});
  });

  it('shows an order as it was written', () => {
    const form = formOf(anOrder('1', { allergies: 'penicillin\\iod', weight: 52.5, birth_date: '19700131' }));
    expect(form).toMatchObject({ allergies: 'penicillin; iod', weight: '52.5', birth_date: '31/01/1970' });
    expect(Object.keys(form)).toEqual(Object.keys(filled));
  });

  it('keeps the machine and the day for the next patient', () => {
    const next = nextForm(
      { ...filled, scheduled_date: '23/11/2026', stations: ['CT1'], referring_physician: 'BS. Lê Hà' },
      NOW,
    );
    expect(next).toMatchObject({ modality: 'CT', scheduled_date: '23/11/2026', stations: ['CT1'] });
    expect([next.patient_name, next.referring_physician]).toEqual(['', '']);
  });

  it('fills in what is known of a patient, but writes over nothing', () => {
    const known = {
      patient_name: 'Trần Văn Bình',
      birth_date: '19800101',
      sex: 'M',
      issuer_of_patient_id: '',
      allergies: '',
      alerts: '',
    };
    expect(withPatient(filled, known)).toMatchObject({
      patient_name: 'Nguyễn Thị Đào',
      birth_date: '01/01/1980',
      sex: 'M',
    });
  });
});
