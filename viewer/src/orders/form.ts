/** The order's form: what it begins with, how an order comes into it, and what is wrong before anything is sent. */
import type { FieldFault } from '../api/types';
import { dicomDate, dicomTime } from '../i18n/format';
import { clockOf, isDate, isTime, tidyDate, tidyTime, today } from './dates';
import type { KnownPatient, Order, OrderForm } from './types';

export type Field = keyof OrderForm;
/** What is wrong, by field: the code that finds the words. */
export type Faults = Partial<Record<Field | '', string>>;

export const MODALITIES = ['DX', 'CR', 'CT', 'MR', 'US', 'MG', 'XA', 'ES'] as const;
const AE_TITLE = /^[!-[\]-~]([ -[\]-~]{0,14}[!-[\]-~])?$/;
const LONGEST: Partial<Record<Field, number>> = {
  patient_name: 64,
  patient_id: 64,
  procedure_description: 64,
  accession_number: 16,
  procedure_id: 16,
  procedure_code: 16,
  procedure_code_scheme: 16,
  step_id: 16,
  step_description: 64,
  performing_physician: 64,
  referring_physician: 64,
  location: 64,
  reason: 1024,
};
const PROSE: readonly Field[] = ['reason', 'allergies', 'alerts'];

export function emptyForm(now: Date): OrderForm {
  return {
    patient_name: '',
    patient_id: '',
    issuer_of_patient_id: '',
    birth_date: '',
    sex: '',
    accession_number: '',
    procedure_id: '',
    procedure_description: '',
    procedure_code: '',
    procedure_code_scheme: '',
    step_id: '',
    step_description: '',
    modality: '',
    stations: [],
    scheduled_date: dicomDate(today(now)),
    scheduled_time: clockOf(now),
    performing_physician: '',
    referring_physician: '',
    reason: '',
    location: '',
    priority: 'routine',
    weight: '',
    pregnancy: '',
    allergies: '',
    alerts: '',
    study_uid: '',
  };
}

/** The next patient after `form`: machine and day stay. Who asked for it does not: a wrong name would go unnoticed. */
export function nextForm(form: OrderForm, now: Date): OrderForm {
  const { modality, stations, scheduled_date } = form;
  return { ...emptyForm(now), modality, stations, scheduled_date };
}

export function formOf(order: Order): OrderForm {
  const known = Object.keys(emptyForm(new Date(0))) as Field[];
  const texts = Object.fromEntries(known.map((name) => [name, order[name as keyof Order]])) as unknown as OrderForm;
  return {
    ...texts,
    birth_date: dicomDate(order.birth_date),
    scheduled_date: dicomDate(order.scheduled_date),
    scheduled_time: dicomTime(order.scheduled_time),
    weight: order.weight === null ? '' : String(order.weight),
    pregnancy: order.pregnancy ?? '',
    allergies: order.allergies.replaceAll('\\', '; '),
    alerts: order.alerts.replaceAll('\\', '; '),
  };
}

/** The form with what an earlier order says of the patient, where nothing is written yet. */
export function withPatient(form: OrderForm, known: KnownPatient): OrderForm {
  const list = (text: string) => text.replaceAll('\\', '; ');
  return {
    ...form,
    patient_name: form.patient_name || known.patient_name,
    birth_date: form.birth_date || dicomDate(known.birth_date),
    sex: form.sex || known.sex,
    issuer_of_patient_id: form.issuer_of_patient_id || known.issuer_of_patient_id,
    allergies: form.allergies || list(known.allergies),
    alerts: form.alerts || list(known.alerts),
  };
}

/** The form as it is sent: days and times as far as they were understood. */
export const tidied = (form: OrderForm): OrderForm => ({
  ...form,
  birth_date: tidyDate(form.birth_date),
  scheduled_date: tidyDate(form.scheduled_date),
  scheduled_time: tidyTime(form.scheduled_time),
});

/** What is wrong in a tidied form; the node looks again and knows more. */
export function faultsOf(form: OrderForm): Faults {
  const faults: Faults = {};
  for (const [name, longest] of Object.entries(LONGEST) as [Field, number][]) {
    const text = String(form[name]).trim();
    if (text.length > longest) faults[name] = 'too-long';
    if (!PROSE.includes(name) && text.includes('\\')) faults[name] = 'characters';
  }
  for (const name of ['patient_name', 'patient_id', 'modality', 'procedure_description'] as const) {
    if (!form[name].trim()) faults[name] = 'missing';
  }
  if (form.birth_date && !isDate(form.birth_date) && !/^(18|19|20)\d{2}$/.test(form.birth_date)) {
    faults.birth_date = 'birth-date';
  }
  if (!isDate(form.scheduled_date)) faults.scheduled_date = form.scheduled_date ? 'date' : 'missing';
  if (!isTime(form.scheduled_time)) faults.scheduled_time = form.scheduled_time ? 'time' : 'missing';
  if (form.stations.some((title) => !AE_TITLE.test(title))) faults.stations = 'station';
  const weight = Number(form.weight.replace(',', '.'));
  if (form.weight && !(weight >= 0.2 && weight <= 500)) faults.weight = 'weight';
  return faults;
}

/** The node's faults by field. */
export const byField = (errors: readonly FieldFault[]): Faults =>
  Object.fromEntries(errors.map((fault) => [fault.field, fault.code ?? 'unreadable']));
